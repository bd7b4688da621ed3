"""The drivers without a face: edges as `data.derive=edges` draws them, silhouettes, bodies by one's own detector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.video.films import Picture, patches

from pix2pix.data.derive.edges import Edges
from pix2pix.video.drivers import DRIVERS, make_driver
from pix2pix.video.drivers.matte import Matte
from pix2pix.video.drivers.pose import Joints, OnnxDetector, Pose
from pix2pix.video.errors import FilmError

RNG = np.random.default_rng(0)


def test_edges_are_those_of_derived_pairs() -> None:
    frame = patches(0)
    drawing = make_driver("edges")(frame, (48, 64))
    assert drawing is not None
    assert np.array_equal(drawing, np.repeat(Edges()(frame, "it").source, 3, axis=2))
    assert 0 < (drawing == 0).mean() < 0.3


def walk(places: range) -> tuple[list[Picture], list[tuple[slice, slice]]]:
    """Someone, 20 x 40 pixels in red, before a wall of noise that stands still."""
    wall = RNG.integers(90, 140, (80, 120, 3), dtype=np.uint8)
    frames, where = [], []
    for left in places:
        frame = np.clip(wall + RNG.normal(0, 3, wall.shape), 0, 255).astype(np.uint8)
        where.append((slice(30, 70), slice(left, left + 20)))
        frame[where[-1]] = (220, 30, 40)
        frames.append(frame)
    return frames, where


def test_matte_is_who_moves() -> None:
    frames, where = walk(range(0, 100, 5))
    matte = Matte()
    matte.study(frames)
    for frame, place in zip(frames, where, strict=True):
        drawing = matte(frame, (80, 120))
        assert drawing is not None
        truth = np.zeros((80, 120), bool)
        truth[place] = True
        mask = drawing[:, :, 0] > 127
        assert (mask & truth).sum() / (mask | truth).sum() > 0.85  # intersection over union


def test_matte_of_a_film_without_a_background_is_refused() -> None:
    with pytest.raises(FilmError, match="camera that stands still"):
        Matte().study([RNG.integers(0, 255, (1, 1, 3), dtype=np.uint8).repeat(40, 0).repeat(40, 1) for _ in range(9)])
    with pytest.raises(FilmError, match="0% of the film"):
        Matte().study([np.zeros((40, 40, 3), np.uint8)] * 3)


def standing(picture: Picture) -> Joints:
    y = np.linspace(0.1, 0.9, 17) * picture.shape[0]
    x = np.where(np.arange(17) % 2, 0.3, 0.7) * picture.shape[1]
    return np.stack([x, y, np.ones(17)], axis=1)


def test_pose_draws_what_the_detector_finds() -> None:
    drawing = Pose(standing)(np.zeros((60, 80, 3), np.uint8), (120, 160))
    assert drawing is not None
    places = standing(np.zeros((120, 160, 3), np.uint8))[:, :2].round().astype(int)
    assert all(drawing[y, x].any() for x, y in places)
    nobody = Pose(lambda picture: standing(picture) * [1, 1, 0.1])
    assert nobody(np.zeros((60, 80, 3), np.uint8), (120, 160)) is None


def onnx_file(path: Path, shape: list[int], joints: Joints) -> Path:
    """A detector that says the same of every picture."""
    from onnx import TensorProto, helper, numpy_helper

    output = joints.astype(np.float32)[None, None]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["same"], ["joints"])],
        "detector",
        [helper.make_tensor_value_info("picture", TensorProto.INT32, shape)],
        [helper.make_tensor_value_info("joints", TensorProto.FLOAT, output.shape)],
        [numpy_helper.from_array(output, "same")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)
    return path


def test_an_onnx_detector_gives_pixels_of_the_picture(tmp_path: Path) -> None:
    shares = np.tile([0.25, 0.5, 0.9], (17, 1))  # y, x of a square of 32, score
    detect = OnnxDetector(onnx_file(tmp_path / "pose.onnx", [1, 32, 32, 3], shares))
    assert detect(np.zeros((60, 80, 3), np.uint8))[5].tolist() == pytest.approx([40, 20, 0.9])  # of a square of 80
    made = make_driver("pose", weights=tmp_path / "pose.onnx")
    assert made.name == "pose"


def test_mistakes_with_drivers_are_told(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no model")
    wrong = onnx_file(tmp_path / "wrong.onnx", [1, 3, 32, 32], np.zeros((17, 3)))
    few = onnx_file(tmp_path / "few.onnx", [1, 32, 32, 3], np.zeros((5, 3)))
    for name, weights, said in (
        ("pose", None, "needs a detector of your own"),
        ("pose", tmp_path / "no.onnx", "there is no such file"),
        ("pose", tmp_path / "text.onnx", "cannot be read as an ONNX file"),
        ("pose", wrong, r"expected one input \(1, S, S, 3\)"),
        ("edges", few, "has no weights of your own"),
        ("poses", None, f"there are {', '.join(DRIVERS)}"),
    ):
        with pytest.raises(FilmError, match=said):
            make_driver(name, weights=weights)
    with pytest.raises(FilmError, match=r"expected \(1, 1, 17, 3\)"):
        OnnxDetector(few)(np.zeros((32, 32, 3), np.uint8))
