"""Photos alone as pairs: derived at the size that the networks see, the same samples as from stored photos."""

from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pix2pix.data.cache import CachedPairs
from pix2pix.data.datamodule import PairedData
from pix2pix.data.derive import DERIVATIONS
from pix2pix.data.derive.edges import Edges
from pix2pix.data.derive.holes import Holes
from pix2pix.data.domains import Grey, Rgb
from pix2pix.data.pairs import Pair, PairSource, Sample
from pix2pix.data.sources.derived import DerivedPairs
from pix2pix.data.sources.scenes import Scenes
from pix2pix.data.transforms import PairTransform, make_sample, sample_rng
from pix2pix.errors import BadPairError
from pix2pix.pictures.codecs import write_picture

SIZE, JITTER = (64, 64), 1.117
DERIVE = tuple(DERIVATIONS)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six photos to train and two to validate, of 128 × 96 pixels, in sub-folders."""
    root = tmp_path_factory.mktemp("photos")
    for split, count in (("train", 6), ("val", 2)):
        scenes = Scenes(split, count, (96, 128))
        for index in range(count):
            folder = root / split / f"street{index % 2}"
            folder.mkdir(parents=True, exist_ok=True)
            write_picture(folder / f"{index}.png", scenes[index].target)
    return root


def opened(photos: Path, split: str = "train", derive: str = "edges", **settings: Any) -> DerivedPairs:
    settings.setdefault("size", SIZE)
    return DerivedPairs(photos, split, derive=derive, jitter=JITTER, **settings)


def sample_of(source: PairSource, index: int = 0, epoch: int | None = 0) -> Sample:
    """A sample as the networks see it; without an epoch as it is validated."""
    rng = None if epoch is None else sample_rng(0, epoch, index)
    pair = source[index]
    grey = Grey() if pair.source.shape[2] == 1 else Rgb()
    return make_sample(pair, grey, Rgb(), PairTransform(SIZE, JITTER), rng)


def test_splits_and_names(photos: Path, tmp_path: Path) -> None:
    assert opened(photos).names == ["street0/0", "street0/2", "street0/4", "street1/1", "street1/3", "street1/5"]
    assert opened(photos, "val").names == ["street0/0", "street1/1"]
    flat = photos / "train" / "street0"
    parted = {split: opened(flat, split, val_fraction=0.4).names for split in ("train", "val")}
    assert sorted([*parted["train"], *parted["val"]]) == ["0", "2", "4"]
    assert len(parted["val"]) == 1
    with pytest.raises(ValueError, match="no folder"):
        opened(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"data\.derive is 'lines'; expected one of edges, grey, holes, downscale"):
        opened(photos, derive="lines")
    assert opened(photos).files(1) == (photos / "train" / "street0" / "2.png",)


@pytest.mark.parametrize("derive", DERIVE)
def test_a_pair_is_a_function_of_the_photo_alone(photos: Path, derive: str) -> None:
    source = opened(photos, derive=derive)
    again = pickle.loads(pickle.dumps(opened(photos, derive=derive, seed=7)))
    for index in (5, 0, 5):
        pair, same = source[index], again[index]
        assert pair.name == same.name
        assert pair.source.shape[:2] == pair.target.shape[:2] == (71, 71)  # 64 × 1.117
        np.testing.assert_array_equal(pair.source, same.source)
        np.testing.assert_array_equal(pair.target, same.target)
    assert opened(photos, "val", derive=derive)[0].target.shape == (64, 64, 3)
    assert opened(photos, derive=derive, size=None)[0].target.shape == (96, 128, 3)


@pytest.mark.parametrize("epoch", [None, 0, 1, 2])
def test_lines_stay_black_and_white_through_every_variation(photos: Path, epoch: int | None) -> None:
    source = opened(photos, "val" if epoch is None else "train")
    for index in range(len(source)):
        drawn = sample_of(source, index, epoch).source
        assert drawn.shape == (1, *SIZE)
        assert np.unique(drawn).tolist() == [-1, 1]
        assert 0.02 < (drawn == -1).float().mean() < 0.4


def test_lines_lie_on_the_photo_that_is_seen(photos: Path) -> None:
    """What was derived before the crop and the mirror is where it would be, had it been derived after them."""
    source = opened(photos)
    for index in range(len(source)):
        for epoch in range(3):
            sample = sample_of(source, index, epoch)
            seen = Rgb().decode(sample.target.numpy())
            after = Edges()(seen, "x").source[:, :, 0] == 0
            before = sample.source[0].numpy() == -1
            inner = np.s_[4:-4, 4:-4]  # the crop's border has neighbours that it does not see
            assert (before & after)[inner].sum() > 0.8 * max(before[inner].sum(), after[inner].sum())


def test_the_target_varies_as_that_of_a_stored_pair(photos: Path) -> None:
    """Resizing in the source and not in the transform changes no pixel."""
    stored = opened(photos, derive="grey", size=None)
    for epoch in (None, 0, 1):
        split = "val" if epoch is None else "train"
        early = sample_of(opened(photos, split), 1, epoch)
        late = sample_of(stored if epoch is not None else opened(photos, split, derive="grey", size=None), 1, epoch)
        assert torch.equal(early.target, late.target)


def test_the_direction_turns_round(photos: Path) -> None:
    forth, back = opened(photos)[2], opened(photos, direction="b_to_a")[2]
    np.testing.assert_array_equal(back.target, forth.source)
    np.testing.assert_array_equal(back.source, forth.target)
    assert opened(photos).domains == ({"kind": "grey"}, None)
    assert opened(photos, direction="b_to_a").domains == (None, {"kind": "grey"})


def test_settings_reach_the_derivation(photos: Path) -> None:
    few, many = (opened(photos, edges={"high": high})[0].source for high in (0.5, 0.1))
    assert (few == 0).sum() < (many == 0).sum()
    holed = opened(photos, derive="holes", holes={"shape": "centre", "side": 0.25})[0]
    assert (holed.source != holed.target).any(axis=2).sum() <= 18 * 18
    blurred, small = (opened(photos, derive="downscale", factor=factor)[0] for factor in (2, 8))
    error = [np.abs(each.source.astype(int) - each.target).mean() for each in (blurred, small)]
    assert error[0] < error[1]


def test_the_hole_alone_counts(photos: Path) -> None:
    source = opened(photos, derive="holes", holes={"only": True})
    for epoch in (0, 1, 2):
        sample = sample_of(source, 3, epoch)
        assert sample.weight is not None
        hole = sample.weight[0] == 1
        assert 0.1 < hole.float().mean() < 0.4
        assert torch.equal(sample.source[:, ~hole], sample.target[:, ~hole])
        assert (sample.source[:, hole] - 1 / 255).abs().max() < 1e-6  # 128 of 255
    assert sample_of(opened(photos, derive="holes"), 3).weight is None


def test_a_hole_is_where_it_was_whatever_the_seed_of_the_run(photos: Path) -> None:
    pair = opened(photos, "val", derive="holes", seed=5)[1]
    hole = Holes().hole(SIZE, "street1/1")
    np.testing.assert_array_equal(pair.source[~hole], pair.target[~hole])
    assert (pair.source[hole] == 128).all()


@pytest.mark.parametrize(("derive", "holes"), [*((each, {}) for each in DERIVE), ("holes", {"only": True})])
def test_the_cache_derives_once_and_gives_the_same(photos: Path, derive: str, holes: dict[str, Any]) -> None:
    source = opened(photos, derive=derive, holes=holes)
    cached = CachedPairs(source, 4)
    assert cached.domains == source.domains
    first = [cached[index] for index in range(len(source))]

    def read(index: int) -> Pair:
        raise AssertionError(f"photo {index} was read twice")

    cached.source = type("Read", (), {"__getitem__": lambda _, index: read(index), "__len__": lambda _: 6})()
    for index in range(len(source)):
        for pair in (first[index], cached[index]):
            np.testing.assert_array_equal(pair.source, source[index].source)
            np.testing.assert_array_equal(pair.target, source[index].target)
            counts = source[index].counts
            assert (pair.counts is None) == (counts is None)
            if counts is not None:
                np.testing.assert_array_equal(pair.counts, counts)


@pytest.mark.parametrize(
    ("derive", "channels"), [("edges", (1, 3)), ("grey", (1, 2)), ("holes", (3, 3)), ("downscale", (3, 3))]
)
@pytest.mark.parametrize("workers", [0, 1])
def test_batches(photos: Path, derive: str, channels: tuple[int, int], workers: int) -> None:
    pairs = partial(DerivedPairs, photos, derive=derive, size=SIZE, jitter=JITTER, holes={"only": True})
    data = PairedData(pairs, None, None, PairTransform(SIZE, JITTER), batch_size=4, cache=4, num_workers=workers)
    assert (data.source_domain.channels, data.target_domain.channels) == channels
    for batch in [*data.train_dataloader(), *data.val_dataloader()]:
        assert batch.source.shape[1:] == (channels[0], *SIZE)
        assert batch.target.shape[1:] == (channels[1], *SIZE)
        assert (batch.weight is not None) == (derive == "holes")


def test_other_photos(tmp_path: Path) -> None:
    """Grey, with alpha, of 16 bits, of floats; and a file that is broken."""
    rng = np.random.default_rng(0)
    write_picture(tmp_path / "grey.png", rng.integers(0, 256, (40, 30, 1), dtype=np.uint8))
    write_picture(tmp_path / "alpha.png", rng.integers(0, 256, (40, 30, 4), dtype=np.uint8))
    write_picture(tmp_path / "deep.png", rng.integers(0, 65536, (40, 30, 3), dtype=np.uint16))
    write_picture(tmp_path / "float.tif", rng.random((40, 30, 1)).astype(np.float32))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    for derive in DERIVE:
        source = opened(tmp_path, derive=derive, val_fraction=0)
        by_name = {name: index for index, name in enumerate(source.names)}
        for name in ("grey", "alpha", "deep"):
            pair = source[by_name[name]]
            assert pair.source.shape[:2] == pair.target.shape[:2] == (71, 71)
        with pytest.raises(BadPairError, match=r"broken\.png"):
            source[by_name["broken"]]
        if derive in ("edges", "holes"):
            with pytest.raises(BadPairError, match=rf"float: holds float32; data\.derive={derive} works on"):
                source[by_name["float"]]
