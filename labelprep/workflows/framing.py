"""Which picture the shapes of a label file were drawn on: the upright one, or the one as it is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labelprep.model.annotation import Kind
from labelprep.model.issues import Issue, Severity
from labelprep.model.turning import SWAPPED, turned

if TYPE_CHECKING:
    from labelprep.model.annotation import Record

FRAMES = ("auto", "upright", "raw")
UPRIGHT, RAW = FRAMES[1:]
CODE = "LP248"


@dataclass(frozen=True, slots=True)
class Picture:
    """What decides it: path, size of the upright picture (None where it cannot be read), EXIF orientation."""

    path: str
    upright_wh: tuple[int, int] | None
    orientation: int


def framed(record: Record, picture: Picture, frame: str, where: str) -> tuple[Record, Issue | None]:
    """Return a record with its shapes on the upright picture, and what is to be told of its frame.

    ``auto`` turns shapes where the stated size is that of the stored picture and not of the upright one.
    Where both have one size (a square, half a turn) or none is stated, they lie on the upright picture.
    """
    if picture.upright_wh is None or all(item.kind is Kind.CLASS for item in record.annotations):
        return record, None
    width, height = picture.upright_wh
    fits = record.size_wh in {None, (width, height)}
    is_swapped = not fits and record.size_wh == (height, width)
    is_raw = is_swapped and picture.orientation in SWAPPED
    if frame == RAW or (is_raw and frame != UPRIGHT):
        record = _upright(record, picture.orientation, (width, height))
    if fits or record.size_wh is None or (is_raw and frame == RAW):
        return record, None
    stated = f"it says {record.size_wh[0]} × {record.size_wh[1]} px"
    said = f"{stated}, {picture.path} is {width} × {height} px upright"
    if is_raw and frame != UPRIGHT:
        problem = f"{said}: its shapes were drawn on the picture lying on its side, and are turned"
        return record, Issue(CODE, Severity.NOTE, where, problem, "--frame upright, if they lay right")
    doubt = ": its shapes may lie on their side" if is_swapped else ""
    return record, Issue(
        CODE,
        Severity.WARNING,
        where,
        f"{said}{doubt}",
        "look at its shapes: they are kept as they were written",
    )


def _upright(record: Record, orientation: int, upright_wh: tuple[int, int]) -> Record:
    if orientation == 1:
        return record
    annotations = (
        replace(item, geometry=turned(item.kind, item.geometry, orientation, upright_wh))
        for item in record.annotations
    )
    return replace(record, annotations=tuple(annotations))
