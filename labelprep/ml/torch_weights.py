"""Weights out of a PyTorch file without PyTorch: tensors and nothing else, from a file that is known.

A ``.pth`` file is a pickle, and a pickle may run any program. This reader knows the four names that a table
of tensors needs, maps them to its own, and reads only files whose sha256 it is given.

::

    pickle: magic number · pickle: 1001 · pickle: facts of the machine · pickle: the table, whose tensors
    name a storage by key, an offset, a size and strides · pickle: the keys in order · for each key: the
    number of items (int64) and the items, little-endian

Source: the layout that ``torch.save`` wrote before version 1.6.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from labelprep.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8"}
_COUNT_BYTES = 8
# What reading a pickle that is cut off or made up can end in.
BROKEN = (
    pickle.UnpicklingError,
    ValueError,
    TypeError,
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
)


@dataclass(frozen=True)
class _Storage:
    """A kind of storage, named by the pickle."""

    dtype: np.dtype[Any]


class _Block(NamedTuple):
    """One storage of the file: its key, the kind of its items and their number."""

    key: str
    dtype: np.dtype[Any]
    items: int


@dataclass(frozen=True)
class _Tensor:
    """Where a tensor's items lie in a storage, counted in items."""

    block: _Block
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(block: object, offset: object, shape: object, strides: object, *_: object) -> _Tensor:
    """Take the place of PyTorch's constructor of a tensor."""
    if not isinstance(block, _Block) or not isinstance(offset, int):
        raise pickle.UnpicklingError("a tensor without a storage")
    return _Tensor(block, offset, _sizes(shape), _sizes(strides))


def _sizes(value: object) -> tuple[int, ...]:
    """Return a tuple of numbers from 0 up."""
    if not isinstance(value, tuple) or not all(isinstance(item, int) and item >= 0 for item in value):
        raise pickle.UnpicklingError("a size that is none")
    return value


_NAMES: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    **{("torch", name): _Storage(np.dtype(code)) for name, code in _STORAGES.items()},
}


class _Unpickler(pickle.Unpickler):
    """Builds tensors' places; any name but four is refused."""

    def find_class(self, module_name: str, global_name: str) -> Any:  # noqa: ANN401 - as the base class
        """Return our own thing for a name of the file."""
        try:
            return _NAMES[module_name, global_name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module_name}.{global_name}") from None

    def persistent_load(self, pid: Any) -> _Block:  # noqa: ANN401 - as the base class
        """Return the storage that a tensor refers to."""
        match pid:
            case ("storage", _Storage(dtype=dtype), str(key), _, int(items), *_):
                return _Block(key, dtype, items)
        raise pickle.UnpicklingError("a reference that is no storage")


def read_tensors(path: Path, sha256: str) -> dict[str, np.ndarray]:
    """Return the tensors of a file by name, with their own shapes and strides.

    Raises:
        TrainingError: the file cannot be read, is another one than it should be, or holds more than tensors.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TrainingError(
            f"the weights cannot be read: {error.strerror}",
            where=str(path),
            fix="install the package that brings them again",
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise TrainingError(
            f"these are not the weights that are known (sha256 {found[:12]}…, not {sha256[:12]}…)",
            where=str(path),
            fix="install the package that brings them again",
        )
    try:
        return tensors_of(content)
    except BROKEN as error:
        raise TrainingError(
            f"not a table of tensors: {error}", where=str(path), fix="install the package again"
        ) from error


def tensors_of(content: bytes) -> dict[str, np.ndarray]:
    """Return the tensors of the bytes of a file by name; nothing in them is run.

    Raises:
        BROKEN: they hold something else, or less than they say.
    """
    file = io.BytesIO(content)
    if _loaded(file) != _MAGIC or _loaded(file) != _PROTOCOL:
        raise ValueError("it does not begin as such a file does")
    facts = _loaded(file)
    if not isinstance(facts, dict) or facts.get("little_endian") is not True:
        raise ValueError("it was written by another kind of machine")
    table = _loaded(file)
    if not isinstance(table, dict) or not all(isinstance(value, _Tensor) for value in table.values()):
        raise ValueError("it holds more than tensors")
    storages = _storages(file, {value.block.key: value.block for value in table.values()})
    return {str(name): _array(value, storages[value.block.key]) for name, value in table.items()}


def _loaded(file: io.BytesIO) -> Any:  # noqa: ANN401 - whatever the pickle holds
    return _Unpickler(file).load()


def _storages(file: io.BytesIO, blocks: Mapping[str, _Block]) -> dict[str, np.ndarray]:
    """Return the items of each storage by its key, in the order in which they follow."""
    result = {}
    for key in _loaded(file):
        block = blocks[key]
        items = int.from_bytes(file.read(_COUNT_BYTES), "little", signed=True)
        content = file.read(items * block.dtype.itemsize)
        if items != block.items or len(content) != items * block.dtype.itemsize:
            raise ValueError(f"storage {key} is cut off")
        result[key] = np.frombuffer(content, block.dtype)
    return result


def _array(tensor: _Tensor, storage: np.ndarray) -> np.ndarray:
    """Return a tensor as an array of its own, whatever order its items lie in."""
    last = tensor.offset + sum(
        (size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True)
    )
    if 0 in tensor.shape:
        return np.zeros(tensor.shape, storage.dtype)
    if not 0 <= last < len(storage):
        raise ValueError("a tensor reaches beyond its storage")
    step = storage.dtype.itemsize
    view = np.lib.stride_tricks.as_strided(
        storage[tensor.offset :], tensor.shape, [stride * step for stride in tensor.strides]
    )
    return view.copy()
