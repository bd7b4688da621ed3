"""100 ends at random moments, by SIGKILL, SIGTERM and Ctrl-C: the run comes out as if nothing had been.

pytest -m slow tests/end_to_end/test_random_kills.py
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.end_to_end.kill_often import KINDS, kill_often

KILLS = {"one process": 28, "loading processes": 28, "two ranks": 24, "sweep": 20}
SEED = 13


@pytest.mark.slow
@pytest.mark.parametrize("kind", KILLS)
def test_bit_identical_with_the_right_status_and_no_process_left(kind: str, tmp_path: Path) -> None:
    report = kill_often(tmp_path, KILLS[kind], SEED, KINDS[kind])
    print(report)
    assert report.deaths == KILLS[kind]
    assert report.wrong == []
    assert report.broken == []
    assert report.differences == []
