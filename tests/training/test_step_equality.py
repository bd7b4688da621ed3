"""Our training step against the paper's update, written out below in plain PyTorch: five steps, every tensor.

Bit for bit in float32 on one thread, contiguous, with Adam's plain kernel. Fused Adam and channels_last round
otherwise; for them see the tolerances of the last tests.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest
import torch
import torch.nn.functional as F
from tests.training.tiny_run import ADAM, OBJECTIVES, SGD, fit, largest_difference, tiny_data, tiny_module
from torch import Tensor, nn

from pix2pix.losses.objective import Objective
from pix2pix.models.resnet import ResNet
from pix2pix.training.translation import Translation

STEPS = 5
RATE = 2e-4
GAMES = [
    pytest.param(dataclasses.replace(objective, adversarial=adversarial), id=f"{name}-{adversarial}")
    for name, objective in OBJECTIVES.items()
    for adversarial in (("vanilla", "least_squares", "hinge") if objective.has_discriminator else (None,))
]


class Stepper(Protocol):
    """One player's optimiser: steps and forgets the gradients."""

    def step(self) -> None: ...


class PlainAdam:
    """Kingma and Ba 2015, algorithm 1, with the paper's β1 0.5 and β2 0.999."""

    def __init__(self, network: nn.Module, rate: float = RATE) -> None:
        self.parameters = list(network.parameters())
        self.rate = rate
        self.steps = 0
        self.first = [torch.zeros_like(each) for each in self.parameters]  # m
        self.second = [torch.zeros_like(each) for each in self.parameters]  # v

    @torch.no_grad()
    def step(self) -> None:
        self.steps += 1
        first_bias, second_bias = 1 - 0.5**self.steps, 1 - 0.999**self.steps
        for parameter, m, v in zip(self.parameters, self.first, self.second, strict=True):
            assert parameter.grad is not None
            m.lerp_(parameter.grad, 1 - 0.5)  # m ← β1 m + (1 - β1) g
            v.mul_(0.999).addcmul_(parameter.grad, parameter.grad, value=1 - 0.999)  # v ← β2 v + (1 - β2) g²
            denominator = v.sqrt().div_(second_bias**0.5).add_(1e-8)
            parameter.addcdiv_(m, denominator, value=-self.rate / first_bias)  # θ ← θ - α m̂ / (√v̂ + ε)
            parameter.grad = None


def discriminator_loss(kind: str, real: Tensor, fake: Tensor) -> Tensor:
    if kind == "vanilla":  # -log D(x, y) - log(1 - D(x, G(x)))
        on_real = F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
        return on_real + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    if kind == "least_squares":
        return ((real - 1) ** 2).mean() + (fake**2).mean()
    return torch.relu(1 - real).mean() + torch.relu(1 + fake).mean()


def generator_loss(kind: str, fake: Tensor) -> Tensor:
    if kind == "vanilla":  # -log D(x, G(x))
        return F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))
    return ((fake - 1) ** 2).mean() if kind == "least_squares" else -fake.mean()


