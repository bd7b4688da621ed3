"""What a TIFF says about its pixels beside their values, carried from a source to its translation.

GeoTIFF's tags (OGC 19-008, Annex A) say where on the earth the pixels lie, the resolution tags how large they are, and
so does OME-TIFF, which also names the channels. GDAL's nodata tag is not carried: it is about the source's numbers. Nor
is the orientation: a translation is upright, as its source was read.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from pix2pix.errors import BadPairError
from pix2pix.pictures.rows import TIFFS
from pix2pix.pictures.tiff.axes import picture_pages
from pix2pix.pictures.tiff.opening import open_tiff
from pix2pix.pictures.tiff.values import nodata_tags

log = logging.getLogger(__name__)

GEO_TAGS = {
    33550: "ModelPixelScale",
    33922: "ModelTiepoint",
    34264: "ModelTransformation",
    34735: "GeoKeyDirectory",
    34736: "GeoDoubleParams",
    34737: "GeoAsciiParams",
}
_ORIENTATION = 274


def carried(
    source: Path, channels: int, *, names: Sequence[str] = (), unit: str | None = None, nodata: float | None = None
) -> dict[str, Any]:
    """The arguments of `tifffile.TiffWriter.write` that give a translation what its source says.

    Args:
        source: a picture; of one that is no TIFF nothing is carried.
        channels: of the translation.
        names: of its channels, for OME-TIFF; without them those of the source, if it has as many.
        unit: of its values; OME-TIFF has no place for it.
        nodata: the number in it that stands for nothing measured, if it has one; written as GDAL does.

    Raises ValueError where the number of names is not that of the channels, BadPairError for a broken TIFF.
    """
    if names and len(names) != channels:
        raise ValueError(f"{len(names)} channel name(s) ({', '.join(names)}) for {channels} channel(s)")
    tags: list[tuple[int, int, int, Any, bool]] = [*nodata_tags(nodata)]
    arguments: dict[str, Any] = {"metadata": {} if unit is None else {"unit": unit}, "extratags": tags}
    if source.suffix.lower() not in TIFFS:
        return arguments
    try:
        with open_tiff(source) as tiff:
            page = picture_pages(source, tiff).keyframe
            ome = tiff.ome_metadata
            kept = [page.tags[code] for code in GEO_TAGS if code in page.tags]
            turned = page.tags[_ORIENTATION].value if _ORIENTATION in page.tags else 1
            if kept and turned != 1:
                log.warning(
                    "%s: its georeference is left out: it is for rows as orientation %s has them", source, turned
                )
                kept = []
            tags += [(tag.code, int(tag.dtype), tag.count, tag.value, True) for tag in kept]
            if 282 in page.tags and 283 in page.tags:
                unit_of_resolution = page.tags[296].value if 296 in page.tags else 2  # TIFF 6.0: inch by default
                across, down = page.tags[282].value, page.tags[283].value
                arguments["resolution"] = (down, across) if turned in range(5, 9) else (across, down)
                arguments["resolutionunit"] = int(unit_of_resolution)
    except BadPairError:
        raise
    except Exception as error:  # tifffile raises anything on broken bytes
        raise BadPairError(f"{source}: its TIFF tags cannot be read: {error}") from error
    if ome is not None:
        try:
            arguments["metadata"] = _of_ome(ome, channels, names)
            arguments["ome"] = True
        except (ElementTree.ParseError, StopIteration, ValueError) as error:
            log.warning("%s: its OME-XML is left out: %s", source, str(error) or "no Pixels")
    return arguments


def _of_ome(xml: str, channels: int, names: Sequence[str]) -> dict[str, Any]:
    """Pixel sizes and channel names in the form that tifffile writes OME-XML from."""
    pixels = next(element for element in ElementTree.fromstring(xml).iter() if element.tag.endswith("}Pixels"))
    sizes = {key: value for key, value in pixels.attrib.items() if key.startswith("PhysicalSize")}
    kept: dict[str, Any] = {key: value if key.endswith("Unit") else float(value) for key, value in sizes.items()}
    found = [element.get("Name") for element in pixels if element.tag.endswith("}Channel")]
    chosen = list(names) or (found if len(found) == channels and None not in found else [])
    if chosen:
        kept["Channel"] = {"Name": chosen}
    return kept
