"""Every objective of the paper: its terms, its weights, what the discriminator sees."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from pix2pix.losses.augmentation import Augmentation
from pix2pix.losses.objective import Objective
from pix2pix.models.judgement import Judgement

SOURCE = torch.full((2, 3, 4, 4), -0.5)
TARGET = torch.full((2, 2, 4, 4), 0.25)
TRANSLATED = torch.full((2, 2, 4, 4), -0.75)  # |difference| 1, squared 1
HALF = TARGET - 0.5  # |difference| 0.5, squared 0.25
LOGITS = torch.zeros(2, 1, 2, 2)
WEIGHT = torch.zeros(2, 1, 4, 4)
WEIGHT[:, :, :2] = 1


def terms(objective: Objective, translated: Tensor, weight: Tensor | None = None) -> dict[str, float]:
    judged = [Judgement(LOGITS)] if objective.has_discriminator else None
    return {name: value.item() for name, value in objective.generator_terms(judged, translated, TARGET, weight).items()}


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
    terms = Objective("least_squares").discriminator_terms([Judgement(real)], [Judgement(fake)])
    assert terms.keys() == {"discriminator"}
    assert terms["discriminator"].item() == pytest.approx(((2 - 1) ** 2 + 3**2) / 2)


def test_of_several_scales_the_mean_counts_however_many_patches_each_has() -> None:
    real, fake = (
        [Judgement(torch.full((1, 1, side, side), value)) for side, value in ((8, first), (2, second))]
        for first, second in ((2.0, 0.5), (3.0, -1.0))
    )
    objective = Objective("least_squares", adversarial_weight=2, l1_weight=0)
    loss = objective.discriminator_terms(real, fake)["discriminator"]
    assert loss.item() == pytest.approx(((1 + 9) + (0.25 + 1)) / 2 / 2)
    terms = objective.generator_terms(fake, TRANSLATED, TARGET, None)
    assert terms["adversarial"].item() == pytest.approx((4 + 4) / 2)
    assert terms["generator"].item() == pytest.approx(8)


def test_the_discriminator_pays_for_its_slopes_beside_the_game() -> None:
    judged = [Judgement(torch.zeros(1, 1, 2, 2))]
    terms = Objective("least_squares", r1_gamma=10).discriminator_terms(judged, judged, torch.tensor(0.3))
    assert terms["r1"].item() == pytest.approx(0.3)
    assert terms["discriminator"].item() == pytest.approx((1 + 10 / 2 * 0.3) / 2)


def test_terms_beyond_the_paper_join_the_sum() -> None:
    judged, real = (
        [Judgement(LOGITS, (torch.full((2, 4, 2, 2), value), torch.full((2, 8, 1, 1), value)))] for value in (1.0, 3.5)
    )

    def mean_of_sum(ours: Tensor, theirs: Tensor, weight: Tensor | None) -> Tensor:
        return (ours + theirs).mean()

    perceptual: Any = mean_of_sum
    objective = Objective(l1_weight=0, feature_matching_weight=10, perceptual_weight=4, perceptual=perceptual)
    found = objective.generator_terms(judged, TRANSLATED, TARGET, None, real)
    assert {name: value.item() for name, value in found.items()} == pytest.approx(
        {
            "adversarial": math.log(2),
            "feature_matching": 2.5 + 2.5,
            "perceptual": -0.5,
            "generator": math.log(2) + 10 * 5 - 4 * 0.5,
        }
    )


def test_l1_is_that_of_smaller_pictures_where_the_objective_says_so() -> None:
    checks = torch.tensor([1.0, -1.0]).repeat(8).view(1, 1, 4, 4)  # stripes of one pixel: as good as grey from afar
    near, far = (Objective(None, l1_scale=scale).generator_terms(None, checks, 0 * checks, None) for scale in (1, 2))
    assert near["l1"].item() == 1
    assert far["l1"].item() == 0


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


def test_both_pictures_of_a_pair_are_augmented_alike_and_behind_the_weights() -> None:
    shift = Augmentation(translation=((0, 0), (1, 0)))
    seen = Objective().discriminator_input(SOURCE, TARGET, WEIGHT, shift)
    assert torch.equal(seen, torch.cat([shift(SOURCE), shift(TARGET * WEIGHT)], dim=1))
    unconditional = Objective(conditional=False).discriminator_input(SOURCE, TARGET, None, shift)
    assert torch.equal(unconditional, shift(TARGET))


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
    found = Objective().generator_terms([Judgement(LOGITS.to(torch.bfloat16))], translated, TARGET, None)
    assert {value.dtype for value in found.values()} == {torch.float32}
