"""What ranks agree on without waiting: each learns the largest number when it puts in its next."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import torch.distributed as dist

from pix2pix.training.agreement import Agreement

PUT = ([0, 0, 3, 0, 0], [0, 2, 1, 0, 0])  # by two ranks, one after the other


def told(rank: int, folder: str) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    agreement = Agreement()
    answers = [agreement.take(), *map(agreement.put, PUT[rank]), agreement.take(), agreement.take()]
    Path(folder, str(rank)).write_text(" ".join(map(str, answers)))
    dist.destroy_process_group()


def test_both_learn_the_largest_of_what_was_put_in_before(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    ranks = [spawn.Process(target=told, args=(rank, str(tmp_path))) for rank in (0, 1)]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join(60)
    before = "0 0 0 2 3 0 0 0"  # nothing yet; then a step late; then of the last step, and no more
    assert [(tmp_path / str(rank)).read_text() for rank in (0, 1)] == [before, before]
