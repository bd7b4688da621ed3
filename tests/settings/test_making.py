"""Classes that settings name and that cannot be made: the cause is told, and where it lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import ProgressBar
from tests.training.stopped_run import rows, settings_of, train
from torch import nn

from pix2pix.build.assembly import assemble, make_data
from pix2pix.build.modules import make_module
from pix2pix.errors import ConfigError
from pix2pix.settings.making import make


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "somebodys"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "needs.py").write_text("import not_installed_at_all\n\n\nclass Net: ...\n")
    (folder / "raises.py").write_text("class Net:\n    def __init__(self):\n        raise RuntimeError('of mine')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("somebodys.needs.Net", ["No module named 'not_installed_at_all'", "needs.py, line 1"]),
        ("somebodys.gone.Net", ["No module named 'somebodys.gone'"]),
        ("somebodys.raises.Net", ["RuntimeError('of mine')", "raises.py, line 3"]),
        ("somebodys.raises.Gone", ["somebodys.raises", "Gone"]),
    ],
)
def test_the_cause_is_told(package: Path, target: str, said: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        make("generator", {"_target_": target})
    assert str(raised.value).startswith("generator: ")
    assert target in str(raised.value)
    assert "HYDRA_FULL_ERROR" not in str(raised.value)
    for each in said:
        assert each in str(raised.value)


class WithoutMultiple(nn.Module):
    def __init__(self, source_channels: int, target_channels: int) -> None:
        super().__init__()
        self.only = nn.Conv2d(source_channels, target_channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        translated: torch.Tensor = self.only(x)
        return translated


class WithMultiple(WithoutMultiple):
    multiple = 1


@pytest.mark.parametrize("objective", ["l1", "classes"])
def test_a_network_without_multiple(tmp_path: Path, objective: str) -> None:
    settings: Any = settings_of(tmp_path, f"objective={objective}", "data.task=photo2labels")
    data = make_data(settings)
    settings["generator"] = {"_target_": f"{__name__}.WithoutMultiple"}
    with pytest.raises(ConfigError, match=r"^generator: .*WithoutMultiple has no `multiple`.*`multiple = 1`"):
        make_module(settings, data, channels_last=False)
    settings = {**settings, "generator": {"_target_": f"{__name__}.WithMultiple"}}
    if objective == "l1":  # classes ask for more
        assert make_module(settings, data, channels_last=False).generator.multiple == 1


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("optimizer.algorithm.betas=3", "optimizer.algorithm: TypeError: 'int' object is not subscriptable"),
        ("+optimizer.algorithm.beta=3", "optimizer.algorithm: TypeError: .* unexpected keyword argument 'beta'"),
        ("+optimizer.algorithm.weight_decay=-1", "optimizer.algorithm: ValueError: Invalid weight_decay value"),
    ],
)
def test_what_an_optimizer_does_not_take(tmp_path: Path, override: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        train(tmp_path, override)


LIGHTNINGS = "callbacks.progress._target_=lightning.pytorch.callbacks.TQDMProgressBar"


@pytest.mark.parametrize(
    ("override", "bars"),
    [("seed=0", ["Progress"]), ("~callbacks.progress", []), (LIGHTNINGS, ["TQDMProgressBar"])],
)
def test_the_bar_is_the_one_that_is_asked_for(tmp_path: Path, override: str, bars: list[str]) -> None:
    settings = settings_of(tmp_path, override)
    callbacks = assemble(settings, tmp_path, None).trainer.callbacks  # type: ignore[attr-defined]
    assert [type(each).__name__ for each in callbacks if isinstance(each, ProgressBar)] == bars


def test_validations_may_be_counted_in_batches_of_all_epochs(tmp_path: Path) -> None:
    """Which Lightning wants to hear as no number of epochs."""
    train(tmp_path, "trainer.check_val_every_n_epoch=null", "+trainer.val_check_interval=5")
    assert [int(row["images"]) for row in rows(tmp_path) if row["val/l1"]] == [5, 10, 15, 20]
