"""A trained generator as a function: a picture in the source's own numbers in, one in the target's own numbers out."""

from __future__ import annotations

from pathlib import Path

import torch

from pix2pix.data.domains import Domain, domain_from_dict
from pix2pix.data.pairs import Array, with_channels
from pix2pix.inference.test_time import Statistics, translate
from pix2pix.models.blocks import Generator
from pix2pix.runs import RECORD, build_generator, generator_weights, read_checkpoint


class Translator:
    """Translates pictures as the validation of the training does.

    Args:
        generator: (1, C, H, W) in [-1, 1] → (1, C', H, W) in [-1, 1].
        source, target: what the numbers of the pictures mean; ranges resolved.
        noise, statistics, seed: see `inference.test_time.translate`.
    """

    def __init__(
        self,
        generator: Generator,
        source: Domain,
        target: Domain,
        *,
        noise: bool = True,
        statistics: Statistics = "picture",
        seed: int = 0,
    ) -> None:
        self.generator, self.source, self.target = generator, source, target
        self.noise, self.statistics, self.seed = noise, statistics, seed

    @classmethod
    def load(cls, path: str | Path) -> Translator:
        """From a checkpoint, a slim file, or the folder of a run; the average's weights where there is one.

        Raises FileNotFoundError where there is none, ValueError where the file is no checkpoint, or its generator no
        class of this package.
        """
        content = read_checkpoint(path)
        record = content[RECORD]
        generator = build_generator(record)
        generator.load_state_dict(generator_weights(content))
        settings = record["settings"]
        if settings["training"]["channels_last"] is True:  # auto leaves the generator contiguous
            # Dropout draws its noise in the order of memory, so the layout of the training gives its noise again.
            generator.to(memory_format=torch.channels_last)
        return cls(
            generator,
            domain_from_dict(dict(record["source_domain"])),
            domain_from_dict(dict(record["target_domain"])),
            noise=settings["translation"]["noise"],
            statistics=settings["translation"]["statistics"],
            seed=settings["seed"],
        )

    def __call__(self, picture: Array, name: str = "") -> Array:
        """Translate one picture at its own size, whatever size the training had.

        Args:
            picture: (H, W, C) or (H, W) as stored: values and dtype of the source domain.
            name: decides the picture's noise, as in validation.

        Returns:
            (H, W, C') in the target's values and dtype; of colourisation (lab_ab) the colours a and b alone.

        Raises:
            BadPairError: the picture is not of the source domain, or too small for the generator.
        """
        values = self.source.prepare(with_channels(picture), name or "the picture").values
        encoded = torch.from_numpy(self.source.encode(values))[None]
        translated = translate(
            self.generator, encoded, [name], noise=self.noise, statistics=self.statistics, seed=self.seed
        )
        return self.target.decode(translated[0].float().numpy())
