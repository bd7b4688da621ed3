"""The transform: one geometry for both pictures, against Pillow; masks and colour against what they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance

from pix2pix.data.domains import Grey, Labels, Raw, Rgb
from pix2pix.data.pairs import Pair
from pix2pix.data.resize import resize
from pix2pix.data.transforms import Geometry, PairTransform, jitter_colour, make_sample, sample_rng
from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array

RGB = Rgb()


def noise(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def as_stored(encoded: torch.Tensor) -> Array:
    return RGB.decode(encoded.numpy()).astype(int)


def test_training_sample_is_what_pillow_makes_of_the_same_draw() -> None:
    pair = Pair(noise(60, 80, 3), noise(60, 80, 3, seed=1), "x")
    transform = PairTransform((64, 96))
    for index in range(8):
        drawn = transform.draw(sample_rng(5, 0, index), (60, 80))
        assert drawn.scaled == (71, 107)  # size × 1.117
        sample = make_sample(pair, RGB, RGB, transform, sample_rng(5, 0, index))
        for encoded, stored in ((sample.source, pair.source), (sample.target, pair.target)):
            image = Image.fromarray(stored).resize((107, 71), Image.Resampling.BICUBIC)
            image = image.crop((drawn.left, drawn.top, drawn.left + 96, drawn.top + 64))
            if drawn.mirror:
                image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            assert encoded.dtype == torch.float32
            assert encoded.is_contiguous()
            assert np.abs(as_stored(encoded) - np.asarray(image)).max() <= 1
        assert sample.weight is None


def test_a_draw_depends_on_seed_epoch_and_index_alone() -> None:
    draws = {key: PairTransform((64, 64)).draw(sample_rng(*key), (64, 64)) for key in np.ndindex(3, 4, 5)}
    again = {key: PairTransform((64, 64)).draw(sample_rng(*key), (64, 64)) for key in reversed(list(draws))}
    assert draws == again
    assert len({(draw.top, draw.left, draw.mirror) for draw in draws.values()}) > 40


def test_draws_cover_every_place_and_both_mirrors() -> None:
    transform = PairTransform((8, 8), jitter=1.25, quarter_turns=True)
    draws = [transform.draw(sample_rng(0, 0, index), (8, 8)) for index in range(400)]
    assert {(draw.top, draw.left) for draw in draws} == {(top, left) for top in range(3) for left in range(3)}
    assert 150 < sum(draw.mirror for draw in draws) < 250
    assert {draw.turns for draw in draws} == {0, 1, 2, 3}


def test_one_setting_never_moves_another() -> None:
    plain = PairTransform((64, 64), mirror=False).draw(sample_rng(0, 1, 2), (64, 64))
    all_on = PairTransform((64, 64), quarter_turns=True, colour_jitter=0.5).draw(sample_rng(0, 1, 2), (64, 64))
    assert (plain.top, plain.left, plain.scaled) == (all_on.top, all_on.left, all_on.scaled)


def test_validation_only_resizes() -> None:
    pair = Pair(noise(30, 40, 3), noise(30, 40, 3, seed=1), "x")
    sample = make_sample(pair, RGB, RGB, PairTransform((32, 48), quarter_turns=False, colour_jitter=1.0))
    expected = resize(pair.source, (32, 48), "bicubic")
    np.testing.assert_array_equal(as_stored(sample.source), expected)
    same = make_sample(pair, RGB, RGB, PairTransform(None))
    np.testing.assert_array_equal(as_stored(same.target), pair.target)


def test_size_none_crops_to_the_files_own_size() -> None:
    pair = Pair(noise(30, 40, 3), noise(30, 40, 3), "x")
    sample = make_sample(pair, RGB, RGB, PairTransform(None, jitter=1.5), sample_rng(0, 0, 0))
    assert sample.source.shape == (3, 30, 40)
    assert torch.equal(sample.source, sample.target)


def test_turns_and_mirror_are_numpys() -> None:
    values = noise(6, 6, 2)
    moved = Geometry(scaled=(6, 6), size=(4, 4), top=1, left=2, mirror=True, turns=3).move(values, "bicubic")
    np.testing.assert_array_equal(moved, np.rot90(np.fliplr(values[1:5, 2:6]), 3))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": (64, 96), "quarter_turns": True}, "quarter_turns=true needs square pictures.*64×96"),
        ({"size": (64, 64), "jitter": 0.9}, "data.jitter is 0.9"),
        ({"size": (64, 64), "colour_jitter": 1.5}, "data.colour_jitter is 1.5"),
    ],
)
def test_settings_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PairTransform(**settings)


def test_turns_of_files_that_are_not_square() -> None:
    with pytest.raises(ValueError, match="needs square pictures"):
        PairTransform(None, quarter_turns=True).draw(sample_rng(0, 0, 0), (30, 40))


def test_labels_stay_classes_and_go_where_the_photo_goes() -> None:
    palette = ((0, 0, 0), (255, 255, 255))
    blocks = np.kron(np.random.default_rng(0).integers(0, 2, (8, 8)), np.ones((16, 16)))[:, :, None]
    stored = np.repeat((255 * blocks).astype(np.uint8), 3, axis=2)
    transform = PairTransform((96, 96), colour_jitter=0.8)
    sample = make_sample(Pair(stored, stored, "x"), Labels(palette), RGB, transform, sample_rng(0, 0, 3))
    assert set(sample.source.flatten().tolist()) == {-1.0, 1.0}  # colour jitter leaves labels alone
    assert torch.equal(sample.source.sum(0), torch.zeros(96, 96))
    agrees = (sample.source[1] > 0) == (sample.target.mean(0) > 0)
    assert agrees.float().mean() > 0.98  # all but edges


@pytest.mark.parametrize("stored", [(40, 40), (23, 61), (64, 48), (150, 90)])
def test_weight_is_one_exactly_where_no_invalid_pixel_had_a_part(stored: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    valid = rng.random(stored) > 0.01
    values = rng.normal(size=(*stored, 1)).astype(np.float32)
    low, high = (np.where(valid[..., None], values, fill).astype(np.float32) for fill in (-1e3, 1e3))
    geometry = PairTransform((48, 48)).draw(sample_rng(0, 0, 0), stored)
    affected = (geometry.move(low, "bicubic") != geometry.move(high, "bicubic"))[:, :, 0]
    counts = geometry.move_valid(valid, "bicubic")
    assert not (counts & affected).any()
    assert (~counts & ~affected).mean() < 0.04  # a kernel is 0 at places of its window, its very ends among them
    assert counts.any()


def test_nodata_of_the_target_has_no_weight_and_of_the_source_none_where_it_is_scored() -> None:
    target = np.linspace(0, 100, 24 * 24, dtype=np.float32).reshape(24, 24, 1)
    target[4:9, 7] = np.nan
    domain = Raw(1, (0.0, 100.0))
    sample = make_sample(Pair(target, target, "x"), domain, domain, PairTransform(None))
    assert sample.weight is not None
    assert sample.weight.shape == (1, 24, 24)
    np.testing.assert_array_equal(sample.weight[0].numpy(), np.isfinite(target[:, :, 0]))
    assert torch.isfinite(sample.source).all()
    assert torch.isfinite(sample.target).all()
    # Of a source without a value the translation has none: it is learned from, and not scored.
    pair = Pair(target, np.nan_to_num(target), "x")
    assert make_sample(pair, domain, domain, PairTransform(None), sample_rng(0, 0, 0)).weight is None
    scored = make_sample(pair, domain, domain, PairTransform(None))
    assert scored.weight is not None
    assert scored.with_value is not None
    np.testing.assert_array_equal(scored.weight[0].numpy(), np.isfinite(target[:, :, 0]))
    np.testing.assert_array_equal(scored.with_value, np.isfinite(target[:, :, 0]))


def test_a_source_of_no_class_is_scored_as_any_other() -> None:
    indices = np.zeros((8, 8, 1), np.uint8)
    indices[2:4] = 255
    sample = make_sample(Pair(indices, noise(8, 8, 3), "x"), Labels(classes=2, nodata=255), RGB, PairTransform(None))
    assert (sample.weight, sample.with_value) == (None, None)


def test_what_a_pair_says_does_not_count_has_no_weight_wherever_it_moves() -> None:
    """A picture that shows where it counts keeps showing it."""
    counts = np.zeros((30, 40), bool)
    counts[5:20, 8:30] = True
    shown = np.where(counts[:, :, None], 255, 0).astype(np.uint8)
    labels = Labels(((0, 0, 0), (255, 255, 255)))  # of nearest neighbours, as the mask
    pair = Pair(np.repeat(shown, 3, axis=2), np.repeat(shown, 3, axis=2), "x", counts)
    for epoch in range(4):
        sample = make_sample(pair, RGB, labels, PairTransform((24, 24)), sample_rng(0, epoch, 0))
        assert sample.weight is not None
        assert torch.equal(sample.weight[0] == 1, sample.target[1] == 1)
        assert 0.2 < sample.weight.mean() < 0.8
    # both kinds at once: neither counts what the other does not
    target = np.ones((30, 40, 1), np.float32)
    target[:10] = np.nan
    domain = Raw(1, (0.0, 2.0))
    both = make_sample(Pair(target, target, "x", counts), domain, domain, PairTransform(None))
    assert both.weight is not None
    np.testing.assert_array_equal(both.weight[0].numpy(), counts & np.isfinite(target[:, :, 0]))


def test_thirteen_channels_of_sixteen_bits() -> None:
    stored = np.random.default_rng(0).integers(0, 4096, (20, 30, 13), dtype=np.uint16)
    domain = Raw(13, (0.0, 4095.0), dtype="uint16")
    sample = make_sample(Pair(stored, stored, "x"), domain, domain, PairTransform(None))
    np.testing.assert_array_equal(domain.decode(sample.target.numpy()), stored)


def test_a_picture_of_another_domain_is_named() -> None:
    with pytest.raises(BadPairError, match="depth17"):
        make_sample(Pair(noise(8, 8, 3), noise(8, 8, 3), "depth17"), Grey(16), RGB, PairTransform(None))


def test_colour_changes_the_source_only() -> None:
    pair = Pair(noise(16, 16, 3), noise(16, 16, 3), "x")
    transform = PairTransform((16, 16), jitter=1, mirror=False, colour_jitter=0.4)
    sample = make_sample(pair, RGB, RGB, transform, sample_rng(0, 0, 0))
    np.testing.assert_array_equal(as_stored(sample.target), pair.target)
    assert np.abs(as_stored(sample.source) - pair.source).mean() > 3
    assert sample.source.abs().max() <= 1


@pytest.mark.parametrize(
    ("enhance", "place"), [(ImageEnhance.Brightness, 0), (ImageEnhance.Contrast, 1), (ImageEnhance.Color, 2)]
)
@pytest.mark.parametrize("change", [-0.3, 0.3])
def test_colour_is_pillows(enhance: Any, place: int, change: float) -> None:
    stored = noise(16, 16, 3) // 2 + 64
    colour = [0.0, 0.0, 0.0]
    colour[place] = change
    jittered = jitter_colour(RGB.encode(stored), (colour[0], colour[1], colour[2]), rgb=True)
    expected = np.asarray(enhance(Image.fromarray(stored)).enhance(1 + change)).astype(int)
    assert np.abs(RGB.decode(jittered) - expected).max() <= 2


def test_other_domains_get_gain_and_offset() -> None:
    encoded = np.linspace(-0.5, 0.0, 12, dtype=np.float32).reshape(3, 2, 2)
    jittered = jitter_colour(encoded, (0.2, 0.1, 0.9), rgb=False)
    np.testing.assert_allclose((jittered + 1) / 2, 1.2 * (encoded + 1) / 2 + 0.1, rtol=1e-6)


def test_a_target_with_a_unit_keeps_its_values_beyond_the_range_for_the_score() -> None:
    kelvin = Raw(channels=1, range=(0.0, 1.0), unit="K")
    target = np.array([[-3.0, 0.25], [np.nan, 7.5]], np.float32)[:, :, None]
    pair = Pair(noise(2, 2, 3), target, "x")
    sample = make_sample(pair, RGB, kelvin, PairTransform(None))
    assert sample.target.tolist() == [[[-1, -0.5], [-1, 1]]]
    assert sample.in_unit is not None
    assert sample.in_unit.tolist() == [[[-3, 0.25], [0, 7.5]]]
    assert make_sample(pair, RGB, kelvin, PairTransform(None, 1), sample_rng(0, 0, 0)).in_unit is None
