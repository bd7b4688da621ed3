"""Writing checkpoints so that a half-written one is never found, and reading them without running code from them."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import torch
from lightning.fabric.plugins import CheckpointIO

from pix2pix.files.atomic import whole_file
from pix2pix.files.torch_files import read_torch
from pix2pix.hints import typed

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class CheckpointWriteError(OSError):
    """A checkpoint could not be written; those from before are untouched."""


class AtomicCheckpointIO(CheckpointIO):
    """Writes beside the final place, flushes to the disk, and renames: all of a file is there, or the old one is."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Write a checkpoint. Raises CheckpointWriteError where that fails, a full disk for one."""
        final = Path(path)
        final.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_torch(checkpoint, final)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            raise CheckpointWriteError(
                f"{final} could not be written: {error.strerror or error}. The checkpoints from before are untouched."
                f" {'Make room, then continue' if full else 'Continue'} with: pix2pix train"
                f" {typed('resume', final.parent.parent)}"
            ) from error

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        """Read a checkpoint on the CPU: tensors and plain values, never code. Raises ValueError where it is damaged."""
        content: dict[str, Any] = read_torch(Path(path), "a checkpoint")
        return content

    def remove_checkpoint(self, path: Any) -> None:
        """Remove a checkpoint if it is there."""
        Path(path).unlink(missing_ok=True)


def write_torch(content: dict[str, Any], path: Path) -> None:
    """Write tensors and plain values, as a whole, to the disk itself. Raises OSError that names the file."""
    with whole_file(path) as file:
        written = _Written(file)
        try:
            torch.save(content, written)  # type: ignore[arg-type]  # which asks for no more
        except RuntimeError as error:
            raise written.error or error from None
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def remove_drafts(folder: Path) -> None:
    """Remove what processes that were killed while they wrote have left in a folder."""
    for draft in (*folder.glob(".*.ckpt.*.draft"), *folder.glob(".*.ckpt.partial")):  # the latter's by older versions
        draft.unlink(missing_ok=True)


class _Written:
    """A file whose first error is kept, since PyTorch's writer makes words of its own of it: "unexpected pos"."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.error: OSError | None = None

    def write(self, data: ReadableBuffer) -> int:
        try:
            return self.file.write(data)
        except OSError as error:
            self.error = self.error or error
            raise

    def flush(self) -> None:
        self.file.flush()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
