"""The judge: a segmentation network trained on real photos, by whose eyes translations of labels are scored.

The paper's score of labels → photo (FCN-score): what the judge sees in the translated photo is compared with the labels
that it was translated from. There is one judge a data set and size, in a folder `outputs/judges/<key>/` of its own:

    judge.ckpt    pix2pix_judge (plain values: what `Judge.load` reads, and the figures of judge.json), network
    judge.json    for people: how well it does on real photos, with intervals, and what it was trained on
    judge.png     validation photos, their labels, and what the judge sees in them

`pix2pix judge RUN` makes it (`judge_training`), `find_judge` finds it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass
from torch import Tensor

from pix2pix.data.domains import Domain, Labels, Rgb, domain_from_dict
from pix2pix.data.pairs import Pair
from pix2pix.data.transforms import PairTransform
from pix2pix.files.torch_files import read_torch
from pix2pix.metrics.additive import SetMetric
from pix2pix.metrics.segmentation import confusion, segmentation_scores
from pix2pix.models.weights import filled
from pix2pix.runs.record import plain_problem
from pix2pix.schema.data import DomainSettings, LabelsDomain
from pix2pix.schema.fields import Halvings, Size, Width
from pix2pix.schema.problems import UNKNOWN, schema_problems
from pix2pix.segmentation_score import JUDGES
from pix2pix.segmentation_score.check import Standing
from pix2pix.segmentation_score.network import Segmenter

if TYPE_CHECKING:
    from pix2pix.data.datamodule import PairedData
    from pix2pix.data.reading import Readable

FILE = "judge.ckpt"
RECORD = "pix2pix_judge"
FORMAT = 1
LOOKED_AT = 8  # pairs a split whose pixels tell two data sets of equal names and sizes apart


class JudgeError(ValueError):
    """Why there is no judge, in words."""


@dataclass(config=ConfigDict(extra="ignore"))
class NetworkRecorded:
    """The settings of a judge's network."""

    base_channels: Width
    depth: Halvings


@dataclass(config=ConfigDict(extra="ignore"))
class Recorded:
    """What a judge's file says of it."""

    photo: DomainSettings
    labels: LabelsDomain
    size: Size | None
    network: NetworkRecorded
    standing: Standing
    facts: dict[str, Any]


RECORDED = TypeAdapter(Recorded)


class Judge:
    """A trained judge.

    Args:
        network: photos (B, C, H, W) in [-1, 1] → logits (B, K, H, W).
        photo: what the numbers of the photos mean.
        labels: its classes, as they are stored.
        size: (height, width) in pixels at which it was trained; None: as stored.
        standing: what it is worth on the validation split's real photos. Show its scores beside every other's: they
            are what translations can hope for.
        facts: plain values about how it was trained.
    """

    def __init__(
        self,
        network: Segmenter,
        photo: Domain,
        labels: Labels,
        size: tuple[int, int] | None,
        standing: Standing,
        facts: Mapping[str, Any],
    ) -> None:
        self.network = network.eval()
        self.photo, self.labels, self.size = photo, labels, size
        self.standing, self.facts = standing, facts

    @property
    def classes(self) -> int:
        """K."""
        return self.labels.class_count

    @property
    def digest(self) -> str:
        """Of its weights: whether two scores are by the same judge."""
        digest = hashlib.sha256()
        for name, value in self.network.state_dict().items():
            digest.update(name.encode())
            digest.update(value.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:12]

    def segment(self, photo: Tensor) -> Tensor:
        """What it sees in one photo, real or translated: (C, H, W) in [0, 1] to classes (H, W), long."""
        return segment(self.network, photo)

    def truth(self, pair: Pair) -> Tensor:
        """The classes of a pair's source, as stored, at the size of the translations: (K, H, W), 0 or 1.

        Raises BadPairError where the picture is not of the judge's labels.
        """
        return true_classes(self.labels, self.size, pair)

    def save(self, folder: Path) -> None:
        """Write judge.ckpt. Raises OSError where that fails."""
        from pix2pix.runs.checkpoint_io import write_torch

        record = {
            "format": FORMAT,
            "photo": self.photo.to_dict(),
            "labels": self.labels.to_dict(),
            "size": None if self.size is None else list(self.size),
            "network": self.network.settings,
            "standing": asdict(self.standing),
            "facts": dict(self.facts),
        }
        weights = {name: value.cpu() for name, value in self.network.state_dict().items()}
        folder.mkdir(parents=True, exist_ok=True)
        write_torch({RECORD: record, "network": weights}, folder / FILE)

    @classmethod
    def load(cls, path: str | Path) -> Judge:
        """From its folder or judge.ckpt. Raises JudgeError where there is none, or the file is no judge."""
        path = Path(path) / FILE if Path(path).is_dir() else Path(path)
        if not path.is_file():
            raise JudgeError(f"{path}: there is no such judge; pix2pix judge RUN makes one")
        try:
            content = read_torch(path, "a judge")
        except ValueError as error:
            raise JudgeError(str(error)) from error
        if not isinstance(content, dict) or RECORD not in content:
            raise JudgeError(f"{path} is a PyTorch file, but no judge: it has no entry {RECORD!r}")
        try:
            return cls._of_record(content[RECORD], content.get("network"))
        except ValueError as error:
            raise JudgeError(f"{path}: {error}") from error

    @classmethod
    def _of_record(cls, plain: Any, weights: Any) -> Judge:
        if problem := plain_problem(plain):
            raise ValueError(f"its record {problem}")
        found = plain.get("format") if isinstance(plain, dict) else None
        if found != FORMAT:
            raise ValueError(f"has format {found!r:.40}, and this version reads {FORMAT}")
        if problems := schema_problems(RECORDED, plain, passed_over=(UNKNOWN,)):
            raise ValueError(f"its record is none of a judge: {'; '.join(each[:300] for each in problems[:5])}")
        if not isinstance(weights, dict) or not all(isinstance(each, Tensor) for each in weights.values()):
            raise ValueError("it holds no weights")
        record: Recorded = RECORDED.validate_python(plain)
        photo, labels = domain_from_dict(plain["photo"]), domain_from_dict(plain["labels"])
        assert isinstance(labels, Labels)
        make = partial(
            Segmenter, photo.channels, labels.class_count, record.network.base_channels, record.network.depth
        )
        return cls(filled(make, weights), photo, labels, record.size, record.standing, record.facts)


