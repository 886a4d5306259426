"""Pictures in which nearly all is white."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.typical import NOTHING, pictures, typical
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

BRIGHTEST, CONTRAST = 0.75, 0.12


def _find(context: CheckContext) -> Iterator[Finding]:
    limit = max(BRIGHTEST, (1 + typical(context.connection).low) / 2)
    rows = pictures(
        context.connection,
        "low",
        f"low >= ? AND contrast <= {CONTRAST} AND contrast >= {NOTHING}",
        limit,
    )
    for identifier, path, low in rows:
        yield Finding(path, f"95 % of its pixels are no darker than {low:.2f} (of 0-1)", image_id=identifier)


CHECK = Check(
    code="LP115",
    name="bright",
    severity=Severity.WARNING,
    title="pictures that are almost white",
    why="Overexposed parts hold nothing any more: neither a person nor a network can tell what was there.",
    fix="look at it; replace it, or take it out of the folder",
    example="cat/0001.jpg: 95 % of its pixels are no darker than 0.91 (of 0-1)",
    find=_find,
)
