"""Labels in archives: unpacked for as long as they are read, and nothing in them can do harm."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import random
import shutil
import struct
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from archive_files import labels, member, tarred, zipped, zipped_raw
from labelprep.errors import LabelprepError, SourceError
from labelprep.formats.archives import unpacked
from labelprep.formats.bounded import HARMLESS_BYTES
from labelprep.manifest.store import open_store
from labelprep.progress import Silent
from labelprep.workflows.detecting import detect
from labelprep.workflows.import_report import ImportOptions, ImportReport
from labelprep.workflows.importing import import_labels
from labelprep.workflows.label_sources import reached
from pictures import png, tree
from running import Command, labels_of, rows, scan
from table_files import ods_table, opendocument, workbook

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = Path(__file__).parents[1].parent / "shared" / "torture" / "labels"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data, which is not here")
FUZZED = int(os.environ.get("LABELPREP_FUZZ", "200"))
IMAGES = ("a.jpg", "train/a.jpg", "b.jpg")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give temporary folders a place of their own, in which nothing may be left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert not [path for path in folder.iterdir() if path.name.startswith("labelprep-")]
    assert not list(Path("/tmp").glob("pwned*"))  # noqa: S108 - where those files want to write


def imported(source: Path, images: tuple[str, ...] = IMAGES, **options: str) -> ImportReport:
    place = source.parent
    if not (place / "images").exists():
        tree(place / "images", images)
        scan(place / "images", place / "manifest.db", labels="none")
    with open_store(place / "manifest.db") as store:
        return import_labels(store, source, ImportOptions(**options))  # type: ignore[arg-type]  # texts


def names_in(source: Path, encoding: str | None = None) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Return the files that come out of an archive, and code, place and problem of each issue."""
    with unpacked(source, Silent(), encoding=encoding) as found:
        names = sorted(
            path.relative_to(found.folder).as_posix() for path in found.folder.rglob("*") if path.is_file()
        )
        return names, [(issue.code, issue.where, issue.problem) for issue in found.issues]


def refused(source: Path) -> str:
    with pytest.raises(SourceError) as raised, unpacked(source, Silent()):
        pass
    assert raised.value.where == str(source)
    return raised.value.problem


# Read.


@pytest.mark.parametrize("name", ["labels.zip", "labels.tar", "labels.tar.gz", "LABELS.TGZ"])
def test_an_archive_is_read_as_its_folder_would_be(name: str, tmp_path: Path) -> None:
    entries = {"a.json": labels(), "train/a.json": labels(label="dog"), "bad.json": b"{"}
    source = tmp_path / name
    if name.endswith("zip"):
        zipped(source, entries)
    else:
        tarred(source, *entries.items(), mode="w" if name.endswith("tar") else "w:gz")

    report = imported(source)

    assert (report.format, report.rows, report.matched, dict(report.skipped)) == (
        "labelme", 3, 2, {"bad_json": 1},
    )  # fmt: skip
    assert (report.source, report.location) == (source, name)
    assert [issue.where for issue in report.issues if issue.severity == "error"] == [f"{name}:bad.json"]
    assert labels_of(tmp_path / "manifest.db") == {"a.jpg": "cat", "b.jpg": None, "train/a.jpg": "dog"}
    assert rows(tmp_path / "manifest.db", "SELECT locator FROM statement ORDER BY id") == [
        "a.json",
        "train/a.json",
    ]


def test_reports_and_errors_name_the_archive_and_not_where_it_was_put(
    tmp_path: Path, temporary: Path
) -> None:
    source = zipped(
        tmp_path / "labels.zip", {"a.json": labels(), "b.json": b"{", "c.json": labels("none.jpg")}
    )
    useless = zipped(tmp_path / "useless.zip", {"a/b.json": b"{}", "a/c.json": b"[]"})

    report = imported(source)
    with pytest.raises(SourceError) as raised:
        imported(useless)

    assert str(temporary) not in json.dumps(report.as_json())
    assert str(temporary) not in str(raised.value)
    assert raised.value.where.startswith(str(useless))


