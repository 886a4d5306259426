"""Names of classes: their natural order, and which of them look alike."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

DIGITS = re.compile(r"(\d+)")
# Python makes no number of more than some thousands.
MOST_DIGITS = 1_000
SHORTEST_SLIP = 5
RARE, OFTEN = 2, 5
"""A name of so many images may be a slip of one that has so many times more."""
INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")

NaturalKey = tuple[tuple[tuple[int, int, str], ...], str]


def natural_key(name: str) -> NaturalKey:
    """Return a sort key under which ``class 2`` comes before ``class 10``."""
    parts = DIGITS.split(name)
    key = tuple(
        (0, int(part), part) if part.isdecimal() and len(part) < MOST_DIGITS else (1, 0, part.casefold())
        for part in parts
        if part
    )
    return key, name


def folded(name: str) -> str:
    """Return a name without its case, width, accents' spelling, invisible characters and outer spaces."""
    text = unicodedata.normalize("NFKC", name)
    text = "".join(character for character in text if character not in INVISIBLE)
    return " ".join(text.casefold().split())


def alike(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the groups of different names that a person would read as one, in natural order."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names), key=natural_key):
        groups[folded(name)].append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def fingerprint(names: Sequence[str]) -> str:
    """Return the sha256 of an ordered class list; two lists with one fingerprint index the same classes."""
    digest = hashlib.sha256()
    for name in names:
        encoded = name.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


def is_slip(one: str, other: str) -> bool:
    """Tell whether two names differ by one letter that was left out, added, changed or swapped with the next.

    Short names and digits tell classes apart: ``cat`` and ``car``, ``class 1`` and ``class 2`` are no slips.
    """
    short, long = sorted((one.casefold(), other.casefold()), key=len)
    pairs = enumerate(zip(short, long, strict=False))
    start = next((at for at, (letter, its_match) in pairs if letter != its_match), len(short))
    left, right = short[start:], long[start:]
    differing = (*left[:1], *right[:1])
    if not right or len(long) - len(short) > 1 or any(letter.isdigit() for letter in differing):
        return False
    swapped = left[:2][::-1] == right[:2] and left[2:] == right[2:]
    if swapped or len(long) < SHORTEST_SLIP:
        return swapped and len(short) > 2  # noqa: PLR2004 - ab and ba are two names
    return left == right[1:] or (len(short) == len(long) and left[1:] == right[1:])


def slips(counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield rare names and the most frequent one that each is a slip of, in name order.

    Names that differ by one letter have a rest in common once each has lost at most one letter, so names are
    compared with few others: ten thousand classes take no longer than reading them.
    """
    by_rest: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counts):
        if counts[name] >= OFTEN:
            for rest in _rests(name):
                by_rest[rest].append(name)
    for name in sorted(counts):
        number = counts[name]
        if not 0 < number <= RARE:
            continue
        near = {other for rest in _rests(name) for other in by_rest.get(rest, ())}
        meant = [other for other in near if counts[other] >= number * OFTEN and is_slip(name, other)]
        if meant:
            yield name, max(meant, key=lambda other: (counts[other], other))


def _rests(name: str) -> set[str]:
    """Return a name without its case, whole and without one letter each."""
    text = name.casefold()
    return {text, *(text[:at] + text[at + 1 :] for at in range(len(text)))}
