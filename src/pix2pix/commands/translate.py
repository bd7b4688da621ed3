"""`pix2pix translate MODEL INPUT… -o OUT`: pictures, folders and patterns, through a trained run.

pix2pix translate outputs/facades/2026-01-31_12-00-00 labels/ -o photos
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from pix2pix.commands.arguments import count, exit_status, filled, number, path

EXAMPLE = """\
examples:
  pix2pix translate outputs/scenes/2026-01-31_12-00-00 drawing.png -o photo.png
  pix2pix translate RUN scans/ -o stained                     # the tree of the folder is kept
  pix2pix translate RUN 'scans/**/*.tif' -o stained           # a pattern, in quotes
  pix2pix translate RUN holidays/ -o painted --size 256       # photos far larger than those of the training
  pix2pix translate RUN labels/ -o look --side-by-side --samples 4
  pix2pix translate RUN film.mp4 -o translated.mp4            # sound and time stamps as they are
  pix2pix translate RUN person.mp4 --driver landmarks -o driven.mp4
  pix2pix translate model.xml slide.tif -o stained.tif --tile 512
  pix2pix translate RUN --split test -o test_results          # pictures of the training's own data

Results have the size of their source or of --size, the target's own numbers, and the source's kind of file where that
can hold them.
Without --noise and --statistics a picture is translated as the run's own validation does it, whatever is beside it.
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; the exit status: 0, 1 where a picture failed, 2 for a mistake, told in words."""
    arguments = _parser().parse_args(words)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    from pix2pix.commands.translate_work import run_command
    from pix2pix.inference.plan import PlanError

    stopped = "stopped: what is written is whole; --skip-existing goes on"
    return exit_status("translate", lambda: run_command(arguments), mistakes=(PlanError,), stopped=stopped)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pix2pix translate",
        description="Translate pictures with a trained model.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("model", type=filled, metavar="MODEL", help="a run's folder, a checkpoint, or an exported file")
    add("inputs", nargs="*", type=filled, metavar="INPUT", help="pictures, films, volumes, folders, patterns in quotes")
    add("-o", "--output", type=path, required=True, metavar="OUT", help="a folder; of one picture also the file")
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--skip-existing", action="store_true", help="leave results that are there as they are")
    existing.add_argument("--overwrite", action="store_true", help="replace results that are there")
    add("--format", metavar="SUFFIX", help="kind of file: png, tif, jpg, npy, … (default: the source's if it can)")
    add("--side-by-side", action="store_true", help="source and result in one picture; with --split the target too")
    add("--samples", type=count, metavar="N", help="N results of each picture with other noise: name_1, name_2, …")
    add("--size", type=count, nargs="+", metavar="PIXELS", help="resize first: the shorter side, or height and width")
    add("--derive", action="store_true", help="inputs are photos: make the source of each as in the training")
    add("--split", choices=("train", "val", "test"), help="in place of inputs: a split of the training's data")
    add("--data-root", type=filled, metavar="FOLDER", help="with --split: where the data is now, if it has moved")
    add("--trust", action="store_true", help="with --split: accept a pair source of your own code")
    add("--noise", choices=("on", "off"), help="dropout at test time (default: as in the run's validation)")
    add("--statistics", choices=("picture", "running"), help="of batch norm: the picture's, or the training's")
    add("--seed", type=int, metavar="N", help="of the noise, which depends on this and the picture's name alone")
    add("--precision", choices=("float32", "bf16"), default="float32", help="bf16: faster where there is hardware")
    add("--device", default="auto", metavar="NAME", help="auto, cpu, cuda, mps (default: auto)")
    _add_big_and_moving(parser)
    return parser


def _add_big_and_moving(parser: argparse.ArgumentParser) -> None:
    tiles = parser.add_argument_group("big pictures, which from 16 megapixels on are translated in tiles")
    tiles.add_argument("--tile", type=count, metavar="N", help="pixels of a tile's side; typed, every picture is tiled")
    tiles.add_argument("--overlap", type=count, metavar="N", help="pixels that tiles share")
    volumes = parser.add_argument_group("volumes (.nii, .nii.gz, folders with a DICOM series)")
    axes = ("axial", "coronal", "sagittal", "0", "1", "2")
    volumes.add_argument(
        "--axis", choices=axes, help="what the slices are, as in the training (default: the record's data.axis)"
    )
    volumes.add_argument("--series", metavar="UID", help="of DICOM, where a folder holds several series")
    films = parser.add_argument_group("films")
    films.add_argument("--driver", choices=("landmarks", "edges", "matte", "pose"), help="draw the film first")
    films.add_argument(
        "--pairs", type=path, metavar="FOLDER", help="of `data make`, if not where they were in training"
    )
    films.add_argument("--mirror", action="store_true", help="landmarks as in a mirror")
    films.add_argument("--weights", type=path, metavar="FILE", help="of the driver pose: its detector")
    films.add_argument("--absent", choices=("hold", "skip", "error"), help="frames without a face (default: hold)")
    films.add_argument("--quality", type=number(0, 51), metavar="CRF", help="0: without loss, 51: worst (default: 18)")
    films.add_argument(
        "--smoothing",
        type=number(0, 1, below=True),
        metavar="S",
        help="share of the past in a frame, from 0 to below 1",
    )
    films.add_argument("--fresh-noise", action="store_true", help="other dropout noise in every frame, which flickers")


if __name__ == "__main__":
    sys.exit(main())
