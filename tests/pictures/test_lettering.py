"""Names in pictures: accents and other letters are seen, and never the box that stands for a missing letter."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pix2pix.pictures import lettering
from pix2pix.pictures.lettering import SIZE, draw_text, readable, text_width

UMLAUTS = "äöüÄÖÜßéèêñåÅçøœž"


def drawn(text: str) -> NDArray[np.uint8]:
    page = Image.new("L", (240, 3 * SIZE))
    draw_text(ImageDraw.Draw(page), 8, SIZE, text, 255)  # type: ignore[arg-type]
    return np.asarray(page)


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "INSTALLED", ())
    lettering._set.cache_clear()


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize("letter", UMLAUTS)
def test_no_letter_is_a_box(letter: str) -> None:
    page = Image.new("L", (240, 3 * SIZE))
    ImageDraw.Draw(page).text((8, SIZE), letter, 255, ImageFont.load_default(SIZE))  # as it was drawn once: a box
    assert (drawn(letter) != np.asarray(page)).any()
    assert drawn(letter).any()


@pytest.mark.usefixtures("nothing_installed")
def test_an_accented_letter_is_its_letter_with_a_mark_above_or_below() -> None:
    for letter, below in (("ä", False), ("é", False), ("ñ", False), ("ç", True)):
        base, mark = tuple(unicodedata.normalize("NFD", letter))
        assert mark
        plain, accented = drawn(base), drawn(letter)
        rows = np.flatnonzero(plain.any(axis=1))
        extra = np.flatnonzero((accented > plain).any(axis=1))
        assert (accented >= plain).all()
        assert (extra > rows[-1]).all() if below else (extra < rows[0]).all()
    dots = drawn("ä")[: np.flatnonzero(drawn("a").any(axis=1))[0]]
    assert len(np.flatnonzero(np.diff((dots.max(axis=0) > 100).astype(int)) == 1)) == 2  # two of them


def test_both_encodings_of_a_name_are_drawn_alike() -> None:
    np.testing.assert_array_equal(drawn("Käse"), drawn(unicodedata.normalize("NFD", "Käse")))
    assert text_width("Käse") == text_width("Kase")


@pytest.mark.usefixtures("nothing_installed")
def test_letters_without_a_font_are_codes() -> None:
    np.testing.assert_array_equal(drawn("日"), drawn("\\u65e5"))
    np.testing.assert_array_equal(drawn("caf\udce9"), drawn("caf\\udce9"))
    assert readable("caf\udce9 a\u0308") == "caf\\udce9 ä"
