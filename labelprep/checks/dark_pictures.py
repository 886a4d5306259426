"""Pictures in which nearly all is black."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.typical import NOTHING, pictures, typical
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

DARKEST, OF_USUAL, CONTRAST = 0.25, 0.3, 0.12
"""White strokes on black, such as digits, have more contrast."""


def _find(context: CheckContext) -> Iterator[Finding]:
    limit = min(DARKEST, OF_USUAL * typical(context.connection).high)
    rows = pictures(
        context.connection,
        "high",
        f"high <= ? AND contrast <= {CONTRAST} AND contrast >= {NOTHING}",
        limit,
    )
    for identifier, path, high in rows:
        yield Finding(
            path, f"95 % of its pixels are no brighter than {high:.2f} (of 0-1)", image_id=identifier
        )


CHECK = Check(
    code="LP114",
    name="dark",
    severity=Severity.WARNING,
    title="pictures that are almost black",
    why="What is on a picture that dark is hard to see, for a person who labels it and for a network.",
    fix="look at it; replace it, or take it out of the folder",
    example="cat/0001.jpg: 95 % of its pixels are no brighter than 0.08 (of 0-1)",
    find=_find,
)
