"""Which of a run's records it is continued with."""

from __future__ import annotations

from pathlib import Path

import pytest

from pix2pix.settings.resuming import resume_arguments


def recorded(folder: Path, epochs: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(f"schedule:\n  epochs: {epochs}\n")


def chosen(run: Path) -> str:
    """The record in `.hydra/` that `resume=` composes."""
    (path,) = (each for each in resume_arguments([f"resume='{run}'"]) if each.startswith("--config-path="))
    return Path(path.partition("=")[2]).relative_to(run / ".hydra").as_posix()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Of 3 epochs, extended to 9 and again, and asked for 2, which was refused and kept by an earlier version."""
    kept = tmp_path / "run" / ".hydra"
    recorded(kept, "3")
    for number, epochs in enumerate((9, 9, 2), 1):
        recorded(kept / f"resume_{number}", str(epochs))
    (tmp_path / "run" / "samples").mkdir()
    (tmp_path / "run" / "samples" / "epoch_0005.png").touch()
    return tmp_path / "run"


def test_the_newest_that_was_not_refused(run: Path) -> None:
    assert chosen(run) == "resume_2"
    recorded(run / ".hydra" / "resume_4", "5")
    assert chosen(run) == "resume_4"


@pytest.mark.parametrize("name", ["epoch_0010.png", "epoch_99999999.png", f"epoch_{'9' * 200}.png"])
def test_a_sample_of_an_epoch_that_never_was(run: Path, name: str) -> None:
    """It makes all records look refused; an extended run stays extended."""
    (run / "samples" / name).touch()
    assert chosen(run) == "resume_2"


@pytest.mark.parametrize("epoch", ["1e999", "-1e999", "nan", "1e300", "9" * 5000, "first"])
def test_an_epoch_in_the_table_that_never_was(run: Path, epoch: str) -> None:
    (run / "metrics.csv").write_text(f"images,epoch\n7,4\n8,{epoch}\n")
    assert chosen(run) == "resume_2"


def test_epochs_in_a_record_without_end(run: Path) -> None:
    recorded(run / ".hydra" / "resume_4", f"'{'9' * 5000}'")
    assert chosen(run) == "resume_4"  # and its settings are refused
