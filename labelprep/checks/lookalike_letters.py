"""Class names that mix alphabets."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.merging import kept_name, merge_command
from labelprep.model.classes import folded, natural_key
from labelprep.model.issues import Severity
from labelprep.model.prompts import typed

if TYPE_CHECKING:
    from collections.abc import Iterator


# What a reader takes for a Latin letter: Cyrillic, then Greek. Capitals and small letters look alike apart.
CYRILLIC: Final = ("АВЕКМНОРСТУХІЅЈԚԜасеорхуіѕјԁһԛԝ", "ABEKMHOPCTYXISJQWaceopxyisjdhqw")
GREEK: Final = ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαοριυνκχ", "ABEZHIKMNOPTYXaopiuvkx")
LATIN_FOR: Final = str.maketrans(CYRILLIC[0] + GREEK[0], CYRILLIC[1] + GREEK[1])
WORD: Final = re.compile(r"[^\W\d_]+")


def _find(context: CheckContext) -> Iterator[Finding]:
    for group in _as_read_alike(context):
        if len(group) > 1:
            shown = ", ".join(map(ascii, group))
            yield Finding(
                "classes",
                f"{_latin(group)!r} is spelled with letters of different alphabets: {shown}",
                fix=merge_command(group, kept_name(context, group)),
                key=shown,
            )
        elif any(map(_is_mixed, WORD.findall(group[0]))):
            yield Finding(
                "classes",
                f"{group[0]!r} mixes Latin letters with ones that look like them: {group[0]!a}",
                fix=f"{typed('labelprep classes rename', group[0])} NAME",
                key=ascii(group[0]),
            )


def _as_read_alike(context: CheckContext) -> Iterator[list[str]]:
    """Yield the names that are read alike, one for each spelling: how LP301 differs is told there."""
    groups: dict[str, dict[str, list[str]]] = {}
    for name in sorted((item.name for item in context.classes), key=natural_key):
        groups.setdefault(_as_read(name), {}).setdefault(folded(name), []).append(name)
    for spellings in groups.values():
        yield [kept_name(context, names) for names in spellings.values()]


def _as_read(name: str) -> str:
    """Return a name as a reader of the Latin alphabet sees it."""
    return folded(unicodedata.normalize("NFKC", name).translate(LATIN_FOR))


def _latin(group: list[str]) -> str:
    return next((name for name in group if name.isascii()), group[0])


def _is_mixed(word: str) -> bool:
    """Tell whether a word has Latin letters, and Cyrillic ones that look Latin.

    Greek letters stand beside Latin ones on purpose: ``α-helix``, ``µm``.
    """
    return any(letter in CYRILLIC[0] for letter in word) and any(
        letter.isascii() and letter.isalpha() for letter in word
    )


CHECK = Check(
    code="LP308",
    name="look-alike-letters",
    severity=Severity.WARNING,
    title="class names with look-alike letters",
    why="A Cyrillic or Greek letter that looks Latin makes a second class that nobody can see.",
    fix="labelprep classes merge ONE OTHER",
    example="classes: 'cat' is spelled with letters of different alphabets: 'cat', 'c\\u0430t'",
    find=_find,
)
