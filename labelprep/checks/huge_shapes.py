"""Shapes that cover nearly the whole picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.figures import measured, shapes
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

USUAL = 0.5
COVERS = "figure.area > 0.95 * image.width_px * image.height_px"


def _find(context: CheckContext) -> Iterator[Finding]:
    connection = measured(context.connection)
    share = connection.execute(
        f"SELECT avg({COVERS}) FROM temp.figure JOIN image ON image.id = image_id WHERE area NOTNULL"  # noqa: S608 - a constant
    ).fetchone()[0]
    # Where half of the shapes are so, that is how the set was drawn.
    if share is None or share >= USUAL:
        return
    for image, place, kind, _, part in shapes(connection, "figure.area / (width_px * height_px)", COVERS):
        yield Finding(place, f"the {kind} covers {min(part, 1) * 100:.0f} % of the picture", image_id=image)


CHECK = Check(
    code="LP506",
    name="huge-shape",
    severity=Severity.NOTE,
    title="shapes that cover nearly the whole picture",
    why="Among smaller shapes, one as large as the picture is often a slip of the mouse, or a label of "
    "the picture that is no shape.",
    fix="look at it; correct or delete it where it was drawn",
    example="a.jpg: shapes[2]: the box covers 100 % of the picture",
    find=_find,
)
