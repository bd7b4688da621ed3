"""The command `pix2pix serve`: mistakes in words, before anything is loaded, and a clean end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
from tests.evaluation.untrained_runs import untrained

from pix2pix.commands.serve import main
from pix2pix.commands.serve_work import take_address


def mistake(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(list(words)) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def test_mistakes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "is neither a file nor a folder" in mistake(capsys, str(tmp_path / "none"), "--port", "0")
    taken = take_address("127.0.0.1", 0)
    taken.listen()
    port = taken.getsockname()[1]
    said = mistake(capsys, str(tmp_path), "--port", str(port))
    taken.close()
    advice = f"Type --port {port % 65535 + 1}, or --port 0 for any free one"
    assert said == f"pix2pix serve: --port: {port} is in use on 127.0.0.1. {advice}\n"
    assert "--host: '300.1.1.1' is no address" in mistake(capsys, str(tmp_path), "--host", "300.1.1.1")
    assert "--device: 'abacus' is no device" in mistake(capsys, str(tmp_path), "--port", "0", "--device", "abacus")


def test_a_missing_package_is_named_with_what_to_type(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "pix2pix.commands.serve_work", raising=False)
    assert mistake(capsys, "run") == (
        "pix2pix serve: needs the package uvicorn, which is not installed: pip install 'pix2pix-lightning[web]'\n"
    )


def test_help_does_not_import_torch() -> None:
    script = "import sys; from pix2pix.commands.serve import main\n"
    script += "try: main(['--help'])\nexcept SystemExit: sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], stdout=subprocess.DEVNULL).returncode == 0


@pytest.mark.slow
def test_it_serves_until_a_signal_and_ends_cleanly(tmp_path: Path) -> None:
    run = untrained(tmp_path / "scenes" / "one")
    command = [sys.executable, "-m", "pix2pix.commands.serve", str(run), "--port", "0", "--device", "cpu"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as server:
        assert server.stdout is not None
        lines = [server.stdout.readline()]
        while "Ctrl-C" not in lines[-1]:
            assert lines[-1], lines
            lines.append(server.stdout.readline())
        assert lines[0].startswith("scenes/one: labels to rgb, canvas 16 x 16")
        assert lines[1].startswith("http://127.0.0.1:")
        for _ in range(100):
            try:
                with urlopen(lines[1].split()[0], timeout=20) as page:
                    assert b"<canvas" in page.read()
                break
            except ConnectionError:
                time.sleep(0.1)
        server.send_signal(signal.SIGINT)
        rest = server.stdout.read()
        assert server.wait(30) == 0
    assert rest == "\npix2pix serve: ended\n"
