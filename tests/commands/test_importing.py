"""The command `pix2pix import`: a run that translates, is evaluated and starts others; mistakes in words."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.evaluation.untrained_runs import pairs_folder
from tests.exchange.usual_networks import UsualResNet, UsualUNet, with_statistics
from torch import nn

from pix2pix.commands import evaluate
from pix2pix.commands.importing import main
from pix2pix.inference.translator import Translator
from pix2pix.runs.run import RECORD, generator_weights, read_checkpoint


def usual() -> nn.Module:
    torch.manual_seed(1)
    return with_statistics(UsualUNet(3, 3, 4, 4, "batch"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    torch.save(usual().state_dict(), tmp_path / "latest_net_G.pth")
    return tmp_path / "latest_net_G.pth"


def test_a_run_that_translates_as_that_code_does(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(file), "-o", str(tmp_path / "run")]) == 0
    assert "U-Net, depth 4, 4 base channels, norm batch, rgb → rgb" in capsys.readouterr().out
    theirs = usual()
    translator = Translator.load(tmp_path / "run")
    source = torch.rand(2, 3, 32, 48) * 2 - 1
    with torch.no_grad():
        assert torch.allclose(translator.network(source, ["a", "b"]), theirs(source), atol=1e-5)


def test_it_is_evaluated(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    assert main([str(file), "-o", str(run)]) == 0
    assert evaluate.main([str(run), "--metrics", "psnr"]) == 2
    assert "--data-root FOLDER" in capsys.readouterr().err
    pairs = pairs_folder(tmp_path / "pairs", train=1, val=2)
    assert evaluate.main([str(run), "--metrics", "psnr", "--data-root", str(pairs)]) == 0
    assert (run / "evaluation" / "val" / "metrics.json").is_file()


def test_settings_say_what_the_file_does_not(tmp_path: Path) -> None:
    torch.save(UsualResNet(4, 1, 2, 4, "instance", dropout=False).state_dict(), tmp_path / "a.pth")
    words = [str(tmp_path / "a.pth"), "-o", str(tmp_path / "run"), "data.direction=b_to_a"]
    assert main([*words, "data.source={kind:raw,channels:4,range:[0,10000]}"]) == 0
    content = read_checkpoint(tmp_path / "run")
    assert content[RECORD]["source_domain"]["range"] == [0, 10000]
    assert content[RECORD]["target_domain"]["kind"] == "grey"
    assert content[RECORD]["settings"]["data"]["direction"] == "b_to_a"
    assert "decoder.0.weight" in generator_weights(content)


def test_mistakes(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(tmp_path / "run")
    assert main([str(file), "-o", run, "generator.depth=5"]) == 2
    assert "make another generator than the file's, which is a U-Net, depth 4" in capsys.readouterr().err
    assert main([str(file), "-o", run, "data.sorce=grey"]) == 2
    assert "data.source" in capsys.readouterr().err
    assert main([str(tmp_path / "no.pth"), "-o", run]) == 2
    assert "no.pth is no file" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    assert main([str(file), "-o", run]) == 0
    assert main([str(file), "-o", run]) == 2
    assert "generator.ckpt exists already" in capsys.readouterr().err
