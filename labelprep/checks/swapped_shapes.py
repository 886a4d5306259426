"""Boxes whose sides are swapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.figures import shapes
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = shapes(
        context.connection, "figure.wide", "annotation.kind = 'box' AND (figure.wide < 0 OR figure.tall < 0)"
    )
    for image, place, _, _, wide in rows:
        said = "its left side lies right of its right side" if wide < 0 else "its top lies below its bottom"
        yield Finding(place, said, image_id=image)


CHECK = Check(
    code="LP509",
    name="swapped-sides",
    severity=Severity.WARNING,
    title="boxes with swapped sides",
    why="Left lies right of right: programs read such a box as empty, or as nothing at all.",
    fix="correct it in the tool it was drawn with, then import again",
    example="a.jpg: shapes[2]: its left side lies right of its right side",
    find=_find,
)
