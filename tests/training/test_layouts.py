"""Whose weights lie channels last: what `auto` becomes, and that the discriminator alone can."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
import torch
from tests.training.tiny_run import fit, largest_difference, tiny_data, tiny_module

from pix2pix.training.precision import ChannelsLast, resolve_channels_last


@pytest.mark.parametrize(
    ("asked", "on_cpu", "expected"),
    [("auto", True, "discriminator"), ("auto", False, False), (True, False, True), (False, True, False)],
)
def test_auto_is_the_discriminator_on_a_processor(
    asked: bool | Literal["auto"], on_cpu: bool, expected: ChannelsLast
) -> None:
    assert resolve_channels_last(asked, on_cpu) == expected


def test_the_discriminator_alone_changes_its_layout_and_no_result(tmp_path: Path) -> None:
    states = []
    layouts: list[ChannelsLast] = [False, "discriminator"]
    for channels_last in layouts:
        data = tiny_data(4, batch_size=2)
        module = tiny_module(
            data, step_batch=2, channels_last=channels_last, optimizer=torch.optim.SGD, rates=(1e-3, 1e-3)
        )
        fit(module, data, tmp_path)
        assert module.discriminator is not None
        judge = module.discriminator.get_parameter("layers.2.weight")
        assert judge.is_contiguous(memory_format=torch.channels_last) == (channels_last == "discriminator")
        assert module.generator.get_parameter("down.1.0.weight").is_contiguous()
        states.append(module.state_dict())
    difference, name = largest_difference(*states)
    print(f"largest difference {difference:g} in {name}")
    assert difference < 1e-6
