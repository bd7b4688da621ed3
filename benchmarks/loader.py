"""How many training samples one core makes, from files and from the cache, against Pillow and numpy.

PYTHONPATH=src python -m benchmarks.loader [FOLDER]

FOLDER holds pairs of JPEGs side by side in train/; without it, painted scenes are written and read. Seconds are those
of the processor, so other programs on the machine hardly matter.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np
import torch
from PIL import Image

from pix2pix.data.cache import MIB, CachedPairs
from pix2pix.data.datamodule import PairedData
from pix2pix.data.samples import Samples
from pix2pix.data.sources.scenes import Scenes
from pix2pix.data.sources.side_by_side import SideBySide
from pix2pix.data.transforms import PairTransform
from pix2pix.pictures.codecs import write_picture

SIZE, RESIZED = 256, 286


def plain_sample(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """The usual code: one random crop and mirroring for both halves, (C, H, W) in [-1, 1]."""
    picture = Image.open(path).convert("RGB")
    width, height = picture.width // 2, picture.height
    left, top, mirror = random.randint(0, RESIZED - SIZE), random.randint(0, RESIZED - SIZE), random.random() < 0.5
    sides = []
    for panel in range(2):
        side = picture.crop((panel * width, 0, (panel + 1) * width, height))
        side = side.resize((RESIZED, RESIZED), Image.Resampling.BICUBIC).crop((left, top, left + SIZE, top + SIZE))
        if mirror:
            side = side.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        values = np.asarray(side, dtype=np.float32).transpose(2, 0, 1) / 127.5 - 1
        sides.append(torch.from_numpy(np.ascontiguousarray(values)))
    return sides[0], sides[1]


def samples(root: Path, cache: int) -> Samples:
    """What `pix2pix train data=side_by_side size=paper` loads its training batches from."""
    data = PairedData(partial(SideBySide, root), "rgb", "rgb", PairTransform((SIZE, SIZE)), cache=cache, num_workers=0)
    loaded = data.train_dataloader().dataset
    assert isinstance(loaded, Samples)
    return loaded


def write_scenes(folder: Path, count: int) -> None:
    (folder / "train").mkdir()
    scenes = Scenes("train", count, (SIZE, SIZE), task="day2night")
    for index in range(count):
        pair = scenes[index]
        write_picture(folder / "train" / f"{pair.name}.jpg", np.concatenate([pair.source, pair.target], axis=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--cache", type=int, default=64, help="MiB")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        root = arguments.folder or Path(temporary)
        if arguments.folder is None:
            write_scenes(root, arguments.pictures)
        paths = sorted((root / "train").glob("*.jp*g"))[: arguments.pictures]
        from_files, cached = samples(root, 0), samples(root, arguments.cache)
        count = len(paths)
        ways: dict[str, Callable[[int], object]] = {
            "Pillow and numpy": lambda index: plain_sample(paths[index]),
            "from files": lambda index: from_files[0, index],
            "cached": lambda index: cached[0, index],
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(arguments.rounds + 1):
            for name, load in ways.items():
                start = process_time()
                for index in range(count):
                    load(index)
                seconds[name].append((process_time() - start) / count)
    medians = {name: statistics.median(measured[1:]) for name, measured in seconds.items()}  # the first fills the cache
    plain = medians["Pillow and numpy"]
    print(f"{count} pairs at {SIZE}x{SIZE}, one core, medians of {arguments.rounds} interleaved rounds")
    print("way               ms a pair  ratio")
    for name, median in medians.items():
        print(f"{name:16}  {median * 1e3:9.2f}  {plain / median:5.2f}")
    pairs = cached.readable.source
    assert isinstance(pairs, CachedPairs)
    used = f"{pairs.cache.nbytes / MIB:.1f} MiB of at most {arguments.cache}"
    print(f"cache: {used}, {pairs.cache.filled} pictures in it")


if __name__ == "__main__":
    main()
