"""Hostile file names on their way: written out, read back, looked up, and copied into other forms."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path

import pytest

from hostile_names import HOSTILE, NEEDS_SHARED, ON_LINUX, craft, made
from labelprep.manifest.paths import on_disk
from page_reading import Balance
from running import Command, Place, labels_of, rows, scan

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot hold these names")

DECODABLE = "SELECT count(*) FROM image WHERE label IS NOT NULL AND status = 'ok'"
TREES = ("coco", "voc", "yolo", "folders", "huggingface")


@pytest.fixture(scope="module")
def own_once(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Scan the names of this repository once."""
    folder = tmp_path_factory.mktemp("own")
    made(folder / "imgs", HOSTILE)
    scan(folder / "imgs", folder / "manifest.db", labels="folder")
    return Place(folder / "imgs", folder / "manifest.db")


@pytest.fixture(scope="module")
def crafted_once(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Scan the shared tree of crafted names once."""
    folder = tmp_path_factory.mktemp("crafted")
    craft(folder / "imgs")
    scan(folder / "imgs", folder / "manifest.db", labels="folder")
    return Place(folder / "imgs", folder / "manifest.db")


@pytest.fixture(
    params=["own_once", pytest.param("crafted_once", marks=[NEEDS_SHARED, ON_LINUX])],
)
def place(request: pytest.FixtureRequest, work: Path) -> Place:
    """Return both trees, one after the other, with nothing else in the working folder."""
    del work
    found: Place = request.getfixturevalue(request.param)
    return found


def test_a_sheet_that_is_exported_and_imported_changes_nothing(place: Place, command: Command) -> None:
    before = labels_of(place.manifest)
    labelled = sum(label is not None for label in before.values())
    written = command("export", "out.csv", "-m", place.manifest)

    found = command("import", "out.csv", "-m", place.manifest, "--json").json

    assert written.code == 0, written.err
    assert (found["matched"], found["unmatched"], found["annotations"]) == (labelled, 0, 0)
    assert (found["replaced"], found["changed"]) == (0, 0)
    assert labels_of(place.manifest) == before


@pytest.mark.parametrize("table", ["out.jsonl", "out.parquet"])
def test_a_table_for_programs_finds_every_name_again(place: Place, command: Command, table: str) -> None:
    written = command("export", table, "-m", place.manifest, "--allow-loss")

    found = command("import", table, "-m", place.manifest, "--dry-run", "--json").json

    assert written.code == 0, written.err
    assert ([found["matched"]], found["unmatched"]) == (rows(place.manifest, DECODABLE), 0)
    assert (found["conflicts"], found["classes_added"]) == (0, [])


def test_a_sheet_of_another_program_finds_every_name(place: Place, command: Command, work: Path) -> None:
    paths = rows(place.manifest, "SELECT path FROM image ORDER BY path")
    with (work / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("file", "label"), *((path, f"class {len(path)}") for path in paths)])

    found = command("import", "labels.csv", "-m", place.manifest, "--dry-run", "--json").json

    assert (found["rows"], found["matched"], found["unmatched"]) == (len(paths), len(paths), 0)
    assert set(found["rules"]) == {"path"}


def test_every_name_can_be_asked_for(place: Place, command: Command) -> None:
    paths = rows(place.manifest, "SELECT path FROM image ORDER BY path")

    found = [command("explain", "-m", place.manifest, "--json", "--", path) for path in paths]

    assert [ran.json.get("path") for ran in found] == paths


@pytest.mark.parametrize("form", TREES)
def test_every_form_takes_the_names_and_leaves_them_inside(
    place: Place, command: Command, work: Path, form: str
) -> None:
    before = sorted(work.parent.iterdir())

    ran = command("export", "out", "--to", form, "-m", place.manifest, "--allow-loss", "--json")

    assert ran.code == 0, ran.err
    assert (list(work.iterdir()), sorted(work.parent.iterdir())) == ([work / "out"], before)


def test_class_folders_hold_every_picture_under_a_name_that_any_disk_holds(
    place: Place, command: Command, work: Path
) -> None:
    command("export", "out", "--to", "folders", "-m", place.manifest, "--allow-loss")

    held = [path for path in (work / "out").rglob("*") if path.is_file() and path.suffix != ".json"]
    assert [len(held)] == rows(place.manifest, DECODABLE)
    assert len({str(path).casefold() for path in held}) == len(held)
    assert not any(set('<>:"|?*\\\n\r\t\x07\x1b') & set(str(path.relative_to(work))) for path in held)


def test_on_disk_every_name_is_what_it_was(place: Place) -> None:
    stored = rows(place.manifest, "SELECT path, path_bytes FROM image")

    assert all((place.root / on_disk(*row)).is_file() for row in stored)


def test_a_workbook_names_itself_and_what_it_cannot_hold(place: Place, command: Command, work: Path) -> None:
    ran = command("export", "out.xlsx", "-m", place.manifest, "--json")

    assert (ran.code, ran.json["error"]["where"]) == (2, "out.xlsx")
    assert ran.json["error"]["problem"].startswith("a workbook cannot hold the character ")
    assert list(work.iterdir()) == []


def test_a_name_that_would_grow_too_long_is_cut(place: Place, command: Command, work: Path) -> None:
    ran = command("export", "out", "--to", "labelme", "-m", place.manifest, "--allow-loss", "--json")

    files = [os.fsencode(path.name) for path in (work / "out").rglob("*.json")]
    assert ran.code == 0
    assert [len(files)] >= rows(place.manifest, DECODABLE)
    assert max(map(len, files)) <= 255


def test_a_report_and_a_check_name_every_picture_without_breaking(place: Place, command: Command) -> None:
    checked = command("check", "-m", place.manifest, "--format", "sarif")
    written = command("report", "report.html", "-m", place.manifest)

    assert written.err == ""
    page = Path("report.html").read_bytes()
    read = Balance()
    read.feed(page.decode("utf-8"))
    assert written.code == 0
    assert checked.code in {0, 1}
    assert json.loads(checked.out)["version"] == "2.1.0"
    assert read.open == []
    # Nothing of a name is sent to a terminal or turns a line of the page around.
    assert not set(page) & {0x07, 0x1B}
    assert "\u202e".encode() not in page
