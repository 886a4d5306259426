"""The lines of YOLO label files: a shape each, its numbers shares (0-1) of the picture's width and height.

::

    class x y width height                     a box by its centre
    class x y width height confidence          the same, as a model says it
    class x1 y1 x2 y2 x3 y3 …                  a polygon of three points or more
    class x1 y1 x2 y2 x3 y3 x4 y4              four points: a polygon or an oriented box
    class x1 y1 x2 y2 x3 y3 … confidence       either, as a model says it
    class x y width height x1 y1 v1 …          a box with key points, where ``kpt_shape`` says how many

Some of these look alike, so the lines of the whole set decide what they are: see `Survey`. Anything that a
single line could also be is told.

Source: the documented label formats of Darknet and of Ultralytics (detect, segment, obb, pose, track).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from labelprep.errors import shown
from labelprep.model.annotation import Annotation, Kind
from labelprep.model.geometry import is_flat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

BOX: Final = 4
TRIANGLE: Final = 6
QUAD: Final = 8
CLOSED_QUAD: Final = 10
FARTHEST: Final = (-1.0, 2.0)
"""Shares beyond these are no slips: most likely pixels."""
PLACES: Final = 9
"""Places after the point of a pixel that are kept: what is behind them is noise of the arithmetic."""
OVER_EDGE: Final = 1e-3
KEYPOINTS: Final = "yolo:keypoints"

MOST_QUADS: Final = 2_000
RECTANGLES_SHARE: Final = 0.9
ROUNDING_PX: Final = 1.0
ROUNDING_SHARE: Final = 0.02
TURNED_DEGREES: Final = 0.5

Size = tuple[int, int]


class BadLineError(Exception):
    """A line that is not taken: what is wrong with it, and what to do."""

    def __init__(self, problem: str, fix: str = "mend the line, or export the labels again") -> None:
        """Keep the two parts apart."""
        super().__init__(problem)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Columns:
    """What the lines of a set mean, as far as one line alone does not say it.

    ``four_points``: polygons or oriented boxes; ``why`` says how that is known, and ``is_evident`` that the
    lines alone tell it. ``has_tracks``: lines of seven values are boxes with confidence and the number of a
    track. ``points_have_confidence``: polygons end in one. ``are_predictions``: all lines have one, so a
    model made the set, also its empty files. ``keypoints``: how many, and numbers for each.
    """

    four_points: Kind = Kind.POLYGON
    why: str = ""
    has_tracks: bool = False
    points_have_confidence: bool = False
    are_predictions: bool = False
    keypoints: tuple[int, int] | None = None
    is_evident: bool = False


def rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield number and values of each line that is not blank; commas separate as blanks do."""
    if "," in text:
        text = text.replace(",", " ")
    for number, line in enumerate(text.splitlines(), 1):
        values = line.split()
        if values:
            yield number, values


@dataclass(slots=True)
class Survey:
    """What the lines of a whole set look like, and what follows from it."""

    counts: Counter[int] = field(default_factory=Counter)
    tracks: int = 0
    quads: int = 0
    rectangles: int = 0
    turned: int = 0

    def add(self, text: str, size: Callable[[], Size | None]) -> None:
        """Take the lines of one file; ``size`` finds that of its picture, where four points are looked at."""
        for _, values in rows(text):
            if not values[0][0].isdigit():
                continue
            number = len(values) - 1
            self.counts[number] += 1
            if number == TRIANGLE and _is_track(values[-1]):
                self.tracks += 1
            elif number in {QUAD, QUAD + 1} and self.quads < MOST_QUADS:
                self._add_quad(values[1 : QUAD + 1], size)

    def _add_quad(self, values: Sequence[str], size: Callable[[], Size | None]) -> None:
        size_wh = size()
        try:
            shares = [float(value) for value in values]
        except ValueError:
            return
        if size_wh is None or not all(map(math.isfinite, shares)):
            return
        corners = scaled(shares, size_wh)
        self.quads += 1
        if is_rectangle(corners):
            self.rectangles += 1
            self.turned += is_turned(corners)

    def columns(self, four_points: Kind | None, said_by: str, keypoints: tuple[int, int] | None) -> Columns:
        """Return what the lines mean; ``four_points`` is what an option or the set itself says, if any."""
        posed = set() if keypoints is None else {BOX + math.prod(keypoints)}
        kinds = {number: count for number, count in self.counts.items() if number not in posed}
        has_tracks = self.tracks > 0 and 2 * self.tracks >= self.counts[TRIANGLE]
        outlines = {
            number
            for number in kinds
            if number >= TRIANGLE and number % 2 == 0 and not (has_tracks and number == TRIANGLE)
        }
        odd = {number for number in kinds if number > TRIANGLE and number % 2}
        points_have_confidence = bool(odd) and not outlines
        plain = BOX in kinds or outlines or posed & self.counts.keys()
        decided, why = (four_points, said_by) if four_points else self._evident(outlines | odd)
        return Columns(
            decided,
            why,
            has_tracks,
            points_have_confidence,
            not plain and (BOX + 1 in kinds or points_have_confidence),
            keypoints,
            is_evident=four_points is None,
        )

    def _evident(self, outlines: set[int]) -> tuple[Kind, str]:
        others = outlines - {QUAD, QUAD + 1}
        if others:
            return Kind.POLYGON, "other outlines in the set have more or fewer points"
        if not self.quads:
            return Kind.POLYGON, ""
        said = f"{self.rectangles:,} of {self.quads:,} are rectangles, {self.turned:,} of these turned"
        is_oriented = self.turned > 0 and self.rectangles >= RECTANGLES_SHARE * self.quads
        return (Kind.ROTATED_BOX if is_oriented else Kind.POLYGON), said


