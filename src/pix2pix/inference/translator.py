"""A trained generator as a function: a picture in the source's own numbers in, one in the target's own numbers out.

from pix2pix import Translator

translate = Translator.load("outputs/scenes/2026-01-31_12-00-00")
photo = translate(Image.open("labels.png"))
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pix2pix.data.derive import Derivation
from pix2pix.data.derive.holes import Holes
from pix2pix.data.domains import Domain, domain_from_dict, view
from pix2pix.data.domains.photo import LabAb, LabL
from pix2pix.data.resize import fitted, resize
from pix2pix.errors import BadPairError
from pix2pix.inference.doubts import advice, doubt_of
from pix2pix.inference.exported.extras import ExchangeError
from pix2pix.inference.exported.loading import Exported, is_exported, read_exported
from pix2pix.inference.holes import keep_known, resize_holed, transparent_as_hole
from pix2pix.inference.networks import Network, TorchNetwork, has_batch_norm, has_dropout, with_numbers
from pix2pix.inference.no_value import MadeUp, Valid, valid_of
from pix2pix.inference.precision import Precision
from pix2pix.inference.trained import Trained
from pix2pix.models.test_time import Statistics
from pix2pix.pictures.array import Array, with_channels
from pix2pix.pictures.codecs import read_picture, write_picture
from pix2pix.pictures.meaning import Meaning, marked
from pix2pix.pictures.pillow import from_pillow, to_pillow
from pix2pix.processes.devices import usable_device
from pix2pix.runs.run import RECORD, derivation_of, generator_weights, load_generator, read_checkpoint


@dataclass(frozen=True)
class TestTime:
    """How a generator translates, beyond what its weights say; see `Translator.load`. None: as the run's own does."""

    noise: bool | None = None
    statistics: Statistics | None = None
    seed: int | None = None
    precision: Precision = "float32"


