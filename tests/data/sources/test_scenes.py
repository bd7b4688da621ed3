"""The painted scenes: each a function of its index alone, exact labels, ambiguous photos, every task and shape."""

import hashlib
import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.measure import label as connected
from skimage.measure import regionprops

from pix2pix.data.domains import domain_from_dict
from pix2pix.data.sources.scenes import DOMAINS, Scenes
from pix2pix.scenes.canvas import Label
from pix2pix.scenes.pictures import PALETTE

TASKS = tuple(DOMAINS)
CHANNELS = {"edges2photo": (1, 3), "thermal2colour": (1, 3)}
PHOTO_IS_SOURCE = ("photo2labels", "photo2map", "day2night")


def classes_of(picture: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Palette colours to class numbers; fails where a colour is in no palette entry."""
    matches = (picture[..., None, :] == np.asarray(PALETTE)).all(-1)
    assert (matches.sum(-1) == 1).all()
    classes: NDArray[np.intp] = matches.argmax(-1)
    return classes


@pytest.fixture(scope="module")
def street() -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Classes (N, 64, 64) and photos (N, 64, 64, 3) of 120 scenes."""
    scenes = Scenes("train", 120, (64, 64))
    pairs = [scenes[index] for index in range(len(scenes))]
    photos = np.stack([pair.target for pair in pairs]).astype(np.float32)
    return np.stack([classes_of(pair.source) for pair in pairs]), photos


def class_medians(classes: NDArray[np.intp], photos: NDArray[np.float32]) -> NDArray[np.float32]:
    """The photo that the best constant colour of each class gives, by L1."""
    guess = np.zeros_like(photos)
    for label in Label:
        here = classes == label
        if here.any():
            guess[here] = np.median(photos[here], axis=0)
    return guess


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("size", [(64, 64), (48, 80), (100, 33), (16, 128), (128, 16)])
def test_every_task_has_uint8_pictures_of_the_size_asked(task: str, size: tuple[int, int]) -> None:
    source, target, name, _ = Scenes("val", 3, size, task)[2]
    source_channels, target_channels = CHANNELS.get(task, (3, 3))
    assert source.dtype == target.dtype == np.uint8
    assert source.shape == (*size, source_channels)
    assert target.shape == (*size, target_channels)
    assert name == "val-000002"


@pytest.mark.parametrize("task", TASKS)
def test_domains_take_the_pictures_as_they_are(task: str) -> None:
    pair = Scenes("train", 1, (64, 64), task)[0]
    for described, stored in zip(DOMAINS[task], (pair.source, pair.target), strict=True):
        domain = domain_from_dict(described)
        prepared = domain.prepare(stored, pair.name)
        assert prepared.changed == 0
        encoded = domain.encode(prepared.values)
        assert encoded.shape == (domain.channels, 64, 64)
        assert np.abs(encoded).max() <= 1
        if described["kind"] in ("rgb", "grey", "labels"):
            np.testing.assert_array_equal(domain.decode(encoded), stored)


@pytest.mark.parametrize("task", TASKS)
def test_a_pair_depends_on_its_index_alone(task: str) -> None:
    few, many = Scenes("train", 4, (64, 64), task), Scenes("train", 1000, (64, 64), task)
    backwards = {index: many[index] for index in (3, 1, 0)}
    for index in (0, 1, 3):
        np.testing.assert_array_equal(few[index].source, backwards[index].source)
        np.testing.assert_array_equal(few[index].target, backwards[index].target)
    worker = pickle.loads(pickle.dumps(few))
    np.testing.assert_array_equal(worker[3].target, few[3].target)


def test_all_tasks_show_the_same_photo() -> None:
    photos = [Scenes("test", 6, (64, 64), task)[5] for task in TASKS]
    for task, pair in zip(TASKS, photos, strict=True):
        photo = pair.source if task in PHOTO_IS_SOURCE else pair.target
        np.testing.assert_array_equal(photo, photos[0].target, err_msg=task)


def test_splits_and_seeds_share_no_scene() -> None:
    def fingerprints(split: str, seed: int) -> set[str]:
        scenes = Scenes(split, 40, (32, 32), seed=seed)
        return {hashlib.sha256(scenes[index].target.tobytes()).hexdigest() for index in range(40)}

    sets = [fingerprints("train", 0), fingerprints("val", 0), fingerprints("test", 0), fingerprints("train", 1)]
    assert [len(found) for found in sets] == [40] * 4
    assert len(set().union(*sets)) == 160


def test_the_index_runs_like_a_sequence() -> None:
    scenes = Scenes("train", 3, (32, 32))
    assert len(scenes) == 3
    assert list(scenes.names) == ["train-000000", "train-000001", "train-000002"]
    assert scenes[-1].name == "train-000002"
    with pytest.raises(IndexError):
        scenes[3]
    assert len(Scenes("val", {"train": 5, "val": 2}, (32, 32))) == 2


@pytest.mark.parametrize(("task", "near"), [("labels2photo", 6), ("day2night", 5)])
def test_a_scene_is_the_same_at_every_size(task: str, near: float) -> None:
    small, large = Scenes("train", 12, (64, 64), task), Scenes("train", 12, (128, 128), task)
    for index in range(12):
        target, other = small[index].target.astype(float), small[(index + 1) % 12].target
        halved = large[index].target.astype(float).reshape(64, 2, 64, 2, 3).mean((1, 3))
        assert np.abs(halved - target).mean() < near < np.abs(other - target).mean() / 1.5


def test_label_maps_agree_across_sizes() -> None:
    small, large = Scenes("train", 12, (64, 64)), Scenes("train", 12, (256, 256))
    for index in range(12):
        agreed = classes_of(small[index].source) == classes_of(large[index].source)[2::4, 2::4]
        assert agreed.mean() > 0.93


def test_a_wider_picture_sees_more_of_the_same_street() -> None:
    square, wide = Scenes("train", 5, (64, 64))[4], Scenes("train", 5, (64, 192))[4]
    agreed = classes_of(square.source) == classes_of(wide.source[:, :64])
    assert agreed.mean() > 0.999
    assert len(np.unique(classes_of(wide.source[:, 128:]))) >= 8


def test_labels_and_their_colours_are_exact_and_every_class_is_common(
    street: tuple[NDArray[np.intp], NDArray[np.float32]],
) -> None:
    classes, _ = street
    assert len(PALETTE) == len(set(PALETTE)) == len(Label) == 12
    for label in Label:
        here = classes == label
        assert here.any((1, 2)).mean() >= 0.8, label.name
        assert here.mean() >= 0.008, label.name


def test_no_constant_colour_per_class_explains_the_photos(
    street: tuple[NDArray[np.intp], NDArray[np.float32]],
) -> None:
    classes, photos = street
    error = np.abs(photos - class_medians(classes, photos)).mean(-1)
    assert error.mean() > 25  # of 255; 30.6 over 300 scenes
    for label, least in ((Label.WALL, 40), (Label.WINDOW, 40), (Label.CAR, 40), (Label.DOOR, 30), (Label.TREE, 28)):
        assert error[classes == label].mean() > least, label.name


def test_the_best_constant_colours_are_greyer_than_the_photos(
    street: tuple[NDArray[np.intp], NDArray[np.float32]],
) -> None:
    classes, photos = street
    guess = class_medians(classes, photos)
    for label in (Label.WALL, Label.ROOF, Label.DOOR, Label.CAR, Label.PERSON):
        here = classes == label
        assert np.ptp(guess[here], axis=-1).mean() < 0.7 * np.ptp(photos[here], axis=-1).mean(), label.name


def test_labels_still_say_much_about_the_photo(street: tuple[NDArray[np.intp], NDArray[np.float32]]) -> None:
    classes, photos = street
    without_labels = np.abs(photos - np.median(photos, (0, 1, 2))).mean()
    assert np.abs(photos - class_medians(classes, photos)).mean() < 0.75 * without_labels


def test_both_ends_of_a_car_have_one_colour_and_other_cars_another() -> None:
    scenes = Scenes("train", 60, (128, 128))
    ends = []
    for index in range(60):
        pair = scenes[index]
        components = connected(classes_of(pair.source) == Label.CAR)
        for region in regionprops(components):
            top, left, bottom, right = region.bbox
            alone = 25 < right - left < 50 and bottom - top < 20  # neither cut off nor before another car
            if alone and left > 0 and right < 128:
                middle = (left + right) // 2
                halves = (components == region.label) & (np.arange(128) < middle), components == region.label
                halves = halves[0], halves[1] & ~halves[0]
                ends.append([np.median(pair.target[half], axis=0) for half in halves])
    fronts, backs = np.moveaxis(np.asarray(ends), 1, 0)
    assert len(fronts) > 30
    within = np.abs(fronts - backs).mean(-1)
    between = np.abs(fronts - np.roll(backs, 1, axis=0)).mean(-1)
    assert np.median(within) < 0.35 * np.median(between)


def test_edges_are_black_on_white_and_lie_on_the_borders_of_classes() -> None:
    for index in range(6):
        edges = Scenes("train", 6, (128, 128), "edges2photo")[index].source[..., 0]
        classes = classes_of(Scenes("train", 6, (128, 128))[index].source)
        assert set(np.unique(edges)) == {0, 255}
        assert 0.03 < (edges == 0).mean() < 0.3
        borders = classes[:-1] != classes[1:]
        assert (edges[:-1][borders] == 0).all()


def test_the_map_is_flat_and_leaves_out_what_moves() -> None:
    cars = 0
    for index in range(6):
        drawn = Scenes("train", 6, (128, 128), "photo2map")[index].target
        classes = classes_of(Scenes("train", 6, (128, 128))[index].source)
        counts = np.unique(drawn.reshape(-1, 3), axis=0, return_counts=True)[1]
        assert np.sort(counts)[::-1][:10].sum() > 0.97 * counts.sum()
        road = np.unique(drawn[classes == Label.ROAD], axis=0, return_counts=True)
        on_road = (drawn == road[0][road[1].argmax()]).all(-1)
        cars += int((on_road & (classes == Label.CAR)).sum())
    assert cars > 1000  # a map shows the road where the photo shows a car


def test_night_is_darker_and_some_windows_shine() -> None:
    for index in range(8):
        day, night, *_ = Scenes("train", 8, (64, 64), "day2night")[index]
        classes = classes_of(Scenes("train", 8, (64, 64))[index].source)
        assert night.mean() < 0.55 * day.mean()
        assert night[classes == Label.WINDOW].max() > 200
        assert night[classes == Label.SKY].mean() < 70


def test_heat_is_that_of_people_and_never_of_colours() -> None:
    levels: dict[Label, list[float]] = {label: [] for label in Label}
    tints = []
    for index in range(20):
        seen, photo, *_ = Scenes("train", 20, (64, 64), "thermal2colour")[index]
        classes = classes_of(Scenes("train", 20, (64, 64))[index].source)
        for label in Label:
            levels[label] += seen[classes == label, 0].tolist()
        walls = classes == Label.WALL
        tints.append((seen[walls].mean(), photo[walls].mean(axis=0) @ (1, 0, -1)))
    means = {label: np.mean(values) for label, values in levels.items() if values}
    assert max(means, key=means.__getitem__) == Label.PERSON
    assert min(means, key=means.__getitem__) == Label.SKY
    assert abs(np.corrcoef(np.array(tints).T)[0, 1]) < 0.4  # walls of warm and cold colours are as warm as each other


def test_a_hole_is_grey_and_all_else_is_untouched() -> None:
    shares = []
    for index in range(30):
        holed, whole, *_ = Scenes("train", 30, (64, 64), "inpaint")[index]
        changed = (holed != whole).any(-1)
        assert (holed[changed] == 128).all()
        shares.append(changed.mean())
    assert min(shares) > 0.06
    assert max(shares) < 0.28
    assert max(shares) - min(shares) > 0.05


@pytest.mark.parametrize(
    ("arguments", "key", "expected"),
    [
        (("training", {"train": 1}, (64, 64)), "split", "train, val, test"),
        (("train", 0, (64, 64)), "train scenes", "1 or more"),
        (("train", 1, (8, 64)), "data.size", "16 pixels"),
        (("train", 1, (64, 64), "label2photo"), "data.task", "labels2photo"),
        (("train", 1, (64, 64), "inpaint", -1), "seed", "0 or more"),
    ],
)
def test_a_wrong_argument_is_named_with_what_was_expected(arguments: tuple[Any, ...], key: str, expected: str) -> None:
    with pytest.raises(ValueError, match=key) as error:
        Scenes(*arguments)
    assert expected in str(error.value)