def test_the_same_archive_again_changes_nothing(tmp_path: Path) -> None:
    source = zipped(tmp_path / "labels.zip", {"a.json": labels()})

    reports = [imported(source), imported(source)]

    assert [(report.changed, report.replaced) for report in reports] == [(1, 0), (0, 0)]


def test_the_only_sheet_of_an_archive_is_read(tmp_path: Path) -> None:
    source = zipped(
        tmp_path / "labels.zip",
        {
            "data/labels.csv": b"file,label\na.jpg,cat\nb.jpg,dog\n",
            "data/pictures/b.jpg": png(),
            "__MACOSX/._x.csv": b"x",
        },
    )

    report = imported(source, ("a.jpg", "b.jpg"))

    assert (report.format, report.matched, report.location) == ("table", 2, "labels.zip")


def test_a_readme_beside_class_folders_is_no_sheet(tmp_path: Path) -> None:
    entries = {f"set/{name}/{number}.png": png(number) for name in ("cat", "dog") for number in (1, 2)}
    source = zipped(tmp_path / "set.zip", {"set/README.txt": b"cats and dogs\n", **entries})

    assert detect(source)[0].format == "folders"


def test_class_lists_beside_the_temporary_folder_are_not_looked_at(tmp_path: Path, temporary: Path) -> None:
    source = zipped(
        tmp_path / "labels.zip", {"labels/a.txt": b"0 .5 .5 .2 .2\n", "data.yaml": b"names: [cat]\n"}
    )
    alone = zipped(tmp_path / "alone.zip", {"labels/a.txt": b"0 .5 .5 .2 .2\n"})
    for folder in (temporary, tmp_path):
        (folder / "classes.txt").write_text("wrong\n", encoding="utf-8")

    reports = [imported(source, ("a.jpg",)), imported(alone)]

    assert [report.matched for report in reports] == [1, 1]
    assert "wrong" not in rows(tmp_path / "manifest.db", "SELECT name FROM class")


def test_pictures_are_left_packed_where_labels_alone_are_read(tmp_path: Path) -> None:
    source = zipped(tmp_path / "set.zip", {"a.json": labels(), "a.jpg": b"12345"})

    with reached(source) as place:
        sizes = {path.name: path.stat().st_size for path in place.path.iterdir()}

    assert sizes == {"a.json": len(labels()), "a.jpg": 0}


def test_an_archive_of_images_and_labels_is_converted(tmp_path: Path, command: Command) -> None:
    entries = {
        "in/a.png": png(1),
        "in/a.json": labels("a.png"),
        "in/b.png": png(2),
        "in/b.json": labels("b.png"),
    }
    source = zipped(tmp_path / "data.zip", entries)

    ran = command(
        "convert", source, tmp_path / "out", "--to", "labelme", "--allow-loss", "--verify", "--json"
    )
    linked = command(
        "convert", source, tmp_path / "linked", "--to", "labelme", "--files", "symlink", "--json"
    )

    assert (ran.code, ran.json["images"], ran.json["import"]["matched"]) == (0, 2, 2)
    assert len(list((tmp_path / "out").rglob("*.png"))) == 2
    assert (linked.code, linked.json["error"]["where"]) == (2, "--files")


def test_an_archive_is_compared_with_a_manifest(tmp_path: Path, command: Command) -> None:
    source = zipped(tmp_path / "labels.zip", {"labels.csv": b"file,label\na.jpg,cat\nb.jpg,dog\n"})
    imported(source, ("a.jpg", "b.jpg"))

    ran = command("diff", tmp_path / "manifest.db", source, "--json")

    assert (ran.code, ran.json["differences"], ran.json["equal"]) == (0, 0, 2)


def test_workbooks_and_arrays_are_no_archives(tmp_path: Path) -> None:
    table = [["file", "label"], ["a.jpg", "cat"]]
    files = [workbook(tmp_path, table), opendocument(tmp_path, ods_table(table))]
    packed = zipped(tmp_path / "arrays.npz", {"x.npy": b""})
    called = Path(shutil.copy(files[0], tmp_path / "called.zip"))

    looks = [detect(file)[0].format for file in files]

    assert looks == ["table", "table"]
    with reached(packed) as place:
        assert place.path == packed
    assert refused(called) == "this is a workbook that is called an archive"


