"""Checksums of exported files: written last, over everything else, and held against the file when it is read.

Graphs are written by other libraries, which keep none, so each format has it where its readers look away: an ONNX file
is a protocol buffer, to which a further entry of its metadata can be appended; an XML file may end with a comment;
weights have it in their header. A file without one, of an older version or written anew by another program, is read as
it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from pix2pix.inference.exported.extras import ExchangeError

KEY = "pix2pix_checksum"
DIGITS = 64  # of SHA-256, hexadecimal
CHUNK = 1 << 20


def checksum_of_tensors(text: str, tensors: Mapping[str, Tensor]) -> str:
    """Of a description and tensors, whatever their order."""
    digest = hashlib.sha256(text.encode())
    for name, value in sorted(tensors.items()):
        digest.update(f"\0{name}\0{value.dtype}\0{tuple(value.shape)}\0".encode())
        digest.update(value.contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def seal_onnx(path: Path) -> None:
    """Append the checksum of an ONNX file to it."""
    with path.open("r+b") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0, 2)
        file.write(_metadata_entry(digest))


def check_onnx(path: Path) -> None:
    """Raises ExchangeError where an ONNX file is not as it was sealed."""
    length = len(_metadata_entry("0" * DIGITS))
    with path.open("rb") as file:
        body = file.seek(0, 2) - length
        file.seek(max(body, 0))
        end = file.read()
    expected = end[-DIGITS:].decode("latin1")
    if end == _metadata_entry(expected) and _digest(path, body) != expected:
        raise _damaged(path)


def seal_xml(path: Path) -> None:
    """End an XML file with a comment that holds the checksum of the file and of the .bin beside it."""
    with path.open("a", encoding="utf-8") as file:
        file.write(f"<!-- {KEY} {_digest(path, path.stat().st_size, path.with_suffix('.bin'))} -->\n")


def check_xml(path: Path) -> None:
    """Raises ExchangeError where an XML file or the .bin beside it is not as it was sealed."""
    content = path.read_bytes()
    place = content.rfind(f"<!-- {KEY} ".encode())
    if place < 0:
        return
    found = re.fullmatch(rb"<!-- \w+ ([0-9a-f]{64}) -->\n", content[place:])
    if found is None or _digest(path, place, path.with_suffix(".bin")) != found[1].decode():
        raise _damaged(path)


def check_tensors(path: Path, expected: str | None, text: str, tensors: Mapping[str, Tensor]) -> None:
    """Raises ExchangeError where a file's tensors or description are not those of which it has the checksum."""
    if expected is not None and checksum_of_tensors(text, tensors) != expected:
        raise _damaged(path)


def _damaged(path: Path) -> ExchangeError:
    return ExchangeError(
        f"{path} is damaged, or was changed after its export: its checksum does not hold. Export the model again"
    )


def _digest(path: Path, size: int, *whole: Path) -> str:
    """Of the first so many bytes of a file, and all of others."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size > 0 and (chunk := file.read(min(CHUNK, size))):
            digest.update(chunk)
            size -= len(chunk)
    for other in whole:
        with other.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def _metadata_entry(value: str) -> bytes:
    """An entry of ModelProto.metadata_props, field 14, a StringStringEntryProto: key is field 1, value field 2."""
    return _field(14, _field(1, KEY.encode()) + _field(2, value.encode("latin1")))


def _field(number: int, content: bytes) -> bytes:
    """A field of a protocol buffer that is shorter than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content
