"""How fast `pix2pix translate` is: what its pipeline adds to the model and the codecs, and against a plain loop.

PYTHONPATH=src python -m benchmarks.translate [FOLDER]

FOLDER holds pairs of JPEGs side by side in val/, of which the right half is translated; without it, painted scenes are
written and read. A U-Net of 64 base channels at 256² with weights as they were drawn. All ways take turns; medians
count. Beside its own parts: processor time against model and codecs alone, wall time against the slower of the two.
The plain loop is the usual code: Pillow, eager float32, PNG of the same level. It has a process of its own, since in
this one it profits from the command's rule for memory (`processes/memory.py`), and runs here too.
"""

from __future__ import annotations

import argparse
import copy
import multiprocessing
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np
import torch
from benchmarks.plain_loop import plain_unet
from PIL import Image
from torch import nn

from pix2pix import Translator
from pix2pix.data.domains import Rgb
from pix2pix.data.sources.scenes import Scenes
from pix2pix.inference.exported.metadata import describe
from pix2pix.inference.exported.onnx_file import onnx_model
from pix2pix.inference.exported.openvino_file import openvino_model, quantised, write_openvino
from pix2pix.inference.networks import TorchNetwork
from pix2pix.inference.pictures import files, translate_pictures
from pix2pix.inference.plan import plan_files
from pix2pix.inference.precision import Precision
from pix2pix.models.unet import UNet
from pix2pix.pictures.codecs import read_picture, write_picture
from pix2pix.processes.memory import keep_freed_memory

SIZE = 256
PNG_LEVEL = 6  # zlib's own, which `write_picture` has


class Seconds(NamedTuple):
    """Of one round."""

    wall: float
    processor: float


def write_sources(folder: Path, pairs: Path | None, count: int) -> list[Path]:
    if pairs is None:
        scenes = Scenes("val", count, (SIZE, SIZE), task="labels2photo")
        pictures = [scenes[index].source for index in range(count)]
    else:
        pictures = [read_picture(path)[:, SIZE:] for path in sorted((pairs / "val").glob("*.jp*g"))[:count]]
    for index, picture in enumerate(pictures):
        write_picture(folder / f"{index:04d}.jpg", picture)
    return sorted(folder.iterdir())


def ours(generator: UNet, precision: Precision) -> Translator:
    network = TorchNetwork(copy.deepcopy(generator), precision=precision)
    return Translator(network, Rgb(), Rgb())


def exported(generator: UNet, sources: list[Path], folder: Path) -> list[Path]:
    """The generator as OpenVINO runs it, in 16 and in 8 bits; the latter's ranges are of the first 16 pictures."""
    domains = {f"{side}_domain": Rgb().to_dict() for side in ("source", "target")}
    translation = {"noise": False, "statistics": "picture"}
    settings = {"generator": {}, "objective": {}, "translation": translation, "data": {"size": [SIZE, SIZE]}, "seed": 0}
    record = {**domains, "settings": {**settings, "training": {"channels_last": "auto"}}}
    model = openvino_model(onnx_model(generator, 3, "picture"))
    encoded = [ours(generator, "float32").encode(read_picture(path), "")[None] for path in sources[:16]]
    paths = []
    for precision, made in (("bf16", model), ("int8", quantised(model, encoded))):
        paths.append(folder / f"{precision}.xml")
        told = describe(record, multiple=generator.multiple, precision=precision, noise=False, images_seen=None)
        write_openvino(made, told, paths[-1])
    return paths


def pipeline(translator: Translator, folder: Path, out: Path) -> None:
    jobs = plan_files([str(folder)], out, lambda _source, _named: ".png", existing="overwrite")
    assert not [error for _, error in translate_pictures(translator, jobs, files(translator)) if error]


def plain(network: nn.Module, sources: list[Path], out: Path) -> None:
    for path in sources:
        picture = np.asarray(Image.open(path).convert("RGB"), np.float32).transpose(2, 0, 1) / 127.5 - 1
        with torch.no_grad():
            translation = network(torch.from_numpy(picture)[None])[0]
        pixels = ((translation.numpy().transpose(1, 2, 0) + 1) * 127.5).round().astype(np.uint8)
        Image.fromarray(pixels).save(out / f"{path.stem}.png", compress_level=PNG_LEVEL)


