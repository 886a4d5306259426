"""Sources broken at random: each is imported or refused in a sentence, soon, and is never half taken.

A thousand sheets and a thousand LabelMe files: ``LABELPREP_BROKEN=100000`` tries more of each,
``LABELPREP_SEED=7`` others.
"""

from __future__ import annotations

import json
import os
import random
import time
from typing import TYPE_CHECKING

import pytest

from broken_files import broken_label_file, broken_sheet, good_sheets
from canonical import dump
from labelprep.errors import SourceError, UsageError
from labelprep.manifest.store import Store, create
from labelprep.workflows.editing import undo
from labelprep.workflows.import_report import ImportOptions
from labelprep.workflows.importing import import_labels
from running import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FILES = int(os.environ.get("LABELPREP_BROKEN", "1000"))
SEED = os.environ.get("LABELPREP_SEED", "0")
PARTS = 10
MOST_SECONDS = 5.0
DRY = ImportOptions(dry_run=True)
NAMES = ("a.jpg", "b.jpg", "c.jpg")


@pytest.fixture
def store(work: Path) -> Iterator[Store]:
    """Return the open manifest of three images that were never files: an import reads none."""
    (work / "photos").mkdir()
    with create(work / "manifest.db", work / "photos") as made:
        with made.writing() as connection:
            connection.execute(
                "INSERT INTO command (name, arguments, at) VALUES ('scan', '{}', '2026-01-01T00:00:00+00:00')"
            )
            connection.executemany(
                "INSERT INTO image (path, status, added_by) VALUES (?, 'ok', 1)", ((name,) for name in NAMES)
            )
        yield made


def outcome(store: Store, source: Path) -> str:
    """Import a source without writing, and say how that ended; what is said of it can be written down."""
    try:
        report = import_labels(store, source, DRY)
    except (SourceError, UsageError) as error:
        said = error.as_json()
        assert said["where"] and said["problem"] and said["fix"], said  # noqa: PT018 - one sentence of three parts
        assert json.dumps(said, ensure_ascii=False).encode()
        return "refused"
    assert report.rows == report.matched + report.unmatched + sum(report.skipped.values())
    assert json.dumps(report.as_json(), ensure_ascii=False).encode()
    return "imported"


def tried(store: Store, part: int, write: Callable[[int, random.Random], Path]) -> set[str]:
    """Import this part's share of broken sources, each within its time; return how they ended.

    Processor time is measured, since other programs may use the machine.
    """
    ends = set()
    for number in range(part, FILES, PARTS):
        source = write(number, random.Random(f"{SEED}-{number}"))  # noqa: S311 - no secret
        began = time.process_time()
        try:
            ends.add(outcome(store, source))
        except Exception as error:
            error.add_note(f"LABELPREP_SEED={SEED}, file {number}, kept as {source}")
            raise
        assert time.process_time() - began < MOST_SECONDS, f"LABELPREP_SEED={SEED}, file {number}"
    return ends


@pytest.mark.parametrize("part", range(PARTS))
def test_broken_sheets_are_imported_or_refused(store: Store, work: Path, part: int) -> None:
    sheets = good_sheets(work)
    before = dump(store.path)

    def write(number: int, chance: random.Random) -> Path:
        # Numbers of one part share their last digit.
        name, data = sheets[number // PARTS % len(sheets)]
        (work / name).write_bytes(broken_sheet(name, data, chance))
        return work / name

    ends = tried(store, part, write)

    assert ends == {"imported", "refused"}
    assert dump(store.path) == before


@pytest.mark.parametrize("part", range(PARTS))
def test_broken_label_files_are_imported_or_refused(store: Store, work: Path, part: int) -> None:
    before = dump(store.path)

    def write(_: int, chance: random.Random) -> Path:
        (work / "photos" / "a.json").write_bytes(broken_label_file(chance))
        return work / "photos"

    ends = tried(store, part, write)

    assert ends == {"imported", "refused"}
    assert dump(store.path) == before


def test_sheets_are_good_before_they_are_broken(store: Store, work: Path) -> None:
    for name, data in good_sheets(work):
        (work / name).write_bytes(data)

        report = import_labels(store, work / name)

        assert (report.matched, report.has_errors) == (3, False), name
        assert rows(store, "SELECT label FROM image ORDER BY path")[::2] == ["cat", "1"], name
        undo(store)
