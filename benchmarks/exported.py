"""How fast, how large and how exact the exported files of a run are, against eager float32 in the same process.

OMP_NUM_THREADS=1 PYTHONPATH=src python -m benchmarks.exported RUN [--data-root FOLDER] [--side 256] [--rounds 20]

Processor seconds of one thread for one picture at a time, noise off, in interleaved rounds; medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path
from time import process_time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from pix2pix.commands.export import main as export
from pix2pix.inference.networks import Network, TorchNetwork
from pix2pix.inference.translator import Translator

FILES = (("onnx.onnx", "f32"), ("f32.xml", "f32"), ("bf16.xml", "bf16"), ("int8.xml", "int8"))
WARM = 2  # calls before each one that is timed: the caches are full of the others' weights


def seconds(network: Network, source: torch.Tensor) -> float:
    for _ in range(WARM):
        network(source, [""])
    start = process_time()
    network(source, [""])
    return process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--data-root")
    parser.add_argument("--side", type=int, default=256, help="pixels")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--pictures", type=int, default=68, help="compared, of the validation split")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    translator = Translator.load(arguments.run)
    eager = translator.network
    assert isinstance(eager, TorchNetwork)
    networks: dict[str, Network] = {"eager float32": replace(eager, noise=False)}
    with tempfile.TemporaryDirectory() as folder:
        moved = ["--data-root", arguments.data_root] if arguments.data_root else []
        for name, precision in FILES:
            path = Path(folder) / name
            words = [arguments.run, "-o", str(path), "--precision", precision, "--pictures", str(arguments.pictures)]
            if export([*words, *moved]) == 0:
                networks[name] = Translator.load(path).network
    source = torch.rand(1, translator.source.channels, arguments.side, arguments.side) * 2 - 1
    taken: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(arguments.rounds):
        for name, network in networks.items():
            taken[name].append(seconds(network, source))
    medians = {name: statistics.median(each) for name, each in taken.items()}
    print(f"\n{arguments.side} x {arguments.side} pixels, one thread, medians of {arguments.rounds}")
    for name, median in medians.items():
        print(f"{name:15} {1e3 * median:8.1f} ms {medians['eager float32'] / median:6.2f}")


if __name__ == "__main__":
    main()
