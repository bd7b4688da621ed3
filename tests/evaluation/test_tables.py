"""Numbers and tables as people read them."""

from __future__ import annotations

import numpy as np
import pytest

from pix2pix.evaluation.scores import Score
from pix2pix.evaluation.tables import aligned, columns, markdown, number, one_run


@pytest.mark.parametrize(
    ("value", "signed", "shown"),
    [
        (15.7342, False, "15.73"),
        (0.36466, False, "0.3647"),
        (0.5, False, "0.5000"),
        (1234.5, False, "1234"),
        (-5.802e-05, True, "−0.000058"),
        (0.01188, True, "+0.01188"),
        (0.0, True, "+0.000"),
        (float("nan"), False, "–"),
    ],
)
def test_numbers(value: float, signed: bool, shown: str) -> None:
    assert number(value, signed=signed) == shown


def test_tables() -> None:
    scores = {
        "psnr": Score(15.5, np.array([15.0, 16.0]), "dB", "higher"),
        "fid": Score(101.0, np.empty(0), "", "lower"),
    }
    assert aligned(one_run(scores)) == (
        "                value    95 % interval\n"
        "psnr (dB)   ↑   15.50   15.03 to 15.97\n"
        "fid         ↓   101.0                –"
    )
    assert markdown(columns({"A": scores, "B": {"fid": scores["fid"]}})) == (
        "|  |  | A | B |\n"
        "|---|---:|---:|---:|\n"
        "| psnr (dB) | ↑ | 15.50 (15.03 to 15.97) | – |\n"
        "| fid | ↓ | 101.0 (–) | 101.0 (–) |"
    )
