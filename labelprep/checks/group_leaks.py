"""Groups that lie in two splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.errors import shown
from labelprep.model.images import SPLITS
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        """
        SELECT id, min(path), group_key, sum(split = 'train'), sum(split = 'val'), sum(split = 'test')
        FROM image WHERE split IS NOT NULL AND status IN ('ok', 'damaged') AND group_key IS NOT NULL
        GROUP BY group_key HAVING min(split) <> max(split) ORDER BY 2
        """
    )
    for identifier, path, group, *numbers in rows:
        parts = [f"{name} ({number:,})" for name, number in zip(SPLITS, numbers, strict=True) if number]
        yield Finding(
            path, f"its group {shown(group)} lies in {' and '.join(parts)}", image_id=identifier, key=group
        )


CHECK = Check(
    code="LP403",
    name="group-leak",
    severity=Severity.ERROR,
    title="groups in two splits",
    why="Images of one group (a patient, a camera, a burst) are alike: testing on some says nothing of new "
    "groups.",
    fix="name splits that keep groups whole, or let labelprep split make them",
    example="p7_1.jpg: its group 'p7' lies in train (7) and test (3)",
    find=_find,
)
