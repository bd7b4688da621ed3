"""The linear decay against its closed form."""

from __future__ import annotations

import pytest

from pix2pix.training.schedules import LinearDecay


def test_the_papers_rate_is_constant() -> None:
    schedule = LinearDecay(epochs=200)
    assert [schedule.factor(epoch) for epoch in (0, 100, 199)] == [1, 1, 1]
    assert not schedule.begun(199)


def test_the_factors_of_four_decaying_epochs() -> None:
    schedule = LinearDecay(epochs=6, decay_epochs=4)
    assert [schedule.factor(epoch) for epoch in range(6)] == pytest.approx([1, 1, 0.8, 0.6, 0.4, 0.2])
    assert [schedule.begun(epoch) for epoch in range(6)] == [False, False, True, True, True, True]


def test_half_and_half_equals_the_usual_codes_rule() -> None:
    """pytorch-CycleGAN-and-pix2pix: 1 - max(0, epoch + 1 - n_epochs) / (n_epochs_decay + 1), epochs counted from 0."""
    schedule = LinearDecay(epochs=200, decay_epochs=100)
    usual = [1 - max(0, epoch + 1 - 100) / 101 for epoch in range(200)]
    assert [schedule.factor(epoch) for epoch in range(200)] == pytest.approx(usual)


def test_a_decay_from_the_first_epoch_on_never_reaches_zero() -> None:
    schedule = LinearDecay(epochs=3, decay_epochs=3)
    assert [schedule.factor(epoch) for epoch in range(3)] == pytest.approx([0.75, 0.5, 0.25])
    assert schedule.begun(0)
