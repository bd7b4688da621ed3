"""Going through a split: what each picture adds is the score of it alone; bad pictures count once or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.evaluation.untrained_runs import pairs_folder, untrained
from tests.training.stopped_run import train

from pix2pix.data.datamodule import PairedData
from pix2pix.errors import BadPairError
from pix2pix.evaluation.measure import Measured, every_sample, measure, translate_sample
from pix2pix.evaluation.run import open_run
from pix2pix.evaluation.scored import choose
from pix2pix.metrics.image import ssim


def measured(run: Path, split: str = "val", pictures: int | None = None) -> tuple[Measured, PairedData]:
    opened = open_run(str(run))
    data, translator = opened.data(split), opened.translator()
    choice = choose(None, translator.target, pictures=6, size=(16, 16))
    return measure(translator, data, split, choice, pictures=pictures), data


def means(found: Measured) -> dict[str, float]:
    sums = {name: each.sum(axis=0) for name, each in found.contributions.items() if each.shape[1] == 2}
    return {name: total / count for name, (total, count) in sums.items()}


def test_the_means_are_the_scores_of_the_runs_own_validation(tmp_path: Path) -> None:
    """Same noise, same statistics, same weights: those of the average."""
    module = train(tmp_path, "training.average=0.9", "schedule.epochs=2").module
    found = means(measured(tmp_path)[0])
    expected = {name.removeprefix("val/"): value for name, value in module.latest_scores.items()}
    assert set(expected) == {"psnr", "ssim", "l1", "log_spectrum_distance"}
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=2e-6)


def test_each_picture_adds_the_score_of_it_alone(tmp_path: Path) -> None:
    run = untrained(tmp_path / "run")
    found, data = measured(run, "test")
    translator = open_run(str(run)).translator()
    assert found.names == [f"test-{index:06d}" for index in range(4)]
    for index, name in enumerate(found.names):
        pair = data.readable("test")[index]
        translated, target = (
            torch.from_numpy(each).permute(2, 0, 1) / 255 for each in (translator(pair.source, name), pair.target)
        )
        value, count = found.contributions["ssim"][index]
        assert count == 1
        assert value == pytest.approx(float(ssim(translated, target)), abs=0.01)  # the file's are rounded to 8 bits


def test_the_first_pictures_alone(tmp_path: Path) -> None:
    run = untrained(tmp_path / "run")
    whole, part = measured(run)[0], measured(run, pictures=2)[0]
    assert part.names == whole.names[:2]
    assert all((part.contributions[name] == whole.contributions[name][:2]).all() for name in part.contributions)
    assert part.targets != whole.targets


def test_the_digest_is_of_the_targets_alone(tmp_path: Path) -> None:
    one, other = (measured(untrained(tmp_path / name, f"seed={name}"))[0] for name in "12")
    larger = measured(untrained(tmp_path / "large", "data.size=[24,24]"))[0]
    assert one.targets == other.targets
    assert not np.array_equal(one.contributions["ssim"], other.contributions["ssim"])
    assert one.targets != larger.targets


def test_what_counts_is_a_part_of_the_digest_and_the_rest_is_shown_as_it_is(tmp_path: Path) -> None:
    root = pairs_folder(tmp_path / "pairs", train=2, val=3)
    holes = ("data=derived", f"data.root={root}", "data.derive=holes")
    everywhere, only = (untrained(tmp_path / each, *holes, f"data.holes.only={each}") for each in ("false", "true"))
    assert measured(everywhere)[0].targets != measured(only)[0].targets
    run = open_run(str(only))
    sample = next(every_sample(run.data("val"), "val"))
    assert sample.weight is not None
    translated = translate_sample(run.translator(), sample, "cpu")
    known = (sample.weight == 0).expand_as(sample.target)
    assert torch.equal(translated.shown[1][known], sample.target[known])
    assert torch.equal(translated.shown[1][~known], translated.translation[~known])


def test_bad_pictures(tmp_path: Path) -> None:
    root = pairs_folder(tmp_path / "pairs", train=2, val=4)
    settings = ("data=side_by_side", f"data.root={root}")
    strict = untrained(tmp_path / "strict", *settings)
    lenient = untrained(tmp_path / "lenient", *settings, "data.on_bad=skip")
    (root / "val" / "1.png").write_bytes(b"none")
    with pytest.raises(BadPairError, match=r"1\.png"):
        measured(strict)
    assert measured(lenient)[0].names == ["0", "2", "3"]  # and not its neighbour twice
