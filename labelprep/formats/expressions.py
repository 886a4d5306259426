"""Regular expressions that people type: which of them could take forever on a file name.

Where one repeat can give characters to the next, a name that does not match is tried in every division: in
length² ways for two repeats, in 2^length for a repeat inside a repeat. Those are refused before they run.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_DIVISIONS = 3
FOREVER = 1000
LONG_CHARACTERS = 1024
SHORT_CHARACTERS = 255
# Enough of each kind to tell whether two sets of characters overlap.
SAMPLE = frozenset(map(chr, range(128))) | frozenset("éßÉ猫９　²")
CATEGORIES: dict[str, Callable[[str], bool]] = {
    "CATEGORY_DIGIT": str.isdecimal,
    "CATEGORY_NOT_DIGIT": lambda character: not character.isdecimal(),
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_NOT_SPACE": lambda character: not character.isspace(),
    "CATEGORY_WORD": lambda character: character.isalnum() or character == "_",
    "CATEGORY_NOT_WORD": lambda character: not (character.isalnum() or character == "_"),
}
REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT"})
WIDTHLESS = frozenset({"AT", "ASSERT", "ASSERT_NOT"})

Item = tuple[Any, Any]
Characters = frozenset[str]


def why_endless(expression: str) -> str:
    """Return why a regular expression that compiles could take forever on a name, or nothing."""
    divisions = _divisions(_parsed(expression), frozenset())
    if divisions >= FOREVER:
        return "it repeats a repeat, or a choice of two that begin alike, which can take forever"
    if divisions > MOST_DIVISIONS:
        return f"it holds {divisions} repeats that can take each other's characters, which can take forever"
    return ""


def longest_characters(expression: str) -> int:
    """Return how long a text may be that a regular expression is done with in about two seconds."""
    return (
        SHORT_CHARACTERS
        if _divisions(_parsed(expression), frozenset()) == MOST_DIVISIONS
        else LONG_CHARACTERS
    )


def _parsed(expression: str) -> list[Item]:
    return list(importlib.import_module("re._parser").parse(expression))


@dataclass(frozen=True, slots=True)
class Span:
    """What a part can hold: the characters it may begin with, all it may have, whether it may be empty."""

    first: Characters
    all: Characters
    empty: bool


NOTHING = Span(frozenset(), frozenset(), empty=True)


def _divisions(items: Sequence[Item], after: Characters) -> int:
    """Return how many repeats can give characters to what follows; ``after`` is what follows the items."""
    total = 0
    following = after
    for operation, value in reversed(items):
        total += _divisions_of(str(operation), value, following)
        span = _span_of(str(operation), value)
        following = span.first | (following if span.empty else frozenset())
    return total


def _divisions_of(operation: str, value: Any, following: Characters) -> int:  # noqa: ANN401 - its parts differ
    if operation in REPEATS:
        return _divisions_of_repeat(value, following)
    if operation == "SUBPATTERN":
        return _divisions(list(value[3]), following)
    if operation == "BRANCH":
        return max(_divisions(list(branch), following) for branch in value[1])
    if operation in {"ASSERT", "ASSERT_NOT"}:
        return _divisions(list(value[1]), frozenset())
    if operation == "GROUPREF_EXISTS":
        return max(_divisions(list(branch or ()), following) for branch in value[1:])
    return 0


def _divisions_of_repeat(value: tuple[int, Any, Any], following: Characters) -> int:
    least, most, part = value
    body = list(part)
    span = _span(body)
    own = int(least != most and bool(span.all & following))
    if most == 1:
        return own + _divisions(body, following)
    inside = _divisions(body, following | span.first) + _choices(body)
    if not inside:
        return own
    return FOREVER if most > MOST_DIVISIONS else inside * int(most)


def _choices(items: Sequence[Item]) -> int:
    """Return how many choices in a repeated part have branches that begin alike."""
    total = 0
    for operation, value in items:
        name = str(operation)
        if name == "SUBPATTERN":
            total += _choices(list(value[3]))
        elif name in REPEATS:
            total += _choices(list(value[2]))
        elif name == "BRANCH":
            spans = [_span(list(branch)) for branch in value[1]]
            begun: Characters = frozenset()
            for branch, span in zip(value[1], spans, strict=True):
                total += bool(begun & span.first) + span.empty + _choices(list(branch))
                begun |= span.first
    return total


def _span(items: Sequence[Item]) -> Span:
    whole = NOTHING
    for operation, value in items:
        span = _span_of(str(operation), value)
        first = whole.first | span.first if whole.empty else whole.first
        whole = Span(first, whole.all | span.all, empty=whole.empty and span.empty)
    return whole


def _span_of(operation: str, value: Any) -> Span:  # noqa: ANN401 - its parts differ
    if operation in WIDTHLESS:
        return NOTHING
    if operation in REPEATS or operation == "POSSESSIVE_REPEAT":
        span = _span(list(value[2]))
        return Span(span.first, span.all, empty=span.empty or value[0] == 0)
    if operation == "SUBPATTERN":
        return _span(list(value[3]))
    if operation == "ATOMIC_GROUP":
        return _span(list(value))
    if operation == "BRANCH":
        spans = [_span(list(branch)) for branch in value[1]]
        return Span(
            frozenset().union(*(span.first for span in spans)),
            frozenset().union(*(span.all for span in spans)),
            empty=any(span.empty for span in spans),
        )
    characters = _characters(operation, value)
    return Span(characters, characters, empty=operation.startswith("GROUPREF"))


def _characters(operation: str, value: Any) -> Characters:  # noqa: ANN401 - its parts differ
    """Return which characters of the sample a single one may be, in either case; a reference may be any."""
    if operation == "LITERAL":
        return _either_case(frozenset({chr(value)}))
    if operation == "NOT_LITERAL":
        return SAMPLE
    if operation == "IN":
        found: set[str] = set()
        for name, item in value:
            found |= _members(str(name), item)
        # More is better than less here: two sets that may overlap, in whichever case, are taken to do so.
        return SAMPLE - found if str(value[0][0]) == "NEGATE" else _either_case(frozenset(found))
    return SAMPLE


def _members(name: str, item: Any) -> set[str]:  # noqa: ANN401 - its parts differ
    if name == "LITERAL":
        return {chr(item)}
    if name == "RANGE":
        low, high = item
        return {chr(low), chr(high)} | {character for character in SAMPLE if low <= ord(character) <= high}
    if name == "CATEGORY":
        return {character for character in SAMPLE if CATEGORIES[str(item)](character)}
    return set()


def _either_case(characters: Characters) -> Characters:
    return characters | frozenset(character.swapcase() for character in characters)
