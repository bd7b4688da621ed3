"""The numbers of a TIFF as its tags mean them: colours, inks, indices, white as 0, alpha, scales, and which way up.

After TIFF 6.0, Adobe's technical notes (ICCLab) and GDAL's tags. Inks become RGB by Pillow's formula, R = (1 - C)(1 -
K), and Lab becomes sRGB with its white as white. Colour profiles are not applied. What is not known here is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn
from xml.etree import ElementTree

import numpy as np
from tifffile import COMPRESSION, PHOTOMETRIC

from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.lab import lab_to_srgb
from pix2pix.pictures.meaning import Meaning, marked
from pix2pix.pictures.tiff.axes import UNNAMED, Axes

Step = Callable[[Array], Array]  # (H, W, C) to (H, W, C')
_COLOURS = {PHOTOMETRIC.RGB: 3, PHOTOMETRIC.YCBCR: 3, PHOTOMETRIC.CIELAB: 3, PHOTOMETRIC.ICCLAB: 3}
_ASSOCIATED, _UNASSOCIATED = 1, 2  # ExtraSamples
_LOSSLESS = (COMPRESSION.NONE, COMPRESSION.LZW, COMPRESSION.ADOBE_DEFLATE, COMPRESSION.DEFLATE, COMPRESSION.PACKBITS)
_GDAL_METADATA, GDAL_NODATA = 42112, 42113


class TiffValues:
    """How the stored numbers of a page become those of a picture; each pixel by itself.

    Args:
        path: of the file, for messages.
        page: the first page of the picture.
        axes: of the picture.

    Attributes:
        channels: that the picture has.
        orientation: 1 to 8, as in EXIF, in which the rows and columns lie.

    Raises BadPairError for what cannot be obeyed, with what the file says.
    """

    def __init__(self, path: Path, page: Any, axes: Axes) -> None:
        self._path, self._page = path, page
        self._steps: list[Step] = []
        self.channels = axes.channels
        orientation = self._tag(274, 1)
        self.orientation = orientation if orientation in range(1, 9) else 1
        for code, what in ((258, "BitsPerSample"), (339, "SampleFormat")):
            found = self._tag(code, ())
            if isinstance(found, tuple) and len(set(found)) > 1:
                self._refuse(f"{what} {found}: channels of different kinds")
        photometric = self._photometric(axes)
        meaning = Meaning(nodata=self._nodata())
        if page.samplesperpixel == axes.channels:
            meaning = self._of_samples(photometric, meaning)
        elif photometric not in (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.RGB):
            self._refuse(f"PhotometricInterpretation {photometric.name} of pages along {axes.name}")
        else:
            self._grey(photometric)
            meaning = Meaning(colour=False, pages=axes.name if axes.name in UNNAMED else "", nodata=meaning.nodata)
        self.meaning = self._scaled(meaning)

    def __call__(self, stored: Array) -> Array:
        """(H, W, stored channels) of any rows to (H, W, channels), marked with what the file says."""
        for step in self._steps:
            stored = step(stored)
        if self._page.photometric == PHOTOMETRIC.PALETTE:
            return stored  # marked by the indices that occur
        return marked(stored, self.meaning)

    # --- what the tags say --------------------------------------------------------------------------------------------

    def _photometric(self, axes: Axes) -> PHOTOMETRIC:
        if 262 not in self._page.tags:  # as libtiff takes it
            return PHOTOMETRIC.RGB if axes.channels == self._page.samplesperpixel == 3 else PHOTOMETRIC.MINISBLACK
        try:
            return PHOTOMETRIC(self._page.photometric)
        except ValueError:
            self._refuse(f"PhotometricInterpretation {self._page.photometric}")

    def _of_samples(self, photometric: PHOTOMETRIC, meaning: Meaning) -> Meaning:
        """The meaning of a pixel's samples; `_steps` and `channels` become those of the picture."""
        samples, base = self.channels, _COLOURS.get(photometric, 1)
        if photometric == PHOTOMETRIC.LINEAR_RAW:
            return Meaning(colour=samples == 1, nodata=meaning.nodata)
        if photometric == PHOTOMETRIC.SEPARATED:
            if self._tag(332, 1) != 1 or self._tag(334, 4) != 4:  # InkSet, NumberOfInks
                return Meaning(colour=False, nodata=meaning.nodata)
            base = 4
        if samples < base:
            self._refuse(f"PhotometricInterpretation {photometric.name} and {samples} sample(s) a pixel")
        extra = [int(each) for each in self._page.extrasamples]
        alpha = samples == base + 1 and extra[-1:] in ([_ASSOCIATED], [_UNASSOCIATED])
        if samples > base and not alpha:
            if photometric not in (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.RGB):
                self._refuse(f"PhotometricInterpretation {photometric.name} and ExtraSamples {tuple(extra)}")
            self._grey(photometric)
            return Meaning(colour=False, nodata=meaning.nodata)
        self._convert(photometric, base)
        if alpha and extra[-1] == _ASSOCIATED:
            self._steps.append(_straight)
        return Meaning(alpha=alpha, nodata=meaning.nodata)

    def _convert(self, photometric: PHOTOMETRIC, base: int) -> None:
        """Add the steps to grey or RGB; channels after the first `base` stay."""
        page, bits = self._page, self._page.bitspersample
        if photometric in (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.RGB):
            self._grey(photometric)
            return
        if photometric == PHOTOMETRIC.PALETTE:
            self._palette()
            return
        if photometric not in (*_COLOURS, PHOTOMETRIC.SEPARATED):
            self._refuse(f"PhotometricInterpretation {photometric.name}")
        if page.dtype not in (np.uint8, np.uint16) or bits not in (8, 16):
            self._refuse(f"PhotometricInterpretation {photometric.name} of {bits} bits ({page.dtype})")
        largest = (1 << bits) - 1
        if photometric == PHOTOMETRIC.SEPARATED:
            if self._tag(336, (0, largest)) != (0, largest):
                self._refuse(f"DotRange {self._tag(336, ())}")
            self._colours(lambda inks: _of_inks(inks, largest), base)
        elif photometric == PHOTOMETRIC.YCBCR:
            if page.compression == COMPRESSION.JPEG:  # whose decoder gives RGB
                return
            if page.compression not in _LOSSLESS or bits != 8 or not self._rec601():
                self._refuse(f"YCbCr of {bits} bits in compression {page.compression}")
            self._colours(_of_ycbcr, base)
        else:
            signed = photometric == PHOTOMETRIC.CIELAB
            self._colours(lambda lab: _of_lab(lab, bits, signed=signed), base)

    def _colours(self, step: Step, base: int) -> None:
        self._steps.append(lambda stored: np.concatenate([step(stored[:, :, :base]), stored[:, :, base:]], axis=2))
        self.channels += 3 - base

    def _grey(self, photometric: PHOTOMETRIC) -> None:
        """Bits as 0 and 255, 2 and 4 bits spread likewise; white as 0 turned round."""
        bits, kind = self._page.bitspersample, self._page.dtype.kind
        if bits in (1, 2, 4):
            spread = np.uint8(255 // ((1 << bits) - 1))
            self._steps.append(lambda stored: stored.astype(np.uint8) * spread)
            bits = 8
        if photometric == PHOTOMETRIC.MINISWHITE:
            if kind not in "bu":
                self._refuse(
                    f"WhiteIsZero of {self._page.dtype}, in which no number is known to be black",
                    f"if its numbers are measurements: tiffset -s 262 1 {self._path.name}",
                )
            count = 1 if self._page.samplesperpixel != self.channels else self.channels
            extra = count - 1  # samples beside the grey one, which are as they are
            largest = (1 << bits) - 1
            self._steps.append(lambda stored: _turned(stored, largest, stored.shape[2] - extra))

    def _palette(self) -> None:
        table, bits = self._page.colormap, self._page.bitspersample
        if self.channels != 1 or table is None or bits > 8:
            self._refuse(f"a palette of {bits} bits and {self.channels} sample(s) a pixel")
        colours = np.asarray(table).T  # (count, 3), of 16 bits, or, as some write it, of 8
        colours = (colours >> 8 if colours.max(initial=0) > 255 else colours).astype(np.uint8)
        self.channels = 3
        self._steps.append(lambda stored: from_indices(stored[:, :, 0], colours))

    def _rec601(self) -> bool:
        if 529 not in self._page.tags:  # the default
            return True
        values = np.array(self._tag(529, ()), float)
        shares = values[::2] / values[1::2] if values.size == 6 else values
        return shares.shape == (3,) and bool(np.allclose(shares, (0.299, 0.587, 0.114), atol=1e-3))

    def _nodata(self) -> float | None:
        text = str(self._tag(GDAL_NODATA, "")).strip("\0 ")
        try:
            nodata = float(text or "nan")
        except ValueError:
            self._refuse(f"GDAL_NODATA {text!r}")
        return None if np.isnan(nodata) else nodata  # NaN stands for nothing measured in any case

    def _scaled(self, meaning: Meaning) -> Meaning:
        """Add the step by GDAL's scale and offset of each channel, if they change anything."""
        text = str(self._tag(_GDAL_METADATA, "")).strip("\0 ")
        if 'role="scale"' not in text and 'role="offset"' not in text:
            return meaning
        scale, offset = np.ones(self.channels), np.zeros(self.channels)
        try:
            for item in ElementTree.fromstring(text).iter("Item"):
                values = {"scale": scale, "offset": offset}.get(item.get("role", ""))
                if values is not None:
                    values[int(item.get("sample", "0"))] = float(item.text or "")
        except (ElementTree.ParseError, ValueError, IndexError) as error:
            self._refuse(f"scale and offset in GDAL_METADATA that cannot be read ({error})")
        if (scale == 1).all() and (offset == 0).all():
            return meaning
        nodata = meaning.nodata
        wide = np.float32 if self._page.dtype.itemsize < 4 or self._page.dtype == np.float32 else np.float64

        def step(stored: Array) -> Array:
            values = (stored * scale + offset).astype(wide)
            if nodata is not None:
                values[stored == nodata] = np.nan
            return values

        self._steps.append(step)
        return Meaning(meaning.alpha, meaning.colour, meaning.pages)

    def _tag(self, code: int, default: Any) -> Any:
        tag = self._page.tags.get(code)
        return default if tag is None else tag.value

    def _refuse(
        self, what: str, advice: str = "write it as grey, RGB or CMYK, or numbers with BlackIsZero"
    ) -> NoReturn:
        raise BadPairError(f"{self._path}: says {what}, which is not read here; {advice}")


def from_indices(indices: Array, colours: Array) -> Array:
    """(H, W) indices and (count, 3 or 4) uint8 colours to (H, W, 3 or 4), marked with the palette.

    Raises BadPairError for an index beyond the palette.
    """
    used = np.flatnonzero(np.bincount(indices.ravel(), minlength=1))
    if used.size and used[-1] >= len(colours):
        raise BadPairError(f"index {used[-1]} is beyond the palette of {len(colours)} colours")
    palette = tuple((int(red), int(green), int(blue)) for red, green, blue in colours[:, :3])
    first: dict[tuple[int, int, int], int] = {}
    for index, colour in enumerate(palette):
        first.setdefault(colour, index)
    exact = all(first[palette[index]] == index for index in used)
    twins = len({palette[index] for index in used}) < len(used)
    meaning = Meaning(alpha=colours.shape[1] == 4, palette=palette if exact else (), twins=twins)
    return marked(colours[indices], meaning)


def upright(stored: Array, orientation: int) -> Array:
    """Undo an orientation: 5 to 8 have rows and columns exchanged; then the flips along height and width."""
    if orientation >= 5:
        stored = stored.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        stored = stored[::-1]
    if orientation in (2, 3, 6, 7):
        stored = stored[:, ::-1]
    return stored


def _turned(stored: Array, largest: int, count: int) -> Array:
    turned = stored.copy()
    turned[:, :, :count] = stored.dtype.type(largest) - stored[:, :, :count]
    return turned


def _of_inks(inks: Array, largest: int) -> Array:
    """Cyan, magenta, yellow and black, 0 for none, to RGB, as Pillow does it."""
    light = largest - inks[:, :, 3:].astype(np.int64)
    covered = (inks[:, :, :3] * light + largest // 2) // largest
    rgb: Array = (light - covered).clip(0).astype(inks.dtype)
    return rgb


def _of_ycbcr(stored: Array) -> Array:
    """Full range, Rec. 601."""
    luma, blue, red = np.moveaxis(stored.astype(np.float32), 2, 0)
    blue, red = blue - 128, red - 128
    rgb = np.stack([luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue], axis=2)
    levels: Array = np.rint(rgb).clip(0, 255).astype(np.uint8)
    return levels


def _of_lab(stored: Array, bits: int, *, signed: bool) -> Array:
    """8 or 16 bits to sRGB of as many: CIELab has a and b as signed numbers, ICCLab with an offset."""
    wide = stored.astype(np.float32)
    unit = 1 << (bits - 8)  # of a and b
    if signed:
        lightness = wide[:, :, 0] * np.float32(100 / ((1 << bits) - 1))
        opponents = stored[:, :, 1:].view(f"int{bits}").astype(np.float32) / unit
    else:
        lightness = wide[:, :, 0] * np.float32(100 / (255 * unit))  # of 16 bits, 0xFF00 is white
        opponents = wide[:, :, 1:] / unit - 128
    lab = np.stack([lightness, opponents[:, :, 0], opponents[:, :, 1]])
    levels: Array = np.rint(lab_to_srgb(lab) * ((1 << bits) - 1)).astype(stored.dtype)
    return np.ascontiguousarray(np.moveaxis(levels, 0, 2))


def _straight(stored: Array) -> Array:
    """Colours that were multiplied by alpha, the last channel, divided by it; where it is 0 they stay, as in Pillow."""
    alpha = stored[:, :, -1:]
    opacity = np.where(alpha == 0, 1, alpha).astype(np.float64)
    if stored.dtype.kind == "f":
        colours = stored[:, :, :-1] / opacity
    else:
        largest = np.iinfo(stored.dtype).max
        colours = np.floor(stored[:, :, :-1] * (largest / opacity) + 1e-9).clip(0, largest)
    colours = np.where(alpha == 0, stored[:, :, :-1], colours).astype(stored.dtype)
    return np.concatenate([colours, alpha], axis=2)


def nodata_tags(nodata: float | None) -> list[tuple[int, int, int, str, bool]]:
    """The number that stands for nothing measured, if there is one, as tifffile writes GDAL's tag."""
    return [] if nodata is None else [(GDAL_NODATA, 2, 0, f"{nodata:.17g}", True)]
