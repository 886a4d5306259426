"""Two manifests, or a manifest and a sheet, are compared image by image."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from canonical import dump
from labelprep.errors import UsageError
from labelprep.manifest.store import open_store
from labelprep.workflows.comparing import diff
from labelprep.workflows.importing import import_labels

if TYPE_CHECKING:
    from pathlib import Path

    from running import Command, Place


@pytest.fixture
def other(animals: Place) -> Path:
    """Return a second manifest of the same images in which two labels and a split are different."""
    copy = animals.manifest.parent / "other.db"
    shutil.copy(animals.manifest, copy)
    sheet = animals.manifest.parent / "l.csv"
    sheet.write_text("file,label,split\ncat/1.png,lion,\ndog/1.png,dog,test\n", encoding="utf-8")
    with open_store(copy) as store:
        import_labels(store, sheet)
        with store.writing() as connection:
            connection.execute("UPDATE image SET status = 'missing' WHERE path = 'fox/1.png'")
    return copy


def test_a_manifest_does_not_differ_from_itself(animals: Place, command: Command) -> None:
    ran = command("diff", animals.manifest, animals.manifest, "--json")

    assert (ran.code, ran.json["differences"], ran.json["equal"]) == (0, 0, 6)


def test_two_manifests_differ_in_labels_splits_and_images(
    animals: Place, other: Path, command: Command
) -> None:
    ran = command("diff", animals.manifest, other, "--json")

    assert ran.code == 1
    assert ran.json["labels"] == [{"path": "cat/1.png", "a": "cat", "b": "lion"}]
    assert ran.json["splits"] == [{"path": "dog/1.png", "a": None, "b": "test"}]
    assert (ran.json["only_a"], ran.json["only_b"]) == (["fox/1.png"], [])
    assert ran.json["classes"] == {"a": ["cat", "dog", "fox"], "b": ["cat", "dog", "fox", "lion"]}
    assert (ran.json["equal"], ran.json["differences"]) == (3, 4)


def test_a_sheet_is_compared_without_importing_it(animals: Place) -> None:
    sheet = animals.manifest.parent / "l.csv"
    sheet.write_text("file,label\ncat/1,lion\ncat/2.png,cat\nzz.png,cat\n", encoding="utf-8")
    before = dump(animals.manifest)

    report = diff(animals.manifest, sheet)
    swapped = diff(sheet, animals.manifest)

    assert [item.as_json() for item in report.labels] == [{"path": "cat/1.png", "a": "cat", "b": "lion"}]
    assert (report.equal, report.only_b) == (1, ["zz.png"])
    assert report.only_a == ["cat/3.png", "dog/1.png", "dog/2.png", "fox/1.png"]
    assert (swapped.only_a, swapped.only_b) == (report.only_b, report.only_a)
    assert dump(animals.manifest) == before


def test_two_sheets_are_refused(animals: Place) -> None:
    sheet = animals.manifest.parent / "l.csv"
    sheet.write_text("file,label\ncat/1.png,lion\n", encoding="utf-8")

    with pytest.raises(UsageError, match="neither of them is a manifest"):
        diff(sheet, sheet)


def test_differences_are_shown_and_exit_is_1(animals: Place, other: Path, command: Command) -> None:
    ran = command("diff", animals.manifest, other)

    assert ran.code == 1
    assert "  cat/1.png  cat  lion" in ran.out
    assert "1 image only in" in ran.out
