"""Shapes that were drawn on a picture as it is stored, turned to where they lie on the upright picture.

::

    1  as stored    2  mirrored       3  upside down        4  mirrored, upside down
    5  transposed   6  a quarter right   7  transposed across   8  a quarter left

A camera stores what it saw and notes in EXIF how to turn it. Source: Exif 2.32, tag Orientation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labelprep.model.annotation import Kind
from labelprep.model.geometry import box_of, mask_counts, mask_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

SWAPPED = frozenset({5, 6, 7, 8})
MIRRORED = frozenset({2, 3, 6, 7})
FLIPPED = frozenset({3, 4, 7, 8})


def turned(kind: Kind, geometry: Any, orientation: int, upright_wh: tuple[int, int]) -> Any:  # noqa: ANN401 - by kind
    """Return the geometry of an annotation, which refers to the stored picture, for the upright one.

    ``orientation`` is EXIF's, 1–8; ``upright_wh`` the size of the upright picture in pixels.
    """
    width, height = upright_wh

    def point(x: float, y: float) -> list[float]:
        x, y = (y, x) if orientation in SWAPPED else (x, y)
        return [width - x if orientation in MIRRORED else x, height - y if orientation in FLIPPED else y]

    if geometry is None:
        return None
    if kind is Kind.BOX:
        left, top, right, bottom = geometry
        return box_of([point(left, top), point(right, bottom)])
    if kind is Kind.CIRCLE:
        x, y, radius = geometry
        return [*point(x, y), radius]
    if kind is Kind.MASK:
        (left, top), (wide, high) = geometry["offset"], geometry["size_wh"]
        corner = box_of([point(left, top), point(left + wide, top + high)])[:2]
        size_wh, counts = _turned_mask(geometry["counts"], (wide, high), orientation)
        return {"size_wh": size_wh, "offset": [int(value) for value in corner], "counts": counts}
    return [point(x, y) for x, y in geometry]


def _turned_mask(
    counts: Sequence[int], size_wh: tuple[int, int], orientation: int
) -> tuple[list[int], list[int]]:
    width, height = size_wh
    rows = mask_rows(counts, (width, height))
    if orientation in SWAPPED:
        lines = [rows[x::width] for x in range(width)]
        width, height = height, width
    else:
        lines = [rows[start : start + width] for start in range(0, len(rows), width)]
    if orientation in FLIPPED:
        lines.reverse()
    if orientation in MIRRORED:
        lines = [line[::-1] for line in lines]
    return [width, height], mask_counts(b"".join(lines), (width, height))