def paper_steps(
    generator: nn.Module,
    discriminator: nn.Module | None,
    objective: Objective,
    data: Any,
    adam: Callable[[nn.Module], Stepper] = PlainAdam,
    autocast: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> None:
    """Train both networks in place: each batch one step on D, its loss halved, then one on G."""
    generator_adam = adam(generator)
    discriminator_adam = None if discriminator is None else adam(discriminator)
    seen = 0
    for batch in data.train_dataloader():
        x, y = batch.source, batch.target
        torch.manual_seed(int.from_bytes(hashlib.blake2b(f"0/{seen}/0/0".encode(), digest_size=8).digest()) >> 1)
        with autocast():
            translated = generator(x)
        loss = 100 * (F.mse_loss(translated, y) if objective.l2_weight else F.l1_loss(translated, y))
        if discriminator is not None and discriminator_adam is not None:
            assert objective.adversarial is not None
            condition = [x] if objective.conditional else []
            with autocast():
                real = discriminator(torch.cat([*condition, y], 1))
                fake = discriminator(torch.cat([*condition, translated.detach()], 1))
            torch.autograd.backward(discriminator_loss(objective.adversarial, real.float(), fake.float()) / 2)
            discriminator_adam.step()
            with autocast():
                fake = discriminator(torch.cat([*condition, translated], 1))
            game = generator_loss(objective.adversarial, fake.float())
            loss = game + loss if objective.l1_weight else game
        torch.autograd.backward(loss)
        generator_adam.step()
        if discriminator is not None:
            for parameter in discriminator.parameters():
                parameter.grad = None  # what G's loss left there is not D's business
        seen += len(x)


def ours_and_the_papers(
    folder: Path,
    module: Translation,
    objective: Objective,
    batch_size: int,
    adam: Callable[[nn.Module], Stepper] = PlainAdam,
    **settings: Any,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Both states after the steps: parameters and running statistics of both players."""
    generator, discriminator = (
        None if player is None else copy.deepcopy(player).to(memory_format=torch.contiguous_format)
        for player in (module.generator, module.discriminator)
    )
    assert generator is not None
    module.recipe = dataclasses.replace(module.recipe, step_batch=batch_size)
    fit(module, tiny_data(STEPS * batch_size, batch_size=batch_size), folder, limit_val_batches=0, **settings)
    paper_steps(generator, discriminator, objective, tiny_data(STEPS * batch_size, batch_size=batch_size), adam)
    papers = {f"generator.{name}": value for name, value in generator.state_dict().items()}
    if discriminator is not None:
        papers |= {f"discriminator.{name}": value for name, value in discriminator.state_dict().items()}
    return module.state_dict(), papers


@pytest.mark.parametrize("batch_size", [1, 2])
@pytest.mark.parametrize("objective", GAMES)
def test_five_steps_equal_the_papers_bit_for_bit(objective: Objective, batch_size: int, tmp_path: Path) -> None:
    module = tiny_module(tiny_data(), objective, dropout=0.5)
    before = {name: value.clone() for name, value in module.named_parameters()}
    ours, papers = ours_and_the_papers(tmp_path, module, objective, batch_size)
    difference, _ = largest_difference(ours, papers)
    moved = {name: float((ours[name] - value).abs().max()) for name, value in before.items()}
    print(f"largest difference {difference:g}; the steps moved a parameter by up to {max(moved.values()):g}")
    assert difference == 0
    # Within its margins, the hinge pushes the last bias up by the real patches and down as much by the others.
    assert {name for name, by in moved.items() if by < RATE / 10} <= {"discriminator.logits.bias"}


def test_a_resnet_with_instance_norm_too(tmp_path: Path) -> None:
    objective = OBJECTIVES["l1_cgan"]
    module = tiny_module(tiny_data(), objective, generator=ResNet(3, 3, 4, blocks=2, dropout=0.5), norm="instance")
    ours, papers = ours_and_the_papers(tmp_path, module, objective, batch_size=2)
    assert largest_difference(ours, papers)[0] == 0


def test_fused_adam_rounds_otherwise_and_no_more(tmp_path: Path) -> None:
    objective = OBJECTIVES["l1_cgan"]
    fused = partial(ADAM, foreach=None, fused=True)
    module = tiny_module(tiny_data(), objective, dropout=0.5, optimizer=fused)
    ours, papers = ours_and_the_papers(tmp_path, module, objective, batch_size=1)
    difference, name = largest_difference(ours, papers)
    print(f"fused Adam: largest difference {difference:g} in {name}")
    assert difference < RATE / 100


def test_channels_last_sums_in_another_order_and_no_more(tmp_path: Path) -> None:
    # No dropout, whose masks are drawn in the order of the memory; and gradient descent, since Adam divides gradients
    # that are 0 but for rounding by themselves.
    objective = OBJECTIVES["l1_cgan"]
    module = tiny_module(tiny_data(), objective, optimizer=SGD, rates=(1e-3, 1e-3), channels_last=True)
    ours, papers = ours_and_the_papers(tmp_path, module, objective, batch_size=2, adam=PlainDescent)
    difference, name = largest_difference(ours, papers)
    print(f"channels_last: largest difference {difference:g} in {name}")
    assert difference < 1e-6


class PlainDescent:
    """θ ← θ - 0.001 g."""

    def __init__(self, network: nn.Module) -> None:
        self.parameters = list(network.parameters())

    @torch.no_grad()
    def step(self) -> None:
        for parameter in self.parameters:
            assert parameter.grad is not None
            parameter.sub_(parameter.grad, alpha=1e-3)
            parameter.grad = None
