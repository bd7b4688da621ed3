"""Which judge scores a run's translations: the one of its data, one that was named, or none, and why."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pix2pix.evaluation.run import EvaluationError
from pix2pix.segmentation_score import JUDGES
from pix2pix.segmentation_score.judge import FILE, Judge, JudgeError, key, refusal

if TYPE_CHECKING:
    from pix2pix.data.datamodule import PairedData

NONE = "none"


class Found(NamedTuple):
    """A judge; or none, and why, where one could be.

    `place` is the folder of the judge of these data under the folder of judges, whether it is there or not.
    """

    judge: Judge | None = None
    place: str | None = None
    reason: str | None = None

    def to_dict(self) -> dict[str, str | None]:
        """What the settings of an evaluation say of it."""
        return {"place": self.place, "digest": None if self.judge is None else self.judge.digest}


def find(asked: str | None, data: PairedData, *, required: bool) -> Found:
    """The judge of a run's data.

    Args:
        asked: a judge's folder, a folder of judges, or "none"; None for the usual folder of judges.
        required: whether its scores were asked for by name.

    Raises EvaluationError where there is none and it was asked for, or where it is of other pictures.
    """
    if asked == NONE:
        if required:
            raise EvaluationError("--metrics judge asks for a judge, and --judge none for none")
        return Found()
    required = required or asked is not None
    if reason := refusal(data):
        if required:
            raise EvaluationError(f"no judge can score this run: {reason}")
        return Found()
    folder = Path(asked or JUDGES)
    place = None if _is_judge(folder) else key(data)
    if place is None or _is_judge(folder / place):
        judge = _load(folder if place is None else folder / place)
        if judge.size != data.transform.size or judge.photo != data.target_domain:
            raise EvaluationError(
                f"--judge: {folder} judges pictures of size {judge.size} ({judge.photo.kind}), and the run's are"
                f" {data.transform.size} ({data.target_domain.kind}). To make theirs: pix2pix judge RUN"
            )
        return Found(judge, place)
    reason = f"has not been made for these data; if the sources are labels: pix2pix judge RUN ({folder / place})"
    if required:
        raise EvaluationError(f"--judge: the judge {reason}")
    return Found(None, place, reason)


def change(asked: str | None, stored: Mapping[str, Any]) -> str | None:
    """How the judge has changed since an evaluation, in words; None where it has not."""
    folder = Path(asked or JUDGES)
    if not _is_judge(folder):
        folder = folder / (stored["place"] or NONE)
    if asked == NONE or not _is_judge(folder):
        return None
    if stored["digest"] is None:
        return f"it has no score by the judge {folder}"
    return None if _load(folder).digest == stored["digest"] else f"the judge {folder} is another one"


def _is_judge(folder: Path) -> bool:
    return folder.is_file() or (folder / FILE).is_file()


def _load(path: Path) -> Judge:
    try:
        return Judge.load(path)
    except JudgeError as error:
        raise EvaluationError(f"--judge: {error}") from error
