"""Which picture the shapes of a source were drawn on, and whether they lie on it.

A tool that ignores EXIF draws on the picture as it is stored (``raw``), others on the upright one. The sizes
that a source states tell, over the whole of it: where all that can tell speak for the stored picture, so do
those that cannot (squares, half a turn, no size).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeGuard

from labelprep.model.annotation import Kind
from labelprep.model.bounds import ROUNDING_PX, are_inside, bounded
from labelprep.model.issues import Issue, Severity
from labelprep.model.turning import SWAPPED, turned

if TYPE_CHECKING:
    from labelprep.model.annotation import Record
    from labelprep.model.bounds import Bounded

FRAMES = ("auto", "upright", "raw")
UPRIGHT, RAW = FRAMES[1:]
CODE = "LP248"
CUT = "LP345"  # shapes were cut to the picture
OUTSIDE = "LP346"  # a shape reaches out of the picture
INFERRED = "LP347"  # the frame of all of a source was inferred
PARTS = "parts"
SIDES = 4
DUST_PX = 0.01
"""So little is the rounding of a share of the width, and not worth a word."""


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
        replace(
            item,
            geometry=turned(item.kind, item.geometry, orientation, upright_wh),
            attributes=_with_upright_parts(item.attributes, orientation, upright_wh),
        )
        for item in record.annotations
    )
    return replace(record, annotations=tuple(annotations))


def _with_upright_parts(
    attributes: dict[str, Any], orientation: int, upright_wh: tuple[int, int]
) -> dict[str, Any]:
    """Return attributes with the boxes of parts (a head inside a person) turned as well."""
    parts = attributes.get(PARTS)
    if not isinstance(parts, list):
        return attributes
    upright = [
        part | {"box": turned(Kind.BOX, part["box"], orientation, upright_wh)} if _has_box(part) else part
        for part in parts
    ]
    return attributes | {PARTS: upright}


def _has_box(part: object) -> TypeGuard[dict[str, Any]]:
    box = part.get("box") if isinstance(part, dict) else None
    return isinstance(box, list) and len(box) == SIDES and all(isinstance(side, int | float) for side in box)


class Frames:
    """The frame of one source: brings each record onto its upright picture and into its bounds."""

    def __init__(self, frame: str) -> None:
        """Take what a person has set, ``auto`` where nothing."""
        self._frame = frame
        self.raw = self.upright = 0
        self._cut = self._outside = 0
        self._first_cut = ""

    def look(self, record: Record, picture: Picture) -> None:
        """Take what the size that one record states tells of the frame."""
        if picture.upright_wh is None or picture.orientation not in SWAPPED:
            return
        width, height = picture.upright_wh
        if width != height and any(item.kind is not Kind.CLASS for item in record.annotations):
            self.raw += record.size_wh == (height, width)
            self.upright += record.size_wh == (width, height)

    @property
    def is_all_raw(self) -> bool:
        """Whether nothing was set, and every size that can tell is that of a stored picture."""
        return self._frame == FRAMES[0] and self.raw > 0 and self.upright == 0

    def fitted(self, record: Record, picture: Picture, where: str) -> tuple[Record, list[Issue]]:
        """Return a record with its shapes on the upright picture, and what is to be told of them."""
        issues = []
        is_raw = self.is_all_raw and picture.orientation != 1
        record, issue = framed(record, picture, RAW if is_raw else self._frame, where)
        if issue is not None:
            issues.append(issue)
        if picture.upright_wh is None or are_inside(record.annotations, picture.upright_wh):
            return record, issues
        held = [bounded(item, picture.upright_wh) for item in record.annotations]
        for one in held:
            if one.over_px > ROUNDING_PX:
                self._outside += 1
                issues.append(_of_outside(one, picture, where))
            elif one.over_px > DUST_PX:
                self._cut += 1
                self._first_cut = self._first_cut or where
        return replace(record, annotations=tuple(one.item for one in held)), issues

    def issues(self, source: str) -> list[Issue]:
        """Return what is told once of the whole source."""
        found = []
        if self.is_all_raw:
            sizes = (
                "size is that of a stored picture" if self.raw == 1 else "sizes are those of stored pictures"
            )
            problem = f"{self.raw:,} stated {sizes}, none that of an upright one: all shapes are taken so"
            found.append(
                Issue(INFERRED, Severity.NOTE, source, problem, "--frame upright, if they lay right")
            )
        if self._cut:
            shapes = "1 shape reached" if self._cut == 1 else f"{self._cut:,} shapes reached"
            problem = f"{shapes} out of the picture by a pixel or less: cut to it (first here)"
            found.append(Issue(CUT, Severity.NOTE, self._first_cut, problem, ""))
        return found

    def facts(self) -> dict[str, int]:
        """Return counts of shapes cut and shapes outside, and what stated sizes tell of the frame."""
        counts = {"cut": self._cut, "outside": self._outside, "raw": self.raw, "upright": self.upright}
        return {name: number for name, number in counts.items() if number}


def _of_outside(held: Bounded, picture: Picture, where: str) -> Issue:
    width, height = picture.upright_wh or (0, 0)
    place = f"{where}:{held.item.locator}" if held.item.locator else where
    return Issue(
        OUTSIDE,
        Severity.WARNING,
        place,
        f"this {held.item.kind} reaches {held.over_px:g} px out of {picture.path} ({width} × {height} px)",
        "look at it: it is kept as it was written",
    )
