"""Scanning with other layouts, after a person's word, and where the manifest of it lies."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labelprep.errors import SourceError, UsageError
from labelprep.manifest import journal
from labelprep.manifest.store import open_store
from labelprep.workflows.editing import relocate
from labelprep.workflows.showing import explain
from labelprep.workflows.splitting import split_images
from pictures import draw, tree
from running import Command, Place, counts, ids_of, labels_of, rows, scan, splits_of
from saying import say

if TYPE_CHECKING:
    from labelprep.manifest.store import Store

SHARES = {"train": 0.5, "val": 0.5, "test": 0.0}


def statuses(manifest: Path) -> dict[str, str]:
    """Return the status of every image by path."""
    return dict(rows(manifest, "SELECT path, status FROM image ORDER BY path"))


def test_labels_none_takes_the_folders_statements_back(animals: Place) -> None:
    report = scan(animals.root, labels="none")

    assert (report.classes, report.unlabeled) == ({}, 6)
    assert set(labels_of(animals.manifest).values()) == {None}


def test_labels_come_back_with_the_next_scan(animals: Place) -> None:
    before = labels_of(animals.manifest)
    scan(animals.root, labels="none")

    report = scan(animals.root)

    assert counts(report) == {"images": 6, "unchanged": 6}
    assert labels_of(animals.manifest) == before


def test_labels_folder_takes_names_that_were_only_proposed(work: Path) -> None:
    tree(work / "imgs", ["2024-01-01/1.png", "2024-01-02/2.png"])
    scan(work / "imgs")

    report = scan(work / "imgs", labels="folder")

    assert report.classes == {"2024-01-01": 1, "2024-01-02": 1}


def test_a_tree_that_gets_split_folders_is_read_anew(work: Path) -> None:
    tree(work / "imgs", ["train/1.png", "bus/2.png"])
    scan(work / "imgs")
    before = labels_of(work / "manifest.db")
    draw(work / "imgs" / "val" / "cat" / "3.png", 70)
    draw(work / "imgs" / "train" / "cat" / "4.png", 71)
    draw(work / "imgs" / "train" / "dog" / "5.png", 72)
    shutil.rmtree(work / "imgs" / "bus")

    scan(work / "imgs")

    assert before == {"bus/2.png": "bus", "train/1.png": None}
    assert labels_of(work / "manifest.db") == {
        "train/1.png": None,
        "train/cat/4.png": "cat",
        "train/dog/5.png": "dog",
        "val/cat/3.png": "cat",
    }
    assert splits_of(work / "manifest.db")["train/1.png"] == "train"


def test_a_layout_that_changes_says_nothing_new_of_files_that_are_gone(work: Path) -> None:
    tree(work / "imgs", ["ape/1.png", "bee/2.png", "cow/3.png"])
    scan(work / "imgs", labels="none")
    shutil.rmtree(work / "imgs" / "ape")

    report = scan(work / "imgs")

    assert report.classes == {"bee": 1, "cow": 1}
    assert statuses(work / "manifest.db")["ape/1.png"] == "missing"


def test_a_layout_that_changes_leaves_splits_of_the_split_command(store: Store, animals: Place) -> None:
    split_images(store, SHARES)
    before = splits_of(store)

    scan(animals.root, labels="none")

    assert splits_of(store) == before


def test_what_a_person_said_survives_changed_content_and_is_flagged(store: Store, animals: Place) -> None:
    say(store, "cat/1.png", "dog")
    draw(animals.root / "cat" / "1.png", 77)

    scan(animals.root)

    found = explain(store, "cat/1.png")
    assert (found.label, found.label_predates_file) == ("dog", True)
    assert not explain(store, "cat/2.png").label_predates_file


def test_what_a_person_said_after_the_change_is_not_flagged(store: Store, animals: Place) -> None:
    draw(animals.root / "cat" / "1.png", 77)
    scan(animals.root)

    say(store, "cat/1.png", "dog")

    assert not explain(store, "cat/1.png").label_predates_file


def test_an_excluded_image_stays_excluded_when_its_file_changes(store: Store, animals: Place) -> None:
    with store.writing() as connection:
        number = journal.begin(connection, "exclude", {})
        journal.set_value(connection, number, ("image", ids_of(store)["cat/1.png"], "status"), "excluded")
    draw(animals.root / "cat" / "1.png", 77)

    report = scan(animals.root)

    assert report.status == {"excluded": 1, "ok": 5}


def test_a_root_below_the_working_folder_has_its_manifest_in_the_working_folder(work: Path) -> None:
    tree(work / "data" / "imgs", ["cat/1.png", "dog/1.png"])

    assert scan(Path("data/imgs")).manifest == work / "manifest.db"


def test_from_inside_the_images_the_manifest_goes_beside_them_and_is_found_later(
    work: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    tree(work / "imgs", ["cat/1.png", "dog/1.png"])
    beside = work / "imgs.labelprep" / "manifest.db"
    monkeypatch.chdir(work / "imgs")

    first = command("scan", ".")
    second = command("scan", ".")
    inside = command("show", "--json")
    monkeypatch.chdir(work)
    by_name = command("scan", "imgs", "--json")

    assert f"Manifest: {beside} (made beside the images, since this folder lies inside them)" in first.out
    assert f"Manifest: {beside}\n" in second.out
    assert inside.json["manifest"] == by_name.json["manifest"] == str(beside)
    assert by_name.json["unchanged"] == 2
    assert not (work / "manifest.db").exists()


def test_a_manifest_is_never_put_inside_the_images(work: Path) -> None:
    tree(work / "imgs", ["cat/1.png", "dog/1.png"])

    with pytest.raises(UsageError) as caught:
        scan(work / "imgs", work / "imgs" / "here.db")

    assert caught.value.problem == "the manifest would lie inside the images"
    assert str(work / "imgs.labelprep" / "manifest.db") in caught.value.fix
    assert not (work / "imgs" / "here.db").exists()


def test_another_folder_is_refused_naming_the_root_and_the_way_out(animals: Place, command: Command) -> None:
    tree(animals.root.parent / "plants", ["oak/1.png"])

    ran = command("scan", "plants", "--json")

    assert ran.code == 2
    assert str(animals.root) in ran.json["error"]["problem"]
    assert "-m other.db" in ran.json["error"]["fix"]
    assert labels_of(animals.manifest).keys() == {f"{name}.png" for name in (
        "cat/1", "cat/2", "cat/3", "dog/1", "dog/2", "fox/1")}  # fmt: skip


def test_the_folder_above_the_root_is_another_folder(animals: Place) -> None:
    scan(animals.root, animals.root.parent.parent / "manifest.db")

    with pytest.raises(UsageError, match="this manifest belongs to"):
        scan(animals.root.parent, animals.root.parent.parent / "manifest.db")


def test_images_that_moved_as_a_whole_are_relocated(animals: Place) -> None:
    moved = animals.root.with_name("elsewhere")
    animals.root.rename(moved)
    with open_store(animals.manifest) as store:
        looked = relocate(store, moved)

    report = scan(moved)

    assert looked == (6, 6)
    assert counts(report) == {"images": 6, "unchanged": 6}


def test_a_folder_that_holds_none_of_the_images_is_refused_unless_forced(animals: Place) -> None:
    other = tree(animals.root.with_name("other"), ["oak/1.png"])
    with open_store(animals.manifest) as store:
        with pytest.raises(SourceError, match="none of 6 images of this manifest is there"):
            relocate(store, other)
        before = store.root
        relocate(store, other, force=True)

        assert (before, store.root) == (animals.root, other)
