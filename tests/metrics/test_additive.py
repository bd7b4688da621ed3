"""Every metric is the same over two processes as in one, and over batches as at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from tests.metrics.pooled import Pooled
from torch import Tensor
from torch.multiprocessing.spawn import spawn
from torchmetrics import Metric

from pix2pix.data.domains import Rgb
from pix2pix.metrics.additive import SetMetric
from pix2pix.metrics.colour import LabHistogram
from pix2pix.metrics.fid import Fid
from pix2pix.metrics.image import PictureMean
from pix2pix.metrics.kid import Kid
from pix2pix.metrics.ms_ssim import ms_ssim
from pix2pix.metrics.segmentation import LabelScores

SHARES = {"unequal": [slice(0, 3), slice(3, 5)], "all at the first": [slice(0, 5), slice(5, 5)]}


def make() -> dict[str, Metric]:
    return {
        "ms_ssim": PictureMean(ms_ssim),
        "lab_histogram": LabHistogram(Rgb()),
        "label_scores": LabelScores(3),
        "fid": Fid(Pooled(), 12),
        "kid": Kid(Pooled(), 12),
    }


def pictures() -> tuple[Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    targets = torch.rand(5, 3, 161, 161, generator=random)
    predictions = (targets * 0.8 + 0.3 * torch.rand(targets.shape, generator=random)).clamp(0, 1)
    weights = torch.ones(5, 1, 161, 161)
    weights[1, :, 100:], weights[2] = 0, 0  # of the third picture nothing counts
    return predictions, targets, weights


def values(metric: Metric) -> dict[str, float]:
    found = metric.compute()
    named: Mapping[str, Tensor] = found if isinstance(found, Mapping) else {"mean": found}
    return {name: value.item() for name, value in named.items()}


def updated(share: slice) -> dict[str, dict[str, float]]:
    metrics = make()
    for metric in metrics.values():
        metric.update(*(each[share] for each in pictures()))
    return {name: values(metric) for name, metric in metrics.items()}


def _shares(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    found = {name: updated(shares[rank]) for name, shares in SHARES.items()}
    torch.save(found, folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


def test_two_processes_are_as_one(tmp_path: Path) -> None:
    spawn(_shares, (tmp_path,), nprocs=2)  # type: ignore[no-untyped-call]
    whole = updated(slice(None))
    for rank in range(2):
        for found in torch.load(tmp_path / f"{rank}.pt").values():
            for name, expected in whole.items():
                assert found[name] == pytest.approx(expected, rel=1e-6, abs=1e-12), name


@pytest.mark.parametrize("name", ["lab_histogram", "label_scores", "fid"])
def test_contributions_add_up_to_the_set(name: str) -> None:
    metric = make()[name]
    assert isinstance(metric, SetMetric)
    metric.update(*pictures())
    contributions = torch.stack([metric.contribution(*each) for each in zip(*pictures(), strict=True)])
    assert contributions.dtype == torch.float64
    assert torch.allclose(contributions.sum(dim=0), metric.total, rtol=1e-12)
    assert not contributions[2].any()
