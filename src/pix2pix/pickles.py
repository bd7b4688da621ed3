"""Pickles of torch.save, looked through before PyTorch reads them: of what they name, and of how much they would make.

PyTorch's reader with `weights_only` runs no code of a file, but it calls `bytearray`, `Counter` and more, which can be
told to take any memory. Those that hold tensors and plain values need none of these.
"""

from __future__ import annotations

import pickle
import pickletools
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

MOST = 2_000_000  # instructions of a pickle; a checkpoint of 54 M parameters has 20 thousand
DEEPEST = 100  # containers within each other
HEAVIEST = 1 << 27  # characters, nearly, of all that is told
DIMENSIONS = 16  # of a tensor at most

# What PyTorch's own reader knows (protocol 2), without what asks it to call a class by another way than REDUCE.
INSTRUCTIONS = frozenset(
    {
        *("PROTO", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
        *("BINUNICODE", "SHORT_BINSTRING", "EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2"),
        *("TUPLE3", "APPEND", "APPENDS", "SETITEM", "SETITEMS", "BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET"),
        *("GLOBAL", "REDUCE", "BUILD", "BINPERSID"),
    }
)
REAL = ("Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
STORAGES = frozenset(f"{kind}Storage" for kind in (*REAL, "ComplexDouble", "ComplexFloat"))
DTYPES = frozenset({*("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")})


def check_pickle(file: IO[bytes]) -> None:
    """Look through the pickle that begins where the file stands, and leave the file behind it.

    Raises ValueError where it is none, names other things than tensors consist of, would take more memory than a few
    times its own length, or has tensors that reach beyond their storage.
    """
    start = file.tell()
    memo = 0
    for count, (instruction, argument, _) in enumerate(pickletools.genops(file)):
        if instruction.name not in INSTRUCTIONS or count > MOST:
            raise ValueError(f"its pickle has {instruction.name} as instruction {count}")
        if instruction.name in ("BINPUT", "LONG_BINPUT"):
            if not isinstance(argument, int) or argument > memo + 1:  # Python takes memory for all numbers up to it
                raise ValueError(f"its pickle remembers number {argument} after {memo} others")
            memo += 1
    end = file.tell()
    file.seek(start)
    _weight(_Rehearsal(file, encoding="utf-8").load(), {}, 0)
    file.seek(end)


def _weight(value: Any, known: dict[int, int], depth: int) -> int:
    """About the length of a value written out in full, since what is shared may be told of many times over."""
    if not isinstance(value, dict | list | tuple):
        return len(value) if isinstance(value, str) else 1
    if id(value) in known:
        return known[id(value)]
    if depth > DEEPEST:
        raise ValueError(f"it nests containers more than {DEEPEST} deep")
    parts = [*value, *value.values()] if isinstance(value, dict) else value
    known[id(value)] = weight = 1 + sum(_weight(each, known, depth + 1) for each in parts)
    if weight > HEAVIEST:
        raise ValueError("what it shares would fill the memory where it is written out")
    return weight


@dataclass(frozen=True)
class _Storage:
    numbers: int


class _Rehearsal(pickle.Unpickler):
    """Makes nothing but containers, numbers and texts, with a word in the place of each tensor."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in STORAGES | DTYPES:
            return name
        try:
            return CALLED[f"{module}.{name}"]
        except KeyError:
            raise ValueError(f"it names {module}.{name}") from None

    def persistent_load(self, pid: Any) -> _Storage:
        kind, storage, _, _, numbers, *_ = pid
        if kind != "storage" or storage not in STORAGES or not isinstance(numbers, int) or numbers < 0:
            raise ValueError("it has a storage of no kind")
        return _Storage(numbers)


def _tensor(storage: _Storage, offset: int, size: Sequence[int], stride: Sequence[int], *_: Any) -> str:
    """In the place of PyTorch's: the numbers of its storage that it reaches are there."""
    natural = all(isinstance(each, int) and each >= 0 for each in (offset, *size, *stride))
    if not natural or len(size) != len(stride) or len(size) > DIMENSIONS:
        raise ValueError("it has a tensor of no shape")
    last = offset + sum((side - 1) * step for side, step in zip(size, stride, strict=True))
    if all(size) and last >= storage.numbers:
        raise ValueError(f"it has a tensor of shape {tuple(size)} in {storage.numbers} numbers")
    return "tensor"


def _parameter(data: str, requires_grad: bool, hooks: Any) -> str:
    return data


def _empty() -> OrderedDict[Any, Any]:
    """Its items come later; given at once they could be copied any number of times."""
    return OrderedDict()


def _size(sides: Sequence[int]) -> tuple[int, ...]:
    if len(sides) > DIMENSIONS:
        raise ValueError(f"it has a size of {len(sides)} sides")
    return tuple(sides)


CALLED = {
    "collections.OrderedDict": _empty,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch.Size": _size,
}
