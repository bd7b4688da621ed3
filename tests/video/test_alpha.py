"""Films with alpha: it is kept where the result's format can hold it, and else what is lost is told before any work."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tests.video.films import Same, difference, patches, seconds, translator

from pix2pix.data.derive.holes import Holes
from pix2pix.data.domains import Rgb
from pix2pix.errors import BadPairError
from pix2pix.inference.translator import Translator
from pix2pix.video.reading import Film
from pix2pix.video.translating import FilmOptions, translate_film

SOURCES = {  # how films with alpha are stored: encoder, layout of pixels, options
    "prores.mov": ("prores_ks", "yuva444p10le", {"profile": "4444"}),
    "png.mov": ("png", "rgba", {}),
    "animation.mov": ("qtrle", "argb", {}),
    "ffv1.mkv": ("ffv1", "bgra", {}),
    "ut.avi": ("utvideo", "gbrap", {}),
}
BESIDE = {"vp9.webm": "libvpx-vp9", "vp8.webm": "libvpx", "vp9.mkv": "libvpx-vp9"}


def alpha(index: int, height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    """(H, W): transparent, half so, opaque, from left to right; elsewhere in each frame."""
    steps = np.repeat(np.array([0, 128, 255, 60], np.uint8), -(-width // 4))[:width]
    return np.tile(np.roll(steps, 16 * index), (height, 1))


def write(path: Path, height: int = 48, width: int = 64, rotation: int = 0) -> Path:
    """Four frames of `patches` and `alpha`."""
    encoder, layout, options = SOURCES.get(path.name) or (BESIDE[path.name], "yuva420p", {"crf": "4"})
    if encoder == "libvpx":
        options = options | {"auto-alt-ref": "0"}
    with av.open(path, "w") as film:
        video: Any = film.add_stream(encoder, rate=25, options=dict(options))
        video.width, video.height, video.pix_fmt = width, height, layout
        video.time_base = video.codec_context.time_base = Fraction(1, 25)
        if rotation:
            video.set_display_rotation(rotation)
        if path.name in BESIDE:
            video.metadata["alpha_mode"] = "1"
        for index in range(4):
            picture = np.dstack([patches(index, height, width), alpha(index, height, width)])
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgba").reformat(format=layout)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            film.mux(video.encode(frame))
        film.mux(video.encode(None))
    return path


def frames(path: Path) -> tuple[str, list[NDArray[np.uint8]]]:
    """The codec's name and the frames, (H, W, 4)."""
    with av.open(path) as film:
        decoded = list(film.decode(video=0))
        assert all(any(each.is_alpha for each in frame.format.components) for frame in decoded)
        shown = [np.asarray(frame.to_ndarray(format="rgba"), np.uint8) for frame in decoded]
        return film.streams.video[0].codec_context.name, shown


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("suffix", [".mov", ".mkv"])
def test_alpha_is_kept_frame_by_frame(name: str, suffix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = write(tmp_path / name)
    told: list[str] = []
    report = translate_film(
        translator(-1), source, tmp_path / f"result{suffix}", progress=lambda *_: told.append(caplog.text)
    )
    codec, shown = frames(report.path)
    kept = {"png.mov": "png", "animation.mov": "qtrle"}.get(name, "prores")
    assert codec == ("ffv1" if suffix == ".mkv" else kept)
    assert seconds(report.path) == seconds(source)
    for index, frame in enumerate(shown):
        assert difference(frame[:, :, :3], 255 - patches(index)) < 3
        assert np.abs(frame[:, :, 3].astype(int) - alpha(index)).max() <= 2
        assert frame[alpha(index) == 255, 3].min() == 255
        assert frame[alpha(index) == 0, 3].max() == 0
    called = {"png": "PNG", "qtrle": "QuickTime Animation", "prores": "ProRes 4444", "ffv1": "FFV1"}[codec]
    assert f"{name}: its alpha is kept, and so the result is {called}" in told[0]


@pytest.mark.parametrize("name", SOURCES)
def test_what_mp4_cannot_hold_is_told_before_any_work(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    report = translate_film(
        translator(), write(tmp_path / name), tmp_path / "result.mp4", progress=lambda *_: told.append(caplog.text)
    )
    said = f"its alpha is left out, since a .mp4 has none; name it {tmp_path / 'result.mov'} to keep it"
    assert report.notes[-1] == said
    assert f"{name}: {said}" in told[0]


@pytest.mark.parametrize("name", BESIDE)
def test_alpha_that_is_not_read_is_told_before_any_work(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The result does not say that it has any, which Matroska could."""
    source = write(tmp_path / name)
    told: list[str] = []
    report = translate_film(translator(), source, tmp_path / "result.mkv", progress=lambda *_: told.append(caplog.text))
    assert f"{name}: its alpha is not read, since {name[:3]} has it beside the pictures" in told[0]
    assert f"ffmpeg -c:v {BESIDE[name]} -i {source}" in told[0]
    with av.open(report.path) as film:
        assert "alpha_mode" not in {key.lower() for key in film.streams.video[0].metadata}


def test_alpha_is_resized_turned_and_shown_beside_as_the_pictures(tmp_path: Path) -> None:
    source = write(tmp_path / "png.mov", 47, 63)
    with av.open(translate_film(translator(), source, tmp_path / "odd.mov").path) as film:
        assert (film.streams.video[0].width, film.streams.video[0].height) == (63, 47)
    turned = translate_film(translator(), write(tmp_path / "prores.mov", rotation=90), tmp_path / "turned.mov")
    assert difference(frames(turned.path)[1][1][:, :, 3], np.rot90(alpha(1))) <= 2
    half = translate_film(translator(), write(tmp_path / "animation.mov"), tmp_path / "half.mov", size=[24])
    shown = frames(half.path)[1][1]
    assert shown.shape == (24, 32, 4)
    assert difference(shown[:, :, 3], alpha(1)[::2, ::2]) <= 1
    both = translate_film(
        translator(-1), source, tmp_path / "both.mkv", FilmOptions(side_by_side=True, others=False), size=[48, 64]
    )
    shown = frames(both.path)[1][2]
    assert shown.shape == (48, 128, 4)
    assert (shown[:, :64, 3] == shown[:, 64:, 3]).all()


def test_alpha_of_16_bits_is_read_beside_its_picture(tmp_path: Path) -> None:
    with Film(write(tmp_path / "prores.mov")) as film:
        frame = next(film.frames(16))
    assert frame.alpha is not None
    assert frame.picture.dtype == frame.alpha.dtype == np.uint16
    assert frame.picture.shape == (48, 64, 3)
    assert np.abs((frame.alpha >> 8).astype(int) - alpha(0)).max() <= 1
    deep = Translator(Same(), Rgb(bits=16), Rgb())
    shown = frames(translate_film(deep, tmp_path / "prores.mov", tmp_path / "result.mov").path)[1][0]
    assert np.abs(shown[:, :, 3].astype(int) - alpha(0)).max() <= 2


class Filler(Same):
    """Remembers the first source, and stops."""

    seen: torch.Tensor

    def __call__(self, source: torch.Tensor, names: object) -> torch.Tensor:
        self.seen = source
        raise BadPairError("seen")


def test_what_is_transparent_is_missing_to_a_run_that_fills_holes(tmp_path: Path) -> None:
    """As of pictures: the network sees the middle grey there, not the colours that lie under alpha."""
    source = write(tmp_path / "png.mov")
    filler = Filler()
    with pytest.raises(BadPairError, match="seen"):
        translate_film(Translator(filler, Rgb(), Rgb(), Holes()), source, tmp_path / "result.mov")
    grey = (filler.seen[0] * 127.5 + 127.5).round().permute(1, 2, 0).numpy() == 128
    assert (grey.all(axis=2) == (alpha(0) == 0)).all()
    filled = translate_film(Translator(Same(), Rgb(), Rgb(), Holes()), source, tmp_path / "result.mov")
    assert filled.notes == ["what is transparent is filled, as missing; the result has no alpha"]


def test_gif_and_palettes(tmp_path: Path) -> None:
    """GIF is read with alpha; of a palette only one that makes something transparent counts."""
    for name, encoder, layout, has in (("film.gif", "gif", "pal8", True), ("film.avi", "msrle", "pal8", False)):
        with av.open(tmp_path / name, "w") as film:
            video: Any = film.add_stream(encoder, rate=25)
            video.width, video.height, video.pix_fmt = 64, 48, layout
            indices = np.repeat(np.arange(48, dtype=np.uint8)[:, None], 64, axis=1)
            palette = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 4, axis=1)
            palette[:, 0] = 255  # alpha, before red, green and blue
            both: Any = (indices, palette)
            film.mux(video.encode(av.VideoFrame.from_ndarray(both, format=layout)))
            film.mux(video.encode(None))
        with Film(tmp_path / name) as film:
            assert film.facts.alpha is has
