"""Translating a TIFF of several pictures (slices, frames, pages), one by one, into one with the same axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from pix2pix.errors import BadPairError
from pix2pix.inference.suffixes import form_of
from pix2pix.inference.translator import Translator
from pix2pix.pictures.array import Array
from pix2pix.pictures.rows import TIFFS
from pix2pix.pictures.tiff.axes import stack_axes
from pix2pix.pictures.tiff.stacks import Stack, open_stack, write_stack

LARGEST = 16_000_000  # pixels of a picture: of one file larger ones are translated in tiles


def is_stack(path: Path, channels: int) -> bool:
    """Whether a file holds several pictures, for a model whose sources have `channels` channels of numbers, or 1."""
    if path.suffix.lower() not in TIFFS:
        return False
    try:
        return bool(stack_axes(path, channels))
    except Exception:  # broken, which is told when it is read
        return False


def translate_stack(translator: Translator, source: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    """Translate each picture of a stack by itself; the axes stay, and what the file says beside the values.

    Args:
        target: a TIFF, replaced if it exists, once the translation is complete.
        progress: told after each picture: how many are done, of how many.

    Raises BadPairError where the source is broken or not of the source domain, ValueError where the target is no TIFF.
    """
    if target.suffix.lower() not in TIFFS:
        raise ValueError(
            f"{source}: holds pictures along {stack_axes(source, 1)}, whose results make a TIFF, and {target} is none:"
            " --format tif"
        )
    form = form_of(translator, side_by_side=False)
    with open_stack(source) as stack:
        write_stack(
            target,
            _translated(translator, stack, source, progress),
            stack,
            source,
            form.channels,
            np.dtype(form.dtype),
            unit=translator.target.unit,
            nodata=getattr(translator.target, "nodata", None),
            colour=translator.target.kind != "raw",
        )


def _translated(
    translator: Translator, stack: Stack, source: Path, progress: Callable[[int, int], None]
) -> Iterator[Array]:
    for number, picture in enumerate(stack, 1):
        if picture.shape[0] * picture.shape[1] >= LARGEST:
            raise BadPairError(
                f"{source}: holds {len(stack)} pictures along {stack.names}, each too large to be translated whole:"
                " write each to a file of its own, which is translated in tiles"
            )
        name = f"{source.stem}, {stack.names} {number}"
        encoded = translator.encode(picture, name)
        values = translator.shown(encoded, translator.translate(encoded[None], [name])[0])
        yield translator.without_made_up(values, translator.valid(picture), str(source))
        progress(number, len(stack))
