"""Making a judge: its classes, its training on real photos, and the check that it is worth asking."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from pix2pix.data.datamodule import PairedData
from pix2pix.data.domains import Labels, view_pair
from pix2pix.data.domains.labels import Colour
from pix2pix.data.pairs import Pair, PairSource
from pix2pix.data.transforms import PairTransform
from pix2pix.files.atomic import whole_file, write_whole
from pix2pix.pictures.array import Array
from pix2pix.pictures.grid import Picture, sample_grid
from pix2pix.processes.devices import best_device
from pix2pix.segmentation_score.check import Standing, standing
from pix2pix.segmentation_score.judge import Judge, JudgeError, refusal, segment, true_classes
from pix2pix.segmentation_score.network import Segmenter
from pix2pix.segmentation_score.palette import NoPaletteError, find_palette

SHOWN = 8  # photos in judge.png
USUAL_PHOTOS = 8000  # that a judge looks at in training; facades at 128²: 6 minutes on one core
FEWEST_EPOCHS, MOST_EPOCHS = 4, 60
CACHE = 1024  # MiB of decoded pictures
Tell = Callable[[str], None]


@dataclass(frozen=True)
class JudgeRecipe:
    """How a judge is trained. The same recipe and data give the same judge, bit for bit on one thread of a processor.

    Attributes:
        epochs: over the training pairs; the rate rises in the first tenth and falls to 0 by the end.
        rate: highest learning rate, of AdamW.
        depth: halvings; fewer where the pictures are too small for them.
        colour_jitter: see `PairTransform`; pictures are also jittered by a tenth of their size and mirrored.
    """

    epochs: int
    batch_size: int = 4
    rate: float = 2e-3
    weight_decay: float = 0.01
    base_channels: int = 16
    depth: int = 5
    jitter: float = 1.117
    colour_jitter: float = 0.2
    seed: int = 0


def usual_epochs(pairs: int) -> int:
    """As many as make USUAL_PHOTOS, within bounds."""
    return min(MOST_EPOCHS, max(FEWEST_EPOCHS, math.ceil(USUAL_PHOTOS / pairs)))


def make_judge(
    data: PairedData,
    recipe: JudgeRecipe,
    *,
    palette: Sequence[Colour] | None = None,
    tell: Tell = print,
) -> Judge:
    """Train a judge on the photos and labels of the training split, and check it on those of the validation split.

    Args:
        data: of a run, its domains resolved.
        recipe: how.
        palette: the classes of labels that are stored as colours; None: found in the training split.
        tell: is told how it goes.

    Raises:
        JudgeError: the sources are no labels, or the judge does not see enough in real photos.
        BadPairError: a pair cannot be read.
    """
    if why := refusal(data):
        raise JudgeError(f"there can be no judge: {why}")
    labels = _labels(data, palette, tell)
    started = time.monotonic()
    network = _train(data, labels, recipe, tell)
    network.eval()
    check = _checked(network, labels, data)
    if check.flaws:
        raise JudgeError(
            "the judge does not see enough in real photos, so its scores would say nothing of a translation:"
            f" {'; '.join(check.flaws)}.\n{check.table()}"
        )
    facts = {
        "training_pairs": len(data.readable("train")),
        "minutes": round((time.monotonic() - started) / 60, 2),
        "recipe": asdict(recipe),
    }
    return Judge(network, data.target_domain, labels, data.transform.size, check, facts)


def write_judge(judge: Judge, data: PairedData, folder: Path) -> None:
    """Write a judge's folder, the judge itself last. Raises OSError where that fails."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "real_photos": asdict(judge.standing),
        **judge.facts,
        "digest": judge.digest,
        "size": judge.size,
        "labels": judge.labels.to_dict(),
    }
    write_whole(folder / "judge.json", json.dumps(about, indent=1) + "\n")
    with whole_file(folder / "judge.png") as file:
        Image.fromarray(_picture(judge, data)).save(file, "PNG")
    judge.save(folder)


def _checked(network: Segmenter, labels: Labels, data: PairedData) -> Standing:
    photos = [(segment(network, photo), true.argmax(0), weight) for photo, true, weight in _photos(labels, data)]
    seen, true, weights = zip(*photos, strict=True)
    return standing(seen, true, weights, labels.class_count)


class PhotosToLabels:
    """A pair source turned round: photos are the sources, labels the targets."""

    def __init__(self, pairs: PairSource) -> None:
        self.pairs = pairs
        self.names = pairs.names

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Pair:
        """Read one pair. Raises BadPairError where it cannot be read."""
        pair = self.pairs[index]
        return Pair(pair.target, pair.source, pair.name)


