"""Every objective of the paper: its terms, its weights, what the discriminator sees."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pix2pix.losses.objective import Objective

SOURCE = torch.full((2, 3, 4, 4), -0.5)
TARGET = torch.full((2, 2, 4, 4), 0.25)
TRANSLATED = torch.full((2, 2, 4, 4), -0.75)  # |difference| 1, squared 1
HALF = TARGET - 0.5  # |difference| 0.5, squared 0.25
LOGITS = torch.zeros(2, 1, 2, 2)
WEIGHT = torch.zeros(2, 1, 4, 4)
WEIGHT[:, :, :2] = 1


def terms(objective: Objective, translated: Tensor, weight: Tensor | None = None) -> dict[str, float]:
    logits = LOGITS if objective.has_discriminator else None
    return {name: value.item() for name, value in objective.generator_terms(logits, translated, TARGET, weight).items()}


def test_the_papers_objective_is_the_default() -> None:
    assert Objective() == Objective("vanilla", True, adversarial_weight=1, l1_weight=100, l2_weight=0)


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        (Objective(None, False), {"l1": 0.5, "generator": 50}),
        (Objective(None, False, l1_weight=0, l2_weight=100), {"l2": 0.25, "generator": 25}),
        (Objective(None, False, l1_weight=10, l2_weight=100), {"l1": 0.5, "l2": 0.25, "generator": 5 + 25}),
        (Objective(l1_weight=0), {"adversarial": math.log(2), "generator": math.log(2)}),
        (Objective(), {"adversarial": math.log(2), "l1": 0.5, "generator": math.log(2) + 50}),
        (
            Objective("least_squares", adversarial_weight=3, l1_weight=2),
            {"adversarial": 1, "l1": 0.5, "generator": 3 + 1},
        ),
        (Objective("hinge", adversarial_weight=0.5, l1_weight=2), {"adversarial": 0, "l1": 0.5, "generator": 1}),
    ],
)
def test_the_generator_pays_the_weighted_sum_of_its_terms(objective: Objective, expected: dict[str, float]) -> None:
    assert terms(objective, HALF) == pytest.approx(expected)


def test_the_discriminators_loss_is_halved() -> None:
    real, fake = torch.full((1, 1, 2, 2), 2.0), torch.full((1, 1, 2, 2), 3.0)
    loss = Objective("least_squares").discriminator_terms(real, fake)["discriminator"]
    assert loss.item() == pytest.approx(((2 - 1) ** 2 + 3**2) / 2)


@pytest.mark.parametrize(
    ("objective", "takes_part"),
    [
        (Objective(), True),
        (Objective(None), False),
        (Objective(adversarial_weight=0), False),
        (Objective(l1_weight=0), True),
    ],
)
def test_whether_a_discriminator_takes_part(objective: Objective, takes_part: bool) -> None:
    assert objective.has_discriminator == takes_part


def test_a_conditional_discriminator_sees_source_and_target_an_unconditional_one_the_target() -> None:
    conditional, unconditional = Objective(conditional=True), Objective(conditional=False)
    seen = conditional.discriminator_input(SOURCE, TARGET, None)
    assert torch.equal(seen[:, :3], SOURCE)
    assert torch.equal(seen[:, 3:], TARGET)
    assert torch.equal(unconditional.discriminator_input(SOURCE, TARGET, None), TARGET)
    assert conditional.discriminator_channels(3, 2) == seen.shape[1]
    assert unconditional.discriminator_channels(3, 2) == 2


def test_pixels_of_no_weight_are_hidden_from_the_discriminator_real_or_translated() -> None:
    for picture in (TARGET, TRANSLATED):
        seen = Objective(conditional=True).discriminator_input(SOURCE, picture, WEIGHT)
        assert torch.equal(seen[:, :3], SOURCE)  # the source is known everywhere
        assert torch.equal(seen[:, 3:, :2], picture[:, :, :2])
        assert not seen[:, 3:, 2:].any()


def test_pixels_of_no_weight_cost_nothing() -> None:
    objective = Objective(None, False, l1_weight=10, l2_weight=100)
    translated = torch.where(WEIGHT > 0, HALF, torch.full_like(HALF, 1e3))
    assert terms(objective, translated, WEIGHT) == pytest.approx({"l1": 0.5, "l2": 0.25, "generator": 5 + 25})


def test_a_batch_in_which_no_pixel_counts_costs_nothing() -> None:
    translated = TRANSLATED.clone().requires_grad_()
    loss = Objective(None, False).generator_terms(None, translated, TARGET, torch.zeros_like(WEIGHT))["generator"]
    (gradient,) = torch.autograd.grad(loss, translated)
    assert loss.item() == 0
    assert not gradient.any()


def test_terms_are_float32_of_half_precision_pictures() -> None:
    translated = TRANSLATED.to(torch.bfloat16).requires_grad_()
    found = Objective().generator_terms(LOGITS.to(torch.bfloat16), translated, TARGET, None)
    assert {value.dtype for value in found.values()} == {torch.float32}
