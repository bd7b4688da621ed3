"""The list of points: each method once a seed, and overrides that compose."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.reproduction.invented import setting

from pix2pix.errors import ConfigError
from pix2pix.reproduction import TABLES
from pix2pix.reproduction.methods import Method
from pix2pix.reproduction.points import check_data, check_typed, point_overrides, points
from pix2pix.reproduction.tables import methods, tables
from pix2pix.settings.compose import check


def test_all_methods_have_a_seed_before_any_has_the_next(tmp_path: Path) -> None:
    chosen = methods(tables(["losses"], setting()))
    made = points(chosen, setting(), seeds=2, epochs=3, folder=tmp_path)
    assert [point.name[-1] for point in made] == ["0"] * 5 + ["1"] * 5
    assert len({point.folder for point in made}) == 10


def test_points_on_scenes_compose() -> None:
    typed = ["schedule.epochs=9", "trainer=cpu"]
    shared = setting(typed=typed)
    for method in methods(tables(TABLES, shared)):
        settings, _ = check([*point_overrides(method, shared, seed=2, epochs=4), "hydra.run.dir=x"])
        assert (settings["seed"], settings["schedule"]["epochs"]) == (2, 4)
        task = {"colour": "grey2colour"}.get(method.task, method.task)
        assert settings["data"]["task"] == task
        assert settings["generator"]["_target_"].lower().endswith(method.generator.replace("_", ""))
        assert settings["trainer"]["accelerator"] == "cpu"
        if method.field is not None:
            assert settings["discriminator"]["receptive_field"] == method.field
            assert settings["objective"]["adversarial"] == "vanilla"
            assert settings["objective"]["conditional"] == ("cgan" in method.objective)
        else:
            assert not settings["objective"].get("adversarial")


def test_points_on_a_folder_of_pairs(tmp_path: Path) -> None:
    typed = ["data=side_by_side", f"data.root={tmp_path}", "data.direction=b_to_a"]
    data = {"name": "side_by_side", "root": str(tmp_path), "direction": "b_to_a", "pairs": {"seed": 0}}
    shared = setting(data=data, typed=typed)

    def composed(method: Method) -> dict[str, object]:
        settings, _ = check([*point_overrides(method, shared, seed=3, epochs=1), "hydra.run.dir=x"])
        assert settings["data"]["pairs"]["seed"] == 0  # the same pictures are held out for every seed
        assert settings["seed"] == 3
        data: dict[str, object] = settings["data"]
        return data

    assert composed(Method("labels2photo", "l1"))["direction"] == "b_to_a"
    labels = composed(Method("photo2labels", "classes"))
    assert labels["direction"] == "a_to_b"
    assert labels["target"] == {"kind": "labels", "palette": [[0, 0, 0], [255, 0, 0]]}
    assert composed(Method("photo2labels", "l1"))["target"] == {**labels["target"], "encoding": "colours"}
    colour = composed(Method("colour", "classes"))
    assert (colour["direction"], colour["source"], colour["target"]) == ("a_to_a", "lab_l", "lab_ab")


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("seed=3", "seed"),
        ("objective=l1", "objective"),
        ("objective.l1_weight=10", "objective.l1_weight"),
        ("objective.adversarial=least_squares", "objective.adversarial"),
        ("generator=resnet", "generator"),
        ("+data.task=inpaint", "data.task"),
        ("hydra.run.dir=x", "hydra.run.dir"),
        ("data.pairs.seed=4", "data.pairs.seed"),
    ],
)
def test_what_the_points_set_may_not_be_typed(typed: str, taken: str) -> None:
    with pytest.raises(ConfigError, match=f"the points of the tables set {taken} themselves"):
        check_typed([typed])


def test_what_may_be_typed() -> None:
    check_typed(["data=scenes", "size=small", "generator.dropout=0", "data.train_pairs=8", "schedule.decay_epochs=2"])


def test_data_without_labels_are_refused() -> None:
    with pytest.raises(ConfigError, match="data=derived: the tables need pairs of labels and photos"):
        check_data(setting(data={"name": "derived"}))
