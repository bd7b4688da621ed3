"""The receptive fields of the discriminators, checked without torch."""

import subprocess
import sys

import pytest

from pix2pix.models.receptive_field import RECEPTIVE_FIELDS, halvings, smallest_side


def test_every_field_follows_from_its_halvings() -> None:
    assert [9 * 2 ** halvings(field) - 2 for field in RECEPTIVE_FIELDS if field > 1] == [7, 16, 34, 70, 142, 286]


def test_smallest_sides_are_those_that_the_fields_scale_to() -> None:
    assert {field: smallest_side(field) for field in RECEPTIVE_FIELDS} == {
        1: 1,
        7: 8,
        16: 16,
        34: 32,
        70: 64,
        142: 128,
        286: 256,
    }


def test_another_field_lists_those_that_can_be_had() -> None:
    with pytest.raises(ValueError, match=r"receptive_field=50 .*1, 7, 16, 34, 70, 142, 286"):
        halvings(50)


def test_needs_no_torch() -> None:
    code = "import sys, pix2pix.models.receptive_field; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0
