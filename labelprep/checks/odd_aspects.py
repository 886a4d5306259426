"""Pictures much longer than wide, or wider than long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.typical import pictures, typical
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST, TIMES_USUAL = 3.0, 2.0


def _find(context: CheckContext) -> Iterator[Finding]:
    usual = typical(context.connection).aspect
    rows = pictures(
        context.connection,
        "width_px, height_px",
        "max(width_px, height_px) > min(width_px, height_px) * ?",
        max(LONGEST, TIMES_USUAL * usual),
    )
    for identifier, path, width, height in rows:
        ratio = max(width, height) / min(width, height)
        yield Finding(
            path,
            f"{width:,} × {height:,} pixels, {ratio:.1f} to 1; {usual:.1f} to 1 is usual here",
            image_id=identifier,
        )


CHECK = Check(
    code="LP113",
    name="odd-aspect-ratio",
    severity=Severity.WARNING,
    title="pictures of an odd shape",
    why="Cropped to a square, such a picture loses most of what it shows; stretched, it shows nothing as "
    "it is.",
    fix="crop it by hand, or train with --fit pad",
    example="cat/0001.jpg: 2,000 × 300 pixels, 6.7 to 1; 1.3 to 1 is usual here",
    find=_find,
)