# Nothing gets out.


def test_names_that_lead_out_and_links_are_left_out_and_told(tmp_path: Path) -> None:
    source = tmp_path / "labels.zip"
    names = [
        "../../x.json",
        "/abs.json",
        "..\\..\\y.json",
        "C:\\z.json",
        "c:w.json",
        "ok/../../v.json",
        "a\0b",
        ".",
    ]
    with zipfile.ZipFile(source, "w") as archive:
        for name in names:
            info = zipfile.ZipInfo("x")
            info.filename = name
            archive.writestr(info, b"{}")
        link = zipfile.ZipInfo("link.json")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("sub\\dir\\ok.json", labels())
        archive.writestr("sub\\empty\\", b"")

    found, issues = names_in(source)

    assert found == ["sub/dir/ok.json"]
    assert [code for code, *_ in issues] == ["LP340"] * len(names) + ["LP341"]
    assert issues[0][1] == "labels.zip:../../x.json"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.zip", "temporary"]


def test_links_and_devices_in_a_tar_are_left_out_and_told(tmp_path: Path) -> None:
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
    entries = [(member(f"{number}", kind, "/etc/passwd"), b"") for number, kind in enumerate(kinds)]
    entries += [
        (member("folder", tarfile.DIRTYPE), b""),
        (member("../out.json"), b"x"),
        (member("/abs"), b"x"),
    ]
    source = tarred(tmp_path / "labels.tar.gz", *entries, ("in/ok.json", labels()))

    found, issues = names_in(source)

    assert found == ["in/ok.json"]
    assert [code for code, *_ in issues] == ["LP341"] * 5 + ["LP340"] * 2


def test_a_link_that_a_later_file_goes_through_is_never_made(tmp_path: Path) -> None:
    entries = [(member("out", tarfile.SYMTYPE, str(tmp_path)), b""), (member("out/evil.json"), b"{}")]

    found, _ = names_in(tarred(tmp_path / "labels.tar", *entries, mode="w"))

    assert found == ["out/evil.json"]
    assert not (tmp_path / "evil.json").exists()


def test_a_name_that_comes_twice_is_written_once(tmp_path: Path) -> None:
    source = tarred(
        tmp_path / "labels.tar",
        ("a.json", b"1"),
        ("a.json", b"2"),
        ("a.json/b", b"3"),
        ("x" * 300, b"4"),
        mode="w",
    )

    found, issues = names_in(source)

    assert found == ["a.json"]
    assert [(code, where[:17]) for code, where, _ in issues] == [
        ("LP342", "labels.tar:a.json"), ("LP342", "labels.tar:a.json"), ("LP342", "labels.tar:xxxxxx"),
    ]  # fmt: skip


# Names in other encodings.


def test_names_that_do_not_tell_their_encoding_are_read_as_they_look(tmp_path: Path) -> None:
    gbk = zipped_raw(tmp_path / "gbk.zip", {"猫/一.json".encode("gbk"): b"{}", b"plain.json": b"{}"})
    utf8 = zipped_raw(tmp_path / "utf8.zip", {"猫/一.json".encode(): b"{}"})
    western = zipped_raw(tmp_path / "western.zip", {"café/über.json".encode("cp437"): b"{}"})
    backslash = zipped_raw(tmp_path / "hard.zip", {"\u8a82.json".encode("gbk"): b"{}"})

    found = [names_in(file) for file in (gbk, utf8, western)]

    assert [names for names, _ in found] == [["plain.json", "猫/一.json"], ["猫/一.json"], ["café/über.json"]]
    assert [[code for code, *_ in issues] for _, issues in found] == [["LP343"], [], ["LP343"]]
    assert "read as gb18030: '猫/一.json'" in found[0][1][0][2]
    assert names_in(backslash, "gbk")[0] == ["\u8a82.json"]


def test_an_encoding_that_is_given_is_that_of_names(tmp_path: Path) -> None:
    source = zipped_raw(tmp_path / "labels.zip", {"ねこ.json".encode("shift_jis"): b"{}"})

    assert names_in(source, "shift_jis") == (["ねこ.json"], [])


