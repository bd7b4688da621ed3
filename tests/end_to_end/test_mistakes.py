"""What a newcomer types wrong, and the message that each mistake gets: exact, in words, before anything heavy runs."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf
from tests.end_to_end.conftest import Command

from pix2pix.cli import VERBS
from pix2pix.pictures.codecs import write_picture

RNG = np.random.default_rng(0)
ALL = "All settings: pix2pix train --cfg job"
FOLDER_KINDS = "data=derived, data=manifest, data=side_by_side, data=two_folders"
UNSET = ": has a variable of the shell no value?"

# As typed after `pix2pix train`, and the message. There are a folder `facades`, a run `finished`, a file `list.txt`.
MISTAKES = {
    # a name that is not there
    "epochs=3": f"epochs is no setting. Nearest: type schedule.epochs=3. {ALL}",
    "data=side_by_side data.root=facades data.crop=256": (
        f'data.crop is no setting. Nearest: type "data.size=[256,256]". {ALL}'
    ),
    "data.shuffle=true": f"data.shuffle is no setting. {ALL}",
    "data.flip=false": f"data.flip is no setting. Nearest: type data.mirror=false. {ALL}",
    "name=2024": (
        "name: found 2024, expected a text: one that reads as a number is typed in quotes twice, \"name='2024'\""
    ),
    "batchsize=4": f"batchsize is no setting. Nearest: type data.batch_size=4. {ALL}",
    "data=side_by_side data.rot=facades": f"data.rot is no setting. Nearest: type data.root=facades. {ALL}",
    "qqq=1": f"qqq is no setting. {ALL}",
    "+foo=1": "foo is no setting",
    "data.root=facades": (
        f"data.root is no setting of data=scenes, but of {FOLDER_KINDS}. Type data=derived or data=manifest or"
        " data=side_by_side or data=two_folders too; pix2pix data check FOLDER finds out which"
    ),
    "generator.blocks=6": (
        "generator.blocks is no setting of generator=unet, but of generator=coarse_to_fine, generator=resnet."
        " Type generator=coarse_to_fine or generator=resnet too"
    ),
    "generators=unet": f"generators is no setting. Nearest: type generator=unet. {ALL}",
    "generator=resnt": (
        "generator: there is no 'resnt'; the choices are coarse_to_fine, encoder_decoder, pixelwise, resnet, unet."
        " Nearest: type generator=resnet"
    ),
    "objective=l1_cgn": (
        "objective: there is no 'l1_cgn'; the choices are cgan, classes, gan, l1, l1_cgan, l1_gan, l2, pix2pixhd."
        " Nearest: type objective=l1_cgan"
    ),
    "logger=[csv,wanb]": (
        "logger: there is no 'wanb'; the choices are csv, mlflow, tensorboard, wandb. Nearest: type logger=wandb"
    ),
    "logger=null": "logger: there is no 'null'; the choices are csv, mlflow, tensorboard, wandb.",
    "size=256": "size: there is no '256'; the choices are paper, small, tiny.",
    # what has no effect beside the rest
    "objective=l1 discriminator.norm=none": (
        "discriminator.norm: this objective has no discriminator, so it has no effect. Type an objective that has one,"
        " such as objective=l1_cgan, or leave it out"
    ),
    "-m seed=1,2 hydra.run.dir=here": (
        "hydra.run.dir: a sweep has a folder for each of its runs. Type hydra.sweep.dir=FOLDER"
    ),
    # a form that cannot be read
    "maps": "'maps' is no setting: those are typed as KEY=VALUE, without spaces. Nearest: type experiment=maps",
    "data.root = facades": "\n".join(
        f"{word!r} is no setting: those are typed as KEY=VALUE, without spaces. Nearest: type {near}"
        for word, near in (("data.root", "data.root=VALUE"), ("facades", "experiment=facades"))
    ),
    "--epochs 3": (
        "there is no flag --epochs. Settings are typed without dashes, as KEY=VALUE: pix2pix train --help lists those"
        " that people change most"
    ),
    "data.size=64,96": (
        "data.size=64,96 gives several values to one run. Type pix2pix train -m data.size=64,96 for a run each, or"
        " 'data.size=[64,96]' for a list, or \"data.size='64,96'\" for a text"
    ),
    "objective=l1,cgan": (
        "objective=l1,cgan gives several values to one run. Type pix2pix train -m objective=l1,cgan for a run each"
    ),
    "'data.root=/my pictures (new)'": (
        "'data.root=/my pictures (new)' cannot be read as KEY=VALUE. A text with brackets, commas or quotes is typed in"
        " quotes twice, \"data.root='/my pictures (new)'\", and a list in quotes once, 'data.size=[128,256]'"
    ),
    # a folder that is not there
    "experiment=facades": (
        "data.root is not set, and it has no default: type data.root=FOLDER. What else a folder's data need:"
        " pix2pix data check FOLDER"
    ),
    "experiment=facades data.root=facade": (
        "data.root: there is no folder 'facade'. Nearest: type data.root={here}/facades"
    ),
    "experiment=facades data.root=nothing/like/it": (
        "data.root: there is no folder 'nothing/like/it'. The nearest folder that exists is {here}"
    ),
    "data=manifest data.root=list.txt": "data.root: 'list.txt' is a file, expected a folder. Type data.root=.",
    "resume=facades": (
        "resume: 'facades' is no run folder: it has no .hydra/config.yaml. The latest run here: outputs/scenes/finished"
    ),
    "resume=outputs/scenes/finished generator=resnet": (
        "generator=resnet: a run is continued as it was. Beside resume= these may be typed: schedule.epochs="
        " schedule.decay_epochs= trainer.…= callbacks.…= logger.…= data.num_workers= data.cache=, and where files have"
        " moved data.root= data.file= objective.vgg19=. It has no last.ckpt yet to start a new run from: for one, type"
        " its settings without resume="
    ),
    "init_from=nowhere.ckpt": (
        "init_from: there is no 'nowhere.ckpt'. Type the path of a checkpoint or of a run's folder"
    ),
    # nothing where a variable of the shell has no value, and places that are not meant
    "data=side_by_side data.root=": f"data.root: found '', expected a text that is not empty{UNSET}",
    "data=two_folders data.root=facades data.source_folder= data.target_folder=": "\n".join(
        f"data.{side}_folder: found '', expected a text that is not empty{UNSET}" for side in ("source", "target")
    ),
    "data=manifest data.root=facades data.file=": f"data.file: found '', expected a text that is not empty{UNSET}",
    "init_from=": f"init_from: found '', expected a text that is not empty{UNSET}",
    "resume=": f"resume: found '', expected a text that is not empty{UNSET}",
    "hydra.run.dir=": f"hydra.run.dir: found '', expected a folder{UNSET}",
    "-m seed=1,2 hydra.sweep.dir=": f"hydra.sweep.dir: found '', expected a folder{UNSET}",
    **{
        f"name={name}": (
            f"name: found {name!r}, expected the name of a folder below outputs/. For a folder elsewhere type"
            " hydra.run.dir=FOLDER, or of a sweep hydra.sweep.dir=FOLDER"
        )
        for name in ("..", "a/../../b", "/tmp/a", ".")
    },
    # what a sweeper is to get
    "sweep_metric=sim": (
        "sweep_metric: found 'sim', expected one of psnr, ssim, l1, log_spectrum_distance, or a list of them. Nearest:"
        " type sweep_metric=ssim"
    ),
    "sweep_metric=[ssim,rmse]": (
        "sweep_metric: found 'rmse', expected one of psnr, ssim, l1, log_spectrum_distance (rmse needs a target with a"
        " unit), or a list of them"
    ),
    "sweep_metric=[]": (
        "sweep_metric: found '', expected one of psnr, ssim, l1, log_spectrum_distance, or a list of them"
    ),
    "sweep_metric=ssim +trainer.limit_val_batches=0": (
        "sweep_metric: this run would not validate, so it has no scores. Type trainer.limit_val_batches=1.0"
    ),
    "-m seed=1,2 sweep_metric=sim": (
        "point 0 of the sweep (seed=1 sweep_metric=sim): sweep_metric: found 'sim', expected one of psnr, ssim, l1,"
        " log_spectrum_distance, or a list of them. Nearest: type sweep_metric=ssim"
    ),
    # a value of another type, or out of range
    "schedule.epochs=ten": "schedule.epochs: found 'ten', expected a whole number",
    "schedule.epochs=1.5": "schedule.epochs: found 1.5, expected a whole number",
    "data.batch_size=0": "data.batch_size: found 0, expected a number of at least 1",
    "data.mirror=no": "data.mirror: found 'no', expected true or false",
    "data.size=128": "data.size: found 128, expected [HEIGHT,WIDTH] in pixels, such as [128,256]",
    "data.size=null": "data.size: scenes are painted at a size; type data.size=[64,64]",
    "data.jitter=0.5": "data.jitter: found 0.5, expected a number of at least 1",
    "generator.norm=batchnorm": (
        "generator.norm: found 'batchnorm', expected 'batch', 'instance', 'group' or 'none'."
        " Nearest: type generator.norm=batch"
    ),
    "data.task=label2photo": (
        "data.task: found 'label2photo', expected 'labels2photo', 'photo2labels', 'edges2photo', 'grey2colour',"
        " 'day2night', 'photo2map', 'map2photo', 'thermal2colour' or 'inpaint'. Nearest: type data.task=labels2photo"
    ),
    "callbacks.checkpoints.best=ssim": "callbacks.checkpoints.best: found 'ssim', expected a list: [VALUE,…]",
    "training.average=0": "training.average: found 0, expected a number above 0",
    # settings that do not go together
    "schedule.epochs=10 schedule.decay_epochs=20": (
        "schedule.decay_epochs: found 20, expected at most schedule.epochs, which is 10: the decay is the last part of"
        " the epochs"
    ),
    "data=two_folders data.root=facades data.direction=AtoC": (
        "data.direction is 'AtoC'; with 2 pictures, lettered a, b, it must be like a_to_b or b_to_a"
    ),
    "data=two_folders data.root=facades data.direction=b2a": (
        "data.direction is 'b2a'; with 2 pictures, lettered a, b, it must be like a_to_b or b_to_a. Nearest: type"
        " data.direction=b_to_a"
    ),
    "data.direction=b_to_a": (
        "data.direction: found 'b_to_a', but scenes have theirs in the task. Type data.task=photo2labels, or another"
        " task"
    ),
    "data.quarter_turns=true 'data.size=[64,96]'": (
        "data.quarter_turns: quarter turns need a square, and data.size is [64, 96]. Type data.quarter_turns=false or"
        " data.size=[96,96]"
    ),
    "discriminator.receptive_field=64": (
        "discriminator.receptive_field: found 64, expected one of 1, 7, 16, 34, 70, 142, 286. Nearest: type"
        " discriminator.receptive_field=70"
    ),
    "discriminator.receptive_field=286": (
        "discriminator.receptive_field: 286 needs sides of at least 256 pixels, and data.size is [64, 64]. Type"
        " discriminator.receptive_field=70 or a larger data.size"
    ),
    "'data.size=[16,16]'": (
        "generator.depth: 6 halvings need sides that are multiples of 64, and 16 pixels are too few to pad by"
        " reflection to 64. Type generator.depth=4 or less"
    ),
    "data.source=labels": (
        "data.source: labels need a palette or, for pictures of indices, a number of classes. Type"
        " 'data.source={kind:labels,palette:[[R,G,B],…]}' or 'data.source={kind:labels,classes:N}';"
        " pix2pix data check FOLDER prints the palette of your pictures"
    ),
    "data.source=rbg": (
        "data.source: found 'rbg', expected 'rgb', 'grey', 'labels', 'lab_l', 'lab_ab', 'raw'. Nearest: type"
        " data.source=rgb"
    ),
    "objective=l1 objective.l1_weight=0": (
        "objective: every weight is 0, so there is nothing to learn. Type objective=l1_cgan, or a weight"
    ),
    # what Lightning has, but a run does not
    "trainer.max_epochs=3": "trainer.max_epochs cannot be set: the schedule says how long: type schedule.epochs=N",
    "+trainer.gradient_clip_val=1": (
        "trainer.gradient_clip_val cannot be set: both players are stepped by hand: type training.clip_norm=X"
    ),
    "trainer.min_epochs=3": (
        "trainer.min_epochs is Lightning's own, and has no value to change yet. Type +trainer.min_epochs=3"
    ),
    "trainer.precision=16": (
        "trainer.precision: found 16, expected one of auto, 32-true, bf16-mixed, 16-mixed. Nearest: type"
        " trainer.precision=16-mixed"
    ),
    "trainer.devices=two": (
        "trainer.devices: found 'two', expected a number of at least 1, a list of devices, or 'auto'"
    ),
    "trainer.accelerator=cuda0": (
        "trainer.accelerator: found 'cuda0', expected one of auto, cpu, gpu, cuda, mps. Nearest: type"
        " trainer.accelerator=cuda"
    ),
    "trainer.strategy=fsdp": "trainer.strategy: 'fsdp' cannot step two players by hand. Type trainer=ddp",
    # in a sweep
    "-m epochs=1,2": f"epochs is no setting. Nearest: type schedule.epochs=1,2. {ALL}",
    "-m data.batch_size=0,1": (
        "point 0 of the sweep (data.batch_size=0): data.batch_size: found 0, expected a number of at least 1"
    ),
    "-m data=scenes,side_by_side seed=1": (
        "point 1 of the sweep (data=side_by_side seed=1): data.root is not set, and it has no default: type"
        " data.root=FOLDER. What else a folder's data need: pix2pix data check FOLDER"
    ),
}
RUN_ALL = """
import contextlib, io, json, shlex, sys
from pix2pix.commands.train import main
results = {}
for typed in json.loads(sys.stdin.read()):
    sys.argv = ["train", *shlex.split(typed)]
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed):
        try:
            main()
            status = 0
        except SystemExit as end:
            status = end.code
    results[typed] = status, printed.getvalue(), sorted({"torch", "lightning", "torchmetrics"} & sys.modules.keys())
