"""Boxes without anything besides, as most annotations of a COCO file are: few bytes each, many at once.

::

    {"id": 7, "image_id": 3, "category_id": 18, "bbox": [left, top, width, height], "area": 400.0,
     "iscrowd": 0, "segmentation": []}

Whatever else an annotation has, or has in another form, is looked at by `coco_shapes`.
"""

from __future__ import annotations

import struct
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from labelprep.model import geometry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from labelprep.formats.spills import Spill

NUMBERS: Final = frozenset({int, float})
NOTHING: Final[tuple[object, ...]] = (None, [], {}, "")
"""The values of a key that say as much as if it were not there."""
BOX_NUMBERS: Final = 4

_PLAIN_KEYS: Final = frozenset({"id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation"})
_NEEDED_KEYS: Final = frozenset({"id", "image_id", "category_id", "bbox"})
_PLAIN: Final = struct.Struct("<bq4d")
_ROW: Final = np.dtype([("mark", "<i1"), ("category", "<i8"), ("box", "<f8", BOX_NUMBERS)])
"""The same for numpy."""
_LARGEST_ID: Final = (1 << 63) - 1

PACKED_BYTES: Final = _PLAIN.size


class Packed(NamedTuple):
    """Packed boxes one after the other, with the ids of their images and their own."""

    data: bytes
    images: NDArray[np.int64]
    ids: NDArray[np.int64]


def packed(value: Mapping[str, Any], text: str) -> bytes | None:
    """Return a box without anything besides in few bytes; None where an annotation has more to say.

    ``text`` is the annotation as written: a key that it had twice shows in the number of quotes.
    """
    get = value.get
    category, box = get("category_id"), get("bbox")
    if (
        not _PLAIN_KEYS.issuperset(value)
        or text.count('"') != 2 * len(value)
        or get("iscrowd", 0) != 0
        or get("segmentation") not in NOTHING
        or type(category) is not int
        or not -_LARGEST_ID <= category <= _LARGEST_ID
        or type(box) is not list
        or len(box) != BOX_NUMBERS
        or not NUMBERS.issuperset(map(type, box))
    ):
        return None
    x, y, width, height = box
    most = geometry.FARTHEST_PX
    if -most <= x <= most and -most <= y <= most and 0 < width <= most and 0 < height <= most:
        return _PLAIN.pack(0, category, x, y, width, height)
    return None


def packed_all(values: Sequence[Any], text: str) -> Packed | None:
    """Return what `packed` does for annotations that follow each other; None unless all are such boxes.

    They must have the same keys in the same order, and whole numbers as ids. ``text`` is that of all of them.
    """
    if set(map(type, values)) != {dict}:
        return None
    layouts = set(map(tuple, values))
    keys = layouts.pop()
    # Every key takes two quotes at least, so that nothing can hide where the sum is right.
    if layouts or not _PLAIN_KEYS.intersection(keys) >= _NEEDED_KEYS or not _PLAIN_KEYS.issuperset(keys):
        return None
    if text.count('"') != 2 * len(keys) * len(values):
        return None
    columns = dict(zip(keys, zip(*map(dict.values, values), strict=True), strict=True))
    crowds, segments = columns.get("iscrowd", ()), columns.get("segmentation", ())
    if crowds.count(0) != len(crowds) or sum(map(segments.count, NOTHING)) != len(segments):
        return None
    boxes = _boxes(columns["bbox"])
    categories, images, ids = (_whole(columns[key]) for key in ("category_id", "image_id", "id"))
    if boxes is None or categories is None or images is None or ids is None:
        return None
    rows = np.zeros(len(values), _ROW)
    rows["category"] = categories
    rows["box"] = boxes
    return Packed(rows.tobytes(), images, ids)


def _boxes(column: Sequence[Any]) -> NDArray[np.float64] | None:
    """Return boxes as (count, 4); None where one is no box that encloses something within reach."""
    if set(map(type, column)) != {list} or set(map(len, column)) != {BOX_NUMBERS}:
        return None
    flat = list(chain.from_iterable(column))
    if not NUMBERS.issuperset(map(type, flat)):
        return None
    try:
        boxes = np.array(flat, np.float64).reshape(-1, BOX_NUMBERS)
    except OverflowError:
        return None
    # Not a number is neither.
    is_near = np.abs(boxes) <= geometry.FARTHEST_PX
    return boxes if is_near.all() and (boxes[:, 2:] > 0).all() else None


def _whole(column: Sequence[Any]) -> NDArray[np.int64] | None:
    """Return whole numbers of 64 bits, None where one is none of them, or the least of all."""
    if set(map(type, column)) != {int}:
        return None
    try:
        numbers = np.array(column, np.int64)
    except OverflowError:
        return None
    return numbers if int(numbers.min()) >= -_LARGEST_ID else None


def unpacked(data: bytes) -> tuple[int, float, float, float, float]:
    """Return category, left, top, width and height of a packed box, which begins with a zero byte."""
    _, category, x, y, width, height = _PLAIN.unpack(data)
    return category, x, y, width, height


def unpacked_rows(pieces: Spill, numbers: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return pieces by number as rows, and which of them are packed; the rows of others are zeros.

    A row has ``category`` and ``box`` (left, top, width, height).
    """
    rows = pieces.rows(numbers, PACKED_BYTES).view(_ROW)[:, 0]
    sizes = pieces.sizes(numbers)
    is_packed = (sizes == PACKED_BYTES) & (rows["mark"] == 0)
    rows[~is_packed] = 0
    return rows, is_packed
