"""Files that torch.save wrote: their checksums are verified, and nothing in them is ever called."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

CHUNK = 1 << 20  # bytes read at a time


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
    if path.exists() and not (path.is_file() or path.is_dir()):  # a fifo would be waited for
        raise ValueError(f"{path} cannot be read as {expected}: it is no file")
    try:
        zipped = _verified(path, expected)
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
        raise ValueError(f"{path} cannot be read as {expected}: {why}") from error


def _verified(path: Path, expected: str) -> bool:
    """Whether a file is an archive, whose checksums hold; False: of before PyTorch 1.6, without any, or none at all."""
    with path.open("rb") as file:
        if file.read(4) != b"PK\3\4":  # as PyTorch tells them apart
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
