"""What a file may claim to hold, held before anything is decoded: by its own length, and by the memory that is free."""

from __future__ import annotations

from pathlib import Path

from pix2pix.errors import BadPairError
from pix2pix.processes.free_memory import available_memory

SMALL = 2**28  # bytes of numbers that any file may claim
RATIO = 2**16  # more than any compression of pictures reaches: deflate 2^10, ZSTD 2^15


def check_claim(path: Path, height: int, width: int, channels: int, itemsize: int) -> None:
    """Raises BadPairError where the numbers of a picture cannot be in its file, or would not fit into memory twice.

    Twice, since what is decoded is turned, converted or cut before the first copy can go.
    """
    claimed = height * width * channels * itemsize
    if claimed <= SMALL:
        return
    what = f"{width} x {height} pixels (width x height) of {channels} channel(s), {in_words(claimed)}"
    stored = path.stat().st_size
    if claimed > RATIO * stored:
        raise BadPairError(
            f"{path}: claims to hold {what}, in a file of {stored} bytes; no compression does that: it is damaged, or"
            " made to fill the memory of who reads it"
        )
    free = available_memory()
    if 2 * claimed > free:
        raise BadPairError(
            f"{path}: holds {what}, and twice as much is needed to read it; {in_words(free)} of memory are free: make"
            " it smaller; pix2pix translate reads a TIFF of strips or tiles, of any size, in parts"
        )


def in_words(count: int) -> str:
    """A number of bytes as people read it: 477 MiB, 2.3 GiB."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
