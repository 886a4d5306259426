"""COCO's run-length masks in their two spellings.

::

    {"size": [height, width], "counts": [3, 2, …]}     run lengths, column by column, background first
    {"size": [height, width], "counts": "32…"}         the same in 6 bits a character

A count in text is written in groups of 5 bits, the lowest first, each as the character 48 + group (+ 32 where
another group follows); the last group's highest bit is the sign. From the fourth count on the text holds
the difference to the count two before.

Source: the COCO data format and its published mask interface (cocodataset.org, "RLE").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import shown
from labelprep.formats.framed_masks import bounds_of, moved

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BadMaskError", "EmptyMaskError", "bounds_of", "counts_of", "mask_of", "moved", "text_of"]

LARGEST_MASK_PX: Final = 64_000_000
FIRST_CHARACTER: Final = 48
GROUP_BITS: Final = 5
MORE: Final = 1 << GROUP_BITS
SIGN: Final = MORE >> 1
MOST_GROUPS: Final = 8
FIRST_DIFFERENCE: Final = 3

Size = tuple[int, int]


class BadMaskError(Exception):
    """A mask cannot be read; the message is what is wrong with it."""


class EmptyMaskError(BadMaskError):
    """A mask has no pixel."""


def mask_of(value: dict[str, Any]) -> tuple[Size, list[int], bool]:
    """Return the (width, height), the run lengths, and whether background was filled in at the end.

    Raises: BadMaskError.
    """
    size = value.get("size")
    if not isinstance(size, list) or len(size) != 2 or not all(type(one) is int for one in size):  # noqa: PLR2004
        raise BadMaskError(f"its mask has the size {shown(size)}, not height and width")
    height, width = size
    if width < 1 or height < 1 or width * height > LARGEST_MASK_PX:
        raise BadMaskError(f"its mask is {width} × {height} pixels: read from 1 to 64 million")
    counts = _counts(value.get("counts"), width * height)
    missing = width * height - sum(counts)
    if missing < 0:
        raise BadMaskError(f"its mask has {-missing:,} pixels more than {width} × {height}")
    if missing:
        # As the readers of COCO have it: what no run speaks of is background.
        counts = [*counts[:-1], counts[-1] + missing] if len(counts) % 2 else [*counts, missing]
    if not any(counts[1::2]):
        raise EmptyMaskError("its mask has no pixel")
    return (width, height), counts, missing > 0


def _counts(value: object, most: int) -> list[int]:
    if isinstance(value, str):
        return counts_of(value, most)
    if not isinstance(value, list) or not all(type(one) is int and one >= 0 for one in value):
        raise BadMaskError(f"the counts of its mask are {shown(value)}, not run lengths")
    return value


def counts_of(text: str, most: int) -> list[int]:
    """Return the run lengths that a text holds; ``most`` is how many pixels there can be.

    Raises: BadMaskError.
    """
    counts: list[int] = []
    number = groups = 0
    for character in text:
        group = ord(character) - FIRST_CHARACTER
        if not 0 <= group < 2 * MORE or groups == MOST_GROUPS:
            raise BadMaskError(f"the counts of its mask, {shown(text)}, are not in COCO's letters")
        number |= (group & (MORE - 1)) << GROUP_BITS * groups
        groups += 1
        if group & MORE:
            continue
        if group & SIGN:
            number -= 1 << GROUP_BITS * groups
        if len(counts) >= FIRST_DIFFERENCE:
            number += counts[-2]
        if not 0 <= number <= most:
            raise BadMaskError(f"count {len(counts) + 1} of its mask is {number}")
        counts.append(number)
        number = groups = 0
    if groups:
        raise BadMaskError(f"the counts of its mask, {shown(text)}, end in the middle of one")
    return counts


def text_of(counts: Sequence[int]) -> str:
    """Return run lengths as text."""
    made = []
    for at, count in enumerate(counts):
        number = count - counts[at - 2] if at >= FIRST_DIFFERENCE else count
        is_done = False
        while not is_done:
            group = number & (MORE - 1)
            number >>= GROUP_BITS
            is_done = number == (-1 if group & SIGN else 0)
            made.append(chr(FIRST_CHARACTER + group + (0 if is_done else MORE)))
    return "".join(made)
