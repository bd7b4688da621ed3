"""Where results lie: below the folder that was typed, whatever names say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pix2pix.inference.places import leads_out, make_room, result_file, result_files

PLAIN = (
    "a",
    "a/b",
    "12:30:05",
    "C:\\x",
    "a.",
    "a ",
    "Käse",
    "a\u2215b",
    "\u2024\u2024",
    os.fsdecode(b"caf\xe9"),
    "x" * 230,
)
HOSTILE = {
    "/etc/a": "etc/a",
    "../a": "a",
    "a/../../b": "a/b",
    "./a//b/.": "a/b",
    "..": "unnamed",
    ".": "unnamed",
    "": "unnamed",
    "///": "unnamed",
    "a\0b": "a_b",
    "a/\0../b": "a/_../b",
}


@pytest.mark.parametrize("name", PLAIN)
def test_names_of_files_stay_as_they_are(name: str) -> None:
    assert result_file(Path("out"), name, ".png") == Path(f"out/{name}.png")


@pytest.mark.parametrize(("name", "place"), HOSTILE.items())
def test_names_that_lead_out_lead_in(name: str, place: str) -> None:
    assert result_file(Path("out"), name, ".png") == Path(f"out/{place}.png")


def test_parts_that_no_file_system_takes_are_cut_and_told_apart(tmp_path: Path) -> None:
    names = ["ä" * 300, "ä" * 301, f"{'y' * 1000}/z", f"{'y' * 1001}/z"]
    files = result_files(tmp_path, names, ".tif")
    assert len(set(files)) == 4
    for file in files:
        make_room(file.with_name(f"{file.stem}_1000{file.suffix}"), replaced=False)
        file.with_name(f"{file.stem}_1000{file.suffix}").touch()  # which a name too long would refuse


def test_no_two_names_are_one_file_and_those_that_need_no_change_have_none() -> None:
    names = ["../a", "/a", "a", "a_2", "A", "./a"]
    files = [file.as_posix() for file in result_files(Path("out"), names, ".png")]
    assert files[2:5] == ["out/a.png", "out/a_2.png", "out/A.png"]
    assert len(set(files)) == len(names)
    assert all(file.startswith("out/a_") for file in (*files[:2], files[5]))


def test_links_that_lead_out(tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "outside"
    out.mkdir()
    other.mkdir()
    (out / "link").symlink_to(other)
    (out / "within").symlink_to(out / "deep")
    assert leads_out(out, out / "link/a.png") == other / "a.png"
    assert leads_out(out, out / "within/a.png") is None
    assert leads_out(out, out / "new/a.png") is None
    (tmp_path / "alias").symlink_to(out)
    assert leads_out(tmp_path / "alias", tmp_path / "alias" / "a.png") is None  # the folder itself may be a link


def test_what_came_after_the_plan_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "a.png"
    make_room(file, replaced=False)
    file.symlink_to(tmp_path / "nowhere")  # there, though it leads to nothing
    with pytest.raises(FileExistsError, match="not replaced"):
        make_room(file, replaced=False)
    make_room(file, replaced=True)
