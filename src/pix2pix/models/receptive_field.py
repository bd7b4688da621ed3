"""Which receptive fields networks can have; free of torch, to check settings."""

from __future__ import annotations

RECEPTIVE_FIELDS = (1, 7, 16, 34, 70, 142, 286)  # 1: PixelGAN; the others: 9 * 2^k - 2 with k = 0 … 5 halvings


def halvings(receptive_field: int) -> int:
    """Number of stride-2 convolutions of the discriminator that has this receptive field.

    Behind k convolutions of 4x4 and stride 2 come two of stride 1, so the field is 9 * 2^k - 2 pixels wide; the
    PixelGAN of field 1 has none.

    Raises:
        ValueError: no discriminator has this field; the message lists those that can be had.
    """
    if receptive_field not in RECEPTIVE_FIELDS:
        raise ValueError(
            f"discriminator.receptive_field={receptive_field} cannot be had: "
            f"choose one of {', '.join(map(str, RECEPTIVE_FIELDS))}"
        )
    return max(RECEPTIVE_FIELDS.index(receptive_field) - 1, 0)


def smallest_side(receptive_field: int) -> int:
    """Shortest side in pixels of the pictures that a discriminator of this field is meant for.

    256 for 286, 128 for 142, 64 for 70 and so on: the field is then a little wider than the picture, and the map of
    logits 6 x 6. On smaller pictures it would judge mostly the padding, and soon no patch would be left.
    """
    return 1 if receptive_field == 1 else 8 * 2 ** halvings(receptive_field)


def pixelwise_fields(layers: int) -> range:
    """The fields that a per-pixel generator can have: each of its layers is a 1x1 or a 3x3 convolution."""
    return range(1, 2 * layers + 2, 2)
