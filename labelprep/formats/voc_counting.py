"""How the boxes of a set of VOC files count their pixels, by evidence of the whole set.

::

    the first pixel is   the far edge is      whole picture, 160 wide   who writes so
    1                    the last pixel       1 … 160                   the VOC devkit, LabelImg
    0                    behind the last      0 … 160                   most converters, float boxes
    0                    the last pixel       0 … 159                   some converters

Boxes pile up at the border of pictures, so a set of one tool shows where it begins to count. LabelImg cuts
fractions off and writes 1 where 0 would be: its boxes are those of the devkit at the border and within its
rounding elsewhere.

Source: VOC2007 development kit, annotation section; LabelImg's pascal_voc_io.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

Number = int | Decimal
RARE: Final = 10
"""So many times rarer than the other sign, a sign is a slip."""


@dataclass(frozen=True, slots=True)
class Counting:
    """How boxes are written: the number of the first pixel, and whether the far edge is the last pixel."""

    first: int
    inclusive: bool

    @property
    def words(self) -> str:
        """What a person is told."""
        edge = "the last pixel" if self.inclusive else "behind the last pixel"
        return f"counted from {self.first}, far edge {edge}"


DEVKIT: Final = Counting(1, inclusive=True)
EDGES: Final = Counting(0, inclusive=False)
FROM_ZERO: Final = Counting(0, inclusive=True)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a set counts, why, and whether anything in it told."""

    counting: Counting
    why: str
    is_certain: bool


class Evidence:
    """What the boxes of a set tell of their counting; add each box once."""

    def __init__(self) -> None:
        """Begin with no box."""
        self._boxes = 0
        self._fractions = 0
        self._at_zero = self._at_one = self._at_size = self._before_size = 0

    def add(self, corners: Sequence[Number], size_wh: tuple[int, int] | None) -> None:
        """Take one box as it is written: xmin, ymin, xmax, ymax; those outside tell nothing."""
        left, top, right, bottom = corners
        if left > right:
            left, right = right, left
        if top > bottom:
            top, bottom = bottom, top
        self._boxes += 1
        if left < 0 or top < 0:
            return
        if not all(map(_is_whole, corners)):
            self._fractions += 1
        if left == 0 or top == 0:
            self._at_zero += 1
        if left == 1 or top == 1:
            self._at_one += 1
        if size_wh is not None:
            width, height = size_wh
            if right == width or bottom == height:
                self._at_size += 1
            if right == width - 1 or bottom == height - 1:
                self._before_size += 1

    def add_all(self, other: Evidence) -> None:
        """Take what other boxes tell."""
        self._boxes += other._boxes
        self._fractions += other._fractions
        self._at_zero += other._at_zero
        self._at_one += other._at_one
        self._at_size += other._at_size
        self._before_size += other._before_size

    def verdict(self) -> Verdict:
        """Say how the set counts; without evidence as the devkit does."""
        if self._fractions and self._fractions * RARE >= self._boxes:
            often = f"{self._fractions:,} of {self._boxes:,} boxes have fractions of a pixel"
            return Verdict(EDGES, often, is_certain=True)
        starts = f"{self._at_zero:,} of {self._boxes:,} boxes begin at 0, {self._at_one:,} at 1"
        if self._at_zero and self._at_zero * RARE >= self._at_one:
            ends = f"{self._at_size:,} end at the size of the picture, {self._before_size:,} one before"
            is_inside = self._before_size > 0 and self._at_size * RARE < self._before_size
            return Verdict(FROM_ZERO if is_inside else EDGES, f"{starts}; {ends}", is_certain=True)
        if self._at_one:
            return Verdict(DEVKIT, starts, is_certain=True)
        return Verdict(DEVKIT, f"none of {self._boxes:,} boxes begins at 0 or 1", is_certain=False)

    def counts(self) -> dict[str, Any]:
        """Return the figures behind it."""
        return {
            "boxes": self._boxes,
            "begin_at_0": self._at_zero,
            "begin_at_1": self._at_one,
            "end_at_size": self._at_size,
            "end_one_before_size": self._before_size,
            "with_fractions": self._fractions,
        }

    @property
    def slips(self) -> int:
        """How many boxes begin at 0 though the set counts from 1."""
        return self._at_zero if self.verdict().counting.first == 1 else 0


def _is_whole(value: Number) -> bool:
    return type(value) is int or value % 1 == 0
