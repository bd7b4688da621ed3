"""Terms and players beyond the paper in training: whole steps written out, parts, precision, weights, resuming."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
import torch.nn.functional as F
from tests.losses.random_vgg19 import random_vgg19
from tests.training import stopped_run
from tests.training.stopped_run import assert_same_run, checkpoint, signalled, train
from tests.training.tiny_run import SGD, Steps, fit, largest_difference, tiny_data, tiny_module
from torch import Tensor, nn

from pix2pix.data.pairs import Batch
from pix2pix.errors import ConfigError
from pix2pix.losses.augmentation import Augmentation, draw
from pix2pix.losses.objective import Objective
from pix2pix.losses.perceptual import PerceptualLoss
from pix2pix.losses.r1 import r1
from pix2pix.models.coarse_to_fine import CoarseToFine
from pix2pix.models.multiscale import MultiScale
from pix2pix.models.patchgan import PatchGAN
from pix2pix.processes.signals import Interrupted
from pix2pix.training import translation
from pix2pix.training.schedules import LinearDecay
from pix2pix.training.translation import Translation

DESCENT: dict[str, Any] = {"optimizer": SGD, "rates": (1e-3, 1e-3)}


@pytest.fixture(scope="module")
def perceptual() -> PerceptualLoss:
    return PerceptualLoss(random_vgg19())


def everything(perceptual: PerceptualLoss, **changes: Any) -> Objective:
    """Each term that there is."""
    objective = Objective(
        "least_squares",
        l1_weight=10,
        l1_scale=2,
        feature_matching_weight=10,
        perceptual_weight=0.5,
        perceptual=perceptual,
        r1_gamma=2,
        augment=("colour", "translation", "cutout"),
    )
    return dataclasses.replace(objective, **changes)


def module_of(objective: Objective, *, spectral_norm: bool = True, **settings: Any) -> Translation:
    """Coarse to fine against two scales."""
    torch.manual_seed(0)
    generator = CoarseToFine(3, 3, base_channels=4, blocks=1, local_blocks=1, halvings=2)
    discriminator = MultiScale(6, 4, receptive_field=7, scales=2, spectral_norm=spectral_norm)
    return tiny_module(tiny_data(), objective, generator=generator, discriminator=discriminator, **settings)


# --- a step written out -----------------------------------------------------------------------------------------------


class Draws:
    """What was drawn in each step; a copy for whoever writes the steps out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[Augmentation] = []
        monkeypatch.setattr(translation, "draw", self)

    def __call__(self, kinds: Sequence[str], count: int, size: tuple[int, int], seed: int) -> Augmentation:
        self.made.append(draw(kinds, count, size, seed))
        return self.made[-1]


def squared_slope(logits: Sequence[Tensor], target: Tensor) -> Tensor:
    """γ/2 without γ's half: the mean over scales, of the patches' sum divided by their number."""
    slopes = [torch.autograd.grad(each.sum(), target, create_graph=True)[0] for each in logits]
    means = [s.square().sum() / len(target) / each[0].numel() for s, each in zip(slopes, logits, strict=True)]
    return sum(means[1:], means[0]) / len(means)