def timed(work: Callable[[], object]) -> Callable[[], Seconds]:
    def run() -> Seconds:
        wall, processor = perf_counter(), process_time()
        work()
        return Seconds(perf_counter() - wall, process_time() - processor)

    return run


@contextmanager
def elsewhere(sources: list[Path], out: Path, threads: int) -> Iterator[Callable[[], Seconds]]:
    """The plain loop in a process of its own, a round at a time."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve_plain, args=(there, sources, out, threads))
    process.start()
    there.close()  # so that its end is noticed here

    def run() -> Seconds:
        here.send(True)
        return Seconds(*here.recv())

    try:
        yield run
    finally:
        here.send(False)
        process.join()


def _serve_plain(asked: Connection, sources: list[Path], out: Path, threads: int) -> None:
    torch.set_num_threads(threads)
    run = timed(partial(plain, plain_unet().train(), sources, out))
    while asked.recv():
        asked.send(tuple(run()))


def measure(ways: dict[str, Callable[[], Seconds]], rounds: int) -> dict[str, Seconds]:
    """Medians of interleaved rounds, without the first."""
    seconds: dict[str, list[Seconds]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, run in ways.items():
            seconds[name].append(run())
    return {
        name: Seconds(*(statistics.median(each) for each in zip(*measured[1:], strict=True)))
        for name, measured in seconds.items()
    }


def stages(
    translators: dict[str, Translator], network: nn.Module, sources: list[Path], out: Path
) -> dict[str, Callable[[], Seconds]]:
    """What takes turns. The model alone translates a picture at a time with all threads."""
    stored = [read_picture(path) for path in sources]
    first = next(iter(translators.values()))
    encoded = [first.encode(picture, "") for picture in stored]
    results = [first.decode(first.translate(source[None], ["a"])[0]) for source in encoded]

    def codecs() -> None:
        for path, result in zip(sources, results, strict=True):
            read_picture(path)
            write_picture(out / f"{path.stem}.png", result)

    def model(translator: Translator) -> Callable[[], object]:
        return lambda: [translator.network(source[None], ["a"]) for source in encoded]

    ways = {"plain here": timed(partial(plain, network, sources, out)), "codecs": timed(codecs)}
    for name, translator in translators.items():
        ways[f"{name} model"] = timed(model(translator))
        ways[name] = timed(partial(pipeline, translator, sources[0].parent, out))
    return ways


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args()
    keep_freed_memory()
    torch.manual_seed(0)
    generator = UNet(3, 3, base_channels=64, depth=8)
    with tempfile.TemporaryDirectory() as temporary:
        folder, out = Path(temporary, "sources"), Path(temporary, "out")
        folder.mkdir()
        out.mkdir()
        sources = write_sources(folder, arguments.folder, arguments.pictures)
        files_of_openvino = exported(generator, sources, Path(temporary))
        for threads in arguments.threads:
            torch.set_num_threads(threads)
            translators = {"pytorch float32": ours(generator, "float32"), "pytorch bf16": ours(generator, "bf16")}
            translators |= {f"openvino {path.stem}": Translator.load(path) for path in files_of_openvino}
            ways = stages(translators, plain_unet().train(), sources, out)
            with elsewhere(sources, out, threads) as plain_alone:
                seconds = measure({"plain": plain_alone, **ways}, arguments.rounds)
            print(f"\n{len(sources)} pictures of {SIZE}², {threads} thread(s), medians of {arguments.rounds} rounds")
            print("                              against the plain loop   beside its own parts")
            print("way               pictures/s   alone        here         processor   wall")
            for name in ("plain", "plain here"):
                print(f"{name:16}  {len(sources) / seconds[name].wall:10.2f}")
            for name in translators:
                model, whole = seconds[f"{name} model"], seconds[name]
                both = model.processor + seconds["codecs"].processor
                slower = max(model.wall, seconds["codecs"].wall)
                print(
                    f"{name:16}  {len(sources) / whole.wall:10.2f} {seconds['plain'].wall / whole.wall:7.2f}"
                    f" {seconds['plain here'].wall / whole.wall:11.2f} {whole.processor / both:17.3f}"
                    f" {whole.wall / slower:6.3f}",
                    flush=True,
                )
            codecs = seconds["codecs"].processor / len(sources)
            print(f"codecs: {1e3 * codecs:.1f} ms of processor a picture")


if __name__ == "__main__":
    main()
