"""Folders of pictures, paired by name."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from pix2pix.data.sources.folders import match_names


def test_names_whose_letters_are_encoded_differently_are_one(tmp_path: Path) -> None:
    names = "Käse", "Öl/größe 2"
    for folder, form in (("A", "NFC"), ("B", "NFD")):
        for name in names:
            path = tmp_path / folder / f"{unicodedata.normalize(form, name)}.png"  # type: ignore[arg-type]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    listing = match_names([tmp_path / "A", tmp_path / "B"])
    assert listing.problems == []
    assert list(listing.files) == list(names)
    for name, (first, second) in listing.files.items():
        assert first == tmp_path / "A" / f"{name}.png"
        assert second == tmp_path / "B" / f"{unicodedata.normalize('NFD', name)}.png"


def test_two_encodings_of_a_name_in_one_folder_stay_two(tmp_path: Path) -> None:
    names = [unicodedata.normalize(form, "Käse") for form in ("NFC", "NFD")]
    for folder in ("A", "B"):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / f"{name}.png").touch()
    listing = match_names([tmp_path / "A", tmp_path / "B"])
    assert listing.problems == []
    assert {name: files[1].name for name, files in listing.files.items()} == {name: f"{name}.png" for name in names}
