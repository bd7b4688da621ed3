"""Packages that only exchange needs: found or told how to get, and kept from reporting their use over the network."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType


class ExchangeError(ValueError):
    """What cannot be exported, loaded, imported or published as it was asked for, in words."""


def needed(package: str, purpose: str) -> ModuleType:
    """A package of the extra `export`, imported.

    Raises ExchangeError where it is not installed, with what to type.
    """
    _silence_telemetry()
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        raise ExchangeError(
            f"{purpose} needs the package {error.name or package}: pip install 'pix2pix-lightning[export]'"
        ) from error


def _silence_telemetry() -> None:
    """OpenVINO and NNCF report each import and call to a server where `openvino_telemetry` can be imported.

    Both do without it where it cannot; None in the table of modules is Python's way to say so.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
