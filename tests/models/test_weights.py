"""Weights from files: compared before anything is allocated, and finite."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pix2pix.models.weights import check_finite, filled


def test_the_network_gets_them() -> None:
    weights = nn.Linear(3, 2).state_dict()
    made = filled(lambda: nn.Linear(3, 2), weights)
    assert all(torch.equal(value, weights[name]) for name, value in made.state_dict().items())
    assert made.weight.device.type == "cpu"


def test_nothing_is_allocated_for_weights_that_do_not_fit() -> None:
    wide = 1 << 20  # 4 TiB of them
    with pytest.raises(ValueError, match=r"weight is \(2, 3\) of numbers, not \(1048576, 1048576\) of numbers"):
        filled(lambda: nn.Linear(wide, wide), nn.Linear(3, 2).state_dict())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bias": torch.zeros(3)}, r"bias is \(3,\) of numbers, not \(2,\)"),
        ({"bias": torch.zeros(2, dtype=torch.int64)}, r"bias is \(2,\) of torch.int64"),
        ({"more": torch.zeros(2)}, r"more is \(2,\) of numbers, not absent"),
        ({"bias": torch.tensor([0.0, float("nan")])}, "1 of the 2 numbers in bias are not finite"),
    ],
)
def test_what_does_not_fit_is_named(changed: dict[str, torch.Tensor], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        filled(lambda: nn.Linear(3, 2), {**nn.Linear(3, 2).state_dict(), **changed})


def test_large_numbers_are_finite_though_their_sum_is_not() -> None:
    check_finite({"a": torch.full((4,), 3e38), "b": torch.full((4,), 6e4, dtype=torch.float16)})
