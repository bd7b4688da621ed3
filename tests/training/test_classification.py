"""Per-pixel classification through the real Trainer: its step written out, batches in parts, rare colours, resuming."""

from __future__ import annotations

import copy
import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.spatial import cKDTree
from skimage.color import rgb2lab
from tests.training.stopped_run import assert_same_run, checkpoint, settings_of, signalled, train
from tests.training.tiny_run import SGD, Steps, fit, largest_difference, tiny_classification, tiny_data
from torch import Tensor

from pix2pix.build import assembly
from pix2pix.data.domains.ab_grid import ab_centres
from pix2pix.data.pairs import Batch
from pix2pix.data.samples import collate
from pix2pix.errors import ConfigError
from pix2pix.inference.translator import Translator
from pix2pix.losses.classification import rebalancing_weights
from pix2pix.processes.signals import Interrupted
from pix2pix.runs.run import write_slim
from pix2pix.training.classification import Classification

LABELS: dict[str, Any] = {
    "target": {"kind": "labels", "palette": [[0, 0, 0], [255, 0, 0], [0, 255, 255], [255, 255, 255]]}
}
COLOURS: dict[str, Any] = {"source": "lab_l", "target": "lab_ab"}
BOTH = pytest.mark.parametrize("domains", [LABELS, COLOURS], ids=["labels", "colours"])
CLASSES = ("objective=classes", "data.task=grey2colour")


def soft_labels(target: Tensor) -> tuple[Tensor, Tensor]:
    """Of a and b (B, 2, H, W) in [-1, 1]: z (B, 261, H, W) by a k-d tree, and the nearest cell (B, H, W)."""
    colours = target.permute(0, 2, 3, 1).numpy().astype(float) * 110
    distance, nearest = cKDTree(ab_centres()).query(colours, 5)  # (B, H, W, 5)
    share = np.exp(-(distance**2) / 50)
    z = np.zeros((*colours.shape[:3], len(ab_centres())))
    np.put_along_axis(z, nearest, share / share.sum(axis=-1, keepdims=True), axis=-1)
    return torch.from_numpy(z).permute(0, 3, 1, 2).float(), torch.from_numpy(nearest[..., 0])


@BOTH
def test_a_step_is_a_descent_of_pytorchs_cross_entropy(domains: dict[str, Any], tmp_path: Path) -> None:
    data, steps = tiny_data(4, batch_size=2, **domains), Steps()
    module = tiny_classification(data, optimizer=SGD, rates=(0.1, 0.1), step_batch=2)
    network = copy.deepcopy(module.generator.network)
    fit(module, data, tmp_path, [steps], epochs=2, limit_val_batches=0)
    assert len(steps.states) == 4
    again = tiny_data(4, batch_size=2, **domains)
    for epoch in range(2):
        again.place.epoch = epoch
        for batch in again.train_dataloader():
            logits = network(batch.source)
            if domains is LABELS:
                loss = F.cross_entropy(logits, batch.target.argmax(dim=1))
            else:
                z, nearest = soft_labels(batch.target)
                assert module.importance is not None
                loss = (F.cross_entropy(logits, z, reduction="none") * module.importance[nearest]).mean()
            torch.autograd.backward(loss)
            with torch.no_grad():
                for parameter in network.parameters():
                    assert parameter.grad is not None
                    parameter.sub_(parameter.grad, alpha=0.1)
                    parameter.grad = None
    difference, name = largest_difference(module.generator.network.state_dict(), network.state_dict())
    print(f"largest difference {difference:g} in {name}")
    assert difference < 1e-6


