"""The memory of a translation in tiles grows with the width of a picture, not with its area."""

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("bits", [8, 16])
def test_a_picture_of_4096_pixels_a_side(bits: int) -> None:
    """Held whole, its float32 source and result would take 128 MiB, and the network's features gigabytes."""
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.tiles", "huge", "--side", "4096", "--bits", str(bits)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    more = re.search(r"(-?\d+) more than", ran.stdout)
    assert more is not None
    assert int(more[1]) < 100
