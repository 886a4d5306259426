"""Classes whose names look the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.merging import kept_name, merge, merge_command, told_apart
from labelprep.model.classes import alike
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.checks.base import Repair


def _groups(context: CheckContext) -> list[tuple[str, ...]]:
    return alike(item.name for item in context.classes)


def _find(context: CheckContext) -> Iterator[Finding]:
    for group in _groups(context):
        yield Finding(
            "classes",
            f"these names look alike: {', '.join(told_apart(group))}",
            fix=merge_command(group, kept_name(context, group)),
            key=", ".join(map(ascii, group)),
        )


def _repairs(context: CheckContext) -> Iterator[Repair]:
    for group in _groups(context):
        yield merge(group, kept_name(context, group))


CHECK = Check(
    code="LP301",
    name="alike-classes",
    severity=Severity.WARNING,
    title="class names that look alike",
    why="They differ only in case, spaces, width or invisible characters, so a person means one class; the "
    "network learns two, and tells them apart by chance.",
    fix="labelprep classes merge ONE OTHER, or labelprep check --fix",
    example="classes: these names look alike: 'Cat', 'cat'",
    find=_find,
    repairs=_repairs,
)
