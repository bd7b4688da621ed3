"""Names drawn into pictures, in whatever letters they are: with accents, and where fonts end, as codes.

Pillow brings a font of ASCII alone, so accents are drawn as marks of their own, above or below a letter of that font.
Other scripts take a font of the system, where one has them all.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from PIL import Image, ImageDraw, ImageFont

SIZE = 13  # pixels
INSTALLED = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "NotoSansCJK-Regular.ttc", "Arial Unicode.ttf", "Arial.ttf")
_ABOVE = {"\u0300": "`", "\u0301": "´", "\u0302": "^", "\u0303": "~", "\u0306": "`´", "\u0307": ".", "\u0308": ".."}
_ABOVE |= {"\u030a": "°", "\u030b": "´´", "\u030c": "`´", "\u0304": "-"}
_BELOW = {"\u0323": ".", "\u0326": ",", "\u0327": ",", "\u0328": ","}
_ALIKE = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"}
    | {"đ": "d", "Đ": "D", "ð": "d", "þ": "th", "ı": "i", "×": "x", "·": "·", "→": "->", "–": "-", "—": "-"}
    | {"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "}
)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def readable(text: str) -> str:
    """A name as text that every program takes: accents are part of their letters, bytes that are no text are codes."""
    return unicodedata.normalize("NFC", text).encode(errors="backslashreplace").decode()


def text_width(text: str) -> float:
    """Pixels from the beginning of a text to its end."""
    font, shown = _set(text)
    return float(font.getlength("".join(letter for letter in shown if not unicodedata.combining(letter))))


def draw_text(draw: ImageDraw.ImageDraw, left: float, top: float, text: str, ink: tuple[int, int, int]) -> None:
    """Draw a line of text; `top` is that of its capitals, roughly."""
    font, shown = _set(text)
    plain = "".join(letter for letter in shown if not unicodedata.combining(letter))
    draw.text((left, top), plain, ink, font)
    before = ""
    for letter in shown:
        if not unicodedata.combining(letter):
            before += letter
            continue
        mark, above = (_ABOVE[letter], True) if letter in _ABOVE else (_BELOW[letter], False)
        of_letter, of_mark = _ink(font, before[-1:]), _ink(font, mark)
        middle = left + font.getlength(before[:-1]) + (of_letter[0] + of_letter[2]) / 2
        across = middle - (of_mark[0] + of_mark[2]) / 2
        down = of_letter[1] - 1 - of_mark[3] if above else of_letter[3] + 1 - of_mark[1]
        draw.text((round(across), top + down), mark, ink, font)


@cache
def _set(text: str) -> tuple[Font, str]:
    """The font in which a text is drawn, and its letters there: marks follow theirs where the font has them not."""
    plain = _plain()
    letters = unicodedata.normalize("NFKD", readable(text).translate(_ALIKE))
    if all(_drawn(plain, letter) for letter in letters):
        return plain, letters
    composed = readable(text)
    for name in INSTALLED:
        font = _installed(name)
        if font is not None and all(_has(font, letter) for letter in composed):
            return font, composed
    return plain, "".join(each if _drawn(plain, each) else f"\\u{ord(each):04x}" for each in letters)


def _drawn(font: Font, letter: str) -> bool:
    return letter in _ABOVE or letter in _BELOW or _has(font, letter)


@cache
def _has(font: Font, letter: str) -> bool:
    """Whether a font has a letter: all that it has not are drawn alike."""
    return letter.isspace() or bytes(font.getmask(letter)) != bytes(font.getmask("\uffff"))


def _ink(font: Font, text: str) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is drawn; the font's own box reaches down to the line."""
    page = Image.new("L", (SIZE * (len(text) + 2), 2 * SIZE))
    ImageDraw.Draw(page).text((SIZE, 0), text, 255, font)
    left, top, right, bottom = page.getbbox() or (SIZE, 0, SIZE, 0)
    return left - SIZE, top, right - SIZE, bottom


@cache
def _plain() -> Font:
    return ImageFont.load_default(SIZE)


@cache
def _installed(name: str) -> Font | None:
    try:
        return ImageFont.truetype(name, SIZE)
    except OSError:
        return None
