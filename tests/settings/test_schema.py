"""The schema of the settings: what it takes, what it refuses, and in which words."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

from pix2pix.data.derive import make_derivation
from pix2pix.data.derive.downscale import Downscale
from pix2pix.data.domains import domain_from_dict
from pix2pix.errors import BadPairError, ConfigError
from pix2pix.hints import nearest, nearest_key
from pix2pix.models.coarse_to_fine import CoarseToFine
from pix2pix.models.test_time import pad_to_multiple
from pix2pix.schema.problems import missing_values
from pix2pix.settings.compose import check
from pix2pix.settings.validation import validate

DEFAULTS = check([])[0]


def changed(**values: Any) -> dict[str, Any]:
    """The default settings with some changed: `changed(data__size=[8, 8])`."""
    settings = copy.deepcopy(DEFAULTS)
    for key, value in values.items():
        *sections, name = key.split("__")
        section = settings
        for each in sections:
            section = section[each]
        section[name] = value
    return settings


def complaint(**values: Any) -> str:
    with pytest.raises(ConfigError) as raised:
        validate(changed(**values))
    return str(raised.value)


@pytest.mark.parametrize(
    "values",
    [
        {"data__size": None, "data__name": "two_folders"},
        {"data__size": [40, 72]},
        {"data__num_workers": 0},
        {"data__source": {"kind": "grey", "bits": 16}, "data__target": {"kind": "labels", "classes": 3}},
        {"data__source": {"kind": "raw", "channels": 2, "range": [[0, 1], [-1.5, 1]]}},
        {"data__target": {"kind": "raw", "range": [-1024, 3071], "unit": "HU", "nodata": -2000, "dtype": "int16"}},
        {"data__target": {"kind": "raw", "nodata": float("nan")}},
        {"objective__l1_weight": 10, "objective__l2_weight": 0.5},
        {"objective__adversarial": None, "discriminator__receptive_field": 286},  # no discriminator, so no patches
        {"schedule__epochs": 3, "schedule__decay_epochs": 3},
        {"training__channels_last": False, "training__clip_norm": 1, "training__average": 0.999},
        {"trainer__devices": [0, 1]},
        {"trainer__devices": -1, "trainer__strategy": "ddp"},
        {"trainer__precision": "bf16-mixed", "trainer__min_epochs": 2},
        {"generator": {"_target_": "somewhere.else.Generator", "width": 3}},
        {"callbacks__progress": {"_target_": "somewhere.else.Callback", "anything": [1]}},
    ],
    ids=str,
)
def test_right_settings_pass(values: dict[str, Any]) -> None:
    validate(changed(**values))


# A value of another type is used as it was typed, so it must not pass because it could be converted.
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"data__mirror": "no"}, "data.mirror: found 'no', expected true or false"),
        ({"training__compile": 1}, "training.compile: found 1, expected true or false"),
        ({"schedule__epochs": "20"}, "schedule.epochs: found '20', expected a whole number"),
        ({"schedule__epochs": 20.0}, "schedule.epochs: found 20.0, expected a whole number"),
        ({"schedule__epochs": True}, "schedule.epochs: found True, expected a whole number"),
        ({"objective__l1_weight": "100"}, "objective.l1_weight: found '100', expected a number"),
        ({"objective__l1_weight": float("nan")}, "objective.l1_weight: found nan, expected a number"),
        (
            {"name": 3},
            "name: found 3, expected a text: one that reads as a number is typed in quotes twice, \"name='3'\"",
        ),
        (
            {"data__size": [64.0, 64]},
            "data.size: found [64.0, 64], expected [HEIGHT,WIDTH] in pixels, such as [128,256]",
        ),
    ],
    ids=str,
)
def test_nothing_is_converted(values: dict[str, Any], message: str) -> None:
    assert complaint(**values) == message


def test_all_mistakes_are_told_at_once() -> None:
    assert complaint(schedule__epochs=0, data__batch_size=0, generator__norm="bach").splitlines() == [
        "data.batch_size: found 0, expected a number of at least 1",
        "schedule.epochs: found 0, expected a number of at least 1",
        "generator.norm: found 'bach', expected 'batch', 'instance', 'group' or 'none'. Nearest: type"
        " generator.norm=batch",
    ]


@pytest.mark.parametrize(
    ("domain", "message"),
    [
        ("rbg", "data.source: found 'rbg', expected 'rgb', 'grey', 'labels', 'lab_l', 'lab_ab', 'raw'"),
        ({"kind": "rgb", "bits": 12}, "data.source.bits: found 12, expected 8 or 16"),
        ({"kind": "raw", "unts": "K"}, "data.source.unts is no setting. Nearest: unit"),
        ({"kind": "raw", "channels": 0}, "data.source.channels: found 0, expected a number of at least 1"),
        ({"channels": 3}, "data.source: found {'channels': 3}, expected a domain: rgb, grey,"),
        ({"kind": "labels", "palette": [[0, 0]]}, "data.source.palette.0.2 is missing"),
        ({"kind": "labels"}, "data.source: labels need a palette or, for pictures of indices, a number of classes."),
        ({"kind": "labels", "classes": 4, "encoding": "colours"}, "data.source: encoding is colours, and there is no"),
        (
            {"kind": "labels", "classes": 4, "encoding": "rgb"},
            "data.source.encoding: found 'rgb', expected 'planes' or",
        ),
    ],
    ids=str,
)
def test_domains(domain: Any, message: str) -> None:
    assert complaint(data__source=domain).startswith(message)


@pytest.mark.parametrize("limits", [[1, 0], [0, 0], [1], [[0, 1], [3, 2]], "measure", [0, "1"]], ids=str)
def test_ranges_that_do_not_rise(limits: Any) -> None:
    expected = "expected [LOW,HIGH] with the low below the high, one such pair a channel, or 'measured'"
    assert expected in complaint(data__source={"kind": "raw", "channels": 2, "range": limits})


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "rgb", "bits": 16},
        {"kind": "grey"},
        {"kind": "lab_ab"},
        {"kind": "labels", "palette": [[0, 0, 0], [255, 0, 0]]},
        {"kind": "labels", "classes": 4},
        {"kind": "raw", "channels": 2, "range": [[0, 1], [0, 2]], "unit": "K", "nodata": -1.0, "dtype": "uint16"},
        {"kind": "raw"},
    ],
    ids=str,
)
def test_the_schema_and_the_domains_take_the_same_settings(settings: dict[str, Any]) -> None:
    validate(changed(data__source=settings))
    given = domain_from_dict(settings).to_dict()
    assert given.items() >= settings.items()


def test_rules_that_span_settings() -> None:
    assert "Type discriminator.receptive_field=16 or a larger data.size" in complaint(
        discriminator__receptive_field=70, data__size=[24, 64], generator__depth=4
    )
    assert "Type generator.depth=5 or less" in complaint(data__size=[32, 64], generator__depth=7)
    assert complaint(objective__adversarial_weight=0, objective__l1_weight=0).startswith("objective: every weight is 0")
    assert complaint(schedule__decay_epochs=21).startswith("schedule.decay_epochs: found 21, expected at most")
    assert complaint(data__quarter_turns=True, data__size=[64, 96]).endswith("or data.size=[96,96]")
    for source, kind in (("lab_l", "lab_l"), (None, "labels")):  # None: as the task of the scenes says
        assert f"kind {kind} has no colours" in complaint(data__colour_jitter=0.1, data__source=source)
    assert "found 'ddp_spawn', expected auto or ddp" in complaint(trainer__strategy="ddp_spawn")
    assert "type ~callbacks.progress to be without" in complaint(trainer__enable_progress_bar=False)


WITHOUT_A_GAME = "but this objective has no discriminator."


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (
            "objective.augment=[color]",
            "objective.augment.0: found 'color', expected 'colour', 'translation' or 'cutout'.",
        ),
        ("objective.l1_scale=3", "objective.l1_scale: found 3, expected 1, 2 or 4"),
        ("objective.r1_every=0", "objective.r1_every: found 0, expected a number of at least 1"),
        ("objective=l1 objective.r1_gamma=1", f"objective.r1_gamma: found 1, {WITHOUT_A_GAME}"),
        ("objective=l1 objective.augment=[cutout]", f"objective.augment: found ['cutout'], {WITHOUT_A_GAME}"),
        ("objective=pix2pixhd objective.adversarial_weight=0 objective.l1_weight=1", WITHOUT_A_GAME),
        ("objective.r1_gamma=1 trainer.sync_batchnorm=true", "Type discriminator.norm=instance, or"),
        ("objective.perceptual_weight=1 objective.vgg19=a", "objective.vgg19: there is no file 'a'. It is to hold"),
        (
            "objective.perceptual_weight=1 data.size=[8,8] generator.depth=3 discriminator.receptive_field=7",
            "at least 16",
        ),
        (
            "discriminator=multiscale data.size=[32,64] generator.depth=5",
            "Type discriminator.receptive_field=7 or a larger",
        ),
        (
            "discriminator=multiscale discriminator.scales=0",
            "discriminator.scales: found 0, expected a number of at least 1",
        ),
        ("discriminator.scales=2", "is no setting of discriminator=patchgan, but of discriminator=multiscale"),
        ("generator=coarse_to_fine generator.base_channels=5", "generator.base_channels: found 5, expected"),
        ("discriminator.spectral_norm=1", "discriminator.spectral_norm: found 1, expected true or false"),
        ("discriminator=multiscale data.size=[2,2]", "Type fewer discriminator.scales or a larger data.size"),
    ],
)
def test_beyond_the_paper(typed: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check(typed.split())
    assert message in str(raised.value)


def test_the_halvings_refused_are_those_that_the_network_refuses() -> None:
    for halvings in (1, 2, 3):
        generator = CoarseToFine(1, 1, base_channels=2, blocks=1, local_blocks=1, halvings=halvings).eval()
        for side in (4, 5, 8, 9, 12, 15, 16, 17, 24):
            typed = ["generator=coarse_to_fine", f"generator.halvings={halvings}", f"data.size=[{side},32]"]
            typed.append("discriminator.receptive_field=1")
            try:
                with torch.no_grad():
                    generator(pad_to_multiple(torch.zeros(1, 1, side, 32), generator.multiple)[0])
            except (BadPairError, RuntimeError, ValueError):
                with pytest.raises(ConfigError, match=r"generator\.halvings: .* need sides of more than"):
                    check(typed)
            else:
                check(typed)


def test_photos_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = ["data=derived", f"data.root={tmp_path}"]
    with pytest.raises(ConfigError, match=r"data\.derive is not set.*type data\.derive=edges \(or grey, holes, downsc"):
        check(typed)
    with pytest.raises(ConfigError, match=r"data\.derive: found 'edgs'.*Nearest: type data\.derive=edges"):
        check([*typed, "data.derive=edgs"])
    with pytest.raises(ConfigError) as raised:
        check([*typed, "data.derive=edges", "data.edges.low=0.3", "data.size=null", "data.factor=3"])
    assert str(raised.value).splitlines() == [
        "data.edges.low: found 0.3, expected at most data.edges.high, which is 0.15",
        "data.jitter: photos that keep their size are derived from at that size, and would be enlarged afterwards."
        " Type data.jitter=1 or data.size=[256,256]",
    ]
    check([*typed, "data.derive=grey", "data.size=null"])
    with pytest.raises(ConfigError, match=r"data\.holes\.side: found 1, expected a number below 1"):
        check([*typed, "data.derive=holes", "data.holes.side=1"])
    monkeypatch.setattr("pix2pix.settings.rules.find_spec", lambda name: None if name == "skimage" else name)
    with pytest.raises(ConfigError, match=r"Type: pip install 'pix2pix-lightning\[edges\]'"):
        check([*typed, "data.derive=edges"])


@pytest.mark.parametrize("section", ["edges", "holes"])
def test_the_derivations_take_the_settings_of_the_schema(section: str, tmp_path: Path) -> None:
    """And the defaults in conf/ are those in the code."""
    settings, _ = check(["data=derived", f"data.root={tmp_path}", f"data.derive={section}"])
    derivation = make_derivation(section, settings["data"]["edges"], settings["data"]["holes"])
    assert derivation == make_derivation(section)
    assert settings["data"]["pairs"]["factor"] == Downscale().factor


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "objective=classes: a target of kind rgb has no classes. Type data.task=photo2labels for labels, or"),
        ("data=side_by_side data.root=/", "Type 'data.target={kind:labels,palette:[[R,G,B],…]}' or"),
        (
            "data.task=photo2labels data.target={kind:labels,palette:[[0,0,0]],encoding:colours}",
            "data.target: objective=classes needs a channel for every class. Type encoding:planes, or leave it out",
        ),
        ("data=derived data.root=/ data.derive=holes", "or data.derive=grey for the colours of photos"),
        ("data.task=photo2labels objective.uniform=0", "objective.uniform: found 0, expected a number above 0"),
        ("data.task=photo2labels objective.temperature=2", "objective.temperature: found 2, expected a number of at"),
        ("data.task=photo2labels objective.l1_weight=3", "objective.l1_weight is no setting of objective=classes, but"),
    ],
)
def test_mistakes_with_classes(typed: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check(["objective=classes", *typed.split()])
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "typed",
    [
        "data.task=photo2labels",
        "data.task=grey2colour objective.uniform=1 objective.temperature=1",
        "data=side_by_side data.root=/ data.target={kind:labels,classes:3}",
        "data=derived data.root=/ data.derive=grey",
        "data=side_by_side data.root=/ data.source=lab_l data.target=lab_ab generator=pixelwise",
    ],
)
def test_classes_of_labels_and_of_colours(typed: str) -> None:
    settings, _ = check(["objective=classes", *typed.split()])
    assert settings["objective"]["kind"] == "classes"


@pytest.mark.parametrize(("field", "near"), [(2, 1), (8, 7), (11, 9)])
def test_the_receptive_field_of_the_per_pixel_generator(field: int, near: int) -> None:
    check(["generator=pixelwise", f"generator.receptive_field={near}"])
    with pytest.raises(ConfigError) as raised:
        check(["generator=pixelwise", f"generator.receptive_field={field}"])
    assert str(raised.value) == (
        f"generator.receptive_field: found {field}, expected an odd number of at most 9, which"
        f" generator.layers=4 can have. Nearest: type generator.receptive_field={near}"
    )


def test_the_depths_refused_are_those_that_padding_refuses() -> None:
    for depth in range(2, 8):
        for side in (2, 3, 4, 5, 8, 11, 16, 22, 32, 33, 42, 43, 64):
            try:
                pad_to_multiple(torch.zeros(1, 1, side, 64), 2**depth)
            except BadPairError:
                assert "generator.depth" in complaint(data__size=[side, 64], generator__depth=depth), (side, depth)
            else:
                validate(changed(data__size=[side, 64], generator__depth=depth, discriminator__receptive_field=1))


def test_a_tracker_that_is_not_installed() -> None:
    message = complaint(logger={"other": {"extra": "absent_tracker"}})
    assert message == "logger=other: it is not installed. Type: pip install 'pix2pix-lightning[absent_tracker]'"


def test_missing_values() -> None:
    assert missing_values({"a": 1, "b": {"c": "???"}}) == ["b.c is not set, and it has no default: type b.c=VALUE"]


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("epochs", "schedule.epochs"),
        ("schedule.epoch", "schedule.epochs"),
        ("batchsize", "data.batch_size"),
        ("data.rot", "data.root"),
        ("shedule.epochs", "schedule.epochs"),
        ("optimizer.betas", "optimizer.algorithm.betas"),
        ("dta", "data"),
        ("xyz", None),
    ],
)
def test_nearest_key(key: str, near: str | None) -> None:
    known = ["data", "data.batch_size", "data.mirror", "data.root", "optimizer.algorithm.betas", "optimizer.lr"]
    assert nearest_key(key, [*known, "schedule.epochs", "schedule.decay_epochs"]) == near


def test_nearest() -> None:
    assert nearest("resnt", ["unet", "resnet"]) == "resnet"
    assert nearest("qqq", ["unet", "resnet"]) is None
