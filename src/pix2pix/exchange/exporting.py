"""Exporting: writes a draft, loads it again, compares it with its source, and only then names it."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from pix2pix.evaluation.run import Run, open_run
from pix2pix.exchange.agreement import Pictures, compare, gives_classes, noise_pictures, run_pictures
from pix2pix.files.atomic import draft_folder
from pix2pix.inference.exported.extras import ExchangeError
from pix2pix.inference.exported.loading import GRAPHS, SUFFIXES, is_exported, read_exported
from pix2pix.inference.exported.metadata import describe
from pix2pix.inference.exported.onnx_file import onnx_model, write_onnx
from pix2pix.inference.exported.openvino_file import openvino_model, quantised, write_openvino
from pix2pix.inference.exported.safetensors_file import write_safetensors
from pix2pix.inference.networks import Network, TorchNetwork
from pix2pix.inference.translator import TestTime, Translator

NOISE_PICTURES = 4
CALIBRATED = 32  # pictures that int8 is fitted to, unless it is typed


class Disagreement(Exception):
    """An exported file that translates otherwise than its source; it was not kept."""


def export(
    model: str,
    path: Path,
    *,
    precision: str = "f32",
    calibrate: int | None = None,
    pictures: int = 16,
    data_root: str | None = None,
) -> list[str]:
    """Export, and say what was written, a line each.

    Args:
        model: a run's folder, a checkpoint, or weights that were exported before.
        path: what is written: .onnx, .xml or .safetensors.
        precision: f32, or of OpenVINO bf16 and int8.
        calibrate, pictures: of the validation, that int8 is fitted to (None: 32), and that the two are compared on.
        data_root: where the pictures are now.

    Raises ExchangeError or EvaluationError for what is not as it was typed, Disagreement where the file is refused.
    """
    _check(path, precision)
    if calibrate is not None and precision != "int8":
        raise ExchangeError(f"--calibrate: of --precision int8, and it is {precision}: type that, or leave it out")
    opened = _open(model, data_root)
    translator, network = opened.translator, opened.network
    calibration, compared = _pictures(opened, precision, calibrate or CALIBRATED, pictures)
    suffix = path.suffix.lower()
    description = describe(
        opened.record,
        multiple=network.multiple,
        precision=precision,
        noise=network.noise and suffix == ".safetensors",
        images_seen=opened.images,
    )
    with draft_folder(path) as folder:
        draft = folder / path.name
        artefact = _Artefact(network, translator.source.channels, suffix, calibration)
        artefact.write(description, draft)
        exported = _without_noise(Translator.load(draft, device="cpu").network)
        agreement = compare(_without_noise(network), exported, compared)
        if reason := agreement.refusal(precision, classes=gives_classes(network.generator)):
            raise Disagreement(
                f"{path} was not kept: it differs too much from {model} in {precision}, on"
                f" {agreement.pictures}: {reason}"
            )
        del exported
        artefact.write({**description, "compared": agreement.to_dict()}, draft)
        written = sorted(folder.iterdir(), key=lambda file: file.suffix == suffix)  # an .xml after its .bin
        for file in written:
            file.replace(path.with_name(file.name))
    sizes = " + ".join(f"{path.with_name(file.name).stat().st_size / 2**20:.1f} MiB" for file in written)
    return [f"{path}: {precision}, {sizes}", *agreement.lines()]


class _Model(NamedTuple):
    """What is exported: a run's, or weights that were exported or published before, which know of no pictures."""

    record: Mapping[str, Any]
    translator: Translator
    images: int | None
    run: Run | None

    @property
    def network(self) -> TorchNetwork:
        assert isinstance(self.translator.network, TorchNetwork)
        return self.translator.network


def _open(typed: str, data_root: str | None) -> _Model:
    path = Path(typed).expanduser()
    if not is_exported(path):
        run = open_run(typed, data_root=data_root)
        return _Model(run.record, run.translator(), run.images, run)
    if path.suffix.lower() in GRAPHS:
        raise ExchangeError(f"{typed} is a graph, and weights are needed: name the run, or .safetensors of it")
    if data_root is not None:
        raise ExchangeError(f"--data-root: {typed} does not say what it was trained on; name the run instead")
    try:
        exported = read_exported(path)
        translator = Translator.of_exported(exported, TestTime())
    except (FileNotFoundError, ValueError) as error:
        raise ExchangeError(str(error)) from error
    return _Model(exported.description, translator, exported.description["images_seen"], None)


class _Artefact:
    """What is to be written, made once."""

    def __init__(self, network: TorchNetwork, channels: int, suffix: str, calibration: Pictures | None) -> None:
        self.suffix = suffix
        self.made: Any
        if suffix == ".safetensors":
            self.made = network.generator.state_dict()
            return
        graph = onnx_model(network.generator, channels, network.statistics)
        if suffix == ".onnx":
            self.made = graph
            return
        self.made = openvino_model(graph)
        if calibration is not None:
            self.made = quantised(self.made, [sample.source[None] for sample in calibration.samples])

    def write(self, description: Mapping[str, Any], path: Path) -> None:
        writers = {".safetensors": write_safetensors, ".onnx": write_onnx, ".xml": write_openvino}
        try:
            writers[self.suffix](self.made, description, path)
        except RuntimeError as error:
            if "iostream error" not in str(error):
                raise
            number = _refused_for(path.parent)
            raise OSError(number, os.strerror(number), str(path)) from error


def _refused_for(folder: Path) -> int:
    """The error by which a file could not be written: OpenVINO says "iostream error" for each."""
    if shutil.disk_usage(folder).free < 2**20:
        return errno.ENOSPC
    if sys.platform != "win32":
        import resource

        if resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY:
            return errno.EFBIG
    return errno.EIO


def _check(path: Path, precision: str) -> None:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ExchangeError(
            f"-o: {path} has the suffix {suffix!r}; expected .onnx, .xml (OpenVINO) or .safetensors, which says what to"
            " write"
        )
    if precision != "f32" and suffix != ".xml":
        raise ExchangeError(f"--precision {precision} is OpenVINO's: type -o {path.with_suffix('.xml')}")
    for file in (path, path.with_suffix(".bin")) if suffix == ".xml" else (path,):
        if file.exists():
            raise ExchangeError(f"-o: {file} exists already; remove it or choose another name")
    if not path.parent.is_dir():
        raise ExchangeError(f"-o: there is no folder {path.parent}")


def _pictures(model: _Model, precision: str, calibrate: int, count: int) -> tuple[Pictures | None, Pictures]:
    """Those for calibration, where there is one, and those for the comparison: others, where there are enough."""
    wanted = count + calibrate if precision == "int8" else count
    found, reason = (
        run_pictures(model.run, wanted) if model.run else (None, "These weights do not know them: name the run itself")
    )
    if found is None:
        if precision == "int8":
            raise ExchangeError(f"8 bits are calibrated on the run's own pictures. {reason}")
        return None, noise_pictures(
            model.translator.source.channels, model.network.multiple, min(count, NOISE_PICTURES)
        )
    if precision != "int8":
        return None, found
    calibration = replace(found, samples=found.samples[:calibrate])
    others = found.samples[calibrate:]
    if not others:
        return calibration, replace(found, described=f"{found.described}, those of the calibration")
    described = f"{len(others)} pictures, others than the {calibrate} of the calibration"
    return calibration, replace(found, samples=others, described=described)


def _without_noise(network: Network) -> Network:
    return replace(network, noise=False) if isinstance(network, TorchNetwork) else network
