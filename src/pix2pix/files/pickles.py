"""Pickles of torch.save, gone through before PyTorch reads them: what they name, and how much it would become.

PyTorch's `weights_only` calls no code of a file's choice, but `bytearray(n)` and the like it does call, with any n.
Here a pickle is carried out on stand-ins, which cost nothing, and refused where it names anything but the few functions
of which tensors are made, hands them what torch.save would not, or becomes more than its file is worth.

So files are read that hold numbers, texts, None, lists, tuples, dicts, sets of these, and dense tensors of usual
numbers. Refused are bytes, complex numbers, counters, dtypes, devices, NumPy's numbers, and tensors that are sparse,
quantised, of 8 bits or unsigned (but for uint8), or that carry attributes.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pickletools import genops
from typing import Any, TypeVar

LARGEST = 32 << 20  # bytes of all pickles of a file: names and plain values, no numbers of tensors
MOST = 1_000_000  # steps of its pickles, and values that they make: as many values as a record may hold
DEEPEST = 32  # levels of containers
SIDES, LONGEST = 32, 1 << 48  # of a tensor: how many, and how long

# Bytes of a number in each kind of storage, as pickles name it.
ITEM_BYTES = {"Double": 8, "Float": 4, "Half": 2, "BFloat16": 2}
ITEM_BYTES |= {"Long": 8, "Int": 4, "Short": 2, "Char": 1, "Byte": 1, "Bool": 1}


class PickleError(ValueError):
    """A pickle that is not read; the message says why, of "it"."""


@dataclass(frozen=True)
class _Kind:
    """Stands for a class of storages."""

    item_bytes: int


@dataclass(frozen=True)
class _Storage:
    """Stands for the numbers of tensors."""

    kind: _Kind
    count: int


class _Tensor:
    """Stands for a tensor."""


PLAIN = (type(None), bool, int, float, str)
T = TypeVar("T")


def check_pickle(pickled: bytes, size: int) -> None:
    """Raises ValueError where a pickle would become anything but plain values and tensors that a file can hold.

    Args:
        size: of the file, in bytes.
    """
    _check_content(_Reader(pickled, size).read())


def check_stream(beginning: bytes, size: int) -> None:
    """As `check_pickle`, of a file of before PyTorch 1.6: five pickles, of which the fourth is the content."""
    reader = _Reader(beginning, size)
    for part in [reader.read() for _ in range(5)]:
        _check_content(part)


class _Reader:
    """Carries out pickles, one after the other, with the steps that PyTorch knows."""

    def __init__(self, pickled: bytes, size: int) -> None:
        if len(pickled) > LARGEST:
            raise PickleError(f"its names and plain values are larger than {LARGEST >> 20} MiB")
        self._file = BytesIO(pickled)
        self._size = size
        self._steps = self._stored_bytes = self._tensor_bytes = 0
        self._storages: dict[str, _Storage] = {}
        self._globals: dict[str, Callable[..., Any] | _Kind] = {
            "collections OrderedDict": self._ordered,
            "__builtin__ set": self._set,
            "builtins set": self._set,
            "torch Size": self._shape,
            "torch._utils _rebuild_tensor": self._tensor,
            "torch._utils _rebuild_tensor_v2": self._tensor,
            "torch._utils _rebuild_parameter": self._parameter,
            **{f"torch {name}Storage": _Kind(item_bytes) for name, item_bytes in ITEM_BYTES.items()},
        }

    def read(self) -> Any:
        """What the next pickle would become. Raises any exception where it cannot be carried out."""
        stack: list[Any] = []
        below: list[list[Any]] = []  # stacks at the marks
        memo: dict[int, Any] = {}
        for opcode, found, _ in genops(self._file):
            self._spend(1)
            argument: Any = found
            match opcode.name:
                case "BINPUT" | "LONG_BINPUT":
                    memo[argument] = stack[-1]
                case "BINGET" | "LONG_BINGET":
                    stack.append(memo[argument])
                case "BININT1" | "BININT" | "BININT2" | "LONG1" | "BINFLOAT" | "BINUNICODE" | "SHORT_BINSTRING":
                    stack.append(argument)
                case "MARK":
                    below.append(stack)
                    stack = []
                case "TUPLE":
                    stack, items = below.pop(), stack
                    stack.append(tuple(items))
                case "TUPLE1" | "TUPLE2" | "TUPLE3":
                    count = int(opcode.name[-1])
                    stack[-count:] = [tuple(stack[len(stack) - count :])]
                case "APPEND":
                    item = stack.pop()
                    _exactly(list, stack[-1]).append(item)
                case "APPENDS":
                    stack, items = below.pop(), stack
                    _exactly(list, stack[-1]).extend(items)
                case "SETITEM":
                    value, key = stack.pop(), stack.pop()
                    _exactly(dict, stack[-1])[_key(key)] = value
                case "SETITEMS":
                    stack, items = below.pop(), stack
                    _exactly(dict, stack[-1]).update(zip(map(_key, items[::2]), items[1::2], strict=True))
                case "EMPTY_TUPLE":
                    stack.append(())
                case "EMPTY_LIST":
                    stack.append([])
                case "EMPTY_DICT":
                    stack.append({})
                case "NONE":
                    stack.append(None)
                case "NEWTRUE" | "NEWFALSE":
                    stack.append(opcode.name == "NEWTRUE")
                case "GLOBAL":
                    if argument not in self._globals:
                        raise PickleError(f"it names {argument.replace(' ', '.'):.100}")
                    stack.append(self._globals[argument])
                case "REDUCE":
                    arguments = stack.pop()
                    if not callable(stack[-1]):
                        raise PickleError("it calls what is no function")
                    stack[-1] = stack[-1](*_exactly(tuple, arguments))
                case "BINPERSID":
                    stack.append(self._storage(*_exactly(tuple, stack.pop())))
                case "BUILD":
                    state = stack.pop()
                    _exactly(OrderedDict, stack[-1])
                    if set(_exactly(dict, state)) - {"_metadata"}:  # versions of modules, in a state dict
                        raise PickleError("it holds attributes")
                case "PROTO":
                    pass
                case "STOP":
                    return stack.pop()
                case name:
                    raise PickleError(f"it has a step {name}")

    def _spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MOST:
            raise PickleError(f"it holds more than {MOST} values")

    def _ordered(self, pairs: Any = None) -> Any:
        """Python 2 hands over a list of pairs."""
        made: OrderedDict[Any, Any] = OrderedDict()
        if pairs is not None:
            self._spend(len(_exactly(list, pairs)))
            made.update((_key(key), value) for key, value in pairs)
        return made

    def _set(self, items: Any) -> Any:
        self._spend(len(_exactly(list, items)))
        return set(map(_key, items))

    def _shape(self, sides: Any) -> Any:
        return _sides(sides)

    def _storage(self, name: Any, kind: Any, key: Any, place: Any, count: Any, view: Any = None) -> _Storage:
        found = _Storage(_exactly(_Kind, kind), _natural(count))
        if _exactly(str, key) not in self._storages:
            self._storages[key] = found
            self._stored_bytes += count * found.kind.item_bytes
        if name != "storage" or type(place) is not str or view is not None or self._storages[key] != found:
            raise PickleError("its tensors are not stored as torch.save does")
        if self._stored_bytes > self._size:
            raise PickleError("its tensors are larger than the file")
        return found

    def _tensor(
        self, storage: Any, offset: Any, shape: Any, strides: Any, requires_grad: Any = False, hooks: Any = None
    ) -> _Tensor:
        storage, shape, strides = _exactly(_Storage, storage), _sides(shape), _sides(strides)
        _exactly(bool, requires_grad)
        if len(shape) != len(strides) or hooks:
            raise PickleError("its tensors are not stored as torch.save does")
        count = math.prod(shape)
        last = sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True)) if count else -1
        if _natural(offset) + last >= storage.count:
            raise PickleError("a tensor in it reaches beyond its numbers")
        self._tensor_bytes += count * storage.kind.item_bytes
        if self._tensor_bytes > 2 * self._size:  # some share their numbers
            raise PickleError("its tensors are larger than the file")
        return _Tensor()

    def _parameter(self, tensor: Any, requires_grad: Any, hooks: Any) -> _Tensor:
        _exactly(bool, requires_grad)
        if hooks:
            raise PickleError("its tensors are not stored as torch.save does")
        return _exactly(_Tensor, tensor)


def _exactly(kind: type[T], value: Any) -> T:
    """The value, which is to be of exactly this class, or an ordered dictionary where it is to be a dictionary."""
    made: T = value
    if type(value) is not kind and not (kind is dict and type(value) is OrderedDict):
        raise PickleError(f"it holds a {type(value).__name__} where torch.save writes a {kind.__name__}")
    return made


def _key(value: Any) -> Any:
    """A key, which is to be plain and short: tuples of tuples, or long numbers, can take any time to be looked up."""
    if not isinstance(value, PLAIN) or (isinstance(value, int) and abs(value) >= LONGEST):
        raise PickleError(f"it has a {type(value).__name__} as a key")
    return value


def _natural(value: Any) -> int:
    if type(value) is not int or not 0 <= value < LONGEST:
        raise PickleError("its tensors have impossible sizes")
    return value


def _sides(values: Any) -> tuple[int, ...]:
    if len(_exactly(tuple, values)) > SIDES:
        raise PickleError("its tensors have impossible sizes")
    return tuple(map(_natural, values))


def _check_content(content: Any) -> None:
    """Raises PickleError where values would be endless to go through, since they hold each other many times."""
    count, level = 0, [content]
    for _ in range(DEEPEST):
        count += len(level)
        parts: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                parts += value.values()
            elif isinstance(value, list | tuple):
                parts += value
            elif not isinstance(value, (*PLAIN, set, _Tensor)):
                raise PickleError("it holds classes or functions")
            if count + len(parts) > MOST:
                raise PickleError(f"it holds more than {MOST} values")
        level = parts
    if level:
        raise PickleError(f"it is nested more than {DEEPEST} deep")