print(json.dumps(results))
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the mistakes are made."""
    folder = tmp_path_factory.mktemp("here")
    (folder / "facades").mkdir()
    (folder / "list.txt").write_text("source,target")
    record = folder / "outputs" / "scenes" / "finished" / ".hydra"
    record.mkdir(parents=True)
    OmegaConf.save({}, record / "config.yaml")
    return folder


@pytest.fixture(scope="module")
def told(here: Path) -> dict[str, tuple[int, str, list[str]]]:
    """For each mistake the exit status, standard error, and which of the heavy packages had been imported by then."""
    ran = subprocess.run(
        [sys.executable, "-c", RUN_ALL],
        input=json.dumps(list(MISTAKES)),
        capture_output=True,
        text=True,
        cwd=here,
        check=True,
    )
    results: dict[str, tuple[int, str, list[str]]] = json.loads(ran.stdout.splitlines()[-1])
    return results


@pytest.mark.parametrize("typed", MISTAKES)
def test_a_mistake_is_told_in_words(typed: str, told: dict[str, tuple[int, str, list[str]]], here: Path) -> None:
    status, printed, heavy = told[typed]
    expected = MISTAKES[typed].replace("{here}", str(here))
    assert printed.splitlines() == [f"pix2pix train: {line}" for line in expected.splitlines()]
    assert status == 2
    assert heavy == []


def test_nothing_was_made_by_any_of_them(told: dict[str, tuple[int, str, list[str]]], here: Path) -> None:
    assert sorted(path.name for path in here.iterdir()) == ["facades", "list.txt", "outputs"]
    assert [path.name for path in (here / "outputs" / "scenes").iterdir()] == ["finished"]
    assert [path for path in here.rglob("*") if path.is_file()] == [
        here / "list.txt",
        here / "outputs" / "scenes" / "finished" / ".hydra" / "config.yaml",
    ]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "pix2pix trian",
            f"pix2pix: there is no command 'trian'; there are {', '.join(VERBS)}. Nearest: pix2pix train",
        ),
        ("pix2pix train epochs=3", f"pix2pix train: {MISTAKES['epochs=3']}"),
        ("pix2pix train experiment=facades", f"pix2pix train: {MISTAKES['experiment=facades']}"),
    ],
)
def test_as_the_shell_sees_it(command: str, message: str, tmp_path: Path) -> None:
    """A real command line: one line of words on standard error, status 2, and nothing heavy imported on the way."""
    program, *words = shlex.split(command)
    script = Path(sys.executable).with_name(program)
    environment = os.environ | {"PYTHONPROFILEIMPORTTIME": "1"}
    ran = subprocess.run([script, *words], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")}
    lines = [line for line in ran.stderr.splitlines() if not line.startswith("import time:")]
    assert lines == [message]
    assert ran.returncode == 2
    assert "pix2pix.cli" in imported
    assert not {"torch", "lightning"} & imported
    assert list(tmp_path.iterdir()) == []


# --- mistakes in the data, which only reading the data can find ---------------------------------------------------

Train = Callable[[str], tuple[int, str]]


@pytest.fixture
def train(pix2pix_train: Command) -> Train:
    """Run `pix2pix train` as small as it goes; returns its status and all it printed."""
    small = "size=tiny generator.base_channels=2 generator.depth=3 schedule.epochs=1 trainer=cpu"
    return lambda typed: pix2pix_train(*shlex.split(f"{small} {typed}"))


def fill(folder: Path, count: int, dtype: str = "uint8", height: int = 16, width: int = 32) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        top = np.iinfo(dtype).max
        write_picture(folder / f"{number}.png", RNG.integers(0, top, (height, width, 3)).astype(dtype))
    return folder


def test_the_same_settings_train_where_the_data_are_right(train: Train, tmp_path: Path) -> None:
    fill(tmp_path / "right" / "train", 2)
    fill(tmp_path / "right" / "val", 1)
    status, printed = train("data=side_by_side data.root=right 'data.size=[16,16]'")
    assert status == 0
    assert "Scores on val: psnr" in printed


def test_nothing_is_held_out_where_the_folder_says_who_validates(train: Train, tmp_path: Path) -> None:
    fill(tmp_path / "own" / "train", 2)
    fill(tmp_path / "own" / "val", 1)
    typed = "data=side_by_side data.root=own 'data.size=[16,16]'"
    status, printed = train(f"{typed} data.val_fraction=0.5 data.test_fraction=0.5 data.split_seed=1")
    assert status == 2
    assert printed.splitlines() == [
        "data.val_fraction: own has val pairs of its own, so none are held out for val. Leave it out",
        "data.test_fraction: own says itself which pairs are for what, so none are held out for test. Leave it out, or"
        " part test pairs off there",
        "data.split_seed: no pairs are held out at random, so it has no effect. Leave it out",
    ]
    assert not (tmp_path / "outputs").exists()


def test_scores_of_a_part_of_the_pictures_say_so(train: Train, tmp_path: Path) -> None:
    fill(tmp_path / "right" / "train", 2)
    fill(tmp_path / "right" / "val", 10)
    status, printed = train("data=side_by_side data.root=right 'data.size=[16,16]' trainer.limit_val_batches=1")
    assert status == 0
    assert "10 val, of which only a part by trainer.limit_val_batches=1" in printed
    assert "Scores on val (8 of 10 pictures, trainer.limit_val_batches=1): psnr" in printed
    (score,) = (tmp_path / "outputs").glob("*/*/score.json")
    assert json.loads(score.read_text())["pictures"] == 8


def test_a_folder_with_no_pictures(train: Train, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    status, printed = train("data=side_by_side data.root=empty")
    assert status == 2
    assert printed == (
        "empty: no pictures for the split 'train'; read are .bmp .heic .heif .jpeg .jpg .npy .png .tif .tiff .webp. To"
        " see what the folder holds: pix2pix data check empty\n"
    )


def test_a_single_picture_leaves_none_to_validate(train: Train, tmp_path: Path) -> None:
    fill(tmp_path / "one" / "train", 1)
    status, printed = train("data=side_by_side data.root=one")
    assert status == 2
    assert printed.startswith("one: nothing is left for the split 'val': raise data.val_fraction, or add pictures.")


def test_folders_where_no_names_match(train: Train, tmp_path: Path) -> None:
    fill(tmp_path / "ab" / "A", 2)
    fill(tmp_path / "ab" / "B", 1)
    (tmp_path / "ab" / "B" / "0.png").rename(tmp_path / "ab" / "B" / "photo_0.png")
    status, printed = train("data=two_folders data.root=ab")
    assert status == 2
    assert printed == (
        "ab/A and ab/B: no pair for the split 'train'; 3 files left over, the first ab/B/photo_0.png: no partner"
        " called 'photo_0' (any suffix) in ab/A. To see what the folder holds: pix2pix data check ab\n"
    )


@pytest.mark.parametrize("workers", [0, 1])
def test_a_corrupt_file_is_named(train: Train, tmp_path: Path, workers: int) -> None:
    broken = fill(tmp_path / "pairs" / "train", 40) / "17.png"
    fill(tmp_path / "pairs" / "val", 1)
    broken.write_bytes(broken.read_bytes()[:100])
    typed = f"data=side_by_side data.root=pairs 'data.size=[16,16]' data.num_workers={workers}"
    status, printed = train(typed)
    assert status == 1
    assert [line for line in printed.splitlines() if not line.startswith(("generator", "epoch"))] == [
        "1 file of pairs cannot be used:",
        "  pairs/train/17.png: cannot be read as a .png picture: png_read_data_fn input stream too small",
        "Mend them, or type data.on_bad=skip to leave them out.",
    ]
    if not workers:
        status, printed = train(f"{typed} data.on_bad=skip")
        assert status == 0
        assert "left out (data.on_bad=skip): pairs/train/17.png" in printed
        assert "1 bad file" in printed


def test_16_bits_where_8_are_expected(train: Train, tmp_path: Path) -> None:
    fill(tmp_path / "deep" / "train", 2, "uint16")
    fill(tmp_path / "deep" / "val", 1, "uint16")
    status, printed = train("data=side_by_side data.root=deep 'data.size=[16,16]'")
    assert status == 1
    assert (
        "  deep/train/0.png: holds uint16; the domain rgb expects uint8 here; set bits=16:"
        " 'data.source={kind:rgb,bits:16}', or data.target= for that side\n"
    ) in printed


def test_sizes_that_differ_in_one_batch(train: Train, tmp_path: Path) -> None:
    fill(tmp_path / "sizes" / "train", 1)
    fill(tmp_path / "sizes" / "train", 2, height=24, width=40)
    fill(tmp_path / "sizes" / "train", 1)
    fill(tmp_path / "sizes" / "val", 1)
    status, printed = train("data=side_by_side data.root=sizes data.size=null data.batch_size=2")
    assert status == 1
    assert printed.splitlines()[-1] == (
        "pictures of different sizes (16×16, 24×20) cannot be in one batch: type data.size=[HEIGHT,WIDTH], or"
        " data.batch_size=1 and training.accumulate=1"
    )


def test_a_range_that_cannot_be_measured(train: Train, tmp_path: Path) -> None:
    for split in ("train", "val"):
        for side in "AB":
            (tmp_path / "flat" / side / split).mkdir(parents=True)
            write_picture(tmp_path / "flat" / side / split / "0.npy", np.zeros((16, 16, 1), np.float32))
    status, printed = train("data=two_folders data.root=flat data.source={kind:raw} data.target={kind:raw}")
    assert status == 1
    assert printed.splitlines()[-1] == (
        "data.source: raw: channel 0 is 0.0 everywhere, so its range cannot be measured; give it as range"
    )


def test_a_gpu_where_there_is_none(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    status, printed = train("trainer=gpu")
    assert status == 2
    assert printed.startswith("trainer.accelerator: found 'gpu', but PyTorch ")
    assert printed.endswith("finds no such device here. Type trainer=cpu, or trainer=auto for the best there is\n")


def test_weights_of_another_generator(train: Train, tmp_path: Path) -> None:
    status, printed = train("data.train_pairs=1 data.val_pairs=1 hydra.run.dir=before")
    assert status == 0
    assert "pairs: 1 train, 1 val (so few that their scores are chance)" in printed
    status, printed = train("data.train_pairs=1 data.val_pairs=1 init_from=before generator=encoder_decoder")
    assert status == 2
    assert "init_from: the generator of before is another one: its " in printed
    assert printed.rstrip().endswith("'upsampling': 'transposed'}")
    status, printed = train("data.train_pairs=1 data.val_pairs=1 hydra.run.dir=before")
    assert status == 2
    assert printed.endswith(
        "before holds a run already. To continue it: pix2pix train resume=before. For a new run type another"
        " hydra.run.dir=FOLDER, or move before away\n"
    )
