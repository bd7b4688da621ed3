"""What is told of the weights that a new run starts from: all that is something else here, and nothing that is not."""

from __future__ import annotations

from typing import Any

import pytest

from pix2pix.build.starting_weights import tell_differences
from pix2pix.data.domains import domain_from_dict

RGB = {"kind": "rgb", "bits": 8}
FOLDERS = {"name": "two_folders", "direction": "a_to_b", "folders": ["BF", "DAPI"]}
UNET = {"_target_": "pix2pix.models.unet.UNet", "norm": "instance", "dropout": 0.5}
Sides = tuple[dict[str, Any], dict[str, Any]]


class Data:
    """The domains of pairs."""

    def __init__(self, source: dict[str, Any], target: dict[str, Any]) -> None:
        self.source_domain, self.target_domain = domain_from_dict(source), domain_from_dict(target)


def told(
    caplog: pytest.LogCaptureFixture,
    before: Sides = (RGB, RGB),
    now: Sides = (RGB, RGB),
    *,
    data: Sides = (FOLDERS, FOLDERS),
    generators: Sides = (UNET, UNET),
) -> list[str]:
    """The differences that are told of a run before and one now."""
    trained = Data(*before)
    record = {
        "source_domain": trained.source_domain.to_dict(),
        "target_domain": trained.target_domain.to_dict(),
        "settings": {"data": data[0], "generator": generators[0]},
    }
    settings = {"init_from": "RUN", "data": data[1], "generator": generators[1]}
    tell_differences(record, settings, Data(*now))  # type: ignore[arg-type]
    if not caplog.messages:
        return []
    (message,) = caplog.messages
    start, end = "init_from: RUN was trained otherwise: ", ". Its weights are taken as they are"
    assert message.startswith(start)
    assert message.endswith(end)
    return message.removeprefix(start).removesuffix(end).split("; ")


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (RGB, RGB, []),
        (
            {"kind": "raw", "range": [0, 4095]},
            {"kind": "raw", "range": [0, 255]},
            ["the range of the source was [0.0, 4095.0] and is [0.0, 255.0]"],
        ),
        (
            {"kind": "labels", "palette": [[0, 0, 0], [255, 0, 0]]},
            {"kind": "labels", "palette": [[255, 0, 0], [0, 0, 0]]},
            ["the palette of the source was [[0, 0, 0], [255, 0, 0]] and is [[255, 0, 0], [0, 0, 0]]"],
        ),
        ({"kind": "lab_l"}, {"kind": "grey"}, ["the source was lab_l and is grey"]),
        ({"kind": "rgb"}, {"kind": "rgb", "bits": 16}, ["the bits of the source was 8 and is 16"]),
    ],
)
def test_what_the_numbers_mean(
    before: dict[str, Any], now: dict[str, Any], expected: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert told(caplog, (before, RGB), (now, RGB)) == expected


TURNED = "it went from BF to DAPI, and this goes from DAPI to BF"


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({}, {"direction": "b_to_a"}, [TURNED]),
        ({}, {"folders": ["DAPI", "BF"]}, [TURNED]),
        ({}, {"folders": None, "source_folder": "DAPI", "target_folder": "BF"}, [TURNED]),
        ({}, {"folders": ["DAPI", "BF"], "direction": "b_to_a"}, []),  # twice
        ({}, {"folders": ["light", "stain"]}, []),  # another data set, where they are called otherwise
        ({}, {"name": "side_by_side", "folders": None, "direction": "b_to_a"}, []),  # of which nobody knows the order
        ({"folders": None}, {"folders": None, "direction": "b_to_a"}, ["data.direction was a_to_b and is b_to_a"]),
        ({"derive": "edges"}, {"derive": "grey"}, ["data.derive was edges and is grey"]),
        ({"derive": "edges"}, {}, []),  # perhaps the same edges, stored
        ({"task": "photo2map"}, {"task": "map2photo"}, ["data.task was photo2map and is map2photo"]),
    ],
)
def test_which_pictures(
    before: dict[str, Any], now: dict[str, Any], expected: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert told(caplog, data=(FOLDERS | before, FOLDERS | now)) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [({"norm": "none"}, ["generator.norm was instance and is none"]), ({"dropout": 0.0}, []), ({"new": 1}, [])],
)
def test_a_generator_of_the_same_weights_that_is_another(
    now: dict[str, Any], expected: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert told(caplog, generators=(UNET, UNET | now)) == expected
