"""Makes the judge of the data before the points are trained, unless there is one already.

python -m pix2pix.reproduction.judging JUDGES DATA-OVERRIDES… hydra.run.dir='FOLDER'

Writes FOLDER/judge.json: where the judge is, or would be, and what it is worth on real photos, or why there is none.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pix2pix.files.atomic import write_whole

FILE = "judge.json"


def main() -> None:
    """Make the judge. Exit status 0 also where the data are such that none is worth asking."""
    from pix2pix.build import assembly
    from pix2pix.segmentation_score import training as judge_training
    from pix2pix.segmentation_score.judge import JudgeError, find_judge, key
    from pix2pix.settings.compose import check
    from pix2pix.settings.overrides import run_folder

    begun = time.monotonic()
    judges, *overrides, run_dir = sys.argv[1:]
    settings, _ = check([*overrides, run_dir])
    data = assembly.make_data(settings)
    data.setup("test")
    place = Path(judges).absolute() / key(data)
    said: dict[str, Any] = {"overrides": overrides, "scores": {}, "place": str(place)}
    try:
        judge = find_judge(data, Path(judges))
        if judge is None:
            recipe = judge_training.JudgeRecipe(epochs=judge_training.usual_epochs(len(data.readable("train"))))
            judge = judge_training.make_judge(data, recipe)
            judge_training.write_judge(judge, data, place)
        said |= {"folder": str(place), "digest": judge.digest, "standing": asdict(judge.standing)}
    except JudgeError as error:
        print(error, flush=True)
        said |= {"folder": None, "digest": None, "refused": str(error)}
    said["minutes"] = (time.monotonic() - begun) / 60
    write_whole(run_folder([run_dir]) / FILE, json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main()
