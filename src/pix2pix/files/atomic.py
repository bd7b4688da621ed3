"""Files that are there as a whole or not at all, whoever looks, however many write them, whenever a writer dies."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO, cast

LONGEST = 255  # bytes that a name may have on nearly every file system
TOKEN = 32  # hexadecimal digits that no two drafts have in common
YOUNG = 60  # seconds in which a draft surely gets its lock after it was made


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file beside the place, put there in one step when all is written; a link there is replaced, never followed.

    Several may write one place at once: each has a draft of its own, and the file of the last one stays. Drafts of this
    place that killed writers have left are removed; its writer holds a lock on a draft, so that it is known.

    Raises OSError that names `path`, where the system names nothing or the draft.
    """
    _remove_left(path)
    with ExitStack() as until_placed, drafted(path) as draft, draft.open("xb") as file:
        lock = os.dup(file.fileno())  # the file is closed before it gets its name, since some disks are full only then
        until_placed.callback(os.close, lock)
        hold(lock)
        yield file


@contextmanager
def drafted(path: Path, suffix: str = "") -> Iterator[Path]:
    """A name for a draft, for libraries that open files themselves; what lies there in the end is put in place.

    Raises OSError as `whole_file` does.
    """
    draft = draft_of(path, suffix)
    try:
        with named(path, draft):
            yield draft
            draft.replace(path)
    finally:
        with suppress(OSError):  # where nothing can be removed, nothing could be written
            draft.unlink()


@contextmanager
def draft_folder(path: Path) -> Iterator[Path]:
    """A folder beside a place, for what is to be there; it may be renamed, and is gone in the end.

    Raises OSError as `whole_file` does.
    """
    draft = draft_of(path)
    with named(path, draft):
        draft.mkdir()
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def draft_of(path: Path, suffix: str = "") -> Path:
    """A name beside a file or a folder that nothing else has: hidden, and no longer than a name may be."""
    return path.with_name(f"{_beginning(path, suffix)}{uuid.uuid4().hex}{_end(suffix)}")


@contextmanager
def named(path: Path, draft: Path) -> Iterator[None]:
    """What goes wrong with a draft, or in it, is told of what it was to become: an OSError with the name of `path`."""
    try:
        yield
    except OSError as error:
        if not _is_of(draft, error.filename):
            raise
        if error.errno is None:  # the words of a library
            raise OSError(f"{path}: cannot be written: {error}") from error
        raise OSError(error.errno, error.strerror, str(path)) from error


def only_written(file: BinaryIO) -> BinaryIO:
    """The file for a library that would write past Python where it can: NumPy and Pillow say nothing of a full disk."""
    return cast("BinaryIO", SimpleNamespace(write=file.write))


def write_whole(path: Path, text: str) -> None:
    """Write text in UTF-8; of names of files that are none, the bytes as codes."""
    with whole_file(path) as file:
        file.write(text.encode(errors="backslashreplace"))


def check_folder(folder: Path) -> None:
    """Raises OSError where a folder cannot be written to, or not be made; it is not made. For before long work."""
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def identity(path: Path) -> tuple[int, int] | Path:
    """Equal for one file under two names."""
    try:
        status = path.stat()
    except OSError:
        return path.resolve()
    return status.st_dev, status.st_ino


def hold(handle: int) -> bool | None:
    """Lock a file until it is closed; False where another process or thread has it, None where there are no locks."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some file systems have none
        return None
    return True


def remove_unheld(draft: Path, *, without_locks: bool) -> bool:
    """Remove a draft that nobody writes any more; whether it is gone. Of a link the link is removed.

    Args:
        without_locks: what to do where it cannot be known: to remove it.

    Raises OSError where it cannot be opened or removed.
    """
    if draft.is_symlink() or not draft.is_file():
        draft.unlink(missing_ok=True)
        return True
    handle = os.open(draft, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    try:
        held = hold(handle)
        if not (held or (held is None and without_locks)):
            return False
        if not os.path.samestat(os.fstat(handle), draft.lstat()):  # another has put its own there meanwhile
            return False
        draft.unlink()
        return True
    finally:
        os.close(handle)


def _remove_left(path: Path) -> None:
    own = re.compile(f"{re.escape(_beginning(path))}[0-9a-f]{{{TOKEN}}}{re.escape(_end())}")
    with suppress(OSError), os.scandir(path.parent) as entries:
        for entry in [each for each in entries if own.fullmatch(each.name) and each.is_file(follow_symlinks=False)]:
            with suppress(OSError):  # it has got its name meanwhile, or is another user's
                if time.time() - entry.stat().st_mtime > YOUNG:
                    remove_unheld(Path(entry.path), without_locks=False)


def _beginning(path: Path, suffix: str = "") -> str:
    room = LONGEST - TOKEN - len(f"..{_end(suffix)}")
    name = os.fsencode(path.name)
    return f".{path.name if len(name) <= room else name[:room].decode(errors='ignore')}."


def _end(suffix: str = "") -> str:
    return f".draft{suffix}"


def _is_of(draft: Path, filename: object) -> bool:
    """Whether an error's file is the draft or lies in it; what names none has gone wrong while writing."""
    if filename is None:
        return True
    return isinstance(filename, str) and draft in (Path(filename), *Path(filename).parents)
