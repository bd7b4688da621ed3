"""A film translated frame by frame: time stamps, sound and all else stay as they are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from pix2pix.data.derive.holes import Holes
from pix2pix.data.domains import view_pair
from pix2pix.data.resize import resize
from pix2pix.files.atomic import identity
from pix2pix.inference.translator import Translator
from pix2pix.pictures.array import Array
from pix2pix.pictures.meaning import Meaning, marked
from pix2pix.video.coding import Coding, with_alpha
from pix2pix.video.drivers.drawings import Absent, Drawings
from pix2pix.video.drivers.driver import Driver
from pix2pix.video.errors import FilmError
from pix2pix.video.overlap import Behind, ahead
from pix2pix.video.reading import Facts, Film, Frame, Picture, spread_frames
from pix2pix.video.sizes import size_of
from pix2pix.video.smoothing import Smoothing
from pix2pix.video.writing import Chroma, FilmWriter, check_target

log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]  # frames done, and of how many as the file states (0: it does not)
HIGHEST_FACTOR = 51


@dataclass(frozen=True)
class FilmOptions:
    """How a film is translated and written.

    Attributes:
        noise: "steady": every frame has the same dropout noise, which flickers less; "fresh": each its own.
        smoothing: share of the past in each frame, see `Smoothing`; 0: none.
        quality, preset, chroma: see `FilmWriter`.
        side_by_side: the source, or the drawing, to the left of the result.
        others: whether sound, subtitles and further streams are copied.
        absent: what becomes of frames in which a driver finds nothing, see `Drawings`.
        overwrite: replace what is there.

    Raises FilmError for values that are out of range.
    """

    noise: Literal["steady", "fresh"] = "steady"
    smoothing: float = 0.0
    quality: float = 18
    preset: str = "medium"
    chroma: Chroma = "420"
    side_by_side: bool = False
    others: bool = True
    absent: Absent = "hold"
    overwrite: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.smoothing < 1:
            raise FilmError(f"smoothing is {self.smoothing}; expected 0 (none) or more, below 1")
        if not 0 <= self.quality <= HIGHEST_FACTOR:
            raise FilmError(f"quality is {self.quality}; expected 0 (without loss) to {HIGHEST_FACTOR}")


@dataclass
class FilmReport:
    """What became of a film.

    Attributes:
        path: of what was written: the target, or, where the film was cut short, its NAME.partial.mp4.
        frames: written; held and skipped: of those read, without a finding of the driver.
        cut: why it was cut short; None where it is whole.
        notes: what else is to be known, in words.
    """

    path: Path
    frames: int = 0
    held: int = 0
    skipped: int = 0
    cut: str | None = None
    notes: list[str] = field(default_factory=list)


def translate_film(
    translator: Translator,
    source: str | Path,
    target: str | Path,
    options: FilmOptions | None = None,
    *,
    driver: Driver | None = None,
    size: Sequence[int] | None = None,
    progress: Progress | None = None,
) -> FilmReport:
    """Translate a film, one frame in memory after another; decoding, translating and encoding overlap.

    Each frame keeps its time stamp, and its alpha where the target's format can hold it; what cannot be kept is logged
    before any work. A film that breaks off, and Ctrl-C, leave NAME.partial.mp4, playable up to there.

    Args:
        source: any film that FFmpeg reads; frames are turned upright, as players show them.
        target: .mp4, .mov or .mkv.
        driver: what draws the frames for the translator, ready for use; None: the frames themselves are translated.
        size: of the drawings, or what frames are resized to, and so of the result: [shorter side], or [height, width];
            None: as the source.
        progress: called after each frame.

    Raises:
        FilmError: the film cannot be read or written, or a driver finds nothing where `absent` is "error".
        BadPairError: frames are not of the translator's source domain, or too small.
        KeyboardInterrupt: once the part that is there has been closed.
    """
    options = options or FilmOptions()
    for place in check_target(target, overwrite=options.overwrite):
        if identity(place) == identity(Path(source)):
            raise FilmError(f"{place}: is the film that is read, and would be replaced: name another place")
    with Film(source) as film:
        own = film.facts.height, film.facts.width
        height, width = own if size is None else size_of(*own, size)
        shown = (height, width * 2 if options.side_by_side else width)
        stretched = (height, width) != own and (size is None or len(size) == 2)
        passed_on = film.facts.alpha and driver is None and not isinstance(translator.derivation, Holes)
        alpha = with_alpha(Path(target).suffix, film.facts.codec) if passed_on else None
        writer = FilmWriter(
            target,
            shown,
            film.facts,
            copied=film if options.others else None,
            quality=options.quality,
            preset=options.preset,
            chroma=options.chroma,
            aspect=None if stretched else film.facts.aspect,
            alpha=alpha,
            overwrite=options.overwrite,
        )
        report = FilmReport(writer.partial, notes=_notes(film, writer, shown, options))
        report.notes += _notes_on_alpha(film.facts, writer.path, alpha, passed_on, driver)
        for note in report.notes:
            log.warning("%s: %s", source, note)
        drawings = None if driver is None else Drawings(driver, (height, width), options.absent)
        translate = _Frames(
            translator, film.path, (height, width), options, drawings, alpha is not None, Smoothing(options.smoothing)
        )
        try:
            if driver is not None and driver.studied:
                driver.study(spread_frames(film.path, driver.studied))
            _translate_items(film, translate, writer, progress)
        except BaseException:
            writer.close()
            if writer.partial.is_file():
                log.warning("%s: holds the %d frames up to here, and can be played", writer.partial, writer.frames)
            raise
        report.frames, report.cut = writer.frames, film.cut
        if writer.path.suffix.lower() == ".mkv":
            notes = _notes_on_time(writer)
            for note in notes:
                log.info("%s: %s", source, note)
            report.notes += notes
        if drawings is not None:
            report.held, report.skipped = drawings.held, drawings.skipped
        if not writer.frames:
            writer.close()
            raise FilmError(f"{source}: nothing to write: {film.cut or 'no frame was left'}")
        if film.cut is None:
            report.path = writer.finish()
        else:
            writer.close()
    return report


def _translate_items(film: Film, translate: _Frames, writer: FilmWriter, progress: Progress | None) -> None:
    """Frames become translations, packets of other streams stay as they are."""
    with Behind() as behind, ahead(film.items(translate.bits, copied=translate.options.others)) as items:
        for item in items:
            if not isinstance(item, Frame):
                behind(writer.copy, item)
                continue
            result = translate(item)
            if result is not None:
                behind(writer.write, result, item.pts, item.duration)
            if progress is not None:
                progress(translate.read, film.facts.frames)
        behind.wait()


@dataclass
class _Frames:
    """Translates frame after frame of one film."""

    translator: Translator
    film: Path
    size: tuple[int, int]
    options: FilmOptions
    drawings: Drawings | None
    keeps_alpha: bool
    smooth: Smoothing
    read: int = 0

    @property
    def bits(self) -> int:
        """Of the frames that the translator, or the driver, takes."""
        return getattr(self.translator.source, "bits", 8) if self.drawings is None else 8

    def __call__(self, frame: Frame) -> Picture | None:
        """The frame to write, (H, W, 3, or 4 with alpha) uint8; None where it is to be left out."""
        self.read += 1
        taken = self._taken(frame)
        if taken is None:
            return None
        name = self.film.stem if self.options.noise == "steady" else f"{self.film.stem}_{self.read:06d}"
        encoded = self.translator.encode(taken, f"{self.film}, frame {self.read}", self.size)
        translation = self.translator.translate(encoded[None], [name])[0]
        shown, result = view_pair(self.translator.source, self.translator.target, encoded.numpy(), translation.numpy())
        result = self.smooth(shown, result)
        if self.keeps_alpha:
            alpha = self._alpha(frame)
            shown, result = (np.concatenate([each, alpha], axis=2) for each in (shown, result))
        return np.concatenate([shown, result], axis=1) if self.options.side_by_side else result

    def _taken(self, frame: Frame) -> Array | None:
        """What the translator takes: with alpha where that says what is missing; None: nothing was found to draw."""
        if self.drawings is not None:
            return self.drawings(frame.picture, f"{self.film}, frame {self.read}")
        if frame.alpha is None or not isinstance(self.translator.derivation, Holes):
            return frame.picture
        return marked(np.concatenate([frame.picture, frame.alpha[:, :, None]], axis=2), Meaning(alpha=True))

    def _alpha(self, frame: Frame) -> Picture:
        """(H, W, 1) in the size of the result."""
        assert frame.alpha is not None
        alpha = frame.alpha if frame.alpha.dtype == np.uint8 else frame.alpha >> 8
        resized = resize(alpha.astype(np.uint8)[:, :, None], self.size, self.translator.source.interpolation)
        return np.asarray(resized, np.uint8)


def _notes(film: Film, writer: FilmWriter, shown: tuple[int, int], options: FilmOptions) -> list[str]:
    notes = list(film.facts.losses)
    if writer.lengthened:
        notes.append(
            f"{shown[1]} x {shown[0]} (width x height): odd sides are one pixel longer, as H.264 for all players wants"
            " it; chroma 444 keeps them"
        )
    if writer.left_out:
        notes.append(f"not copied, for they are neither sound, subtitles nor film: {', '.join(writer.left_out)}")
    return notes


def _notes_on_alpha(
    facts: Facts, target: Path, kept: Coding | None, passed_on: bool, driver: Driver | None
) -> list[str]:
    if not facts.alpha:
        return []
    if kept is not None:
        return [
            f"its alpha is kept, and so the result is {kept.called}, which is larger than H.264 and heeds no quality;"
            " name it .mp4 to leave alpha out"
        ]
    if passed_on:
        return [
            f"its alpha is left out, since a {target.suffix} has none; name it {target.with_suffix('.mov')} to keep it"
        ]
    if driver is not None:
        return ["its alpha is left out: drawings have none"]
    return ["what is transparent is filled, as missing; the result has no alpha"]


def _notes_on_time(writer: FilmWriter) -> list[str]:
    """What becomes of time stamps in Matroska."""
    notes = []
    if writer.rounded:
        notes.append("frames are shown up to half a millisecond earlier or later, since .mkv counts in milliseconds")
    if writer.earliest < 0:
        notes.append(f"all is {float(-writer.earliest):.3f} s later, since .mkv counts from 0")
    return notes
