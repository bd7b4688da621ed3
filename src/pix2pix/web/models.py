"""A model as the page knows it: what it reads, what it gives, how it is drawn for, and what to start from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from torch import Tensor

from pix2pix.data.domains import Domain, LabAb, LabL, view_pair
from pix2pix.data.domains.view import Picture
from pix2pix.errors import BadPairError
from pix2pix.evaluation.run import EvaluationError, open_run
from pix2pix.files.os_errors import in_words
from pix2pix.inference.exported.loading import is_exported
from pix2pix.inference.no_value import MadeUp
from pix2pix.inference.translator import Translator
from pix2pix.pictures.array import Array
from pix2pix.processes.devices import usable_device
from pix2pix.web.drawings import as_stored, brushes
from pix2pix.web.uploads import RefusedError, best_suffix, to_bytes

USUAL = (256, 256)  # height and width of an empty canvas where the training does not say


@dataclass(frozen=True)
class Translation:
    """One picture's translation.

    Attributes:
        picture: (H, W, C') in the target's own numbers; of the colours a and b of Lab the colour picture.
        source_view, view: uint8 (H, W, 3), for people; black where the source holds no value.
        made_up: pixels of `picture` that show something where the source holds no value, as their numbers have none.
    """

    picture: Array
    source_view: Picture
    view: Picture
    made_up: int = 0


@dataclass(frozen=True)
class Model:
    """A translator with what surrounds it.

    Attributes:
        name: by which the page and programs choose it.
        size: height and width of an empty canvas.
        examples: sources to start from, as files: name and content.
        why_no_examples: in words, where there are none.
    """

    name: str
    translator: Translator
    size: tuple[int, int]
    examples: tuple[tuple[str, bytes], ...]
    brushes: dict[str, Any]
    why_no_examples: str | None = None

    def translate(self, stored: Array, *, drawing: bool, sample: int) -> Translation:
        """Translate one picture, alone.

        Args:
            stored: (H, W, C) as the source domain has it, or with `drawing` in the colours of its view.
            sample: decides the noise, where there is noise.

        Raises RefusedError (422) where the picture is not of the source domain, or too small.
        """
        translator = self.translator
        encoded = self._encoded(stored, drawing)
        try:
            result = translator.translate(encoded[None], [f"sample {sample}"])[0]
        except BadPairError as error:
            raise RefusedError(422, str(error)) from error
        source_view, view = view_pair(translator.source, translator.target, encoded.numpy(), result.numpy())
        valid = None if drawing else translator.valid(stored)
        if valid is not None:
            view[~valid] = 0
        made_up = MadeUp(at_once=False)  # the client is told
        picture = made_up.taken_from(translator.shown(encoded, result), valid, translator.target, self.name)
        return Translation(picture, source_view, view, made_up.pixels.total())

    def view(self, stored: Array, *, drawing: bool) -> Picture:
        """A source as it is shown, uint8 (H, W, 3). Raises RefusedError (422) as `translate` does."""
        source, encoded = self.translator.source, self._encoded(stored, drawing).numpy()
        return view_pair(source, source, encoded, encoded)[0]

    def describe(self) -> dict[str, Any]:
        """For the page and for programs, in plain values."""
        source, target = self.translator.source, self.translator.target
        return {
            "name": self.name,
            "source": source.to_dict() | {"channels": source.channels, "unit": source.unit},
            "target": target.to_dict() | {"channels": target.channels, "unit": target.unit},
            "size": self.size,
            "noise": self.translator.network.draws_noise,
            "brushes": self.brushes,
            "examples": [name for name, _ in self.examples],
            "why_no_examples": self.why_no_examples,
        }

    def _encoded(self, stored: Array, drawing: bool) -> Tensor:
        try:
            stored = as_stored(self.translator.source, stored) if drawing else stored
            return self.translator.encode(stored, "the picture")
        except BadPairError as error:
            raise RefusedError(422, str(error)) from error


def load_model(typed: str, *, data_root: str | None, examples: int, device: str) -> Model:
    """The model that a run folder, a checkpoint or an exported file means.

    Its examples are read where the data of a run are on this machine. Raises EvaluationError where it cannot be read.
    """
    path = Path(typed).expanduser()
    if is_exported(path):
        return _exported(path, device)
    run = open_run(typed, data_root=data_root)
    translator = run.translator()
    translator.to(usable_device(device))
    size, files, views, why = USUAL, [], [], None
    try:
        data = run.data("val")
        size = data.transform.size or USUAL
        for sample in islice(data.usable("val"), examples):
            encoded = sample.source.numpy()
            views.append(view_pair(data.source_domain, data.target_domain, encoded, sample.target.numpy())[0])
            picture = views[-1] if _only_viewed(data.source_domain) else data.source_domain.decode(encoded)
            suffix = best_suffix(picture)
            files.append((f"{Path(sample.name).stem}{suffix}", to_bytes(picture, suffix)))
    except (EvaluationError, BadPairError, OSError) as error:
        if data_root is not None:
            raise
        why = in_words(error) if isinstance(error, OSError) else str(error)
    brush = brushes(translator.source, views)
    return Model(_name(run.path), translator, size, tuple(files), brush, why)


def _exported(path: Path, device: str) -> Model:
    """A model without a run: nothing is known of its training but the domains."""
    try:
        translator = Translator.load(path, device=device)
    except (ValueError, FileNotFoundError) as error:
        raise EvaluationError(str(error)) from error
    return Model(path.stem, translator, USUAL, (), brushes(translator.source, []))


def _only_viewed(domain: Domain) -> bool:
    """Whether files of this domain hold the colour picture, and not its own numbers."""
    return isinstance(domain, LabAb | LabL)


def _name(checkpoint: Path) -> str:
    """The run's last two folders, and the checkpoint where it is not the usual one: nothing else of the machine."""
    folder = checkpoint.resolve().parent
    if folder.name != "checkpoints":
        return checkpoint.stem
    run = "/".join(folder.parent.parts[-2:])
    return run if checkpoint.name in ("last.ckpt", "generator.ckpt") else f"{run} {checkpoint.stem}"
