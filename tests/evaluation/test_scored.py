"""Which scores suit a run, by which names they are asked for, and what a picture adds to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from pix2pix.data.domains import Domain, LabAb, Labels, Raw, Rgb
from pix2pix.evaluation.run import EvaluationError
from pix2pix.evaluation.scored import CATALOGUE, Translated, choose, names_of, scored, wanted_metrics
from pix2pix.metrics.image import rmse

UNASKED = ["psnr", "ssim", "l1", "log_spectrum_distance"]


def pair(channels: int, side: int = 12, *, weight: torch.Tensor | None = None) -> Translated:
    source, translation, target = torch.rand(3, channels, side, side, generator=torch.manual_seed(0)) * 2 - 1
    return Translated(source, translation, target, weight)


@pytest.mark.parametrize(
    ("target", "names"),
    [
        (Rgb(), [*UNASKED, "lab_histogram"]),
        (LabAb(), [*UNASKED, "lab_histogram"]),
        (Labels(classes=3), [*UNASKED, "label_scores"]),
        (Raw(2, (0, 1)), UNASKED),
        (Raw(1, (0, 1), unit="HU"), [*UNASKED, "rmse"]),
    ],
)
def test_what_is_measured_unasked(target: Domain, names: list[str]) -> None:
    choice = choose(None, target, pictures=5, size=(64, 64))
    assert set(choice.kept) == set(names)
    assert not choice.whole
    assert set(choice.left_out) == {"ms_ssim"}
    assert "ms_ssim" in choose(None, target, pictures=5, size=(256, 256)).kept


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["ms_ssim"], "ms_ssim cannot be measured: needs pictures of at least 161"),
        (["label_scores"], "label_scores cannot be measured: it says nothing of a target of the domain rgb"),
        (["fid"], "fid cannot be measured: no weights of"),
    ],
)
def test_what_is_asked_for_and_does_not_suit(wanted: Sequence[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=message):
        choose(wanted, Rgb(), pictures=5, size=(64, 64), weights=tmp_path)


def test_names_that_are_typed() -> None:
    assert wanted_metrics(["ssim", "class_iou", "pixel_accuracy", "judged_class_iou"]) == [
        "ssim",
        "label_scores",
        "judge",
    ]
    with pytest.raises(EvaluationError, match=r"there is no 'spnr'; there are psnr, .*, judge\. Nearest: psnr"):
        wanted_metrics(["spnr"])


@pytest.mark.parametrize("name", [name for name, entry in CATALOGUE.items() if name not in ("fid", "kid", "lpips")])
def test_the_names_of_scores_are_those_that_come(name: str) -> None:
    domains: dict[str, Domain] = {"label_scores": Labels(classes=3), "rmse": Raw(3, (0, 1), unit="m")}
    domain = domains.get(name, Rgb())
    each = scored(name, domain)
    translated = pair(3, 200 if name == "ms_ssim" else 12)
    values = each.values(each.contribution(translated._replace(in_unit=translated.target)))
    assert tuple(values) == each.names == names_of(name)
    assert all(np.isfinite(value) for value in values.values())


def test_pictures_that_do_not_count() -> None:
    nothing = torch.zeros(1, 12, 12)
    assert scored("l1", Rgb()).contribution(pair(3, weight=nothing)).tolist() == [0, 0]
    assert scored("ms_ssim", Rgb()).contribution(pair(3)).tolist() == [0, 0]
    assert np.isnan(scored("l1", Rgb()).values(np.zeros(2))["l1"])


def test_a_score_in_the_targets_unit() -> None:
    """The target's values count as they are, also where they lie beyond the range that the network knows."""
    each, translated = scored("rmse", Raw(1, (-1000, 1000), unit="HU")), pair(1)
    beyond = 5000 * translated.target
    value, count = each.contribution(translated._replace(in_unit=beyond))
    assert (each.unit, count) == ("HU", 1)
    assert value == pytest.approx(float(rmse(1000 * translated.translation, beyond)), rel=1e-5)
