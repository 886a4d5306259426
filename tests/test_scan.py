"""Scanning: what is counted as what, and which files are opened again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from canonical import dump
from labelprep.errors import SourceError, UsageError
from labelprep.manifest import images
from labelprep.manifest.store import open_store
from labelprep.workflows.scanning import ScanOptions, scan_folder
from pictures import draw, fingerprint, png, tree
from running import Command, Place, counts, issues_of, labels_of, rows, scan

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows gives links and such names to few users")
TORTURE = Path(__file__).parents[1].parent / "shared" / "torture" / "images"
LONG_AGO_NS = 1_500_000_000_000_000_000


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
    query = """
        SELECT format, mode, channels, frames, width_px, height_px, exif_orientation, length(sha256),
            own_proxy FROM image WHERE path = 'cat/1.png'
    """

    found = rows(animals.manifest, query)

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
    assert [where for where, _ in issues_of(report, "LP101")] == [
        "cat/empty.png",
        "cat/page.jpg",
        "dog/half.png",
    ]
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


@pytest.mark.skipif(not TORTURE.is_dir(), reason="needs the shared data, which is not here")
def test_every_file_that_breaks_such_tools_ends_with_a_status(work: Path) -> None:
    files = sum(len(names) for _, _, names in os.walk(TORTURE))

    report = scan_folder(TORTURE, manifest=work / "manifest.db", options=ScanOptions(workers=2))

    assert report.images == sum(report.status.values())
    assert report.images + sum(report.skipped.values()) == files
    assert report.skipped == {"label_file": 1}
    assert rows(report.manifest, "SELECT path FROM image WHERE status <> 'ok' AND problem IS NULL") == []
