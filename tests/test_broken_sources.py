"""Sources broken at random: each is imported or refused in a sentence, soon, and is never half taken.

``LABELPREP_FUZZ=100000`` tries that many of every format a reader is there for, ``LABELPREP_SEED=7`` others.
"""

from __future__ import annotations

import json
import os
import random
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from broken_files import SIDE_PX, broken_file, broken_label_file, broken_sheet, good_files, good_sheets
from canonical import dump
from labelprep.errors import SourceError, UsageError
from labelprep.formats import READERS, reader
from labelprep.formats.base import ReadContext
from labelprep.manifest.store import Store, create
from labelprep.model.annotation import Record
from labelprep.workflows.editing import undo
from labelprep.workflows.import_report import ImportOptions
from labelprep.workflows.importing import import_labels
from running import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

FILES = int(os.environ.get("LABELPREP_FUZZ", "200"))
SEED = os.environ.get("LABELPREP_SEED", "0")
PARTS = 4
MOST_SECONDS = 5.0
DRY = ImportOptions(dry_run=True)
NAMES = ("a.jpg", "b.jpg", "c.jpg")
# The others are made by their own writers.
BY_HAND = ("labelme", "table")
WRITTEN = sorted(set(READERS) - set(BY_HAND))
# Folders say by their own names what is in them; only rarely does a broken list beside them spoil that.
ENDS = {"folders": {"imported"}}

pytestmark = pytest.mark.drawn


@contextmanager
def manifest_of(work: Path, names: Iterable[str]) -> Iterator[Store]:
    """Open a manifest of images in ``photos`` that no scan has seen: an import reads none."""
    (work / "photos").mkdir(exist_ok=True)
    with create(work / "manifest.db", work / "photos") as made:
        with made.writing() as connection:
            connection.execute(
                "INSERT INTO command (name, arguments, at) VALUES ('scan', '{}', '2026-01-01T00:00:00+00:00')"
            )
            connection.executemany(
                "INSERT INTO image (path, status, width_px, height_px, added_by) VALUES (?, 'ok', ?, ?, 1)",
                ((name, SIDE_PX, SIDE_PX) for name in names),
            )
        yield made


@pytest.fixture
def store(work: Path) -> Iterator[Store]:
    """Return the open manifest of three images."""
    with manifest_of(work, NAMES) as made:
        yield made


def outcome(store: Store, source: Path, name: str) -> str:
    """Import a source without writing, and say how that ended; what is said of it can be written down."""
    try:
        report = import_labels(store, source, replace(DRY, format=name))
    except (SourceError, UsageError) as error:
        said = error.as_json()
        assert said["where"] and said["problem"] and said["fix"], said  # noqa: PT018 - one sentence of three parts
        assert json.dumps(said, ensure_ascii=False).encode()
        return "refused"
    assert report.rows == report.matched + report.unmatched + sum(report.skipped.values())
    assert json.dumps(report.as_json(), ensure_ascii=False).encode()
    return "imported"


def tried(
    store: Store, part: int, write: Callable[[int, random.Random], Path], name: str = "auto"
) -> set[str]:
    """Import this part's share of broken sources, each within its time; return how they ended.

    Processor time is measured, since other programs may use the machine.
    """
    ends = set()
    for number in range(part, FILES, PARTS):
        source = write(number, random.Random(f"{SEED}-{number}"))  # noqa: S311 - no secret
        began = time.process_time()
        try:
            ends.add(outcome(store, source, name))
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
        # Numbers of one part share their rest.
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


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", WRITTEN)
def test_broken_sources_of_every_format_are_imported_or_refused(work: Path, name: str, part: int) -> None:
    photos = work / "photos"
    good = good_files(name, photos)

    def write(_: int, chance: random.Random) -> Path:
        # Where one file is as good as another, a source is only refused if all that is there is broken.
        away = chance.random() < 0.5
        for file, data in good.items():
            file.unlink(missing_ok=True) if away else file.write_bytes(data)
        for file in chance.sample(list(good), chance.choice((1, len(good)))):
            file.write_bytes(broken_file(file.name, good[file], chance))
        return photos

    with manifest_of(work, images_of(name, photos)) as store:
        before = dump(store.path)

        ends = tried(store, part, write, name)

        assert ends >= ENDS.get(name, {"imported", "refused"})
        assert dump(store.path) == before


@pytest.mark.parametrize("name", WRITTEN)
def test_sources_are_good_before_they_are_broken(work: Path, name: str) -> None:
    photos = work / "photos"
    good_files(name, photos)

    with manifest_of(work, images_of(name, photos)) as store:
        report = import_labels(store, photos, ImportOptions(format=name))

    assert (report.skipped, report.unmatched, report.has_errors) == ({}, 0, False)
    assert report.matched >= 2
    assert report.annotations >= 2


def images_of(name: str, source: Path) -> list[str]:
    """Return the paths of the images of a good source: of files; or, of arrays, as they will be written."""
    if name != "arrays":
        return sorted(path.relative_to(source).as_posix() for path in source.rglob("*.png"))
    reading = reader(name).read(source, ReadContext(source, lambda _: True))
    return sorted({item.image for item in reading.items if isinstance(item, Record)})


def test_sheets_are_good_before_they_are_broken(store: Store, work: Path) -> None:
    for name, data in good_sheets(work):
        (work / name).write_bytes(data)

        report = import_labels(store, work / name)

        assert (report.matched, report.has_errors) == (3, False), name
        assert rows(store, "SELECT label FROM image ORDER BY path")[::2] == ["cat", "1"], name
        undo(store)
