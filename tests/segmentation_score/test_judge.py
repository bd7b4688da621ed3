"""The judge: trained on photos that show their labels, kept only if it sees them, found again by what it judges."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pix2pix.data.datamodule import PairedData
from pix2pix.data.pairs import Pair
from pix2pix.data.sources.side_by_side import SideBySide
from pix2pix.data.transforms import PairTransform
from pix2pix.pictures.codecs import write_picture
from pix2pix.segmentation_score.check import MAJORITY, MISMATCHED, Standing, standing
from pix2pix.segmentation_score.judge import FILE, Judge, JudgeError, JudgeScore, find_judge, key, refusal
from pix2pix.segmentation_score.network import Segmenter
from pix2pix.segmentation_score.training import JudgeRecipe, make_judge, usual_epochs, write_judge

SIDE = 16
COLOURS = ((0, 0, 0), (250, 0, 0), (0, 0, 250))
MATERIALS = np.array([(90, 160, 90), (200, 180, 120), (60, 70, 130)])  # what each class looks like in a photo
LABELS = {"kind": "labels", "palette": [list(colour) for colour in COLOURS]}
QUICK = JudgeRecipe(epochs=12, rate=1e-2, base_channels=8, depth=2)


class Blocks:
    """Labels of two rectangles, and photos in which each class has its material; or photos of noise."""

    def __init__(self, split: str, count: int = 24, side: int = SIDE, noise: bool = False) -> None:
        self.names = [f"{split} {index}" for index in range(count)]
        self.side, self.noise = side, noise

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Pair:
        name = self.names[index]
        rng = np.random.default_rng(list(name.encode()))
        classes = np.zeros((self.side, self.side), np.intp)
        for each in (1, 2):
            top, left = rng.integers(0, self.side // 2, 2)
            classes[top : top + self.side // 2, left : left + self.side // 2] = each
        photo = rng.integers(0, 256, (self.side, self.side, 3)) if self.noise else MATERIALS[classes]
        grainy = np.clip(photo + rng.normal(0, 8, photo.shape), 0, 255).astype(np.uint8)
        return Pair(np.array(COLOURS, np.uint8)[classes], grainy, name)


def data_of(
    pairs: Any = Blocks, source: Mapping[str, Any] | str = LABELS, target: str = "rgb", size: int | None = SIDE
) -> PairedData:
    return PairedData(pairs, source, target, PairTransform(None if size is None else (size, size)))


@pytest.fixture(scope="module")
def judge() -> Judge:
    return make_judge(data_of(), QUICK, tell=lambda line: None)


def photo_of(pair: Pair) -> torch.Tensor:
    return torch.from_numpy(pair.target.transpose(2, 0, 1) / np.float32(255))


# --- training -------------------------------------------------------------------------------------------------------


def test_it_sees_what_photos_show(judge: Judge) -> None:
    assert judge.classes == 3
    assert judge.standing.photos == 24
    assert judge.standing.judge["pixel_accuracy"]["value"] > 0.9
    assert judge.standing.blind[MAJORITY]["class_accuracy"]["value"] == pytest.approx(1 / 3)
    pair = Blocks("val")[0]
    seen, true = judge.segment(photo_of(pair)), judge.truth(pair).argmax(0)
    assert seen.dtype == torch.int64
    assert (seen == true).float().mean() > 0.9


def test_photos_come_in_0_to_1_and_the_network_has_them_as_in_training(judge: Judge) -> None:
    encoded = data_of().val_samples(1)[0].target  # (1, 3, H, W) in [-1, 1]
    with torch.no_grad():
        expected = judge.network(encoded)[0].argmax(0)
    assert torch.equal(judge.segment((encoded[0] + 1) / 2), expected)


def test_the_same_data_give_the_same_judge_whatever_was_drawn_before(judge: Judge) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    again = make_judge(data_of(), QUICK, tell=lambda line: None)
    assert again.digest == judge.digest
    assert again.standing == judge.standing
    assert torch.equal(torch.get_rng_state(), before)


def test_colours_without_a_palette_are_found(judge: Judge) -> None:
    told: list[str] = []
    found = make_judge(data_of(source="rgb"), QUICK, tell=told.append)
    assert set(found.labels.palette or ()) == set(COLOURS)
    assert told[0] == "3 classes, the only colours of the training labels:"
    assert found.standing.judge["pixel_accuracy"]["value"] > 0.9
    given = make_judge(data_of(source="rgb"), QUICK, palette=COLOURS, tell=lambda line: None)
    assert given.labels.palette == COLOURS
    assert given.digest == judge.digest


def test_pictures_at_their_own_size_need_not_be_divisible() -> None:
    data = data_of(partial(Blocks, side=21), size=None)
    own = make_judge(data, JudgeRecipe(epochs=2, rate=1e-2, base_channels=4, depth=2), tell=lambda line: None)
    assert own.segment(torch.rand(3, 21, 30)).shape == (21, 30)
    assert own.truth(Blocks("val", side=21)[0]).shape == (3, 21, 21)


def test_photos_that_do_not_show_their_labels_give_no_judge() -> None:
    with pytest.raises(JudgeError, match=r"over another photo's labels may be chance[\s\S]*judge on real photos"):
        make_judge(data_of(partial(Blocks, noise=True)), QUICK, tell=lambda line: None)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"target": LABELS, "source": "rgb"}, "are labels themselves"),
        ({"source": "grey"}, "the sources are grey, not labels"),
    ],
    ids=["photo2labels", "grey"],
)
def test_data_without_labels_to_find(settings: dict[str, Any], why: str) -> None:
    data = data_of(**settings)
    assert why in str(refusal(data))
    with pytest.raises(JudgeError, match=why):
        make_judge(data, QUICK)


def test_sources_that_are_no_label_maps() -> None:
    class Photos(Blocks):
        def __getitem__(self, index: int) -> Pair:
            pair = super().__getitem__(index)
            return Pair(pair.target, pair.target, pair.name)

    with pytest.raises(JudgeError, match=r"do not look like labels: [\s\S]*--palette"):
        make_judge(data_of(Photos, source="rgb"), QUICK)


@pytest.mark.parametrize(("pairs", "epochs"), [(10, 60), (400, 20), (2000, 4), (50000, 4)])
def test_epochs_by_the_number_of_pairs(pairs: int, epochs: int) -> None:
    assert usual_epochs(pairs) == epochs


# --- worth asking ---------------------------------------------------------------------------------------------------


def maps(photos: int, right: float, seed: int = 0) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Seen and true classes (10, 10): seven tenths are 0, strewn about; about such a share is seen rightly."""
    random = torch.Generator().manual_seed(seed)
    true = [(torch.rand(10, 10, generator=random) < 0.3).long() for _ in range(photos)]
    wrong = [(torch.rand(10, 10, generator=random) > right).long() for _ in range(photos)]
    return [each ^ flipped for each, flipped in zip(true, wrong, strict=True)], true


