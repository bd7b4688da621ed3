"""One point: trained, then scored. What `sweeping.sweep.run_points` starts.

python -m pix2pix.reproduction.point JUDGE ARGUMENTS-OF-TRAINING…

JUDGE is a judge's folder, or none. The training is a process of its own, as `pix2pix train` is; where its `score.json`
is there already, the point is only scored. `reproduction.json` is written last and says that the point is finished.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from pix2pix.processes.starter import ends_with_us
from pix2pix.processes.trees import noted_signals
from pix2pix.settings.overrides import run_folder
from pix2pix.sweeping.sweep import TRAIN


def main() -> int:
    """Train and score; the exit status is the training's where that fails."""
    judge, *arguments = sys.argv[1:]
    folder = run_folder(arguments)
    if not (folder / "score.json").exists() and (status := _train(arguments)):
        return status
    from pix2pix.errors import BadPairError
    from pix2pix.evaluation.run import EvaluationError
    from pix2pix.reproduction.scoring import score_point

    try:
        score_point(folder, judge)
    except (EvaluationError, BadPairError) as error:
        print(error, flush=True)
        return 1
    return 0


def _train(arguments: Sequence[str]) -> int:
    """Train, and wait for it: signals to the process group reach the training, which saves and ends.

    Where whoever started this process dies, the training is asked to save and end too.
    """
    starter = os.getppid()
    asked = False
    with noted_signals() as signals:
        training = subprocess.Popen([*TRAIN, *arguments], env=os.environ | ends_with_us(signal.SIGTERM))
        while training.poll() is None:
            if os.getppid() != starter and not asked:
                training.terminate()
                asked = True
            time.sleep(0.1)
    if signals:
        return 128 + signals[0]
    return training.returncode if training.returncode >= 0 else 128 - training.returncode


if __name__ == "__main__":
    sys.exit(main())
