"""The list of points: what the paper's tables hold, each method once, and overrides that compose."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.reproduction.invented import setting

from pix2pix.reproduction import TABLES
from pix2pix.reproduction.points import (
    Method,
    check_data,
    check_typed,
    methods,
    point_overrides,
    points,
    tables,
)
from pix2pix.settings.complaints import ConfigError
from pix2pix.settings.compose import check

PAPER = Path(__file__).parents[2] / ".." / "shared" / "docs" / "paper.md"


def test_the_figures_are_those_of_the_paper() -> None:
    if not PAPER.exists():
        pytest.skip(f"{PAPER} is not here")
    text = PAPER.read_text()
    for table in tables(TABLES, setting(256, 70)):
        for column in table.columns:
            if column.paper and table.name in ("losses", "generators", "fields"):
                figures = " | ".join(f"{each:.2f}"[1:] for each in column.paper)
                assert f"| {column.label} | {figures} |" in text
            elif column.paper and table.name == "photo2labels":
                figures = "/".join(f"{each:.2f}"[1:] for each in column.paper)
                assert f"{column.label} {figures}" in text
            elif column.paper:
                assert f"{100 * column.paper[0]:.1f} %" in text
        if table.real:
            assert f"| ground truth | {' | '.join(f'{each:.2f}'[1:] for each in table.real)} |" in text


def test_a_method_that_several_tables_show_is_trained_once() -> None:
    all_tables = tables(TABLES, setting())
    chosen = methods(all_tables)
    assert sum(len(table.columns) for table in all_tables) == 22
    assert len(chosen) == len({method.key for method in chosen}) == 19  # U-Net with L1, with L1+cGAN; field of the size
    losses, generators, fields = all_tables[:3]
    shared = losses.method("L1+cGAN")
    assert generators.method("U-Net, L1+cGAN") == fields.method("16×16") == shared


@pytest.mark.parametrize(
    ("side", "field", "expected"),
    [(256, 70, [1, 16, 70, 286]), (128, 34, [1, 7, 34, 142]), (64, 16, [1, 7, 16, 70]), (200, 34, [1, 7, 34, 142])],
)
def test_receptive_fields_go_with_the_size(side: int, field: int, expected: list[int]) -> None:
    (table,) = tables(["fields"], setting(side, field))
    assert [column.method.field for column in table.columns] == expected


def test_small_pictures_have_no_table_of_fields() -> None:
    with pytest.raises(ConfigError, match=r"found a side of 32 pixels.*at least 64"):
        tables(["fields"], setting(32))
    assert len(tables(["losses"], setting(32))) == 1


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
