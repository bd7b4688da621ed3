"""What a pickle may name and make: honest files pass, whatever wrote them; those that only take memory are refused."""

from __future__ import annotations

import io
import pickle
import resource
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from pix2pix.pickles import check_pickle
from pix2pix.torch_files import read_torch

GIB = 1 << 30


def told(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def tensor(size: int, stride: int, numbers: int) -> bytes:
    """`size` numbers of a storage that has `numbers` of them."""
    storage = b"(" + text("storage") + told("torch", "FloatStorage") + text("0") + text("cpu") + number(numbers) + b"tQ"
    rest = number(0) + number(size) + b"\x85" + number(stride) + b"\x85" + b"\x89" + told("collections", "OrderedDict")
    return told("torch._utils", "_rebuild_tensor_v2") + b"(" + storage + rest + b")RtR"


LARGE = 2**30
BYTES = told("builtins", "bytearray") + number(LARGE) + b"\x85R"
SHARED = text("x" * 60_000) + b"q\x00"
HOSTILE = {
    "bytearray": BYTES,
    "bytearray of Python 2": told("__builtin__", "bytearray") + number(LARGE) + b"\x85R",
    "Counter": told("collections", "Counter") + b")R",
    "encode": told("_codecs", "encode") + text("a") + text("latin1") + b"\x86R",
    "a storage made by its class": told("torch.storage", "UntypedStorage") + number(LARGE) + b"\x85R",
    "a class of the user's": told("os", "system") + text("true") + b"\x85R",
    "a computed name": b"\x8c\x08builtins\x8c\x09bytearray\x93" + number(LARGE) + b"\x85R",
    "an instance": b"(" + number(LARGE) + b"ibuiltins\nbytearray\n",
    "a registered extension": b"\x82\x01",
    "a place far off in the memo": b"]r" + struct.pack("<I", 2**31),
    "copies of a long list": b"](" + b"N" * 1000 + b"eq\x00(" + (told("torch", "Size") + b"h\x00\x85R") * 1000 + b"t",
    "a dictionary given its items": told("collections", "OrderedDict") + b"]\x85R",
    "doubled fifty times": b"]q\x00"
    + b"".join(b"]h" + bytes([n]) + b"ah" + bytes([n]) + b"aq" + bytes([n + 1]) for n in range(50)),
    "a long text many times": SHARED + b"](" + b"h\x00" * 5000 + b"e",
    "itself": b"]q\x00h\x00a",
    "nested": b"]" * 5000 + b"a" * 4999,
    "a tensor beyond its storage": tensor(LARGE, 1, 4),
    "a tensor by a long stride": tensor(2, LARGE, 4),
}


def archive(file: Path, body: bytes) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as written:
        written.writestr("archive/data.pkl", b"\x80\x02" + body + b".")
        written.writestr("archive/version", "3\n")
        written.writestr("archive/data/0", bytes(16))


def of_before_1_6(file: Path, body: bytes) -> None:
    known = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    with file.open("wb") as written:
        for value in (0x1950A86A20F9469CFC6C, 1001, known):
            written.write(pickle.dumps(value, 2))
        body = body.replace(b"tQ", b"NtQ")  # of what the storage would be a view
        written.write(b"\x80\x02" + body + b"." + pickle.dumps(["0"], 2) + struct.pack("<q", 4) + bytes(16))


@pytest.mark.parametrize("write", [archive, of_before_1_6])
@pytest.mark.parametrize("kind", HOSTILE)
def test_what_only_takes_memory_is_refused(tmp_path: Path, kind: str, write: Any) -> None:
    write(tmp_path / "a.ckpt", HOSTILE[kind])
    assert (tmp_path / "a.ckpt").stat().st_size < 100_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=r"a\.ckpt cannot be read as a judge: it is none, was cut off, or holds more"):
        read_torch(tmp_path / "a.ckpt", "a judge")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10  # KiB


def test_such_a_tensor_within_its_storage_is_none_of_them(tmp_path: Path) -> None:
    """The hostile ones are refused for what they are, not for how these tests write them."""
    for write in (archive, of_before_1_6):
        write(tmp_path / "a.ckpt", tensor(2, 2, 4))
        assert read_torch(tmp_path / "a.ckpt", "a judge").tolist() == [0, 0]