def test_names_that_were_misread_before_they_were_packed_are_told(tmp_path: Path) -> None:
    source = zipped(tmp_path / "labels.zip", {"├¿/1.json": b"{}", "café.json": b"{}"})

    found, issues = names_in(source)

    assert found == ["café.json", "├¿/1.json"]
    assert [(code, where) for code, where, _ in issues] == [("LP343", "labels.zip:├¿/1.json")]
    assert names_in(source, "gb18030") == (["café.json", "猫/1.json"], [])


def test_names_of_a_tar_that_are_no_utf8_are_read_as_gb18030(tmp_path: Path) -> None:
    name = "狗.json".encode("gbk").decode("utf-8", "surrogateescape")
    info = tarfile.TarInfo(name)
    data = info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape") + bytes(1024)
    (tmp_path / "labels.tar").write_bytes(data)

    assert names_in(tmp_path / "labels.tar")[0] == ["狗.json"]


# Broken, and beyond measure.


def test_what_cannot_be_unpacked_is_one_clear_error(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "whole.zip", {"a.json": labels() * 50}).read_bytes()
    packed = tarred(tmp_path / "whole.tar.gz", ("a.json", hashlib.shake_128(b"1").digest(5000))).read_bytes()
    plain = tarred(tmp_path / "whole.tar", ("a.json", labels()), ("b.json", labels()), mode="w").read_bytes()
    locked = bytearray(whole)
    locked[whole.index(b"PK\x01\x02") + 8] |= 1
    files = {
        "cut.zip": whole[:-30],
        "locked.zip": bytes(locked),
        "page.zip": b"<!DOCTYPE html><html>404</html>",
        "empty.zip": b"",
        "changed.zip": whole.replace(whole[60:64], b"\0\0\0\0"),
        "cut.tar.gz": packed[:-900],
        "no.tar.gz": gzip.compress(b"not a tar" * 100),
        "header.tar": plain[:1024] + b"X" * 512 + plain[1536:],
        "cut.tar": plain[:700],
        "nothing.tar": bytes(1024),
        "lzma.zip": zipped(tmp_path / "lzma.zip", {"a.json": b"{}"}, method=zipfile.ZIP_LZMA).read_bytes(),
    }

    found = {}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        found[name] = refused(tmp_path / name)

    assert found["locked.zip"] == "it is protected by a password"
    assert found["page.zip"] == "this is no archive: it is html"
    assert found["empty.zip"] == "this is no archive: it is empty"
    assert found["nothing.tar"] == "this is no archive: it is something else"
    assert found["lzma.zip"].startswith("'a.json' is compressed in a way that is not read here")
    for name in ("cut.zip", "changed.zip", "cut.tar.gz", "no.tar.gz", "header.tar", "cut.tar"):
        assert found[name].startswith("it is damaged or cut off"), name


def test_other_archives_say_what_to_do(tmp_path: Path) -> None:
    source = tmp_path / "labels.7z"
    source.write_bytes(b"7z\xbc\xaf\x27\x1c")

    with pytest.raises(SourceError, match="not unpacked here"), reached(source):
        pass


