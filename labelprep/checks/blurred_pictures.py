"""Pictures out of focus or shaken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.typical import pictures, typical
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

SOFT, OF_USUAL = 0.18, 0.75
"""Of photos blurred with sigma 3 (at 500 px), 98-100 % are below; of the photos as they were, under 1 %."""
FAINT = 0.01
"""Of the variance: so little detail has no photo in focus, though noise may lift what is left of it."""
CONTRAST, SHORTEST_PX = 0.02, 16


def _find(context: CheckContext) -> Iterator[Finding]:
    usual = typical(context.connection).focus
    rows = pictures(
        context.connection,
        "focus",
        f"(focus < ? OR sharpness < {FAINT} * contrast * contrast * 65025) AND contrast >= {CONTRAST} "
        f"AND min(width_px, height_px) >= {SHORTEST_PX}",
        min(SOFT, OF_USUAL * usual),
    )
    for identifier, path, focus in rows:
        yield Finding(
            path,
            f"its finest detail is {focus:.2f} of what it is at half the size; {usual:.2f} is usual here",
            image_id=identifier,
        )


CHECK = Check(
    code="LP116",
    name="blurred",
    severity=Severity.WARNING,
    title="pictures that are blurred",
    why="A network that learns from blurred pictures learns that edges do not matter; a person may have "
    "guessed the label.",
    fix="look at it; replace it, or take it out of the folder",
    example="cat/0001.jpg: its finest detail is 0.09 of what it is at half the size; 0.42 is usual here",
    find=_find,
)
