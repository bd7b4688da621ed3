"""Settings that were typed beside others that leave them without effect."""

from __future__ import annotations

import shlex

import pytest

from pix2pix.errors import ConfigError
from pix2pix.settings.compose import check
from pix2pix.settings.idle import VARIABLE, check_effect, check_effect_on_sweep, idle, idle_holdout, is_point

HOLES = "data=derived data.root=/ data.derive=holes"
EDGES = "data=derived data.root=/ data.derive=edges"
NUMBERS = "data=side_by_side data.root=/ 'data.target={kind:raw,unit:HU}'"


def told(typed: str) -> list[str]:
    arguments = shlex.split(typed)
    try:
        check_effect(arguments, check(arguments)[0])
    except ConfigError as error:
        return str(error).splitlines()
    return []


@pytest.mark.parametrize(
    ("typed", "keys", "reason"),
    [
        ("objective=l1 discriminator=multiscale", "discriminator", "this objective has no discriminator"),
        ("objective=classes data.task=photo2labels optimizer.discriminator_lr=1", "optimizer.discriminator_lr", "no d"),
        ("objective=l1 objective.adversarial_weight=2", "objective.adversarial_weight", "has no discriminator"),
        ("objective.adversarial_weight=0 objective.adversarial=hinge", "objective.adversarial", "no discriminator"),
        ("objective=l1 size.receptive_field=7", "size.receptive_field", "this objective has no discriminator"),
        ("objective.r1_every=4", "objective.r1_every", "objective.r1_gamma is 0"),
        ("objective=cgan objective.l1_scale=2", "objective.l1_scale", "objective.l1_weight is 0"),
        ("objective=classes data.task=photo2labels objective.uniform=1", "objective.uniform", "of colours"),
        (f"{EDGES} data.factor=2", "data.factor", "of downscale, and data.derive is edges"),
        (f"{EDGES} +data.holes={{side:0.3}}", "data.holes", "of holes, and data.derive is edges"),
        (f"{HOLES} data.holes.count=3 data.edges.low=0.1", "data.edges.low", "of edges, and data.derive is holes"),
        (f"{HOLES} data.holes.count=3", "data.holes.count", "data.holes.shape is block, which is one hole"),
        (f"{HOLES} data.holes.shape=centre data.holes.seed=3", "data.holes.seed", "data.holes.shape is centre"),
        ("data.size=[32,64] size.side=128 discriminator.receptive_field=7", "size.side", "data.size is [32, 64]"),
        ("size.depth=4 generator=resnet", "size.depth", "generator.depth is no setting of ResNet"),
        ("size.base_channels=4 generator.base_channels=8", "size.base_channels", "generator.base_channels is 8"),
        ("translation.noise=true generator=resnet", "translation.noise", "this generator has no dropout"),
        ("translation.statistics=running generator=pixelwise", "translation.statistics", "has no batch norm"),
        ("trainer.sync_batchnorm=true", "trainer.sync_batchnorm", "there is one device"),
        ("+trainer.log_every_n_steps=3", "trainer.log_every_n_steps", "Type training.log_every_images=N"),
        ("callbacks.checkpoints.keep=9", "callbacks.checkpoints.keep", "callbacks.checkpoints.every_images is null"),
        ("'callbacks.checkpoints.best=[l1]' trainer.limit_val_batches=0", "callbacks.checkpoints.best", "not validate"),
        ("'callbacks.checkpoints.best=[rmse,l1]'", "callbacks.checkpoints.best", "there would be no best_rmse.ckpt"),
        ("sweep_metric=l1 hydra.launcher.jobs=2", "sweep_metric, hydra.launcher.jobs", "this is one training"),
    ],
)
def test_what_has_no_effect_is_told(typed: str, keys: str, reason: str) -> None:
    found = {line.partition(": ")[0]: line for line in told(typed)}
    assert reason in found[keys]


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "objective=l1",
        "objective=l1 size=small",  # which sets the discriminator's field too
        "experiment=pix2pixhd data=scenes objective=l1",  # nobody typed its discriminator
        "objective.adversarial=null",
        "objective.adversarial_weight=0",
        "objective=l1 ~callbacks.discriminator_won",
        "objective.r1_gamma=1 objective.r1_every=4",
        f"{EDGES} data.edges.low=0.1",
        f"{HOLES} data.holes.shape=boxes data.holes.count=3 data.holes.seed=3",
        "data.size=[32,32] size.side=32",
        "translation.noise=false generator=resnet",
        "translation.statistics=running generator=resnet generator.norm=batch",
        "trainer=ddp_cpu trainer.sync_batchnorm=true",
        "callbacks.checkpoints.every_images=99 callbacks.checkpoints.keep=9",
        f"{NUMBERS} 'callbacks.checkpoints.best=[rmse]'",
        "'callbacks.checkpoints.best=[]' trainer.limit_val_batches=0",
    ],
)
def test_what_has_an_effect_is_not(typed: str) -> None:
    assert told(typed) == []


def test_those_with_one_reason_are_told_together() -> None:
    assert told("objective=l1 discriminator.norm=none objective.conditional=true data.factor=2 " + EDGES) == [
        "discriminator.norm, objective.conditional: this objective has no discriminator, so they have no effect. Type"
        " an objective that has one, such as objective=l1_cgan, or leave them out",
        "data.factor: of downscale, and data.derive is edges, so it has no effect. Type data.derive=downscale, or leave"
        " it out",
    ]


def test_every_advice_leads_out() -> None:
    """What is typed by it is not complained of again."""
    settings = check(["objective=l1_cgan", "objective.conditional=true"])[0]
    assert idle(["objective=l1_cgan", "objective.conditional=true"], settings) == []
    assert told("'callbacks.checkpoints.best=[l1]' trainer.limit_val_batches=1.0") == []
    assert told("generator=resnet generator.dropout=0.5 translation.noise=true") == []
    assert told("objective.perceptual_weight=1 objective.vgg19=/etc/hostname") == []


@pytest.mark.parametrize(
    ("held_out", "told"),
    [(("val", "test"), []), (("val",), ["data.test_fraction"]), ((), ["data.val_fraction", "data.test_fraction"])],
)
def test_shares_of_data_that_are_parted_already(held_out: tuple[str, ...], told: list[str]) -> None:
    typed = ["data.val_fraction=0.2", "data.test_fraction=0.2"]
    data = {"root": "x", "val_fraction": 0.2, "test_fraction": 0.2}
    assert [each.partition(":")[0] for each in idle_holdout(typed, data, held_out)] == told
    assert idle_holdout(typed, data, None) == idle_holdout([], data, held_out) == []
    assert idle_holdout(typed, data | {"val_fraction": 0, "test_fraction": 0}, held_out) == []
    seeded = idle_holdout(["data.split_seed=3"], data, held_out)
    assert bool(seeded) == (not held_out)


def test_a_sweep_is_not_sent_to_the_folder_of_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    check_effect_on_sweep(["-m", "seed=1,2", "hydra.sweep.dir=there"])
    with pytest.raises(ConfigError, match=r"^hydra\.run\.dir: .* Type hydra\.sweep\.dir=FOLDER$"):
        check_effect_on_sweep(["-m", "seed=1,2", "hydra.run.dir=there"])
    assert not is_point()
    monkeypatch.setenv(VARIABLE, "1")
    assert is_point()
