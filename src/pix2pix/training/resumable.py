"""Whether a training can go on from what a checkpoint holds: told in words before the first step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from pix2pix.errors import ConfigError
from pix2pix.models.weights import check_finite, check_shapes
from pix2pix.runs.record import is_number, natural_problem

# Sides of a parameter by which a probe tells how an optimiser's state goes with them: primes, none of them 1.
SIDES = (2, 3, 5, 7, 11)


def check_resumable(content: Mapping[str, Any], path: Path) -> None:
    """Raises ValueError where a checkpoint has no place to go on from: a slim file, or one that was tampered with."""
    place, environment = content.get("PairedData"), content["pix2pix"].get("environment")
    if "optimizer_states" not in content or not isinstance(place, dict):
        raise ValueError(f"{path} holds no state of a training, only a generator. To start from it: init_from={path}")
    if problem := natural_problem(place, "epoch", "batch") or ("pairs" in place and natural_problem(place, "pairs")):
        raise ValueError(f"{path}: of its place {problem}")
    if not isinstance(environment, dict) or not isinstance(environment.get("precision"), str):
        raise ValueError(f"{path}: its record does not say in what precision it was trained")


def check_state(
    content: Mapping[str, Any], module: nn.Module, optimizers: Sequence[Optimizer], loops: Mapping[str, Any]
) -> None:
    """Compare a checkpoint with what is to take it up: the module, its optimisers and the state of Lightning's loop.

    Raises ValueError with the first difference: PyTorch's fused optimisers would read beyond a moment that is too
    small.
    """
    check_shapes(content["state_dict"], module.state_dict())
    check_finite(content["state_dict"])
    states = content["optimizer_states"]
    if not isinstance(states, list) or len(states) != len(optimizers):
        raise ValueError("it does not hold the states of this run's optimisers")
    for number, (state, optimizer) in enumerate(zip(states, optimizers, strict=True)):
        if problem := _optimizer_problem(state, optimizer):
            raise ValueError(f"the state of its optimiser {number} {problem}")
    for name in ("latest", "latest_scores"):
        values = content.get(name)
        if not isinstance(values, dict) or not all(isinstance(each, float | int) for each in values.values()):
            raise ValueError(f"its {name} are no numbers by name")
    if not is_number(content.get("seconds", 0.0)):
        raise ValueError("its seconds are no number")
    if problem := natural_problem(content, "images_seen") or _rows_problem(content.get("log_rows")):
        raise ValueError(problem)
    found = content.get("loops")
    if problem := _counters_problem(found.get("fit_loop") if isinstance(found, dict) else None, loops):
        raise ValueError(f"of its loops {problem}")


def _optimizer_problem(state: Any, optimizer: Optimizer) -> str | None:
    if not isinstance(state, dict) or not isinstance(state.get("state"), dict):
        return "is none"
    groups, found = state.get("param_groups"), state["state"]
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        return "has no groups of parameters"
    if [group.get("params") for group in groups] != [
        group["params"] for group in optimizer.state_dict()["param_groups"]
    ]:
        return "is of other parameters"
    for group, own in zip(groups, optimizer.param_groups, strict=True):
        for name, value in own.items():
            if name != "params" and not _alike(group.get(name), value):
                return f"has {name} {group.get(name)!r:.60}, expected such as {value!r}"
    parameters = [each for group in optimizer.param_groups for each in group["params"]]
    if not found:
        return None  # of before the first step
    if found.keys() != set(range(len(parameters))):
        return "is of other parameters"
    for index, parameter in enumerate(parameters):
        expected = _state_shapes(optimizer, parameter.ndim)
        if expected is None:
            return None  # an optimiser of the user's own, which cannot be tried
        if problem := _moments_problem(found[index], expected, parameter):
            return f"has for parameter {index}, of shape {tuple(parameter.shape)}, {problem}"
    return None


def _moments_problem(found: Any, expected: Mapping[str, tuple[int, ...] | None], parameter: Tensor) -> str | None:
    if not isinstance(found, dict) or not expected.keys() <= found.keys():
        return f"not all of {', '.join(expected)}"
    for name, sides in expected.items():
        if sides is None:
            continue  # no tensor
        value = found[name]
        if not isinstance(value, Tensor) or not value.dtype.is_floating_point:
            return f"{name} as a {type(value).__name__}"
        by_side = dict(zip(SIDES, parameter.shape, strict=False)) | {1: 1}
        shape = tuple(by_side.get(side, -1) for side in sides)
        if tuple(value.shape) != shape and -1 not in shape:
            return f"{name} of shape {tuple(value.shape)}, expected {shape}"
    return None


def _state_shapes(optimizer: Optimizer, dimensions: int) -> dict[str, tuple[int, ...] | None] | None:
    """What a step leaves behind for a parameter with the first of `SIDES`, by name: shapes, None for what is no tensor.

    Found by stepping an optimiser of the class and settings on such a parameter; None where that cannot be done.
    """
    probe = nn.Parameter(torch.zeros(SIDES[:dimensions]))
    probe.grad = torch.zeros_like(probe)
    known = inspect.signature(type(optimizer)).parameters
    try:
        tried = type(optimizer)([probe], **{name: value for name, value in optimizer.defaults.items() if name in known})
        tried.step()
    except Exception:  # whatever a class of the user's own raises
        return None
    return {
        name: tuple(value.shape) if isinstance(value, Tensor) else None for name, value in tried.state[probe].items()
    }


def _rows_problem(rows: Any) -> str | None:
    """What is wrong with the losses that no row has yet; see `loss_log.LossLog.state`."""
    if not isinstance(rows, dict) or natural_problem(rows, "images") or not isinstance(rows.get("names"), list):
        return "its losses since the last row are none"
    sums, names = rows.get("sums"), rows["names"]
    fits = isinstance(sums, Tensor) and sums.ndim == 2 and sums.shape[1] == len(names) and len(sums) > 0
    return None if sums is None or fits else "its losses since the last row are not those that it names"


def _counters_problem(found: Any, own: Mapping[str, Any]) -> str | None:
    """Which of a loop's counters is no number; whole loops may be missing, as Lightning has it."""
    if not isinstance(found, dict):
        return "there are no counters"
    for name, value in own.items():
        if isinstance(value, dict):
            if name in found and (problem := _counters_problem(found[name], value)):
                return f"{name}: {problem}"
        elif isinstance(value, bool):
            if not isinstance(found.get(name, value), bool):
                return f"{name} is {found[name]!r:.40}"
        elif isinstance(value, int) and name in found and (problem := natural_problem(found, name)):
            return problem
    return None


def _alike(found: Any, own: Any) -> bool:
    """Whether a setting of an optimiser can take the place of its own."""
    if own is None or isinstance(own, bool):
        return found is None or isinstance(found, bool)
    if isinstance(own, int | float):
        return is_number(found)
    if isinstance(own, list | tuple):
        return isinstance(found, list | tuple) and len(found) == len(own) and all(map(_alike, found, own))
    return type(found) is type(own)


@contextmanager
def restoring(path: Path | None, restores: Callable[[], bool]) -> Iterator[None]:
    """Around a training: what fails while it takes up a checkpoint is told as such. Raises ConfigError for it.

    Args:
        restores: whether it does so now.
    """
    try:
        yield
    except (ConfigError, OSError, MemoryError):
        raise
    except Exception as error:  # Lightning and each callback raise their own
        if path is None or not restores():
            raise
        why = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ConfigError(f"resume: {path} cannot be continued from: {why}") from error
