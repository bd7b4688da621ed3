"""How commands begin: narrow, closed and unread outputs are no errors, and Ctrl-C is one at no time."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PIX2PIX = str(Path(sys.executable).with_name("pix2pix"))
MISTAKE = ("train", "data.root=ünï→")  # told on the standard error


def python(program: str) -> list[str]:
    """A program that begins as our commands do."""
    return [sys.executable, "-c", f"from pix2pix.processes.starting import *; start_command()\n{program}"]


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("ascii", "epoch 1/2 - G 29 -> 3 x 3... \\xfc \\u732b"),
        ("latin-1", "epoch 1/2 · G 29 -> 3 × 3... ü \\u732b"),
        ("utf-8", "epoch 1/2 · G 29 → 3 × 3… ü 猫"),
    ],
)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_an_encoding_lacks_is_written_otherwise(encoding: str, expected: str, stream: str) -> None:
    program = f"print('epoch 1/2 · G 29 → 3 × 3… ü 猫', file=sys.{stream})"
    ran = subprocess.run(
        python(program), env=os.environ | {"PYTHONIOENCODING": encoding}, capture_output=True, check=True
    )
    assert getattr(ran, stream).decode(encoding) == expected + "\n"


def test_a_name_that_is_no_text_is_printed() -> None:
    ran = subprocess.run(python("print(os.fsdecode(b'\\xff.png'))"), capture_output=True, check=True, text=True)
    assert ran.stdout == "\\udcff.png\n"


PRINTS = """
for number in range(5):
    print("x" * 100_000, flush=True)
os.write(int(os.environ["TOLD"]), b"done")
"""


def test_nobody_reads_on() -> None:
    """The work goes on, as under `| head`."""
    done, told = os.pipe()
    process = subprocess.Popen(
        python(PRINTS),
        env=os.environ | {"TOLD": str(told)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[told],
    )
    os.close(told)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 0
    assert os.read(done, 10) == b"done"
    os.close(done)


def test_a_closed_terminal() -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        python("input_ = sys.stdin.read(1)\nprint('gone', flush=True); print('gone', file=sys.stderr)"),
        stdin=subprocess.PIPE,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.close(ours)
    process.communicate(b"x", timeout=60)
    assert process.returncode == 0


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_from_the_start(closed: str, tmp_path: Path) -> None:
    program = "print('a', file=sys.stdout); print('b', file=sys.stderr); open(sys.argv[1], 'w').write('kept')"
    shell = ["sh", "-c", f'"$@" {closed}', "sh", *python(program), str(tmp_path / "file")]
    ran = subprocess.run(shell, capture_output=True, text=True, check=True)
    assert "Traceback" not in ran.stderr
    assert (tmp_path / "file").read_text() == "kept"  # it has not taken the number of a closed stream


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize(("words", "status"), [(("--help",), 0), (("train", "--help"), 0), (MISTAKE, 2)])
def test_verbs(words: tuple[str, ...], status: int, encoding: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [PIX2PIX, *words],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == status
    assert b"Traceback" not in ran.stderr


@pytest.mark.parametrize("verb", ["train", "evaluate", "serve"])
def test_ctrl_c_while_it_imports(verb: str, tmp_path: Path) -> None:
    """Sent before the command begins: it waits from the exec until our first line, and there is no traceback ever."""
    program = f"""
import os, sys
from pix2pix.processes.starting import ctrl_c_waits
with ctrl_c_waits():
    os.kill(os.getpid(), 2)
    os.execv(sys.executable, [sys.executable, "-m", "pix2pix.commands.{verb}"])
"""
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (128 + signal.SIGINT, b"")


def test_ctrl_c_within_an_import() -> None:
    """Raised there it would come out as an ImportError, or pass unheard."""
    program = "try:\n    os.kill(os.getpid(), 2)\nexcept BaseException:\n    pass\nprint('goes on')"
    ran = subprocess.run(python(program), capture_output=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"")


def test_a_library_changes_nothing() -> None:
    program = """
import signal, sys
before = sys.stdout
import pix2pix
print(sys.stdout is before, signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "True True\n"