class Translator:
    """Translates pictures as the validation of the training does, each at its own size.

    Args:
        network: what translates encoded pictures.
        source, target: what the numbers of the pictures mean; ranges resolved.
        derivation: what made the sources of the training from photos; None where they were stored.
        trained: what the sources of the training were like, as far as it is known.
    """

    def __init__(
        self,
        network: Network,
        source: Domain,
        target: Domain,
        derivation: Derivation | None = None,
        trained: Trained | None = None,
    ) -> None:
        self.network, self.source, self.target, self.derivation = network, source, target, derivation
        self.trained = trained or Trained()
        self.device = torch.device("cpu")
        self.told: set[str] = set()  # what need not be said again
        self.made_up = MadeUp()

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        noise: bool | None = None,
        statistics: Statistics | None = None,
        seed: int | None = None,
        precision: Precision = "float32",
        device: str = "auto",
    ) -> Translator:
        """From a run's folder, a checkpoint, or an exported file; the average's weights where there is one.

        Args:
            noise: whether dropout acts; None: as the run's own validation has it.
            statistics: "picture": batch norm takes each picture's own; "running": those of the training; None as above.
            seed: of the noise; None: the run's.
            precision: "bf16" is faster on hardware that multiplies bfloat16, and differs by about a grey level.
            device: auto, cpu, cuda, cuda:1, mps.

        Raises FileNotFoundError where there is none, ValueError where the file is damaged or no checkpoint, its
        generator no class of this package, its weights are not finite, the device is not there, or something is asked
        of a generator that it has not.
        """
        recipe = TestTime(noise, statistics, seed, precision)
        if is_exported(Path(path)):
            translator = cls.of_exported(read_exported(Path(path)), recipe)
            translator.to(
                "cpu"
                if device == "auto" and not isinstance(translator.network, TorchNetwork)
                else usable_device(device)
            )
            return translator
        content = read_checkpoint(path)
        try:
            translator = cls.of_record(content[RECORD], generator_weights(content), recipe)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        translator.to(usable_device(device))
        return translator

    @classmethod
    def of_exported(cls, exported: Exported, recipe: TestTime) -> Translator:
        """Of an exported file: a graph has one way to translate alone; of weights the generator is made anew.

        Raises ExchangeError where a graph is asked for what it cannot do, or weights do not fit their description.
        """
        if exported.weights is not None:
            try:
                return cls.of_record(exported.description, exported.weights, recipe)
            except ValueError as error:
                raise ExchangeError(f"{exported.file}: {error}") from error
        assert exported.graph is not None
        if recipe.noise or replace(recipe, noise=None, seed=None) != TestTime():
            raise ExchangeError(
                f"{exported.file}: noise, statistics and precision of an exported graph are those of the export,"
                " without noise: translate with the run, or export .safetensors"
            )
        record = exported.description
        source, target = (domain_from_dict(dict(record[f"{side}_domain"])) for side in ("source", "target"))
        return cls(exported.graph, source, target, derivation_of(record), Trained.of_record(record))

    @classmethod
    def of_record(cls, record: Mapping[str, Any], weights: Mapping[str, Tensor], recipe: TestTime) -> Translator:
        """From what a checkpoint says of its run and the generator's weights. Raises ValueError as `load` does."""
        generator = load_generator(record, weights)
        if recipe.noise and not has_dropout(generator):
            raise ValueError("the model has no noise that could be switched on: its generator has no dropout")
        if recipe.statistics == "running" and not has_batch_norm(generator):
            raise ValueError("the model has no running statistics of its training: its generator has no batch norm")
        settings = record["settings"]
        if settings["training"]["channels_last"] is True:  # auto leaves the generator contiguous
            # Dropout draws its noise in the order of memory, so the layout of the training gives its noise again.
            generator.to(memory_format=torch.channels_last)
        network = TorchNetwork(
            generator,
            noise=settings["translation"]["noise"] if recipe.noise is None else recipe.noise,
            statistics=recipe.statistics or settings["translation"]["statistics"],
            seed=settings["seed"] if recipe.seed is None else recipe.seed,
            precision=recipe.precision,
        )
        source, target = (domain_from_dict(dict(record[f"{side}_domain"])) for side in ("source", "target"))
        return cls(network, source, target, derivation_of(record), Trained.of_record(record))

    def to(self, device: torch.device | str) -> None:
        """Work there from now on."""
        self.device = torch.device(device)
        self.network.to(self.device)

    def lanes(self, count: int) -> list[Translator]:
        """Translators for up to `count` threads, which share the processor and the weights; none: not worth while."""
        return [
            Translator(lane, self.source, self.target, self.derivation, self.trained)
            for lane in self.network.lanes(count)
        ]

    @overload
    def __call__(
        self, picture: str | Path, name: str | None = None, *, to: str | Path, overwrite: bool = False
    ) -> Path: ...

    @overload
    def __call__(self, picture: Image.Image, name: str | None = None) -> Image.Image: ...

    @overload
    def __call__(self, picture: Tensor, name: str | Sequence[str] | None = None) -> Tensor: ...

    @overload
    def __call__(self, picture: Array, name: str | None = None) -> Array: ...

    def __call__(
        self,
        picture: str | Path | Image.Image | Tensor | Array,
        name: str | Sequence[str] | None = None,
        *,
        to: str | Path | None = None,
        overwrite: bool = False,
    ) -> Path | Image.Image | Tensor | Array:
        """Translate one picture at its own size, whatever size the training had; the same kind of thing comes out.

        Args:
            picture: numbers of the source domain, as stored. An array is (H, W, C) or (H, W); a tensor (C, H, W) or
                (B, C, H, W), uint8 where files have 8 bits. Images of Pillow and files are for people: of colourisation
                (lab_ab) they come back in RGB, with the source's lightness, while arrays and tensors get a and b.
            name: decides the picture's noise, as in validation; that of a file is its stem if none is given. A batch
                takes a name for each, or one for all.
            to: the file to write, for a picture that is a path. It is not replaced unless `overwrite` says so.

        Returns:
            An array (H, W, C'), a tensor (C', H, W) or (B, C', H, W) on the device of `picture`, an image, or `to`: in
            the target's own values and dtype.

        Raises:
            BadPairError: the picture is not of the source domain, cannot be read, or is too small for the generator.
            FileExistsError: `to` is there already.
            ValueError: `to` cannot hold the target's numbers.
        """
        if isinstance(picture, str | Path):
            return self._file(Path(picture), name, to, overwrite)
        if to is not None:
            raise TypeError(f"to={str(to)!r} is for a picture that is a path, and this is a {type(picture).__name__}")
        if isinstance(picture, Tensor):
            return self._tensor(picture, name)
        if isinstance(picture, Image.Image):
            stored, name = from_pillow(picture), _one(name)
            return to_pillow(self.without_made_up(self.shown(*self._pair(stored, name)), self.valid(stored), name))
        stored, name = with_channels(picture), _one(name)
        return self.without_made_up(self.decode(self._pair(stored, name)[1]), self.valid(stored), name)

    # --- the steps, for those who take them apart ---------------------------------------------------------------------

    def derive(self, photo: Array, name: str) -> Array:
        """The source that the training would have made of a photo (H, W, C), as stored.

        Raises ValueError where the training's sources were not made of photos, BadPairError for an unsuitable photo.
        """
        if self.derivation is None:
            raise ValueError("the sources of this training were stored: there is nothing to derive them from")
        return self.derivation(photo, name).source

    def encode(self, stored: Array, name: str, size: Sequence[int] | None = None) -> Tensor:
        """A picture as stored, (H, W, C), to (C, h, w) in [-1, 1]. Raises BadPairError for one of another domain.

        Args:
            size: what it is resized to, as the training does it: [shorter side], or [height, width]; None: not at all.
        """
        if isinstance(self.derivation, Holes):
            stored = transparent_as_hole(stored)
        try:
            values = self.source.prepare(stored, name or "the picture").values
        except BadPairError as error:
            raise BadPairError(_without_settings(str(error))) from error
        if size is not None:
            sides = fitted(values.shape, size)
            holed = isinstance(self.derivation, Holes)
            values = resize_holed(values, sides) if holed else resize(values, sides, self.source.interpolation)
        return torch.from_numpy(self.source.encode(values))

    def valid(self, stored: Array, size: Sequence[int] | None = None) -> Valid | None:
        """(h, w), False where a picture as stored, (H, W, C), holds no value; None where every pixel has one.

        Args:
            size: as for `encode`.
        """
        return valid_of(self.source, stored, size)

    def without_made_up(self, values: Array, valid: Valid | None, name: str) -> Array:
        """A translation (H, W, C') as stored, without a value where its source has none; see `MadeUp.taken_from`."""
        return self.made_up.taken_from(values, valid, self.target, name or "the picture")

    def translate(self, source: Tensor, names: Sequence[str]) -> Tensor:
        """Encoded (B, C, H, W) to encoded (B, C', H, W), float32 on the CPU, each picture on its own.

        Where the training looked at holes alone, the known pixels are the source's. Raises BadPairError where the
        network gives no numbers (NaN).
        """
        source = source.to(self.device)
        return self.completed(source, with_numbers(self.network(source, names))).cpu()

    def completed(self, source: Tensor, translation: Tensor) -> Tensor:
        """What the network made of a source, (B, C', H, W), with the source's known pixels in it."""
        return keep_known(source, translation, self.source) if self._keeps_known else translation

    @property
    def _keeps_known(self) -> bool:
        return isinstance(self.derivation, Holes) and self.derivation.only and self.source == self.target

    @property
    def shows_source(self) -> bool:
        """Whether `completed` or `shown` take anything from the source."""
        return self._keeps_known or isinstance(self.target, LabAb)

    def decode(self, translation: Tensor) -> Array:
        """Encoded (C', H, W) to (H, W, C') in the target's own values and dtype; of lab_ab a and b alone."""
        return self.target.decode(translation.numpy())

    def shown(self, source: Tensor, translation: Tensor) -> Array:
        """As `decode`, for files and people: the sides of Lab are joined to RGB, uint8 (H, W, 3).

        Channels of numbers are marked as being no colours, and with the number that stands for no value.
        """
        if isinstance(self.target, LabAb | LabL):
            return view(self.target, translation.numpy(), self.source, source.numpy())
        values = self.decode(translation)
        numbers = self.target.kind == "raw" and values.shape[2] > 1
        return marked(values, Meaning(colour=not numbers, nodata=getattr(self.target, "nodata", None)))

    # ------------------------------------------------------------------------------------------------------------------

    def _pair(self, stored: Array, name: str) -> tuple[Tensor, Tensor]:
        """Encoded source and translation of a picture as stored; warns once of pictures unlike the training's."""
        encoded = self.encode(stored, name)
        doubt = doubt_of(self, stored, size=None, derive=False)
        if doubt is not None and doubt not in self.told:
            self.told.add(doubt)
            warnings.warn(f"{name or 'the picture'}: such pictures {advice(self, doubt)}", stacklevel=4)
        return encoded, self.translate(encoded[None], [name])[0]

    def _file(self, path: Path, name: str | Sequence[str] | None, to: str | Path | None, overwrite: bool) -> Path:
        if to is None:
            raise TypeError(f"{path} is a path, so a file comes out: say which, to='translated.png'")
        to = Path(to)
        if to.exists() and not overwrite:
            raise FileExistsError(f"{to} is there already: choose another file, or overwrite=True")
        stored = read_picture(path)
        values = self.shown(*self._pair(stored, path.stem if name is None else _one(name)))
        values = self.without_made_up(values, self.valid(stored), str(path))
        write_picture(to, values, unit=self.target.unit)
        return to

    def _tensor(self, picture: Tensor, name: str | Sequence[str] | None) -> Tensor:
        if picture.dim() not in (3, 4):
            raise BadPairError(f"the tensor is of shape {tuple(picture.shape)}; expected (C, H, W) or (B, C, H, W)")
        batch = picture if picture.dim() == 4 else picture[None]
        names = [name or ""] * len(batch) if name is None or isinstance(name, str) else list(name)
        if len(names) != len(batch):
            raise ValueError(f"name holds {len(names)} names for {len(batch)} pictures")
        stored = batch.movedim(1, -1).cpu().numpy()  # (B, H, W, C)
        translations = [
            self.without_made_up(self.decode(self._pair(each, name)[1]), self.valid(each), name)
            for each, name in zip(stored, names, strict=True)
        ]
        translated = torch.from_numpy(np.stack(translations)).movedim(-1, 1).contiguous().to(picture.device)
        return translated if picture.dim() == 4 else translated[0]


def _one(name: str | Sequence[str] | None) -> str:
    if name is None or isinstance(name, str):
        return name or ""
    raise TypeError(f"one picture has one name, and name holds {len(name)}: a batch is a tensor (B, C, H, W)")


def _without_settings(message: str) -> str:
    """Leave out the advice about settings of a training, in which whoever translates a picture has no hand."""
    return re.split("; (?:set bits=|use the domain|if |for a picture)", message, maxsplit=1)[0]
