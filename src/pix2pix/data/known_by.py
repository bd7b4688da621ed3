"""What pairs are known by wherever they are, so that a run that goes on with others is told."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pix2pix.data.pairs import PairSource

READ = 16  # pairs whose files are read
READ_BYTES = 1 << 20  # of the end of each: heads are often the same


def known_by(pairs: PairSource) -> dict[str, Any]:
    """How many pairs there are and a digest of their names; of pairs that lie in files, their bytes in all too, with
    digests of the size of each file and of what a few hold.

    Names are taken as Unicode composes them and without their order, which file systems do not agree on.
    """
    names = [unicodedata.normalize("NFC", name) for name in pairs.names]
    order = sorted(range(len(names)), key=names.__getitem__)
    known: dict[str, Any] = {"count": len(names), "names": _digest(names[index] for index in order)}
    files: list[Sequence[Path]] = [pairs.files(index) for index in order] if hasattr(pairs, "files") else []
    if not any(files):
        return known
    sizes = [[_size(file) for file in of_pair] for of_pair in files]
    some = files[:: -(-len(files) // READ)]
    return known | {
        "bytes": sum(map(sum, sizes)),
        "sizes": _digest(map(str, sizes)),
        "contents": _digest(_end(file) for of_pair in some for file in of_pair),
    }


def replaced(before: dict[str, Any], now: dict[str, Any]) -> str | None:
    """In which words the files of pairs are others than they were, under the same names; None where nothing says so.

    Args:
        before: of `known_by`, perhaps of an earlier version, which did not look at files.
    """
    if any(name not in known for known in (before, now) for name in ("bytes", "sizes", "contents")):
        return None
    if before["sizes"] != now["sizes"]:
        if before["bytes"] == now["bytes"]:
            return "of other sizes"
        return f"of {now['bytes']} bytes in all and not {before['bytes']}"
    return None if before["contents"] == now["contents"] else "of the same sizes and other contents"


# ----------------------------------------------------------------------------------------------------------------------


def _digest(texts: Iterable[str]) -> str:
    return hashlib.blake2b("\0".join(texts).encode(errors="surrogateescape"), digest_size=16).hexdigest()


def _size(file: Path) -> int:
    try:
        return os.stat(file).st_size
    except OSError:  # told when it is read
        return 0


def _end(file: Path) -> str:
    """A digest of the last bytes; of nothing, which a fifo seems to hold too, none."""
    if not (size := _size(file)):
        return ""
    try:
        with open(file, "rb") as stream:
            stream.seek(max(0, size - READ_BYTES))
            return hashlib.blake2b(stream.read(READ_BYTES), digest_size=16).hexdigest()
    except OSError:
        return ""
