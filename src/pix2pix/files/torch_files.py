"""Files that torch.save wrote: their checksums are verified, and nothing in them is ever called."""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from pix2pix.files.pickles import LARGEST, PickleError, check_pickle, check_stream

CHUNK = 1 << 20  # bytes read at a time


class DamagedError(ValueError):
    """A file that is not any more what was written."""


def read_torch(path: Path, expected: str, *, mmap: bool = False) -> Any:
    """The content on the CPU: tensors, numbers, texts and containers; nothing in the file is ever called.

    Every byte of the content is held against the file's own checksums first: 0.4 s a GB. Then its pickles are gone
    through: see `pickles`.

    Args:
        expected: what it is to be, for the message.
        mmap: leave tensors in the file until they are used.

    Raises:
        DamagedError: the file is empty, was cut off, or has other bits than were written.
        ValueError: it cannot be read. PyTorch's own message would advise to trust the file.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):  # a fifo would be waited for
        raise ValueError(f"{path} cannot be read as {expected}: it is no file")
    try:
        zipped = _verified(path, expected)
        _check_pickles(path, zipped)
        # Mapped, a tensor cannot reach beyond the file, whatever size the file gives it.
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
        return content if mmap or not zipped else _copied(content, {})
    except DamagedError:
        raise
    except Exception as error:  # PyTorch raises many kinds for files that are not its own
        why = "it is none, was cut off, or holds more than tensors and plain values"
        if isinstance(error, PickleError):
            why += f" ({error})"
        elif isinstance(error, OSError):
            why = error.strerror or str(error)
        raise ValueError(f"{path} cannot be read as {expected}: {why}") from error


def _verified(path: Path, expected: str) -> bool:
    """Whether a file is an archive, whose checksums hold; False: of before PyTorch 1.6, without any, or none at all."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if not size:
            raise DamagedError(f"{path} cannot be read as {expected}: it is empty")
        file.seek(0)
        if file.read(4) != b"PK\3\4":  # as PyTorch tells them apart
            return False
        try:
            _check_end(file, size)
            with zipfile.ZipFile(file) as archive:
                if sum(member.file_size for member in archive.infolist()) > size:
                    raise zipfile.BadZipFile("its members are larger than it is")
                for member in archive.infolist():
                    if member.compress_type != zipfile.ZIP_STORED:  # PyTorch compresses nothing
                        raise zipfile.BadZipFile(f"{member.filename} is compressed")
                    with archive.open(member) as content:
                        while content.read(CHUNK):
                            pass
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError, OSError) as error:
            raise DamagedError(
                f"{path} cannot be read as {expected}: it is damaged or was cut off ({error})"
            ) from error
    return True


def _check_end(file: BinaryIO, size: int) -> None:
    """Raises BadZipFile where others could find other members in an archive: its directory is to lie before its end."""
    file.seek(max(0, size - 98))
    end = file.read()
    if len(end) < 98:  # PyTorch's smallest is longer
        raise zipfile.BadZipFile("it has no end")
    signature, *_, length, start, comment = struct.unpack("<4s4H2LH", end[-22:])
    place = size - 22
    if end[-42:-38] == b"PK\6\7":  # of 64 bits, as PyTorch writes each
        length, start, place = *struct.unpack("<2Q", end[40:56]), size - 98
        if end[:4] != b"PK\6\6" or struct.unpack("<Q", end[-34:-26]) != (place,):
            raise zipfile.BadZipFile("it has two ends")
    if signature != b"PK\5\6" or comment or start + length != place:
        raise zipfile.BadZipFile("its directory is not at its end")


def _check_pickles(path: Path, zipped: bool) -> None:
    """Raises ValueError where what PyTorch would make of a file is more than it is worth, or no tensors and values."""
    size = path.stat().st_size
    if zipped:
        # By PyTorch's own reader: of two members of one name, or names in capitals, it may take another than zipfile.
        check_pickle(torch._C.PyTorchFileReader(str(path)).get_record("data.pkl"), size)
    else:
        with path.open("rb") as file:
            check_stream(file.read(LARGEST), size)


def _copied(content: Any, copies: dict[int, Any]) -> Any:
    """The same containers, with copies of the tensors, which hold on to no file."""
    if id(content) in copies:
        return copies[id(content)]
    copies[id(content)] = content  # of containers, which are changed in place
    if isinstance(content, Tensor):
        copies[id(content)] = content.clone()
    elif isinstance(content, dict):
        for name, value in content.items():
            content[name] = _copied(value, copies)
    elif isinstance(content, list):
        content[:] = [_copied(value, copies) for value in content]
    elif type(content) is tuple:
        copies[id(content)] = tuple(_copied(value, copies) for value in content)
    return copies[id(content)]
