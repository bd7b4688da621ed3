"""What comes before the points: the classes of labels, the judge, and what an image costs. Each is done once."""

from __future__ import annotations

import hashlib
import json
import logging
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pix2pix.errors import ConfigError
from pix2pix.files.atomic import write_whole
from pix2pix.reproduction import judging, speed
from pix2pix.reproduction.methods import Method, Setting
from pix2pix.reproduction.plan import Cost, Load
from pix2pix.reproduction.points import point_overrides
from pix2pix.segmentation_score import JUDGES
from pix2pix.sweeping.point import Point
from pix2pix.sweeping.sweep import run_points

log = logging.getLogger(__name__)

SPEED_LASTS = 1800  # seconds for which a measured speed is believed: a machine may have other work later


def find_classes(setting: Setting, folder: Path) -> tuple[tuple[int, int, int], ...]:
    """The classes' colours, found in the training labels once. Raises ConfigError where they are no label maps."""
    path = folder / "palette.json"
    if not path.exists():
        from pix2pix.build.assembly import open_pairs
        from pix2pix.segmentation_score.palette import NoPaletteError, find_palette

        log.info("Looking for the classes' colours in the training labels.")
        pairs = open_pairs(setting.composed["data"]["pairs"])(split="train")
        try:
            found = find_palette(pairs[index].source[..., :3] for index in range(len(pairs)))
        except NoPaletteError as error:
            raise ConfigError(
                f"data.direction={setting.composed['data']['direction']}: its sources do not look like labels, {error}."
                " Turn it round, or type --tables without photo2labels"
            ) from error
        write_whole(path, json.dumps(found.colours) + "\n")
    return tuple((red, green, blue) for red, green, blue in json.loads(path.read_text(encoding="utf-8")))


def make_judge(setting: Setting, folder: Path) -> dict[str, Any]:
    """What `judge.json` says, after making the judge where it has not been made."""
    point = Point("the judge", _data_overrides(setting), folder / "judge", judging.FILE)
    path = point.folder / judging.FILE
    if path.is_file() and _has_changed(json.loads(path.read_text(encoding="utf-8"))):
        path.unlink()
    if not path.exists():
        log.info("First the judge, a segmentation network trained on the real photos: %s", point.folder / "console.log")
    command = [sys.executable, "-m", "pix2pix.reproduction.judging", str(JUDGES.absolute())]
    (result,) = run_points([point], point.folder, jobs=1, devices_per_job=0, command=command, show=False)
    if result.status != "finished":
        raise ConfigError(
            f"the judge could not be made; the end of {point.folder / 'console.log'}:\n{result.last_lines}"
        )
    said = json.loads(path.read_text(encoding="utf-8"))
    if said["folder"] is None:
        log.warning("There will be no segmentation scores: %s", said["refused"])
    return dict(said)


def _has_changed(said: Mapping[str, Any]) -> bool:
    """Whether the judge that was found is not there any more, is another one, or has been made since it was refused."""
    from pix2pix.segmentation_score.judge import FILE, Judge

    place = Path(said["place"])
    return bool((Judge.load(place).digest if (place / FILE).is_file() else None) != said["digest"])


def _data_overrides(setting: Setting) -> list[str]:
    """Settings that make the data of labels → photo, the same whatever tables are asked for."""
    return _one_epoch(Method("labels2photo", "l1"), setting)


def _one_epoch(method: Method, setting: Setting) -> list[str]:
    return [*point_overrides(method, setting, seed=0, epochs=1), "schedule.decay_epochs=0"]


def measure_speed(
    chosen: Sequence[Method], setting: Setting, folder: Path, jobs: int
) -> tuple[dict[Method, Cost], Load]:
    """What each method costs, measured in as many processes as points will run at a time; kept in the folder."""
    kinds = {method.key: _one_epoch(method, setting) for method in chosen}
    digest = hashlib.sha256(json.dumps([kinds, jobs]).encode()).hexdigest()[:8]
    within = folder / "speed" / digest
    within.mkdir(parents=True, exist_ok=True)
    write_whole(within / "kinds.json", json.dumps(kinds, indent=1) + "\n")
    measuring = [Point(f"speed {number}", [], within / str(number), speed.SCORED) for number in range(jobs)]
    found = [point.folder / speed.SCORED for point in measuring if (point.folder / speed.SCORED).exists()]
    if len(found) < jobs or min(path.stat().st_mtime for path in found) < time.time() - SPEED_LASTS:
        for path in found:
            path.unlink()
        log.info("Measuring what an image costs with each of the %d methods.", len(chosen))
    command = [sys.executable, "-m", "pix2pix.reproduction.speed", str(within / "kinds.json")]
    results = run_points(measuring, within, jobs=jobs, devices_per_job=devices_of(setting), command=command, show=False)
    for result in results:
        if result.status != "finished":
            raise ConfigError(f"what an image costs could not be measured:\n{result.last_lines}")
    said = [json.loads((point.folder / speed.SCORED).read_text(encoding="utf-8")) for point in measuring]
    costs = {
        method: Cost(
            **{
                name: statistics.mean(each["seconds"][method.key][name] for each in said)
                for name in ("start", "image", "picture", "scoring")
            }
        )
        for method in chosen
    }
    return costs, Load(said[0]["images"], said[0]["pictures"], jobs)


def devices_of(setting: Setting) -> int:
    """Devices, or processes on the processor, that one point trains on."""
    asked = setting.composed["trainer"]["devices"]
    return asked if isinstance(asked, int) and asked > 0 else 1
