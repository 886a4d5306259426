"""The sheet of an audit: a row a doubtful label, with two columns for a person to decide in.

::

    path,given_label,predicted_label,label_score,is_label_issue,margin,split,source,decision,new_label
    cat/17.jpg,cat,dog,0.003121,1,-5.7,train,folder cat/,,
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

from labelprep.errors import UsageError
from labelprep.formats.cells import cell_of, neutralised
from labelprep.workflows import audited
from labelprep.workflows.sheet_writing import written_in_one_step

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.manifest.store import Store
    from labelprep.workflows.audited import LabelIssue

SUFFIX: Final = ".csv"
DECISION: Final = "decision"
NEW_LABEL: Final = "new_label"
PATH: Final = "path"
GIVEN: Final = "given_label"
PREDICTED: Final = "predicted_label"
HEADER: Final = (
    PATH, GIVEN, PREDICTED, "label_score", "is_label_issue", "margin", "split", "source", DECISION, NEW_LABEL,
)  # fmt: skip


def check_sheet(target: Path, *, overwrite: bool) -> None:
    """Refuse a target that is no CSV or exists.

    Raises: UsageError.
    """
    if target.suffix.lower() != SUFFIX:
        raise UsageError(
            "the sheet of an audit is written as .csv",
            where=str(target),
            fix=f"name it {target.stem or 'doubtful'}.csv",
        )
    if target.exists() and not overwrite:
        raise UsageError(
            "there is such a file already, maybe with decisions in it",
            where=str(target),
            fix="name another file, or pass --overwrite",
        )


def write_sheet(store: Store, target: Path, *, everything: bool) -> int:
    """Write the labels that the last audit flagged, or all that it judged, and return the number of rows.

    Raises: UsageError where there was no audit; SourceError where it cannot be written.
    """
    issues = audited.everything(store) if everything else iter(audited.undecided(store).issues)
    number = 0
    with (
        written_in_one_step(target) as part,
        part.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for issue in issues:
            writer.writerow(_row(issue))
            number += 1
    return number


def _row(issue: LabelIssue) -> tuple[str, ...]:
    return (
        neutralised(issue.path),
        neutralised(cell_of(issue.given)),
        neutralised(cell_of(issue.predicted)),
        f"{issue.score:.6f}",
        str(int(issue.is_flagged)),
        f"{issue.margin:.4f}",
        issue.split or "",
        neutralised(issue.source),
        "",
        "",
    )
