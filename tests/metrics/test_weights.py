"""Files of weights: found, checked, and explained where they are not there."""

import hashlib
from pathlib import Path

import pytest

from pix2pix.metrics.inception import INCEPTION_WEIGHTS
from pix2pix.metrics.lpips import ALEXNET_WEIGHTS
from pix2pix.metrics.weights import MissingWeights, WeightsFile

CONTENT = b"weights"
DIGITS = hashlib.sha256(CONTENT).hexdigest()[:8]
FILE = WeightsFile("a network", f"https://example.org/files/net-small-{DIGITS}.pth", 3)


def test_name_and_checksum_are_those_of_the_address() -> None:
    assert (INCEPTION_WEIGHTS.name, INCEPTION_WEIGHTS.checksum) == (
        "weights-inception-2015-12-05-6726825d.pth",
        "6726825d",
    )
    assert (ALEXNET_WEIGHTS.name, ALEXNET_WEIGHTS.checksum) == ("alexnet-owt-7be5be79.pth", "7be5be79")


def test_found_by_file_by_folder_and_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    (cache / FILE.name).write_bytes(CONTENT)
    (tmp_path / "mine.pth").write_bytes(CONTENT)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert FILE.find() == FILE.find(cache) == cache / FILE.name
    assert FILE.find(tmp_path / "mine.pth") == tmp_path / "mine.pth"


def test_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(MissingWeights) as raised:
        FILE.find()
    message = str(raised.value)
    for part in (str(tmp_path / "hub" / "checkpoints" / FILE.name), FILE.url, "3 MB", f"beginning with {DIGITS}"):
        assert part in message


def test_cut_short(tmp_path: Path) -> None:
    (tmp_path / FILE.name).write_bytes(CONTENT[:3])
    with pytest.raises(MissingWeights, match=f"begins with [0-9a-f]{{8}}, expected {DIGITS}"):
        FILE.find(tmp_path)
