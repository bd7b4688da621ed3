"""What every generator keeps to: shapes, range, sizes, norms, precision."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pix2pix.models.blocks import Generator, Norm, Upsampling
from pix2pix.models.coarse_to_fine import CoarseToFine
from pix2pix.models.encoder_decoder import EncoderDecoder
from pix2pix.models.resnet import ResNet
from pix2pix.models.unet import UNet

CHECKPOINTS = Path(__file__).parents[2] / ".." / "shared" / "data" / "checkpoints"


def small_generators(norm: Norm = "batch", upsampling: Upsampling = "transposed") -> list[Generator]:
    return [
        UNet(4, 2, base_channels=8, depth=4, norm=norm, upsampling=upsampling),
        EncoderDecoder(4, 2, base_channels=8, depth=4, norm=norm, upsampling=upsampling),
        ResNet(4, 2, base_channels=8, blocks=2, norm=norm, upsampling=upsampling),
        CoarseToFine(4, 2, base_channels=8, blocks=1, local_blocks=1, halvings=2, norm=norm, upsampling=upsampling),
    ]


def loss_gradients(generator: Generator, source: Tensor) -> list[Tensor | None]:
    generator(source).square().mean().backward()
    return [parameter.grad for parameter in generator.parameters()]


@pytest.mark.parametrize("norm", ["batch", "instance", "group", "none"])
@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
def test_translates_and_trains_every_parameter(norm: Norm, upsampling: Upsampling) -> None:
    torch.manual_seed(0)
    for generator in small_generators(norm, upsampling):
        source = torch.rand(1, 4, 32, 48) * 2 - 1
        target = generator(source)
        assert target.shape == (1, 2, 32, 48)
        assert target.dtype == torch.float32
        assert target.abs().max().item() < 1
        gradients = loss_gradients(generator, source)
        assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)
        assert all(gradient is not None and gradient.any() for gradient in gradients)


def test_convolutions_have_a_bias_only_without_a_norm_that_shifts() -> None:
    for norm, expected in (("batch", 0), ("group", 0), ("instance", None), ("none", None)):
        for generator in small_generators(norm):  # type: ignore[arg-type]
            convolutions = [m for m in generator.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
            biased = sum(convolution.bias is not None for convolution in convolutions[:-1])
            assert biased == (len(convolutions) - 1 if expected is None else expected)
            assert convolutions[-1].bias is not None


def test_sides_must_be_multiples() -> None:
    for generator in small_generators():
        with pytest.raises(ValueError, match=f"divisible by {generator.multiple}, got 32 x 50"):
            generator(torch.zeros(1, 4, 32, 50))


def test_mixed_precision_keeps_a_fine_output() -> None:
    torch.manual_seed(0)
    for generator in small_generators():
        generator.eval()
        source = torch.rand(1, 4, 32, 32) * 2 - 1
        with torch.autocast("cpu", torch.bfloat16):
            target = generator(source)
        assert target.dtype == torch.float32
        assert (target.bfloat16().float() != target).float().mean() > 0.9
        assert torch.allclose(target, generator(source), atol=0.02)


def test_fully_convolutional() -> None:
    for generator in small_generators():
        assert generator(torch.zeros(2, 4, 64, 128)).shape == (2, 2, 64, 128)


@pytest.mark.parametrize(
    ("name", "generator"),
    [
        ("unet128_batch_ngf8", UNet(3, 3, base_channels=8, depth=7)),
        ("resnet6_instance_ngf8", ResNet(3, 3, base_channels=8, blocks=6)),
    ],
)
def test_weights_of_the_usual_code_fit_and_translate_alike(name: str, generator: Generator) -> None:
    if not CHECKPOINTS.is_dir():
        pytest.skip(f"{CHECKPOINTS} is missing: checkpoints in the usual code's format")
    foreign = torch.load(CHECKPOINTS / f"{name}_net_G.pth", weights_only=True)
    known = np.load(CHECKPOINTS / f"{name}_io.npz")
    own = generator.state_dict()  # in the same order: down to the bottleneck, then up
    assert [tensor.shape for tensor in foreign.values()] == [tensor.shape for tensor in own.values()]
    generator.load_state_dict(dict(zip(own, foreign.values(), strict=True)))
    translated = generator.eval()(torch.tensor(known["source"]))
    assert torch.allclose(translated, torch.tensor(known["translated"]), atol=1e-5)
