"""What a file says of the numbers of its picture, kept with them: alpha, colours, indices, and what is missing.

A count of channels does not say what they are: two may be grey and alpha, or two stains. So whoever reads a file marks
the array, and domains look at the mark. Cuts and copies of an array keep it. Where it is lost, or an array never had
one, no channel is taken for alpha.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array

log = logging.getLogger(__name__)
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Meaning:
    """What a file says of its picture; without arguments, what is taken of an array that no file says anything of.

    Attributes:
        alpha: the last of 2 or 4 channels says how opaque a pixel is.
        colour: the other channels are grey, or red, green and blue. False: measurements, as of stains or bands.
        pages: the name of the axis on which the channels lie, where nothing calls them channels: I, pages, or Q, an
            axis without a name.
        nodata: the number that stands for "nothing measured here", beside NaN.
        palette: the colour of each index, of a file that stores indices and was read as colours. Empty where two
            indices that occur have one colour, so that the indices cannot be told from it.
        twins: two indices that occur have one colour.
    """

    alpha: bool = False
    colour: bool = True
    pages: str = ""
    nodata: float | None = None
    palette: tuple[Colour, ...] = ()
    twins: bool = False

    def to_bytes(self) -> bytes:
        """For `from_bytes`; empty for a meaning without arguments."""
        return b"" if self == PLAIN else json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Meaning:
        """The meaning that `to_bytes` gave."""
        values = json.loads(data) if data else {}
        return cls(**values | {"palette": tuple(map(tuple, values.get("palette", ())))})


PLAIN = Meaning()


class Picture(np.ndarray[Any, np.dtype[Any]]):
    """(H, W, C) numbers with what their file says of them."""

    said: Meaning

    def __array_finalize__(self, made_from: object) -> None:
        self.said = getattr(made_from, "said", PLAIN)


def marked(values: Array, meaning: Meaning) -> Array:
    """The same numbers with a mark; without one where there is nothing to be said."""
    plain = values.view(np.ndarray)
    if meaning == PLAIN:
        return plain
    picture = plain.view(Picture)
    picture.said = meaning
    return picture


def said_of(picture: Array) -> Meaning:
    """What the file of a picture says of it."""
    return picture.said if isinstance(picture, Picture) else PLAIN


def has_alpha(picture: Array) -> bool:
    """Whether the last channel of (H, W, C) is called alpha by its file."""
    return said_of(picture).alpha and picture.shape[2] in (2, 4)


def opaque(picture: Array) -> Array:
    """(H, W, C) without the channel that its file calls alpha."""
    return picture[:, :, :-1] if has_alpha(picture) else picture


def without_alpha(picture: Array, name: str, expects: str) -> Array:
    """`opaque`, and said once. Raises BadPairError for channels on an axis that nothing calls channels.

    Args:
        name: of the picture.
        expects: whose wish it is, as in "the domain rgb".
    """
    pages = said_of(picture).pages
    if pages:
        axis = "pages" if pages == "I" else "an axis without a name"
        count = picture.shape[2]
        raise BadPairError(
            f"{name}: holds {count} pictures along {axis}, which the file does not call channels; {expects} expects one"
            f" picture; if they are channels: use the domain raw: {typed_raw(count)}; if they are slices or frames,"
            " write each to a file of its own"
        )
    if has_alpha(picture):
        _tell(f"{name}: has an alpha channel, which {expects} drops; so of all such pictures")
        return opaque(picture)
    return picture


def typed_raw(channels: int) -> str:
    """The setting that reads all channels as numbers, as it is typed."""
    return f"'data.source={{kind:raw,channels:{channels},range:measured}}', or data.target= for that side"


def in_words(picture: Array) -> str:
    """The channels of a picture and what they hold: "3 channels and alpha of uint8"."""
    count = picture.shape[2] - has_alpha(picture)
    what = "page" if said_of(picture).pages else "channel"
    return f"{count} {what}{'s' * (count > 1)}{' and alpha' * has_alpha(picture)} of {picture.dtype}"


_told: set[str] = set()


def _tell(message: str) -> None:
    """Once for each wish in this process, with the first name."""
    wish = message.partition(": ")[2]
    if wish not in _told:
        _told.add(wish)
        log.warning("%s", message)
