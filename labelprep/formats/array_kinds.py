"""What a file of arrays is, from its first bytes, its name and its size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labelprep.formats.base import Sniffed
from labelprep.formats.cifar_files import BINARY, is_pickle, kind_of_binary
from labelprep.formats.idx_files import first_bytes, header_of
from labelprep.formats.numpy_files import MAGIC

if TYPE_CHECKING:
    from pathlib import Path

NUMPY: Final = (".npy", ".npz")
SURE, LIKELY, MODEST = 0.95, 0.6, 0.25
"""A folder with arrays in it is less than what any reader says that has seen labels or class folders."""


def looked_at(source: Path) -> Sniffed:
    """Say how sure it is that a file is an array."""
    if not source.is_file():
        return Sniffed(0.0, "no file")
    head, name = first_bytes(source), source.name.casefold()
    if header_of(head) is not None:
        return Sniffed(SURE, "the header of an IDX file")
    if source.suffix.lower() in NUMPY or head.startswith(MAGIC):
        return Sniffed(SURE, "NumPy arrays")
    if is_pickle(source, head):
        return Sniffed(LIKELY, "a pickle, as CIFAR's Python version")
    if source.suffix.lower() == BINARY and kind_of_binary(source.stat().st_size, source.stem):
        return Sniffed(LIKELY, "pictures of CIFAR by its size")
    is_called = "idx1" in name or "idx3" in name or source.suffix.lower() == BINARY
    return Sniffed(MODEST, "called an array, and is none") if is_called else Sniffed(0.0, "no array")
