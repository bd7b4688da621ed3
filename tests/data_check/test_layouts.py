"""The layouts that people have: the sides are named, every pair is found, and the line that is printed is right."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.build.assembly import make_data
from pix2pix.commands.data import main
from pix2pix.data.pairs import Pair
from pix2pix.data_check.naming import find_sides
from pix2pix.inference.volumes.nifti import read_nifti
from pix2pix.inference.volumes.volume import as_pictures
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import write_picture
from pix2pix.settings.compose import check

SIDE = 30
SMALL = ("data.size=[30,30]", "generator.depth=3", "discriminator.receptive_field=7", "data.cache=0")
Paths = Iterator[tuple[str, str]]  # of the two files of a pair, below the root


@cache
def scene(number: int, side: int) -> Array:
    """Two views of one scene: clouds of colour, and the same clouds dimmed and turned round."""
    rng = np.random.default_rng(number)
    clouds = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)).resize((60, 60), Image.Resampling.BICUBIC)
    down, across = rng.integers(0, 60 - SIDE, 2)
    picture = np.asarray(clouds)[down : down + SIDE, across : across + SIDE]
    return picture if side == 0 else 255 - picture // 2


def fill(root: Path, pairs: Paths) -> int:
    count = 0
    for number, files in enumerate(pairs):
        for side, name in enumerate(files):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            write_picture(root / name, scene(number, side))
        count += 1
    return count


def folders(
    first: str, second: str, suffixes: tuple[str, str] = (".png", ".png"), count: int = 6
) -> Callable[[], Paths]:
    """`first` and `second` with `{}` for the name of a pair, and perhaps `{split}` for that of a split."""

    def pairs() -> Paths:
        splits = ("train", "val") if "{split}" in first else ("",)
        for split in splits:
            for number in range(count):
                yield tuple(  # type: ignore[misc]
                    side.replace("{split}", split).replace("{}", f"{number:03d}") + suffix
                    for side, suffix in zip((first, second), suffixes, strict=True)
                )

    return pairs


def nested(*sides: str) -> Callable[[], Paths]:
    def pairs() -> Paths:
        for subject in range(1, 7):
            yield tuple(side.replace("SUB", f"sub-{subject:02d}") for side in sides)  # type: ignore[misc]

    return pairs


def spelled(first: str, second: str) -> Callable[[], Paths]:
    """Numbers without zeros on one side and with them on the other."""
    return lambda: ((first.format(n), second.format(n)) for n in range(7, 13))


# Who made it: files, what the sides are called, what is typed beside data=two_folders.
LAYOUTS: dict[str, tuple[Callable[[], Paths], str, list[str]]] = {
    "stains": (folders("BF/{}", "DAPI/{}"), "BF and DAPI", ["data.folders=[BF,DAPI]"]),
    "splits inside": (
        folders("BF/{split}/{}", "DAPI/{split}/{}"),
        "BF/train and DAPI/train",
        ["data.folders=[BF,DAPI]"],
    ),
    "splits around": (
        folders("{split}/BF/{}", "{split}/DAPI/{}"),
        "train/BF and train/DAPI",
        ["data.folders=[BF,DAPI]"],
    ),
    "usual": (folders("{split}/A/{}", "{split}/B/{}"), "train/A and train/B", []),
    "usual, joined": (folders("{split}A/{}", "{split}B/{}"), "trainA and trainB", []),
    "annotated": (
        *(folders("{split}/{}", "{split}annot/{}"), "train and trainannot"),
        ["data.folders=['{split}','{split}annot']"],
    ),
    "sensors": (folders("ir/{}", "vis/{}", (".png", ".jpg")), "ir and vis", ["data.folders=[ir,vis]"]),
    "near names": (folders("A/{}", "GTr_A/{}"), "A and GTr_A", ["data.folders=[A,GTr_A]"]),
    "deep": (
        *(
            folders("data/v2/images/{split}/{}", "data/v2/labels/{split}/{}"),
            "data/v2/images/train and data/v2/labels/train",
        ),
        ["data.folders=['data/v2/images/{split}','data/v2/labels/{split}']"],
    ),
    "bands": (
        folders("Spain_{}_S1Hand", "Spain_{}_S2Hand"),
        "*_S1Hand and *_S2Hand",
        ["data.patterns=['*_S1Hand','*_S2Hand']"],
    ),
    "channels": (folders("img_{}_c0", "img_{}_c1"), "*_c0 and *_c1", ["data.patterns=['*_c0','*_c1']"]),
    "plates": (
        *(folders("r03c03f{}p01-ch1sk1fk1", "r03c03f{}p01-ch2sk1fk1"), "*-ch1sk* and *-ch2sk*"),
        ["data.patterns=['*-ch1sk*','*-ch2sk*']"],
    ),
    "letters": (folders("1{}_A", "1{}_B"), "*_A and *_B", ["data.patterns=['*_A','*_B']"]),
    "masks beside": (folders("{}", "{}_mask", (".jpg", ".png")), "* and *_mask", ["data.patterns=['*','*_mask']"]),
    "masks below": (folders("{}", "masks/{}"), "* and masks/*", ["data.patterns=['*','masks/*']"]),
    "suffixes": (folders("{}", "{}", (".jpg", ".png")), "*.jpg and *.png", ["data.patterns=['*.jpg','*.png']"]),
    "folders and tags": (
        *(folders("images/{split}/{}", "masks/{split}/{}_mask"), "images/train/* and masks/train/*_mask"),
        ["data.folders=[images,masks]", "data.patterns=['*','*_mask']"],
    ),
    "tagged twice": (
        *(folders("A/A_{}", "B/B_{}"), "A/A_* and B/B_*"),
        ["data.folders=[A,B]", "data.patterns=['A_*','B_*']"],
    ),
    "streets": (
        *(folders("gtFine/{split}/ulm/ulm_{}_gtFine", "leftImg8bit/{split}/ulm/ulm_{}_leftImg8bit"),),
        "gtFine/train/ulm/*_gtFine and leftImg8bit/train/ulm/*_leftImg8bit",
        [
            "data.folders=['gtFine/{split}/ulm','leftImg8bit/{split}/ulm']",
            "data.patterns=['*_gtFine','*_leftImg8bit']",
        ],
    ),
    "subjects": (nested("SUB/t1.png", "SUB/t2.png"), "*/t1 and */t2", ["data.patterns=['*/t1','*/t2']"]),
    "subjects, long": (
        *(nested("SUB/anat/SUB_T1w.png", "SUB/pet/SUB_pet.png"), "*/anat/*_T1w and */pet/*_pet"),
        ["data.patterns=['*/anat/*_T1w','*/pet/*_pet']"],
    ),
    "zeros": (spelled("A/img{}.png", "B/img{:03d}.png"), "A and B", []),
    "capitals": (spelled("x/IMG_{}.PNG", "y/img_{}.png"), "x and y", ["data.folders=[x,y]"]),
    "wells": (
        *(lambda: ((f"{w}_s{s}_w1.png", f"{w}_s{s}_w2.png") for w in ("A01", "A02", "B01") for s in (1, 2)),),
        "*_w1 and *_w2",
        ["data.patterns=['*_w1','*_w2']"],
    ),
    "before and after": (
        *(folders("{}-before", "{}-after"), "*-before and *-after"),
        ["data.patterns=['*-before','*-after']"],
    ),
    "rain": (folders("rain-{}", "norain-{}"), "rain-* and norain-*", ["data.patterns=['rain-*','norain-*']"]),
}


def checked(root: Path, capsys: pytest.CaptureFixture[str], status: int = 0) -> str:
    assert main(["check", str(root)]) == status
    return capsys.readouterr().out


def typed(printed: str) -> list[str]:
    """The settings of the line that trains, less those of every line of this kind."""
    words = shlex.split(printed.splitlines()[-1])
    assert words[:3] == ["pix2pix", "train", "experiment=pairs"]
    return words[3:]


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_sides_are_found_and_the_line_makes_batches(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs, sides, settings = LAYOUTS[name]
    root = tmp_path / "my pairs"
    count = fill(root, pairs())
    for junk in ("README.md", "LICENSE", "Thumbs.db", ".DS_Store", "._x.png", "labels.csv"):
        (root / junk).write_bytes(b"no picture")
    printed = checked(root, capsys)
    assert sides in printed.splitlines()[0]
    assert "photos alone" not in printed
    assert "wrong      nothing found" in printed
    assert "passed     LICENSE, README.md, Thumbs.db, labels.csv, 2 hidden" in printed
    words = typed(printed)
    assert words[:3] == ["data=two_folders", f"data.root='{root}'", words[2]]
    assert [word for word in words if word.startswith(("data.folders", "data.patterns"))] == settings
    data = make_data(check([*words, "experiment=pairs", *SMALL])[0])
    data.setup("fit")
    sources = [data.readable(split) for split in ("train", "val")]
    loaded = [scenes_of(source[index]) for source in sources for index in range(len(source))]
    assert sorted(loaded) == list(range(count))  # each scene once, and both sides of one


def scenes_of(pair: Pair) -> int:
    """The number of the scene that both pictures of a pair show, whichever way round."""
    found = {
        min(range(12), key=lambda number: np.abs(picture.astype(int) - scene(number, side)).mean())
        for picture, side in zip(pair[:2], (0, 1) if is_first(pair.source) else (1, 0), strict=True)
    }
    assert len(found) == 1
    return found.pop()


def is_first(picture: Array) -> bool:
    return min(difference(picture, number, 0) for number in range(12)) < min(
        difference(picture, number, 1) for number in range(12)
    )


def difference(picture: Array, number: int, side: int) -> float:
    return float(np.abs(picture.astype(int) - scene(number, side)).mean())


def sides_in(printed: str) -> list[str]:
    """The other readings that are told, each as it is called."""
    return [line.partition(": ")[2] for line in printed.splitlines() if line.startswith("or ")]


def write(root: Path, name: str, picture: Array) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    write_picture(root / name, picture)


@pytest.mark.parametrize("name", ["{side}/{n}", "img_{n}_{side}", "sub-{n}/{side}"])
def test_every_two_of_three_modalities_are_told(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(6):
        for side in ("T1", "T2", "PD"):
            picture = 255 - scene(number, 0) if side == "PD" else scene(number, side == "T2")
            write(tmp_path, name.format(n=f"{number:02d}", side=side) + ".png", picture)
    printed = checked(tmp_path, capsys)
    found = [printed.splitlines()[0].partition(": ")[2], *sides_in(printed)]
    assert [("PD" in each, "T1" in each, "T2" in each) for each in found] == [(1, 1, 0), (1, 0, 1), (0, 1, 1)]
    assert printed.count("6 pairs") == 2
    lines = [line.strip() for line in printed.splitlines() if "pix2pix train" in line]
    assert len(lines) == 3
    for line in lines:
        assert len(make_data(check([*shlex.split(line)[2:], *SMALL])[0]).readable("train")) == 5


def test_partners_that_are_missing_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path, folders("BF/{}", "DAPI/{}", count=8)())
    (tmp_path / "BF" / "003.png").unlink()
    (tmp_path / "DAPI" / "005.png").unlink()
    printed = checked(tmp_path, capsys)
    assert "two folders, BF and DAPI" in printed
    assert "pairs      train 5, val 1" in printed
    assert "BF/005.png: no partner called '005' (any suffix) in" in printed
    assert typed(printed)[-1] == "data.on_bad=skip"


ALONE: dict[str, list[str]] = {
    "numbers": [f"{n}.png" for n in range(9)],
    "camera": [f"IMG_202101{day:02d}_{n * 7919:06d}.png" for day in (3, 4, 5) for n in range(4)],
    "names": ["cat.png", "dog.png", "beach party.png", "house.png"],
    "tiles": [f"tile_{x}_{y}.png" for x in range(3) for y in range(3)],
    "stacks": [f"cell{cell}_z{z:02d}.png" for cell in range(4) for z in range(8)],
    "splits": [f"{split}/{n}.png" for split in ("train", "val") for n in range(5)],
    "classes": [f"train/{kind}/{kind}_{n * 13 + ord(kind)}.png" for kind in "xyz" for n in range(4)],
    "one edited": [*(f"IMG_{n:04d}.png" for n in range(12)), "IMG_0003_edited.png"],
}


@pytest.mark.parametrize("name", ALONE)
def test_photos_whose_names_make_no_pairs_are_alone(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, file in enumerate(ALONE[name]):
        write(tmp_path, file, scene(number, 0))
    printed = checked(tmp_path, capsys)
    assert "photos alone" in printed.splitlines()[0]
    assert typed(printed)[0] == "data=derived"


def test_folders_of_different_things_with_equal_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(12):
        write(tmp_path, f"{('cat', 'dog')[number % 2]}/{number // 2}.png", scene(number, 0))
    printed = checked(tmp_path, capsys)
    assert "two folders, cat and dog" in printed
    assert "in none of 6 pairs do contours lie on each other" in printed
    assert main(["check", str(tmp_path), "--layout", "derived"]) == 0
    assert "photos alone" in capsys.readouterr().out


def test_files_of_two_pictures_in_two_folders_of_equal_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(6):
        for camera in (1, 2):
            both = [scene(number + 10 * camera, side) for side in (0, 1)]
            write(tmp_path, f"cam{camera}/{number}.png", np.concatenate(both, axis=1))
    printed = checked(tmp_path, capsys)
    assert "or         12 pairs: files of 2 pictures side by side" in printed


def test_one_scene_in_several_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The names alone would do for photos too."""
    rng = np.random.default_rng(0)
    picture = scene(0, 0)[:, :, :1]
    for number, name in enumerate(("phase", "dapi", "actin")):
        write(tmp_path, f"{name}.png", picture // (number + 1) + rng.integers(0, 9, picture.shape, dtype=np.uint8))
    printed = checked(tmp_path, capsys, status=1)
    assert "two files a pair, actin and dapi" in printed
    assert sides_in(printed) == ["two files a pair, actin and phase", "two files a pair, dapi and phase"]
    assert "One pair is too few" in printed


def areas(number: int, values: Array) -> Array:
    """The regions of a scene, each of one of these values (N, C)."""
    bright = scene(number, 0).mean(axis=2)
    found: Array = values[np.digitize(bright, np.linspace(60, 200, len(values) - 1))]
    return found


def first_of(printed: str) -> str:
    return printed.splitlines()[0].partition(": ")[2]


COLOURS = np.array([[0, 0, 0], [200, 0, 0], [0, 0, 200]], np.uint8)
INDICES = np.array([[0], [1], [2]], np.uint8)


def test_labels_go_with_photos_before_other_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As sets of streets have them: three kinds of labels and a photo of each place."""
    for number in range(6):
        write(tmp_path, f"gtFine/ulm/{number:06d}_gtFine_color.png", areas(number, COLOURS))
        write(tmp_path, f"gtFine/ulm/{number:06d}_gtFine_labelIds.png", areas(number, INDICES))
        write(tmp_path, f"gtFine/ulm/{number:06d}_gtFine_instanceIds.png", areas(number, INDICES * 7))
        write(tmp_path, f"leftImg8bit/ulm/{number:06d}_leftImg8bit.png", scene(number, 0))
    printed = checked(tmp_path, capsys)
    found = [first_of(printed), *sides_in(printed)]
    assert [("gtFine" in each, "leftImg8bit" in each) for each in found[:3]] == [(True, True)] * 3
    assert "data.source={kind:labels,palette:[[0,0,0],[0,0,200],[200,0,0]]}" in typed(printed)


def test_a_rare_class_is_in_every_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also in those of the other readings, whatever picture has it."""
    for number in range(40):
        values = np.arange(3)[:, None] if number != 8 else np.array([[0], [1], [9]])
        write(tmp_path, f"image/{number:03d}.png", scene(number, 0))
        write(tmp_path, f"semantic/{number:03d}.png", areas(number, values.astype(np.uint8)))
        write(tmp_path, f"semantic_rgb/{number:03d}.png", areas(number, (values * [20, 10, 5]).astype(np.uint8)))
    lines = [line for line in checked(tmp_path, capsys).splitlines() if "pix2pix train" in line]
    assert len(lines) == 3
    for line in lines:
        assert ("classes:10" in line) == ("semantic," in line or "semantic]" in line)
        assert ("[180,90,45]" in line) == ("semantic_rgb" in line)


def test_towns_are_not_sides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pictures and masks of two towns: as many pairs, by their names, could be made of a town and the other."""
    for split, towns in (("train", ("austin", "chicago")), ("test", ("tyrol",))):
        for place, town in enumerate(towns):
            for number in range(6):
                write(tmp_path, f"{split}/images/{town}{number}.png", scene(6 * place + number, 0))
                if split == "train":
                    write(tmp_path, f"{split}/gt/{town}{number}.png", areas(6 * place + number, INDICES * 127))
    printed = checked(tmp_path, capsys)
    assert first_of(printed) == "two folders, train/images and train/gt"
    assert "train 11, val 1" in printed


def test_a_side_that_is_called_a_target_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(6):
        for side in ("blur", "blur_gamma", "sharp"):
            write(tmp_path, f"train/GOPR0{number}/{side}/0001.png", scene(number, side == "sharp"))
    assert first_of(checked(tmp_path, capsys)) == "two files a pair, */blur/* and */sharp/*"


def test_a_copy_in_another_format_is_no_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where no folders are called as sides are."""
    for root, sides in ((tmp_path / "usual", "AB"), (tmp_path / "other", ("ir", "vis"))):
        for number in range(6):
            for side, name in enumerate(sides):
                write(root, f"{name}/{number}.png", scene(number, side))
                if side == 0:
                    write(root, f"{name}/{number}.jpg", scene(number, side))
        assert first_of(checked(root, capsys)).endswith(f"{sides[0]} and {sides[1]}")


@pytest.mark.parametrize("val", ["dev", "eval", "validation"])
def test_splits_by_their_usual_names(tmp_path: Path, capsys: pytest.CaptureFixture[str], val: str) -> None:
    for split, count in (("train", 5), (val, 2)):
        for number in range(count):
            for side, name in enumerate("AB"):
                write(tmp_path, f"{split}/{name}/{number}.png", scene(number + 5 * (split == val), side))
    assert "pairs      train 5, val 2\n" in checked(tmp_path, capsys)


def test_partners_for_training_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As sets of a competition have them, whose other labels are kept back."""
    for number in range(6):
        write(tmp_path, f"train/{number}_sat.png", scene(number, 0))
        write(tmp_path, f"train/{number}_mask.png", areas(number, COLOURS))
        write(tmp_path, f"valid/{number + 6}_sat.png", scene(number + 6, 0))
    printed = checked(tmp_path, capsys, status=1)
    assert "pairs      train 6\n" in printed
    assert "There is no pair to validate with: the folder of val has none." in printed
    (tmp_path / "valid").rename(tmp_path / "kept")
    assert "pairs      train 5, val 1\n" in checked(tmp_path, capsys)


def test_many_classes_and_two_kinds_of_photos_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(6):
        write(tmp_path, f"labels/images/{number}.png", scene(number, 0))
        write(tmp_path, f"labels/annotations/{number}.png", areas(number, np.array([[3], [90], [149]], np.uint8)))
        write(tmp_path, f"kinds/photos/{number + 7}x{number}.png", scene(number, 0))
        write(tmp_path, f"kinds/sketches/f{number * 11 + 3}.png", scene(number, 1)[:, :, :1])
    assert "if they are numbers of classes: '{kind:labels,classes:150}'" in checked(tmp_path / "labels", capsys)
    assert "there are pictures of several kinds" in checked(tmp_path / "kinds", capsys)


def test_pictures_in_no_pair_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As where several pictures have one partner: a reading takes one of them."""
    for number in range(6):
        write(tmp_path, f"clear/{number}.png", scene(number, 0))
        for haze in range(3):
            write(tmp_path, f"hazy/{number}_{haze}.png", scene(number, 1))
    printed = checked(tmp_path, capsys)
    assert "unused     12 of 24 pictures are in none of these pairs" in printed


def test_dark_pictures_are_no_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As from a microscope, of a few dozen values of 256."""
    for number in range(6):
        for side, name in enumerate(("BF", "DAPI")):
            write(tmp_path, f"{name}/{number}.png", scene(number, side)[:, :, :1] // 8)
    assert {"data.source=grey", "data.target=grey"} <= set(typed(checked(tmp_path, capsys)))


def test_index_labels_with_a_void_are_read_by_what_is_proposed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A class that is in one of forty files alone, and the index of no class."""
    for number in range(40):
        classes = np.kron(np.arange(4).reshape(2, 2), np.ones((15, 15), int)).astype(np.uint8)[:, :, None]
        classes[:3] = 255
        if number == 17:
            classes[8:, 8:] = 11
        write(tmp_path, f"train/{number:02d}.png", scene(number, 0))
        write(tmp_path, f"trainannot/{number:02d}.png", classes)
    printed = checked(tmp_path, capsys)
    words = typed(printed)
    assert "data.source={kind:labels,classes:12,nodata:255}" in words
    for turned in ([], ["data.direction=a_to_b", "data.source=rgb", "data.target={kind:labels,classes:12,nodata:255}"]):
        data = make_data(check([*words, *turned, *SMALL])[0])
        data.setup("fit")
        samples = [sample for split in ("train", "val") for sample in data.usable(split)]
        assert len(samples) == 40
        seventeenth = next(sample for sample in samples if sample.name == "17")
        planes = seventeenth.target if turned else seventeenth.source
        assert planes.shape == (12, 30, 30)
        assert (planes[:, :3] == -1).all()  # of no class
        assert (planes[:, 3:].argmax(0) == 11).sum() == 22 * 22
        if turned:
            assert seventeenth.weight is not None
            assert seventeenth.weight[0, :3].sum() == 0
            assert seventeenth.weight[0, 3:].all()


def test_a_palette_of_greys_is_one_of_classes_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As Pillow makes it of indices: class 1 is nearly black."""
    for number in range(5):
        write(tmp_path, f"images/{number}.png", scene(number, 0))
        (tmp_path / "labels").mkdir(exist_ok=True)
        indices = Image.fromarray(areas(number, INDICES)[:, :, 0])
        indices.convert("P").save(tmp_path / "labels" / f"{number}.png")
    words = typed(checked(tmp_path, capsys))
    assert "data.source={kind:labels,palette:[[0,0,0],[1,1,1],[2,2,2]]}" in words


def test_palette_files_are_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        write(tmp_path, f"photos/{number}.png", scene(number, 0))
        (tmp_path / "labels").mkdir(exist_ok=True)
        indices = np.kron(np.arange(4).reshape(2, 2), np.ones((15, 15), int)).astype(np.uint8)
        picture = Image.fromarray(indices, "P")
        picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
        picture.save(tmp_path / "labels" / f"{number}.png")
    assert "kind:labels" in " ".join(typed(checked(tmp_path, capsys)))


def test_files_of_another_depth_are_left_out_not_misread(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path, folders("BF/{}", "DAPI/{}", count=6)())
    write(tmp_path, "BF/002.png", scene(2, 0).astype(np.uint16) * 257)
    printed = checked(tmp_path, capsys)
    assert "1 of 6 are 3 channels of uint16" in printed
    words = typed(printed)
    assert words[-1] == "data.on_bad=skip"
    data = make_data(check([*words, *SMALL])[0])
    data.setup("fit")
    assert len([*data.usable("train"), *data.usable("val")]) == 5


def test_a_narrow_part_of_16_bits_is_spread(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(4):
        write(tmp_path, f"bf/{number}.png", scene(number, 0)[:, :, :1].astype(np.uint16) * 8 + 62000)
        write(tmp_path, f"fluo/{number}.png", scene(number, 1)[:, :, :1].astype(np.uint16) * 200)
    words = typed(checked(tmp_path, capsys))
    assert "data.source={kind:raw,dtype:uint16}" in words
    assert "data.target={kind:grey,bits:16}" in words


@pytest.mark.parametrize("suffix", [".nii.gz", ".dcm"])
def test_volumes_are_told_and_what_can_be_done(suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("t1", "t2", "pd"):
        (tmp_path / f"{name}{suffix}").write_bytes(b"volume")
    printed = checked(tmp_path, capsys, status=1)
    assert f"3 {suffix}: pd{suffix}, t1{suffix}, t2{suffix}" in printed
    assert "not be trained on yet" in printed
    assert "slices as .npy or .tif" in printed


def test_many_files_take_no_time_to_sort(tmp_path: Path) -> None:
    """All pairs of 20,000 files, though tags are taken from a few hundred."""
    found = find_sides([f"s{n:05d}/{side}.png" for n in range(10_000) for side in ("mr", "ct")])
    assert [(each.patterns, each.pairs, each.alone) for each in found] == [(("*/ct", "*/mr"), 10_000, 0)]


SETS = Path(__file__).parents[3] / "shared" / "data"
FIELD_SETS = {  # what `data check` says first, the pairs, and whether they can be trained on
    "bf_fluo_coli": ("two folders, brightfield and fluorescence", "train 11, val 1", 0),
    "underwater": ("two folders, A and GTr_A", "train 21, val 2", 0),
    "s1_water_geotiff": ("two folders, Labels and S1", "train 4, val 1", 0),
    "s1_s2_geotiff": ("two files a pair, *_LabelHand and *_S1Hand", "train 1", 1),
    "cellpainting_bf": ("two files a pair, *-ch1sk* and *-ch2sk*", "train 1", 1),
    "isl_phase_fluo": ("two files a pair, fluo_DAPI and fluo_MAP2", "train 1", 1),
    "mr_peds_nifti": ("no layout of pairs found", "volumes    5 .nii.gz", 1),
    "mr_ct_templates_nifti": ("no layout of pairs found", "volumes    5 .nii", 1),
    "dicom_codec": ("no layout of pairs found", "volumes    6 .dcm", 1),
}


@pytest.mark.skipif(not SETS.is_dir(), reason="the field sets are not here")
@pytest.mark.parametrize("name", FIELD_SETS)
def test_sets_of_the_fields(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    sides, counted, status = FIELD_SETS[name]
    printed = checked(SETS / name, capsys, status)
    assert sides in printed.splitlines()[0]
    assert counted in printed
    if status == 0:
        data = make_data(check([*shlex.split(printed.splitlines()[-1])[2:], *SMALL])[0])
        data.setup("fit")
        assert next(iter(data.train_dataloader())).source.shape[-2:] == (30, 30)


TASKS = (Path(__file__).parents[2] / "docs" / "tasks.md").read_text()


def test_slices_of_volumes_as_the_document_writes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They lie as `translate --axis axial` cuts them, and pair up."""
    nibabel = pytest.importorskip("nibabel")
    monkeypatch.chdir(tmp_path)
    values = np.random.default_rng(0).normal(size=(8, 6, 5)).astype(np.float32)
    turned = np.array([[0, 0, -2, 9], [1, 0, 0, 0], [0, -1, 0, 5], [0, 0, 0, 1]], float)  # axes S, L, P or the like
    for side in ("t1", "t2"):
        nibabel.save(nibabel.Nifti1Image(values * (1 + (side == "t2")), turned), f"{side}.nii.gz")
    program = TASKS.partition("**Volumes**")[2].partition("```python\n")[2].partition("```")[0]
    exec(compile(program, "docs/tasks.md", "exec"), {})
    cut = as_pictures(read_nifti(Path("t1.nii.gz"))[0], "axial")
    written = np.stack([np.load(file) for file in sorted(Path("slices/t1").iterdir())])
    np.testing.assert_array_equal(written, cut.reshape(written.shape))
    assert "two folders, t1 and t2" in checked(Path("slices"), capsys)


def test_a_set_of_streets_as_it_is_unpacked(tmp_path: Path) -> None:
    """The line of the document, on files of two cities."""
    for split, city in (("train", "ulm"), ("train", "bonn"), ("val", "jena")):
        for number in range(2):
            for end in ("leftImg8bit", "gtFine_color", "gtFine_labelIds"):
                folder = end.partition("_")[0]
                write(tmp_path, f"{folder}/{split}/{city}/{city}_00000{number}_{end}.png", scene(number, end[0] == "g"))
    (line,) = [each.strip() for each in TASKS.splitlines() if "experiment=cityscapes data=two_folders" in each]
    data = make_data(check(shlex.split(line.replace("FOLDER", str(tmp_path)))[2:])[0])
    assert list(data.readable("train").names) == [f"{city}/{city}_00000{n}" for city in ("bonn", "ulm") for n in (0, 1)]
    assert len(data.readable("val")) == 2
