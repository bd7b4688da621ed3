"""The data module: the same samples whatever the workers, the ranks or the restarts."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pix2pix.data.datamodule import PairedData
from pix2pix.data.domains import Raw
from pix2pix.data.pairs import Batch, Pair, Sample
from pix2pix.data.samples import collate
from pix2pix.data.sources.two_folders import TwoFolders
from pix2pix.data.transforms import PairTransform
from pix2pix.errors import BadPairError
from pix2pix.pictures.codecs import write_picture

Pictures = dict[str, tuple[Tensor, Tensor]]


class Numbered:
    """Pairs of noise, each a function of its name; those whose number is in `bad` cannot be read."""

    def __init__(self, split: str, count: Mapping[str, int], bad: tuple[int, ...] = (), scale: int = 256) -> None:
        self.names = [f"{split} {index}" for index in range(count[split])]
        self.bad, self.scale = bad, scale

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Pair:
        if index in self.bad:
            raise BadPairError(f"{self.names[index]}: is broken")
        pictures = np.random.default_rng(index).integers(0, self.scale, (2, 20, 20, 3), dtype=np.uint8)
        return Pair(pictures[0], pictures[1], self.names[index])


def data_of(train: int = 11, val: int = 5, **settings: Any) -> PairedData:
    source = {name: settings.pop(name) for name in ("bad", "scale") if name in settings}
    pairs = partial(Numbered, count={"train": train, "val": val, "test": 2}, **source)
    source_domain, target_domain = settings.pop("domains", ("rgb", "rgb"))
    return PairedData(pairs, source_domain, target_domain, PairTransform((16, 16), jitter=1.25), **settings)


def as_rank(data: PairedData, rank: int, ranks: int) -> PairedData:
    data.trainer = SimpleNamespace(  # type: ignore[assignment]
        global_rank=rank,
        world_size=ranks,
        is_global_zero=rank == 0,
        strategy=SimpleNamespace(root_device=torch.device("cpu")),
        num_training_batches=len(data.train_dataloader()),
    )
    return data


def pictures_of(batches: list[Batch]) -> Pictures:
    return {
        name: (source, target)
        for batch in batches
        for name, source, target in zip(batch.names, batch.source, batch.target, strict=True)
    }


def epoch_of(data: PairedData, epoch: int = 0, start: int = 0) -> list[Batch]:
    data.load_state_dict({"epoch": epoch, "batch": start})
    return list(data.train_dataloader())


def assert_same(found: Pictures, expected: Pictures) -> None:
    assert found.keys() == expected.keys()
    for name, (source, target) in expected.items():
        assert torch.equal(found[name][0], source)
        assert torch.equal(found[name][1], target)


def test_workers_change_nothing() -> None:
    alone, helped = epoch_of(data_of(batch_size=2)), epoch_of(data_of(batch_size=2, num_workers=2))
    assert [batch.names for batch in helped] == [batch.names for batch in alone]
    assert_same(pictures_of(helped), pictures_of(alone))


@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_change_nothing_but_who_sees_what(ranks: int) -> None:
    alone = pictures_of(epoch_of(data_of(), epoch=3))
    shared: Pictures = {}
    for rank in range(ranks):
        shared |= pictures_of(epoch_of(as_rank(data_of(), rank, ranks), epoch=3))
    assert_same(shared, alone)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_restart_changes_nothing(workers: int) -> None:
    whole = epoch_of(data_of(batch_size=2), epoch=1)
    for start in (1, 4, 5):
        rest = epoch_of(data_of(batch_size=2, num_workers=workers), epoch=1, start=start)
        assert [batch.names for batch in rest] == [batch.names for batch in whole[start:]]
        assert_same(pictures_of(rest), pictures_of(whole[start:]))


def test_a_memory_of_pictures_changes_nothing() -> None:
    cached = data_of(cache=1)
    for epoch in range(2):
        assert_same(pictures_of(epoch_of(cached, epoch)), pictures_of(epoch_of(data_of(), epoch)))


def test_the_bound_of_memory_is_that_of_all_splits() -> None:
    data = data_of(cache=1, train=400, val=400)
    caches = [data.readable(split).source.cache for split in ("train", "val")]  # type: ignore[attr-defined]
    assert 0 < caches[1].places < caches[0].places
    assert sum(cache.nbytes for cache in caches) <= 2**20


def test_pictures_vary_from_epoch_to_epoch_and_from_seed_to_seed() -> None:
    first = pictures_of(epoch_of(data_of()))
    for other in (epoch_of(data_of(), epoch=1), epoch_of(data_of(seed=1))):
        found = pictures_of(other)
        assert found.keys() == first.keys()
        assert sum(torch.equal(found[name][0], first[name][0]) for name in first) < len(first) / 2


def test_pictures_to_score_with_never_vary() -> None:
    data = data_of(batch_size=2, seed=1)
    once, again, other = (list(each.val_dataloader()) for each in (data, data, data_of()))
    assert [name for batch in once for name in batch.names] == [f"val {index}" for index in range(5)]
    assert_same(pictures_of(again), pictures_of(once))
    assert_same(pictures_of(other), pictures_of(once))
    drawn = data.val_samples(3)
    assert [each.names for each in drawn] == [["val 0"], ["val 1"], ["val 2"]]
    assert torch.equal(drawn[1].source[0], pictures_of(once)["val 1"][0])


def test_every_picture_is_scored_by_one_rank() -> None:
    names = [
        name for rank in range(3) for batch in as_rank(data_of(), rank, 3).val_dataloader() for name in batch.names
    ]
    assert sorted(names) == [f"val {index}" for index in range(5)]


def test_a_rank_without_a_picture_gets_one_that_does_not_count() -> None:
    names = [next(iter(as_rank(data_of(val=2), rank, 3).val_dataloader())).names for rank in range(3)]
    assert names == [["val 0"], ["val 1"], [""]]


def test_loaders_leave_the_random_state_alone() -> None:
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    epoch_of(data_of(num_workers=1))
    list(data_of().val_dataloader())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_accumulated_batches_come_as_one() -> None:
    batches = epoch_of(data_of(train=11, batch_size=2, accumulate=2))
    assert [len(batch.names) for batch in batches] == [4, 4, 3]


def test_the_place() -> None:
    data = as_rank(data_of(train=5, batch_size=2), 0, 1)
    seen = []
    for _ in range(4):
        seen.append((data.place.epoch, data.place.batch, data.last_batch))
        data.advance()
    assert seen == [(0, 0, False), (0, 1, False), (0, 2, True), (1, 0, False)]
    # In steps of another size it is the same pair, or the first one after the epoch's first step.
    for batch_size, batch in ((2, 1), (1, 2), (4, 1)):
        other = data_of(batch_size=batch_size)
        other.load_state_dict(data.state_dict())
        assert (other.place.epoch, other.place.batch) == (1, batch)


def test_what_both_splits_are_known_by() -> None:
    known = data_of(train=1).known_by()
    assert {split: each["count"] for split, each in known.items()} == {"train": 1, "val": 5}
    assert data_of(val=4).known_by()["val"] != data_of(val=5).known_by()["val"]


def test_no_worker_where_a_processor_trains() -> None:
    assert data_of().workers == 0
    assert data_of(num_workers=3).workers == 3


@pytest.mark.parametrize("workers", [0, 2])
def test_bad_pairs_are_replaced_and_counted_once(workers: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    data = data_of(bad=(2, 3), on_bad="skip", num_workers=workers)
    for epoch in range(2):
        batches = [data.on_before_batch_transfer(batch, 0) for batch in epoch_of(data, epoch)]
        names = [name for batch in batches for name in batch.names]
        assert len(names) == 11
        assert {"train 2", "train 3"}.isdisjoint(names)
        assert names.count("train 4") == 3
    assert data.skipped == 2
    assert caplog.text.count("left out (data.on_bad=skip): train 2: is broken") == 1


def test_what_stands_in_for_a_bad_pair_is_scored_once() -> None:
    bad = data_of(bad=(1, 2, 4), on_bad="skip")  # the last one's stand-in is the first pair
    names = [name for batch in bad.val_dataloader() for name in batch.names]
    assert names == ["val 0", "", "", "val 3", ""]
    assert [each.names for each in bad.val_samples(3)] == [["val 0"], ["val 3"]]
    assert [sample.name for sample in bad.usable("val")] == ["val 0", "val 3"]


def test_a_file_that_is_bad_for_two_splits_counts_once(tmp_path: Path) -> None:
    for side, numbers in (("A", range(5)), ("B", range(4))):
        (tmp_path / side).mkdir()
        for number in numbers:
            write_picture(tmp_path / side / f"{number}.png", np.zeros((16, 16, 3), np.uint8))
    transform = PairTransform((16, 16))
    data = PairedData(partial(TwoFolders, tmp_path), None, None, transform, on_bad="skip")
    assert len(data.readable("train")) + len(data.readable("val")) == 4  # a tenth of one folder is held out
    assert data.skipped == 1


def test_a_bad_pair_is_an_error_by_default() -> None:
    with pytest.raises(BadPairError, match="train 2: is broken"):
        epoch_of(data_of(bad=(2,)))


def test_a_range_is_measured_on_the_training_pairs_once() -> None:
    raw = {"kind": "raw", "channels": 3, "range": "measured", "dtype": "uint8"}
    data = data_of(scale=100, domains=(raw, "rgb"))
    data.setup("fit")
    pairs = Numbered("train", {"train": 11}, scale=100)
    values = np.concatenate([pairs[index].source.reshape(-1, 3) for index in range(11)])
    assert isinstance(data.source_domain, Raw)
    found = np.broadcast_to(np.array(data.source_domain.range, dtype=float), (3, 2))
    assert found[:, 0].min() == values.min()
    assert found[:, 1].max() == values.max()
    resolved = data.source_domain.to_dict()
    assert data_of(domains=(resolved, "rgb")).source_domain == data.source_domain


def test_a_measured_domain_with_too_few_channels_says_that_the_sides_may_be_swapped() -> None:
    data = data_of(scale=100, domains=({"kind": "raw", "channels": 1, "range": "measured", "dtype": "uint8"}, "rgb"))
    with pytest.raises(BadPairError, match=r"^data\.source: the domain raw has 1 channel\(s\), and the source pic"):
        data.setup("fit")


def test_pictures_of_different_sizes_are_no_batch() -> None:
    samples = [Sample(torch.zeros(3, side, 16), torch.zeros(3, side, 16), None, "") for side in (16, 20)]
    with pytest.raises(ValueError, match=r"pictures of different sizes \(16×16, 20×16\) cannot be in one batch"):
        collate(samples)


def test_weights_are_made_for_all_where_one_has_them() -> None:
    weight = torch.zeros(1, 4, 4)
    picture = torch.zeros(3, 4, 4)
    batch = collate([Sample(picture, picture, weight, "a"), Sample(picture, picture, None, "b")])
    assert batch.weight is not None
    assert batch.weight.sum(dim=(1, 2, 3)).tolist() == [0, 16]
    assert collate([Sample(picture, picture, None, "b")]).weight is None


@pytest.mark.parametrize("link", ["symbolic", "hard", "folder"])
def test_a_file_of_two_splits_is_refused_whatever_it_is_called(tmp_path: Path, link: str) -> None:
    for split in ("train", "val"):
        for side in "AB":
            (tmp_path / split / side).mkdir(parents=True)
            for number in range(3):
                value = np.full((16, 16, 3), number + 10 * (split == "val"), np.uint8)
                write_picture(tmp_path / split / side / f"{number}.png", value)
    transform = PairTransform((16, 16))
    assert PairedData(partial(TwoFolders, tmp_path), None, None, transform).readable("val").names == ["0", "1", "2"]
    if link == "folder":
        shutil.rmtree(tmp_path / "val")
        (tmp_path / "val").symlink_to(tmp_path / "train")
    else:
        for side in "AB":
            made = tmp_path / "val" / side / "other.png"
            one = tmp_path / "train" / side / "1.png"
            made.symlink_to(one) if link == "symbolic" else made.hardlink_to(one)
    data = PairedData(partial(TwoFolders, tmp_path), None, None, transform)
    with pytest.raises(BadPairError, match=r"\d files of val are those of train, so its scores would be too good:"):
        data.readable("val")


def test_the_first_picture_that_is_clipped_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Also in the validation, and where none of the pairs that were looked at has such numbers."""
    caplog.set_level(logging.WARNING)
    highest = {"train": 50, "val": 200}  # of the pictures that `numbered` gives

    def pairs(split: str) -> Any:
        return Ramps(highest[split], split)

    source, target = ({"kind": "raw", "range": [0, limit]} for limit in (100, 50))
    data = PairedData(pairs, source, target, PairTransform((8, 32)))
    data.setup("fit")
    assert caplog.messages == []
    for batch in [*data.train_dataloader(), *data.val_dataloader(), *data.val_dataloader()]:
        data.on_before_batch_transfer(batch, 0)
    of_source, of_target = caplog.messages
    said = "% of the numbers of val 2 lie outside the range, and are clipped; so of all such pairs"
    assert of_source == f"data.source: 50 {said}"
    assert of_target == f"data.target: 75 {said}, and all scores but rmse compare what is clipped"


class Ramps:
    """Pictures from 0 to a highest number."""

    def __init__(self, highest: int, split: str) -> None:
        self.names = [f"{split} {index}" for index in range(3)]
        self.highest = highest

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Pair:
        ramp = np.tile(np.linspace(0, self.highest, 32, dtype=np.float32), (8, 1))[:, :, None]
        return Pair(ramp, ramp, self.names[index])
