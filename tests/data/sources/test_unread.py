"""Pictures of kinds that are not read are named where a set is opened, and files that are no pictures are not."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from pix2pix.data.sources.side_by_side import SideBySide
from pix2pix.inference.plan import Job, PlanError, plan_files
from pix2pix.pictures.codecs import write_picture


def test_what_is_left_out_of_a_set_is_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    (tmp_path / "train").mkdir()
    for number in range(2):
        write_picture(tmp_path / "train" / f"{number}.png", np.zeros((4, 8, 3), np.uint8))
    for name in ("a.avif", "b.AVIF", "c.gif", "README.md", "licence.txt"):
        (tmp_path / "train" / name).touch()
    SideBySide(tmp_path, "train")
    assert "2 .avif, 1 .gif: not read here, and left out" in caplog.text
    assert ".md" not in caplog.text
    assert ".txt" not in caplog.text
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "a.gif").touch()
    with pytest.raises(ValueError, match=r"no pictures for the split 'test'.*\. There are 2 \.gif, 2 \.avif: not read"):
        SideBySide(tmp_path, "test")


def test_translate_counts_them_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    for name in ("a.avif", "b.gif", "c.gif", "README.md"):
        (tmp_path / name).touch()

    def plan() -> list[Job]:
        return plan_files([str(tmp_path)], tmp_path / "out", lambda source, named: ".png")

    with pytest.raises(PlanError, match=r"holds no pictures; .*\. There are 2 \.gif, 1 \.avif: not read here"):
        plan()
    write_picture(tmp_path / "d.png", np.zeros((4, 8, 3), np.uint8))
    assert len(plan()) == 1
    assert "2 .gif, 1 .avif: not read here, and left out" in caplog.text
