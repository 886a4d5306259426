"""Files of pictures in arrays for tests, as the sets for learning are passed around."""

from __future__ import annotations

import gzip
import pickle
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

PIXELS = 3072


def grey(count: int, height: int = 4, width: int = 5) -> NDArray[np.uint8]:
    """Return pictures, each of another content."""
    return np.random.default_rng(count).integers(0, 256, (count, height, width), np.uint8)


def idx(file: Path, array: NDArray[np.generic]) -> Path:
    """Write an IDX file, packed where its name ends in .gz."""
    kinds = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}
    head = bytes((0, 0, kinds[array.dtype.str[1:]], array.ndim)) + struct.pack(
        f">{array.ndim}I", *array.shape
    )
    data = head + array.astype(array.dtype.newbyteorder(">")).tobytes()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(data) if file.suffix == ".gz" else data)
    return file


def mnist(folder: Path, labels: Sequence[int], *, part: str = "train", ending: str = "") -> NDArray[np.uint8]:
    """Write pictures and their labels as MNIST has them; return the pictures."""
    pictures = grey(len(labels))
    idx(folder / f"{part}-images-idx3-ubyte{ending}", pictures)
    idx(folder / f"{part}-labels-idx1-ubyte{ending}", np.array(labels, np.uint8))
    return pictures


def planes(count: int) -> NDArray[np.uint8]:
    """Return pictures of CIFAR as rows: 1,024 values of red, of green, of blue."""
    return np.random.default_rng(count).integers(0, 256, (count, PIXELS), np.uint8)


def upright(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return rows of CIFAR as pictures, a pixel at a time."""
    pictures = np.empty((len(rows), 32, 32, 3), np.uint8)
    for channel in range(3):
        pictures[..., channel] = rows[:, channel * 1024 : (channel + 1) * 1024].reshape(-1, 32, 32)
    return pictures


def text(value: str) -> bytes:
    """Return the instruction of a pickle of Python 2 for a text."""
    return b"T" + struct.pack("<I", len(value)) + value.encode("latin-1")


def old_pickle(rows: NDArray[np.uint8], labels: Sequence[int], names: Sequence[str] = ()) -> bytes:
    """Return a batch as Python 2 and the NumPy of 2009 have stored it."""
    data = b"T" + struct.pack("<I", rows.nbytes) + rows.tobytes()
    kind = (
        b"cnumpy\ndtype\n"
        + text("u1")
        + b"K\0K\1\x87R(K\3"
        + text("|")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
    )
    shape = b"J" + struct.pack("<i", rows.shape[0]) + b"J" + struct.pack("<i", rows.shape[1]) + b"\x86"
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85" + text("b") + b"\x87R"
    array += b"(K\1" + shape + kind + b"\x89" + data + b"tb"
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    listed = b"](" + b"".join(map(text, names)) + b"e"
    items = text("data") + array + text("labels") + numbers
    return b"\x80\2}(" + items + (text("filenames") + listed if names else b"") + b"u."


def npz(file: Path, **arrays: NDArray[Any]) -> Path:
    """Write arrays by name, packed."""
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # all of them are arrays
    return file


def every_form(folder: Path) -> dict[str, bytes]:
    """Write a small file of every form below a folder; return what is in each, by name."""
    mnist(folder, (1, 2))
    mnist(folder, (1, 2), part="zip", ending=".gz")
    npz(folder / "set.npz", x=grey(3), y=np.array([0, 1, 1]))
    np.save(folder / "images.npy", grey(3))
    np.save(folder / "labels.npy", np.array([0, 1, 1]))
    (folder / "data_batch_1").write_bytes(old_pickle(planes(1), (1,), ["a.png"]))
    held = {b"data": planes(1), b"labels": [1]}
    (folder / "data_batch_2").write_bytes(pickle.dumps(held, 4))
    (folder / "test_batch.bin").write_bytes(b"\1" + planes(1).tobytes())
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
