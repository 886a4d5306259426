"""Masks cut out of a larger frame, or put into one; run lengths go column by column, background first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Size = tuple[int, int]


def bounds_of(counts: Sequence[int], height: int) -> list[int]:
    """Return ``[left, top, right, bottom]`` around the pixels of a mask that has some."""
    left, top, right, bottom = None, height, 0, 0
    for start, length in _runs(counts):
        column, row = divmod(start, height)
        last_column, last_row = divmod(start + length - 1, height)
        left = column if left is None else left
        right = last_column + 1
        crosses = last_column > column
        top = 0 if crosses else min(top, row)
        bottom = height if crosses else max(bottom, last_row + 1)
    return [left or 0, top, right, bottom]


def _runs(counts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield start and length of each run of the shape, counted along the columns."""
    at = 0
    for number, count in enumerate(counts):
        if number % 2 and count:
            yield at, count
        at += count


def moved(counts: Sequence[int], size_wh: Size, target_wh: Size, by: Size) -> list[int] | None:
    """Return the mask inside another frame, its upper left corner at ``by``; None where pixels fall outside.

    With a negative ``by`` it is cut out of a larger frame.
    """
    height, (width, target_height), (left, top) = size_wh[1], target_wh, by
    pieces = []
    for start, length in _runs(counts):
        at, end = start, start + length
        while at < end:
            column, row = divmod(at, height)
            piece = min(end - at, height - row)
            column, row = column + left, row + top
            if not (0 <= column < width and row >= 0 and row + piece <= target_height):
                return None
            pieces.append((column * target_height + row, piece))
            at += piece
    return _joined(pieces, width * target_height)


def _joined(pieces: Iterable[tuple[int, int]], total: int) -> list[int]:
    """Return run lengths of pieces (start, length) in order; those that touch become one."""
    counts: list[int] = []
    at = 0
    for start, length in pieces:
        if counts and start == at:
            counts[-1] += length
        else:
            counts += [start - at, length]
        at = start + length
    return [*counts, total - at] if at < total else counts
