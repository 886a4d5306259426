"""Entries of a JSON array that are taken many at once, here or by others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_NEXT_OBJECT = re.compile(r"\}[ \t\r\n]*,[ \t\r\n]*\{")

Take = Callable[[list[Any], str], bool]
"""Takes several entries of an array, given their values and the text of all, or says that it does not."""


@dataclass(frozen=True, slots=True)
class Window:
    """Entries of an array up to the byte ``end``: how many others took, and the rest with their texts.

    ``lines`` is how many end in it, ``column`` how many characters follow behind the last of these.
    """

    end: int
    taken: int
    rest: list[tuple[Any, str]]
    lines: int
    column: int


HandOut = Callable[[int], Iterator[Window]]
"""Yields windows that follow each other, given the byte behind an entry, for as long as others take them."""


class Offers:
    """When to offer entries at once: after each refusal half as often, as nobody may want this file's."""

    def __init__(self) -> None:
        """Begin with the next."""
        self._pause = self._left = 0

    def is_due(self) -> bool:
        """Tell whether to offer now."""
        self._left -= 1
        return self._left < 0

    def note(self, *, is_taken: bool) -> None:
        """Hear what became of an offer."""
        self._pause = 0 if is_taken else 2 * self._pause + 1
        self._left = self._pause


def last_border(text: str, start: int) -> int | None:
    """Return the end of the last object that another follows, None where there is none behind a place."""
    end = len(text)
    while (end := text.rfind("}", start, end)) > start:
        if _NEXT_OBJECT.match(text, end):
            return end + 1
    return None
