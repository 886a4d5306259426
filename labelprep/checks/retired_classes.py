"""Images whose class is retired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.manifest import classes
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    for item in classes.listed(context.connection):
        number = context.all_counts.get(item.name, 0)
        if item.retired and number:
            images = "1 image has" if number == 1 else f"{number:,} images have"
            yield Finding(item.name, f"the class is retired, and {images} it: left out of training")


CHECK = Check(
    code="LP307",
    name="retired-class-used",
    severity=Severity.WARNING,
    title="retired classes that images still have",
    why="Training leaves these images out.",
    fix="take the retirement back with labelprep undo, or: labelprep classes merge OLD NEW",
    example="wolf: the class is retired, and 12 images have it: left out of training",
    find=_find,
)
