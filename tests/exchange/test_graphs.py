"""Exported graphs against the generator in PyTorch: any size, any batch, both statistics, every kind of generator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pix2pix.errors import BadPairError
from pix2pix.inference.exported.networks import onnx_network, openvino_network
from pix2pix.inference.exported.onnx_file import onnx_model, open_onnx, write_onnx
from pix2pix.inference.exported.openvino_file import open_openvino, openvino_model, write_openvino
from pix2pix.models.blocks import Generator
from pix2pix.models.classifier import Classifier
from pix2pix.models.pixel_classes import ColourClasses
from pix2pix.models.resnet import ResNet
from pix2pix.models.test_time import Statistics, translate
from pix2pix.models.unet import UNet

DESCRIPTION: dict[str, Any] = {
    "format": 1,
    "precision": "f32",
    "multiple": 8,
    "source_domain": {"kind": "raw", "channels": 2, "range": [0, 1]},
    "settings": {
        "generator": {"_target_": "pix2pix.models.unet.UNet"},
        "objective": {},
        "translation": {"noise": False, "statistics": "picture"},
        "training": {"channels_last": False},
        "data": {"name": "manifest", "direction": "a_to_b"},
        "seed": 0,
    },
}


def trained(generator: Generator) -> Generator:
    """With scales, shifts and running statistics that matter."""
    torch.manual_seed(0)
    for module in generator.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return generator


@pytest.mark.parametrize(
    ("generator", "statistics"),
    [
        (UNet(2, 3, base_channels=4, depth=3), "picture"),
        (ResNet(2, 3, base_channels=4, blocks=1, norm="batch", dropout=0.5), "running"),
        (Classifier(UNet(2, ColourClasses(0.4).count, base_channels=4, depth=2), ColourClasses(0.4)), "picture"),
    ],
)
def test_translates_as_the_generator_does(generator: Generator, statistics: Statistics, tmp_path: Path) -> None:
    trained(generator)
    graph = onnx_model(generator, 2, statistics)
    openvino = openvino_model(graph)
    kind = "lab_ab" if isinstance(generator, Classifier) else "rgb"
    description = {**DESCRIPTION, "target_domain": {"kind": kind}}
    write_onnx(graph, description, tmp_path / "a.onnx")
    write_openvino(openvino, description, tmp_path / "a.xml")
    session, _ = open_onnx(tmp_path / "a.onnx")
    model, _ = open_openvino(tmp_path / "a.xml")
    compiled = model.compiled()
    runs: tuple[Callable[[Any], Any], ...] = (
        lambda x: session.run(None, {"source": x})[0],
        lambda x: compiled({"source": x})[0].copy(),
    )
    networks = (onnx_network(session, generator.multiple), openvino_network(model, generator.multiple, (13, 22)))
    for size in ((8, 16), (13, 21), (13, 22)):
        source = torch.rand(2, 2, *size) * 2 - 1
        expected = translate(generator, source, ["a", "b"], noise=False, statistics=statistics, seed=0)
        for run, network in zip(runs, networks, strict=True):
            batch = torch.from_numpy(run(source.numpy()))  # the graph pads, and keeps the pictures of a batch apart
            assert close(batch, expected)
            assert close(network(source, ["a", "b"]), expected)


def test_a_picture_that_a_graph_refuses_is_a_bad_picture(tmp_path: Path) -> None:
    """A ResNet's bottleneck of one pixel cannot be padded by reflection, which ONNX Runtime says in its own class."""
    graph = onnx_model(trained(ResNet(2, 3, base_channels=4, blocks=1)), 2, "picture")
    write_onnx(graph, {**DESCRIPTION, "target_domain": {"kind": "rgb"}}, tmp_path / "a.onnx")
    network = onnx_network(open_onnx(tmp_path / "a.onnx")[0], 4)
    with pytest.raises(BadPairError, match="4 x 4 pixels"):
        network(torch.rand(1, 2, 4, 4), ["a"])
    assert network(torch.rand(1, 2, 16, 16), ["a"]).shape == (1, 3, 16, 16)


def close(found: Tensor, expected: Tensor) -> bool:
    return found.shape == expected.shape and torch.allclose(found, expected, atol=1e-4)


def test_the_generator_is_left_as_it_was() -> None:
    generator = UNet(2, 3, base_channels=4, depth=2)
    before = {name: type(module) for name, module in generator.named_modules()}
    onnx_model(generator, 2, "picture")
    assert {name: type(module) for name, module in generator.named_modules()} == before
    assert generator.training
    with pytest.raises(ValueError, match="divisible by 4"):
        generator(torch.zeros(1, 2, 5, 5))
