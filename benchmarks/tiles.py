"""A picture in tiles: how near to the whole at once and how visible its borders; memory and time of a huge one.

PYTHONPATH=src python -m benchmarks.tiles mosaic facades/val mosaic.png
PYTHONPATH=src OMP_NUM_THREADS=1 python -m benchmarks.tiles near RUN PICTURE [--tile 256 --overlap 128]
PYTHONPATH=src OMP_NUM_THREADS=1 python -m benchmarks.tiles huge --side 16384 --bits 16

`mosaic` puts the right halves of 6 x 6 pairs, which lie side by side, into one picture of 768 x 768 pixels.
`near` needs a picture that can be translated at once; the figures are on [-1, 1], PSNR on a range of 2. `huge` makes a
TIFF in parts and translates it with an untrained U-Net of 8 base channels and depth 5.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import tifffile
import torch

from pix2pix.data.domains import Grey, Raw, Rgb
from pix2pix.data.resize import resize
from pix2pix.data.sources.folders import natural
from pix2pix.inference.networks import TorchNetwork
from pix2pix.inference.tiles import TileOptions, seams, translate_in_tiles
from pix2pix.inference.tiles.grid import Side
from pix2pix.inference.translator import Translator
from pix2pix.models.test_time import Statistics
from pix2pix.models.unet import UNet
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import read_picture, write_picture
from pix2pix.processes.memory import keep_freed_memory

MIB = 2**20


def near(run: Path, picture: Path, options: TileOptions) -> None:
    """Each choice of statistics and overlap against the whole picture at once, and its seams."""
    translator = Translator.load(run)
    network = translator.network
    assert isinstance(network, TorchNetwork)
    network.noise = False
    target = Raw(channels=translator.target.channels, range=(-1, 1))  # the network's own numbers
    stored = read_picture(picture)
    tile, overlap = options.resolved(network.multiple)
    whole = Translator(network, translator.source, target)(stored)
    print(f"{picture.name}: {stored.shape[0]} x {stored.shape[1]} pixels, tiles of {tile}")
    print("statistics       overlap   PSNR  mean error  seam of result  largest step  seam of error")
    ways: list[tuple[str, Statistics, Literal["picture", "tile"]]] = [
        ("of the picture", "picture", "picture"),
        ("each tile's own", "picture", "tile"),
    ]
    if any(isinstance(module, torch.nn.BatchNorm2d) for module in network.generator.modules()):
        ways.append(("of the training", "running", "picture"))
    with tempfile.TemporaryDirectory() as folder:
        for shared in (overlap, 0):
            for name, of_network, of_tiles in ways:
                variant = Translator(
                    TorchNetwork(network.generator, noise=False, statistics=of_network), translator.source, target
                )
                result = Path(folder) / "result.npy"
                translate_in_tiles(variant, picture, result, TileOptions(tile, shared, of_tiles))
                translated = read_picture(result)
                error = translated - whole
                borders = [Side(length, tile, shared).borders for length in stored.shape[:2]]
                shown, wrong = seams(translated, *borders), seams(error, *borders)
                psnr = 10 * np.log10(4 / max(float((error**2).mean()), 1e-12))
                print(f"{name:16} {shared:7} {psnr:6.1f} {np.abs(error).mean():11.4f}", end=" ")
                print(f"{shown.ratio:15.2f} {shown.largest / shown.largest_inside:13.2f} {wrong.ratio:14.2f}")


def mosaic(folder: Path, picture: Path, count: int = 6, side: int = 128) -> None:
    """The right halves of the first count² pairs of a folder, each side² pixels, in one picture."""
    parts = []
    for file in sorted(folder.iterdir(), key=lambda each: natural(each.name))[: count**2]:
        pair = read_picture(file)
        parts.append(resize(pair[:, pair.shape[1] // 2 :], (side, side), "nearest"))
    write_picture(picture, np.concatenate([np.concatenate(parts[row::count], axis=1) for row in range(count)]))


def huge(side: int, bits: Literal[8, 16], channels: int) -> None:
    """Peak memory above that before the translation, and seconds per megapixel."""
    keep_freed_memory()  # as the command does
    torch.manual_seed(0)
    source = Rgb(bits) if channels == 3 else Grey(bits)
    translator = Translator(TorchNetwork(UNet(channels, channels, base_channels=8, depth=5)), source, source)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        picture, result = Path(folder) / "source.tif", Path(folder) / "result.tif"
        shape = (side, side, channels) if channels > 1 else (side, side)

        def tiles() -> Iterator[Array]:
            for _ in range((-(-side // 512)) ** 2):
                yield rng.integers(0, 2**bits, (512, 512, channels), dtype=f"uint{bits}").reshape(512, 512, *shape[2:])

        colour = "rgb" if channels == 3 else "minisblack"
        tifffile.imwrite(picture, tiles(), shape=shape, dtype=f"uint{bits}", tile=(512, 512), photometric=colour)
        small = Path(folder) / "small.tif"
        write_picture(small, rng.integers(0, 2**bits, (1024, 1024, channels), dtype=f"uint{bits}"))
        translate_in_tiles(translator, small, Path(folder) / "small_result.tif")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start = time.perf_counter()
        translate_in_tiles(translator, picture, result)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        whole = side * side * channels * bits / 8 / MIB
        print(f"{side} x {side} x {channels}, {bits} bits: {whole:.0f} MiB of pixels")
        print(f"peak {peak:.0f} MiB, {peak - before:.0f} more than after a picture of 1024 x 1024")
        print(f"{seconds / side**2 * 1e6:.2f} s a megapixel")
        with tifffile.TiffFile(result) as tiff:
            print(f"result: {tiff.series[0].shape} {tiff.series[0].dtype}, {result.stat().st_size / MIB:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    made = parts.add_parser("mosaic")
    made.add_argument("folder", type=Path)
    made.add_argument("picture", type=Path)
    one = parts.add_parser("near")
    one.add_argument("run", type=Path)
    one.add_argument("picture", type=Path)
    one.add_argument("--tile", type=int)
    one.add_argument("--overlap", type=int)
    other = parts.add_parser("huge")
    other.add_argument("--side", type=int, default=16384)
    other.add_argument("--bits", type=int, choices=(8, 16), default=8)
    other.add_argument("--channels", type=int, choices=(1, 3), default=1)
    arguments = parser.parse_args()
    if arguments.part == "mosaic":
        mosaic(arguments.folder, arguments.picture)
    elif arguments.part == "near":
        near(arguments.run, arguments.picture, TileOptions(arguments.tile, arguments.overlap))
    else:
        huge(arguments.side, arguments.bits, arguments.channels)


if __name__ == "__main__":
    main()
