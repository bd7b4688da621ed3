"""The two players' steps beyond the plain case: batches in parts, pixels of no weight, whose gradients, bad losses."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from tests.training.stopped_run import checkpoint
from tests.training.tiny_run import (
    OBJECTIVES,
    SGD,
    Gradients,
    Steps,
    fit,
    largest_difference,
    tiny_data,
    tiny_module,
)
from torch import Tensor, nn

from pix2pix.callbacks.checkpoints import Checkpoints
from pix2pix.data.pairs import Batch
from pix2pix.losses.objective import Objective
from pix2pix.runs.run import FORMAT
from pix2pix.training.loss_log import NonFiniteLossError
from pix2pix.training.schedules import LinearDecay
from pix2pix.training.translation import Translation

DESCENT: dict[str, Any] = {"optimizer": SGD, "rates": (1e-3, 1e-3)}

# --- batches in parts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", ["l1", "l1_cgan"])
def test_three_parts_of_one_are_a_batch_of_three(objective: str, tmp_path: Path) -> None:
    """Five pairs: a batch of three and the epoch's last, of two. Instance norm, since batch norm sees the parts."""
    states = []
    for parts in (1, 3):
        data, steps = tiny_data(5, batch_size=3 // parts, accumulate=parts), Steps()
        module = tiny_module(data, objective, norm="instance", step_batch=3 // parts, **DESCENT)
        fit(module, data, tmp_path, [steps], epochs=2, limit_val_batches=0)
        assert len(steps.states) == 4
        assert module.images_seen == 10
        states.append(steps.states[-1])
    difference, name = largest_difference(*states)
    print(f"{objective}: largest difference {difference:g} in {name}")
    assert difference < 1e-6


def test_a_batch_in_parts_counts_each_picture_once_in_the_running_statistics(tmp_path: Path) -> None:
    data = tiny_data(3, accumulate=3)
    module = tiny_module(data, norm="batch", step_batch=1)
    generator = copy.deepcopy(module.generator)
    fit(module, data, tmp_path, limit_val_batches=0)
    for batch in tiny_data(3).train_dataloader():  # the same three pictures one by one, with the weights from before
        generator(batch.source)
    ours, expected = dict(module.generator.named_buffers()), dict(generator.named_buffers())
    assert max(float(each.max()) for name, each in ours.items() if name.endswith("tracked")) == 3
    assert largest_difference(ours, expected)[0] == 0


def test_the_rehearsal_has_the_noise_of_the_performance(tmp_path: Path) -> None:
    data = tiny_data(2, accumulate=2)
    module = tiny_module(data, dropout=0.5, step_batch=1)
    translations: list[Tensor] = []
    module.generator.register_forward_hook(lambda _, inputs, output: translations.append(output.detach().clone()))
    noises: list[Tensor] = []
    dropout = next(each for each in module.generator.modules() if isinstance(each, nn.Dropout))
    dropout.register_forward_hook(lambda _, inputs, output: noises.append(output == 0))
    fit(module, data, tmp_path, limit_val_batches=0)
    first, second, first_again, second_again = translations
    assert torch.equal(first, first_again)
    assert torch.equal(second, second_again)
    assert not torch.equal(noises[0], noises[1])  # each part has a noise of its own


def test_the_noise_of_a_step_depends_on_seed_and_images_alone(tmp_path: Path) -> None:
    def states(seed: int) -> list[dict[str, Tensor]]:
        data, steps = tiny_data(2), Steps()
        module = tiny_module(data, dropout=0.5)
        module.recipe = dataclasses.replace(module.recipe, seed=seed)
        fit(module, data, tmp_path, [steps], limit_val_batches=0)
        return steps.states

    torch.manual_seed(1)
    one = states(seed=3)
    torch.manual_seed(2)
    again, other = states(seed=3), states(seed=4)
    assert largest_difference(one[-1], again[-1])[0] == 0
    assert largest_difference(one[-1], other[-1])[0] > 0


# --- whose gradients --------------------------------------------------------------------------------------------------


class ForeignGradients(pl.Callback):
    """Before each step: the names of parameters that have a gradient though it is the other player's turn."""

    def __init__(self) -> None:
        self.turns: list[str] = []
        self.foreign: list[str] = []

    def on_before_optimizer_step(self, trainer: pl.Trainer, module: Any, optimizer: Any) -> None:
        own = "generator" if optimizer.param_groups[0]["params"][0] is next(module.generator.parameters()) else ""
        self.turns.append(own or "discriminator")
        self.foreign += [
            name
            for name, each in module.named_parameters()
            if each.grad is not None and not name.startswith(self.turns[-1])
        ]


@pytest.mark.parametrize("parts", [1, 2])
def test_the_discriminator_steps_first_and_no_gradient_reaches_the_other_player(parts: int, tmp_path: Path) -> None:
    data, watch = tiny_data(4, batch_size=2 // parts, accumulate=parts), ForeignGradients()
    module = tiny_module(data, step_batch=2 // parts, average=0.9)
    fit(module, data, tmp_path, [watch], limit_val_batches=0)
    assert watch.turns == ["discriminator", "generator"] * 2
    assert watch.foreign == []
    assert all(each.grad is None for each in module.parameters())  # and none is left over


# --- pixels of no weight ----------------------------------------------------------------------------------------------


class Disturb(pl.Callback):
    """Writes noise over the target where it does not count."""

    def on_train_batch_start(self, trainer: pl.Trainer, module: Any, batch: Batch, batch_idx: int) -> None:
        assert batch.weight is not None
        holes = (batch.weight == 0).expand_as(batch.target)
        assert 0.1 < holes.float().mean() < 0.5
        batch.target[holes] = torch.rand(int(holes.sum()), generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("parts", [1, 2])
def test_targets_change_nothing_where_they_have_no_weight(objective: str, parts: int, tmp_path: Path) -> None:
    states = []
    for callbacks in ([], [Disturb()]):
        data = tiny_data(4, batch_size=2 // parts, accumulate=parts, holes=True)
        module = tiny_module(data, objective, step_batch=2 // parts)
        before = copy.deepcopy(module.state_dict())
        fit(module, data, tmp_path, callbacks, limit_val_batches=0)
        assert largest_difference(before, module.state_dict())[0] > 0
        states.append(module.state_dict())
    assert largest_difference(*states)[0] == 0


# --- schedules --------------------------------------------------------------------------------------------------------


def test_the_rates_in_the_optimisers_follow_the_schedule(tmp_path: Path) -> None:
    rates: list[float] = []

    def watched(parameters: Any, lr: float) -> torch.optim.Optimizer:
        optimizer = torch.optim.Adam(parameters, lr=lr)
        optimizer.register_step_pre_hook(lambda optimizer, *_: rates.append(optimizer.param_groups[0]["lr"]))
        return optimizer

    data = tiny_data(2)
    module = tiny_module(data, optimizer=watched, rates=(1.0e-4, 3.0e-4), schedule=LinearDecay(5, decay_epochs=3))
    fit(module, data, tmp_path, epochs=5, limit_val_batches=0)
    of_discriminator, of_generator = rates[0::2], rates[1::2]  # two batches an epoch
    factors = [1, 1, 1, 1, 0.75, 0.75, 0.5, 0.5, 0.25, 0.25]
    assert of_generator == pytest.approx([1e-4 * factor for factor in factors])
    assert of_discriminator == pytest.approx([3e-4 * factor for factor in factors])


# --- losses that are not finite ---------------------------------------------------------------------------------------


class Spoil(pl.Callback):
    """Makes one target NaN, and remembers what last.ckpt was before that step."""

    def __init__(self, at_batch: int, last: Path) -> None:
        self.at_batch, self.last = at_batch, last
        self.names: list[str] = []
        self.checkpoint = b""

    def on_train_batch_start(self, trainer: pl.Trainer, module: Any, batch: Batch, batch_idx: int) -> None:
        if module.data.place.epoch == 1 and batch_idx == self.at_batch:
            batch.target[-1, 0, 0, 0] = torch.nan
            self.names, self.checkpoint = batch.names, self.last.read_bytes()

    def on_validation_batch_end(self, trainer: pl.Trainer, module: Any, *_: Any) -> None:
        assert not self.names, "what a broken step made is validated"


@pytest.mark.parametrize("objective", ["l1", "cgan"])
@pytest.mark.parametrize(
    ("at_batch", "every_images", "settings"),
    [
        pytest.param(1, None, {}, id="found by the next step"),
        pytest.param(1, 2, {}, id="found by a checkpoint amid an epoch"),
        pytest.param(2, None, {}, id="found before the validation"),
        pytest.param(2, None, {"limit_val_batches": 0}, id="found by the checkpoint at an epoch's end"),
    ],
)
def test_a_loss_that_is_not_finite_stops_the_run_before_a_checkpoint(
    objective: str, at_batch: int, every_images: int | None, settings: dict[str, Any], tmp_path: Path
) -> None:
    last = tmp_path / "checkpoints" / "last.ckpt"
    spoil, checkpoints = Spoil(at_batch, last), Checkpoints(tmp_path, {"format": FORMAT}, every_images=every_images)
    data = tiny_data(8, accumulate=2)
    module = tiny_module(data, objective, average=0.9)
    with pytest.raises(NonFiniteLossError) as raised:
        fit(module, data, tmp_path, [spoil, checkpoints], epochs=2, limit_train_batches=3, **settings)
    assert module.images_seen == 6 + 2 * (at_batch + 1)  # no step more
    assert len(spoil.names) == 2
    assert all(name in str(raised.value) for name in spoil.names)
    assert last.read_bytes() == spoil.checkpoint
    state = checkpoint(tmp_path)["state_dict"]
    assert all(bool(value.isfinite().all()) for value in state.values())


class Burst(pl.Callback):
    """Makes a weight infinite at the end of a step, as a gradient can whose loss was finite."""

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, *_: Any) -> None:
        if module.images_seen == 4:
            with torch.no_grad():
                module.generator.get_parameter("up.0.1.weight")[0, 0, 0, 0] = torch.inf


def test_weights_that_are_not_finite_never_replace_a_checkpoint(tmp_path: Path) -> None:
    data = tiny_data(6)
    module = tiny_module(data, "l1")
    with pytest.raises(NonFiniteLossError, match=r"weights that are not: l1 .*train "):
        fit(module, data, tmp_path, [Burst(), Checkpoints(tmp_path, {"format": FORMAT}, every_images=1)])
    content = checkpoint(tmp_path)
    assert content["images_seen"] == 3
    assert all(bool(value.isfinite().all()) for value in content["state_dict"].values())


# --- how the networks run ---------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("parts", [1, 2])
def test_compiled_and_eager_steps_agree(parts: int, tmp_path: Path) -> None:
    """Needs a C++ compiler."""
    states = []
    for compiled in (False, True):
        data = tiny_data(6, batch_size=2 // parts, accumulate=parts)
        module = tiny_module(data, step_batch=2 // parts, average=0.9, **DESCENT)
        if compiled:
            assert module.discriminator is not None
            module.generator.compile()
            module.discriminator.compile()
        fit(module, data, tmp_path, [Checkpoints(tmp_path, {"format": FORMAT})], epochs=2)
        states.append(checkpoint(tmp_path)["state_dict"])
    torch.compiler.reset()
    difference, name = largest_difference(*states)  # the names agree: no `_orig_mod.`
    print(f"compiled: largest difference {difference:g} in {name}")
    assert difference < 1e-5


def test_channels_last_is_a_layout_and_changes_no_result(tmp_path: Path) -> None:
    states = []
    for channels_last in (False, True):
        data = tiny_data(4, batch_size=2)
        module = tiny_module(data, step_batch=2, channels_last=channels_last, average=0.9, **DESCENT)
        fit(module, data, tmp_path, epochs=2)
        weight = module.generator.get_parameter("down.1.0.weight")
        assert weight.is_contiguous(memory_format=torch.channels_last) == channels_last
        states.append(module.state_dict())
    difference, name = largest_difference(*states)
    print(f"channels_last: largest difference {difference:g} in {name}")
    assert difference < 1e-6


@pytest.mark.parametrize(("height", "width"), [(16, 16), (12, 20)])
def test_sides_that_the_generator_cannot_halve_are_padded_and_cropped(height: int, width: int, tmp_path: Path) -> None:
    data, gradients = tiny_data(2), Gradients()
    data.transform = dataclasses.replace(data.transform, size=(height, width))
    module: Translation = tiny_module(data, Objective(None, False))
    trainer = fit(module, data, tmp_path, [gradients])
    assert trainer.callback_metrics["val/l1"].isfinite()
    translated: Any = trainer.predict(module, datamodule=data, weights_only=True)
    assert [each.shape for each in translated] == [(2, 3, height, width)]
