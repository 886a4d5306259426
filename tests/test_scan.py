"""Scanning: what is counted as what, which files are opened again, and what survives a change of the files."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from canonical import dump
from labelprep.errors import SourceError, UsageError
from labelprep.manifest import images, journal
from labelprep.manifest.store import open_store
from labelprep.model.ranks import Rank
from labelprep.workflows.editing import relocate
from labelprep.workflows.scanning import ScanOptions, scan_folder
from labelprep.workflows.showing import explain
from labelprep.workflows.splitting import split_images
from pictures import draw, fingerprint, png, tree
from running import Command, Place, counts, ids_of, labels_of, rows, scan, splits_of
from saying import say

if TYPE_CHECKING:
    from labelprep.manifest.store import Store
    from labelprep.workflows.scanning import ScanReport

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows gives links and such names to few users")
SHARES = {"train": 0.5, "val": 0.5, "test": 0.0}
LONG_AGO_NS = 1_500_000_000_000_000_000


def issues_of(report: ScanReport, code: str) -> list[tuple[str, str]]:
    """Return where and what the issues of one code are."""
    return [(issue.where, issue.problem) for issue in report.issues if issue.code == code]


def statuses(manifest: Path) -> dict[str, str]:
    """Return the status of every image by path."""
    return dict(rows(manifest, "SELECT path, status FROM image ORDER BY path"))


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


# What a first scan finds


def test_a_first_scan_reports_what_it_found(work: Path) -> None:
    tree(work / "imgs", ["train/cat/1.png", "train/dog/1.jpg", "val/cat/2.png"])
    (work / "imgs" / "labels.csv").write_text("a,b\n", encoding="utf-8")
    (work / "imgs" / "Thumbs.db").touch()

    report = scan(work / "imgs")

    assert (report.manifest, report.root) == (work / "manifest.db", work / "imgs")
    assert counts(report) == {"images": 3, "added": 3}
    assert report.skipped == {"junk": 1, "label_file": 1}
    assert report.skipped_extensions == {".csv": 1}
    assert report.status == {"ok": 3}
    assert report.formats == {"jpeg": 1, "png": 2}
    assert report.layout == "<split>/<class>/"
    assert report.classes == {"cat": 2, "dog": 1}
    assert report.splits == {"train": 2, "val": 1}
    assert (report.unlabeled, report.created, report.issues) == (0, True, [])


def test_the_rows_of_a_scan_hold_the_facts(animals: Place) -> None:
    columns = "format, mode, channels, frames, width_px, height_px, exif_orientation, length(sha256), own_proxy"

    found = rows(animals.manifest, f"SELECT {columns} FROM image WHERE path = 'cat/1.png'")

    assert found == [("png", "RGB", 3, 1, 8, 8, 1, 32, 1)]


def test_a_tree_with_chinese_names_is_scanned(work: Path) -> None:
    tree(work / "数据集", ["猫/一.png", "狗/二.png"])

    report = scan(work / "数据集")

    assert report.classes == {"狗": 1, "猫": 1}
    assert labels_of(report.manifest) == {"狗/二.png": "狗", "猫/一.png": "猫"}


def test_an_empty_folder_has_no_images_and_is_no_error(work: Path) -> None:
    (work / "imgs").mkdir()

    report = scan(work / "imgs")

    assert counts(report) == {}
    assert (report.layout, report.layout_doubt) == ("flat", "there are no images")


def test_a_tree_without_labels_says_why(work: Path) -> None:
    tree(work / "imgs", ["2024-01-01/1.png", "2024-01-02/2.png"])

    report = scan(work / "imgs")

    assert (report.classes, report.unlabeled) == ({}, 2)
    assert report.layout_doubt == "the folder names look like dates"
    assert report.proposed_classes == ("2024-01-01", "2024-01-02")
    assert issues_of(report, "LP201") == [
        (".", "no labels were taken: the folder names look like dates (2024-01-01, 2024-01-02)")
    ]


def test_damaged_and_foreign_files_end_with_a_status_and_are_counted(work: Path) -> None:
    tree(work / "imgs", ["cat/1.png", "dog/1.png"])
    (work / "imgs" / "cat" / "empty.png").touch()
    (work / "imgs" / "cat" / "page.jpg").write_bytes(b"<!DOCTYPE html><html></html>")
    (work / "imgs" / "dog" / "half.png").write_bytes(png(7)[:60])

    report = scan(work / "imgs")

    assert report.status == {"corrupt": 3, "ok": 2}
    assert [where for where, _ in issues_of(report, "LP101")] == ["cat/empty.png", "cat/page.jpg", "dog/half.png"]
    assert report.classes == {"cat": 3, "dog": 2}


def test_a_picture_without_the_ending_of_one_is_taken_and_told(work: Path) -> None:
    tree(work / "imgs", ["cat/1.png", "dog/1.png"])
    (work / "imgs" / "cat" / "IMG_1").write_bytes(png(9))
    (work / "imgs" / "dog" / "note.xyz").write_bytes(b"just words")

    report = scan(work / "imgs")

    assert counts(report) == {"images": 3, "added": 3}
    assert report.skipped == {"unknown_extension": 1}
    assert issues_of(report, "LP109") == [
        ("cat/IMG_1", "unknown extension: it was taken as an image, since it holds PNG data")
    ]


def test_classes_whose_names_look_alike_are_told(work: Path) -> None:
    tree(work / "imgs", ["cat/1.png", "ｃａｔ/2.png"])

    report = scan(work / "imgs")

    assert issues_of(report, "LP301") == [("classes", "these names look alike: 'cat', 'ｃａｔ'")]


def test_empty_and_junk_folders_are_told_as_notes(work: Path) -> None:
    tree(work / "imgs", ["cat/1.png", "dog/1.png"])
    (work / "imgs" / "owl").mkdir()
    (work / "imgs" / "__MACOSX").mkdir()

    report = scan(work / "imgs")

    assert [where for where, _ in issues_of(report, "LP110")] == ["owl/"]
    assert [where for where, _ in issues_of(report, "LP111")] == ["__MACOSX/"]
    assert report.classes == {"cat": 1, "dog": 1}


@POSIX
def test_links_and_pipes_are_counted_and_a_link_to_an_image_is_one(work: Path) -> None:
    tree(work / "imgs", ["cat/1.png", "dog/1.png"])
    (work / "imgs" / "cat" / "alias.png").symlink_to("1.png")
    (work / "imgs" / "cat" / "gone.png").symlink_to("nothing.png")
    (work / "imgs" / "dog" / "up").symlink_to("..")
    os.mkfifo(work / "imgs" / "dog" / "pipe.png")

    report = scan(work / "imgs")

    assert counts(report) == {"images": 3, "added": 3}
    assert report.skipped == {"broken_link": 1, "linked_folder": 1, "not_a_file": 1}
    assert issues_of(report, "LP108") == [("cat/gone.png", "the link points to nothing")]


def test_a_file_from_the_far_future_is_scanned(work: Path) -> None:
    tree(work / "imgs", ["cat/1.png", "dog/1.png"])
    os.utime(work / "imgs" / "cat" / "1.png", ns=(0, 11_000_000_000_000_000_000))

    assert scan(work / "imgs").status == {"ok": 2}
    assert counts(scan(work / "imgs")) == {"images": 2, "unchanged": 2}


def test_what_cannot_be_scanned_is_told(work: Path) -> None:
    draw(work / "a.png")

    with pytest.raises(SourceError, match="there is no such folder"):
        scan(work / "nowhere")
    with pytest.raises(SourceError, match="this is a file, not a folder of images"):
        scan(work / "a.png")
    with pytest.raises(UsageError, match="--labels is one of auto, folder, none"):
        scan(work, labels="maybe")
    assert not (work / "manifest.db").exists()


# What a second scan does


def test_a_second_scan_of_an_unchanged_tree_changes_nothing(animals: Place) -> None:
    before = dump(animals.manifest)

    report = scan(animals.root)

    assert counts(report) == {"images": 6, "unchanged": 6}
    assert not report.created
    assert {**dump(animals.manifest), "command": []} == {**before, "command": []}


def test_a_second_scan_opens_no_unchanged_file(animals: Place) -> None:
    path = animals.root / "cat" / "1.png"
    facts = path.stat()
    before = rows(animals.manifest, "SELECT * FROM image WHERE path = 'cat/1.png'")
    path.write_bytes(bytes(facts.st_size))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    report = scan(animals.root)

    assert counts(report) == {"images": 6, "unchanged": 6}
    assert rows(animals.manifest, "SELECT * FROM image WHERE path = 'cat/1.png'") == before


def test_a_second_scan_opens_no_unchanged_file_of_unknown_ending(work: Path) -> None:
    tree(work / "imgs", ["cat/1.png", "dog/1.png"])
    path = work / "imgs" / "cat" / "note"
    path.write_bytes(b"just words, and enough of them")
    scan(work / "imgs")
    facts = path.stat()
    path.write_bytes(png(3)[: facts.st_size])
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    report = scan(work / "imgs")

    assert (report.skipped, counts(report)) == ({"unknown_extension": 1}, {"images": 2, "unchanged": 2})


def test_an_edit_that_keeps_the_size_is_noticed_by_its_time(animals: Place) -> None:
    path = animals.root / "cat" / "1.png"
    path.write_bytes(bytes(path.stat().st_size))
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))

    report = scan(animals.root)

    assert counts(report) == {"images": 6, "changed": 1, "unchanged": 5}
    assert report.status == {"corrupt": 1, "ok": 5}


def test_a_file_that_was_only_touched_is_unchanged(animals: Place) -> None:
    os.utime(animals.root / "cat" / "1.png", ns=(LONG_AGO_NS, LONG_AGO_NS))

    report = scan(animals.root)

    assert counts(report) == {"images": 6, "unchanged": 6}
    assert rows(animals.manifest, "SELECT mtime_ns FROM image WHERE path = 'cat/1.png'") == [LONG_AGO_NS]


def test_all_kinds_of_change_are_told_apart_and_add_up(animals: Place) -> None:
    draw(animals.root / "cat" / "new.png", 70)
    draw(animals.root / "cat" / "2.png", 71)
    (animals.root / "cat" / "3.png").rename(animals.root / "dog" / "3.png")
    (animals.root / "dog" / "1.png").unlink()

    report = scan(animals.root)

    assert counts(report) == {"images": 6, "added": 1, "changed": 1, "moved": 1, "missing": 1, "unchanged": 3}
    assert report.added + report.changed + report.moved + report.unchanged == report.images
    assert sum(report.status.values()) == report.images + report.missing
    assert report.classes == {"cat": 3, "dog": 2, "fox": 1}
    assert report.status == {"missing": 1, "ok": 6}


def test_a_file_that_cannot_be_read_is_read_again_each_time(animals: Place) -> None:
    path = animals.root / "cat" / "1.png"
    with open_store(animals.manifest) as store, store.writing() as connection:
        connection.execute("UPDATE image SET problem = 'cannot be read: no', status = 'corrupt'")

    report = scan(animals.root)

    assert path.exists()
    assert report.status == {"ok": 6}


# Moved, missing and back


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
        connection.execute("UPDATE image SET split = 'test', split_source = 'person' WHERE path = 'val/cat/2.png'")
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


# A scan that was cut off, and one that meets forbidden folders


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


def unreadable_scan(place: Path, hidden: str, monkeypatch: pytest.MonkeyPatch) -> ScanReport:
    """Scan while one folder cannot be listed (this also holds for root, whom no permission stops)."""
    listed = os.scandir

    def scandir(path: Any) -> Any:
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


# A part of the tree


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


def test_junk_of_unknown_ending_is_forgotten_in_its_part_alone(work: Path) -> None:
    tree(work / "imgs", ["cat/1.png", "dog/1.png"])
    for name in ("cat/a", "dog/b"):
        (work / "imgs" / name).write_bytes(b"words")
    scan(work / "imgs")
    (work / "imgs" / "dog" / "b").unlink()

    scan(work / "imgs" / "dog")

    assert rows(work / "manifest.db", "SELECT path FROM skipped") == ["cat/a"]


# Layouts and --labels that change between scans


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


# What a person said


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


# Where the manifest lies


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


# Options


def test_another_proxy_size_reads_every_file_again(work: Path) -> None:
    tree(work / "imgs", ["cat/1.png", "dog/1.png"])
    draw(work / "imgs" / "cat" / "big.bmp", 3, size_wh=(64, 64))
    scan(work / "imgs")

    for _ in range(2):
        report = scan_folder(work / "imgs", options=ScanOptions(workers=1, proxy_size=32))

    assert counts(report) == {"images": 3, "unchanged": 3}
    assert rows(work / "manifest.db", "SELECT proxy_size FROM proxy ORDER BY proxy_size") == [32, 256]


def test_a_scan_cut_off_after_a_new_proxy_size_still_reads_every_file(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(work / "imgs", ["cat/1.png", "dog/1.png"])
    draw(work / "imgs" / "cat" / "big.bmp", 3, size_wh=(64, 64))
    scan(work / "imgs")
    options = ScanOptions(workers=1, proxy_size=32)

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(images, "write_facts", cut_off)
        with pytest.raises(KeyboardInterrupt):
            scan_folder(work / "imgs", options=options)
    scan_folder(work / "imgs", options=options)

    assert rows(work / "manifest.db", "SELECT proxy_size FROM proxy ORDER BY proxy_size") == [32, 256]


def test_two_scans_of_one_tree_say_the_same_whatever_the_workers(work: Path) -> None:
    tree(work / "imgs", [f"{name}/{number}.png" for name in ("cat", "dog") for number in range(80)])

    for workers in (1, 2):
        scan_folder(work / "imgs", manifest=work / f"{workers}.db", options=ScanOptions(workers=workers))

    assert dump(work / "1.db") == dump(work / "2.db")


# The originals


def test_no_command_touches_the_images(animals: Place, command: Command) -> None:
    (animals.root / "cat" / "empty.png").touch()
    (animals.root / "cat" / "IMG_1").write_bytes(png(9))
    (animals.root / "labels.csv").write_text("file,label\n", encoding="utf-8")
    draw(animals.root / "dog" / "big.bmp", 3, size_wh=(600, 500))
    before = fingerprint(animals.root)

    codes = [
        command(*line.split()).code
        for line in (
            "scan animals",
            "scan animals --labels none",
            "scan animals --labels folder --proxy-size 64",
            "scan animals/cat --strict",
            "show",
            "explain cat/1.png",
            "classes list",
            "classes rename cat feline",
            "classes merge fox dog",
            "classes retire dog",
            "split",
            "split --verify",
            "log",
            "undo",
            "undo 99",
            "relocate animals",
            "clean",
            "clean --all",
            "scan animals",
        )
    ]

    assert codes == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]
    assert fingerprint(animals.root) == before


def test_issues_come_worst_first_then_by_code_and_place(work: Path) -> None:
    tree(work / "imgs", ["cat/2.png", "Cat/1.png", "dog/aux.png"])
    for name in ("dog/b.png", "cat/a.png"):
        (work / "imgs" / name).touch()
    (work / "imgs" / "owl").mkdir()

    report = scan(work / "imgs")

    assert [(issue.severity, issue.code, issue.where) for issue in report.issues] == [
        ("error", "LP101", "cat/a.png"),
        ("error", "LP101", "dog/b.png"),
        ("warning", "LP301", "classes"),
        ("note", "LP110", "owl/"),
        ("note", "LP602", "dog/aux.png"),
    ]
