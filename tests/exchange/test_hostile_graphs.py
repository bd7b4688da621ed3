"""Graphs that somebody else wrote read no other file: weights of an .onnx that lie elsewhere, entities of an .xml."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto
from tests.evaluation.untrained_runs import untrained

from pix2pix.commands.export import main
from pix2pix.inference.exported.extras import ExchangeError
from pix2pix.inference.translator import Translator

SECRET = "the-content-of-another-file"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    run = untrained(folder / "run")
    for name in ("model.onnx", "model.xml"):
        assert main([str(run), "-o", str(folder / name)]) == 0
    return folder


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    """A folder of the stranger's, with the exported files, below one with a file that is none of its business."""
    (tmp_path / "secret").write_bytes(SECRET.encode() * 100_000)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for file in exported.glob("model.*"):
        shutil.copy(file, theirs)
    return theirs


@pytest.mark.parametrize("kind", ["above", "absolute", "linked", "device"])
def test_weights_that_lie_elsewhere(folder: Path, kind: str) -> None:
    (folder / "link").symlink_to(folder.parent / "secret")
    places = {"above": "../secret", "absolute": str(folder.parent / "secret"), "linked": "link", "device": "/dev/zero"}
    model = onnx.load(folder / "model.onnx")
    (weight,) = sorted(model.graph.initializer, key=lambda each: len(each.raw_data))[-1:]
    length = len(weight.raw_data)
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, value in (("location", places[kind]), ("offset", "0"), ("length", str(length))):
        weight.external_data.add(key=key, value=value)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ExchangeError) as error:
        Translator.load(folder / "model.onnx")
    assert SECRET not in str(error.value)


def with_doctype(folder: Path, doctype: str, used: str) -> Path:
    """The .xml with a document type, and an entity in the place of the description's first text."""
    path = folder / "model.xml"
    lines = path.read_text(encoding="utf-8")
    declared, _, rest = lines.partition("?>")
    assert "<net name=" in rest
    rest = rest.replace('<net name="', f'<net name="{used}', 1)
    path.write_text(f"{declared}?>\n{doctype}{rest}", encoding="utf-8")
    return path


@pytest.mark.parametrize("place", ["file://{}", "{}"])
def test_entities_open_no_file(folder: Path, place: str) -> None:
    """They are refused, or not followed: nobody reads a pipe that tells who opens it."""
    pipe, opened = folder.parent / "pipe", []
    os.mkfifo(pipe)

    def wait_for_a_reader() -> None:
        with pipe.open("wb") as end:  # once somebody has opened it
            opened.append(True)
            with suppress(BrokenPipeError):
                end.write(SECRET.encode())

    told = threading.Thread(target=wait_for_a_reader)
    told.start()
    path = with_doctype(folder, f'<!DOCTYPE net [<!ENTITY other SYSTEM "{place.format(pipe)}">]>', "&other;")
    with suppress(ExchangeError):
        Translator.load(path)
    seen = list(opened)
    pipe.read_bytes()
    told.join()
    assert seen == []
    assert opened == [True]


LOAD = """
import sys
from pathlib import Path
from pix2pix.inference.exported.extras import ExchangeError
from pix2pix.inference.translator import Translator
try:
    Translator.load(Path(sys.argv[1]))
except ExchangeError:
    pass
import resource
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_entities_of_entities_take_no_memory(folder: Path) -> None:
    """10⁹ times "ha" would take 2 GB."""
    levels = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10))
    path = with_doctype(folder, f'<!DOCTYPE net [<!ENTITY e0 "ha">{levels}]>', "&e9;")
    took = [
        int(
            subprocess.run(
                [sys.executable, "-c", LOAD, str(each)],
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                capture_output=True,
                text=True,
                timeout=300,
                check=True,
            ).stdout
        )
        for each in (path, folder / "model.onnx")
    ]
    assert took[0] < took[1] + 500_000  # KiB
