"""`pix2pix data check|preview ROOT …`, `pix2pix data make FILM …`, tools for pairs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from pix2pix.commands.arguments import count, path
from pix2pix.data.derive import DERIVATIONS
from pix2pix.data.reading import check_not_read
from pix2pix.data_check import check
from pix2pix.data_check.layouts import SOURCES, Layout, find_layouts
from pix2pix.files.atomic import only_written, whole_file
from pix2pix.files.os_errors import in_words, reason


def main(words: Sequence[str] | None = None) -> int:
    """Run a tool and give its exit status: 0, or for a mistake, which is told in words, 1, of make 2."""
    parser = argparse.ArgumentParser(prog="pix2pix data", description="Look at a folder of paired pictures.")
    tools = parser.add_subparsers(dest="tool", required=True, metavar="check|preview|make")
    checking = tools.add_parser("check", help="find the layout, count, list what is wrong, give the line that trains")
    _add_layout_arguments(checking)
    checking.add_argument("--limit", type=count, help="read at most this many pairs of each split; default: all")
    previewing = tools.add_parser("preview", help="a sheet of pairs as the network sees them")
    _add_layout_arguments(previewing)
    _add_preview_arguments(previewing)
    making = tools.add_parser("make", help="pairs of a film: a drawing of each frame, and the frame")
    _add_make_arguments(making)
    arguments = parser.parse_args(words)
    try:
        return {"check": _check, "preview": _preview, "make": _make}[arguments.tool](arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2 if arguments.tool == "make" else 1
    except OSError as error:
        print(in_words(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _check(arguments: argparse.Namespace) -> int:
    """1 where there is no layout, or none of whose pairs a training can be made."""
    layouts = _layouts_of(arguments)
    if not layouts:
        print(check.no_layout(arguments.root.expanduser().resolve()))
        return 1
    findings = check.check(layouts[0], arguments.direction, arguments.limit)
    print(check.report(layouts[0], findings, arguments.direction, layouts[1:], arguments.limit))
    return 0 if findings.a.pictures and findings.trainable else 1


def _preview(arguments: argparse.Namespace) -> int:
    """1 where there is no layout or the sheet exists already."""
    from pix2pix.data.transforms import PairTransform
    from pix2pix.data_check.preview import SUFFIXES, preview, sheet

    if arguments.output.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{arguments.output}: a sheet is written as {' or '.join(SUFFIXES)}")
    if not arguments.output.parent.is_dir():
        raise ValueError(f"{arguments.output}: there is no folder {arguments.output.parent}; make it, or name another")
    if arguments.output.exists() and not arguments.force:
        print(f"{arguments.output}: exists; another name, or --force to replace it")
        return 1
    layouts = _layouts_of(arguments)
    if not layouts:
        print(check.no_layout(arguments.root.expanduser().resolve()))
        return 1
    check_not_read([arguments.output], layouts[0].open_all().values())
    size = arguments.size or [256]
    if len(size) > 2:
        raise ValueError(f"--size takes a side, or height and width; found {' '.join(map(str, size))}")
    transform = PairTransform((size[0], size[-1]), jitter=arguments.jitter)
    shown, legend = preview(
        layouts[0],
        transform,
        split=arguments.split,
        direction=arguments.direction,
        count=arguments.count,
        seed=arguments.seed,
    )
    with whole_file(arguments.output) as file:
        sheet(shown).save(only_written(file), SUFFIXES[arguments.output.suffix.lower()])
    print(f"{arguments.output}: {legend}")
    return 0


def _make(arguments: argparse.Namespace) -> int:
    from pix2pix.video.drivers import make_driver
    from pix2pix.video.making import make_pairs, train_line

    driver = make_driver(arguments.driver, weights=arguments.weights)
    try:
        result = make_pairs(
            arguments.film,
            arguments.output,
            driver,
            size=arguments.size,
            every=arguments.every,
            val=arguments.val,
            absent=arguments.absent,
            progress=True,
        )
    except OSError as error:
        print(f"{arguments.output}: cannot be written: {reason(error)}. Nothing is left of it", file=sys.stderr)
        return 1
    made = result.made
    height, width = made.size
    train, val = made.counts["train"], made.counts["val"]
    print(f"{arguments.output}: {train} pairs to train, {val} to validate, {width} x {height} (width x height)")
    if nothing := made.counts["held"] + made.counts["skipped"]:
        print(
            f"nothing was found in {nothing} frames: {made.counts['held']} took the drawing before, "
            f"{made.counts['skipped']} were skipped"
        )
    for note in result.notes:
        print(f"note: {note}")
    print(train_line(arguments.output.resolve(), made, driver.drawn))
    return 0


def _layouts_of(arguments: argparse.Namespace) -> list[Layout]:
    """The readings that flags and folder give, the likeliest first."""
    keys = ("panels", "source_folder", "target_folder", "folders", "patterns", "file", "columns", "derive")
    settings: dict[str, Any] = {key: getattr(arguments, key) for key in keys}
    return find_layouts(arguments.root.expanduser().resolve(), arguments.layout, **settings)


def _add_layout_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that say how pairs are stored, for every tool that opens a folder of them."""
    parser.add_argument("root", type=path, metavar="ROOT", help="the folder of pairs or photos, or a manifest file")
    parser.add_argument("--layout", choices=sorted(SOURCES), help="default: found by looking")
    parser.add_argument("--direction", help="a_to_b, b_to_a, or other letters; default: as the pictures suggest")
    parser.add_argument("--folders", nargs=2, metavar="NAME", help="two folders of pictures, whatever they are called")
    parser.add_argument("--patterns", nargs=2, metavar="NAME", help="of two files a pair, '*_c0' '*_c1'")
    parser.add_argument("--panels", type=count, help="pictures side by side in one file")
    parser.add_argument("--source-folder", help="below ROOT; {split} stands for train, val, test")
    parser.add_argument("--target-folder", help="below ROOT; {split} stands for train, val, test")
    parser.add_argument("--file", help="a manifest's name below ROOT")
    parser.add_argument("--columns", nargs=2, metavar="NAME", help="of a manifest: those of the two pictures")
    parser.add_argument("--derive", choices=tuple(DERIVATIONS), help="of photos alone: what is made from them")


