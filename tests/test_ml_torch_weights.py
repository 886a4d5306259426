"""Tensors out of PyTorch's files: with their strides, from a file that is known, and nothing is run."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import sys
from collections import OrderedDict
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelprep.errors import TrainingError
from labelprep.ml.torch_weights import BROKEN, read_tensors, tensors_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Stored:
    """A storage as a pickle refers to it."""

    def __init__(self, key: str, kind: str, items: np.ndarray) -> None:
        self.key, self.kind, self.items = key, kind, items


class Tensor:
    """A tensor that pickles as PyTorch's do."""

    def __init__(self, stored: Stored, offset: int, shape: Sequence[int], strides: Sequence[int]) -> None:
        hooks: OrderedDict[str, object] = OrderedDict()
        self.parts = (stored, offset, tuple(shape), tuple(strides), False, hooks)

    def __reduce__(self) -> tuple[Any, ...]:
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.parts


class Writer(pickle.Pickler):
    """Writes storages as references."""

    def persistent_id(self, obj: object) -> tuple[object, ...] | None:
        if isinstance(obj, Stored):
            return ("storage", getattr(sys.modules["torch"], obj.kind), obj.key, "cpu", len(obj.items), None)
        return None


@pytest.fixture(autouse=True)
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put names where a pickle of PyTorch looks for them."""
    module, inner = ModuleType("torch"), ModuleType("torch._utils")
    for name in ("FloatStorage", "LongStorage", "DoubleStorage"):
        setattr(module, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2() -> None:
        """Stand for PyTorch's function."""

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    inner._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined] # made here
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setitem(sys.modules, "torch._utils", inner)


def written(table: object, storages: Sequence[Stored]) -> bytes:
    """Return a file as PyTorch writes one."""
    out = io.BytesIO()
    for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        pickle.dump(part, out, protocol=2)
    Writer(out, protocol=2).dump(table)
    pickle.dump([stored.key for stored in storages], out, protocol=2)
    for stored in storages:
        out.write(len(stored.items).to_bytes(8, "little") + stored.items.tobytes())
    return out.getvalue()


def test_a_tensor_is_read_by_its_strides_and_offset() -> None:
    items = Stored("7", "FloatStorage", np.arange(12, dtype="<f4"))
    table = OrderedDict(
        plain=Tensor(items, 0, (3, 4), (4, 1)),
        turned=Tensor(items, 1, (3, 2), (1, 4)),
        one=Tensor(items, 11, (), ()),
        empty=Tensor(items, 0, (0, 3), (3, 1)),
    )

    found = tensors_of(written(table, [items]))

    assert found["plain"].tolist() == np.arange(12).reshape(3, 4).tolist()
    assert found["turned"].tolist() == [[1, 5], [2, 6], [3, 7]]
    assert found["one"].tolist() == 11
    assert found["empty"].shape == (0, 3)
    assert found["plain"].dtype == np.float32


def test_whole_numbers_are_read_too() -> None:
    items = Stored("a", "LongStorage", np.array([2**40, -1], "<i8"))

    found = tensors_of(written({"count": Tensor(items, 0, (2,), (1,))}, [items]))

    assert found["count"].tolist() == [2**40, -1]


def items_of(count: int) -> Stored:
    return Stored("0", "FloatStorage", np.zeros(count, "<f4"))


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"a": Tensor(items_of(4), 1, (4,), (1,))}, "a tensor reaches beyond its storage"),
        ({"a": Tensor(items_of(4), 0, (-1,), (1,))}, "a size that is none"),
        ({"a": 3}, "it holds more than tensors"),
        ([1, 2], "it holds more than tensors"),
    ],
)
def test_what_is_no_table_of_tensors_is_refused(table: object, problem: str) -> None:
    with pytest.raises((pickle.UnpicklingError, ValueError), match=problem):
        tensors_of(written(table, [items_of(4)]))


def test_a_storage_that_is_cut_off_is_refused() -> None:
    content = written({"a": Tensor(items_of(4), 0, (4,), (1,))}, [items_of(4)])

    with pytest.raises(ValueError, match="storage 0 is cut off"):
        tensors_of(content[:-1])


class Command:
    """A thing whose pickle runs a program."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_a_pickle_that_asks_for_anything_else_is_refused_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "canary"
    file = tmp_path / "weights.pth"
    file.write_bytes(written({"a": Command(mark)}, []))
    double = Stored("0", "DoubleStorage", np.zeros(2))

    with pytest.raises(TrainingError, match=r"it asks for \w+.mkdir"):
        read_tensors(file, hashlib.sha256(file.read_bytes()).hexdigest())
    with pytest.raises(pickle.UnpicklingError, match=r"it asks for torch.DoubleStorage"):
        tensors_of(written({"a": Tensor(double, 0, (2,), (1,))}, [double]))

    assert not mark.exists()


def test_another_file_than_the_known_one_is_not_even_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(b"anything")

    with pytest.raises(TrainingError) as caught:
        read_tensors(file, "0" * 64)

    found = hashlib.sha256(b"anything").hexdigest()[:12]
    assert caught.value.problem == (
        f"these are not the weights that are known (sha256 {found}…, not 000000000000…)"
    )
    with pytest.raises(TrainingError, match="the weights cannot be read: No such file"):
        read_tensors(tmp_path / "missing.pth", "0" * 64)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_known_error(content: bytes) -> None:
    head = written({}, [])
    for attempt in (content, head[:60] + content, head + content):
        try:
            tensors_of(attempt)
        except BROKEN:
            continue
