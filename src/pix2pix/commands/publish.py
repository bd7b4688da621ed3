"""`pix2pix publish RUN -o FOLDER`: a run in the layout of the Hugging Face hub, with a model card; nothing is uploaded.

pix2pix publish outputs/scenes/2026-01-31_12-00-00 -o scenes-labels2photo
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pix2pix.commands.arguments import exit_status, filled, path


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; the exit status: 0, or 2 for a mistake, told in words."""
    arguments = _parser().parse_args(words)
    from pix2pix.evaluation.run import EvaluationError
    from pix2pix.exchange.publishing import publish
    from pix2pix.inference.exported.extras import ExchangeError

    def work() -> None:
        print("\n".join(publish(arguments.run, arguments.output)))

    return exit_status("publish", work, mistakes=(ExchangeError, EvaluationError))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pix2pix publish",
        description="Write a folder with weights, configuration, model card and samples; nothing is uploaded.",
        epilog="To upload it, with the hub's own tool: hf upload NAME/MODEL FOLDER",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("run", type=filled, metavar="RUN", help="a run's folder, or a checkpoint")
    add("-o", "--output", type=path, required=True, metavar="FOLDER", help="the folder to be made, named as the model")
    return parser


if __name__ == "__main__":
    sys.exit(main())
