"""`pix2pix import FILE -o RUN`: a generator of pytorch-CycleGAN-and-pix2pix becomes a run that everything here takes.

pix2pix import latest_net_G.pth -o outputs/imported/facades
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pix2pix.commands.arguments import exit_status, path

EXAMPLE = """\
examples:
  pix2pix import facades_label2photo/latest_net_G.pth -o outputs/imported/facades
  pix2pix import latest_net_G.pth -o outputs/imported/maps data.root=maps data.direction=b_to_a

The network is recognised from the tensors: U-Net of any depth, ResNet of any number of blocks, batch, instance or no
norm. What the pictures are the file does not say: three channels are taken for rgb, one for grey. Settings of
`pix2pix train` behind -o say it otherwise, and where the pairs are; evaluate takes --data-root, too.
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; the exit status: 0, or 2 for a mistake, told in words."""
    arguments = _parser().parse_intermixed_args(words)  # settings may stand behind -o
    from pix2pix.errors import ConfigError
    from pix2pix.exchange.importing import import_foreign
    from pix2pix.inference.exported.extras import ExchangeError

    def work() -> None:
        run = arguments.output
        print(
            f"{import_foreign(arguments.file, run, arguments.settings)}.\n"
            "It translates without noise and with the statistics of its training, as that code does with --eval."
            " Next:\n"
            f"  pix2pix evaluate {run} --data-root FOLDER\n"
            f"  pix2pix train init_from={run} …"
        )

    return exit_status("import", work, mistakes=(ExchangeError, ConfigError))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pix2pix import",
        description="Make a run of a generator in the file format of pytorch-CycleGAN-and-pix2pix.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("file", type=path, metavar="FILE", help="NAME_net_G.pth")
    add("settings", nargs="*", metavar="KEY=VALUE", help="settings of `pix2pix train`, such as data.source=grey")
    add("-o", "--output", type=path, required=True, metavar="RUN", help="the folder of the run to be made")
    return parser


if __name__ == "__main__":
    sys.exit(main())
