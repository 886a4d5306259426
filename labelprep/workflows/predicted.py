"""`predict --to manifest`: what a network says of images, stored as statements that win over nothing.

Such a statement is of the lowest rank: `explain` shows it, and it becomes a label where `accept` takes it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import TrainingError, shown
from labelprep.manifest import classes, journal, sources, statements
from labelprep.manifest.paths import escaped
from labelprep.model.issues import Issue, Severity
from labelprep.model.ranks import Rank

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from labelprep.manifest.store import Store
    from labelprep.workflows.predicting import Predicted, PredictReport

KIND: Final = "predict"
LOCATOR: Final = "predicted"
OUTSIDE: Final = "LP702"


@dataclass(frozen=True, slots=True)
class Stored:
    """What was stored: predictions of images of the manifest; ``command`` is None where all were known."""

    manifest: str
    source: str
    stored: int
    changed: int
    command: int | None
    issues: tuple[Issue, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the counts under their contract names."""
        return {
            "manifest": self.manifest,
            "source": self.source,
            "stored": self.stored,
            "changed": self.changed,
            "command": self.command,
            "issues": [issue.as_json() for issue in self.issues],
        }


def store_predictions(store: Store, report: PredictReport) -> Stored:
    """Store predictions as statements of the bundle's own source, in one undoable command.

    What the bundle said of the same images before is replaced; of other images it stays.

    Raises: TrainingError where a predicted class is none of the manifest's.
    """
    location = sources.location_of(store.path, report.bundle)
    known = classes.ids_of(store.connection)
    _require_classes(store, report, known)
    found: dict[int, Predicted] = {}
    issues = []
    for row in report.predictions:
        image = _image(store, row.path)
        if image is None:
            issues.append(_outside(row.path))
        else:
            found[image] = row
    with store.writing() as connection:
        before = _before(connection, location)
        said = {image: (known[row.label], row.confidence) for image, row in found.items()}
        new = [image for image in sorted(said) if before.get(image, (0, None))[1] != said[image]]
        command = _write(connection, location, {image: said[image] for image in new}, before) if new else None
        if command is not None:
            _write_state(connection, command, location, report, len(found))
    return Stored(str(store.path), location, len(found), len(new), command, tuple(issues))


def _require_classes(store: Store, report: PredictReport, known: Mapping[str, int]) -> None:
    strange = sorted({row.label for row in report.predictions} - set(known))
    if strange:
        raise TrainingError(
            f"the manifest has no class {', '.join(map(shown, strange))}: the network knows "
            f"{', '.join(report.classes)}; the manifest has {', '.join(known) or 'none'}",
            where=str(store.path),
            fix="name the manifest that the network was trained on with -m, or rename its classes",
        )


def _image(store: Store, path: str) -> int | None:
    """Return the image that a file is, None where it lies elsewhere or was not scanned."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - the image may be a link itself
    for place in (absolute, absolute.parent.resolve() / absolute.name):
        if place.is_relative_to(store.root):
            kept = escaped(place.relative_to(store.root).as_posix())
            row = store.connection.execute("SELECT id FROM image WHERE path = ?", (kept,)).fetchone()
            if row is not None:
                return int(row[0])
    return None


def _outside(path: str) -> Issue:
    return Issue(
        OUTSIDE,
        Severity.WARNING,
        path,
        "the manifest does not hold this image, so nothing was stored",
        "scan the folder it lies in first",
    )


def _before(
    connection: sqlite3.Connection, location: str
) -> dict[int, tuple[int, tuple[int | None, float | None]]]:
    """Return for each image the statement of this source, and the class and confidence it gives."""
    rows = connection.execute(
        """
        SELECT image_id, statement.id, class_id, annotation.confidence
        FROM statement JOIN source ON source.id = source_id AND source.kind = ? AND location = ?
        LEFT JOIN annotation ON statement_id = statement.id
        WHERE removed_by IS NULL ORDER BY statement.id
        """,
        (KIND, location),
    )
    return {image: (statement, (class_id, confidence)) for image, statement, class_id, confidence in rows}


def _write(
    connection: sqlite3.Connection,
    location: str,
    said: Mapping[int, tuple[int, float]],
    before: Mapping[int, tuple[int, object]],
) -> int:
    command = journal.begin(connection, "predict --to manifest", {"bundle": location, "images": len(said)})
    source = statements.source_id(connection, KIND, location, Rank.MODEL)
    statements.remove(connection, command, [before[image][0] for image in said if image in before])
    claims = [
        statements.ClassClaim(image, LOCATOR, (class_id,), confidence=confidence)
        for image, (class_id, confidence) in said.items()
    ]
    statements.claim_classes(connection, source, command, claims)
    return command


def _write_state(
    connection: sqlite3.Connection, command: int, location: str, report: PredictReport, matched: int
) -> None:
    known = sources.find(connection, KIND, location)
    assert known is not None  # noqa: S101 - it was written just now
    rows = len(report.predictions)
    state = sources.SourceState(
        sha256=None,
        encoding=None,
        options={"classes": list(report.classes)},
        rows=rows,
        matched=matched,
        unmatched=rows - matched,
        rank=int(Rank.MODEL),
    )
    sources.write_state(connection, command, known.id, state)
