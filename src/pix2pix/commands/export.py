"""`pix2pix export MODEL -o FILE`: a trained generator for other programs, compared with its source before it counts.

pix2pix export outputs/scenes/2026-01-31_12-00-00 -o scenes.onnx
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from pix2pix.commands.arguments import count, exit_status, filled, path

EXAMPLE = """\
examples:
  pix2pix export outputs/facades/2026-01-31_12-00-00 -o facades.onnx
  pix2pix export RUN -o facades.xml --precision bf16
  pix2pix export RUN -o facades.xml --precision int8 --calibrate 64
  pix2pix export RUN -o facades.safetensors

The file holds domains, ranges and units as metadata, takes pictures of any size, and translates without noise. Needs
the extra: pip install 'pix2pix-lightning[export]'
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; the exit status: 0, 1 where the file was refused or a picture is bad, 2 for a mistake."""
    arguments = _parser().parse_args(words)
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    from pix2pix.errors import BadPairError
    from pix2pix.evaluation.run import EvaluationError
    from pix2pix.exchange.exporting import Disagreement, export
    from pix2pix.inference.exported.extras import ExchangeError

    mistakes, failures = (ExchangeError, EvaluationError), (Disagreement, BadPairError)

    def work() -> None:
        lines = export(
            arguments.model,
            arguments.output,
            precision=arguments.precision,
            calibrate=arguments.calibrate,
            pictures=arguments.pictures,
            data_root=arguments.data_root,
        )
        print("\n".join(lines))

    return exit_status("export", work, mistakes=mistakes, failures=failures)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pix2pix export",
        description="Write a trained generator for other programs, and check that it translates as before.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("model", type=filled, metavar="MODEL", help="a run's folder, a checkpoint, .safetensors, or a published folder")
    add("-o", "--output", type=path, required=True, metavar="FILE", help="NAME.onnx, NAME.xml or NAME.safetensors")
    add("--precision", choices=("f32", "bf16", "int8"), default="f32", help="bf16 and int8 of OpenVINO (default: f32)")
    add("--calibrate", type=count, metavar="N", help="validation pictures that int8 is fitted to (32)")
    add("--pictures", type=count, default=16, metavar="N", help="validation pictures that are compared (default: 16)")
    add(
        "--data-root",
        type=filled,
        metavar="FOLDER",
        help="where the pictures are now, if they have moved since the training",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
