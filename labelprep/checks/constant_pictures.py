"""Pictures of one colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.typical import NOTHING, pictures
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    for identifier, path, contrast in pictures(context.connection, "contrast", "contrast < ?", NOTHING):
        yield Finding(path, f"all of it is one colour (contrast {contrast:.3f})", image_id=identifier)


CHECK = Check(
    code="LP117",
    name="constant",
    severity=Severity.WARNING,
    title="pictures of one colour",
    why="There is nothing on the picture to learn from: it is a placeholder, a lens cap or a failed export.",
    fix="replace it, or take it out of the folder",
    example="cat/0001.jpg: all of it is one colour (contrast 0.000)",
    find=_find,
)
