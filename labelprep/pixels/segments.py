"""Figures of pictures kept in a cache by content, so that no picture is asked for them twice.

::

    cache/<folder>/<way of making them>/
      0f3a….npz    keys (n, 32) uint8: sha256 of the file; rows (n, …): the figures of each

Each file is written beside and renamed, under a name of its own: two processes at once do no harm.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import zipfile
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

_KEY_BYTES: Final = 32


def take(folder: Path, keys: Sequence[bytes], result: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Fill in the rows of ``result`` that a folder holds, one a key; return the positions of the others."""
    wanted: dict[bytes, list[int]] = {}
    for position, key in enumerate(keys):
        wanted.setdefault(key, []).append(position)
    for file in sorted(folder.glob("*.npz")):
        held = _segment(file)
        if held is None or held[1].shape[1:] != result.shape[1:]:
            continue
        for row, key in enumerate(held[0]):
            positions = wanted.pop(key.tobytes(), None)
            if positions is not None:
                result[positions] = held[1][row]
    return np.array(sorted(position for positions in wanted.values() for position in positions), np.int64)


def keep(folder: Path, keys: Sequence[bytes], rows: npt.NDArray[Any]) -> None:
    """Write one file of figures; where the disk is full they are simply not kept."""
    beside = folder / f"{secrets.token_hex(8)}.part"
    table = np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), _KEY_BYTES)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            np.savez(file, keys=table, rows=rows)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(beside.with_suffix(".npz"))
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _segment(file: Path) -> tuple[npt.NDArray[Any], npt.NDArray[Any]] | None:
    """Return keys and rows of one file, None where it cannot be used: it is made again then."""
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as content:
            keys, rows = content["keys"], content["rows"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return (keys, rows) if keys.shape == (len(rows), _KEY_BYTES) else None
