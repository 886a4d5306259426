"""Pictures of a few tones among photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.typical import MASK_LIKE, NOTHING, PHOTOS, pictures, typical
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

FLATTEST = 0.85


def _find(context: CheckContext) -> Iterator[Finding]:
    usual = typical(context.connection).flatness
    if usual > PHOTOS:
        return
    rows = pictures(
        context.connection,
        "flatness",
        f"flatness >= ? AND contrast >= {NOTHING} AND NOT ({MASK_LIKE})",
        FLATTEST,
    )
    for identifier, path, flatness in rows:
        yield Finding(
            path,
            f"four tones make {flatness:.0%} of it; {usual:.0%} is usual here".replace("%", " %"),
            image_id=identifier,
        )


CHECK = Check(
    code="LP118",
    name="low-information",
    severity=Severity.WARNING,
    title="pictures of a few tones among photos",
    why="Among photos, a picture of which a few tones make nearly all is a drawing, a logo or the "
    "placeholder of a web site.",
    fix="look at it; replace it, or take it out of the folder",
    example="cat/missing.gif: four tones make 95 % of it; 7 % is usual here",
    find=_find,
)
