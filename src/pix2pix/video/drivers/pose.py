"""The driver `pose`: a body as lines between joints, found by a detector that you bring: none comes with this package.

A detector is any callable that takes an uint8 RGB picture (H, W, 3) and gives (17, 3): x and y in pixels and a score in
[0, 1] for each joint of COCO: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles, left before right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pix2pix.video.errors import FilmError
from pix2pix.video.reading import Picture
from pix2pix.video.sizes import resized

Joints = NDArray[np.float64]  # (17, 3): x, y, score
Detector = Callable[[Picture], Joints]

JOINTS = 17
TYPES: dict[str, np.dtype[Any]] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(int32)": np.dtype(np.int32),
    "tensor(uint8)": np.dtype(np.uint8),
}
SURE = 0.3  # score from which on a joint is drawn
FEWEST = 4  # joints that make a body
# Left and right differ in colour, since a drawing from behind is otherwise one from before.
LIMBS: tuple[tuple[int, int, tuple[int, int, int]], ...] = (
    *((5, 6, (255, 255, 255)), (11, 12, (255, 255, 255))),  # shoulders, hips
    *((5, 11, (160, 160, 160)), (6, 12, (160, 160, 160))),  # sides
    *((5, 7, (255, 160, 0)), (7, 9, (255, 220, 0)), (6, 8, (0, 120, 255)), (8, 10, (0, 220, 255))),  # arms
    *((11, 13, (255, 0, 80)), (13, 15, (255, 0, 255)), (12, 14, (0, 200, 60)), (14, 16, (120, 255, 0))),  # legs
    *((0, 1, (255, 120, 120)), (1, 3, (255, 120, 120)), (0, 2, (120, 120, 255)), (2, 4, (120, 120, 255))),  # head
)


class OnnxDetector:
    """A detector in an ONNX file with the interface of MoveNet (single pose).

    Input: (1, S, S, 3) RGB, 0 to 255, float32, int32 or uint8; the picture is scaled to fit and lies in the upper left
    corner, the rest is black. Output: (1, 1, 17, 3) or (1, 17, 3): y, x as shares of S, and score.

    Raises FilmError where there is no such file, it has another interface, or onnxruntime is not installed.
    """

    def __init__(self, path: str | Path) -> None:
        if find_spec("onnxruntime") is None:
            raise FilmError(
                "pose needs onnxruntime, which is not installed. Type: pip install 'pix2pix-lightning[export,video]'"
            )
        if not Path(path).is_file():
            raise FilmError(f"{path}: there is no such file; --weights is an ONNX file of a pose detector")
        import onnxruntime  # type: ignore[import-untyped]

        try:
            self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises kinds of its own
            raise FilmError(f"{path}: cannot be read as an ONNX file: {error}") from error
        inputs = self._session.get_inputs()
        shapes, types = [each.shape for each in inputs], [each.type for each in inputs]
        side = shapes[0][1] if len(shapes) == 1 and len(shapes[0]) == 4 else None
        if not isinstance(side, int) or shapes[0][2:] != [side, 3] or types[0] not in TYPES:
            raise FilmError(f"{path}: takes {shapes} of {types}; expected one input (1, S, S, 3) of {', '.join(TYPES)}")
        self._path, self._side, self._name, self._type = path, side, inputs[0].name, TYPES[types[0]]

    def __call__(self, picture: Picture) -> Joints:
        """(17, 3): x, y in pixels of the picture, score."""
        height, width = picture.shape[:2]
        scale = self._side / max(height, width)
        inner = resized(picture, (max(round(height * scale), 1), max(round(width * scale), 1)))
        square: NDArray[Any] = np.zeros((1, self._side, self._side, 3), self._type)
        square[0, : inner.shape[0], : inner.shape[1]] = inner
        found = np.asarray(self._session.run(None, {self._name: square})[0], np.float64)
        if found.size != JOINTS * 3:
            raise FilmError(f"{self._path}: gives {found.shape}; expected (1, 1, {JOINTS}, 3)")
        y, x, score = found.reshape(JOINTS, 3).T
        return np.stack([x * self._side / scale, y * self._side / scale, score], axis=1)


class Pose:
    """Draws the body that a detector finds."""

    name: ClassVar[str] = "pose"
    studied: ClassVar[int] = 0
    drawn: ClassVar[Literal["grey", "rgb"]] = "rgb"

    def __init__(self, detector: Detector) -> None:
        self._detect = detector

    def study(self, frames: Iterable[Picture]) -> None:
        """Nothing is to be known: bodies are drawn where they are."""

    def __call__(self, frame: Picture, size: tuple[int, int]) -> Picture | None:
        """See `Driver`: None where fewer than 4 joints are sure."""
        joints = self._detect(frame)
        sure = joints[:, 2] >= SURE
        if sure.sum() < FEWEST:
            return None
        scale = np.array([size[1] / frame.shape[1], size[0] / frame.shape[0]])
        places = np.rint(joints[:, :2] * scale).astype(int)
        sheet: Picture = np.zeros((*size, 3), np.uint8)
        for start, end, colour in LIMBS:
            if sure[start] and sure[end]:
                ends = (places[start].tolist(), places[end].tolist())
                cv2.line(sheet, *ends, colour, max(round(min(size) / 64), 1), cv2.LINE_AA)
        return sheet

    def geometry(self) -> dict[str, Any]:
        """Bodies are not fitted to each other."""
        return {}
