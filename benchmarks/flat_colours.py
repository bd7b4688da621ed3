"""How much of a judge's score flat colours get: photos without any texture, beside the real ones.

PYTHONPATH=src python -m benchmarks.flat_colours RUN [--judges FOLDER]

RUN is any run from labels to photos, whose data have a judge (pix2pix judge RUN). Where a class painted in its mean
colour is recognised nearly as well as a real photo, the score says whether things are where they belong, and little
about whether they look real: a blurred translation loses nothing by it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from pix2pix.data.datamodule import PairedData
from pix2pix.evaluation.run import open_run
from pix2pix.segmentation_score import JUDGES
from pix2pix.segmentation_score.judge import Judge, JudgeScore, find_judge


def pairs(data: PairedData, split: str, judge: Judge) -> Iterator[tuple[Tensor, Tensor]]:
    """Photos (C, H, W) in [0, 1] and their classes (K, H, W), 0 or 1, as validation sees them."""
    readable = data.readable(split)
    for index in range(len(readable)):
        pair = readable[index]
        stored = data.transform.still(pair.target.shape[:2]).move(pair.target, data.target_domain.interpolation)
        yield (torch.from_numpy(data.target_domain.encode(stored)) + 1) / 2, judge.truth(pair)


def painted(colours: Tensor, classes: Tensor) -> Tensor:
    """(K, C) and (K, H, W) to (C, H, W)."""
    return torch.einsum("kc,khw->chw", colours, classes)


def mean_colours(photo: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """Sums of the colours of each class (K, C), and its pixels (K, 1)."""
    return torch.einsum("chw,khw->kc", photo, classes), classes.sum(dim=(1, 2))[:, None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--judges", type=Path, default=JUDGES)
    parser.add_argument("--data-root")
    arguments = parser.parse_args()
    data = open_run(arguments.run, data_root=arguments.data_root).data("val")
    judge = find_judge(data, arguments.judges)
    if judge is None:
        parser.error(f"there is no judge of these data in {arguments.judges}: pix2pix judge {arguments.run}")
    sums, counts, photos = torch.zeros(()), torch.zeros(()), []
    for photo, classes in pairs(data, "train", judge):
        added, pixels = mean_colours(photo, classes)
        sums, counts = sums + added, counts + pixels
        photos.append(photo)
    colours = sums / counts.clamp(min=1)
    mean = torch.stack(photos).mean(0)
    score = JudgeScore(judge)
    totals: dict[str, Tensor] = {}
    for photo, classes in pairs(data, "val", judge):
        own, pixels = mean_colours(photo, classes)
        shown = {
            "real photos": photo,
            "each class in its mean colour in the photo": painted(own / pixels.clamp(min=1), classes),
            "each class in its mean colour in training": painted(colours, classes),
            "the mean photo of training": mean,
        }
        for name, picture in shown.items():
            totals[name] = totals.get(name, torch.zeros(())) + score.contribution(picture, classes)
    print(f"{'':44} pixels  classes  IoU")
    for name, total in totals.items():
        print(f"{name:44}" + "".join(f"  {float(value):.3f}" for value in score.values(total).values()))


if __name__ == "__main__":
    main()
