"""What can be wrong in the settings under `trainer.`: Lightning's own arguments, less those that cannot hold here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pix2pix.hints import nearest

# Arguments of lightning.Trainer that people may set under `trainer.`; a test holds the list against Lightning's.
TRAINER_ARGUMENTS = frozenset(
    {
        *("accelerator", "strategy", "devices", "num_nodes", "precision", "min_epochs", "min_steps"),
        *("limit_train_batches", "limit_val_batches", "limit_test_batches", "limit_predict_batches"),
        *("val_check_interval", "check_val_every_n_epoch", "log_every_n_steps"),
        *("deterministic", "benchmark", "inference_mode", "profiler"),
        *("detect_anomaly", "sync_batchnorm", "reload_dataloaders_every_n_epochs"),
        *("enable_autolog_hparams", "model_registry"),
    }
)
# Those that cannot hold here, each with what to type instead.
TRAINER_REFUSES = {
    "enable_progress_bar": "the run has a line of its own: type ~callbacks.progress to be without",
    "accumulate_grad_batches": "both players are stepped by hand: type training.accumulate=N",
    "gradient_clip_val": "both players are stepped by hand: type training.clip_norm=X",
    "gradient_clip_algorithm": "both players are stepped by hand: type training.clip_norm=X",
    "max_epochs": "the schedule says how long: type schedule.epochs=N",
    "max_steps": "the schedule says how long: type schedule.epochs=N",
    "max_time": "type timeout -s TERM 8h pix2pix train …: it finishes the step and saves",
    "logger": "type logger=csv, tensorboard, wandb, mlflow, or several: logger=[csv,wandb]",
    "callbacks": "callbacks have a section of their own: type +callbacks.NAME._target_=…",
    "use_distributed_sampler": "the data module shares the pairs among the ranks itself",
    "default_root_dir": "type hydra.run.dir=FOLDER",
    "enable_checkpointing": "type callbacks.checkpoints.every_epochs=N",
    "enable_model_summary": "the numbers of parameters are logged at the start of every run",
    "num_sanity_val_steps": "nothing is validated before training: type trainer.limit_val_batches=N to validate less",
    "overfit_batches": "it would take the place of the sampler: type trainer.limit_train_batches=N",
    "plugins": "the run has its own: type trainer.precision=… or trainer.strategy=…",
    "fast_dev_run": "a run without checkpoints cannot be used: type trainer.limit_train_batches=N for a short trial",
    "barebones": "a run without checkpoints cannot be used: type trainer.limit_train_batches=N for a short trial",
}
ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps")
PRECISIONS = ("auto", "32-true", "bf16-mixed", "16-mixed")


def trainer_name_problem(name: str) -> str | None:
    """Why `trainer.NAME` cannot be set; None where it can."""
    if name in TRAINER_REFUSES:
        return f"trainer.{name} cannot be set: {TRAINER_REFUSES[name]}"
    if name in TRAINER_ARGUMENTS:
        return None
    near = nearest(name, TRAINER_ARGUMENTS | TRAINER_REFUSES.keys())
    hint = f" Nearest: trainer.{near}" if near else ""
    refused = f", which cannot be set: {TRAINER_REFUSES[near]}" if near in TRAINER_REFUSES else ""
    return f"trainer.{name} is no argument of Lightning's Trainer.{hint}{refused}"


def trainer_problems(trainer: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the settings under `trainer.`, a line each."""
    for name in trainer:
        if not name.startswith("_") and (problem := trainer_name_problem(name)):
            yield problem
    accelerator, strategy = trainer.get("accelerator"), trainer.get("strategy")
    if accelerator not in ACCELERATORS:
        near = nearest(str(accelerator), ACCELERATORS) or "auto"
        yield (
            f"trainer.accelerator: found {accelerator!r}, expected one of {', '.join(ACCELERATORS)}."
            f" Nearest: type trainer.accelerator={near}"
        )
    precision = trainer.get("precision")
    if precision not in PRECISIONS:
        bits = re.sub(r"^(float|fp)", "", str(precision))
        near = next((each for each in PRECISIONS if each.startswith(bits)), None) or nearest(bits, PRECISIONS) or "auto"
        yield (
            f"trainer.precision: found {precision!r}, expected one of {', '.join(PRECISIONS)}."
            f" Nearest: type trainer.precision={near}"
        )
    if isinstance(strategy, str) and strategy.startswith(("fsdp", "deepspeed", "model_parallel")):
        yield f"trainer.strategy: {strategy!r} cannot step two players by hand. Type trainer=ddp"
    elif isinstance(strategy, str) and (
        not strategy.startswith(("auto", "ddp")) or strategy.startswith(("ddp_spawn", "ddp_fork", "ddp_notebook"))
    ):
        yield f"trainer.strategy: found {strategy!r}, expected auto or ddp. Type trainer=ddp for several devices"
    devices = trainer.get("devices")
    if not (
        devices == "auto" or (isinstance(devices, int) and (devices >= 1 or devices == -1)) or isinstance(devices, list)
    ):
        yield f"trainer.devices: found {devices!r}, expected a number of at least 1, a list of devices, or 'auto'"
    nodes = trainer.get("num_nodes")
    if not isinstance(nodes, int) or nodes < 1:
        yield f"trainer.num_nodes: found {nodes!r}, expected a number of at least 1. On one machine, leave it out"
