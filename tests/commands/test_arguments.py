"""How commands end: what is told, and with which status."""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from pix2pix.commands.arguments import exit_status, filled, number, path


def raising(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (KeyError("typo"), 2, "pix2pix x: 'typo'\n"),
        (ValueError("one\ntwo"), 1, "pix2pix x: one\npix2pix x: two\n"),
        (PermissionError(13, "Permission denied", "/run/a"), 1, "pix2pix x: /run/a: Permission denied\n"),
        (OSError("the disk is full"), 1, "pix2pix x: the disk is full\n"),
        (OSError(28, "Full", "/run/a"), 1, "pix2pix x: /run/a: Full; make room, or name another place\n"),
        (OSError(122, "Quota exceeded"), 1, "pix2pix x: Quota exceeded; make room, or name another place\n"),
        (OSError(30, "Read-only", "/run/a"), 1, "pix2pix x: /run/a: Read-only; name another place\n"),
        (OSError(36, "Name too long", "a"), 1, "pix2pix x: a: Name too long; give it a shorter name\n"),
        (KeyboardInterrupt(), 130, "pix2pix x: stopped\n"),
    ],
)
def test_what_ends_a_command(error: BaseException, status: int, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = exit_status("x", raising(error), mistakes=(KeyError,), failures=(ValueError,), stopped="stopped")
    assert (found, capsys.readouterr().err) == (status, told)


def test_its_own_status_and_what_nobody_foresaw() -> None:
    assert exit_status("x", lambda: 3, mistakes=()) == 3
    assert exit_status("x", lambda: None, mistakes=()) == 0
    with pytest.raises(ZeroDivisionError):
        exit_status("x", raising(ZeroDivisionError()), mistakes=(KeyError,))


def test_sigterm_unwinds_the_work() -> None:
    cleaned = []

    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            cleaned.append(True)

    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    with pytest.raises(SystemExit) as ended:
        exit_status("x", work, mistakes=())
    assert (ended.value.code, cleaned) == (143, [True])
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.parametrize(("text", "fits"), [("0", True), ("51", True), ("-1", False), ("nan", False), ("x", False)])
def test_a_number_within_bounds(text: str, fits: bool) -> None:
    if fits:
        assert number(0, 51)(text) == float(text)
    else:
        with pytest.raises(argparse.ArgumentTypeError, match="expected a number from 0 to 51"):
            number(0, 51)(text)
    with pytest.raises(argparse.ArgumentTypeError, match="expected a number from 0 below 1"):
        number(0, 1, below=True)("1")


def test_a_place_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status = exit_status("x", lambda: (tmp_path / "file" / "below").mkdir(), mistakes=())
    assert status == 1


@pytest.mark.parametrize("kind", [filled, path])
def test_an_empty_path_is_none(kind: Callable[[str], object]) -> None:
    """It is what a variable of the shell without value leaves, and would mean the current folder."""
    with pytest.raises(argparse.ArgumentTypeError, match="found '', expected a path: has a variable of the shell no"):
        kind("")
    assert (filled("a b"), path("a b")) == ("a b", Path("a b"))
