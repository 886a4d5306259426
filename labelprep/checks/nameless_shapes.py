"""Shapes without a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.figures import shapes
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    for image, place, kind, _ in shapes(context.connection, "", "annotation.class_id IS NULL"):
        yield Finding(place, f"the {kind} has no class", image_id=image)


CHECK = Check(
    code="LP508",
    name="shape-without-class",
    severity=Severity.WARNING,
    title="shapes without a class",
    why="A shape that is of nothing teaches nothing; most formats cannot hold it.",
    fix="give it a class where it was drawn, then import again",
    example="a.jpg: shapes[2]: the box has no class",
    find=_find,
)