def standing_of(photos: int, right: float) -> Standing:
    return standing(*maps(photos, right), [None] * photos, 2)


def test_figures_of_a_judge_and_of_those_who_do_not_look() -> None:
    found = standing_of(40, 0.9)
    assert found.flaws == []
    assert found.judge["pixel_accuracy"]["value"] == pytest.approx(0.9, abs=0.01)
    majority = found.blind[MAJORITY]
    zeros = sum(int((true == 0).sum()) for true in maps(40, 0.9)[1])
    assert majority["pixel_accuracy"]["value"] == zeros / 4000
    assert majority["class_accuracy"] == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert majority["class_iou"]["value"] == pytest.approx(zeros / 4000 / 2)  # of 1, no pixel
    seen_zeros = 0.7 * 0.9 + 0.3 * 0.1
    by_chance = seen_zeros * 0.7 + (1 - seen_zeros) * 0.3
    assert found.blind[MISMATCHED]["pixel_accuracy"]["value"] == pytest.approx(by_chance, abs=0.02)
    gain = found.gains[MAJORITY]["pixel_accuracy"]
    assert gain["value"] == pytest.approx(found.judge["pixel_accuracy"]["value"] - zeros / 4000)
    spread = np.sqrt((0.9 * 0.1 + 0.7 * 0.3) / 4000)  # of two shares of 4000 pixels that err apart, at most
    assert 0.5 * spread < (gain["high"] - gain["low"]) / (2 * 1.96) < 1.5 * spread
    assert "0.500 (0.500 to 0.500)" in found.table()


@pytest.mark.parametrize(
    ("photos", "right", "flaw"),
    [
        (40, 0.71, r"its gain in pixels over the most frequent class is -?0\.0\d\d, and 0\.030 is asked for"),
        (40, 0.5, r"its gain in pixel accuracy over most frequent class may be chance"),
        (40, 0.5, r"its gain in class iou over another photo's labels may be chance"),
        (4, 0.9, r"there are 4 validation photos; it takes 5"),
    ],
)
def test_what_is_not_worth_asking(photos: int, right: float, flaw: str) -> None:
    assert any(re.search(flaw, each) for each in standing_of(photos, right).flaws)


