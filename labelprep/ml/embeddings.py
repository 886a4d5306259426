"""Features of pictures by a backbone, computed once and kept by content.

::

    cache/features/efficientnet-lite0-1f2e3d4c/   one folder for each way of making them
      0f3a….npz                                   keys (n, 32) uint8: sha256 of the file; rows (n, D) float32

Each file is written beside and renamed, under a name of its own: two trainings at once do no harm.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labelprep.ml.prediction import outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from labelprep.ml.backbones import Backbone
    from labelprep.ml.samples import Samples

FOLDER = "features"
_BATCH = 32
_SEGMENT_ROWS = 2_048
_KEY_BYTES = 32


@dataclass(frozen=True)
class FeatureStore:
    """Where features are kept: a folder, and what else than backbone and content they depend on, in words."""

    cache: Path
    made_by: str

    def folder(self, backbone: Backbone, view: str) -> Path:
        """Return the folder of one backbone's features of one view of the pictures."""
        height, width, channels = backbone.network.input_shape[1:]
        way = f"{backbone.name} {backbone.weights} {height}x{width}x{channels} {view} {self.made_by}"
        return self.cache / FOLDER / f"{backbone.name}-{hashlib.sha256(way.encode()).hexdigest()[:12]}"


def features_of(  # noqa: PLR0913 - where they come from and where they are kept
    backbone: Backbone,
    samples: Samples,
    *,
    keys: Sequence[bytes] | None = None,
    store: FeatureStore | None = None,
    mirrored: bool = False,
    advance: Callable[[int], object] | None = None,
) -> np.ndarray:
    """Return ``(n, D) float32`` features of samples, in their order.

    ``keys`` are the sha256 of the pictures' files: with a ``store`` only those that it lacks are computed.
    ``mirrored`` gives those of the pictures with left and right exchanged. ``advance`` is told the number of
    pictures after each batch.
    """
    result = np.zeros((len(samples), backbone.features), np.float32)
    missing = np.arange(len(samples))
    folder = None
    if store is not None and keys is not None:
        folder = store.folder(backbone, "mirrored" if mirrored else "plain")
        missing = _taken_from(folder, keys, result)
    if advance is not None and len(missing) < len(samples):
        advance(len(samples) - len(missing))
    turned = (lambda pictures: pictures[:, :, ::-1]) if mirrored else None
    for at in range(0, len(missing), _SEGMENT_ROWS):
        part = missing[at : at + _SEGMENT_ROWS]
        result[part] = outputs(
            backbone.network,
            samples.source,
            samples.rows[part],
            batch_size=_BATCH,
            advance=advance,
            changed=turned,
            likely=backbone.forward,
        )
        if folder is not None and keys is not None:
            _keep(folder, [keys[row] for row in part], result[part])
    return result


def _taken_from(folder: Path, keys: Sequence[bytes], result: np.ndarray) -> np.ndarray:
    """Fill in the rows that a folder holds; return the positions of the others."""
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


def _segment(file: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """Return keys and rows of one file, None where it cannot be used: it is made again then."""
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as content:
            keys, rows = content["keys"], content["rows"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    fits = keys.ndim == rows.ndim == 2 and keys.shape[1] == _KEY_BYTES and len(keys) == len(rows)  # noqa: PLR2004 - tables
    return (keys, rows) if fits else None


def _keep(folder: Path, keys: Sequence[bytes], rows: np.ndarray) -> None:
    """Write one file of features; where the disk is full they are simply not kept."""
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
        beside.unlink(missing_ok=True)
