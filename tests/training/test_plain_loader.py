"""A training on anybody's loader: equal to one on `PairedData` that gives the same batches."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from pix2pix import BadPairError, LinearDecay, Objective, Recipe, Scores, Translation, domain_from_dict
from pix2pix.build.assembly import make_data
from pix2pix.models.patchgan import PatchGAN
from pix2pix.models.unet import UNet
from pix2pix.settings.compose import check

SMALL = (
    *("data.train_pairs=6", "data.val_pairs=4", "data.size=[16,16]", "data.batch_size=2", "size.base_channels=4"),
    *("size.discriminator_channels=4", "generator.depth=3", "discriminator.receptive_field=7", "data.num_workers=0"),
)


def translation() -> Translation:
    torch.manual_seed(0)
    rgb = domain_from_dict({"kind": "rgb"})
    return Translation(
        UNet(3, 3, base_channels=4, depth=3),
        PatchGAN(6, base_channels=4, receptive_field=7),
        Objective(),
        Recipe(partial(torch.optim.Adam, betas=(0.5, 0.999)), (2e-4, 2e-4), LinearDecay(2), step_batch=2),
        scores=Scores(rgb),
    )


def trainer(folder: Path, **options: Any) -> Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "num_sanity_val_steps": 0}
    return Trainer(default_root_dir=folder, accelerator="cpu", **quiet | {"max_epochs": 2} | options)


def pictures(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, 16, 16, generator=random) * 2 - 1, torch.rand(
        count, 3, 16, 16, generator=random
    ) * 2 - 1


def one_by_one(batches: list[Any]) -> DataLoader[Any]:
    return DataLoader(batches, batch_size=None, collate_fn=lambda batch: batch)  # type: ignore[arg-type]


@pytest.fixture
def loader() -> DataLoader[Any]:
    return DataLoader(TensorDataset(*pictures(5)), batch_size=2)


def same(a: Translation, b: Translation) -> bool:
    return all(torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())


def test_it_is_a_training_on_the_same_batches(tmp_path: Path) -> None:
    """To the bit, as tuples and as dicts."""
    settings, _ = check([*SMALL, "data.jitter=1", "data.mirror=false"])
    data = make_data({**settings, "data": {**settings["data"], "source": "rgb", "target": "rgb"}})
    data.setup("test")
    batches = list(data.train_dataloader())
    on_pairs = translation()
    trainer(tmp_path, max_epochs=1, use_distributed_sampler=False).fit(on_pairs, datamodule=data)
    tuples = [(batch.source, batch.target) for batch in batches]
    dicts = [{"source": batch.source, "target": batch.target, "names": batch.names} for batch in batches]
    for plain in (tuples, dicts):
        on_plain = translation()
        trainer(tmp_path, max_epochs=1).fit(on_plain, one_by_one(plain))
        assert same(on_plain, on_pairs)
        assert on_plain.images_seen == on_pairs.images_seen == 6


def test_scores_and_pictures_come_back(tmp_path: Path, loader: DataLoader[Any]) -> None:
    module, lightning = translation(), trainer(tmp_path)
    lightning.fit(module, loader, loader)
    (scores,) = lightning.validate(module, loader, verbose=False)
    assert scores.keys() == {"val/psnr", "val/ssim", "val/l1", "val/log_spectrum_distance"}
    assert scores == pytest.approx(module.latest_scores)
    assert scores == pytest.approx({name: float(value) for name, value in lightning.callback_metrics.items()})
    (tested,) = lightning.test(module, loader, verbose=False)
    assert tested["test/psnr"] == pytest.approx(scores["val/psnr"])
    translated: Any = lightning.predict(module, loader)
    assert [tuple(each.shape) for each in translated] == [(2, 3, 16, 16), (2, 3, 16, 16), (1, 3, 16, 16)]


def test_a_checkpoint_of_lightnings_own_is_loaded_and_continued(tmp_path: Path, loader: DataLoader[Any]) -> None:
    whole = translation()
    keep = ModelCheckpoint(tmp_path / "kept", save_last=True, save_top_k=-1, filename="{epoch}")
    trainer(tmp_path, callbacks=[keep]).fit(whole, loader)
    networks = translation()
    loaded = Translation.load_from_checkpoint(
        tmp_path / "kept" / "epoch=1.ckpt",
        weights_only=True,
        generator=networks.generator,
        discriminator=networks.discriminator,
        objective=networks.objective,
        recipe=networks.recipe,
        scores=networks.scores,
    )
    assert same(loaded, whole)
    assert loaded.images_seen == whole.images_seen == 10
    continued = translation()
    trainer(tmp_path).fit(continued, loader, ckpt_path=str(tmp_path / "kept" / "epoch=0.ckpt"), weights_only=True)
    assert same(continued, whole)
    assert continued.images_seen == 10


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        (torch.zeros(2, 3, 8, 8), "a batch is a Tensor; expected"),
        ((torch.zeros(2, 3, 8, 8),), "a batch is a tuple; expected"),
        ({"source": torch.zeros(2, 3, 8, 8)}, "the target of a batch is None; expected numbers"),
        (
            (torch.zeros(2, 3, 8, 8), torch.full((2, 3, 8, 8), 255.0)),
            "the target of a batch is from 255 to 255; expected",
        ),
        ((torch.zeros(3, 8, 8), torch.zeros(3, 8, 8)), r"of shape \(3, 8, 8\); expected numbers \(B, C, H, W\)"),
        ((torch.zeros(2, 3, 8, 8), torch.zeros(2, 3, 8, 9)), "no pairs"),
    ],
)
def test_what_is_no_batch_is_told(tmp_path: Path, batch: Any, said: str) -> None:
    with pytest.raises(BadPairError, match=said):
        trainer(tmp_path).fit(translation(), one_by_one([batch]))
