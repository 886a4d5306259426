"""Rows of sources that name no image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        "SELECT location, rows, unmatched FROM source WHERE unmatched > 0 "
        "AND kind NOT IN ('folder', 'file_name') ORDER BY location"
    )
    for location, total, unmatched in rows:
        yield Finding(location, f"{unmatched:,} of {total:,} rows name no image, or more than one")


CHECK = Check(
    code="LP256",
    name="unmatched-rows",
    severity=Severity.WARNING,
    title="rows that found no image",
    why="Their labels are lost: the image is missing, or it is spelled in another way.",
    fix="import it again: the report and unmatched.csv name each row and the nearest image",
    example="labels.xlsx: 3 of 500 rows name no image, or more than one",
    find=_find,
)
