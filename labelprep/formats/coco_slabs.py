"""The plain boxes of the images to come, taken many images at once from where they were put aside.

::

    images asked for:  0 1 2 3 4 5 6 …          boxes of 0 1 2 (a slab), then those of 3 4 5 …

What `coco_boxes` packed becomes arrays, and lists only image by image. An image of which an annotation has
more to say is left to be looked at one annotation at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from labelprep.formats.coco_boxes import unpacked_rows
from labelprep.model.boxes import Boxes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from labelprep.formats.coco_index import Grouped, Index

SLAB_BOXES: Final = 1 << 17
"""So many annotations are taken at once, and those of one image more."""


@dataclass(frozen=True, slots=True)
class _Slab:
    """The annotations of the images asked for from ``first`` on; ``starts`` tells where those of each begin.

    By annotation: its ``numbers``, its class as one of ``names``, its ``corners``. By image: whether all of
    them are plain boxes, and what they reach (left, top, right, bottom).
    """

    first: int
    starts: NDArray[np.int64]
    numbers: NDArray[np.int64]
    names: NDArray[np.object_]
    corners: NDArray[np.float64]
    is_plain: NDArray[np.bool_]
    reach: NDArray[np.float64]


class Slabs:
    """Gives the plain boxes of images, which are asked for in the order of ``asked`` (their numbers)."""

    def __init__(
        self,
        index: Index,
        grouped: Grouped,
        asked: NDArray[np.int64],
        name_of: Callable[[int], str | None],
        at_once: int = SLAB_BOXES,
    ) -> None:
        """Take annotations by image; ``name_of`` gives the class of a category, None where it is none."""
        self._at_once = at_once
        self._index = index
        self._order = grouped.order
        self._names = name_of
        is_known = asked >= 0
        self._begins = np.where(is_known, grouped.starts[asked], 0)
        self._counts = np.where(is_known, grouped.starts[asked + 1] - self._begins, 0)
        self._slab: _Slab | None = None

    def numbers_of(self, at: int) -> list[int]:
        """Return the annotations of the image asked for in a place."""
        start = self._begins[at]
        found: list[int] = self._order[start : start + self._counts[at]].tolist()
        return found

    def boxes(self, at: int, listed: str) -> Boxes | None:
        """Return the boxes of the image asked for in a place; None unless all of it are plain ones."""
        if not self._counts[at]:
            return None
        slab = self._slab
        if slab is None or not 0 <= at - slab.first < len(slab.is_plain):
            slab = self._slab = self._load(at)
        place = at - slab.first
        if not slab.is_plain[place]:
            return None
        start, end = slab.starts[place : place + 2].tolist()
        return Boxes(
            slab.names[start:end].tolist(),
            slab.corners[start:end].tolist(),
            slab.numbers[start:end].tolist(),
            listed,
            tuple(slab.reach[place].tolist()),
        )

    def _load(self, first: int) -> _Slab:
        self._slab = None
        ends = np.cumsum(self._counts[first : first + self._at_once])
        images = max(int(np.searchsorted(ends, self._at_once, "right")), 1)
        starts = np.concatenate([[0], ends[:images]])
        counts = self._counts[first : first + images]
        shift = np.repeat(self._begins[first : first + images] - starts[:-1], counts)
        numbers = self._order[shift + np.arange(starts[-1])]
        rows, is_box = unpacked_rows(self._index.annotations, numbers)
        names, is_named = self._named(rows["category"])
        corners = rows["box"].copy()
        corners[:, 2:] += corners[:, :2]
        unfit = np.concatenate([[0], np.cumsum(~(is_box & is_named))])
        is_plain = unfit[starts[1:]] == unfit[starts[:-1]]
        return _Slab(first, starts, numbers, names, corners, is_plain, _reach(corners, starts))

    def _named(self, categories: NDArray[Any]) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
        """Return the class of each category, and whether it has one."""
        given, inverse = np.unique(categories, return_inverse=True)
        found = [self._names(category) for category in given.tolist()]
        names = np.array(found, object)
        return names[inverse], np.array([name is not None for name in found], bool)[inverse]


def _reach(corners: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the least left and top and greatest right and bottom of each image, 0 where it has none."""
    reach = np.zeros((len(starts) - 1, 4))
    has_some = np.flatnonzero(starts[1:] > starts[:-1])
    if len(has_some):
        reach[has_some, :2] = np.minimum.reduceat(corners[:, :2], starts[has_some])
        reach[has_some, 2:] = np.maximum.reduceat(corners[:, 2:], starts[has_some])
    return reach
