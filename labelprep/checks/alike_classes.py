"""Classes whose names look the same."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.manifest import classes
from labelprep.model.classes import alike
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    names = [
        item.name
        for item in classes.listed(context.connection)
        if item.merged_into is None and not item.retired
    ]
    for group in alike(names):
        spelled = [unicodedata.normalize("NFC", name) for name in group]
        # Names that differ in bytes only have to be told apart by their escapes.
        shown = ", ".join((ascii if len(set(spelled)) < len(group) else repr)(name) for name in group)
        yield Finding(
            "classes",
            f"these names look alike: {shown}",
            fix=f'labelprep classes merge "{group[1]}" "{group[0]}"',
        )


CHECK = Check(
    code="LP301",
    name="alike-classes",
    severity=Severity.WARNING,
    title="class names that look alike",
    why="They differ only in case, spaces, width or invisible characters, so a person means one class; the "
    "network learns two, and tells them apart by chance.",
    fix="labelprep classes merge ONE OTHER",
    example="classes: these names look alike: 'Cat', 'cat'",
    find=_find,
)