def _add_preview_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", default="train", choices=("train", "val", "test"))
    parser.add_argument("--size", type=count, nargs="+", metavar="PIXELS", help="side, or height and width (256)")
    parser.add_argument("--jitter", type=float, default=1.117, help="resized to size × jitter, then cropped")
    parser.add_argument("--count", type=count, default=12, help="pairs on the sheet")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=path, required=True, help="the sheet, .png or .jpg")
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def _add_make_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("film", type=path, metavar="FILM", help="of the person or thing that is to be driven")
    parser.add_argument(
        "--driver", required=True, choices=("landmarks", "edges", "matte", "pose"), help="what is drawn"
    )
    parser.add_argument(
        "-o", "--output", type=path, required=True, metavar="FOLDER", help="must not exist, or be empty"
    )
    parser.add_argument(
        "--size",
        type=count,
        nargs="+",
        metavar="PIXELS",
        help="shorter side, or height and width (at most 256)",
    )
    parser.add_argument("--every", type=count, default=1, metavar="N", help="take every Nth frame (default: 1)")
    parser.add_argument(
        "--val", type=float, default=0.1, metavar="SHARE", help="the film's end, to validate (default: 0.1)"
    )
    parser.add_argument(
        "--absent",
        choices=("skip", "hold", "error"),
        default="skip",
        help="frames in which the driver finds nothing: leave out, take the drawing before, or end (default: skip)",
    )
    parser.add_argument("--weights", type=path, metavar="FILE", help="of --driver pose: an ONNX file of a detector")


if __name__ == "__main__":
    sys.exit(main())
