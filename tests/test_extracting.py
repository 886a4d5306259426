"""Pictures that lie only inside LabelMe files are written out, and then import as any others do."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from labelme_documents import shape, written
from labelprep.errors import SourceError, UsageError
from labelprep.manifest.store import open_store
from labelprep.workflows.extracting import ExtractReport, extract_images
from labelprep.workflows.import_report import ImportOptions
from pictures import fingerprint, png, tree
from running import labels_of, scan

if TYPE_CHECKING:
    from pathlib import Path

    from running import Command

WITHOUT = ("files", "written", "present", "known", "without_picture", "unreadable", "failed")


def label_file(folder: Path, name: str, picture: bytes | None, **changes: object) -> Path:
    """Write a label file of one cat with a picture inside."""
    data = None if picture is None else b64encode(picture).decode()
    return written(folder, shape(points=[[1, 1], [6, 1], [6, 6]]), name=name, imageData=data, **changes)


def extract(source: Path, target: Path, *, dry_run: bool = False) -> ExtractReport:
    """Extract where there is no manifest."""
    return extract_images(source, target, None, ImportOptions(dry_run=dry_run))


def counts(report: ExtractReport) -> dict[str, int]:
    """Return the counts that are not zero."""
    return {name: getattr(report, name) for name in WITHOUT if getattr(report, name)}


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file in a folder, hidden ones too."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_pictures_are_written_under_the_names_that_the_files_state(work: Path) -> None:
    label_file(work / "labels", "1.json", png(1), imagePath="..\\photos\\a.png")
    label_file(work / "labels", "2.json", png(2), imagePath="photos/猫.PNG")
    label_file(work / "labels", "3.json", None, imagePath="c.png")

    report = extract(work / "labels", work / "out")

    assert contents(work / "out") == {"a.png": png(1), "猫.PNG": png(2)}
    assert counts(report) == {"files": 3, "written": 2, "without_picture": 1}
    assert report.pictures == ["a.png", "猫.PNG"]


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        ("../../etc/passwd", "passwd.png"),
        ("/etc/a.png", "a.png"),
        ("C:\\a.png", "a.png"),
        ("a.png:stream", "a.png_stream.png"),
        ("..", "__.png"),
        ("con.png", "con_.png"),
        ("a.tif", "a.png"),
        ("a.1", "a.1.png"),
        ("", "1.png"),
    ],
)
def test_a_name_never_leads_out_of_the_folder(work: Path, stated: str, name: str) -> None:
    label_file(work / "labels", "1.json", png(1), imagePath=stated)

    extract(work / "labels", work / "a" / "out")

    assert contents(work / "a" / "out") == {name: png(1)}
    assert sorted(path.name for path in work.iterdir()) == ["a", "labels"]


def test_different_pictures_of_one_name_are_told_apart_and_equal_ones_are_one(work: Path) -> None:
    label_file(work / "labels", "x/1.json", png(1), imagePath="1.png")
    label_file(work / "labels", "y/1.json", png(2), imagePath="1.PNG")
    label_file(work / "labels", "y/2.json", png(3), imagePath="2.png")
    label_file(work / "labels", "z/2.json", png(3), imagePath="2.png")

    report = extract(work / "labels", work / "out")

    found = contents(work / "out")
    first, second = (name for name in found if name != "2.png")
    assert {found[first], found[second], found["2.png"]} == {png(1), png(2), png(3)}
    assert [len(name) for name in (first, second)] == [len("1-0123456789ab.png")] * 2
    assert counts(report) == {"files": 4, "written": 4}


def test_what_was_told_apart_is_imported_by_content(work: Path, command: Command) -> None:
    for number, label in ((1, "cat"), (2, "dog"), (3, "fox")):
        data = b64encode(png(number)).decode()
        name = f"{number}/label.json"
        image = "1.png" if number < 3 else "3.png"
        written(work / "labels", name=name, flags={label: True}, imagePath=image, imageData=data)

    first = command("import", "labels", "--extract-images", "photos")
    scanned = command("scan", "photos")
    again = command("import", "labels")

    assert (first.code, scanned.code, again.code) == (0, 0, 0)
    assert first.last_line == "Next: labelprep scan photos, then labelprep import labels"
    by_content = {
        (work / "photos" / name).read_bytes(): label
        for name, label in labels_of(work / "manifest.db").items()
    }
    assert by_content == {png(1): "cat", png(2): "dog", png(3): "fox"}


def test_nothing_is_overwritten_and_a_second_time_nothing_is_written(work: Path) -> None:
    label_file(work / "labels", "1.json", png(1), imagePath="1.png")
    (work / "out").mkdir()
    (work / "out" / "1.png").write_bytes(b"mine")

    first = extract(work / "labels", work / "out")
    before = fingerprint(work / "out")
    second = extract(work / "labels", work / "out")

    (name,) = first.pictures
    assert contents(work / "out") == {name: png(1), "1.png": b"mine"}
    assert name.startswith("1-")
    assert [(issue.code, issue.where) for issue in first.issues] == [("LP349", "1.json")]
    assert (counts(first), counts(second)) == ({"files": 1, "written": 1}, {"files": 1, "present": 1})
    assert fingerprint(work / "out") == before


def test_a_link_in_the_folder_is_not_followed(work: Path) -> None:
    label_file(work / "labels", "1.json", png(1), imagePath="1.png")
    (work / "out").mkdir()
    (work / "out" / "1.png").symlink_to("../victim.png")

    report = extract(work / "labels", work / "out")

    assert [name[:2] for name in report.pictures] == ["1-"]
    assert not (work / "victim.png").exists()


@pytest.mark.parametrize("data", [b"x", b"no picture", b"%PDF-1.7", b"<html></html>"])
def test_bytes_that_are_no_picture_are_not_written(work: Path, data: bytes) -> None:
    label_file(work / "labels", "1.json", png(1), imagePath="1.png")
    label_file(work / "labels", "2.json", data, imagePath="2.png")

    report = extract(work / "labels", work / "out")

    assert contents(work / "out") == {"1.png": png(1)}
    assert counts(report) == {"files": 2, "written": 1, "failed": 1}
    assert [(issue.code, issue.where) for issue in report.issues] == [("LP348", "2.json")]


def test_text_that_is_no_base64_and_files_that_are_broken_are_told(work: Path) -> None:
    label_file(work / "labels", "1.json", png(1), imagePath="1.png")
    written(work / "labels", name="2.json", imageData="%%%", imagePath="2.png")
    (work / "labels" / "3.json").write_text("{", encoding="utf-8")

    report = extract(work / "labels", work / "out")

    assert counts(report) == {"files": 3, "written": 1, "unreadable": 1, "failed": 1}
    assert sorted((issue.code, issue.where) for issue in report.issues) == [
        ("LP270", "3.json"),
        ("LP348", "2.json"),
    ]


def test_images_that_are_there_are_left_alone(work: Path) -> None:
    tree(work / "photos", ["a.png", "b/same.png"])
    scan(work / "photos", work / "manifest.db", labels="none")
    beside = (work / "photos" / "b" / "same.png").read_bytes()
    label_file(work / "labels", "1.json", png(1), imagePath="a.png")
    label_file(work / "labels", "2.json", beside, imagePath="other.png")
    label_file(work / "labels", "3.json", png(3), imagePath="new.png")
    (work / "labels" / "near.png").write_bytes(png(4))
    label_file(work / "labels", "4.json", png(4), imagePath="near.png")
    before = (work / "manifest.db").read_bytes()

    with open_store(work / "manifest.db", for_writing=False) as store:
        report = extract_images(work / "labels", work / "out", store, ImportOptions())

    assert report.pictures == ["new.png"]
    assert counts(report) == {"files": 4, "written": 1, "known": 3}
    assert (work / "manifest.db").read_bytes() == before


def test_a_dry_run_writes_nothing(work: Path) -> None:
    label_file(work / "labels", "1.json", png(1), imagePath="1.png")

    report = extract(work / "labels", work / "out", dry_run=True)

    assert report.pictures == ["1.png"]
    assert not (work / "out").exists()


def test_inside_the_images_the_folder_is_scanned_as_a_part_of_them(work: Path, command: Command) -> None:
    tree(work / "photos", ["a.png"])
    scan(work / "photos", work / "manifest.db", labels="none")
    label_file(work / "labels", "1.json", png(9), imagePath="new.png")

    ran = command("import", "labels", "--extract-images", "photos/new")
    scanned = command("scan", "photos/new", "--labels", "none")
    again = command("import", "labels")

    assert (ran.code, scanned.code, again.code) == (0, 0, 0)
    assert ran.last_line == "Next: labelprep scan photos/new --labels none, then labelprep import labels"
    assert labels_of(work / "manifest.db") == {"a.png": None, "new/new.png": "cat"}


def test_a_folder_whose_name_would_become_a_class_is_refused(work: Path, command: Command) -> None:
    tree(work / "photos", ["cat/a.png", "dog/b.png", "dog/c.png", "cat/d.png"])
    scan(work / "photos", work / "manifest.db")
    label_file(work / "labels", "1.json", png(9), imagePath="new.png")

    refused = command("import", "labels", "--extract-images", "photos/new")
    ran = command("import", "labels", "--extract-images", "photos")
    scanned = command("scan", "photos")
    again = command("import", "labels")

    assert (refused.code, ran.code, scanned.code, again.code) == (2, 0, 0, 0)
    assert "'new' would be one too" in refused.err
    assert not (work / "photos" / "new").exists()
    assert ran.last_line == "Next: labelprep scan photos, then labelprep import labels"
    assert labels_of(work / "manifest.db") == {
        "cat/a.png": "cat",
        "cat/d.png": "cat",
        "dog/b.png": "dog",
        "dog/c.png": "dog",
        "new.png": "cat",
    }


def test_outside_the_images_they_need_a_manifest_of_their_own(work: Path, command: Command) -> None:
    tree(work / "photos", ["a.png"])
    scan(work / "photos", work / "manifest.db", labels="none")
    label_file(work / "labels", "1.json", png(9), imagePath="new.png")

    ran = command("import", "labels", "--extract-images", "out")
    scanned = command("scan", "out", "-m", "extracted.db")
    again = command("import", "labels", "-m", "extracted.db")

    assert (ran.code, scanned.code, again.code) == (0, 0, 0)
    assert ran.last_line == (
        "Next: labelprep scan out -m extracted.db, then labelprep import labels -m extracted.db"
    )
    assert labels_of(work / "extracted.db") == {"new.png": "cat"}


def test_json_has_the_counts_and_strict_makes_what_got_lost_exit_1(work: Path, command: Command) -> None:
    label_file(work / "labels", "1.json", png(1), imagePath="1.png")
    label_file(work / "labels", "2.json", b"no picture", imagePath="2.png")

    ran = command("import", "labels", "--extract-images", "out", "--json", "--strict")

    assert ran.code == 1
    assert {name: ran.json[name] for name in (*WITHOUT, "pictures", "dry_run")} == {
        "files": 2,
        "written": 1,
        "present": 0,
        "known": 0,
        "without_picture": 0,
        "unreadable": 0,
        "failed": 1,
        "pictures": ["1.png"],
        "dry_run": False,
    }


def test_what_cannot_be_done_is_told(work: Path, command: Command) -> None:
    label_file(work / "labels", "1.json", None)
    (work / "sheet.csv").write_text("file,label\na.png,cat\n", encoding="utf-8")
    (work / "taken").write_bytes(b"")

    with pytest.raises(SourceError, match="not one of 1 files has a picture inside: none has imageData"):
        extract(work / "labels", work / "out")
    with pytest.raises(UsageError, match="files hold no pictures"):
        extract(work / "sheet.csv", work / "out")
    with pytest.raises(UsageError, match="this is a file"):
        extract(work / "labels", work / "taken")
    assert command("import", "labels", "--extract-images", "out").code == 3
    assert command("import", "--extract-images", "out").code == 2
    assert not (work / "out").exists()
