"""Several processes as the ranks of one run: that those which torchrun or srun starts agree on one folder, and that
all end when one fails.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING, Any

from pix2pix.errors import ConfigError
from pix2pix.processes.rank_watch import watched_ranks
from pix2pix.processes.starter import VARIABLE, ends_with_us

if TYPE_CHECKING:
    from lightning.pytorch import Trainer
    from torch._C._distributed_c10d import Store


class RankLostError(RuntimeError):
    """Another rank of the run has ended, so this one cannot go on."""


def launched() -> tuple[int, int]:
    """(rank, ranks) as torchrun or srun says it; (0, 1) where neither has started this process, but Lightning maybe.

    In a batch job without srun SLURM's variables tell of tasks too, but nobody has started them: a step has.
    """
    if "SLURM_STEP_NUM_TASKS" in os.environ and "RANK" not in os.environ:
        return int(os.environ["SLURM_PROCID"]), int(os.environ["SLURM_STEP_NUM_TASKS"])
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1


def started_by_lightning() -> bool:
    """Whether this process is a rank that another rank of the run has started."""
    return "RANK" not in os.environ and os.environ.get("LOCAL_RANK", "0") != "0"


def check_launch(trainer: Mapping[str, Any]) -> None:
    """Raises ConfigError where the ranks that were started are not those that the settings of the trainer ask for."""
    _, ranks = launched()
    devices, nodes = trainer["devices"], trainer["num_nodes"]
    if ranks == 1 and nodes > 1:
        raise ConfigError(
            f"trainer.num_nodes: found {nodes}, but nobody has started the command on the other nodes. Type srun before"
            f" it, or on every node torchrun --nnodes={nodes} … -m pix2pix.commands.train"
        )
    asked = nodes * (len(devices) if isinstance(devices, list) else devices if isinstance(devices, int) else 0)
    if ranks > 1 and asked > 0 and asked != ranks:
        raise ConfigError(
            f"trainer.devices: found {devices} on each of {nodes} nodes, and the launcher has started {ranks}"
            f" processes. Type trainer.devices={max(1, ranks // nodes)}, or have it start {asked}"
        )
    if "RANK" in os.environ and ranks > 1:
        missing = [name for name in ("LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
        if missing:
            raise ConfigError(f"RANK is set, as torchrun does, but {', '.join(missing)} is not: start it by torchrun")


def rank_arguments(folder: Path) -> list[str]:
    """Overrides of Hydra by which all launched ranks use the folder that rank 0 would, and it alone records settings.

    Also alone it is told the folder: it composes again, maybe in another second, after which folders are called.
    """
    from pix2pix.hints import quote

    rank, ranks = launched()
    if ranks == 1:
        return [f"hydra.run.dir={quote(folder.absolute())}"]
    key = f"pix2pix/run_folder/{os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}"
    if rank == 0:
        _store().set(key, str(folder.absolute()))
    arguments = [f"hydra.run.dir={quote(_store().get(key).decode())}"]
    return arguments if rank == 0 else [*arguments, "hydra.output_subdir=null", f"hydra.job.name=train_rank_{rank}"]


@cache
def _store() -> Store:
    """Where the ranks meet. It stays open, since they will meet there again to train."""
    from torch.distributed.rendezvous import rendezvous

    if "RANK" not in os.environ:
        _speak_as_torchrun()
    rank, ranks = launched()
    store: Store = next(rendezvous("env://", rank, ranks))[0]
    return store


def _speak_as_torchrun() -> None:
    """Say in torchrun's variables what srun says in its own, so that one kind of launcher is left.

    Each step of a job meets at a port of its own.
    """
    from lightning.fabric.plugins.environments.slurm import SLURMEnvironment

    slurm = os.environ
    job, step = int(slurm["SLURM_JOB_ID"]), int(slurm["SLURM_STEP_ID"])
    os.environ.setdefault("MASTER_ADDR", SLURMEnvironment.resolve_root_node_address(slurm["SLURM_STEP_NODELIST"]))
    os.environ.setdefault("MASTER_PORT", str(15000 + (31 * job + step) % 15000))
    os.environ |= {
        "RANK": slurm["SLURM_PROCID"],
        "WORLD_SIZE": slurm["SLURM_STEP_NUM_TASKS"],
        "LOCAL_RANK": slurm["SLURM_LOCALID"],
        "GROUP_RANK": slurm["SLURM_NODEID"],
    }


@contextmanager
def ending_together(trainer: Trainer, stopped: Callable[[], None]) -> Iterator[None]:
    """An error of one rank ends all: this process ends the ranks that it has started, others find that it is gone.

    Where it waits for others when a signal comes or one of them dies, it ends too, and `stopped` says so.

    Raises RankLostError in the place of what the network says where another rank is gone.
    """
    import torch.distributed

    from pix2pix.processes.signals import Interrupted

    def ranks() -> Sequence[Popen[Any]]:
        return getattr(trainer.strategy.launcher, "procs", [])

    watching = trainer.world_size > 1 and trainer.is_global_zero
    os.environ |= ends_with_us(signal.SIGKILL)
    try:
        with watched_ranks(ranks, stopped) if watching else nullcontext():
            yield
    except BaseException as error:
        if isinstance(error, Interrupted) and error.in_order:
            raise
        if trainer.strategy.launcher is not None:
            trainer.strategy.launcher.kill(signal.SIGKILL)
        if isinstance(error, torch.distributed.DistError) or "gloo" in str(error):
            rank = trainer.global_rank
            raise RankLostError(f"rank {rank}: another rank has ended, whose own message says why") from error
        raise
    finally:
        os.environ.pop(VARIABLE, None)
