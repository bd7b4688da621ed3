"""What the paper's tables hold, and each method once."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.reproduction.invented import setting

from pix2pix.errors import ConfigError
from pix2pix.reproduction import TABLES
from pix2pix.reproduction.tables import methods, tables

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
