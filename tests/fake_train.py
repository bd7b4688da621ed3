"""A stand-in for training: a Hydra app that starts a child, sleeps, and fails or writes its score as it is told."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

import pix2pix.settings.idle
import pix2pix.settings.validation
from pix2pix.errors import ConfigError

KEPT = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "MASTER_PORT", pix2pix.settings.idle.VARIABLE)


def validate(plain: Mapping[str, Any]) -> None:
    if plain["lr"] < 0:
        raise ConfigError(f"lr: found {plain['lr']}, expected a number of 0 or more")


def idle(typed: Sequence[str], plain: Mapping[str, Any]) -> list[str]:
    return ["names: for seed 1 alone"] if plain["names"] and plain["seed"] != 1 else []


@hydra.main(version_base=None, config_path=None, config_name="absent")
def main(config: DictConfig) -> None:
    folder = Path(config.resume or HydraConfig.get().runtime.output_dir)
    began = time.time()
    with (folder / "starts.txt").open("a") as starts:
        starts.write(f"{os.getpid()} {' '.join(sys.argv[1:])}\n")
    print(f"training in {folder}", flush=True)
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(300)", config.marker])
    time.sleep(config.seconds)
    if config.fail_while and Path(config.fail_while).exists() and config.seed == 2:
        sys.exit("the loss is not finite")  # and the child lives on
    child.kill()
    score = {
        "overrides": list(HydraConfig.get().overrides.task),
        "scores": {"ssim": config.lr / 10, "psnr": 20.0 + config.seed},
        "images": 8,
        "minutes": 0.5,
        "seen": {
            "text": config.text,
            "lr": config.lr,
            "seed": config.seed,
            "names": list(config.names),
            "began": began,
            "ended": time.time(),
            "verbose": str(HydraConfig.get().verbose),
            "environment": {key: os.environ.get(key) for key in KEPT},
        },
    }
    (folder / "score.json").write_text(json.dumps(score))


if __name__ == "__main__":
    pix2pix.settings.validation.validate = validate
    pix2pix.settings.idle.idle = idle
    main()
