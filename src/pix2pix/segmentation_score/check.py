"""Whether a judge is worth asking: what it sees in real photos against what can be had without looking at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.metrics.bootstrap import RESAMPLES, interval, resampled_sums
from pix2pix.metrics.segmentation import confusion, segmentation_scores

Scores = dict[str, dict[str, float]]  # by name: value, low and high, the limits of 95 % over photos

FEWEST = 5  # photos; of fewer, chance cannot be told
SHARE = 0.1  # of the pixels that the most frequent class gets wrong, a judge must get right
JUDGE = "judge on real photos"
MAJORITY = "most frequent class"
MISMATCHED = "another photo's labels"


@dataclass(frozen=True)
class Standing:
    """Scores of the judge on real photos, and beside them those of two who do not look.

    One names the most frequent class everywhere. The other is the judge, compared with the labels of another photo:
    what is right then comes from where things usually are.

    Attributes:
        photos: how many there were.
        judge: its scores.
        blind: MAJORITY and MISMATCHED → theirs.
        gains: MAJORITY and MISMATCHED → the judge's scores less theirs, on the same photos.
    """

    photos: int
    judge: Scores
    blind: dict[str, Scores]
    gains: dict[str, Scores]

    @property
    def flaws(self) -> list[str]:
        """Why the judge is not worth asking; empty where it is.

        It is, if it gets right a tenth of the pixels that the most frequent class gets wrong, and if its gains over
        both, in pixel accuracy and class IoU, are above 0 in 97.5 % of the resamples of the photos.
        """
        flaws = []
        if self.photos < FEWEST:
            flaws.append(f"there are {self.photos} validation photos; it takes {FEWEST} to tell skill from chance")
        gain = self.gains[MAJORITY]["pixel_accuracy"]["value"]
        needed = SHARE * (1 - self.blind[MAJORITY]["pixel_accuracy"]["value"])
        if not gain >= needed:
            flaws.append(f"its gain in pixels over the {MAJORITY} is {gain:.3f}, and {needed:.3f} is asked for")
        for blind, gains in self.gains.items():
            for name in ("pixel_accuracy", "class_iou"):
                if not gains[name]["low"] > 0:
                    shown = f"{name.replace('_', ' ')} over {blind}"
                    flaws.append(f"its gain in {shown} may be chance: {_with_interval(gains[name])}")
        return flaws

    def table(self) -> str:
        """For people: a line for the judge, one for each that does not look."""
        lines = [f"{'':24}" + "".join(f"{name.replace('_', ' '):24}" for name in self.judge)]
        for who, scores in {JUDGE: self.judge, **self.blind}.items():
            lines.append(f"{who:24}" + "".join(f"{_with_interval(score):24}" for score in scores.values()))
        return "\n".join(line.rstrip() for line in lines)


def standing(
    seen: Sequence[Tensor], true: Sequence[Tensor], weights: Sequence[Tensor | None], classes: int
) -> Standing:
    """From what the judge sees in real photos (H, W), the true classes (H, W), and their pixels' weights (1, H, W)."""
    judge = _confusions(seen, true, weights, classes)
    majority = torch.zeros_like(judge)
    majority[:, :, int(judge.sum((0, 2)).argmax())] = judge.sum(-1)
    others = [_as_large_as(each, other) for each, other in zip(seen, [*true[1:], true[0]], strict=True)]
    blind = {MAJORITY: majority, MISMATCHED: _confusions(seen, others, weights, classes)}
    own = _scores(judge)
    of_blind = {who: _scores(each) for who, each in blind.items()}
    gains = {who: {name: own[name] - scores[name] for name in own} for who, scores in of_blind.items()}
    return Standing(
        len(seen),
        _summary(own),
        {who: _summary(scores) for who, scores in of_blind.items()},
        {who: _summary(scores) for who, scores in gains.items()},
    )


def _confusions(
    seen: Sequence[Tensor], true: Sequence[Tensor], weights: Sequence[Tensor | None], classes: int
) -> Tensor:
    """(photos, K, K)."""
    each = zip(seen, true, weights, strict=True)
    return torch.stack([confusion(predicted, classes_, classes, weight) for predicted, classes_, weight in each])


def _as_large_as(picture: Tensor, classes: Tensor) -> Tensor:
    """Classes (H', W') at the size of a picture (H, W)."""
    if classes.shape == picture.shape:
        return classes
    return F.interpolate(classes[None, None].double(), picture.shape, mode="nearest")[0, 0].long()


def _scores(confusions: Tensor) -> dict[str, Tensor]:
    """Of all photos together, and after it of each resample: name → (1 + resamples,)."""
    drawn = torch.from_numpy(resampled_sums(confusions.flatten(1).numpy()))
    return segmentation_scores(torch.cat([confusions.sum(0)[None], drawn.view(RESAMPLES, *confusions.shape[1:])]))


def _summary(scores: Mapping[str, Tensor]) -> Scores:
    summary = {}
    for name, values in scores.items():
        low, high = interval(values[1:].numpy())
        summary[name] = {"value": float(values[0]), "low": low, "high": high}
    return summary


def _with_interval(score: Mapping[str, float]) -> str:
    return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})"
