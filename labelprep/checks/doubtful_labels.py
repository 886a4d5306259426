"""Labels that the last audit found doubtful and that nobody has decided on since."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity
from labelprep.model.prompts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator


DECIDED: Final = """
    SELECT 1 FROM statement JOIN source ON source.id = source_id AND source.kind = 'audit'
    WHERE statement.image_id = image.id AND removed_by IS NULL
"""
OPEN: Final = f"""
    FROM audit JOIN image ON image.id = audit.image_id
    WHERE audit.flagged AND image.labels = audit.given AND image.status IN ('ok', 'damaged')
        AND NOT EXISTS ({DECIDED})
"""
"""A person who has looked at it has decided; another label than the one that was judged is another matter."""
WORST_FIRST: Final = "ORDER BY audit.score, audit.margin, image.path, image.id"


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        f"SELECT image.id, image.path, audit.given, audit.predicted, audit.score {OPEN} {WORST_FIRST}"
    )
    for identifier, path, given, predicted, score in rows:
        label, seen = (", ".join(json.loads(text)) or "nothing" for text in (given, predicted))
        yield Finding(
            path,
            f"it is labelled {label}, but looks like {seen} (score {score:.3f})",
            fix=f"labelprep resolve {quoted(path)} --label CLASS",
            image_id=identifier,
            key=f"{given} {predicted}",
        )


CHECK = Check(
    code="LP701",
    name="doubtful-label",
    severity=Severity.WARNING,
    title="labels that look wrong to a network",
    why="A network that had not seen the picture takes it for another class, and the label is among the "
    "least likely ones: `labelprep audit` found it. Most are wrong; some are right and only hard.",
    fix="look at them: labelprep audit --kept --html doubtful.html, and decide: labelprep audit --apply",
    example="cat/0001.jpg: it is labelled cat, but looks like dog (score 0.004)",
    find=_find,
)
