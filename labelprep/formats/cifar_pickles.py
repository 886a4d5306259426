"""The pickles of CIFAR's Python version, read by a machine that knows these files and cannot run anything.

::

    data_batch_1    {"data": uint8 (10000, 3072), "labels": [6, 9, …], "filenames": ["leptod….png", …]}
    train           {"data": …, "fine_labels": […], "coarse_labels": […], "filenames": […]}
    batches.meta    {"label_names": ["airplane", …]}
    meta            {"fine_label_names": […], "coarse_label_names": […]}

A pickle is a program that can name any function and call it. Here names stay names and calls are kept as
what they would be; of them all only NumPy's way to store an array is understood afterwards.

Source: https://www.cs.toronto.edu/~kriz/cifar.html; the module `pickletools` of Python.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass, field
from typing import IO, Any, Final, TypeVar

import numpy as np

from labelprep.errors import SourceError
from labelprep.formats.picture_arrays import GREY

FIX: Final = "do not open it; get the set anew: labelprep get cifar10 DIR"
KNOWN: Final = frozenset(
    {
        "numpy.core.multiarray _reconstruct",
        "numpy._core.multiarray _reconstruct",
        "numpy ndarray",
        "numpy dtype",
        "_codecs encode",
    }
)
VALUES: Final = frozenset(
    {
        "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4",
        "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
        "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
    }
)  # fmt: skip
CONSTANTS: Final[dict[str, Any]] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
TUPLES: Final = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
ARRAY_STATE: Final = 5
MOST_STEPS: Final = 2_000_000  # CIFAR-100's, the largest, has 50,000 names and 100,000 labels


@dataclass(frozen=True, slots=True)
class _Name:
    """A function or class by its name, ``module name``."""

    name: str


@dataclass(slots=True)
class _Call:
    """What a call would make, with the state it would be given."""

    name: str
    arguments: tuple[Any, ...]
    state: Any = field(default=None)


class _StrangeError(Exception):
    """The pickle holds what no CIFAR file does; the message says what."""


_MARK: Final = object()
T = TypeVar("T")


def read_pickle(file: IO[bytes], where: str) -> dict[str, Any]:
    """Return the dictionary in a file: its values are texts, bytes, numbers, lists and uint8 arrays.

    Raises: SourceError where there is anything else in it.
    """
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(file):
            machine.do(opcode.name, argument)
        found = machine.result()
        return {_text(key): _value(value) for key, value in found.items()}
    except _StrangeError as error:
        raise SourceError(f"{error}, which no file of CIFAR does", where=where, fix=FIX) from error
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError) as error:
        raise SourceError(
            "it is no pickle of CIFAR, or damaged or cut off", where=where, fix="copy or download it again"
        ) from error


class _Machine:
    """The machine that pickles are programs of, without its calls."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._steps = 0

    def result(self) -> dict[Any, Any]:
        """Return what is left: one dictionary."""
        (found,) = self._stack
        if not isinstance(found, dict):
            raise _StrangeError("it holds no dictionary")
        return found

    def do(self, name: str, argument: Any) -> None:  # noqa: ANN401 - by the instruction
        """Take one instruction."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise _StrangeError(f"it takes more than {MOST_STEPS:,} steps")
        stack = self._stack
        if name in VALUES:
            stack.append(argument)
        elif name in CONSTANTS:
            stack.append(CONSTANTS[name])
        elif name == "MARK":
            stack.append(_MARK)
        elif name in TUPLES:
            self._pack(TUPLES[name])
        elif name == "TUPLE":
            stack.append(tuple(self._since_mark()))
        elif name in {"EMPTY_LIST", "LIST"}:
            stack.append(self._since_mark() if name == "LIST" else [])
        elif name in {"EMPTY_DICT", "DICT"}:
            stack.append(_paired(self._since_mark()) if name == "DICT" else {})
        elif name not in {"PROTO", "FRAME", "STOP"} and not (self._fill(name) or self._keep(name, argument)):
            self._call(name, argument)

    def _pack(self, number: int) -> None:
        packed = tuple(self._stack[-number:])
        if len(packed) < number:
            raise IndexError
        self._stack[-number:] = [packed]

    def _since_mark(self) -> list[Any]:
        values = []
        while (value := self._stack.pop()) is not _MARK:
            values.append(value)
        return values[::-1]

    def _fill(self, name: str) -> bool:
        """Put values into a list or dictionary."""
        if name in {"APPEND", "APPENDS"}:
            values = [self._stack.pop()] if name == "APPEND" else self._since_mark()
            _as(list, self._stack[-1]).extend(values)
        elif name in {"SETITEM", "SETITEMS"}:
            values = [self._stack.pop(), self._stack.pop()][::-1] if name == "SETITEM" else self._since_mark()
            _as(dict, self._stack[-1]).update(_paired(values))
        else:
            return False
        return True

    def _keep(self, name: str, argument: Any) -> bool:  # noqa: ANN401 - by the instruction
        """Put a value into the memory, or take one out."""
        if name in {"PUT", "BINPUT", "LONG_BINPUT"}:
            self._memo[argument] = self._stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self._stack[-1]
        elif name in {"GET", "BINGET", "LONG_BINGET"}:
            self._stack.append(self._memo[argument])
        else:
            return False
        return True

    def _call(self, name: str, argument: Any) -> None:  # noqa: ANN401 - by the instruction
        """Keep a name, or what would be called."""
        if name == "GLOBAL":
            self._stack.append(_known(argument))
        elif name == "STACK_GLOBAL":
            inner, module = self._stack.pop(), self._stack.pop()
            self._stack.append(_known(f"{module} {inner}" if isinstance(module, str) else ""))
        elif name == "REDUCE":
            arguments, called = _as(tuple, self._stack.pop()), _as(_Name, self._stack.pop())
            self._stack.append(_called(called.name, arguments))
        elif name == "BUILD":
            state = self._stack.pop()
            _as(_Call, self._stack[-1]).state = state
        else:
            raise _StrangeError(f"it holds the instruction {name}")


def _known(name: str) -> _Name:
    if name not in KNOWN:
        raise _StrangeError(f"it would run code ({name.replace(' ', '.')[:60]})")
    return _Name(name)


def _called(name: str, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401 - bytes, or what would be made
    if name != "_codecs encode":
        return _Call(name, arguments)
    # How Python 3 stores bytes for Python 2.
    text, codec = arguments
    if codec not in {"latin1", "latin-1"}:
        raise _StrangeError("it holds text in an odd encoding")
    return _as(str, text).encode("latin-1")


def _as(kind: type[T], value: Any) -> T:  # noqa: ANN401 - anything
    if not isinstance(value, kind):
        raise _StrangeError("its instructions do not fit together")
    return value


def _paired(values: list[Any]) -> dict[str | bytes, Any]:
    keys = values[::2]
    if not all(isinstance(key, str | bytes) for key in keys):
        raise _StrangeError("it holds keys that are no texts")
    return dict(zip(keys, values[1::2], strict=True))


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _value(value: Any) -> Any:  # noqa: ANN401 - what a CIFAR file holds
    """Return a value of the dictionary; what is none that such a file holds becomes None."""
    if isinstance(value, _Call):
        return _array(value)
    if isinstance(value, list) and all(isinstance(one, str | bytes) for one in value):
        return [_text(one) for one in value]
    if isinstance(value, list) and all(type(one) is int for one in value):
        return value
    return _text(value) if isinstance(value, str | bytes) else None


def _array(call: _Call) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the array that a call would make: bytes in rows, row by row."""
    if (
        not call.name.endswith(" _reconstruct")
        or not isinstance(call.state, tuple)
        or len(call.state) != ARRAY_STATE
    ):
        raise _StrangeError("it holds an object that is no array")
    _, shape, kind, is_fortran, data = call.state
    is_bytes = (
        isinstance(kind, _Call) and kind.name == "numpy dtype" and kind.arguments[:1] in {("u1",), (b"u1",)}
    )
    if not is_bytes or is_fortran or not isinstance(shape, tuple) or len(shape) != GREY:
        raise _StrangeError("it holds an array that is not of bytes in rows")
    raw = data.encode("latin-1") if isinstance(data, str) else _as(bytes, data)
    return np.frombuffer(raw, np.uint8).reshape(shape)