@BOTH
def test_three_parts_of_one_are_a_batch_of_three(domains: dict[str, Any], tmp_path: Path) -> None:
    """Five pairs: a batch of three and the epoch's last, of two. Instance norm, since batch norm sees the parts."""
    states = []
    for parts in (1, 3):
        data = tiny_data(5, batch_size=3 // parts, accumulate=parts, **domains)
        module = tiny_classification(
            data, norm="instance", optimizer=SGD, rates=(0.1, 0.1), step_batch=3 // parts, log_every_images=3
        )
        fit(module, data, tmp_path, epochs=2, limit_val_batches=0)
        assert module.images_seen == 10
        states.append(module.state_dict() | {name: torch.tensor(value) for name, value in module.latest.items()})
    difference, name = largest_difference(*states)
    print(f"largest difference {difference:g} in {name}")
    assert difference < 1e-5


def test_pixels_of_no_weight_teach_nothing(tmp_path: Path) -> None:
    states = []
    for disturbed in (False, True):
        data = tiny_data(4, **LABELS)

        def hide(batch: Batch, dataloader_idx: int, disturbed: bool = disturbed) -> Batch:
            weight = torch.ones(len(batch.names), 1, *batch.target.shape[2:])
            weight[..., :5] = 0
            target = batch.target.clone()
            if disturbed:
                target[..., :5] = target[..., :5].flip(1)
            return batch._replace(target=target, weight=weight)

        data.on_before_batch_transfer = hide  # type: ignore[method-assign]
        module = tiny_classification(data)
        fit(module, data, tmp_path, limit_val_batches=0)
        states.append(module.state_dict())
    assert largest_difference(*states)[0] == 0


@BOTH
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_sides_that_the_generator_cannot_halve(domains: dict[str, Any], precision: Any, tmp_path: Path) -> None:
    data, steps = tiny_data(4, **domains), Steps()
    data.transform = dataclasses.replace(data.transform, size=(12, 20))
    module = tiny_classification(data)
    trainer = fit(module, data, tmp_path, [steps], precision=precision)
    assert trainer.callback_metrics["val/l1"].isfinite()
    assert largest_difference(steps.states[0], steps.states[-1])[0] > 0
    translated: Any = trainer.predict(module, datamodule=data, weights_only=True)
    assert [each.shape[2:] for each in translated] == [(12, 20)]
    assert translated[0].dtype == torch.float32


# --- rare colours ---------------------------------------------------------------------------------------------------


def test_the_colours_of_the_training_pictures_are_counted_once_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tiny_data(5, **COLOURS)
    module = tiny_classification(data, uniform=0.3)
    fit(module, data, tmp_path, limit_val_batches=0)
    colours = np.concatenate(
        [rgb2lab(data.readable("train")[index].target)[..., 1:].reshape(-1, 2) for index in range(5)]
    )
    nearest = cKDTree(ab_centres()).query(colours)[1]
    counts = torch.from_numpy(np.bincount(nearest, minlength=261))
    expected = rebalancing_weights(counts, torch.from_numpy(ab_centres()), 0.3)
    assert module.importance is not None
    assert module.importance.std() > 0.1
    assert torch.allclose(module.importance, expected, rtol=1e-4)


def test_a_resumed_run_is_the_run_that_was_never_stopped_and_counts_no_colour_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(whole, *CLASSES)
    with pytest.raises(Interrupted):
        train(stopped, *CLASSES, extra=[signalled("on_train_batch_start", 9)])
    monkeypatch.setattr(Classification, "_colour_counts", lambda self: pytest.fail("counted again"))
    train(stopped, *CLASSES, resume=True)
    assert_same_run(stopped, whole, "last", "best_ssim")
    weights = checkpoint(whole)["state_dict"]["importance"]
    assert weights.shape == (261,)
    assert weights.isfinite().all()


# --- what comes out -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["grey2colour", "photo2labels"])
def test_whoever_has_the_checkpoint_translates_as_the_validation_did(task: str, tmp_path: Path) -> None:
    overrides = ("objective=classes", f"data.task={task}", "training.average=0.9", "data.train_pairs=4")
    parts = train(tmp_path, *overrides)
    pair = parts.data.readable("val")[0]
    batch = parts.data.val_samples(1)[0]
    expected = parts.data.target_domain.decode(parts.module.translate(batch.source, batch.names)[0].numpy())
    slim = tmp_path / "slim.ckpt"
    write_slim(tmp_path / "checkpoints" / "last.ckpt", slim)
    for file in (tmp_path, slim):
        assert np.array_equal(Translator.load(file)(pair.source, pair.name), expected)
    if task == "photo2labels":
        palette = {tuple(colour) for colour in parts.data.target_domain.to_dict()["palette"]}
        assert {tuple(colour) for colour in expected.reshape(-1, 3).tolist()} <= palette
    with (tmp_path / "metrics.csv").open() as file_:
        rows = list(csv.DictReader(file_))
    assert "loss/cross_entropy" in rows[0]
    assert "val/ssim" in rows[0]


def test_it_learns_to_tell_classes_apart(tmp_path: Path) -> None:
    """Better than the class that is most frequent, on pictures that it has not seen."""
    learning = ("data.train_pairs=60", "data.val_pairs=20", "schedule.epochs=6", "optimizer.lr=0.002")
    parts = train(tmp_path, "objective=classes", "data.task=photo2labels", *learning)
    batch = collate(list(parts.data.usable("val")))
    truth = batch.target.argmax(dim=1)
    right = (parts.module.translate(batch.source, batch.names).argmax(dim=1) == truth).float().mean().item()
    frequent = torch.bincount(truth.flatten(), minlength=12) / truth.numel()
    print(f"accuracy {right:.3f}; the most frequent class {frequent.max():.3f}")
    assert right > frequent.max() + 0.1


def test_a_target_without_classes_is_refused(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "objective=classes", "data.task=photo2labels")
    settings["data"]["target"] = {"kind": "rgb"}  # as a pair source may say that it is
    with pytest.raises(ConfigError, match=r"^objective=classes: a target of kind rgb has no classes$"):
        assembly.assemble(settings, tmp_path, None)
