"""Drivers: what draws each frame of a film, so that another film can be made to do the same. One a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pix2pix.video.drivers.driver import Driver
from pix2pix.video.errors import FilmError

DRIVERS = {
    "landmarks": "the 68 landmarks of a face as lines; the driver's face is fitted to the target's",
    "edges": "the edges of everything that is seen",
    "matte": "the silhouette of what moves before a background that stands still",
    "pose": "the body as lines between 17 joints, by a detector of your own: --weights FILE.onnx",
}


def make_driver(name: str, *, weights: str | Path | None = None) -> Driver:
    """The driver of that name, as `pix2pix data make` uses it. Raises FilmError where it cannot be had."""
    if weights is not None and name != "pose":
        raise FilmError(f"the driver {name} has no weights of your own; only pose has")
    makers: dict[str, Callable[[], Driver]] = {
        "landmarks": _landmarks,
        "edges": _edges,
        "matte": _matte,
        "pose": lambda: _pose(weights),
    }
    if name not in makers:
        raise FilmError(f"there is no driver {name!r}; there are {', '.join(makers)}")
    return makers[name]()


def _landmarks() -> Driver:
    from pix2pix.video.drivers.landmarks import Landmarks

    return Landmarks()


def _edges() -> Driver:
    from pix2pix.video.drivers.edges import EdgesDriver

    return EdgesDriver()


def _matte() -> Driver:
    from pix2pix.video.drivers.matte import Matte

    return Matte()


def _pose(weights: str | Path | None) -> Driver:
    from pix2pix.video.drivers.pose import OnnxDetector, Pose

    if weights is None:
        raise FilmError(
            "the driver pose needs a detector of your own, --weights FILE.onnx: none comes with this package;"
            " docs/video.md says which files it takes"
        )
    return Pose(OnnxDetector(weights))
