"""A trained generator as a function: a picture in the source's own numbers in, one in the target's own numbers out."""

from __future__ import annotations

from pathlib import Path

import torch

from pix2pix.data.domains import Domain, domain_from_dict
from pix2pix.data.pairs import Array, with_channels
from pix2pix.inference.networks import Network, TorchNetwork
from pix2pix.runs import RECORD, build_generator, generator_weights, read_checkpoint


class Translator:
    """Translates pictures as the validation of the training does.

    Args:
        network: what translates encoded pictures.
        source, target: what the numbers of the pictures mean; ranges resolved.
    """

    def __init__(self, network: Network, source: Domain, target: Domain) -> None:
        self.network, self.source, self.target = network, source, target

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
        network = TorchNetwork(
            generator,
            noise=settings["translation"]["noise"],
            statistics=settings["translation"]["statistics"],
            seed=settings["seed"],
        )
        source, target = (domain_from_dict(dict(record[f"{side}_domain"])) for side in ("source", "target"))
        return cls(network, source, target)

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
        return self.target.decode(self.network(encoded, [name])[0].numpy())