def test_bombs_are_refused_before_they_grow(tmp_path: Path) -> None:
    block = bytes(1 << 20)
    flat = tmp_path / "flat.zip"
    with zipfile.ZipFile(flat, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.json", "w") as part:
        for _ in range((HARMLESS_BYTES >> 20) + 1):
            part.write(block)
    over = bytearray(zipped(tmp_path / "over.zip", {"a": b"x" * 99, "b": b"y" * 99}, method=0).read_bytes())
    at = over.index(b"PK\x01\x02") + 20
    over[at : at + 8] = struct.pack("<II", 90_000, 90_000)
    (tmp_path / "over.zip").write_bytes(bytes(over))
    info = member("a.json")
    info.size = HARMLESS_BYTES * 2
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=1) as file:
        file.write(info.tobuf())
        for _ in range((HARMLESS_BYTES >> 20) + 1):
            file.write(block)
    (tmp_path / "bomb.tar.gz").write_bytes(stream.getvalue())
    header = member("h", tarfile.XHDTYPE)
    header.size = 1 << 33
    (tmp_path / "header.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(2048))

    problems = [refused(tmp_path / name) for name in ("flat.zip", "over.zip", "bomb.tar.gz", "header.tar")]

    assert problems[0] == "it would unpack to 269,484,032 bytes: that is more than labels and images do"
    assert (
        problems[1]
        == "it would unpack to parts that lie over each other: that is more than labels and images do"
    )
    assert "more than 268,435,456 bytes" in problems[2]
    assert "bytes in a header" in problems[3]


@pytest.mark.drawn
def test_archives_broken_at_random_are_read_or_refused(tmp_path: Path) -> None:
    entries = {
        "a.json": labels(),
        "in/b.json": labels("b.jpg"),
        "猫.json": labels(),
        "labels.csv": b"file,label\n",
    }
    seeds = [
        zipped(tmp_path / "seed.zip", entries).read_bytes(),
        zipped_raw(
            tmp_path / "raw.zip", {name.encode("gbk"): data for name, data in entries.items()}
        ).read_bytes(),
        tarred(tmp_path / "seed.tar", *entries.items(), mode="w").read_bytes(),
        tarred(tmp_path / "seed.tar.gz", *entries.items()).read_bytes(),
    ]
    chance = random.Random(6)  # noqa: S311 - a seed gives the same files again
    outcomes = set()

    for number in range(FUZZED):
        data = bytearray(seeds[number % len(seeds)])
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            piece = chance.choice(
                (b"\0", b"\xff", b"../", b"/", b"\x80\0\0\0", b"PK", bytes([chance.randrange(256)]))
            )
            data[at : at + len(piece)] = piece
        source = tmp_path / f"broken{'.zip' if number % 4 < 2 else '.tar'}"
        source.write_bytes(bytes(data[: chance.choice((len(data), chance.randrange(len(data))))]))
        try:
            names_in(source, chance.choice((None, "gb18030")))
            outcomes.add("read")
        except LabelprepError:
            outcomes.add("refused")

    assert outcomes == {"read", "refused"}
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"seed.zip", "raw.zip", "seed.tar", "seed.tar.gz", "broken.zip", "broken.tar", "temporary"}


# Files that break such tools.


@needs_shared
def test_every_file_that_breaks_such_tools_has_a_test_of_its_format() -> None:
    """Those of each other folder are held against the list where their format is tested."""
    with (SHARED.parent / "labels.csv").open(encoding="utf-8", newline="") as file:
        names = {row["file"] for row in csv.DictReader(file)}

    assert {name for name in names if name.startswith("archive/")} == {
        "archive/zip_slip.zip",
        "archive/zip_gbk_names.zip",
    }
    assert {name.partition("/")[0] for name in names} == {
        *("archive", "cifar", "coco", "csv", "idx", "labelme", "voc", "xlsx"),
        *("yolo", "yolo_classes_dup", "yolo_yaml"),
    }


@needs_shared
def test_nothing_gets_out_of_the_zip_of_escapes(tmp_path: Path, command: Command) -> None:
    source = Path(shutil.copy(SHARED / "archive" / "zip_slip.zip", tmp_path))

    ran = command("convert", source, tmp_path / "out", "--to", "folders", "--json")

    assert (ran.code, ran.json["images"]) == (0, 1)
    assert [issue["code"] for issue in ran.json["import"]["issues"]] == ["LP340"] * 3 + ["LP341"]
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.jpg")) == ["001.jpg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "temporary", "zip_slip.zip"]


@needs_shared
def test_misread_chinese_names_are_told_and_read_with_an_encoding(tmp_path: Path) -> None:
    source = Path(shutil.copy(SHARED / "archive" / "zip_gbk_names.zip", tmp_path))

    report = imported(source, ("001.jpg",))
    again = imported(source, encoding="gb18030")

    assert [issue.code for issue in report.issues if issue.severity == "warning"] == ["LP343"]
    assert labels_of(tmp_path / "manifest.db") == {"001.jpg": "猫"}
    assert again.classes_added == ("猫",)