@torch.no_grad()
def segment(network: Segmenter, photo: Tensor) -> Tensor:
    """See `Judge.segment`; the network goes where the photo is."""
    with torch.autocast(photo.device.type, enabled=False):
        logits: Tensor = network.to(photo.device)(2 * photo[None].float() - 1)[0]  # (K, H, W)
    return logits.argmax(0)


def true_classes(labels: Labels, size: tuple[int, int] | None, pair: Pair) -> Tensor:
    """See `Judge.truth`."""
    geometry = PairTransform(size).still((pair.source.shape[0], pair.source.shape[1]))
    classes = geometry.move(labels.prepare(pair.source, pair.name).values, labels.interpolation)
    return (torch.from_numpy(labels.encode(classes)) + 1) / 2


class JudgeScore(SetMetric):
    """The segmentation score: what a judge sees in photos against their labels.

    As prediction it is given photos, translated or real, (C, H, W) in [0, 1]; as target what `Judge.truth` gives. A
    contribution is the confusion matrix (K, K) of a picture.
    """

    names = ("judged_pixel_accuracy", "judged_class_accuracy", "judged_class_iou")

    def __init__(self, judge: Judge, **arguments: Any) -> None:
        super().__init__((judge.classes, judge.classes), **arguments)
        self.judge = judge

    def contribution(self, prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """The confusion matrix of one photo (C, H, W) against true classes (K, H, W)."""
        true = target.argmax(0).to(prediction.device)
        return confusion(self.judge.segment(prediction), true, self.judge.classes, weight)

    def values(self, total: Tensor) -> dict[str, Tensor]:
        """Of sums of confusion matrices (..., K, K), by `names`."""
        return dict(zip(self.names, segmentation_scores(total).values(), strict=True))


def refusal(data: PairedData) -> str | None:
    """Why data cannot have a judge; None where they can, if their sources turn out to be label maps.

    A judge reads labels out of photos, so the source must hold labels, or colours that may stand for labels.
    """
    if isinstance(data.target_domain, Labels):
        return "the translations are labels themselves, and are compared with the true ones directly"
    if not isinstance(data.source_domain, Labels) and data.source_domain != Rgb():
        return (
            f"the sources are {data.source_domain.kind}, not labels, so there is nothing to be found in a translation"
        )
    return None


def find_judge(data: PairedData, judges: Path = JUDGES) -> Judge | None:
    """The judge of these data and this size, if it has been made: of the data of a run, its domains resolved.

    Raises JudgeError where its file cannot be read.
    """
    folder = judges / key(data)
    return Judge.load(folder) if (folder / FILE).is_file() else None


def key(data: PairedData) -> str:
    """The name of the judge's folder: a hash of what it is trained and checked on, wherever the files lie.

    That is: the names of all pairs for training and validation, the sizes of their files, the pixels of some of them,
    the domains of both sides, and height and width.
    """
    described = {
        "format": FORMAT,
        "source": data.source_domain.to_dict(),
        "target": data.target_domain.to_dict(),
        "size": data.transform.size,
        "pairs": {split: _contents(data.readable(split)) for split in ("train", "val")},
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:12]


def _contents(pairs: Readable) -> str:
    digest = hashlib.sha256()
    files = getattr(pairs.source, "files", lambda index: ())
    for index, name in enumerate(pairs.names):
        sizes = [file.stat().st_size for file in files(index)]
        digest.update(f"{name}\0{sizes}\0".encode(errors="surrogatepass"))
    for index in range(0, len(pairs), -(-len(pairs) // LOOKED_AT)):
        pair = pairs[index]
        for side in (pair.source, pair.target):
            digest.update(f"{side.shape} {side.dtype.str}".encode())
            digest.update(side.tobytes())
    return digest.hexdigest()