def _labels(data: PairedData, palette: Sequence[Colour] | None, tell: Tell) -> Labels:
    if isinstance(data.source_domain, Labels):
        if palette is not None:
            raise JudgeError("--palette: the run's sources are labels, so their classes are known already")
        return replace(data.source_domain, encoding="planes")
    if palette is not None:
        return Labels(palette=tuple(palette))
    try:
        found = find_palette(_stored_labels(data))
    except NoPaletteError as error:
        raise JudgeError(
            f"the sources do not look like labels: {error}. If they are, say which colours the classes have:"
            " --palette ff0000,00ff00,…"
        ) from error
    how = "the only colours" if found.exact else "the colours of the flat areas"
    tell(f"{len(found.colours)} classes, {how} of the training labels:")
    for (red, green, blue), share in zip(found.colours, found.shares, strict=True):
        tell(f"  {red:02x}{green:02x}{blue:02x}  {share:7.3%}")
    return Labels(palette=found.colours)


def _stored_labels(data: PairedData) -> Iterator[Array]:
    """Those of the training split, (H, W, 3)."""
    pairs = data.readable("train")
    for index in range(len(pairs)):
        pair = pairs[index]
        yield data.source_domain.prepare(pair.source, pair.name).values


def _photos(labels: Labels, data: PairedData) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
    """The validation split's photos (C, H, W) in [0, 1], their true classes (K, H, W), and their pixels' weights."""
    pairs, index = data.readable("val"), 0
    for batch in data.val_dataloader():
        for place, photo in enumerate(batch.target):
            if batch.names[place]:  # else it stands in for a pair that cannot be used
                weight = None if batch.weight is None else batch.weight[place]
                yield (photo + 1) / 2, true_classes(labels, data.transform.size, pairs[index]), weight
            index += 1


def _train(data: PairedData, labels: Labels, recipe: JudgeRecipe, tell: Tell) -> Segmenter:
    device = torch.device(best_device())
    pictures = _varied(data, labels, recipe)
    size = data.transform.size
    depth = recipe.depth if size is None else min(recipe.depth, min(size).bit_length() - 2)  # down to 2x2
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        network = Segmenter(data.target_domain.channels, labels.class_count, recipe.base_channels, depth)
    network.to(device).train()
    optimizer = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * len(pictures.train_dataloader())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, steps, pct_start=0.1)
    started = time.monotonic()
    for epoch in range(recipe.epochs):
        pictures.place.epoch = epoch
        losses = []
        for batch in pictures.train_dataloader():
            logits = network(batch.source.to(device))  # (B, K, H, W)
            loss = F.cross_entropy(logits, batch.target.argmax(1).to(device))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            losses.append(loss.detach())
        left = (time.monotonic() - started) / (epoch + 1) * (recipe.epochs - epoch - 1)
        mean = float(torch.stack(losses).mean())
        tell(f"epoch {epoch + 1:>3} of {recipe.epochs} · loss {mean:.3f} · {left / 60:.1f} min left")
    return network.cpu()


def _varied(data: PairedData, labels: Labels, recipe: JudgeRecipe) -> PairedData:
    """Photos and their labels as the judge learns from them."""
    size = data.transform.size
    return PairedData(
        lambda split: PhotosToLabels(data.readable(split).source),
        data.target_domain.to_dict(),
        labels.to_dict(),
        PairTransform(size, recipe.jitter, mirror=True, colour_jitter=recipe.colour_jitter),
        batch_size=1 if size is None else recipe.batch_size,
        cache=CACHE,
        on_bad=data.readable("train").on_bad,
        seed=recipe.seed,
    )


def _picture(judge: Judge, data: PairedData) -> Picture:
    """Photos of the validation split, their labels, and what the judge sees."""
    rows = []
    for photo, true, _ in islice(_photos(judge.labels, data), SHOWN):
        seen = F.one_hot(judge.segment(photo), judge.classes).permute(2, 0, 1)  # (K, H, W)
        (labels, shown), (judged, _) = (
            view_pair(judge.labels, judge.photo, each.numpy(), 2 * photo.numpy() - 1) for each in (true, seen)
        )
        rows.append((shown, labels, judged))
    names = [sample.name for sample in islice(data.usable("val"), len(rows))]
    return sample_grid(rows, names, ("real photo", "its labels", "what the judge sees"))
