"""Files of trained weights that others made: looked for on this machine, checked, and never fetched."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch


class MissingWeights(ValueError):
    """A file of weights that is not there, or is another one than expected; the message says what to do."""


@dataclass(frozen=True)
class WeightsFile:
    """A file that is published under a name which ends in the first digits of its SHA-256, as torch.hub has it.

    network: what the weights are of, for people.
    megabytes: its size, about.
    """

    network: str
    url: str
    megabytes: int

    @property
    def name(self) -> str:
        """The file's name."""
        return self.url.rpartition("/")[2]

    @property
    def checksum(self) -> str:
        """The first eight digits of its SHA-256."""
        return Path(self.name).stem.rpartition("-")[2]

    def find(self, place: Path | None = None) -> Path:
        """The file on this machine, its checksum verified.

        Args:
            place: the file, or a folder that holds it; None for torch.hub's cache (TORCH_HOME moves it).

        Raises:
            MissingWeights: it is not there, or its checksum is another.
        """
        folder = Path(torch.hub.get_dir()) / "checkpoints" if place is None else place
        path = folder if folder.is_file() else folder / self.name
        told = (
            f"Download {self.url} ({self.megabytes} MB, SHA-256 beginning with {self.checksum}) on a machine that has "
            f"a network, and copy it to {path}"
        )
        if not path.is_file():
            raise MissingWeights(f"no weights of {self.network}: {path} does not exist. {told}")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if not found.startswith(self.checksum):
            raise MissingWeights(
                f"{path}: its SHA-256 begins with {found[:8]}, expected {self.checksum}: the file is incomplete, or "
                f"not the weights of {self.network}. {told}"
            )
        return path
