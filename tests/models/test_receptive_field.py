"""The receptive fields of the discriminators, checked without torch."""

import subprocess
import sys

import pytest

from pix2pix.models.receptive_field import RECEPTIVE_FIELDS, halvings, patch_map_size, smallest_side


def test_every_field_follows_from_its_halvings() -> None:
    assert [9 * 2 ** halvings(field) - 2 for field in RECEPTIVE_FIELDS if field > 1] == [7, 16, 34, 70, 142, 286]


@pytest.mark.parametrize(
    ("field", "size", "expected"),
    [
        (70, (256, 256), (30, 30)),  # the paper's
        (286, (256, 256), (6, 6)),
        (142, (128, 128), (6, 6)),
        (70, (64, 64), (6, 6)),
        (34, (200, 264), (48, 64)),
        (16, (65, 67), (30, 31)),
        (7, (8, 9), (6, 7)),
        (1, (5, 3), (5, 3)),
    ],
)
def test_map_of_patches(field: int, size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert patch_map_size(field, size) == expected


def test_no_patch_is_left_where_pictures_are_too_small() -> None:
    assert patch_map_size(286, (64, 256)) == (0, 6)
    assert patch_map_size(286, (96, 96)) == (1, 1)
    assert patch_map_size(7, (2, 1)) == (0, 0)


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
        patch_map_size(50, (256, 256))


def test_needs_no_torch() -> None:
    code = "import sys, pix2pix.models.receptive_field; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0
