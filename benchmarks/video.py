"""One film of a person: a run that was trained on its beginning is driven by the landmarks of its end.

PYTHONPATH=src OMP_NUM_THREADS=1 nice -n 19 python -m benchmarks.video FILM RUN -o FOLDER

Before it, pairs of the film, of which the first part trains, and a run on them:

    pix2pix data make FILM --driver landmarks --val 0.25 -o PAIRS
    pix2pix train …                                    # the line that this prints

Of carphone.mp4 (120 frames) 90 train and 30 are driven. Beside the translation stand two baselines without a network:
the last training frame, held; and the training frame with the nearest landmarks. For each: PSNR and SSIM over the box
of the face, the landmarks that are found in the result against those asked for, flicker. FOLDER gets frames to look at.
Then the same run is driven by the same film mirrored and one and a half times as large, as in a mirror and as it is.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time

import cv2
import numpy as np
import torch
from PIL import Image

from pix2pix.inference.translator import Translator
from pix2pix.metrics.image import psnr, ssim
from pix2pix.video.driver_file import made_for
from pix2pix.video.drivers.faces import FaceFinder, Points
from pix2pix.video.drivers.landmarks import Landmarks, draw, shape_from
from pix2pix.video.flicker import flicker
from pix2pix.video.reading import Film, Picture
from pix2pix.video.sizes import resized
from pix2pix.video.smoothing import Smoothing

MARGIN = 0.15  # of the face's height, around the landmarks
SHOWN = 8  # frames of each film on the sheet


def read_frames(film: Path, size: tuple[int, int]) -> list[Picture]:
    with Film(film) as opened:
        return [resized(frame.picture, size) for frame in opened.frames()]


def face_box(points: Points, size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the face, as found in the real frame, with a margin."""
    low, high = points.min(axis=0), points.max(axis=0)
    around = MARGIN * (high[1] - low[1])
    left, top = np.maximum(low - around, 0).astype(int)
    right, bottom = np.minimum(high + around + 1, (size[1], size[0])).astype(int)
    return slice(top, bottom), slice(left, right)


def as_tensor(picture: Picture) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1) / 255


def scores(
    result: Sequence[Picture], real: Sequence[Picture], asked: Sequence[Points], find: FaceFinder
) -> dict[str, float]:
    """Means over the frames; `landmarks` in pixels, over the frames in which a face is found again."""
    size = (real[0].shape[0], real[0].shape[1])
    boxes = [face_box(points, size) for points in asked]
    cut = [(as_tensor(one[box]), as_tensor(other[box])) for one, other, box in zip(result, real, boxes, strict=True)]
    again = [find(frame) for frame in result]
    apart = [
        float(np.linalg.norm(there - points, axis=1).mean())
        for there, points in zip(again, asked, strict=True)
        if there is not None
    ]
    return {
        "psnr": float(np.mean([float(psnr(*pair)) for pair in cut])),
        "ssim": float(np.mean([float(ssim(*pair)) for pair in cut])),
        "landmarks": float(np.mean(apart)) if apart else float("nan"),
        "faces": len(apart),
        "flicker": flicker(result, real).excess,
    }


def translated(translator: Translator, drawings: Sequence[Picture], noise: str, smoothing: float) -> list[Picture]:
    smooth = Smoothing(smoothing)
    names = ["steady" if noise == "steady" else f"{index:06d}" for index in range(len(drawings))]
    return [smooth(sheet, translator(sheet, name)) for sheet, name in zip(drawings, names, strict=True)]


def mirrored_film(frames: Sequence[Picture]) -> list[Picture]:
    return [np.asarray(cv2.resize(frame[:, ::-1], None, fx=1.5, fy=1.5), np.uint8) for frame in frames]


def fitted(driver: Landmarks, film: Sequence[Picture], size: tuple[int, int]) -> list[Points | None]:
    """Where the landmarks of another film are drawn."""
    driver.study(film[:: max(len(film) // driver.studied, 1)])
    height, width = film[0].shape[:2]
    return [
        None if (points := driver.find(frame)) is None else driver.place(points, (height, width), size)
        for frame in film
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("film", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--train", type=int, default=90, help="frames that the run was trained on")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True)
    torch.set_num_threads(1)
    made, translator, find = made_for(arguments.run), Translator.load(arguments.run), FaceFinder()
    size, frames = made.size, read_frames(arguments.film, made.size)
    found = [find(frame) for frame in frames]
    known = [index for index in range(arguments.train) if found[index] is not None]
    driven = [index for index in range(arguments.train, len(frames)) if found[index] is not None]
    real, asked = (
        [frames[index] for index in driven],
        [points for index in driven if (points := found[index]) is not None],
    )
    drawings = [draw(points, size) for points in asked]

    def nearest(points: Points) -> Picture:
        return frames[min(known, key=lambda index: float(np.linalg.norm(points - found[index])))]  # type: ignore[operator]

    films: dict[str, Callable[[], list[Picture]]] = {
        "translated, fresh noise": lambda: translated(translator, drawings, "fresh", 0),
        "translated, steady noise": lambda: translated(translator, drawings, "steady", 0),
        "  and smoothing 0.3": lambda: translated(translator, drawings, "steady", 0.3),
        "  and smoothing 0.5": lambda: translated(translator, drawings, "steady", 0.5),
        "last training frame, held": lambda: [frames[known[-1]]] * len(driven),
        "training frame of nearest landmarks": lambda: [nearest(points) for points in asked],
        "the real film": lambda: real,
    }
    print(f"{len(driven)} of {len(frames) - arguments.train} frames driven, {size[1]} x {size[0]}; landmarks in pixels")
    table, sheets = {}, {"drawing": drawings}
    for name, make in films.items():
        start = process_time()
        result = make()
        table[name] = scores(result, real, asked, find) | {"seconds": process_time() - start}
        sheets[name] = result
        print(f"{name:36}" + "".join(f"{key} {value:8.3f}  " for key, value in table[name].items()))
    for mirror in (True, False):
        driver = Landmarks(shape_from(made.geometry), mirror=mirror)
        places = fitted(driver, mirrored_film(frames), size)
        apart = [
            float(np.linalg.norm(there - here, axis=1).mean())
            for there, here in zip(places, found, strict=True)
            if there is not None and here is not None
        ]
        name = f"driven by the mirrored film{', seen as in a mirror' if mirror else ''}"
        table[name] = {"fitted landmarks from the original's": float(np.mean(apart)), "frames": len(apart)}
        print(f"{name}: fitted landmarks are {np.mean(apart):.2f} px from the original's, in {len(apart)} frames")
        others = [draw(points, size) for index in driven if (points := places[index]) is not None]
        sheets[name] = translated(translator, others, "steady", 0)
    (arguments.output / "scores.json").write_text(json.dumps(table, indent=1) + "\n")
    picked = np.linspace(0, len(driven) - 1, min(SHOWN, len(driven))).astype(int)
    rows = [
        np.concatenate([sheet[min(index, len(sheet) - 1)] for index in picked], axis=1) for sheet in sheets.values()
    ]
    Image.fromarray(np.concatenate(rows)).save(arguments.output / "frames.png")
    print("frames.png, from above: " + "; ".join(name.strip() for name in sheets))


if __name__ == "__main__":
    main()
