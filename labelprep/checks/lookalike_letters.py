"""Class names that mix alphabets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.manifest import classes
from labelprep.model.classes import folded, natural_key
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


# What a reader takes for a Latin letter: Cyrillic, then Greek; lower case, since names are folded first.
LOOK_ALIKES = (
    "аa",
    "сc",
    "еe",
    "оo",
    "рp",
    "хx",
    "уy",
    "іi",
    "ѕs",
    "јj",
    "ԁd",
    "һh",
    "ԛq",
    "ԝw",
    "αa",
    "οo",
    "ρp",
    "νv",
    "υu",
    "ιi",
    "κk",
    "χx",
)
TABLE = str.maketrans({pair[0]: pair[1] for pair in LOOK_ALIKES})


def _find(context: CheckContext) -> Iterator[Finding]:
    names = [
        item.name
        for item in classes.listed(context.connection)
        if item.merged_into is None and not item.retired
    ]
    plain = {name: folded(name).translate(TABLE) for name in names}
    groups: dict[str, list[str]] = {}
    for name in sorted(names, key=natural_key):
        groups.setdefault(plain[name], []).append(name)
    for group in groups.values():
        if len({folded(name) for name in group}) > 1:
            shown = ", ".join(ascii(name) for name in group)
            yield Finding(
                "classes",
                f"{group[0]!r} is spelled with letters of different alphabets: {shown}",
                fix=f'labelprep classes merge "{group[1]}" "{group[0]}"',
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
