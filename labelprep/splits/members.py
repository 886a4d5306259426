"""The images that are split, as columns: a million of them fit into little memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labelprep.model.classes import natural_key
from labelprep.model.images import SPLITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NONE = -1
CONTENT_BYTES = 32
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """Readable images, a row each, whose order means nothing.

    ``ids`` (n,) int64; ``contents`` (n, 32) uint8, their sha256; ``splits`` (n,) int64, places in `SPLITS` or
    -1; ``locked`` (n,) bool; ``labels`` (m, 2) int64, a line (row, place in ``classes``) for each label of an
    image. ``classes`` are in natural order. Rows without a label join others together and get no split.
    """

    ids: Ints
    contents: npt.NDArray[np.uint8]
    splits: Ints
    locked: npt.NDArray[np.bool_]
    labels: Ints
    classes: tuple[str, ...]

    @property
    def is_labelled(self) -> npt.NDArray[np.bool_]:
        """Which rows have a label, ``(n,)``."""
        found = np.zeros(len(self.ids), dtype=bool)
        found[self.labels[:, 0]] = True
        return found

    @property
    def is_multi_label(self) -> bool:
        """Whether an image has several labels."""
        return len(self.labels) > int(self.is_labelled.sum())


@dataclass(frozen=True, slots=True)
class Member:
    """One image: its id, its sha256, its labels, the split it has, and whether that is locked."""

    id: int
    content: bytes
    labels: tuple[str, ...]
    split: str | None = None
    locked: bool = False


def gathered(images: Iterable[Member]) -> Members:
    """Return images as columns."""
    rows = list(images)
    owners = [(row, name) for row, image in enumerate(rows) for name in image.labels]
    return columns(
        [image.id for image in rows],
        [image.content for image in rows],
        [NONE if image.split is None else SPLITS.index(image.split) for image in rows],
        [image.locked for image in rows],
        owners,
    )


def columns(
    ids: Sequence[int],
    contents: Sequence[bytes],
    splits: Sequence[int],
    locked: Sequence[bool],
    owners: Sequence[tuple[int, str]],
) -> Members:
    """Return lists as columns; ``owners`` are (row, class name)."""
    classes = tuple(sorted({name for _, name in owners}, key=natural_key))
    places = {name: place for place, name in enumerate(classes)}
    labels = np.array([(row, places[name]) for row, name in owners], dtype=np.int64).reshape(-1, 2)
    return Members(
        ids=np.array(ids, dtype=np.int64),
        contents=np.frombuffer(b"".join(contents), dtype=np.uint8).reshape(-1, CONTENT_BYTES),
        splits=np.array(splits, dtype=np.int64),
        locked=np.array(locked, dtype=bool),
        labels=labels,
        classes=classes,
    )
