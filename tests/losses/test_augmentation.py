"""Differentiable augmentation against numpy's slices and formulas; what it depends on; and its gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from pix2pix.losses.augmentation import KINDS, Augmentation, draw

SIZE = (16, 24)


def pictures(count: int = 3, channels: int = 3) -> Tensor:
    return torch.randn(count, channels, *SIZE, generator=torch.Generator().manual_seed(0))


def test_colour_is_the_papers_three_changes_in_turn() -> None:
    made, before = draw(["colour"], 3, SIZE, seed=5), pictures()
    assert made.colour is not None
    brightness, saturation, contrast = made.colour.double().flatten(1).numpy()
    x = before.double().numpy()
    for index, picture in enumerate(x):
        picture = picture + brightness[index]
        grey = picture.mean(axis=0)
        picture = grey + (picture - grey) * saturation[index]
        x[index] = picture.mean() + (picture - picture.mean()) * contrast[index]
    assert np.allclose(made(before).numpy(), x, atol=1e-5)


def test_colour_is_drawn_from_the_papers_ranges() -> None:
    made = draw(["colour"], 4000, SIZE, seed=0).colour
    assert made is not None
    for values, (low, high) in zip(made.flatten(1), ((-0.5, 0.5), (0, 2), (0.5, 1.5)), strict=True):
        assert low <= values.min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < values.max() <= high
        assert values.mean().item() == pytest.approx((low + high) / 2, abs=0.03 * (high - low))


def test_translation_moves_by_whole_pixels_and_fills_with_grey() -> None:
    before = pictures(40)
    made = draw(["translation"], 40, SIZE, seed=1)
    height, width = SIZE
    padded = np.pad(before.numpy(), ((0, 0), (0, 0), (height, height), (width, width)))
    for index, (down, right) in enumerate(made.translation):
        window = padded[index, :, height - down : 2 * height - down, width - right : 2 * width - right]
        assert np.array_equal(made(before)[index].numpy(), window)
    moves = np.array(made.translation)
    assert moves.min(axis=0).tolist() == [-2, -3]  # an eighth of 16 and of 24
    assert moves.max(axis=0).tolist() == [2, 3]


def test_cutout_empties_a_rectangle_of_half_the_sides_whose_middle_lies_anywhere() -> None:
    made = draw(["cutout"], 300, SIZE, seed=2)
    after = made(torch.ones(300, 2, *SIZE))
    assert torch.equal(after[:, :1], after[:, 1:])
    middles = []
    for hole in after[:, 0] == 0:
        rows, columns = torch.nonzero(hole, as_tuple=True)
        top, bottom, left, right = int(rows.min()), int(rows.max()) + 1, int(columns.min()), int(columns.max()) + 1
        assert len(rows) == (bottom - top) * (right - left)
        assert bottom - top == 8 or top == 0 or bottom == 16  # cut off at the border alone
        assert right - left == 12 or left == 0 or right == 24
        assert bottom - top >= 4
        assert right - left >= 6
        middles.append((top if bottom < 16 else bottom, left))
    assert len(set(middles)) > 100


def test_a_draw_does_the_same_to_whatever_it_is_applied_to() -> None:
    before = pictures()
    made = draw(KINDS, 3, SIZE, seed=3)
    assert torch.equal(made(before), made(before.clone()))
    again, other = draw(KINDS, 3, SIZE, seed=3), draw(KINDS, 3, SIZE, seed=4)
    assert torch.equal(made(before), again(before))
    assert not torch.equal(made(before), other(before))
    same = before[:1].expand(3, -1, -1, -1)
    assert not torch.equal(made(same)[0], made(same)[1])  # each picture has its own


def test_draws_move_no_other_random_state() -> None:
    before = torch.random.get_rng_state()
    draw(KINDS, 3, SIZE, seed=3)(pictures())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_nothing_drawn_is_nothing_done() -> None:
    before = pictures()
    assert torch.equal(Augmentation()(before), before)


@pytest.mark.parametrize("kinds", [[kind] for kind in KINDS] + [list(KINDS)], ids="+".join)
def test_the_gradient_is_that_of_differences(kinds: list[str]) -> None:
    made = draw(kinds, 2, (4, 6), seed=7)
    before = torch.randn(2, 3, 4, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(made, before)