def test_three_steps_are_those_written_out(
    perceptual: PerceptualLoss, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objective, rate = everything(perceptual), 1e-3
    module, draws = module_of(objective, **DESCENT, step_batch=2), Draws(monkeypatch)
    G, D = copy.deepcopy(module.generator), copy.deepcopy(module.discriminator)
    assert D is not None
    before = copy.deepcopy(module.state_dict())
    fit(module, tiny_data(6, batch_size=2), tmp_path, limit_val_batches=0)

    def descend(player: nn.Module, loss: Tensor) -> None:
        parameters = list(player.parameters())
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                assert gradient is not None
                parameter.sub_(rate * gradient)

    for step, batch in enumerate(tiny_data(6, batch_size=2).train_dataloader()):
        x, y = batch.source, batch.target
        T = draws.made[2 * step]  # D's turn; G's has the same again

        def seen(target: Tensor, x: Tensor = x, T: Augmentation = T) -> Tensor:
            return torch.cat([T(x), T(target)], dim=1)

        translated = G(x)
        real, fake = D(seen(y)), D(seen(translated.detach()))
        game = sum(((r.logits - 1) ** 2).mean() + (f.logits**2).mean() for r, f in zip(real, fake, strict=True)) / 2
        y_again = y.clone().requires_grad_()
        slopes = squared_slope([each.logits for each in D(seen(y_again))], y_again)
        descend(D, (game + 2 / 2 * slopes) / 2)

        fake = D(seen(translated), features=True)
        with torch.no_grad():
            real = D(seen(y), features=True)
        loss = sum(((f.logits - 1) ** 2).mean() for f in fake) / 2
        loss = loss + 10 * F.l1_loss(F.avg_pool2d(translated, 2), F.avg_pool2d(y, 2))
        for ours, theirs in zip(fake, real, strict=True):
            for one, other in zip(ours.features, theirs.features, strict=True):
                loss = loss + 10 * (one - other).abs().mean() / 2
        descend(G, loss + 0.5 * perceptual(translated, y))

    written_out = {f"generator.{name}": value for name, value in G.state_dict().items()}
    written_out |= {f"discriminator.{name}": value for name, value in D.state_dict().items()}
    difference, name = largest_difference(module.state_dict(), written_out)
    moved, _ = largest_difference(module.state_dict(), before)
    print(f"largest difference {difference:g} in {name}; the steps moved a tensor by up to {moved:g}")
    assert moved > 1e-3
    assert difference < 1e-6
    assert all(torch.equal(draws.made[2 * step].cutout, draws.made[2 * step + 1].cutout) for step in range(3))  # type: ignore[arg-type]
    assert not torch.equal(draws.made[0].cutout, draws.made[2].cutout)  # type: ignore[arg-type]


# --- parts, turns, weights --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spectral_norm", [False, True])
def test_three_parts_of_one_are_a_batch_of_three(
    spectral_norm: bool, perceptual: PerceptualLoss, tmp_path: Path
) -> None:
    """Without augmentation, which each part draws for itself; the power iteration too moves once a part."""
    states = []
    for parts in (1, 3):
        data, steps = tiny_data(5, batch_size=3 // parts, accumulate=parts), Steps()
        objective = everything(perceptual, augment=(), r1_every=2)
        module = module_of(objective, spectral_norm=spectral_norm, step_batch=3 // parts, **DESCENT)
        if spectral_norm:
            assert module.discriminator is not None
            for _ in range(100):
                module.discriminator(torch.zeros(1, 6, 16, 16))
        fit(module, data, tmp_path, [steps], epochs=2, limit_val_batches=0)
        states.append(steps.states[-1])
    for state in states if spectral_norm else ():
        for name in [name for name in state if name.endswith(("_u", "_v"))]:
            del state[name]
    difference, name = largest_difference(*states)
    print(f"largest difference {difference:g} in {name}")
    assert difference < (1e-4 if spectral_norm else 1e-6)


def test_no_gradient_is_left_with_either_player(perceptual: PerceptualLoss, tmp_path: Path) -> None:
    foreign: list[str] = []

    class Watch(pl.Callback):
        def on_before_optimizer_step(self, trainer: pl.Trainer, module: Any, optimizer: Any) -> None:
            own = {id(each) for group in optimizer.param_groups for each in group["params"]}
            found = {id(each): name for name, each in module.named_parameters() if each.grad is not None}
            foreign.extend(name for place, name in found.items() if place not in own)

    module = module_of(everything(perceptual))
    fit(module, tiny_data(2), tmp_path, [Watch()], limit_val_batches=0)
    assert foreign == []
    assert all(each.grad is None for each in module.parameters())
    assert not any("vgg" in name or "perceptual" in name for name in module.state_dict())


class Disturb(pl.Callback):
    """Writes noise over the target where it does not count."""

    def on_train_batch_start(self, trainer: pl.Trainer, module: Any, batch: Batch, batch_idx: int) -> None:
        assert batch.weight is not None
        holes = (batch.weight == 0).expand_as(batch.target)
        batch.target[holes] = torch.rand(int(holes.sum()), generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("parts", [1, 2])
def test_targets_change_nothing_where_they_have_no_weight(
    parts: int, perceptual: PerceptualLoss, tmp_path: Path
) -> None:
    states = []
    for callbacks in ([], [Disturb()]):
        module = module_of(everything(perceptual), step_batch=2 // parts)
        data = tiny_data(4, batch_size=2 // parts, accumulate=parts, holes=True)
        fit(module, data, tmp_path, callbacks, limit_val_batches=0)
        states.append(module.state_dict())
    assert largest_difference(*states)[0] == 0


# --- R1 ---------------------------------------------------------------------------------------------------------------


class Logged(pl.Callback):
    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, *_: Any) -> None:
        self.rows.append(dict(module.latest))


def test_lazily_r1_is_paid_in_every_third_step_and_three_times_over(tmp_path: Path) -> None:
    """With rates of 0, so that each step's discriminator is the same: over two epochs of four steps."""
    found = []
    for every in (1, 3):
        logged, data = Logged(), tiny_data(4)
        settings: dict[str, Any] = {"optimizer": SGD, "rates": (0.0, 0.0), "log_every_images": 1}
        module = tiny_module(data, Objective(r1_gamma=2, r1_every=every), norm="instance", **settings)
        fit(module, data, tmp_path, [logged], epochs=2, limit_val_batches=0)
        found.append(logged.rows)
    always, lazily = found
    for step, (one, other) in enumerate(zip(always, lazily, strict=True)):
        assert other["loss/r1"] == pytest.approx(3 * one["loss/r1"] if step % 3 == 0 else 0, rel=1e-6)
        game = one["loss/discriminator"] - 2 / 4 * one["loss/r1"]
        assert other["loss/discriminator"] == pytest.approx(game + 2 / 4 * other["loss/r1"], rel=1e-5)


def test_r1_keeps_slopes_small(tmp_path: Path) -> None:
    """Against a discriminator that has no such term, on the pictures that both were trained with."""
    slopes = []
    for gamma in (0, 10):
        data, objective = tiny_data(4), Objective("hinge", l1_weight=0, r1_gamma=gamma)
        module = tiny_module(data, objective, norm="none", rates=(2e-4, 2e-3), schedule=LinearDecay(20))
        fit(module, data, tmp_path, epochs=20, limit_val_batches=0)
        assert module.discriminator is not None
        batch = next(iter(tiny_data(4, batch_size=4).train_dataloader()))
        target = batch.target.requires_grad_()
        logits = module.discriminator(torch.cat([batch.source, target], dim=1))
        slopes.append(squared_slope([logits], target).item())
    print(f"R1 {slopes[0]:g} without, {slopes[1]:g} with")
    assert slopes[1] < slopes[0] / 10


# --- mixed precision --------------------------------------------------------------------------------------------------


def test_mixed_precision_is_near_float32_and_r1_is_float32(
    perceptual: PerceptualLoss, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dtypes: set[torch.dtype] = set()

    def watched(logits: Sequence[Tensor], targets: Tensor) -> Tensor:
        dtypes.update(each.dtype for each in logits)
        return r1(logits, targets)

    monkeypatch.setattr(translation, "r1", watched)
    found = {}
    for precision in ("32-true", "bf16-mixed"):
        logged = Logged()
        module = module_of(everything(perceptual), log_every_images=1)
        fit(module, tiny_data(3), tmp_path, [logged], limit_val_batches=0, precision=precision)
        found[precision] = logged.rows[0]
        assert {each.dtype for each in module.state_dict().values()} == {torch.float32}
    assert dtypes == {torch.float32}
    assert found["bf16-mixed"] == pytest.approx(found["32-true"], rel=0.03)
    assert found["bf16-mixed"]["loss/r1"] == pytest.approx(found["32-true"]["loss/r1"], rel=1e-6)
    assert found["bf16-mixed"] != found["32-true"]


@pytest.mark.slow
def test_compiled_steps_agree_with_eager_ones(perceptual: PerceptualLoss, tmp_path: Path) -> None:
    """Needs a C++ compiler."""
    states = []
    for compiled in (False, True):
        module = module_of(everything(perceptual), **DESCENT)
        if compiled:
            for player in module.players.values():
                player.compile()
        fit(module, tiny_data(3), tmp_path, limit_val_batches=0)
        states.append(copy.deepcopy(module.state_dict()))
    torch.compiler.reset()
    difference, name = largest_difference(*states)
    print(f"compiled: largest difference {difference:g} in {name}")
    assert difference < 1e-5


# --- stopped and taken up again ---------------------------------------------------------------------------------------

MULTISCALE = ("discriminator=multiscale", "discriminator.scales=2")
AUGMENT = "objective.augment=[colour,translation,cutout]"
VARIANTS = {
    "pix2pixHD's objective on two scales": (*MULTISCALE, "objective=pix2pixhd"),
    "feature matching, augmentation": ("objective.feature_matching_weight=10", AUGMENT),
    "spectral norm, lazy R1": ("discriminator.spectral_norm=true", "objective.r1_gamma=10", "objective.r1_every=3"),
    "R1 on two scales, L1 of smaller pictures": (*MULTISCALE, "objective.r1_gamma=10", "objective.l1_scale=4"),
    "coarse to fine": ("generator=coarse_to_fine", "generator.halvings=1", "generator.blocks=1"),
    "all of them in bf16": (
        *(*MULTISCALE, "objective=pix2pixhd", "objective.l1_weight=10", "objective.l1_scale=2", AUGMENT),
        *("discriminator.spectral_norm=true", "objective.r1_gamma=10", "objective.r1_every=3"),
        *("objective.perceptual_weight=1", "objective.vgg19=VGG19", "generator=coarse_to_fine", "generator.halvings=1"),
        *("generator.blocks=1", "trainer.precision=bf16-mixed", "training.average=0.9"),
    ),
}


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("weights") / "vgg19.pth"
    torch.save(random_vgg19(), file)
    return file


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_run_in_parts_that_was_stopped_is_the_run_that_was_not(
    variant: str, weights_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two parts a step, the last step of an epoch shorter; stopped within the second epoch."""
    overrides = [each.replace("VGG19", str(weights_file)) for each in VARIANTS[variant]]
    if "generator=coarse_to_fine" in overrides:
        monkeypatch.setattr(stopped_run, "TINY", tuple(each for each in stopped_run.TINY if "generator" not in each))
    overrides += ["training.accumulate=2", "schedule.epochs=2", "objective.adversarial_weight=1"]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(whole, *overrides)
    with pytest.raises(Interrupted):
        train(stopped, *overrides, extra=[signalled("on_train_batch_start", 9)])
    assert checkpoint(stopped)["images_seen"] == 11
    train(stopped, *overrides, resume=True)
    assert checkpoint(whole)["images_seen"] == 14
    assert_same_run(stopped, whole)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["objective.vgg19=OTHER"], r"objective\.vgg19: .*features\.0\.weight is absent"),
        (["data.task=photo2labels"], r"objective\.perceptual_weight: VGG19 sees .* and the target has \d+\. Type"),
        ([], r"objective\.vgg19: no weights of VGG19: .*Download https://.*vgg19-dcbb9e9d\.pth"),
    ],
)
def test_weights_that_do_not_fit_end_the_run_in_words(
    overrides: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    torch.save({}, tmp_path / "other.pth")
    typed = [each.replace("OTHER", str(tmp_path / "other.pth")) for each in overrides]
    with pytest.raises(ConfigError, match=message):
        train(tmp_path / "run", "objective.perceptual_weight=1", *typed)


def test_a_patchgan_needs_no_features_where_none_are_matched(tmp_path: Path) -> None:
    """So a discriminator from elsewhere may give logits alone."""

    class Elsewhere(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = PatchGAN(6, 4, receptive_field=16)

        def forward(self, pictures: Tensor) -> Tensor:
            logits: Tensor = self.inner(pictures)
            return logits

    module = tiny_module(tiny_data(), "l1_cgan", discriminator=Elsewhere())
    before = copy.deepcopy(module.state_dict())
    fit(module, tiny_data(2), tmp_path, limit_val_batches=0)
    assert largest_difference(before, module.state_dict())[0] > 0
