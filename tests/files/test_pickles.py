"""Pickles of torch.save: whatever they ask for, little memory and time is taken; what torch.save writes is read."""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.hostile import mutate
from tests.hostile.mutate import try_file
from torch import Tensor, nn
from torch.serialization import MAGIC_NUMBER, PROTOCOL_VERSION

from pix2pix.files.torch_files import DamagedError, read_torch

BEGIN, END = b"\x80\x02", b"."
HUGE = b"J" + struct.pack("<i", 1500 << 20)
WORDS = {"bytearray": b"c__builtin__\nbytearray\n", "ordered": b"ccollections\nOrderedDict\n"}
WORDS |= {"set": b"c__builtin__\nset\n"}
ENCODE = b"c_codecs\nencode\n"
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value: int) -> bytes:
    encoded = pickle.encode_long(value)
    return b"\x8a" + bytes([len(encoded)]) + encoded


def storage(count: int, kind: bytes = b"ctorch\nFloatStorage\n") -> bytes:
    return b"(" + text("storage") + kind + text("0") + text("cpu") + number(count) + b"tQ"


def tensor(count: int, offset: int = 0, side: int = 3, stride: int = 1) -> bytes:
    shape = number(side) + b"\x85" + number(stride) + b"\x85"
    return REBUILD + b"(" + storage(count) + number(offset) + shape + b"\x89" + WORDS["ordered"] + b")RtR"


def listed(count: int) -> bytes:
    """A list of so many None, known as 0."""
    return b"]q\0(" + b"N" * count + b"e"


def doubled(empty: bytes, pair: bytes, times: int) -> bytes:
    """A container that holds one twice, which holds one twice…; known as `times`."""
    levels = (
        b"h" + bytes([level]) + b"h" + bytes([level]) + pair + b"q" + bytes([level + 1]) for level in range(times)
    )
    return empty + b"q\0" + b"".join(levels)


# What each would take without a check: memory, or time.
HOSTILE: dict[str, bytes] = {
    "1.5 GiB of zeros": 2 * WORDS["bytearray"] + HUGE + b"\x85R\x85R",
    "zeros behind a tuple": WORDS["bytearray"] + HUGE + b"\x85q\0Rq\1",
    "counted": b"ccollections\nCounter\n" + text("a" * 4000) + b"\x85R",
    "texts encoded": b"c_codecs\nencode\nq\1"
    + text("a" * 100_000)
    + text("latin1")
    + b"\x86q\0"
    + b"h\1h\0R" * 100_000,
    "texts in utf-32": ENCODE + text("a" * 100_000) + text("utf-32") + b"\x86R",
    "a list copied": WORDS["set"] + b"q\1" + listed(400_000) + b"\x85q\2" + b"h\1h\2R" * 400_000,
    "a dictionary copied": WORDS["ordered"]
    + b")R}q\1("
    + b"".join(text(f"{key}") + b"N" for key in range(90_000))
    + b"u"
    + b"bh\1" * 400_000
    + b"b",
    "many values": b"]" * 2_000_000,
    "many dictionaries": WORDS["ordered"] + b"q\1" + b"h\1)R" * 2_000_000,
    "deep": b"]" * 100_000 + b"a" * 99_999,
    "tuples doubled": doubled(b")", b"\x86", 40),
    "a tuple doubled as a key": b"}" + doubled(b")", b"\x86", 40) + b"Ns",
    "in itself": b"]q\0h\0a",
    "numbers that share a hash": b"}(" + b"".join(number(k * (2**61 - 1)) + b"N" for k in range(1, 60_000)) + b"u",
    "a tensor of few numbers": tensor(3, side=1 << 40, stride=0),
    "many sides": REBUILD + b"(" + storage(3) + b"K\0(" + b"K\1" * 99 + b"t(" + b"K\1" * 99 + b"t\x89NtR",
    "sides beyond numbers": tensor(3, side=1 << 62, stride=1 << 62),
    "a tensor beyond its storage": tensor(3, side=4),
    "an offset beyond its storage": tensor(3, offset=1 << 40),
    "a negative offset": tensor(3, offset=-2),
    "a storage beyond the file": tensor(1 << 34),
    "a quantised tensor": b"ctorch._utils\n_rebuild_qtensor\n" + HUGE + b"\x85R",
    "a tensor without storage": b"ctorch._utils\n_rebuild_meta_tensor_no_storage\n(NNNNtR",
    "a tensor made anew": b"ctorch\nFloatTensor\n" + HUGE + b"\x85R",
    "a class made anew": b"ctorch\nTensor\n)\x81",
    "attributes": WORDS["ordered"] + b")R}" + text("items") + b"Nsb",
    "a function": WORDS["ordered"],
    "an extension": b"\x82\1",
    "an instance": b"(" + b"icollections\nOrderedDict\n",
    "a name put together": text("builtins") + text("bytearray") + b"\x93",
}

