"""Pictures of quite another size than the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.typical import pictures, typical
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMES = 4.0


def _find(context: CheckContext) -> Iterator[Finding]:
    usual = typical(context.connection).side_px
    rows = pictures(
        context.connection,
        "width_px, height_px",
        "width_px * height_px < ? OR width_px * height_px > ?",
        (usual / TIMES) ** 2,
        (usual * TIMES) ** 2,
    )
    for identifier, path, width, height in rows:
        if usual:
            yield Finding(
                path,
                f"{width:,} × {height:,} pixels; about {usual:,.0f} px a side are usual here",
                image_id=identifier,
            )


CHECK = Check(
    code="LP122",
    name="odd-size",
    severity=Severity.NOTE,
    title="pictures of quite another size",
    why="A thumbnail enlarged to the size of the rest is blurred; where sizes go with a class, a network "
    "learns the size.",
    fix="look whether it is a thumbnail; replace it by the original",
    example="cat/0001.jpg: 60 × 40 pixels; about 400 px a side are usual here",
    find=_find,
)
