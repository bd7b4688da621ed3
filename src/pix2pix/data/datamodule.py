"""The LightningDataModule of paired data: the same samples whatever the workers, ranks or restarts."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Literal

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from pix2pix.data.cache import MIB, CachedPairs
from pix2pix.data.domains import Domain, Raw, domain_from_dict, measure_range
from pix2pix.data.known_by import known_by
from pix2pix.data.pairs import Batch, Pair, PairSource, Sample
from pix2pix.data.reading import Readable, check_apart
from pix2pix.data.sampler import EveryPairOnce, Place, TrainingBatches
from pix2pix.data.samples import Samples, collate
from pix2pix.data.seen import Look, detail, seen
from pix2pix.data.sources.splits import SPLITS
from pix2pix.data.transforms import PairTransform
from pix2pix.errors import BadPairError
from pix2pix.processes.workers import kill_workers_at_exit, spare_worker, starting_workers

log = logging.getLogger(__name__)

OpenPairs = Callable[..., PairSource]  # called with split="train", "val" or "test"
LOOKED_AT = 16  # training pairs in which the domains' changes are counted before the training
EVALUATION_BATCH = 8  # pictures loaded at once where no training happens; they are translated one by one


class _Loader(DataLoader[Sample]):
    """Its processes are deaf to signals until they have left the group of the one that trains."""

    def __iter__(self) -> Any:
        with starting_workers():
            return super().__iter__()


class PairedData(LightningDataModule):
    """Pairs of one data set, split by split, as batches.

    Args:
        pairs: opens a split's pair source.
        source, target: domains as settings (see `domains.domain_from_dict`); None takes those the pair source states.
        transform: how training pictures vary; others are resized alone.
        batch_size: pictures a batch on each device; `accumulate` such batches come as one.
        num_workers: loading processes; "auto": none where a CPU trains, up to 4 where a GPU does.
        cache: MiB of decoded pictures kept for each process that trains: of all splits together, training first.
        on_bad: what to do with pairs that cannot be read.
        seed: of order and variation.
    """

    # With fewer validation pairs than ranks a rank has none; it then gets a stand-in.
    allow_zero_length_dataloader_with_multiple_devices = True

    def __init__(
        self,
        pairs: OpenPairs,
        source: str | Mapping[str, Any] | None,
        target: str | Mapping[str, Any] | None,
        transform: PairTransform,
        *,
        batch_size: int = 1,
        accumulate: int = 1,
        num_workers: int | Literal["auto"] = "auto",
        cache: int = 0,
        on_bad: Literal["error", "skip"] = "error",
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.place = Place()
        self.transform = transform
        self.seed = seed
        self._batch_size, self._accumulate = batch_size, accumulate
        self._num_workers, self._on_bad = num_workers, on_bad
        self._cache = float(cache)
        self._open = pairs
        self._opened: dict[str, Readable] = {}
        self._clipping_told: set[str] = set()  # of source and target
        self.seen: dict[str, Any] | None = None  # of the sources; known once the training is set up
        self.readable("train")
        stated = self._stated
        self.source_domain, self.target_domain = (
            domain_from_dict({"kind": domain} if isinstance(domain, str) else dict(domain))
            for domain in (source or stated[0] or "rgb", target or stated[1] or "rgb")
        )

    # --- splits -----------------------------------------------------------------------------------------------------

    def readable(self, split: str) -> Readable:
        """The pairs of a split, opened at the first call.

        Raises BadPairError where it has a file that the training split has too.
        """
        if split not in self._opened:
            pairs = self._open(split=split)
            if self._opened:
                check_apart(self._opened["train"].source, pairs, split)
            self._stated = getattr(pairs, "domains", (None, None))
            self.held_out: tuple[str, ...] | None = getattr(pairs, "held_out", None)  # None: the source does not say
            if self._cache:
                pairs = CachedPairs(pairs, self._cache)
                self._cache -= pairs.cache.nbytes / MIB  # what the other splits may take
            self._opened[split] = Readable(pairs, self._on_bad)
        return self._opened[split]

    def sources(self) -> Iterator[PairSource]:
        """The pairs of all splits that there are."""
        for split in SPLITS:
            try:
                yield self._opened[split].source if split in self._opened else self._open(split=split)
            except ValueError:  # there is no such split
                continue

    def known_by(self) -> dict[str, dict[str, Any]]:
        """What the training and validation pairs are known by wherever they are (see `data.known_by`)."""
        return {split: known_by(self.readable(split).source) for split in ("train", "val")}

    def setup(self, stage: str) -> None:
        """Fit the ranges that are to be measured, on rank 0, for all; say what the domains change."""
        self.source_domain = self._resolved(self.source_domain, side=0)
        self.target_domain = self._resolved(self.target_domain, side=1)
        if stage == "fit" and (self.trainer is None or self.trainer.is_global_zero):
            self._tell_changes()

    def _tell_changes(self) -> None:
        training = self.readable("train")
        looked_at, looks = [], []
        for index in range(0, len(training), -(-len(training) // LOOKED_AT)):
            (changed, look), skipped = training.use(index, self._looked_at)
            training.note(skipped)
            looked_at.append(changed)
            looks.append(look)
        self.seen = seen(looks)
        domains = (self.source_domain, self.target_domain)
        for side, domain, shares in zip(("source", "target"), domains, zip(*looked_at, strict=True), strict=True):
            share = sum(shares) / len(shares)
            if share > 0:
                what = "of the pixels had no colour of the palette and take the nearest"
                if domain.kind != "labels":
                    what = "of the values lie outside the range and are clipped"
                log.warning("data.%s: %.2g %% %s (%d pairs looked at)", side, 100 * share, what, len(shares))
                self._clipping_told.add(side)

    def _looked_at(self, pair: Pair) -> tuple[tuple[float, float], Look]:
        """The shares of source and target that their domains change, and what the source is like."""
        source = self.source_domain.prepare(pair.source, pair.name)
        height, width = pair.source.shape[:2]
        moved = self.transform.still((height, width)).move(source.values, self.source_domain.interpolation)
        look = Look(height, width, detail(self.source_domain.encode(moved)))
        return (source.changed, self.target_domain.prepare(pair.target, pair.name).changed), look

    def _resolved(self, domain: Domain, side: Literal[0, 1]) -> Domain:
        if not isinstance(domain, Raw) or domain.range != "measured":
            return domain
        measured: Any = None
        name = ("source", "target")[side]
        if self.trainer is None or self.trainer.is_global_zero:
            training = self.readable("train")
            try:
                measured = measure_range((training[index][side] for index in range(len(training))), domain.nodata)
            except ValueError as error:
                raise BadPairError(f"data.{name}: {error}") from error
        if self.trainer is not None:
            measured = self.trainer.strategy.broadcast(measured)
        if len(measured) != domain.channels:
            raise BadPairError(
                f"data.{name}: the domain raw has {domain.channels} channel(s), and the {name} pictures have"
                f" {len(measured)}: set channels={len(measured)}, or turn data.direction round if the sides are swapped"
            )
        return domain.resolved(measured)

    # --- loaders ----------------------------------------------------------------------------------------------------

    def train_dataloader(self) -> DataLoader[Sample]:
        """Batches of this rank, from the place on."""
        samples = self._samples("train", varied=True)
        rank, ranks = self._rank()
        step = self._batch_size * self._accumulate
        batches = TrainingBatches(len(samples), step, self.place, seed=self.seed, rank=rank, ranks=ranks)
        return self._loader(samples, batches)

    def val_dataloader(self) -> DataLoader[Sample]:
        """Every validation pair once."""
        return self.every_pair("val")

    def test_dataloader(self) -> DataLoader[Sample]:
        """Every test pair once."""
        return self.every_pair("test")

    def predict_dataloader(self) -> DataLoader[Sample]:
        """Every validation pair once."""
        return self.every_pair("val")

    def val_samples(self, count: int) -> list[Batch]:
        """The first validation pairs that can be used, the same ones each time: one by one, whatever their sizes."""
        return [collate([sample]) for sample in islice(self.usable("val"), count)]

    def usable(self, split: str) -> Iterator[Sample]:
        """The pairs of a split that can be used, one by one and resized alone."""
        samples = self._samples(split, varied=False)
        return (sample for index in range(len(samples)) if (sample := samples[0, index]).name)

    def sample(self, split: str, index: int) -> Sample:
        """One pair of a split, resized alone; its name is empty where another stands in for one that cannot be used."""
        return self._samples(split, varied=False)[0, index]

    def every_pair(self, split: str) -> DataLoader[Sample]:
        """Every pair of a split once, resized alone."""
        samples = self._samples(split, varied=False)
        rank, ranks = self._rank()
        size = 1 if self.transform.size is None else EVALUATION_BATCH
        return self._loader(samples, EveryPairOnce(len(samples), size, rank=rank, ranks=ranks))

    def _samples(self, split: str, *, varied: bool) -> Samples:
        seed = self.seed if varied else None
        return Samples(self.readable(split), self.source_domain, self.target_domain, self.transform, seed)

    def _loader(self, samples: Samples, batches: TrainingBatches | EveryPairOnce) -> DataLoader[Sample]:
        workers = self.workers
        kill_workers_at_exit()
        return _Loader(
            samples,
            batch_sampler=batches,
            num_workers=workers,
            persistent_workers=workers > 0,
            collate_fn=collate,
            worker_init_fn=spare_worker,
            pin_memory=self._on_gpu(),
            generator=torch.Generator().manual_seed(self.seed),  # its own: drawing from it moves no other random state
        )

    @property
    def workers(self) -> int:
        """Loading processes for each process that trains."""
        if self._num_workers != "auto":
            return self._num_workers
        return min(4, max(1, (os.cpu_count() or 1) - 1)) if self._on_gpu() else 0

    def _on_gpu(self) -> bool:
        return self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"

    def _rank(self) -> tuple[int, int]:
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer is not None else (0, 1)

    def on_before_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Log the pairs that a loading process passed over, and the first whose source or target is clipped."""
        if batch.skipped:
            self.readable("train").note(batch.skipped)
        for side, shares in zip(("source", "target"), zip(*batch.clipped, strict=True), strict=False):
            if any(shares) and side not in self._clipping_told:
                self._clipping_told.add(side)
                share, name = max(zip(shares, batch.names, strict=True))
                log.warning(
                    "data.%s: %.2g %% of the numbers of %s lie outside the range, and are clipped; so of all such"
                    " pairs%s",
                    *(side, 100 * share, name),
                    ", and all scores but rmse compare what is clipped" if side == "target" else "",
                )
        return batch

    @property
    def skipped(self) -> int:
        """Bad files left out so far, each counted once, though it be found in several splits."""
        return len({problem.file for readable in self._opened.values() for problem in readable.problems})

    def teardown(self, stage: str) -> None:
        """At the end every rank knows the bad files of all."""
        if self._rank()[1] > 1 and torch.distributed.is_initialized():
            found: list[Any] = [None] * self._rank()[1]
            mine = [problem for readable in self._opened.values() for problem in readable.problems]
            torch.distributed.all_gather_object(found, mine)
            known = set(mine)
            self.readable("train").note([problem for each in found for problem in each if problem not in known])

    # --- the place --------------------------------------------------------------------------------------------------

    @property
    def last_batch(self) -> bool:
        """Whether the batch at the place is its epoch's last."""
        assert self.trainer is not None
        return self.place.is_last(int(self.trainer.num_training_batches))

    def advance(self) -> None:
        """One more batch is done: the last thing a training step does."""
        assert self.trainer is not None
        self.place.advance(int(self.trainer.num_training_batches))

    def state_dict(self) -> dict[str, Any]:
        """The place, and how many pairs of its epoch are done."""
        return {"epoch": self.place.epoch, "batch": self.place.batch, "pairs": self.place.batch * self._pairs_a_step}

    @property
    def _pairs_a_step(self) -> int:
        return self._batch_size * self._accumulate * self._rank()[1]

    def batch_of(self, state_dict: Mapping[str, Any]) -> int:
        """Where a saved place lies now: with more ranks an epoch has fewer batches. One that was begun stays begun."""
        if "pairs" not in state_dict or state_dict["batch"] == 0:
            return int(state_dict["batch"])
        return max(1, int(state_dict["pairs"]) // self._pairs_a_step)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go to the place that was saved."""
        self.place.epoch, self.place.batch = state_dict["epoch"], self.batch_of(state_dict)
