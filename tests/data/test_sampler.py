"""The order of the pairs: every pair once an epoch, shared among ranks, taken up at any place."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import pytest

from pix2pix.data.sampler import STAND_IN, EveryPairOnce, Place, TrainingBatches

Batches = list[list[tuple[int, int]]]
CASES = [(1, 1, 1), (7, 1, 1), (7, 2, 1), (8, 2, 1), (7, 3, 2), (8, 2, 2), (9, 2, 2), (10, 4, 3), (2, 1, 5), (1, 4, 3)]


def epoch_of(count: int, batch: int, ranks: int, epoch: int = 0, start: int = 0, seed: int = 0) -> list[Batches]:
    """The batches of each rank."""
    place = Place(epoch, start)
    return [list(TrainingBatches(count, batch, place, seed=seed, rank=rank, ranks=ranks)) for rank in range(ranks)]


def together(of_ranks: list[Batches]) -> list[int]:
    """The indices in the order in which the run as a whole sees them, ranks dealt in turn."""
    order: list[int] = []
    for batches in zip(*of_ranks, strict=True):
        for dealt in zip(*batches, strict=True):
            order += [index for _, index in dealt]
    return order


@pytest.mark.parametrize(("count", "batch", "ranks"), CASES)
def test_every_pair_once_and_as_few_again_as_the_ranks_need(count: int, batch: int, ranks: int) -> None:
    order = together(epoch_of(count, batch, ranks))
    assert sorted(order[:count]) == list(range(count))
    assert len(order) - count == -count % ranks
    repeated = Counter(order) - Counter(range(count))
    assert set(repeated) <= set(order[: min(count, ranks)])  # pairs from the beginning of the order


@pytest.mark.parametrize(("count", "batch", "ranks"), CASES)
def test_ranks_share_evenly(count: int, batch: int, ranks: int) -> None:
    of_ranks = epoch_of(count, batch, ranks)
    shapes = {tuple(len(each) for each in batches) for batches in of_ranks}
    assert len(shapes) == 1  # in every step each rank has as many as the others
    (sizes,) = shapes
    assert all(size == batch for size in sizes[:-1])
    assert 1 <= sizes[-1] <= batch
    lengths = {len(TrainingBatches(count, batch, Place(), seed=0, rank=rank, ranks=ranks)) for rank in range(ranks)}
    assert lengths == {len(sizes)}


def test_the_global_batches_do_not_depend_on_the_ranks() -> None:
    """2 ranks × 2 see in each step what 1 rank × 4 sees, in the same order when dealt in turn."""
    alone, shared = epoch_of(12, 4, 1), epoch_of(12, 2, 2)
    assert together(shared) == together(alone)
    for step, batch in enumerate(alone[0]):
        assert sorted(batch) == sorted(chain(shared[0][step], shared[1][step]))


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    first = epoch_of(50, 1, 1)
    assert epoch_of(50, 1, 1) == first
    assert together(epoch_of(50, 1, 1, epoch=1)) != together(first)
    assert together(epoch_of(50, 1, 1, seed=1)) != together(first)
    assert together(first) != list(range(50))


def test_keys_name_the_epoch() -> None:
    assert {epoch for batch in epoch_of(5, 2, 1, epoch=3)[0] for epoch, _ in batch} == {3}


@pytest.mark.parametrize(("count", "batch", "ranks"), CASES)
def test_taken_up_at_any_place(count: int, batch: int, ranks: int) -> None:
    whole = epoch_of(count, batch, ranks, epoch=2)
    for start in range(len(whole[0]) + 1):
        rest = epoch_of(count, batch, ranks, epoch=2, start=start)
        assert rest == [batches[start:] for batches in whole]


def test_its_length_is_the_epochs_wherever_the_place_is() -> None:
    assert len(TrainingBatches(10, 2, Place(0, 3), seed=0)) == 5


def test_the_place_is_read_when_an_epoch_is_begun() -> None:
    """Loaders ask for batches ahead of the training, which moves the place in the meantime."""
    place = Place()
    batches = TrainingBatches(6, 2, place, seed=0)
    begun = iter(batches)
    place.epoch, place.batch = 1, 2
    assert list(begun) == epoch_of(6, 2, 1)[0]
    assert list(batches) == epoch_of(6, 2, 1, epoch=1)[0][2:]


@pytest.mark.parametrize(("count", "batch", "ranks"), CASES)
def test_evaluation_has_every_pair_once(count: int, batch: int, ranks: int) -> None:
    of_ranks = [EveryPairOnce(count, batch, rank=rank, ranks=ranks) for rank in range(ranks)]
    keys = [key for batches in of_ranks for each in batches for key in each]
    assert sorted(index for _, index in keys if index != STAND_IN) == list(range(count))
    assert {epoch for epoch, _ in keys} == {0}
    assert all(len(list(batches)) == len(batches) >= 1 for batches in of_ranks)  # no rank is left without one
    assert sum(index == STAND_IN for _, index in keys) == max(0, ranks - count)
