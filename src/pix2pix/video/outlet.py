"""The file that FFmpeg writes a film to; FFmpeg itself never learns that it cannot be written."""

from __future__ import annotations

import os
from pathlib import Path

from pix2pix.files.atomic import hold


class Outlet:
    """A new file for PyAV, locked until it is closed. Its muxers crash where they go on after a write has failed, so to
    them none does.

    Attributes:
        error: the first thing that went wrong; from then on nothing is written.
        closed: whether the file is; PyAV then does not complete it any more.
    """

    def __init__(self, path: Path) -> None:
        self.error: OSError | None = None
        self.closed = False
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        hold(self._handle)
        self._place = self._end = 0

    def write(self, data: bytes) -> int:
        """All of it, as far as FFmpeg is told."""
        rest = memoryview(data)
        while rest and self.error is None and not self.closed:
            try:
                rest = rest[os.pwrite(self._handle, rest, self._place + len(data) - len(rest)) :]
            except OSError as error:
                self.error = error
        self._place += len(data)
        self._end = max(self._end, self._place)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """The new place."""
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._end}[whence]
        return self._place

    def tell(self) -> int:
        """The place where the next write goes."""
        return self._place

    def sync(self) -> None:
        """Wait until all is on the disk. Never raises; `error` has what goes wrong, which some tell only now."""
        try:
            os.fsync(self._handle)
        except OSError as error:
            self.error = self.error or error

    def close(self) -> None:
        """Never raises; `error` has what goes wrong."""
        if self.closed:
            return
        self.closed = True
        try:
            os.close(self._handle)
        except OSError as error:
            self.error = self.error or error
