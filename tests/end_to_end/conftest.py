"""`pix2pix train` in the process of a test."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hydra.core.hydra_config import HydraConfig

from pix2pix.commands.train import main

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def pix2pix_train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """`pix2pix train` in this process and folder; returns its status and all it printed."""
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    before = root.level, list(root.handlers), HydraConfig.instance().cfg, dict(os.environ)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["train", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = "".join(capsys.readouterr())
        assert "Traceback" not in printed
        return int(ended.value.code or 0), printed

    yield run
    for handler in set(root.handlers) - set(before[1]):
        handler.close()
    root.level, root.handlers, HydraConfig.instance().cfg = before[0], before[1], before[2]
    os.environ.clear()
    os.environ.update(before[3])