def trained() -> dict[str, Any]:
    """What checkpoints hold, and more: every kind of number, shared and viewed tensors, states of optimizers."""
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(2, 2))
    states = []
    for kind in (torch.optim.Adam, torch.optim.SGD, torch.optim.RMSprop, torch.optim.Adagrad):
        optimizer = kind(network.parameters(), lr=1e-3)
        network(torch.rand(2, 3, 6, 4)).sum().backward()
        optimizer.step()
        states.append(optimizer.state_dict())
    kinds = (
        torch.float64,
        torch.float16,
        torch.bfloat16,
        torch.int32,
        torch.int16,
        torch.int8,
        torch.uint8,
        torch.bool,
    )
    one = torch.arange(24.0).view(4, 6)
    return {
        "state_dict": network.state_dict(),
        "optimizer_states": states,
        "kinds": [torch.ones(3, 2).to(kind) for kind in kinds],
        "complex": torch.ones(2, dtype=torch.complex64),
        "views": (one, one[1:, ::2], one.t(), one[:0], torch.tensor(3.0), torch.ones(1).expand(2, 5)),
        "random": torch.get_rng_state(),
        "parameter": nn.Parameter(torch.ones(2), requires_grad=False),
        "size": one.shape,
        "plain": {"é": [None, True, -1, 2**80, 1.5, "text"], "nested": OrderedDict(a=({},))},
        "dtype": torch.float32,
    }


@pytest.mark.parametrize("old", [False, True])
def test_honest_files_pass(tmp_path: Path, old: bool) -> None:
    """As PyTorch itself reads them, to the bit."""
    torch.save(trained(), tmp_path / "a.ckpt", _use_new_zipfile_serialization=not old)
    expected = torch.load(tmp_path / "a.ckpt", weights_only=True)
    found = read_torch(tmp_path / "a.ckpt", "a checkpoint")
    assert found.keys() == expected.keys()
    for name in ("state_dict", "optimizer_states", "kinds", "complex", "views", "random", "parameter"):
        assert torch.equal(flat(found[name]), flat(expected[name])), name
    assert [found[name] for name in ("size", "plain", "dtype")] == [
        expected[name] for name in ("size", "plain", "dtype")
    ]


def flat(value: Any) -> torch.Tensor:
    """All numbers within it, one after the other."""
    if isinstance(value, torch.Tensor):
        return value.detach().to(torch.complex128).flatten()
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return torch.cat([torch.empty(0, dtype=torch.complex128), *map(flat, parts)])


def test_what_stands_behind_a_pickle_is_left(tmp_path: Path) -> None:
    file = io.BytesIO(pickle.dumps([1, "a"], 2) + b"rest")
    check_pickle(file)
    assert file.read() == b"rest"


def test_a_name_is_told(tmp_path: Path) -> None:
    archive(tmp_path / "a.ckpt", BYTES)
    with pytest.raises(ValueError, match=r"more than tensors and plain values \(it names builtins\.bytearray\)"):
        read_torch(tmp_path / "a.ckpt", "a checkpoint")


def test_two_members_of_one_name(tmp_path: Path) -> None:
    """PyTorch does not tell capitals apart: it might read another than was looked through."""
    archive(tmp_path / "a.ckpt", tensor(2, 2, 4))
    with zipfile.ZipFile(tmp_path / "a.ckpt", "a") as written:
        written.writestr("archive/DATA.pkl", b"\x80\x02" + BYTES + b".")
    with pytest.raises(ValueError, match="two of its members have one name"):
        read_torch(tmp_path / "a.ckpt", "a checkpoint")


def test_the_memory_of_a_process_that_may_not_have_much(tmp_path: Path) -> None:
    """A file of a few bytes, which PyTorch alone would read at the cost of gigabytes."""
    archive(tmp_path / "a.ckpt", told("builtins", "bytearray") + BYTES + b"\x85R")
    code = (
        "import resource, sys; from pathlib import Path; from pix2pix.torch_files import read_torch\n"
        "try: read_torch(Path(sys.argv[1]), 'a checkpoint')\n"
        "except ValueError: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10)"
    )
    ran = subprocess.run([sys.executable, "-c", code, tmp_path / "a.ckpt"], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < GIB
