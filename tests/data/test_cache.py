"""The cache: what comes out is what went in, within the bound, across processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch.utils.data import DataLoader

from pix2pix.data.cache import MIB, CachedPairs, PictureCache
from pix2pix.data.pairs import Pair
from pix2pix.data.sources.side_by_side import SideBySide
from pix2pix.pictures.meaning import Meaning, has_alpha, marked, said_of


class Counting:
    """Pairs from arrays, counting what is read."""

    def __init__(self, sides: list[int]) -> None:
        self.names = [str(side) for side in sides]
        self.domains = ("grey", "rgb")
        self.reads = 0

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Pair:
        self.reads += 1
        side = int(self.names[index])
        values = np.random.default_rng(index).integers(0, 256, (side, side, 4), dtype=np.uint8)
        return Pair(values[:, :, :1], values[:, :, 1:], self.names[index])


def fill(folder: Path, count: int) -> SideBySide:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        Image.fromarray(rng.integers(0, 256, (24, 48, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    return SideBySide(folder, "train", val_fraction=0)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", ">u2", "int16", "float32", "float64", "bool"])
def test_every_dtype_comes_back(dtype: str) -> None:
    array = (1000 * np.random.default_rng(0).normal(size=(7, 5, 3))).astype(dtype)
    cache = PictureCache(1, 4, 8 * array.size)
    assert cache.get(2) is None
    assert cache.put(2, array)
    kept = cache.get(2)
    assert kept is not None
    assert kept.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(kept, array)
    assert cache.filled == 1


@pytest.mark.parametrize(
    "meaning",
    [
        Meaning(),
        Meaning(alpha=True),
        Meaning(colour=False, pages="I", nodata=-9999.0),
        Meaning(palette=((1, 2, 3),) * 9),
    ],
)
def test_what_a_file_says_comes_back(meaning: Meaning) -> None:
    array = marked(np.random.default_rng(0).integers(0, 255, (7, 5, 4), dtype=np.uint8), meaning)
    cache = PictureCache(1, 4, 1000)
    assert cache.put(2, array)
    kept = cache.get(2)
    assert kept is not None
    assert said_of(kept) == meaning
    np.testing.assert_array_equal(kept, array)


def test_pairs_keep_what_their_files_say(tmp_path: Path) -> None:
    source = fill(tmp_path / "pairs", 3)
    for file in (tmp_path / "pairs").iterdir():
        Image.open(file).convert("RGBA").save(file)
    cached = CachedPairs(source, 10)
    for _ in range(2):
        for index in range(3):
            assert has_alpha(cached[index].source)
            np.testing.assert_array_equal(cached[index].target, source[index].target)
    assert cached.cache.filled == 6


def test_what_is_kept_is_not_copied_and_cannot_be_changed() -> None:
    cache = PictureCache(1, 1, 100)
    cache.put(0, np.ones((5, 5, 1), np.uint8))
    first, second = cache.get(0), cache.get(0)
    assert first is not None
    assert second is not None
    assert np.shares_memory(first, second)
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 2


def test_the_bound_is_held() -> None:
    array = np.zeros((64, 64, 3), np.uint8)
    cache = PictureCache(0.5, 1000, array.nbytes)
    assert sum(cache.put(item, array) for item in range(1000)) == cache.places == cache.filled
    assert 0.9 * 0.5 * MIB < cache.nbytes <= 0.5 * MIB
    assert PictureCache(10_000, 3, array.nbytes).nbytes < 4 * array.nbytes  # no more than there is to keep


def test_no_memory_keeps_nothing() -> None:
    cache = PictureCache(0, 10, 100)
    assert not cache.put(0, np.zeros((2, 2, 1), np.uint8))
    assert cache.get(0) is None


def test_second_epoch_reads_nothing() -> None:
    source = Counting([8] * 20)
    cached = CachedPairs(source, 1)
    first = [cached[index] for index in range(20)]
    source.reads = 0
    for index, pair in enumerate(first):
        again = cached[index]
        assert again.name == pair.name
        np.testing.assert_array_equal(again.source, pair.source)
        np.testing.assert_array_equal(again.target, pair.target)
    assert source.reads == 0
    assert (cached.names, cached.domains) == (source.names, source.domains)


class Masked(Counting):
    """The same, and they say where they count: the pairs of a certain few sizes, or all."""

    def __init__(self, sides: list[int], unmasked: tuple[int, ...] = ()) -> None:
        super().__init__(sides)
        self.unmasked = unmasked

    def __getitem__(self, index: int) -> Pair:
        pair = super().__getitem__(index)
        return pair if index in self.unmasked else pair._replace(counts=pair.source[:, :, 0] > 100)


# The last are exactly those that are looked at before a place is made.
@pytest.mark.parametrize(("unmasked", "reads"), [((), 0), ((1, 2), 2), (tuple(range(0, 40, 3)), 26)])
def test_where_a_pair_counts_is_kept_with_it(unmasked: tuple[int, ...], reads: int) -> None:
    source = Masked([8] * 40, unmasked)
    cached = CachedPairs(source, 1)
    for _ in range(2):
        source.reads = 0
        for index in range(40):
            found, expected = cached[index], Masked([8] * 40, unmasked)[index]
            np.testing.assert_array_equal(found.target, expected.target)
            assert (found.counts is None) == (expected.counts is None)
            if expected.counts is not None:
                np.testing.assert_array_equal(found.counts, expected.counts)
    assert source.reads == reads  # what is of another kind than those looked at is not kept


def test_past_the_bound_pairs_are_read_each_time() -> None:
    source = Counting([64] * 10)  # 20 items, each in a place of 64 × 64 × 3 bytes and a header of 16
    cached = CachedPairs(source, 9 * (64 * 64 * 3 + 16) / MIB)  # places for four pairs and a half
    for _ in range(2):
        source.reads = 0
        for index in range(10):
            np.testing.assert_array_equal(cached[index].target, source[index].target)
    assert source.reads == 10 + 6
    assert cached.cache.filled == 8


def test_a_picture_larger_than_its_place_is_read_each_time() -> None:
    source = Counting([8] * 100)
    source.names[1] = "9"
    cached = CachedPairs(source, 1)
    for _ in range(2):
        assert cached[1].target.shape == (9, 9, 3)
    assert cached.cache.get(3) is None


def test_memory_that_cannot_be_had() -> None:
    with pytest.raises(ValueError, match=r"data\.cache: .* MiB of shared memory cannot be had"):
        PictureCache(2**40, 2**20, 2**40)


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_fill_one_cache(tmp_path: Path, start: str) -> None:
    source = fill(tmp_path / "pairs", 9)
    expected = [source[index] for index in range(9)]
    cached = CachedPairs(source, 1)
    loader: DataLoader[Pair] = DataLoader(
        cached,  # type: ignore[arg-type]  # a map-style data set needs no more than this
        batch_size=1,
        num_workers=2,
        collate_fn=list,
        multiprocessing_context=start,
    )
    seen = [batch[0].name for batch in loader]
    assert seen == source.names
    assert cached.cache.filled == 18
    for index in range(9):
        source.files(index)[0].unlink()  # from here on nothing can be decoded
    for pairs in ([cached[index] for index in range(9)], [batch[0] for batch in loader]):
        for pair, wanted in zip(pairs, expected, strict=True):
            np.testing.assert_array_equal(pair.source, wanted.source)
            np.testing.assert_array_equal(pair.target, wanted.target)