def test_labels_of_another_photo_may_be_of_another_size() -> None:
    true = [torch.eye(side).long() for side in (8, 9, 10, 8, 9, 10)]
    found = standing(true, true, [None] * 6, 2)
    assert found.judge["pixel_accuracy"]["value"] == 1
    assert found.blind[MISMATCHED]["pixel_accuracy"]["value"] < 1


# --- the score ------------------------------------------------------------------------------------------------------


def test_the_score_of_real_photos_is_the_judges_own(judge: Judge) -> None:
    pairs = Blocks("val")
    score = JudgeScore(judge)
    photos = torch.stack([photo_of(pair) for pair in map(pairs.__getitem__, range(len(pairs)))])
    truths = torch.stack([judge.truth(pairs[index]) for index in range(len(pairs))])
    score.update(photos, truths)
    assert {name: value.item() for name, value in score.compute().items()} == {
        f"judged_{name}": own["value"] for name, own in judge.standing.judge.items()
    }
    assert score.total.sum() == len(pairs) * SIDE**2


def test_pixels_without_weight_do_not_count(judge: Judge) -> None:
    pair = Blocks("val")[0]
    weight = torch.zeros(1, SIDE, SIDE)
    weight[:, 3] = 1
    assert JudgeScore(judge).contribution(photo_of(pair), judge.truth(pair), weight).sum() == SIDE


def test_translations_of_one_colour_score_less_than_real_photos(judge: Judge) -> None:
    pair = Blocks("val")[0]
    score = JudgeScore(judge)
    real, flat = (
        score.contribution(each, judge.truth(pair)) for each in (photo_of(pair), torch.full((3, 16, 16), 0.4))
    )
    assert score.values(flat)["judged_class_iou"] < score.values(real)["judged_class_iou"]


# --- the file -------------------------------------------------------------------------------------------------------


def test_a_judge_is_found_again(judge: Judge, tmp_path: Path) -> None:
    data = data_of()
    assert find_judge(data, tmp_path) is None
    write_judge(judge, data, tmp_path / key(data))
    assert {path.name for path in (tmp_path / key(data)).iterdir()} == {FILE, "judge.json", "judge.png"}
    found = find_judge(data_of(), tmp_path)
    assert found is not None
    assert (found.digest, found.standing, found.facts) == (judge.digest, judge.standing, judge.facts)
    assert (found.labels, found.photo, found.size) == (judge.labels, judge.photo, judge.size)
    photo = torch.rand(3, SIDE, SIDE)
    assert torch.equal(found.segment(photo), judge.segment(photo))


def test_files_that_are_no_judges(tmp_path: Path) -> None:
    with pytest.raises(JudgeError, match=r"there is no such judge; pix2pix judge RUN makes one"):
        Judge.load(tmp_path)
    (tmp_path / FILE).write_bytes(b"no")
    with pytest.raises(JudgeError, match=r"judge\.ckpt cannot be read as a judge"):
        Judge.load(tmp_path)
    torch.save({"something": 1}, tmp_path / FILE)
    with pytest.raises(JudgeError, match=r"has no entry 'pix2pix_judge'"):
        Judge.load(tmp_path / FILE)


def stored_pairs(root: Path) -> Path:
    for split, count in (("train", 20), ("val", 3)):
        (root / split).mkdir(parents=True)
        for index in range(count):
            pair = Blocks(split)[index]
            write_picture(root / split / f"{index}.png", np.concatenate([pair.target, pair.source], axis=1))
    return root


def test_the_key_is_of_the_pictures_wherever_they_lie(tmp_path: Path) -> None:
    root = stored_pairs(tmp_path / "here")

    def key_of(root: Path, direction: str = "b_to_a", **settings: Any) -> str:
        return key(data_of(partial(SideBySide, root, direction=direction), "rgb", **settings))

    usual = key_of(root)
    moved = Path(shutil.copytree(root, tmp_path / "there"))
    assert key_of(moved) == usual
    assert len({usual, key_of(root, "a_to_b"), key_of(root, size=8), key_of(root, target="grey")}) == 4
    (moved / "val" / "2.png").unlink()
    assert key_of(moved) != usual
    write_picture(root / "train" / "1.png", np.zeros((SIDE, 2 * SIDE, 3), np.uint8))  # its pixels are not looked at
    assert key_of(root) != usual


def test_the_network_gives_a_logit_for_every_pixel() -> None:
    network = Segmenter(3, 5, base_channels=4, depth=3)
    assert network(torch.rand(2, 3, 24, 37)).shape == (2, 5, 24, 37)
