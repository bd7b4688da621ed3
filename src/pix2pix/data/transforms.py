"""From a pair as stored to a sample as the networks see it: one random geometry for both pictures, then the domains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from pix2pix.data.pairs import Pair, Sample
from pix2pix.data.resize import resize
from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.luma import LUMA

if TYPE_CHECKING:
    from pix2pix.data.domains import Domain, Interpolation
    from pix2pix.data.domains.domain import Prepared

BICUBIC_REACH = 2.0  # pixels of the coarser grid on either side that a bicubic kernel looks at
SLACK = 1e-3  # pixels: resizing computes the kernel's ends in float32, and may round them outwards


def sample_rng(seed: int, epoch: int, index: int) -> np.random.Generator:
    """The random numbers of one sample: a function of these three alone, whatever workers and restarts there are."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, epoch, index))))


@dataclass(frozen=True, slots=True)
class Geometry:
    """One draw: resize to `scaled`, cut `size` out at `top`, `left`, mirror, turn. Heights come before widths."""

    scaled: tuple[int, int]
    size: tuple[int, int]
    top: int = 0
    left: int = 0
    mirror: bool = False
    turns: int = 0  # quarter turns, counter-clockwise
    colour: tuple[float, float, float] = (
        0.0,
        0.0,
        0.0,
    )  # of the source: brightness, contrast, saturation; 0 changes nothing

    def move(self, values: Array, interpolation: Interpolation) -> Array:
        """(H, W, C) to (h, w, C) of the same dtype; often a view."""
        if values.shape[:2] != self.scaled:
            values = resize(values, self.scaled, interpolation)
        return self._cut(values)

    def move_valid(self, valid: NDArray[np.bool_], interpolation: Interpolation) -> NDArray[np.bool_]:
        """(H, W) to (h, w): true where no invalid pixel had a part in the value."""
        if valid.shape != self.scaled:
            if interpolation == "nearest":
                valid = resize(valid[:, :, None], self.scaled, "nearest")[:, :, 0]
            else:
                valid = _untouched(valid, self.scaled)
        return self._cut(valid)

    def _cut(self, values: NDArray[Any]) -> NDArray[Any]:
        height, width = self.size
        values = values[self.top : self.top + height, self.left : self.left + width]
        if self.mirror:
            values = values[:, ::-1]
        return np.rot90(values, self.turns) if self.turns else values


@dataclass(frozen=True)
class PairTransform:
    """How training pictures vary: resized to size × jitter, cropped, mirrored, turned (paper: 286, 256, mirror).

    `size` is (height, width) in pixels; None keeps each file's own. `colour_jitter` is the largest relative change,
    0 to 1, of the source's brightness, contrast and saturation, or gain and offset where it is not rgb; labels stay.
    Raises ValueError for a jitter below 1, and for quarter turns of a size that is not square.
    """

    size: tuple[int, int] | None
    jitter: float = 1.117
    mirror: bool = True
    quarter_turns: bool = False
    colour_jitter: float = 0.0

    def __post_init__(self) -> None:
        if self.jitter < 1:
            raise ValueError(f"data.jitter is {self.jitter}; it must be at least 1 (1: no jitter)")
        if not 0 <= self.colour_jitter <= 1:
            raise ValueError(f"data.colour_jitter is {self.colour_jitter}; it must lie in 0 to 1")
        if self.size is not None:
            self._check_turns(self.size)

    def still(self, stored: tuple[int, int]) -> Geometry:
        """Validation's geometry of a picture of `stored` height and width: resized to `size` and nothing else."""
        size = self.size or stored
        return Geometry(scaled=size, size=size)

    def draw(self, rng: np.random.Generator, stored: tuple[int, int]) -> Geometry:
        """Training's geometry. The same numbers are drawn whatever is switched on: one setting never moves another."""
        size = self.size or stored
        scaled = (round(size[0] * self.jitter), round(size[1] * self.jitter))
        down, across, mirror, turns, *colour = rng.random(7)
        if self.quarter_turns:
            self._check_turns(size)
        brightness, contrast, saturation = (self.colour_jitter * (2 * float(value) - 1) for value in colour)
        return Geometry(
            scaled=scaled,
            size=size,
            top=int(down * (scaled[0] - size[0] + 1)),
            left=int(across * (scaled[1] - size[1] + 1)),
            mirror=self.mirror and bool(mirror < 0.5),
            turns=int(turns * 4) if self.quarter_turns else 0,
            colour=(brightness, contrast, saturation),
        )

    def _check_turns(self, size: tuple[int, int]) -> None:
        if self.quarter_turns and size[0] != size[1]:
            raise BadPairError(
                f"data.quarter_turns=true needs square pictures, and these are {size[0]}×{size[1]} (height×width): "
                "set data.quarter_turns=false or a square data.size"
            )


