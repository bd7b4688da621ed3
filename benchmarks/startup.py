"""How long `pix2pix train --help` and a mistake in the settings take, as ratios of `import torch`.

python benchmarks/startup.py [--rounds N]    prints medians of interleaved runs; status 1 where a ratio is above 0.4
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

MOST = 0.4  # of `import torch`
PIX2PIX = str(Path(sys.executable).with_name("pix2pix"))
COMMANDS = {
    "import torch": ([sys.executable, "-c", "import torch"], 0),
    "pix2pix train --help": ([PIX2PIX, "train", "--help"], 0),
    "wrong value": ([PIX2PIX, "train", "data.batch_size=0"], 2),
    "wrong key": ([PIX2PIX, "train", "epochs=3"], 2),
    "wrong choice": ([PIX2PIX, "train", "generator=resnt"], 2),
    "pix2pix data --help": ([PIX2PIX, "data", "--help"], 0),
}


def seconds(command: list[str], status: int) -> float:
    started = time.perf_counter()
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    took = time.perf_counter() - started
    if ended.returncode != status:
        raise RuntimeError(f"{' '.join(command)} ended with status {ended.returncode}, expected {status}")
    return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="runs of each command")
    rounds = parser.parse_args().rounds
    for command, status in COMMANDS.values():
        seconds(command, status)  # the files come into memory
    taken = {name: [0.0] * rounds for name in COMMANDS}
    for number in range(rounds):
        for name, (command, status) in COMMANDS.items():
            taken[name][number] = seconds(command, status)
    worst = 0.0
    for name, times in taken.items():
        ratio = statistics.median(one / torch for one, torch in zip(times, taken["import torch"], strict=True))
        print(f"{name:<22} {statistics.median(times):6.3f} s   {ratio:5.2f} of import torch")
        worst = max(worst, ratio) if name != "import torch" else worst
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
