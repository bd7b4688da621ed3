"""A generator that classifies: logits from any of our networks, a picture of the target domain from them."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import nn

from pix2pix.models import GENERATORS
from pix2pix.models.blocks import Generator
from pix2pix.models.classifier import Classifier
from pix2pix.models.pixel_classes import ColourClasses, LabelClasses, PixelClasses
from pix2pix.models.unet import UNet

SMALL: dict[str, Any] = {"base_channels": 4, "depth": 3, "blocks": 1, "local_blocks": 1, "halvings": 1, "layers": 2}


def small(network: type[Generator], source: int, target: int) -> Generator:
    known = inspect.signature(network).parameters
    return network(source, target, **{name: value for name, value in SMALL.items() if name in known})


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("classes", [LabelClasses(5), ColourClasses(0.38)])
def test_every_generator_gives_logits_and_a_picture(name: str, classes: PixelClasses) -> None:
    torch.manual_seed(0)
    network = small(GENERATORS[name], 1, classes.count)
    *_, bias = network.parameters()
    nn.init.constant_(bias, 3.0)
    generator = Classifier(network, classes).eval()
    assert generator.multiple == network.multiple
    source = torch.rand(2, 1, 16, 24) * 2 - 1
    logits = generator.logits(source)
    assert logits.shape == (2, classes.count, 16, 24)
    assert logits.abs().max() > 1  # no tanh
    target = generator(source)
    assert torch.equal(target, classes.decode(logits))
    assert target.shape == (2, 5 if isinstance(classes, LabelClasses) else 2, 16, 24)
    assert target.abs().max() <= 1


def test_a_network_whose_last_layers_are_unknown() -> None:
    class Foreign(Generator):
        multiple = 1

        def __init__(self) -> None:
            super().__init__()
            self.output = nn.Tanh()

    with pytest.raises(ValueError, match="Foreign has no `output` of class Output"):
        Classifier(Foreign(), LabelClasses(2))


def test_a_checkpoint_holds_the_network_alone() -> None:
    network = UNet(1, 261, base_channels=4, depth=3)
    names = set(network.state_dict())
    assert set(Classifier(network, ColourClasses(0.38)).state_dict()) == {f"network.{name}" for name in names}


def test_compiling_reaches_what_the_training_runs_through(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = Classifier(UNet(1, 3, base_channels=4, depth=3), LabelClasses(3))
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(generator.network, "compile", lambda **settings: asked.append(settings))
    generator.compile(dynamic=True)
    assert asked == [{"dynamic": True}]