def make_sample(
    pair: Pair,
    source_domain: Domain,
    target_domain: Domain,
    transform: PairTransform,
    rng: np.random.Generator | None = None,
) -> Sample:
    """The pair as float32 tensors in [-1, 1], (C, H, W); weight (1, H, W) is 0 where the target's pixels do not count.

    With `rng` the geometry is drawn; without, pictures are only resized, and what is made of source pixels without a
    value does not count either, as translations have none there. The weight is None where every stored pixel counts,
    and the pair does not say that some do not. Raises BadPairError where a picture does not suit its domain.
    """
    source = source_domain.prepare(pair.source, pair.name)
    target = target_domain.prepare(pair.target, pair.name)
    stored = (pair.source.shape[0], pair.source.shape[1])
    geometry = transform.still(stored) if rng is None else transform.draw(rng, stored)
    source_encoded = source_domain.encode(geometry.move(source.values, source_domain.interpolation))
    target_encoded = target_domain.encode(geometry.move(target.values, target_domain.interpolation))
    if any(geometry.colour) and source_domain.kind != "labels":
        source_encoded = jitter_colour(source_encoded, geometry.colour, rgb=source_domain.kind == "rgb")
    masks = [
        geometry.move_valid(mask, interpolation)
        for mask, interpolation in ((target.valid, target_domain.interpolation), (pair.counts, "nearest"))
        if mask is not None
    ]
    with_value = None
    if rng is None and source.valid is not None and lacks_values(source_domain):
        with_value = geometry.move_valid(source.valid, source_domain.interpolation)
        masks.append(with_value)
    weight = torch.from_numpy(np.logical_and.reduce(masks).astype(np.float32)[None]) if masks else None
    in_unit = None
    if rng is None and target_domain.unit is not None:  # what an error is measured against: not clipped
        valid = True if target.valid is None else target.valid[:, :, None]
        values = np.where(valid, pair.target.astype(np.float32), target.values)
        in_unit = _tensor(np.moveaxis(geometry.move(values, target_domain.interpolation), -1, 0))
    clipped = _clipped(source, source_domain), _clipped(target, target_domain)
    return Sample(_tensor(source_encoded), _tensor(target_encoded), weight, pair.name, (), in_unit, clipped, with_value)


def lacks_values(domain: Domain) -> bool:
    """Whether pixels of a source that are not valid hold no value: those of no class are a source like any other."""
    return domain.kind != "labels"


def jitter_colour(
    encoded: NDArray[np.float32], colour: tuple[float, float, float], *, rgb: bool
) -> NDArray[np.float32]:
    """Change brightness, contrast and saturation of (C, H, W) in [-1, 1]; without `rgb`, gain and offset.

    Encoding is affine, so this equals a change of the stored values, without their rounding. Clipped to [-1, 1].
    """
    values = (encoded + np.float32(1)) / np.float32(2)  # [0, 1]
    if rgb:
        brightness, contrast, saturation = (np.float32(1 + change) for change in colour)
        values *= brightness
        luma = np.tensordot(LUMA, values, axes=1)  # (H, W)
        values = luma + saturation * (values - luma)
        mean = luma.mean()
        values = mean + contrast * (values - mean)
    else:
        gain, offset = np.float32(1 + colour[0]), np.float32(colour[1])
        values = gain * values + offset
    jittered: NDArray[np.float32] = np.clip(values * np.float32(2) - np.float32(1), -1, 1)
    return jittered


def _clipped(prepared: Prepared, domain: Domain) -> float:
    return float(prepared.changed) if domain.kind == "raw" else 0.0


def _tensor(encoded: NDArray[np.float32]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(encoded))


def _untouched(valid: NDArray[np.bool_], scaled: tuple[int, int]) -> NDArray[np.bool_]:
    """(H, W) to `scaled`: true where the window of the antialiased bicubic kernel holds no invalid pixel."""
    height, width = valid.shape
    invalid = np.zeros((height + 1, width + 1), dtype=np.int32)  # summed-area table
    np.cumsum(np.cumsum(~valid, axis=0, dtype=np.int32), axis=1, out=invalid[1:, 1:])
    first_row, past_row = _window(height, scaled[0])
    first_column, past_column = _window(width, scaled[1])
    rows = invalid[past_row] - invalid[first_row]  # (h, W + 1)
    untouched: NDArray[np.bool_] = rows[:, past_column] == rows[:, first_column]
    return untouched


def _window(stored: int, scaled: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and one past the last stored pixel that each of `scaled` pixels is made of, along one axis."""
    if stored == scaled:
        return np.arange(stored), np.arange(1, stored + 1)
    step = stored / scaled
    reach = BICUBIC_REACH * max(step, 1.0) + SLACK  # the kernel widens where pictures shrink
    centre = (np.arange(scaled) + 0.5) * step
    first = np.maximum((centre - reach + 0.5).astype(np.intp), 0)
    past = np.minimum((centre + reach + 0.5).astype(np.intp), stored)
    return first, past
