"""What `auto` becomes; and in mixed precision: who sees whose weights, gradients, the loss scale, clipping."""

from __future__ import annotations

import copy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.plugins import MixedPrecision
from tests.training.test_step_equality import paper_steps
from tests.training.tiny_run import (
    ADAM,
    OBJECTIVES,
    SGD,
    Gradients,
    Steps,
    fit,
    largest_difference,
    tiny_data,
    tiny_module,
)
from torch import Tensor

from pix2pix.callbacks.checkpoints import Checkpoints
from pix2pix.runs.run import FORMAT
from pix2pix.training.precision import resolve_precision

# --- auto -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
@pytest.mark.parametrize("on_cpu", [True, False])
def test_what_was_asked_for_stays(precision: str, on_cpu: bool) -> None:
    assert resolve_precision(precision, on_cpu) == precision


@pytest.mark.parametrize(
    ("avx512", "amx", "expected"),
    [(True, False, "bf16-mixed"), (False, True, "bf16-mixed"), (False, False, "32-true")],
)
def test_auto_asks_the_processor(avx512: bool, amx: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert resolve_precision("auto", on_cpu=True) == expected


@pytest.mark.parametrize(
    ("available", "native", "expected"),
    [(True, True, "bf16-mixed"), (True, False, "32-true"), (False, True, "32-true")],
)
def test_auto_asks_the_gpu(available: bool, native: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation or native)
    assert resolve_precision("auto", on_cpu=False) == expected


def test_the_processor_answers_at_all() -> None:
    assert resolve_precision("auto", on_cpu=True) in ("bf16-mixed", "32-true")


# --- bf16-mixed -------------------------------------------------------------------------------------------------------


class Caching(MixedPrecision):
    """Autocast as PyTorch has it by default: weights stay cast until the context ends. Lightning switches that off."""

    def autocast_context_manager(self) -> torch.autocast:
        return torch.autocast(self.device, dtype=torch.bfloat16)


BF16 = [pytest.param(MixedPrecision, id="without a cache"), pytest.param(Caching, id="with autocast's cache")]


@pytest.mark.parametrize("plugin", BF16)
def test_the_generators_step_sees_the_discriminator_just_stepped(plugin: type[MixedPrecision], tmp_path: Path) -> None:
    """Against a loop that opens autocast anew for each player, so that nothing cast before D's step can serve G's."""
    precision = plugin("bf16-mixed", "cpu")
    module = tiny_module(tiny_data(), dropout=0.5, rates=(2e-4, 2e-2))  # a D that moves far
    generator, discriminator = copy.deepcopy(module.generator), copy.deepcopy(module.discriminator)
    fit(module, tiny_data(5), tmp_path, limit_val_batches=0, plugins=[precision])
    rates = iter((2e-4, 2e-2))
    paper_steps(
        generator,
        discriminator,
        OBJECTIVES["l1_cgan"],
        tiny_data(5),
        lambda network: _TorchAdam(network, next(rates)),
        autocast=precision.autocast_context_manager,
    )
    assert discriminator is not None
    assert module.discriminator is not None
    of_generator, _ = largest_difference(module.generator.state_dict(), generator.state_dict())
    of_discriminator, _ = largest_difference(module.discriminator.state_dict(), discriminator.state_dict())
    print(f"bf16-mixed: largest difference {of_generator:g} in G, {of_discriminator:g} in D")
    assert of_generator == of_discriminator == 0


class _TorchAdam:
    def __init__(self, network: torch.nn.Module, rate: float) -> None:
        self.adam = ADAM(network.parameters(), lr=rate)

    def step(self) -> None:
        self.adam.step()
        self.adam.zero_grad()


@pytest.mark.parametrize("plugin", BF16)
@pytest.mark.parametrize("parts", [1, 3])
def test_every_parameter_gets_a_gradient_in_float32(plugin: type[MixedPrecision], parts: int, tmp_path: Path) -> None:
    """What autocast casts in the rehearsal, without gradients, must not serve the performance."""
    data, gradients = tiny_data(6, batch_size=3 // parts, accumulate=parts), Gradients()
    module = tiny_module(data, step_batch=3 // parts, dropout=0.5)
    fit(module, data, tmp_path, [gradients], limit_val_batches=0, plugins=[plugin("bf16-mixed", "cpu")])
    assert len(gradients.seen) == 4
    for of_player in gradients.seen:
        for name, gradient in of_player.items():
            assert gradient is not None, name
            assert gradient.dtype == torch.float32
            assert float(gradient.abs().max()) > 0, name
    assert all(each.dtype == torch.float32 for each in module.parameters())


# --- clipping and the loss scale --------------------------------------------------------------------------------------

CLIP = 0.5


class Recording(torch.optim.Adam):
    """Adam that notes the norm of the gradient with which it steps: after the closure, in which Lightning clips."""

    def __init__(self, parameters: Any, lr: float, *, norms: list[float], fused: bool) -> None:
        super().__init__(parameters, lr=lr, fused=fused)
        self.norms = norms

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        if closure is not None:
            closure()
        gradients = [each.grad for each in self.param_groups[0]["params"]]
        self.norms.append(float(torch.nn.utils.get_total_norm(gradients)))
        super().step()


def precision_16(scale: float, growth_interval: int) -> MixedPrecision:
    scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=growth_interval)
    return MixedPrecision("16-mixed", "cpu", scaler)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("parts", [1, 2])
def test_each_players_gradient_is_clipped_unscaled_just_before_its_step(
    precision: str, fused: bool, parts: int, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"precision": precision}
    if precision == "16-mixed":  # Lightning itself refuses float16 on the processor; its plugin does not
        settings = {"plugins": [precision_16(256.0, growth_interval=1000)]}

    def run(clip_norm: float | None, **settings: Any) -> tuple[list[float], list[dict[str, Tensor]]]:
        data, steps, norms = tiny_data(6, batch_size=2 // parts, accumulate=parts), Steps(), list[float]()
        adam = partial(Recording, norms=norms, fused=fused)
        module = tiny_module(data, optimizer=adam, clip_norm=clip_norm, step_batch=2 // parts)
        fit(module, data, tmp_path, [steps], limit_val_batches=0, **settings)
        return norms, steps.states

    free, _ = run(None)  # in float32
    clipped, states = run(CLIP, **settings)
    print(f"norms of D, G, D, G, …: {free} without clipping, {clipped} with it")
    assert len(free) == len(clipped) == 6
    assert free[0] < CLIP < free[1]  # D's gradient is small, G's is not: L1 pulls at it with 100
    assert clipped[0] == pytest.approx(free[0], rel=0.02)
    assert clipped[1::2] == pytest.approx([CLIP] * 3, rel=1e-3)
    for player in ("generator", "discriminator"):
        weights = [name for name in states[0] if name.startswith(player) and name.endswith("weight")]
        assert all(not torch.equal(states[0][name], states[-1][name]) for name in weights)


def test_clipping_leaves_a_small_gradient_as_it_is(tmp_path: Path) -> None:
    states = []
    for clip_norm in (None, 1e6):
        data = tiny_data(3)
        module = tiny_module(data, clip_norm=clip_norm)
        fit(module, data, tmp_path, limit_val_batches=0)
        states.append(module.state_dict())
    assert largest_difference(*states)[0] == 0


@pytest.mark.parametrize("fused", [False, True])
def test_the_loss_scale_grows_with_the_steps_of_both_players(fused: bool, tmp_path: Path) -> None:
    plugin = precision_16(256.0, growth_interval=4)
    data = tiny_data(6)
    module = tiny_module(data, optimizer=partial(torch.optim.Adam, fused=fused))
    fit(module, data, tmp_path, limit_val_batches=0, plugins=[plugin])
    assert plugin.scaler is not None
    assert plugin.scaler.get_scale() == 256.0 * 2 ** (6 * 2 // 4)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("clip_norm", [None, CLIP])
def test_a_loss_scale_too_large_is_lowered_and_its_steps_are_left_out(
    fused: bool, clip_norm: float | None, tmp_path: Path
) -> None:
    plugin, steps = precision_16(2.0**40, growth_interval=1000), Steps()
    data = tiny_data(40)
    module = tiny_module(data, optimizer=partial(torch.optim.Adam, fused=fused), clip_norm=clip_norm)
    before = {name: value.clone() for name, value in module.named_parameters()}
    fit(module, data, tmp_path, [steps], limit_val_batches=0, plugins=[plugin])
    assert plugin.scaler is not None
    assert plugin.scaler.get_scale() < 2.0**32
    assert all(torch.equal(value, steps.states[0][name]) for name, value in before.items())
    for player in ("generator.down.1.0.weight", "discriminator.logits.weight"):
        assert not torch.equal(before[player], steps.states[-1][player])
    assert all(bool(value.isfinite().all()) for value in module.state_dict().values())


def test_a_step_in_half_precision_follows_float32(tmp_path: Path) -> None:
    states = []
    for plugins in ([], [MixedPrecision("bf16-mixed", "cpu")], [precision_16(256.0, growth_interval=1000)]):
        data = tiny_data(4, batch_size=4)
        module = tiny_module(data, step_batch=4, optimizer=SGD, rates=(1e-3, 1e-3))
        before = copy.deepcopy(module.state_dict())
        fit(module, data, tmp_path, limit_val_batches=0, plugins=plugins)
        states.append(module.state_dict())
    moves = [
        torch.cat([(state[name] - before[name]).flatten() for name in before if name.endswith("weight")])
        for state in states
    ]
    for kind, move, most in zip(("bfloat16", "float16"), moves[1:], (0.1, 0.02), strict=True):
        difference = float((move - moves[0]).norm() / moves[0].norm())
        print(f"{kind}: the weights moved as in float32 but for {difference:.1%}")
        assert difference < most


def test_the_loss_scale_is_taken_up_again(tmp_path: Path) -> None:
    """Six steps of each player in one epoch, six in the next: the scale doubles after eight, whether or not stopped."""
    plugins = []
    for epochs, resume in ((1, None), (2, tmp_path / "checkpoints" / "last.ckpt")):
        plugins.append(precision_16(256.0, growth_interval=8))
        data = tiny_data(3)
        callbacks = [Checkpoints(tmp_path, {"format": FORMAT})]
        fit(tiny_module(data), data, tmp_path, callbacks, epochs=epochs, resume=resume, plugins=[plugins[-1]])
    scales = [plugin.scaler.get_scale() for plugin in plugins if plugin.scaler is not None]
    assert scales == [256.0, 512.0]
