"""Files that are whole: whoever writes beside, whatever a killed writer left, however long the name."""

from __future__ import annotations

import os
import re
import resource
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from pix2pix.files.atomic import draft_folder, whole_file, write_whole
from pix2pix.files.os_errors import in_words
from pix2pix.pictures.codecs import CODECS, read_picture, write_picture
from pix2pix.runs.checkpoint_io import AtomicCheckpointIO

NAMES = ["a.json", "x" * 250 + ".json", "ä" * 125 + ".json", os.fsdecode(b"caf\xe9" * 50 + b".json"), "x" * 255]


@contextmanager
def no_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def left(folder: Path, name: str) -> Path:
    """What a writer of folder/name leaves that is killed, an hour ago."""
    child = os.fork()
    if child == 0:
        with whole_file(folder / name) as file:
            file.write(b"half")
            file.flush()
            os._exit(0)
    os.waitpid(child, 0)
    (draft,) = (path for path in folder.iterdir() if path.name.startswith(f".{name}."))
    old = draft.stat().st_mtime - 3600
    os.utime(draft, (old, old))
    return draft


def test_of_two_writers_at_once_the_last_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with whole_file(path) as second:
        second.write(b"B" * 10)
        second.flush()
        with whole_file(path) as first:
            first.write(b"A" * 50)
        assert path.read_bytes() == b"A" * 50
        second.write(b"C" * 10)
    assert path.read_bytes() == b"B" * 10 + b"C" * 10
    assert list(tmp_path.iterdir()) == [path]


def test_many_writers_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    path, failures = tmp_path / "a.json", []

    def write(letter: str) -> None:
        try:
            for count in range(1, 100):
                write_whole(path, letter * 100 * count)
                assert re.fullmatch(r"(.)\1*", path.read_text())
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "ABCD"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert list(tmp_path.iterdir()) == [path]


def test_two_that_write_one_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As two judges of the same pictures do."""
    path, real = tmp_path / "judge.ckpt", os.fsync

    def fsync(handle: int) -> None:
        monkeypatch.setattr(os, "fsync", real)
        AtomicCheckpointIO().save_checkpoint({"name": "within"}, path)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    AtomicCheckpointIO().save_checkpoint({"name": "around"}, path)
    assert AtomicCheckpointIO().load_checkpoint(path) == {"name": "around"}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_that_a_file_may_have(tmp_path: Path, name: str) -> None:
    write_whole(tmp_path / name, "whole")
    assert (tmp_path / name).read_text() == "whole"
    picture = tmp_path / f"{name[:120]}.png"
    write_picture(picture, np.zeros((2, 2, 3), np.uint8))
    assert read_picture(picture).shape == (2, 2, 3)
    with draft_folder(tmp_path / name) as folder:
        assert folder.parent == tmp_path
    assert sorted(tmp_path.iterdir()) == sorted([tmp_path / name, picture])


def test_a_link_is_replaced_and_the_mode_is_the_usual_one(tmp_path: Path) -> None:
    precious, path = tmp_path / "precious.txt", tmp_path / "a.json"
    precious.write_text("kept")
    path.symlink_to(precious)
    write_whole(path, "whole")
    assert (precious.read_text(), path.is_symlink(), path.read_text()) == ("kept", False, "whole")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(precious.stat().st_mode)


def test_what_a_killed_writer_left_goes_and_nothing_else(tmp_path: Path) -> None:
    draft = left(tmp_path, "a.json")
    of_another = left(tmp_path, "a.json2")
    users = [".a.json.draft", ".a.json.mine.draft", f"{draft.name}.txt", draft.name.removeprefix(".")]
    for name in users:
        (tmp_path / name).write_bytes(b"a user's")
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / f"{draft.name[:-38]}{'0' * 32}.draft").symlink_to(tmp_path / users[0])
    write_whole(tmp_path / "a.json", "whole")
    kept = {path.name for path in tmp_path.iterdir() if not path.is_symlink()}
    assert kept == {"a.json", of_another.name, *users}
    assert (tmp_path / users[0]).read_bytes() == b"a user's"


def test_what_another_still_writes_stays_however_long_it_takes(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with whole_file(path) as slow:
        slow.write(b"slow")
        (draft,) = tmp_path.iterdir()
        os.utime(draft, (0, 0))
        write_whole(path, "quick")
        assert draft.exists()
    assert path.read_bytes() == b"slow"


def test_what_cannot_be_written_is_named_and_not_its_draft(tmp_path: Path) -> None:
    path, missing = tmp_path / "a.npy", tmp_path / "missing" / "a.json"
    writers: list[Callable[[], None]] = [
        lambda: write_whole(path, "x" * 100),
        lambda: write_picture(path, np.zeros((9, 9, 3))),
        lambda: AtomicCheckpointIO().save_checkpoint({"x": "x" * 100}, path),
    ]
    with no_larger_than(50):
        for write in writers:
            with pytest.raises(OSError, match="File too large") as error:
                write()
            assert str(path) in in_words(error.value)
            assert "draft" not in in_words(error.value)
        with pytest.raises(OSError, match="large") as error, draft_folder(tmp_path / "folder") as folder:
            (folder / "a").write_bytes(b"x" * 100)
        assert in_words(error.value).startswith(f"{tmp_path / 'folder'}: File too large; `ulimit -f`")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError) as error:
        write_whole(missing, "")
    assert in_words(error.value) == f"{missing}: No such file or directory"
    path.mkdir()
    with pytest.raises(IsADirectoryError) as error:
        write_whole(path, "")
    assert in_words(error.value) == f"{path}: Is a directory"


@pytest.mark.parametrize("suffix", [suffix for suffix, codec in CODECS.items() if codec.write is not None])
def test_a_picture_for_which_there_is_no_room_is_never_written_in_part(tmp_path: Path, suffix: str) -> None:
    """Whichever byte is the last that there is room for; libraries that write past Python drop what is left over."""
    picture = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    path, whole = tmp_path / f"a{suffix}", tmp_path / f"whole{suffix}"
    write_picture(whole, picture)
    size = whole.stat().st_size
    for room in (0, 100, 200, size // 2, size - 100, size - 1):
        with no_larger_than(room), pytest.raises(OSError, match="File too large") as error:
            write_picture(path, picture)
        assert error.value.filename == str(path)
        assert list(tmp_path.iterdir()) == [whole]


def test_what_goes_wrong_elsewhere_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error, whole_file(tmp_path / "a.json"):
        (tmp_path / "other").read_bytes()
    assert error.value.filename == str(tmp_path / "other")
