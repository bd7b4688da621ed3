"""The scores of a validation."""

from __future__ import annotations

import math

import pytest
import torch

from pix2pix.data.domains import Raw, Rgb
from pix2pix.data.pairs import Batch
from pix2pix.metrics.image import l1, psnr, ssim
from pix2pix.metrics.scores import Scores
from pix2pix.settings.rules import METRICS


def test_scores_are_those_of_float32_also_under_autocast() -> None:
    random = torch.Generator().manual_seed(0)
    translated, target = torch.rand(2, 2, 3, 32, 32, generator=random) * 2 - 1
    batch = Batch(translated, target, None, ["one", "two"])
    scores = Scores(Rgb())
    with torch.autocast("cpu", torch.bfloat16):
        scores.update(translated, batch)
    found = scores.compute()
    for name, score in (("psnr", psnr), ("ssim", ssim), ("l1", l1)):
        each = [score((a + 1) / 2, (b + 1) / 2) for a, b in zip(translated, target, strict=True)]
        assert abs(found[name] - float(sum(each)) / 2) < 1e-6


@pytest.mark.parametrize(("unit", "more"), [(None, ()), ("K", ("rmse",))])
def test_what_a_sweep_may_seek_is_what_every_validation_has(unit: str | None, more: tuple[str, ...]) -> None:
    scores = Scores(Raw(channels=1, range=(0.0, 1.0), unit=unit))
    pictures = torch.zeros(1, 1, 32, 32)
    scores.update(pictures, Batch(pictures, pictures, None, ["one"]))
    assert tuple(scores.compute()) == (*METRICS, *more)


def test_a_sample_without_a_name_does_not_count() -> None:
    pictures = torch.zeros(2, 3, 32, 32)
    target = torch.stack([torch.zeros(3, 32, 32), torch.ones(3, 32, 32)])
    scores = Scores(Rgb())
    scores.update(pictures, Batch(pictures, target, None, ["one", ""]))
    assert scores.compute()["l1"] == 0
    assert scores.pictures == 1
    scores.reset()
    assert scores.pictures == 0


def test_the_error_in_the_unit_counts_what_lies_beyond_the_range() -> None:
    scores = Scores(Raw(channels=1, range=(0.0, 1.0), unit="K"))
    encoded = torch.zeros(1, 1, 16, 16)  # 0.5 K
    scores.update(encoded, Batch(encoded, encoded, None, ["one"], in_unit=torch.full((1, 1, 16, 16), 7.5)))
    assert scores.compute()["rmse"] == 7


def test_pictures_below_ssims_window_have_the_other_scores() -> None:
    random = torch.Generator().manual_seed(0)
    translated, target = torch.rand(2, 1, 3, 8, 10, generator=random) * 2 - 1
    scores = Scores(Rgb())
    scores.update(translated, Batch(translated, target, None, ["small"]))
    found = scores.compute()
    assert {name for name, value in found.items() if math.isnan(value)} == {"ssim"}
    larger = torch.zeros(1, 3, 16, 16)
    scores.update(larger, Batch(larger, larger, None, ["large"]))
    assert scores.compute()["ssim"] == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_units_and_weights_on_a_gpu() -> None:
    scores = Scores(Raw(channels=1, range=(0.0, 1.0), unit="K")).cuda()
    encoded, weight = torch.zeros(1, 1, 16, 16, device="cuda"), torch.ones(1, 1, 16, 16, device="cuda")
    in_unit = torch.full((1, 1, 16, 16), 7.5, device="cuda")
    scores.update(encoded, Batch(encoded, encoded, weight, ["one"], in_unit=in_unit))
    assert scores.compute()["rmse"] == 7
