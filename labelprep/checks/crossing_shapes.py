"""Polygons that cross themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.figures import shapes
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    for image, place, kind, _ in shapes(context.connection, "", "figure.crosses"):
        yield Finding(place, f"the {kind} crosses itself", image_id=image)


CHECK = Check(
    code="LP505",
    name="self-crossing",
    severity=Severity.WARNING,
    title="polygons that cross themselves",
    why="What is inside such a polygon depends on who reads it: its area and its mask differ from program"
    " to program.",
    fix="correct it in the tool it was drawn with, then import again",
    example="a.jpg: shapes[2]: the polygon crosses itself",
    find=_find,
)
