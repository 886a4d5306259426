"""Words of shapes that are no class of any picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.figures import measured
from labelprep.errors import shown
from labelprep.model.classes import is_slip
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    stated = {
        row[0]
        for row in context.connection.execute(
            "SELECT DISTINCT class.name FROM annotation JOIN class ON class.id = class_id "
            "JOIN statement ON statement.id = statement_id "
            "AND statement.removed_by IS NULL WHERE kind = 'class'"
        )
    }
    if not stated:
        return
    rows = measured(context.connection).execute(
        "SELECT class.name, count(*) FROM temp.figure JOIN class ON class.id = class_id GROUP BY 1 ORDER BY 1"
    )
    for name, number in rows:
        if name in stated:
            continue
        meant = next((other for other in sorted(stated) if is_slip(name, other)), None)
        guess = f"; is it {meant!r}?" if meant else ""
        said = "1 shape" if number == 1 else f"{number:,} shapes"
        fix = (
            f'correct it where it was drawn, or: labelprep classes merge "{name}" "{meant}"' if meant else ""
        )
        yield Finding("classes", f"{shown(name)} is written in {said} and labels no picture{guess}", fix)


CHECK = Check(
    code="LP511",
    name="shape-class-unknown",
    severity=Severity.WARNING,
    title="words of shapes that no picture is labelled with",
    why="Where pictures are labelled with classes of their own, a word that only shapes use is most often"
    " a slip, or a class that was forgotten.",
    fix="correct it where it was drawn, or: labelprep classes merge WRONG RIGHT",
    example="classes: 'caat' is written in 1 shape and labels no picture; is it 'cat'?",
    find=_find,
)
