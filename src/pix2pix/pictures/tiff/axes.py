"""Which picture of a TIFF is meant, and on which of its axes the channels lie: as the file says, never by a count.

OME-XML, ImageJ and tifffile's own description name the axes: C are channels, S samples of a pixel; Z, T and the others
are slices, frames or positions, each a picture of its own. Where nothing names them, pages are I, and the axes of an
array that was stored without a word are Q: whether these are channels is for the domain to say.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import NamedTuple

import tifffile

from pix2pix.errors import BadPairError
from pix2pix.pictures.tiff.opening import open_tiff

UNNAMED = "IQ"
CHANNELS = "CS"
_PLAIN = ("generic", "uniform", "shaped", "ome", "imagej")  # kinds of series that say nothing of what each picture is


class Axes(NamedTuple):
    """The axes of one picture: height and width, and where the channels lie, if there are any.

    Attributes:
        lengths: of the axes as stored, those of length 1 left out but for height and width.
        channel: the place of the channels among them, or None.
        name: of that axis, one of C, S, I, Q; empty where there is none.
    """

    lengths: list[int]
    channel: int | None = None
    name: str = ""

    @property
    def channels(self) -> int:
        """How many there are."""
        return 1 if self.channel is None else self.lengths[self.channel]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width = (length for place, length in enumerate(self.lengths) if place != self.channel)
        return height, width


def picture_pages(path: Path, tiff: tifffile.TiffFile) -> tifffile.TiffPageSeries:
    """The one picture, or stack of pages, of a TIFF, beside which smaller copies of it and masks do not count.

    Raises BadPairError where there is none, several that differ, or pages that its description promises are missing.
    """
    every = list(tiff.series)
    if every and every[0].kind not in _PLAIN:  # whole slides: the first is the slide, beside its label and overview
        return every[0]
    whole = [series for series in every if not (series.keyframe.is_reduced or series.keyframe.is_mask)]
    if len(whole) != 1:
        shapes = ", ".join(f"{series.axes} of {'×'.join(map(str, series.shape))}" for series in whole)
        found = f"{len(whole)} pictures of different kinds ({shapes})" if whole else "only masks and smaller copies"
        raise BadPairError(f"{path}: holds {found}; expected one picture: write the one that is meant to a file")
    (series,) = whole
    if series.kind == "ome" and any(page is None for page in series.pages):
        raise BadPairError(f"{path}: lacks pages that its description promises: {series.axes} of {series.shape}")
    return series


def named_axes(series: tifffile.TiffPageSeries) -> list[tuple[str, int]]:
    """Names and lengths of the axes, without those of length 1 that are neither height nor width."""
    both = zip(series.axes, series.shape, strict=True)
    return [(name, length) for name, length in both if length > 1 or name in "YX"]


def picture_axes(path: Path, series: tifffile.TiffPageSeries) -> Axes:
    """The axes of a single picture.

    An array stored without named axes has its channels on the shorter of its first and last one, if they are channels.
    Raises BadPairError for a stack of pictures, which names its axes.
    """
    kept = named_axes(series)
    names, lengths = "".join(name for name, _ in kept), [length for _, length in kept]
    others = names.replace("Y", "").replace("X", "")
    if "YX" not in names.replace(others, "") or len(others) > 1 or not set(others) <= {*CHANNELS, *UNNAMED}:
        raise BadPairError(f"{path}: {_no_picture(path, series, others)}")
    if not others:
        return Axes(lengths)
    if others == "Q":
        return Axes(lengths, 0 if lengths[0] < lengths[2] else 2, others)
    return Axes(lengths, names.index(others), others)


def _no_picture(path: Path, series: tifffile.TiffPageSeries, others: str) -> str:
    said = (
        f"holds axes {series.axes} of lengths {series.shape}; expected one picture: height, width and channels (C, S)"
    )
    if others[:1] in CHANNELS or series.axes[0] != others[0]:  # no line writes its pictures one after another
        return f"{said}. Write each of its pictures to a file of its own"
    rest = series.axes[1:]
    photometric = "rgb" if "S" in rest else "minisblack"
    program = (
        f"import tifffile as t; [t.imwrite({path.stem!r} + f'_{{i:04}}.tif', page, photometric={photometric!r},"
        f" metadata={{'axes': {rest!r}}}) for i, page in enumerate(t.imread({str(path)!r}))]"
    )
    return f"{said}. Each picture along {others[0]} is its own; in a folder for them: python -c {shlex.quote(program)}"


def stack_axes(path: Path, channels: int) -> str:
    """The names of the axes along which a TIFF holds pictures, each to be translated by itself; "" for one picture.

    Args:
        channels: that a picture is expected to have: so many pages, or pictures along an axis without a name, that
            nothing calls slices or frames are the channels of one.

    Raises BadPairError where the file holds no picture, or several that differ.
    """
    with open_tiff(path) as tiff:
        kept = [(name, length) for name, length in named_axes(picture_pages(path, tiff)) if name not in "YX"]
        if len(kept) == 1 and kept[0][0] in UNNAMED:
            axes = picture_axes(path, picture_pages(path, tiff))
            if axes.channel != 0 or axes.channels == channels:
                return ""
        return "".join(name for name, _ in kept if name not in CHANNELS)
