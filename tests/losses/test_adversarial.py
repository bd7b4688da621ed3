"""The adversarial losses against their closed forms."""

import math

import pytest
import torch

from pix2pix.losses.adversarial import ADVERSARIAL, HINGE, LEAST_SQUARES, VANILLA

REAL, FAKE = torch.tensor([[[[2.0, -0.5]]]]), torch.tensor([[[[-3.0, 0.25]]]])


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def test_vanilla_is_cross_entropy() -> None:
    real = -(math.log(sigmoid(2.0)) + math.log(sigmoid(-0.5))) / 2
    fake = -(math.log(1 - sigmoid(-3.0)) + math.log(1 - sigmoid(0.25))) / 2
    assert VANILLA.discriminator(REAL, FAKE).item() == pytest.approx(real + fake, rel=1e-6)
    non_saturating = -(math.log(sigmoid(-3.0)) + math.log(sigmoid(0.25))) / 2
    assert VANILLA.generator(FAKE).item() == pytest.approx(non_saturating, rel=1e-6)


def test_vanilla_stays_finite_and_teaches_where_the_discriminator_has_won() -> None:
    fake = torch.tensor([[[[-200.0]]]], requires_grad=True)
    loss = VANILLA.generator(fake)
    assert loss.item() == pytest.approx(200)
    (gradient,) = torch.autograd.grad(loss, fake)
    assert gradient.item() == pytest.approx(-1)


def test_least_squares() -> None:
    real = (1.0**2 + 1.5**2) / 2
    fake = (3.0**2 + 0.25**2) / 2
    assert LEAST_SQUARES.discriminator(REAL, FAKE).item() == pytest.approx(real + fake)
    assert LEAST_SQUARES.generator(FAKE).item() == pytest.approx((4.0**2 + 0.75**2) / 2)


def test_hinge() -> None:
    assert HINGE.discriminator(REAL, FAKE).item() == pytest.approx((0 + 1.5) / 2 + (0 + 1.25) / 2)
    assert HINGE.generator(FAKE).item() == pytest.approx((3.0 - 0.25) / 2)


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_losses_push_the_players_apart_in_float32(name: str) -> None:
    loss = ADVERSARIAL[name]
    real = torch.zeros(2, 1, 3, 3, dtype=torch.bfloat16, requires_grad=True)
    fake = torch.zeros(2, 1, 3, 3, dtype=torch.bfloat16, requires_grad=True)
    discriminator_loss = loss.discriminator(real, fake)
    assert discriminator_loss.dtype == torch.float32
    of_real, of_fake = torch.autograd.grad(discriminator_loss, (real, fake))
    assert (of_real < 0).all()  # D raises the logits of real pictures
    if name != "least_squares":  # there a fake logit of 0 is already where D wants it
        assert (of_fake > 0).all()
    generator_loss = loss.generator(fake)
    assert generator_loss.dtype == torch.float32
    (gradient,) = torch.autograd.grad(generator_loss, fake)
    assert (gradient < 0).all()  # G raises the logits of its translations
