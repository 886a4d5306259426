"""Scanning a tree that has changed, was cut off, or is only read in part: what moves, what stays."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from canonical import dump
from labelprep.manifest.store import open_store
from labelprep.model.ranks import Rank
from labelprep.workflows import reading
from labelprep.workflows.editing import undo
from labelprep.workflows.naming import import_names
from labelprep.workflows.splitting import split_images
from pictures import draw, png, tree
from running import Place, counts, ids_of, issues_of, labels_of, rows, scan, splits_of
from saying import say

if TYPE_CHECKING:
    from labelprep.manifest.store import Store
    from labelprep.workflows.scanning import ScanReport

SHARES = {"train": 0.5, "val": 0.5, "test": 0.0}


def said_classes(manifest: Path, path: str) -> list[tuple[str, str]]:
    """Return locator and class of each living statement about an image."""
    return rows(
        manifest,
        """
        SELECT statement.locator, class.name FROM statement JOIN annotation ON statement_id = statement.id
        JOIN class ON class.id = class_id JOIN image ON image.id = image_id
        WHERE path = ? AND statement.removed_by IS NULL ORDER BY statement.id
        """,
        path,
    )


def test_a_renamed_file_keeps_its_id_its_split_and_what_was_said(store: Store, animals: Place) -> None:
    split_images(store, SHARES)
    say(store, "cat/1.png", "dog", rank=Rank.SHEET, location="a.csv")
    before_id, before_split = ids_of(store)["cat/1.png"], splits_of(store)["cat/1.png"]
    (animals.root / "cat" / "1.png").rename(animals.root / "cat" / "one.png")

    report = scan(animals.root)

    assert counts(report) == {"images": 6, "moved": 1, "unchanged": 5}
    assert (ids_of(store)["cat/one.png"], splits_of(store)["cat/one.png"]) == (before_id, before_split)
    assert labels_of(store)["cat/one.png"] == "dog"
    assert "cat/1.png" not in ids_of(store)


def test_a_file_moved_to_another_class_gets_that_folders_label(store: Store, animals: Place) -> None:
    before = ids_of(store)["cat/1.png"]
    (animals.root / "cat" / "1.png").rename(animals.root / "dog" / "moved.png")

    scan(animals.root)

    assert ids_of(store)["dog/moved.png"] == before
    assert labels_of(store)["dog/moved.png"] == "dog"
    assert said_classes(animals.manifest, "dog/moved.png") == [("folder dog/", "dog")]


def test_a_moved_file_gets_the_label_of_its_new_name(work: Path) -> None:
    tree(work / "photos", ["a/cat_1.png", "a/dog_1.png", "a/dog_2.png", "b/cat_2.png"])
    scan(work / "photos", work / "manifest.db", labels="none")
    with open_store(work / "manifest.db") as store:
        import_names(store, "{label}_{x_number}", work / "photos" / "a")
        say(store, "a/dog_2.png", "wolf")
        for old, new in (
            ("a/cat_1.png", "a/fox_9.png"),
            ("a/dog_1.png", "a/dog.png"),
            ("a/dog_2.png", "a/cat_3.png"),
            ("b/cat_2.png", "b/cat_4.png"),
        ):
            (work / "photos" / old).rename(work / "photos" / new)

        report = scan(work / "photos", work / "manifest.db", labels="none")

        assert report.moved == 4
        assert labels_of(store) == {
            "a/cat_3.png": "wolf", "a/dog.png": None, "a/fox_9.png": "fox", "b/cat_4.png": None
        }  # fmt: skip
        assert said_classes(work / "manifest.db", "a/fox_9.png") == [("file name", "fox")]
        assert rows(store, "SELECT attributes FROM annotation ORDER BY id DESC LIMIT 2") == [
            '{"x_number":"9"}',
            '{"x_number":"3"}',
        ]
        again = import_names(store, "{label}_{x_number}", work / "photos" / "a")
    assert (again.replaced, again.changed) == (0, 0)


def test_names_that_an_undone_import_read_are_not_read_again(work: Path) -> None:
    tree(work / "photos", ["cat_1.png", "dog_1.png"])
    scan(work / "photos", work / "manifest.db")
    with open_store(work / "manifest.db") as store:
        import_names(store, "{label}_{id}")
        undo(store)
        (work / "photos" / "cat_1.png").rename(work / "photos" / "fox_1.png")

        scan(work / "photos", work / "manifest.db")

        assert labels_of(store) == {"dog_1.png": None, "fox_1.png": None}


def test_a_renamed_folder_moves_all_its_files(store: Store, animals: Place) -> None:
    before = ids_of(store)
    (animals.root / "cat").rename(animals.root / "kitty")

    report = scan(animals.root)

    assert counts(report) == {"images": 6, "moved": 3, "unchanged": 3}
    assert report.classes == {"dog": 2, "fox": 1, "kitty": 3}
    assert [ids_of(store)[f"kitty/{n}.png"] for n in (1, 2, 3)] == [before[f"cat/{n}.png"] for n in (1, 2, 3)]


def test_a_file_moved_between_split_folders_changes_its_split(work: Path) -> None:
    tree(work / "imgs", ["train/cat/1.png", "train/dog/1.png", "val/cat/2.png"])
    scan(work / "imgs")
    (work / "imgs" / "train" / "cat" / "1.png").rename(work / "imgs" / "val" / "cat" / "1.png")
    draw(work / "imgs" / "train" / "cat" / "9.png", 99)

    scan(work / "imgs")

    assert splits_of(work / "manifest.db")["val/cat/1.png"] == "val"


def test_a_file_moved_out_of_the_split_folders_loses_the_split_they_named(work: Path) -> None:
    tree(work / "imgs", ["train/cat/1.png", "train/cat/2.png", "train/dog/1.png", "val/cat/3.png"])
    scan(work / "imgs")
    (work / "imgs" / "extra").mkdir()
    (work / "imgs" / "train" / "cat" / "1.png").rename(work / "imgs" / "extra" / "1.png")

    scan(work / "imgs")

    found = rows(
        work / "manifest.db", "SELECT split, split_source, split_locked FROM image WHERE path = 'extra/1.png'"
    )
    assert found == [(None, None, 0)]


def test_a_moved_file_keeps_a_split_that_a_person_gave(work: Path) -> None:
    tree(work / "imgs", ["train/cat/1.png", "train/dog/1.png", "val/cat/2.png", "val/dog/2.png"])
    scan(work / "imgs")
    with open_store(work / "manifest.db") as store, store.writing() as connection:
        connection.execute(
            "UPDATE image SET split = 'test', split_source = 'person' WHERE path = 'val/cat/2.png'"
        )
    (work / "imgs" / "val" / "cat" / "2.png").rename(work / "imgs" / "train" / "cat" / "2.png")

    scan(work / "imgs")

    assert splits_of(work / "manifest.db")["train/cat/2.png"] == "test"


def test_a_copy_is_added_and_not_moved(animals: Place) -> None:
    shutil.copy2(animals.root / "cat" / "1.png", animals.root / "cat" / "copy.png")

    assert counts(scan(animals.root)) == {"images": 7, "added": 1, "unchanged": 6}


def test_copies_that_moved_are_told_apart_by_their_file_names(work: Path) -> None:
    tree(work / "imgs", ["cat/other.png", "dog/other.png"])
    for name in ("a.png", "b.png"):
        draw(work / "imgs" / "cat" / name, 50)
    scan(work / "imgs")
    before = ids_of(work / "manifest.db")
    for name in ("a.png", "b.png"):
        (work / "imgs" / "cat" / name).rename(work / "imgs" / "dog" / name)

    report = scan(work / "imgs")

    after = ids_of(work / "manifest.db")
    assert counts(report) == {"images": 4, "moved": 2, "unchanged": 2}
    assert [after[f"dog/{name}.png"] for name in "ab"] == [before[f"cat/{name}.png"] for name in "ab"]


def test_copies_under_new_names_are_added_since_nobody_knows_which_is_which(work: Path) -> None:
    tree(work / "imgs", ["cat/other.png", "dog/other.png"])
    for name in ("a.png", "b.png"):
        draw(work / "imgs" / "cat" / name, 50)
    scan(work / "imgs")
    for old, new in (("a.png", "c.png"), ("b.png", "d.png")):
        (work / "imgs" / "cat" / old).rename(work / "imgs" / "cat" / new)

    assert counts(scan(work / "imgs")) == {"images": 4, "added": 2, "missing": 2, "unchanged": 2}


def test_a_missing_file_keeps_its_row_and_comes_back_as_it_was(store: Store, animals: Place) -> None:
    split_images(store, SHARES)
    say(store, "cat/1.png", "dog")
    path = animals.root / "cat" / "1.png"
    before = rows(store, "SELECT id, split, label, sha256 FROM image WHERE path = 'cat/1.png'")
    content, facts = path.read_bytes(), path.stat()

    path.unlink()
    gone = scan(animals.root)
    path.write_bytes(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    back = scan(animals.root)

    assert (counts(gone), gone.status) == (
        {"images": 5, "missing": 1, "unchanged": 5},
        {"missing": 1, "ok": 5},
    )
    assert issues_of(gone, "LP106") == [("cat/1.png", "the file is gone; its labels are kept")]
    assert counts(back) == {"images": 6, "unchanged": 6}
    assert rows(store, "SELECT id, split, label, sha256 FROM image WHERE path = 'cat/1.png'") == before


def test_a_file_missing_for_a_while_is_found_again_elsewhere(store: Store, animals: Place) -> None:
    before = ids_of(store)["cat/1.png"]
    content = (animals.root / "cat" / "1.png").read_bytes()
    (animals.root / "cat" / "1.png").unlink()
    scan(animals.root)
    (animals.root / "dog" / "back.png").write_bytes(content)

    report = scan(animals.root)

    assert counts(report) == {"images": 6, "moved": 1, "unchanged": 5}
    assert ids_of(store)["dog/back.png"] == before


def test_a_picture_without_an_ending_stays_an_image_when_nothing_is_known_of_it(work: Path) -> None:
    tree(work / "imgs", ["cat/1.png", "dog/1.png"])
    (work / "imgs" / "cat" / "IMG_1").write_bytes(png(9))
    scan(work / "imgs")
    with open_store(work / "manifest.db") as store, store.writing() as connection:
        # As after a crash of the decoder, which tells no format.
        connection.execute("UPDATE image SET format = NULL, status = 'corrupt' WHERE path = 'cat/IMG_1'")

    report = scan(work / "imgs")

    assert counts(report) == {"images": 3, "unchanged": 3}


def interrupted(animals: Place) -> None:
    """Leave the manifest as a scan leaves it that was killed when it had read a new file."""
    draw(animals.root / "cat" / "late.png", 80)
    scan(animals.root)
    with open_store(animals.manifest) as store, store.writing() as connection:
        connection.execute("UPDATE command SET finished = 0 WHERE number = 2")


def test_a_scan_that_was_cut_off_goes_on_under_its_number(animals: Place) -> None:
    interrupted(animals)

    report = scan(animals.root)

    assert counts(report) == {"images": 7, "added": 1, "unchanged": 6}
    assert rows(animals.manifest, "SELECT number, finished FROM command") == [(1, 1), (2, 1)]


@pytest.mark.parametrize("name", ["cat/renamed.png", "dog/late.png"])
def test_a_file_that_moved_after_its_scan_was_cut_off_is_still_one_image(animals: Place, name: str) -> None:
    interrupted(animals)
    before = ids_of(animals.manifest)["cat/late.png"]
    (animals.root / "cat" / "late.png").rename(animals.root / name)

    report = scan(animals.root)

    assert ids_of(animals.manifest)[name] == before
    assert counts(report) == {"images": 7, "added": 1, "unchanged": 6}


def test_two_scans_at_once_give_the_manifest_of_one(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(work / "imgs", [f"{name}/{number}.png" for name in ("cat", "dog") for number in range(60)])
    scan(work / "imgs", work / "calm.db")
    monkeypatch.setattr(reading, "LARGEST_BATCH", 4)
    monkeypatch.setattr(reading, "COMMIT_SECONDS", 0.0)

    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(scan, work / "imgs", work / "busy.db") for _ in range(2)]
        reports = [one.result() for one in running]

    busy, calm = dump(work / "busy.db"), dump(work / "calm.db")
    assert [report.status for report in reports] == [{"ok": 120}, {"ok": 120}]
    assert {**busy, "command": set(busy["command"])} == {**calm, "command": set(calm["command"])}


def unreadable_scan(place: Path, hidden: str, monkeypatch: pytest.MonkeyPatch) -> ScanReport:
    """Scan while one folder cannot be listed (this also holds for root, whom no permission stops)."""
    listed = os.scandir

    def scandir(path: str) -> object:
        if Path(path).name == hidden:
            raise PermissionError(13, "Permission denied")
        return listed(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", scandir)
        return scan(place)


def test_a_folder_that_cannot_be_read_is_an_error_and_its_images_stay(
    animals: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = unreadable_scan(animals.root, "cat", monkeypatch)

    assert issues_of(report, "LP107") == [("cat/", "the folder cannot be read: Permission denied")]
    assert report.skipped == {"unreadable_folder": 1}
    assert counts(report) == {"images": 6, "unchanged": 6}
    assert report.classes == {"cat": 3, "dog": 2, "fox": 1}


def test_a_forbidden_split_folder_does_not_change_what_the_others_say(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(work / "imgs", ["train/cat/1.png", "train/dog/1.png", "val/cat/2.png", "val/dog/2.png"])
    scan(work / "imgs")
    before = labels_of(work / "manifest.db"), splits_of(work / "manifest.db")

    unreadable_scan(work / "imgs", "val", monkeypatch)

    assert (labels_of(work / "manifest.db"), splits_of(work / "manifest.db")) == before


def test_a_part_of_the_tree_is_scanned_alone(animals: Place) -> None:
    draw(animals.root / "cat" / "new.png", 70)
    draw(animals.root / "dog" / "new.png", 71)
    (animals.root / "dog" / "1.png").unlink()
    (animals.root / "fox" / "1.png").unlink()

    report = scan(animals.root / "dog")

    assert (report.manifest, report.root) == (animals.manifest, animals.root)
    assert counts(report) == {"images": 6, "added": 1, "missing": 1, "unchanged": 5}
    assert labels_of(report.manifest) == {
        "cat/1.png": "cat",
        "cat/2.png": "cat",
        "cat/3.png": "cat",
        "dog/2.png": "dog",
        "dog/new.png": "dog",
        "fox/1.png": "fox",
    }


def test_a_scanned_part_keeps_the_layout_of_the_whole(work: Path) -> None:
    tree(work / "imgs", ["train/cat/1.png", "train/dog/1.png", "val/cat/2.png"])
    scan(work / "imgs")
    draw(work / "imgs" / "val" / "dog" / "3.png", 70)

    report = scan(work / "imgs" / "val")

    assert report.layout == "<split>/<class>/"
    assert labels_of(report.manifest)["val/dog/3.png"] == "dog"
    assert splits_of(report.manifest)["val/dog/3.png"] == "val"


def test_how_one_part_is_read_changes_nothing_of_the_others(animals: Place) -> None:
    before = labels_of(animals.manifest)
    scan(animals.root / "cat", animals.manifest, labels="none")
    without = labels_of(animals.manifest)
    scan(animals.root / "cat", animals.manifest, labels="folder")

    assert without == {path: None if path.startswith("cat/") else label for path, label in before.items()}
    assert labels_of(animals.manifest) == before


def test_junk_of_unknown_ending_is_forgotten_in_its_part_alone(work: Path) -> None:
    tree(work / "imgs", ["cat/1.png", "dog/1.png"])
    for name in ("cat/a", "dog/b"):
        (work / "imgs" / name).write_bytes(b"words")
    scan(work / "imgs")
    (work / "imgs" / "dog" / "b").unlink()

    scan(work / "imgs" / "dog")

    assert rows(work / "manifest.db", "SELECT path FROM skipped") == ["cat/a"]
