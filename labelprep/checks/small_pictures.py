"""Pictures of a few pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.typical import pictures
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST_PX = 8


def _find(context: CheckContext) -> Iterator[Finding]:
    columns = "width_px, height_px"
    for identifier, path, width, height in pictures(
        context.connection, columns, "min(width_px, height_px) < ?", SHORTEST_PX
    ):
        yield Finding(path, f"{width} × {height} pixels", image_id=identifier)


CHECK = Check(
    code="LP112",
    name="too-small",
    severity=Severity.WARNING,
    title="pictures of a few pixels",
    why="Nothing can be told in so few pixels; most often it is an icon, a spacer or a failed download.",
    fix="replace it, or take it out of the folder",
    example="cat/0001.jpg: 1 × 1 pixels",
    find=_find,
)
