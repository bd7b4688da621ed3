"""Seconds of each metric on the pictures of a folder, and the peak of memory, which must not grow with their number.

PYTHONPATH=src python -m benchmarks.metrics [FOLDER]

FOLDER holds pairs side by side in val/; without it, scenes are painted. One side is scored as the translation of the
other. Seconds are those of the processor on one core. Networks have random weights, which cost as much as trained ones.
Memory is read as Linux tells it.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

import torch
from torch import Tensor
from torch.nn.functional import one_hot
from torchmetrics import Metric

from pix2pix.data.domains import Rgb
from pix2pix.data.domains.domain import channels_first
from pix2pix.data.pairs import PairSource
from pix2pix.data.sources.scenes import Scenes
from pix2pix.data.sources.side_by_side import SideBySide
from pix2pix.metrics.catalogue import PICTURE_METRICS
from pix2pix.metrics.colour import LabHistogram
from pix2pix.metrics.fid import Fid
from pix2pix.metrics.image import PictureMean
from pix2pix.metrics.inception import Inception
from pix2pix.metrics.kid import Kid
from pix2pix.metrics.lpips import Lpips
from pix2pix.metrics.segmentation import LabelScores

SIZE, CLASSES = 256, 12
DEEP = ("lpips", "fid", "kid")


def make(name: str) -> Metric:
    if name in PICTURE_METRICS and name != "lpips":
        return PictureMean(PICTURE_METRICS[name].function)
    others: dict[str, Callable[[], Metric]] = {
        "lpips": lambda: PictureMean(lpips_of_random_weights()),
        "label_scores": lambda: LabelScores(CLASSES),
        "lab_histogram": lambda: LabHistogram(Rgb()),
        "fid": lambda: Fid(Inception()),
        "kid": lambda: Kid(Inception()),
    }
    return others[name]()


def lpips_of_random_weights() -> Callable[[Tensor, Tensor, Tensor | None], Tensor]:
    network = Lpips()
    return lambda prediction, target, weight: network(prediction, target)


def classes_of(picture: Tensor) -> Tensor:
    """(3, H, W) in [0, 1] as one of 12 classes a pixel, by brightness: (12, H, W)."""
    return one_hot((picture.mean(dim=0) * (CLASSES - 1)).round().long(), CLASSES).permute(2, 0, 1).float()


def measure(pairs: PairSource, count: int, names: list[str]) -> dict[str, float]:
    """Seconds of each metric on the first `count` pairs, one picture in memory at a time; and the peak in MiB."""
    torch.set_num_threads(1)
    metrics = {name: make(name) for name in names}
    seconds = dict.fromkeys(names, 0.0)
    for index in range(count):
        pair = pairs[index]
        prediction, target = (torch.from_numpy(channels_first(side)) / 255 for side in (pair.source, pair.target))
        for name, metric in metrics.items():
            scored = (classes_of(prediction), classes_of(target)) if name == "label_scores" else (prediction, target)
            start = process_time()
            metric.update(*(each[None] for each in scored))
            seconds[name] += process_time() - start
    for name, metric in metrics.items():
        start = process_time()
        metric.compute()
        seconds[name] += process_time() - start
    return {**seconds, "peak": peak_memory()}


def peak_memory() -> float:
    """MiB. Not getrusage's, which a process takes over from its parent."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def pairs_of(folder: Path | None) -> PairSource:
    if folder is None:
        return Scenes("val", 100, (SIZE, SIZE), task="day2night")
    return SideBySide(folder, "val")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--pictures", type=int, nargs="+", default=[25, 50, 100])
    parser.add_argument("--deep", action="store_true", help="also lpips, fid and kid, which take a second a picture")
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)  # one measurement, in a process of its own
    arguments = parser.parse_args()
    names = [*(name for name in PICTURE_METRICS if name != "lpips"), "label_scores", "lab_histogram"]
    names += DEEP if arguments.deep else ()
    if arguments.count is not None:
        print(json.dumps(measure(pairs_of(arguments.folder), arguments.count, names)))
        return
    rows = {}
    for count in arguments.pictures:
        command = [sys.executable, "-m", "benchmarks.metrics", *sys.argv[1:], "--count", str(count)]
        rows[count] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    print("pictures              " + "".join(f"{count:10}" for count in rows))
    for name in names:
        print(f"{name:22}" + "".join(f"{row[name]:8.2f} s" for row in rows.values()))
    print("peak of memory, MiB   " + "".join(f"{row['peak']:10.0f}" for row in rows.values()))


if __name__ == "__main__":
    main()
