"""Classes that are one: which name stays, and how they become it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from labelprep.checks.base import CheckContext, Repair
from labelprep.manifest import classes
from labelprep.model.prompts import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence


def kept_name(context: CheckContext, group: Sequence[str]) -> str:
    """Return the name that stays: the one most images have, the older class among equals."""
    age = {item.name: item.id for item in context.classes}
    return min(group, key=lambda name: (-context.counts.get(name, 0), age[name]))


def merge_command(group: Iterable[str], target: str) -> str:
    """Return the command that makes a group one class."""
    return typed("labelprep classes merge", *(name for name in group if name != target), target)


def merge(group: Sequence[str], target: str) -> Repair:
    """Return the repair that makes a group one class."""
    others = [name for name in group if name != target]

    def apply(connection: sqlite3.Connection, command: int) -> list[int]:
        touched = classes.images_of(connection, classes.with_merged(connection, others))
        classes.merge(connection, command, others, target)
        return touched

    said = dict(zip(group, told_apart(group), strict=True))
    become = "becomes" if len(others) == 1 else "become"
    return Repair(
        f"{' and '.join(said[name] for name in others)} {become} {said[target]}",
        merge_command(group, target),
        apply,
    )


def told_apart(group: Sequence[str]) -> list[str]:
    """Return names in quotes, as escapes where a reader could not tell some of them apart or see them."""
    seen = {unicodedata.normalize("NFC", name) for name in group}
    return [(ascii if len(seen) < len(group) or not name.isprintable() else repr)(name) for name in group]
