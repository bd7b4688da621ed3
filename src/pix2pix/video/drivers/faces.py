"""Finding a face and its 68 landmarks, by dlib: HOG detector, and the regression trees of Kazemi and Sullivan 2014.

The weights come in the wheel of face-recognition-models; they were trained on iBUG 300-W, whose terms exclude
commercial use. Points are numbered as there: jaw 0 to 16, brows 17 to 26, nose 27 to 35, eyes 36 to 47, lips 48 to 67.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pix2pix.video.errors import FilmError
from pix2pix.video.reading import Picture
from pix2pix.video.sizes import resized

Points = NDArray[np.float64]  # (68, 2): x to the right, y down, in pixels; the middle of the first pixel is (0, 0)

COUNT = 68
SIDE = 320  # pixels of the shorter side on which faces are looked for; the detector finds those from 80 pixels on


class FaceFinder:
    """Finds the largest face of a picture. Raises FilmError where dlib or its weights are not installed."""

    def __init__(self) -> None:
        found = find_spec("face_recognition_models")
        if find_spec("dlib") is None or found is None or found.origin is None:
            raise FilmError(
                "landmarks need dlib-bin and face-recognition-models, which are not installed."
                " Type: pip install 'pix2pix-lightning[video]'"
            )
        import dlib  # type: ignore[import-untyped]

        # Importing the package of the weights needs pkg_resources, which newer setuptools do not have.
        weights = Path(found.origin).with_name("models") / "shape_predictor_68_face_landmarks.dat"
        if not weights.is_file():
            raise FilmError(f"{weights}: is missing. Type: pip install --force-reinstall face-recognition-models")
        self._dlib: Any = dlib
        self._detect = dlib.get_frontal_face_detector()
        self._predict = dlib.shape_predictor(str(weights))

    def __call__(self, picture: Picture) -> Points | None:
        """The landmarks of the largest face in an uint8 RGB picture; None where there is no face."""
        height, width = picture.shape[:2]
        scale = SIDE / min(height, width)
        faces = self._detect(resized(picture, (round(height * scale), round(width * scale))), 0)
        if not faces:
            return None
        face = max(faces, key=lambda each: each.area())
        sides = [round(side / scale) for side in (face.left(), face.top(), face.right(), face.bottom())]
        shape = self._predict(np.ascontiguousarray(picture), self._dlib.rectangle(*sides))
        return np.array([(point.x, point.y) for point in shape.parts()], np.float64)
