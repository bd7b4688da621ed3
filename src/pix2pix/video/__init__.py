"""Films: read, translated frame by frame, written; and drivers, which draw one so that another can be made of it.

Importing anything from here needs the extra `video`.
"""

from importlib.util import find_spec

from pix2pix.video.errors import FilmError

for _module, _package in {"av": "av", "cv2": "opencv-python-headless"}.items():
    if find_spec(_module) is None:
        raise FilmError(
            f"films need the package {_package}, which is not installed. Type: pip install 'pix2pix-lightning[video]'"
        )
