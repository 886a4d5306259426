"""Labels that a lower rank contradicts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity
from labelprep.model.prompts import typed
from labelprep.model.ranks import Rank

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        """
        SELECT DISTINCT image.id, image.path, image.labels, ifnull(target.name, class.name), source.kind
        FROM image
        JOIN statement ON statement.image_id = image.id AND statement.removed_by IS NULL
        JOIN source ON source.id = statement.source_id
        JOIN annotation ON annotation.statement_id = statement.id AND annotation.kind = 'class'
        JOIN class ON class.id = annotation.class_id
        LEFT JOIN class AS target ON target.id = class.merged_into
        WHERE image.labels <> '[]' AND image.status <> 'missing' AND source.rank > ?
            AND source.kind <> image.label_source
            AND NOT EXISTS (
                SELECT 1 FROM json_each(image.labels) WHERE value = ifnull(target.name, class.name)
            )
        ORDER BY +image.path
        """,
        (int(Rank.MODEL),),
    )
    for identifier, path, labels, said, kind in rows:
        label = ", ".join(json.loads(labels))
        yield Finding(
            path,
            f"the {kind.replace('_', ' ')} says {said}, but it is labelled {label}, "
            "by a source of higher rank",
            fix=typed("labelprep explain", path),
            image_id=identifier,
            key=f"{kind}: {said}",
        )


CHECK = Check(
    code="LP239",
    name="overruled-label",
    severity=Severity.WARNING,
    title="labels that a source of lower rank contradicts",
    why="A sheet wins over a folder, and a person over a sheet. Where they differ, one is out of date; many "
    "differences of one kind mean that rows or folders were mixed up.",
    fix="labelprep explain IMAGE shows who says what; change what is wrong where it stands",
    example="cat/0001.jpg: the folder says cat, but it is labelled dog, by a source of higher rank",
    find=_find,
)
