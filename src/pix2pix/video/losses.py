"""What a film says that is lost when its frames are read as pictures of 8 bits; found before any work, to be told."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

BITS = 8  # of a colour in what is made of films
HDR = {16: "PQ", 18: "HLG"}  # transfer characteristics of ITU-T H.273
BESIDE = {
    Type.A53_CC: "closed captions",
    Type.STEREO3D: "how two eyes see it",
    Type.SPHERICAL: "how it lies around the viewer",
    Type.GOP_TIMECODE: "time codes",
    Type.S12M_TIMECODE: "time codes",
    Type.ICC_PROFILE: "a colour profile",
    Type.MASTERING_DISPLAY_METADATA: "the display of its mastering",
    Type.CONTENT_LIGHT_LEVEL: "how bright it gets",
    Type.DYNAMIC_HDR_PLUS: "HDR10+",
    Type.DYNAMIC_HDR_VIVID: "HDR Vivid",
    Type.DOVI_RPU_BUFFER: "Dolby Vision",
    Type.DOVI_METADATA: "Dolby Vision",
}


def shows_alpha(frame: VideoFrame) -> bool:
    """Whether a decoded frame has alpha. Most palettes could hold it and do not use it, so of those this one counts."""
    if frame.format.has_palette:
        return int(frame.to_ndarray(format="rgba")[:, :, 3].min()) < 255
    return any(component.is_alpha for component in frame.format.components)


def losses(path: Path, stream: VideoStream, first: VideoFrame) -> tuple[str, ...]:
    """In words, a sentence each.

    Args:
        path: of the film.
        first: frame of its stream, as it was decoded.
    """
    lost = []
    codec = stream.codec_context.name
    if any(key.lower() == "alpha_mode" and value == "1" for key, value in stream.metadata.items()):
        decoder = "libvpx" if codec == "vp8" else "libvpx-vp9"
        lost.append(
            f"its alpha is not read, since {codec} has it beside the pictures; to keep it, convert it first: ffmpeg"
            f" -c:v {decoder} -i {shlex.quote(str(path))} -c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le NAME.mov"
        )
    if first.interlaced_frame:
        lost.append(
            "interlaced: each picture is two, of every other row, and both are taken as one; for a film without combs"
            " where things move, deinterlace it first"
        )
    bits = max(component.bits for component in first.format.components)
    if first.color_trc in HDR:
        lost.append(
            f"HDR ({HDR[first.color_trc]}): its numbers are taken as they are, in {BITS} bits, and are not those of"
            " photos, which networks are trained on; for such, convert it to SDR first"
        )
    elif bits > BITS:
        lost.append(f"{bits} bits a colour: what is made of it has {BITS}")
    beside: Any = first.side_data
    if named := dict.fromkeys(BESIDE[each.type] for each in beside if each.type in BESIDE):
        lost.append(f"not passed on, what it says beside its pictures: {', '.join(named)}")
    return tuple(lost)
