"""A tracker that may fail without stopping the run: it is warned about once and then left out."""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import Logger
from lightning.pytorch.loggers.logger import DummyLogger
from lightning.pytorch.utilities import rank_zero_only

log = logging.getLogger(__name__)
T = TypeVar("T")


class MissingTrackerError(ValueError):
    """A tracker was asked for that is not installed; the message says what to type."""


@runtime_checkable
class CutsBack(Protocol):
    """A tracker that can forget what came after the checkpoint that a run resumes from."""

    def cut_back(self, images: int) -> None:
        """Forget everything logged at more than `images` images."""
        ...


class Guarded(Logger):
    """Any Lightning logger, but an outage (no network, no server, a full disk) costs one warning and not the run.

    Args:
        factory: makes the tracker; called at once, on rank 0 alone. The other ranks track nothing.
        extra: the tracker's name in messages, and the name of the optional dependency that it needs.

    Raises:
        MissingTrackerError: the tracker's package is not installed.
        TypeError: the factory was given settings that it does not know.
    """

    def __init__(self, factory: Callable[[], Logger], extra: str) -> None:
        super().__init__()
        self.extra = extra
        self._tracker: Logger | None = None
        if getattr(rank_zero_only, "rank", 0) != 0:
            return
        try:
            self._tracker = factory()
        except ImportError as error:
            raise MissingTrackerError(
                f"logger={extra}: its package is not installed ({error}). "
                f"Type: pip install 'pix2pix-lightning[{extra}]', or leave {extra} out of logger=…"
            ) from error
        except TypeError:
            raise
        except Exception as error:
            self._leave_out("starting it", error)

    def attempt(self, action: str, call: Callable[[Logger], T], otherwise: T) -> T:
        """`call(tracker)`, or `otherwise` where the tracker fails or is left out; `action` ends "failed while"."""
        if self._tracker is None:
            return otherwise
        try:
            return call(self._tracker)
        except Exception as error:
            self._leave_out(action, error)
            return otherwise

    def _leave_out(self, action: str, error: Exception) -> None:
        self._tracker = None
        log.warning(
            "The tracker %s failed while %s. The run goes on without it. %s: %s",
            self.extra,
            action,
            type(error).__name__,
            error,
        )

    @property
    def name(self) -> str | None:
        """The tracker's own, None once it is left out; so are `version`, `save_dir`, `root_dir` and `log_dir`."""
        return self.attempt("asking for its name", lambda tracker: tracker.name, None)

    @property
    def version(self) -> int | str | None:
        """See `name`."""
        return self.attempt("asking for its version", lambda tracker: tracker.version, None)

    @property
    def save_dir(self) -> str | None:
        """See `name`."""
        return self.attempt("asking for its folder", lambda tracker: tracker.save_dir, None)

    @property
    def root_dir(self) -> str | None:
        """See `name`."""
        return self.attempt("asking for its folder", lambda tracker: tracker.root_dir, None)

    @property
    def log_dir(self) -> str | None:
        """See `name`."""
        return self.attempt("asking for its folder", lambda tracker: tracker.log_dir, None)

    @property
    def experiment(self) -> Any:
        """The tracker's own object; one that takes any call and does nothing once the tracker is left out."""
        nothing = DummyLogger().experiment
        return self.attempt("opening it", lambda tracker: getattr(tracker, "experiment", nothing), nothing)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log scalars. `step` is the number of images seen."""
        self.attempt("logging scalars", lambda tracker: tracker.log_metrics(dict(metrics), step), None)

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Log the configuration, nested or flat."""
        self.attempt("logging the config", lambda tracker: tracker.log_hyperparams(params, *args, **kwargs), None)

    def cut_back(self, images: int) -> None:
        """Forget what was logged at more than `images` images, where the tracker can."""
        self.attempt(
            "cutting it back to the checkpoint",
            lambda tracker: tracker.cut_back(images) if isinstance(tracker, CutsBack) else None,
            None,
        )

    def save(self) -> None:
        """Flush what is buffered."""
        self.attempt("saving", lambda tracker: tracker.save(), None)

    def after_save_checkpoint(self, checkpoint_callback: ModelCheckpoint) -> None:
        """Tell the tracker of a new checkpoint."""
        self.attempt(
            "telling it of a checkpoint", lambda tracker: tracker.after_save_checkpoint(checkpoint_callback), None
        )

    def finalize(self, status: str) -> None:
        """Close the tracker's run as `success` or `failed`."""
        self.attempt("closing it", lambda tracker: tracker.finalize(status), None)
