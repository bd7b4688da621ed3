"""The command `pix2pix export`: what is written and loaded again, what is refused, and that nothing is reported."""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from tests.evaluation.untrained_runs import pairs_folder, untrained
from tests.threads import threads

from pix2pix.commands.export import main
from pix2pix.commands.translate import main as translate
from pix2pix.errors import BadPairError
from pix2pix.exchange import agreement, exporting
from pix2pix.inference import pictures
from pix2pix.inference.exported import checksums, extras
from pix2pix.inference.exported.extras import ExchangeError, needed
from pix2pix.inference.exported.loading import is_exported
from pix2pix.inference.networks import TorchNetwork
from pix2pix.inference.translator import Translator
from pix2pix.pictures.codecs import read_picture, write_picture

DOCUMENTED = Path(__file__).parents[2] / "docs" / "export.md"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of noise to photos of noise; every size is its own."""
    folder = tmp_path_factory.mktemp("run")
    pairs = pairs_folder(folder / "pairs", train=1, val=3)
    return untrained(folder / "run", "data=side_by_side", f"data.root={pairs}")


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run in every format."""
    folder = tmp_path_factory.mktemp("exported")
    for name in ("model.onnx", "model.xml", "model.safetensors"):
        assert main([str(run), "-o", str(folder / name)]) == 0
    return folder


def picture(height: int = 19, width: int = 26) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)


def without_noise(translator: Translator) -> Translator:
    assert isinstance(translator.network, TorchNetwork)
    return Translator(replace(translator.network, noise=False), translator.source, translator.target)


@pytest.mark.parametrize("name", ["model.onnx", "model.xml"])
def test_graphs_translate_pictures_as_the_run_does(run: Path, exported: Path, name: str) -> None:
    expected = without_noise(Translator.load(run))(picture())
    translated = Translator.load(exported / name)(picture())
    assert translated.dtype == np.uint8
    assert np.abs(translated.astype(int) - expected).max() <= 1  # rounded to levels


@pytest.fixture
def two_threads() -> Iterator[None]:
    with threads(2):
        yield


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("large", [pictures.LARGE, 100])
@pytest.mark.parametrize("kind", ["run", "model.safetensors", "model.xml"])
def test_several_pictures_at_a_time_are_those_of_one(
    run: Path, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: int, kind: str
) -> None:
    monkeypatch.setattr(pictures, "LARGE", large)
    model = run if kind == "run" else exported / kind
    translator = Translator.load(model)
    assert len(translator.lanes(4)) == 2
    sizes = [(8, 8 + index % 3 * 4) for index in range(12)]  # of 64 to 128 pixels
    (tmp_path / "in").mkdir()
    for index, size in enumerate(sizes):
        write_picture(tmp_path / "in" / f"{index}.png", picture(*size))
    assert translate([str(model), str(tmp_path / "in"), "-o", str(tmp_path / "out")]) == 0
    for index, size in enumerate(sizes):
        alone = translator(picture(*size), str(index)).astype(int)
        assert np.abs(read_picture(tmp_path / "out" / f"{index}.png") - alone).max() <= 1


def test_a_graph_of_inpainting_keeps_what_is_known(tmp_path: Path) -> None:
    pairs = pairs_folder(tmp_path / "pairs", train=1, val=1)
    holes = ("data=derived", f"data.root={pairs}", "data.derive=holes", "data.holes.only=true")
    run = untrained(tmp_path / "run", *holes)
    assert main([str(run), "-o", str(tmp_path / "a.onnx")]) == 0
    graph = Translator.load(tmp_path / "a.onnx")
    holed = graph.derive(picture(), "a")
    known = (holed == picture()).all(axis=2)
    np.testing.assert_array_equal(graph(holed)[known], picture()[known])


def test_weights_keep_the_noise(run: Path, exported: Path) -> None:
    assert np.array_equal(
        Translator.load(exported / "model.safetensors")(picture(), "a"), Translator.load(run)(picture(), "a")
    )


def test_too_small_a_picture_and_another_device(exported: Path) -> None:
    translator = Translator.load(exported / "model.onnx")
    with pytest.raises(BadPairError, match="too small"):
        translator(picture(2, 30))
    with pytest.raises(ExchangeError, match=r"export \.safetensors"):
        translator.network.to("cuda")


def test_what_is_printed(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(run), "-o", str(tmp_path / "a.safetensors"), "--pictures", "2"]) == 0
    printed = capsys.readouterr().out
    assert "compared on 2 pictures of val: largest difference 0, mean 0" in printed
    assert "PSNR against the targets" in printed
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]
    (tmp_path / "usual").touch()
    assert (tmp_path / "a.safetensors").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_without_the_pictures_noise_is_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = pairs_folder(tmp_path / "pairs", train=1, val=1)
    run = untrained(tmp_path / "run", "data=side_by_side", f"data.root={pairs}")
    pairs.rename(tmp_path / "moved")
    assert main([str(run), "-o", str(tmp_path / "a.safetensors")]) == 0
    assert "pictures of noise, not real ones" in capsys.readouterr().out
    assert main([str(run), "-o", str(tmp_path / "a.xml"), "--precision", "int8"]) == 2
    assert "--data-root FOLDER" in capsys.readouterr().err


