"""A LightningModule and data as light as can be, with the attributes that the callbacks read from the real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from pix2pix.data.pairs import Batch

IMAGES = 12
BATCH = 4


class ToyModule(pl.LightningModule):
    """Learns nothing; counts images, and has the losses it is told to have. Translates a picture to its negative."""

    def __init__(self, losses: dict[str, float] | None = None, epochs: int = 3) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.images_seen = 0
        self.total_images = IMAGES * epochs
        self.latest: dict[str, float] = losses or {}
        self.translated: list[list[str]] = []

    def training_step(self, batch: list[Tensor], batch_idx: int) -> None:
        self.images_seen += len(batch[0])

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """There is a validation; it measures nothing."""

    def translate(self, source: Tensor, names: list[str]) -> Tensor:
        self.translated.append(names)
        return -source

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


class ToyData(pl.LightningDataModule):
    """12 numbers to train on, and as many pairs of plain colours to draw as asked."""

    def __init__(self, source_domain: Any = None, target_domain: Any = None, channels: int = 3) -> None:
        super().__init__()
        self.source_domain = source_domain
        self.target_domain = target_domain
        self.channels = channels

    def train_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
        return DataLoader(TensorDataset(torch.zeros(IMAGES, 1)), batch_size=BATCH)

    def val_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
        return DataLoader(TensorDataset(torch.zeros(2, 1)))

    def val_samples(self, count: int) -> list[Batch]:
        shape = (1, self.channels, 64, 64)
        return [
            Batch(torch.full(shape, float(level)), torch.ones(shape), None, [f"pair {index}"])
            for index, level in enumerate(torch.linspace(-1, 1, count))
        ]


def trainer(folder: Path, *callbacks: pl.Callback, epochs: int = 3, **settings: Any) -> pl.Trainer:
    return pl.Trainer(
        callbacks=list(callbacks),
        max_epochs=epochs,
        accelerator="cpu",
        default_root_dir=folder,
        enable_model_summary=False,
        enable_checkpointing=False,
        **({"logger": False} | settings),
    )
