"""The generator's running average: its closed form, and that people see it: in validation and in checkpoints."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from tests.training.stopped_run import checkpoint
from tests.training.tiny_run import Steps, fit, largest_difference, tiny_data, tiny_module
from torch import nn

from pix2pix.callbacks.checkpoints import Checkpoints
from pix2pix.data.samples import collate
from pix2pix.models.test_time import translate
from pix2pix.models.unet import UNet
from pix2pix.runs.run import FORMAT, generator_weights
from pix2pix.training.average import decay_of_step, start_average, update_average

DECAY = 0.8


def test_closed_form_after_several_steps(tmp_path: Path) -> None:
    data, steps = tiny_data(5), Steps()
    module = tiny_module(data, average=DECAY, rates=(1e-2, 1e-2))
    first = {name: each.clone() for name, each in module.generator.named_parameters()}
    fit(module, data, tmp_path, [steps], limit_val_batches=0)
    assert module.average is not None
    for name, average in module.average.named_parameters():
        # decay^n θ_0 + (1 - decay) Σ_i decay^(n - i) θ_i
        expected = DECAY**5 * first[name].double()
        for step, state in enumerate(steps.states, start=1):
            expected += (1 - DECAY) * DECAY ** (5 - step) * state[f"generator.{name}"].double()
        assert float((average.detach().double() - expected).abs().max()) < 1e-6, name
        assert float((average.detach() - steps.states[-1][f"generator.{name}"]).abs().max()) > 1e-4, name
    assert largest_difference(dict(module.average.named_buffers()), dict(module.generator.named_buffers()))[0] == 0


def test_a_half_life_grows_with_the_images_seen(tmp_path: Path) -> None:
    """In double precision: images of one step weigh half as much as those of a half-life later."""
    data, steps = tiny_data(6, batch_size=2), Steps()
    module = tiny_module(data, average=3, rates=(1e-2, 1e-2), step_batch=2)
    expected = {name: each.detach().double() for name, each in module.generator.named_parameters()}
    fit(module, data, tmp_path, [steps], epochs=40, limit_val_batches=0)
    for number, state in enumerate(steps.states, start=1):
        half_life = min(3, 2 * number / 20)
        for name, before in expected.items():
            now = state[f"generator.{name}"].double()
            expected[name] = now + 2 ** (-2 / half_life) * (before - now)
    assert module.average is not None
    for name, average in module.average.named_parameters():
        assert float((average.detach().double() - expected[name]).abs().max()) < 1e-6, name


def test_nothing_of_the_start_is_left() -> None:
    """Of 400 images with a half-life of 700: by a decay of 0.999 a step, two thirds of it were."""
    start = math.prod(decay_of_step(700, 1, seen) for seen in range(1, 401))
    assert start < 1e-30
    assert math.prod(decay_of_step(0.999, 1, seen) for seen in range(1, 401)) == pytest.approx(0.999**400)


@pytest.mark.parametrize(("images", "ranks"), [(1, 1), (4, 1), (2, 2)])
def test_a_half_life_is_in_images_whatever_the_batch(images: int, ranks: int) -> None:
    steps = 1000 // (images * ranks)
    kept = math.prod(decay_of_step(1000, images * ranks, 10**6) for _ in range(steps))
    assert kept == pytest.approx(0.5)


def test_validation_and_checkpoint_use_it(tmp_path: Path) -> None:
    data = tiny_data(4, val=3)
    module = tiny_module(data, average=DECAY, rates=(1e-2, 1e-2), dropout=0.5)
    trainer = fit(module, data, tmp_path, [Checkpoints(tmp_path, {"format": FORMAT})])
    assert module.average is not None
    batch = collate(list(data.usable("val")))

    def l1(generator: UNet) -> float:
        translated = translate(generator, batch.source, batch.names, noise=True, statistics="picture", seed=0)
        return float((translated - batch.target).abs().mean()) / 2  # scores are taken on [0, 1]

    score = float(trainer.callback_metrics["val/l1"])
    assert isinstance(module.average, UNet)
    assert isinstance(module.generator, UNet)
    assert score == pytest.approx(l1(module.average), abs=1e-6)
    assert score != pytest.approx(l1(module.generator), abs=1e-5)
    weights = generator_weights(checkpoint(tmp_path))
    assert largest_difference(weights, module.average.state_dict())[0] == 0
    assert largest_difference(weights, module.generator.state_dict())[0] > 1e-4


def test_no_gradient_reaches_it() -> None:
    average = start_average(UNet(3, 3, base_channels=4, depth=2))
    assert not average.training
    assert not any(each.requires_grad for each in average.parameters())


def test_one_update() -> None:
    average, network = nn.BatchNorm1d(1), nn.BatchNorm1d(1)
    with torch.no_grad():
        network.weight.fill_(3)
    assert network.running_mean is not None
    network.running_mean.fill_(7)
    update_average(average, network, decay=0.75)
    assert average.weight.item() == pytest.approx(0.75 * 1 + 0.25 * 3)
    assert average.running_mean is not None
    assert average.running_mean.item() == 7  # statistics are copied