def test_weights_are_exported_again(exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = str(exported / "model.safetensors")
    assert main([weights, "-o", str(tmp_path / "a.onnx")]) == 0
    assert "pictures of noise, not real ones" in capsys.readouterr().out
    again, before = (Translator.load(path)(picture()) for path in (tmp_path / "a.onnx", exported / "model.onnx"))
    assert np.array_equal(again, before)
    for words, message in (
        ([weights, "-o", str(tmp_path / "a.xml"), "--precision", "int8"], "name the run itself"),
        ([weights, "-o", str(tmp_path / "b.onnx"), "--data-root", "."], "--data-root: .* does not say what"),
        ([str(exported / "model.onnx"), "-o", str(tmp_path / "a.xml")], "is a graph, and weights are needed"),
        ([str(exported / "no.safetensors"), "-o", str(tmp_path / "a.xml")], "is no file"),
    ):
        assert main(words) == 2
        assert re.search(message, capsys.readouterr().err)


def test_a_graph_says_what_sides_it_takes(run: Path, exported: Path) -> None:
    expected = Translator.load(run).network.multiple
    assert 1 < Translator.load(exported / "model.onnx").network.multiple == expected


def test_one_that_differs_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(agreement.LIMITS, "f32", agreement.Limits(largest=1.0, mean=-1.0))
    assert main([str(run), "-o", str(tmp_path / "a.safetensors")]) == 1
    assert re.search(r"was not kept.*: mean difference 0, at most -1", capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


def test_mistakes(run: Path, exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, message in (
        (["-o", str(tmp_path / "a.pt")], "suffix '.pt'; expected .onnx, .xml (OpenVINO) or .safetensors"),
        (["-o", str(tmp_path / "a.onnx"), "--precision", "int8"], "int8 is OpenVINO's: type -o"),
        (["-o", str(tmp_path / "a.xml"), "--calibrate", "9"], "--calibrate: of --precision int8, and it is f32: type"),
        (["-o", str(exported / "model.onnx")], "model.onnx exists already"),
        (["-o", str(tmp_path / "no" / "a.onnx")], "there is no folder"),
    ):
        assert main([str(run), *words]) == 2
        assert message in capsys.readouterr().err
    assert main([str(tmp_path), "-o", str(tmp_path / "a.onnx")]) == 2
    assert "expected a checkpoint or the folder of a run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("writer", "suffix"), [("onnx", ".onnx"), ("openvino", ".xml"), ("safetensors", ".safetensors")]
)
def test_a_file_that_cannot_be_written_is_named(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], writer: str, suffix: str
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    real = getattr(exporting, f"write_{writer}")

    def write(*arguments: Any) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # not before: drafts of a conversion lie elsewhere
        real(*arguments)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(exporting, f"write_{writer}", write)
        try:
            assert main([str(run), "-o", str(tmp_path / f"model{suffix}")]) == 1
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert f"{tmp_path / 'model'}{suffix}: File too large; `ulimit -f`" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_none_of_ours(exported: Path, tmp_path: Path) -> None:
    for name in ("model.onnx", "model.xml", "model.safetensors"):
        assert is_exported(exported / name)
        (tmp_path / name).write_bytes(b"nothing")
        (tmp_path / "model.bin").touch()
        with pytest.raises(ExchangeError, match="cannot be read as"):
            Translator.load(tmp_path / name)
    stranger = onnx.load(exported / "model.onnx")
    del stranger.metadata_props[:]
    onnx.save(stranger, tmp_path / "stranger.onnx")
    with pytest.raises(ExchangeError, match="was not exported by pix2pix"):
        Translator.load(tmp_path / "stranger.onnx")
    (tmp_path / "alone.xml").write_bytes((exported / "model.xml").read_bytes())
    with pytest.raises(ExchangeError, match=r"expected .*alone\.bin beside it"):
        Translator.load(tmp_path / "alone.xml")
    with pytest.raises(FileNotFoundError):
        Translator.load(tmp_path / "nothing.onnx")


def test_a_file_that_was_changed(exported: Path, tmp_path: Path) -> None:
    """A weight changed by one bit: the other libraries see nothing."""
    for name, changed in (("model.onnx", ".onnx"), ("model.safetensors", ".safetensors"), ("model.xml", ".bin")):
        for file in exported.iterdir():
            shutil.copy(file, tmp_path)
        place = (tmp_path / name).with_suffix(changed)
        data = bytearray(place.read_bytes())
        data[len(data) // 2] ^= 1
        place.write_bytes(data)
        with pytest.raises(ExchangeError, match=f"{name} is damaged, or was changed after its export"):
            Translator.load(tmp_path / name)


def test_files_without_a_checksum_are_read(exported: Path, run: Path, tmp_path: Path) -> None:
    """As older versions wrote them."""
    expected = without_noise(Translator.load(run))(picture())
    graph = onnx.load(exported / "model.onnx")
    kept = [entry for entry in graph.metadata_props if entry.key != checksums.KEY]
    assert len(kept) == len(graph.metadata_props) - 1
    del graph.metadata_props[:]
    graph.metadata_props.extend(kept)
    onnx.save(graph, tmp_path / "model.onnx")
    text, comment, _ = (exported / "model.xml").read_text(encoding="utf-8").rpartition(f"<!-- {checksums.KEY}")
    assert comment
    (tmp_path / "model.xml").write_text(text, encoding="utf-8")
    shutil.copy(exported / "model.bin", tmp_path)
    with safe_open(exported / "model.safetensors", framework="pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    del metadata[checksums.KEY]
    save_file(tensors, tmp_path / "model.safetensors", metadata=metadata)
    for name in ("model.onnx", "model.xml", "model.safetensors"):
        translator = Translator.load(tmp_path / name)
        found = (translator if name != "model.safetensors" else without_noise(translator))(picture())
        assert np.abs(found.astype(int) - expected.astype(int)).max() <= 1


def test_a_description_that_is_none(exported: Path, tmp_path: Path) -> None:
    graph = onnx.load(exported / "model.onnx")
    told = json.loads(next(entry.value for entry in graph.metadata_props if entry.key == "pix2pix"))
    for key, value, said in (
        ("multiple", 3, "multiple is 3, expected a power of two"),
        ("settings", [], "has no settings"),
        ("source_domain", {"kind": "grey"}, "its source is .*, expected 4 sides, the second of 1 channels"),
        ("precision", "f4", "precision is 'f4'"),
    ):
        onnx.helper.set_model_props(graph, {"pix2pix": json.dumps({**told, key: value})})
        onnx.save(graph, tmp_path / "a.onnx")
        with pytest.raises(ExchangeError, match=f"a.onnx: .*{said}"):
            Translator.load(tmp_path / "a.onnx")
    onnx.helper.set_model_props(graph, {"pix2pix": "[" * 100_000})
    onnx.save(graph, tmp_path / "a.onnx")
    with pytest.raises(ExchangeError, match="is damaged"):
        Translator.load(tmp_path / "a.onnx")


def test_an_extra_that_is_missing(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(extras, "import_module", absent)
    with pytest.raises(
        ExchangeError, match=r"needs the package onnxruntime: pip install 'pix2pix-lightning\[export\]'"
    ):
        Translator.load(exported / "model.onnx")
    with pytest.raises(ExchangeError, match="openvino"):
        needed("openvino", "this test")


def test_no_use_is_reported(tmp_path: Path) -> None:
    """Nothing that reports is imported, nothing looked up on the network, no mark left in the person's folder."""
    program = (
        "import socket, sys\n"
        "def refused(*_, **__): raise SystemExit('network')\n"
        "socket.getaddrinfo = socket.create_connection = refused\n"
        "from pix2pix.inference.exported.extras import needed\n"
        "needed('openvino', 'this test')\n"
        "print(sorted(name for name in sys.modules if name.startswith('openvino_telemetry.')))\n"
    )
    environment = {"HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path), "CI": ""}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["model.onnx", "model.xml"])
def test_the_documented_script_needs_neither_torch_nor_pix2pix(
    run: Path, exported: Path, name: str, tmp_path: Path
) -> None:
    (script,) = re.findall(r"```python\n(# translate_exported\.py.*?)```", DOCUMENTED.read_text(), re.DOTALL)
    forbidden = "import sys; sys.modules['torch'] = sys.modules['pix2pix'] = None\n"
    (tmp_path / "translate_exported.py").write_text(forbidden + script)
    Image.fromarray(picture()).save(tmp_path / "source.png")
    words = [sys.executable, "translate_exported.py", str(exported / name), "source.png", "target.png"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    expected = without_noise(Translator.load(run))(picture())
    with Image.open(tmp_path / "target.png") as image:
        assert np.abs(np.asarray(image).astype(int) - expected).max() <= 1


@pytest.mark.slow
def test_eight_bits(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(run), "-o", str(tmp_path / "a.xml"), "--precision", "int8", "--calibrate", "2", "--pictures", "1"]
    assert main(words) == 0
    assert "compared on 1 pictures, others than the 2 of the calibration" in capsys.readouterr().out
    assert Translator.load(tmp_path / "a.xml")(picture()).shape == (19, 26, 3)
    assert (tmp_path / "a.bin").stat().st_size > 0