AS_STREAMS = ("1.5 GiB", "a tensor", "a storage", "deep")


def archive(path: Path, pickled: bytes) -> None:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a/data.pkl", pickled)
        made.writestr("a/version", "3\n")
        made.writestr("a/data/0", bytes(12))


def stream(path: Path, pickled: bytes) -> None:
    """As PyTorch wrote before 1.6."""
    about = {"protocol_version": PROTOCOL_VERSION, "little_endian": True, "type_sizes": {"int": 4}}
    before = b"".join(pickle.dumps(each, protocol=2) for each in (MAGIC_NUMBER, PROTOCOL_VERSION, about))
    keys = pickle.dumps(["0"], protocol=2)
    path.write_bytes(before + pickled.replace(b"tQ", b"NtQ") + keys + struct.pack("<q", 3) + bytes(12))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutate, "MEMORY", 200 << 20)
    monkeypatch.setattr(mutate, "SECONDS", 20)  # of the processor, with coverage measured


@pytest.mark.parametrize(
    ("asked", "write"),
    [(asked, archive) for asked in HOSTILE] + [(asked, stream) for asked in HOSTILE if asked.startswith(AS_STREAMS)],
)
@pytest.mark.usefixtures("few")
def test_what_a_pickle_asks_for_is_refused(tmp_path: Path, asked: str, write: Callable[[Path, bytes], None]) -> None:
    write(tmp_path / "a.ckpt", BEGIN + HOSTILE[asked] + END)
    outcome = try_file(lambda path: read_torch(path, "a checkpoint", mmap=True), tmp_path / "a.ckpt")
    assert outcome.kind == "clean", outcome
    assert "a.ckpt cannot be read as a checkpoint: " in outcome.detail


@pytest.mark.parametrize("write", [archive, stream])
def test_what_is_made_here_by_hand_is_read(tmp_path: Path, write: Callable[[Path, bytes], None]) -> None:
    """So that the others are refused for what they ask for, and not for how they were written."""
    write(tmp_path / "a.ckpt", BEGIN + tensor(3) + END)
    assert torch.equal(read_torch(tmp_path / "a.ckpt", "a checkpoint"), torch.zeros(3))


def honest() -> dict[str, Any]:
    """What checkpoints hold."""
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    shared, kinds = torch.arange(12.0), ("uint8", "int8", "int16", "int32", "int64", "bool")
    return {
        "plain": {"a": [1, -1, 2**40, 0.5, "é", None, True, float("inf")], 3: ((), (1,), (1, 2)), "b": {1, "x"}},
        "a state dict": module.state_dict(),
        "a state dict with parameters": module.state_dict(keep_vars=True),
        "numbers": [torch.arange(4).to(getattr(torch, name)) for name in kinds],
        "fractions": [torch.randn(5).to(each) for each in (torch.half, torch.bfloat16, torch.float, torch.double)],
        "views": [shared, shared[3:7], shared.view(3, 4).T, shared[:1].expand(5), torch.zeros(0, 3), torch.tensor(2.0)],
        "sizes": module[0].weight.shape,
        "random states": {"torch": torch.get_rng_state(), "python": (3, (1, 2**31), None)},
        "a record": {"palette": [[index % 256, 0, 255] for index in range(1_000)]},
    } | {name: _stepped(name) for name in OPTIMIZERS}


OPTIMIZERS = ["Adam", "AdamW", "NAdam", "RAdam", "Adamax", "Adadelta", "Adagrad", "ASGD", "SGD", "RMSprop", "Rprop"]
OPTIMIZERS += ["Adafactor", "LBFGS"]


def _stepped(name: str) -> Any:
    weight = nn.Parameter(torch.ones(3, 4))
    optimizer = getattr(torch.optim, name)([weight], lr=0.1, **({"momentum": 0.9} if name == "SGD" else {}))

    def loss() -> Tensor:
        optimizer.zero_grad()
        found = weight.square().sum()
        found.backward()  # type: ignore[no-untyped-call]
        return found

    optimizer.step(loss)
    return optimizer.state_dict()


def same(one: Any, other: Any) -> bool:
    """Whether two contents are the same, of the same classes, to the bit."""
    if isinstance(one, Tensor):
        return one.dtype == other.dtype and one.shape == other.shape and bits(one) == bits(other)
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and same(list(one.values()), list(other.values()))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def bits(tensor: Tensor) -> bytes:
    return bytes(tensor.detach().clone().untyped_storage())