def _is_track(value: str) -> bool:
    """Tell whether a last value numbers a track: as a share it would lie outside of the picture."""
    return value.isascii() and value.isdigit() and int(value[:PLACES]) > 1


def is_rectangle(corners: Sequence[Sequence[float]]) -> bool:
    """Tell whether four points are a rectangle, but for rounding."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    diagonals = math.dist(corners[0], corners[2]), math.dist(corners[1], corners[3])
    slack = max(ROUNDING_PX, ROUNDING_SHARE * max(diagonals))
    middles_apart = math.hypot(ax + cx - bx - dx, ay + cy - by - dy) / 2
    return middles_apart <= slack and abs(diagonals[0] - diagonals[1]) <= slack and not is_flat(corners)


def is_turned(corners: Sequence[Sequence[float]]) -> bool:
    """Tell whether the first side of four points is neither level nor upright."""
    (ax, ay), (bx, by) = corners[:2]
    degrees = math.degrees(math.atan2(by - ay, bx - ax)) % 90
    return min(degrees, 90 - degrees) > TURNED_DEGREES


def scaled(shares: Sequence[float], size_wh: Size) -> list[list[float]]:
    """Return ``[[x, y], …]`` in pixels."""
    width, height = size_wh
    return [
        [round(shares[at] * width, PLACES), round(shares[at + 1] * height, PLACES)]
        for at in range(0, len(shares) - 1, 2)
    ]


class Lines:
    """Reads lines of a set whose classes and columns are known."""

    def __init__(self, names: Mapping[int, str] | None, columns: Columns) -> None:
        """Take the class of each number (None where there is no list: numbers are names), and the columns."""
        self._names = names
        self.columns = columns
        self._labels = {str(number): name for number, name in (names or {}).items() if name}
        self.counts: Counter[str] = Counter()
        self.whole_numbers = 0

    def annotation(self, number: int, values: Sequence[str], size_wh: Size) -> Annotation:
        """Return the shape of one line.

        Raises: BadLineError.
        """
        label = self._labels.get(values[0]) or self._label(values[0])
        shares = _shares(values)
        kind = self._kind(len(shares), values)
        locator = f"line {number}"
        if kind is Kind.BOX:
            return self._box(label, shares, size_wh, locator)
        confidence = _confidence(shares.pop()) if len(shares) % 2 else None
        _require_shares(shares)
        points = scaled(shares, size_wh)
        if (
            len(shares) == CLOSED_QUAD
            and self.columns.four_points is Kind.ROTATED_BOX
            and points[0] == points[-1]
        ):
            points.pop()
        if is_flat(points):
            raise BadLineError("its points lie on one line and enclose nothing")
        self.counts[str(kind)] += 1
        return Annotation(kind, label, points, {}, locator, confidence)

    def _kind(self, number: int, values: Sequence[str]) -> Kind:
        """Return what a line with so many numbers is."""
        columns = self.columns
        if number in {BOX, BOX + 1} or (
            columns.keypoints is not None and number == BOX + math.prod(columns.keypoints)
        ):
            return Kind.BOX
        if number < BOX:
            raise BadLineError(f"{number} numbers follow the class, a box has 4")
        if number == TRIANGLE and (columns.has_tracks or _is_track(values[-1])):
            raise BadLineError(
                f"six numbers, and {shown(values[-1])} at the end: a box with confidence and the number of a "
                "track, or a triangle?",
                "for tracks take the last number of each line away",
            )
        if number % 2 and not columns.points_have_confidence:
            raise BadLineError(f"{number} numbers follow the class: points are pairs, one number is missing")
        return columns.four_points if number in {QUAD, QUAD + 1} else Kind.POLYGON

    def _box(self, label: str, shares: Sequence[float], size_wh: Size, locator: str) -> Annotation:
        x, y, width, height = shares[:BOX]
        if not (width > 0 and height > 0):
            raise BadLineError(f"a box {width:g} wide and {height:g} high encloses nothing")
        ends = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        _require_shares((x, y, *ends))
        confidence = None
        if len(shares) == BOX + 1:
            # What a model says stays within the picture; a polygon that lacks a number rarely does.
            if min(ends) < -OVER_EDGE or max(ends) > 1 + OVER_EDGE:
                raise BadLineError(
                    "five numbers follow the class: a polygon that lacks one, or a box with confidence that "
                    "reaches out of the picture"
                )
            confidence = _confidence(shares[BOX])
        picture = (*size_wh, *size_wh)
        geometry = [round(end * side, PLACES) for end, side in zip(ends, picture, strict=True)]
        attributes = {}
        if len(shares) > BOX + 1:
            attributes[KEYPOINTS] = self._keypoints(shares[BOX:], size_wh)
        self.counts["box"] += 1
        return Annotation(Kind.BOX, label, geometry, attributes, locator, confidence)

    def _keypoints(self, shares: Sequence[float], size_wh: Size) -> list[list[float]]:
        """Return key points in pixels, each with its visibility where there is one."""
        _, values = self.columns.keypoints or (0, 2)
        width, height = size_wh
        return [
            [
                round(shares[at] * width, PLACES),
                round(shares[at + 1] * height, PLACES),
                *shares[at + 2 : at + values],
            ]
            for at in range(0, len(shares), values)
        ]

    def _label(self, said: str) -> str:
        """Return the class of a number that is not simply in the list.

        Raises: BadLineError where it is none.
        """
        number = _class_number(said)
        if number is None:
            is_name = said in (self._names or {}).values()
            problem = f"it begins with {shown(said)}, not with the number of a class"
            raise BadLineError(problem + (", though a class is called so" if is_name else ""))
        if not said.isdigit():
            self.whole_numbers += 1
        if self._names is None:
            return str(number)
        name = self._names.get(number)
        if not name:
            last = max(self._names, default=-1)
            what = "has no name" if number <= last else f"is not in the list of classes, 0 to {last}"
            raise BadLineError(f"class {number} {what}", "complete the list of classes")
        return name


def _class_number(said: str) -> int | None:
    """Return a whole number that is not negative; ``1.0`` is one."""
    whole, _, behind = said.partition(".")
    if whole.isascii() and whole.isdigit() and len(whole) <= PLACES and not behind.strip("0"):
        return int(whole)
    return None


def _shares(values: Sequence[str]) -> list[float]:
    """Return the numbers behind the class.

    Raises: BadLineError for what Python alone takes for a number (``0.2_0``, ``٠.٥``), and for no number.
    """
    try:
        shares = [float(value) for value in values[1:]]
    except ValueError:
        shares = []
    else:
        text = "".join(values)
        if text.isascii() and "_" not in text and all(map(math.isfinite, shares)):
            return shares
    wrong = next((value for value in values[1:] if not _is_number(value)), values[0])
    raise BadLineError(f"{shown(wrong)} is no number")


def _is_number(value: str) -> bool:
    try:
        return value.isascii() and "_" not in value and math.isfinite(float(value))
    except ValueError:
        return False


def _require_shares(shares: Sequence[float]) -> None:
    """Raise: BadLineError where a number cannot be a share of the width or height."""
    least, most = FARTHEST
    for share in shares:
        if not least <= share <= most:
            pixels = ": these look like pixels" if share > most else ""
            raise BadLineError(
                f"{share:g} is no share (0-1) of the picture{pixels}", "export the labels as YOLO again"
            )


def _confidence(share: float) -> float:
    if not 0 <= share <= 1:
        raise BadLineError(f"the last number, {share:g}, is no confidence (0-1)")
    return share
