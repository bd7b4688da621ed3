"""Files of the usual code: recognised without a flag, translating as that code does, or refused with what was found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.exchange.usual_networks import UsualResNet, UsualUNet, with_statistics
from torch import Tensor, nn

from pix2pix.exchange.foreign import read_foreign, recognise
from pix2pix.inference.exported.extras import ExchangeError

CHECKPOINTS = Path(__file__).parents[2] / ".." / "shared" / "data" / "checkpoints"
FILE = Path("latest_net_G.pth")


@pytest.mark.parametrize("name", ["unet128_batch_ngf8", "resnet6_instance_ngf8"])
def test_that_codes_own_files_translate_alike(name: str) -> None:
    if not CHECKPOINTS.is_dir():
        pytest.skip(f"{CHECKPOINTS} is missing: checkpoints in the usual code's format")
    found = read_foreign(CHECKPOINTS / f"{name}_net_G.pth")
    known = np.load(CHECKPOINTS / f"{name}_io.npz")
    with torch.no_grad():
        translated = found.generator(torch.tensor(known["source"]))
    assert (translated - torch.tensor(known["translated"])).abs().max().item() <= 1e-5


@pytest.mark.parametrize(
    ("network", "settings"),
    [
        (lambda: UsualUNet(3, 1, 5, 4, "batch"), {"base_channels": 4, "depth": 5, "norm": "batch"}),
        (lambda: UsualUNet(1, 3, 6, 4, "instance"), {"base_channels": 4, "depth": 6, "norm": "instance"}),
        (lambda: UsualUNet(3, 3, 3, 4, "none"), {"base_channels": 4, "depth": 3, "norm": "none"}),
        (
            lambda: UsualResNet(3, 2, 6, 4, "batch", dropout=True),
            {"base_channels": 4, "blocks": 6, "norm": "batch", "dropout": 0.5},
        ),
        (
            lambda: UsualResNet(4, 3, 9, 4, "instance", dropout=False),
            {"base_channels": 4, "blocks": 9, "norm": "instance", "dropout": 0.0},
        ),
        (
            lambda: UsualResNet(3, 3, 1, 4, "none", dropout=True),
            {"base_channels": 4, "blocks": 1, "norm": "none", "dropout": 0.5},
        ),
    ],
)
def test_recognised_and_alike(network: Callable[[], nn.Module], settings: dict[str, Any]) -> None:
    theirs = with_statistics(network())
    found = recognise(theirs.state_dict(), FILE)
    assert dict(found.settings) == settings
    source = torch.rand(2, found.source_channels, 64, 64) * 2 - 1
    with torch.no_grad():
        expected, translated = theirs(source), found.generator(source)
    assert expected.shape[1] == found.target_channels
    assert torch.allclose(translated, expected, atol=1e-5)


def test_old_files(tmp_path: Path) -> None:
    """Running statistics of instance norm, the prefix of DataParallel, versions of modules, the old container."""
    theirs = with_statistics(UsualUNet(3, 3, 5, 4, "old instance"))
    weights = nn.DataParallel(theirs).state_dict()
    assert hasattr(weights, "_metadata")
    assert any(name.endswith("running_mean") for name in weights)
    torch.save(weights, tmp_path / FILE, _use_new_zipfile_serialization=False)
    found = read_foreign(tmp_path / FILE)
    assert found.settings["norm"] == "instance"
    for module in theirs.modules():
        if isinstance(module, nn.InstanceNorm2d):
            module.track_running_stats, module.running_mean, module.running_var = False, None, None  # as that code does
    source = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        assert torch.allclose(found.generator(source), theirs(source), atol=1e-5)


def test_batch_norm_of_before_it_counted_batches() -> None:
    theirs = with_statistics(UsualUNet(3, 3, 5, 4, "batch"))
    weights = {name: value for name, value in theirs.state_dict().items() if "num_batches" not in name}
    source = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.allclose(recognise(weights, FILE).generator(source), theirs(source), atol=1e-5)


def mistaken(change: Callable[[dict[str, Tensor]], object]) -> str:
    weights = dict(UsualUNet(3, 3, 5, 4, "batch").state_dict())
    change(weights)
    with pytest.raises(ExchangeError) as error:
        recognise(weights, FILE)
    return str(error.value)


def test_what_is_not_recognised() -> None:
    said = mistaken(lambda weights: [weights.pop(name) for name in list(weights) if name.startswith("model.model.0")])
    assert "no generator that is recognised" in said
    assert "model.model.1.model.1.weight (8, 4, 4, 4)" in said
    said = mistaken(lambda weights: weights.update({"attention.query": torch.zeros(3)}))
    assert "looks like a U-Net, depth 5, 4 base channels, norm batch" in said
    assert "attention.query has no place in it" in said
    narrower = {"model.model.1.model.1.weight": torch.zeros(6, 4, 4, 4)}
    assert "down.1.0.weight is (6, 4, 4, 4), expected (8, 4, 4, 4)" in mistaken(
        lambda weights: weights.update(narrower)
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"state_dict": {}, "epoch": 3}, "holds the entries state_dict, epoch; expected the state dict of a generator"),
        ([1], "holds list; expected the state dict"),
        (None, "cannot be read as a PyTorch file of tensors alone"),
    ],
)
def test_files_that_are_none(tmp_path: Path, content: Any, message: str) -> None:
    path = tmp_path / FILE
    if content is None:
        path.write_bytes(b"no file of PyTorch")
    else:
        torch.save(content, path)
    with pytest.raises(ExchangeError, match=message):
        read_foreign(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="is no file: expected a generator's weights"):
        read_foreign(tmp_path)
