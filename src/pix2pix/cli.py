"""The command `pix2pix`: a table of verbs. It imports nothing heavy; each verb is a module, run as a program."""

from __future__ import annotations

import os
import sys

from pix2pix.commands import completion
from pix2pix.hints import nearest
from pix2pix.processes.starting import ctrl_c_waits
from pix2pix.version import __version__

VERBS = {
    "train": ("pix2pix.commands.train", "train a model; -m sweeps; resume=RUN continues"),
    "data": ("pix2pix.commands.data", "data sets: check ROOT, preview ROOT, make FILM"),
    "evaluate": ("pix2pix.commands.evaluate", "scores of runs with intervals, and runs compared: RUN…"),
    "judge": ("pix2pix.commands.judge", "train the judge by which runs from labels to photos are scored: RUN"),
    "reproduce": ("pix2pix.commands.reproduce", "the paper's tables, trained and scored anew: one page"),
    "translate": ("pix2pix.commands.translate", "use a trained model: MODEL INPUT… -o OUT"),
    "serve": ("pix2pix.commands.serve", "a page to draw on, and an HTTP API: MODEL…"),
    "export": ("pix2pix.commands.export", "for other programs: RUN -o NAME.onnx, .xml (OpenVINO), .safetensors"),
    "import": ("pix2pix.commands.importing", "a generator of pytorch-CycleGAN-and-pix2pix: FILE -o RUN"),
    "publish": ("pix2pix.commands.publish", "a folder with weights, model card and samples for a hub: RUN -o FOLDER"),
}
HELP = "pix2pix: paired image-to-image translation\n\n" + "".join(
    f"  pix2pix {verb:<10} {what}\n" for verb, (_, what) in VERBS.items()
)


def main() -> None:
    """Replace this process by the verb's module, since the ranks that Lightning starts repeat the command line."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP + "\nEach has its own --help, and `pix2pix train` without more trains on embedded scenes.")
        print("pix2pix --version says which version this is.")
        return
    if arguments[0] in ("--version", "version"):
        print(f"pix2pix {__version__}")
        return
    if completion.FLAGS & set(arguments[:2]):
        sys.exit(completion.complete(arguments, VERBS))
    verb = arguments[0]
    if verb not in VERBS:
        near = nearest(verb, VERBS)
        hint = f" Nearest: pix2pix {near}" if near else ""
        print(f"pix2pix: there is no command {verb!r}; there are {', '.join(VERBS)}.{hint}", file=sys.stderr)
        sys.exit(2)
    module, _ = VERBS[verb]
    sys.stdout.flush()
    with ctrl_c_waits():
        os.execv(sys.executable, [sys.executable, "-m", module, *arguments[1:]])


if __name__ == "__main__":
    main()
