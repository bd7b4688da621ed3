"""JSON of others: what is read, and what of it would take memory or end in an error of Python's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.hostile import mutate
from tests.hostile.mutate import try_file

from pix2pix.data_check.suggestions import DRIVER_FILE
from pix2pix.files.json_files import read_json
from pix2pix.inference.exported.extras import ExchangeError
from pix2pix.inference.exported.metadata import from_text
from pix2pix.sweeping.point import Point, SweepError, finished_result
from pix2pix.tracking.identity import FILE, known_id
from pix2pix.video.driver_file import read_made
from pix2pix.video.errors import FilmError

HOSTILE = {
    "lists": "[" + "[]," * 12_000_000 + "[]]",  # 36 MB, which would take 1.5 GiB
    "deep": "[" * 100_000,
    "deep and closed": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "digits": "9" * 100_000,
}
READERS: dict[str, Callable[[Path], object]] = {
    "score.json": lambda path: finished_result(Point("a", [], path.parent)),
    FILE: lambda path: known_id(path.parent, "wandb"),
    DRIVER_FILE: read_made,
    "metadata.json": lambda path: from_text(path.read_text(), path),
}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    content = {"é": [1, 0.5, None, True, {"a": "b"}]}
    (tmp_path / "a.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    assert read_json(tmp_path / "a.json") == content


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("asked", HOSTILE)
def test_what_is_more_than_any_file_of_ours_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, name: str
) -> None:
    monkeypatch.setattr(mutate, "MEMORY", 300 << 20)
    (tmp_path / name).write_text(HOSTILE[asked])
    outcome = try_file(READERS[name], tmp_path / name, (ValueError, SweepError, FilmError, ExchangeError))
    assert outcome.kind == "clean", outcome
    assert name in outcome.detail
