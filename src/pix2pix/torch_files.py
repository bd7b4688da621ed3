"""Files that torch.save wrote: their checksums are verified, and nothing in them is ever called."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pix2pix.pickles import check_pickle

CHUNK = 1 << 20  # bytes read at a time
LARGEST_PICKLE = 64 << 20  # bytes
PICKLES = 5  # of which a file of before PyTorch 1.6 begins: magic number, protocol, machine, content, keys of storages


class DamagedError(ValueError):
    """A file that is not any more what was written."""


def read_torch(path: Path, expected: str, *, mmap: bool = False) -> Any:
    """The content on the CPU: tensors, numbers, texts and containers; nothing in the file is ever called.

    Every byte of the content is held against the file's own checksums first: 0.4 s a GB.

    Args:
        expected: what it is to be, for the message.
        mmap: leave tensors in the file until they are used.

    Raises:
        DamagedError: the file was cut off, or has other bits than were written.
        ValueError: it cannot be read. PyTorch's own message would advise to trust the file.
    """
    try:
        zipped = _verified(path, expected)
        _check_pickles(path, zipped=zipped)
        # Mapped, a tensor cannot reach beyond the file, whatever size the file gives it.
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
        _check_tensors(content, path.stat().st_size)
        return content if mmap or not zipped else _copied(content, {})
    except DamagedError:
        raise
    except Exception as error:  # PyTorch raises many kinds for files that are not its own
        why = "it is none, was cut off, or holds more than tensors and plain values"
        if isinstance(error, OSError):
            why = error.strerror or str(error)
        elif type(error) is ValueError:
            why += f" ({error})"
        raise ValueError(f"{path} cannot be read as {expected}: {why}") from error


def _verified(path: Path, expected: str) -> bool:
    """Whether a file is an archive, whose checksums hold; False: of before PyTorch 1.6, without any, or none at all."""
    with path.open("rb") as file:
        if not (first := file.read(4)):
            raise DamagedError(f"{path} cannot be read as {expected}: it is empty")
        if first != b"PK\3\4":  # as PyTorch tells them apart
            return False
        try:
            with zipfile.ZipFile(file) as archive:
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


def _check_pickles(path: Path, *, zipped: bool) -> None:
    """Raises ValueError for what PyTorch is not to read; see `pickles.check_pickle`."""
    with path.open("rb") as file:
        if not zipped:
            for _ in range(PICKLES):
                check_pickle(file)
            return
        with zipfile.ZipFile(file) as archive:
            names = [member.filename.lower() for member in archive.infolist()]  # PyTorch takes a and A for one
            if len({*names}) < len(names):
                raise ValueError("two of its members have one name")
            for member in archive.infolist():
                if member.filename.lower().endswith("data.pkl"):
                    if member.file_size > LARGEST_PICKLE:
                        raise ValueError(f"its pickle has {member.file_size} bytes")
                    check_pickle(io.BytesIO(archive.read(member)))


def _check_tensors(content: Any, size: int) -> None:
    """Raises ValueError where tensors are not plain numbers in the memory, or say to be more than the file can hold."""
    waiting, seen, told = [content], {id(content)}, 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, Tensor):
            if value.layout != torch.strided or value.device.type != "cpu" or value.is_quantized or value.is_nested:
                raise ValueError("a tensor that is sparse, quantised or elsewhere")
            told += value.numel() * value.element_size()
        parts = [*value, *value.values()] if isinstance(value, dict) else value
        for part in parts if isinstance(parts, list | tuple | set | frozenset) else ():
            if id(part) not in seen:
                seen.add(id(part))
                waiting.append(part)
    if told > 2 * size:  # some share their numbers
        raise ValueError("tensors larger than the file")


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