@pytest.mark.parametrize("mmap", [True, False])
@pytest.mark.parametrize("zipped", [True, False])
def test_honest_files_are_read_as_pytorch_reads_them(tmp_path: Path, zipped: bool, mmap: bool) -> None:
    for name, content in honest().items():
        torch.save(content, tmp_path / "a.ckpt", _use_new_zipfile_serialization=zipped)
        expected = torch.load(tmp_path / "a.ckpt", weights_only=True)
        found = read_torch(tmp_path / "a.ckpt", "a checkpoint", mmap=mmap)
        assert same(found, expected), name
        assert getattr(found, "_metadata", None) == getattr(expected, "_metadata", None)


def test_files_of_python_2_are_read(tmp_path: Path) -> None:
    """They hand the items of a state dict over as a list of lists, and write texts as bytes."""
    stream(tmp_path / "a.pth", BEGIN + WORDS["ordered"] + b"](](U\3one" + tensor(3) + b"ee\x85R" + END)
    expected = torch.load(tmp_path / "a.pth", weights_only=True)
    found = read_torch(tmp_path / "a.pth", "weights")
    assert type(found) is OrderedDict
    assert same(found, expected)
    assert list(found) == ["one"]


def test_weights_that_others_published_are_read() -> None:
    folder = files("torchmetrics.functional.image").joinpath("lpips_models")
    for name in ("alex.pth", "squeeze.pth", "vgg.pth"):
        path = Path(str(folder.joinpath(name)))
        assert same(read_torch(path, "weights"), torch.load(path, map_location="cpu", weights_only=True))


@pytest.mark.parametrize("content", [Counter("abc"), b"abc", bytearray(3), 1j, torch.float32, torch.device("cpu")])
def test_what_no_checkpoint_of_a_run_holds_is_named(tmp_path: Path, content: object) -> None:
    torch.save({"a": content}, tmp_path / "a.ckpt")
    with pytest.raises(ValueError, match=r"holds more than tensors and plain values \(it names [\w.]+\)"):
        read_torch(tmp_path / "a.ckpt", "a checkpoint")


def _two_directories(path: Path) -> None:
    """One where the end says that it is, where PyTorch looks; one directly before the end, where zipfile looks."""
    parts = []
    for pickled in (BEGIN + HOSTILE["1.5 GiB of zeros"] + END, BEGIN + b"}" + END):
        archive(path, pickled)
        data = path.read_bytes()
        start = struct.unpack("<L", data[-6:-2])[0]
        parts += [data[:start], data[start:-22], data[-22:]]
    members, directory, end, other_members, other_directory, _ = parts
    entries = [b"PK\1\2" + each for each in other_directory.split(b"PK\1\2")[1:]]
    shift = len(members) - len(other_members)  # since zipfile takes what is between for something before the archive
    places = [struct.pack("<L", struct.unpack("<L", each[42:46])[0] + shift) for each in entries]
    moved = b"".join(each[:42] + place + each[46:] for each, place in zip(entries, places, strict=True))
    path.write_bytes(members + directory + other_members + moved + end)
    with zipfile.ZipFile(path) as found:
        assert found.read("a/data.pkl") == BEGIN + b"}" + END


def _compressed(path: Path) -> None:
    archive(path, BEGIN + b"}" + END)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a/data/1", bytes(1 << 28))


def _over_each_other(path: Path) -> None:
    """A thousand members at one place: 10 GB to verify in a file of 10 MB."""
    archive(path, BEGIN + b"}" + END)
    with zipfile.ZipFile(path, "a") as made:
        made.writestr("a/data/1", bytes(10 << 20))
        made.filelist += [made.getinfo("a/data/1")] * 1000


@pytest.mark.parametrize("write", [_two_directories, _compressed, _over_each_other])
@pytest.mark.usefixtures("few")
def test_an_archive_that_is_more_than_it_says_is_refused(tmp_path: Path, write: Callable[[Path], None]) -> None:
    write(tmp_path / "a.ckpt")
    outcome = try_file(lambda path: read_torch(path, "a checkpoint"), tmp_path / "a.ckpt")
    assert outcome.kind == "clean", outcome


@pytest.mark.parametrize("length", [0, 3, 4, 50, 97, 98, 300])
def test_a_file_that_was_cut_is_damaged(tmp_path: Path, length: int) -> None:
    torch.save({"a": torch.ones(3)}, tmp_path / "a.ckpt")
    (tmp_path / "a.ckpt").write_bytes((tmp_path / "a.ckpt").read_bytes()[:length])
    with pytest.raises(ValueError, match="cannot be read as a checkpoint: ") as raised:
        read_torch(tmp_path / "a.ckpt", "a checkpoint")
    assert isinstance(raised.value, DamagedError) == (length != 3)
    assert ("it is empty" in str(raised.value)) == (length == 0)
