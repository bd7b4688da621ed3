"""A film is a file of its own bytes: neither its name nor what it says leads to another file, or to the network."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from threading import Thread

import av
import pytest
from tests.evaluation.untrained_runs import untrained
from tests.video.films import box_of, difference, patches, pictures, translator, write_film

from pix2pix.commands.data import main as data
from pix2pix.commands.translate import main as translate
from pix2pix.video.errors import FilmError
from pix2pix.video.reading import Film, count_frames
from pix2pix.video.translating import FilmOptions, translate_film

NAMES = ["12:30:05.mp4", "take:1.mp4", "http:film.mp4", "file:film.mp4", "concat:a|b.mp4", "film%03d.mp4", "-i.mp4"]
FRAMES = [patches(index) for index in range(6)]


@pytest.mark.parametrize("name", [*NAMES, "d\udcfcsseldorf.mp4"])
def test_a_name_is_no_address(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_film(tmp_path / "film.mp4", FRAMES).rename(tmp_path / name)
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    report = translate_film(translator(-1), name, Path("out") / name, FilmOptions(quality=1))
    (tmp_path / "out" / name).rename(tmp_path / "result.mp4")
    assert report.frames == 6
    assert difference(pictures(tmp_path / "result.mp4")[4], 255 - FRAMES[4]) < 3


def test_the_commands_take_such_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    untrained(tmp_path / "run")
    write_film(tmp_path / "film.mp4", FRAMES).rename(tmp_path / "12:30:05.mp4")
    assert translate(["run", "12:30:05.mp4", "-o", "take:1.mp4", "--size", "16"]) == 0
    assert count_frames("take:1.mp4") == 6
    assert data(["make", "12:30:05.mp4", "--driver", "edges", "-o", "pairs", "--val", "0.5"]) == 0


class Listener:
    """A server that counts who connects to it."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.calls = self.socket.getsockname()[1], 0
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                self.socket.accept()[0].close()
            except OSError:
                return
            self.calls += 1


def lists(secret: Path, port: int) -> dict[str, bytes]:
    """Files that lead FFmpeg to others: playlists, scripts and descriptions, by what they name."""
    address = f"http://127.0.0.1:{port}/film.mp4"
    found = {}
    for kind, place in (
        ("file", f"file:{secret}"), ("path", str(secret)), ("beside", secret.name), ("http", address),
        ("tcp", f"tcp://127.0.0.1:{port}"), ("subfile", f"subfile,,start,0,end,0,,:{secret}"),
    ):  # fmt: skip
        found[f"hls {kind}"] = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9.0,\n{place}\n#EXT-X-ENDLIST\n".encode()
        found[f"hls variants {kind}"] = f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{place}\n".encode()
        found[f"concat {kind}"] = f"ffconcat version 1.0\nfile '{place}'\n".encode()
        found[f"dash {kind}"] = (
            '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
            ' mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>'
            '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1" width="64" height="48">'
            f"<BaseURL>{place}</BaseURL></Representation></AdaptationSet></Period></MPD>"
        ).encode()
        found[f"asf {kind}"] = f"[Reference]\nRef1={place}\n".encode()
    found["rtsp"] = f"RTSPtext\nrtsp://127.0.0.1:{port}/film".encode()
    found["sdp"] = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
    found["text"] = b"words that a terminal shows in colours\n" * 100
    return found


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".ts", ".m3u8", ".ans"])
def test_no_list_leads_to_another_file_or_the_network(suffix: str, tmp_path: Path) -> None:
    secret, listener = write_film(tmp_path / "secret.mp4", FRAMES), Listener()
    for kind, content in lists(secret, listener.port).items():
        hostile = tmp_path / f"film{suffix}"
        hostile.write_bytes(content)
        with pytest.raises(FilmError, match=rf"film\{suffix}: cannot be read as a film"):
            raise AssertionError(f"{kind} was read: {Film(hostile).facts}")
    listener.socket.close()
    assert listener.calls == 0


def test_an_mp4_whose_pictures_lie_in_another_file_is_refused(tmp_path: Path) -> None:
    """QuickTime's references: the film beside it has the same bytes at the same places."""
    other = write_film(tmp_path / "other.mp4", FRAMES)
    film = bytearray(other.read_bytes())
    start, length = box_of(film, b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref+8", b"url ")
    assert length == 12
    data_start, data_length = box_of(film, b"mdat")
    film[data_start + 8 : data_start + data_length] = bytes(data_length - 8)
    alias = struct.pack(">I4sI", 12 + len("other.mp4") + 1, b"url ", 0) + b"other.mp4\0"
    film[start : start + length] = alias
    for depth in range(1, 7):
        box = [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"][:depth]
        place, size = box_of(film, *box)
        film[place : place + 4] = struct.pack(">I", size + len(alias) - length)
    (tmp_path / "film.mp4").write_bytes(film)
    with pytest.raises(FilmError, match=r"film\.mp4: "):
        Film(tmp_path / "film.mp4")


def test_pictures_beyond_the_limit_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    """A film of one colour is small, however large its pictures are."""
    large = tmp_path / "large.mkv"
    with av.open(large, "w") as film:
        video = film.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = 8192, 4400, "gray"
        frame = av.VideoFrame(8192, 4400, "gray")
        film.mux(video.encode(frame))
        film.mux(video.encode(None))
    with pytest.raises(FilmError, match=r"cannot be decoded: .* Pictures are read up to 36 million pixels"):
        Film(large)


def test_titles_need_not_be_utf_8(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mkv", FRAMES)
    film = source.read_bytes()
    assert film.count(b"Lavf") >= 1
    source.write_bytes(film.replace(b"Lavf", b"\xe4\xf6\xfcf"))
    assert translate_film(translator(), source, tmp_path / "result.mkv").frames == 6
