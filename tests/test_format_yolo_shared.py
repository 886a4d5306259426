"""YOLO labels through import and export, files that break such tools, and files broken at random."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labelprep.errors import LabelprepError, SourceError
from labelprep.manifest.store import open_store
from labelprep.model.annotation import Record
from labelprep.workflows.detecting import detect
from labelprep.workflows.importing import import_labels
from pictures import tree
from running import Command, Place, rows, scan
from yolo_sets import NAMES, laid, read

if TYPE_CHECKING:
    from labelprep.workflows.import_report import ImportReport

SHARED = Path(__file__).parents[1].parent / "shared"
TORTURE = SHARED / "torture"
CHINESE = SHARED / "data" / "labelme" / "chinese_paths"
needs_torture = pytest.mark.skipif(not TORTURE.is_dir(), reason="needs the shared data, which is not here")
needs_data = pytest.mark.skipif(not CHINESE.is_dir(), reason="needs the shared data, which is not here")
FUZZ = int(os.environ.get("LABELPREP_FUZZ", "200"))

# What becomes of each file imported alone, with two classes: shapes, codes of issues; or words of the error.
EXPECTED: dict[str, tuple[dict[str, int], list[str]] | str] = {
    "ok.txt": ({"box": 1}, []),
    "empty.txt": ({}, []),
    "crlf_bom.txt": ({"box": 1}, []),
    "class_oob.txt": "class_oob.txt:1: class 7 is not in the list of classes",
    "class_float.txt": ({"box": 1}, ["LP295"]),
    "class_name.txt": "class_name.txt:1: it begins with 'dog'",
    "pixels.txt": "pixels.txt:1: 80 is no share (0-1) of the picture: these look like pixels",
    "edge_eps.txt": ({"box": 1}, []),
    "zero_wh.txt": "zero_wh.txt:1: a box 0 wide",
    "neg_wh.txt": "neg_wh.txt:1: a box -0.2 wide",
    "seg.txt": ({"polygon": 1}, []),
    "seg_odd.txt": "seg_odd.txt:1: five numbers follow the class: a polygon that lacks one",
    "track.txt": "track.txt:1: six numbers",
    "obb.txt": ({"polygon": 1}, ["LP294"]),
    "mixed.txt": ({"box": 1, "polygon": 1}, ["LP296"]),
    "tabs_commas.txt": ({"box": 1}, ["LP295"]),
    "dup_lines.txt": ({"box": 1}, ["LP298"]),
    "orphan.txt": "not one of 1 rows names an image",
    "underscore.txt": "underscore.txt:1: '0.2_0' is no number",
}


def listed(folder: str) -> set[str]:
    with (TORTURE / "labels.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["file"].rpartition("/")[2] for row in csv.DictReader(file) if row["file"].startswith(folder)
        }


def imported(folder: Path, source: Path) -> ImportReport:
    scan(folder, folder.parent / "manifest.db", labels="none")
    with open_store(folder.parent / "manifest.db") as store:
        return import_labels(store, source)


@needs_torture
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_each_broken_file_is_taken_or_refused_as_expected(name: str, tmp_path: Path) -> None:
    root = laid(tmp_path / "set", {"classes.txt": NAMES, "labels/x": "", "images/x": ""})
    shutil.copy(TORTURE / "labels/yolo/labels" / name, root / "labels")
    image = name.replace(".txt", ".jpg") if name != "orphan.txt" else "ok.jpg"
    shutil.copy(TORTURE / "labels/yolo/images" / image, root / "images")
    expected = EXPECTED[name]

    if isinstance(expected, str):
        with pytest.raises(SourceError) as refused:
            imported(root, root / "labels" / name)
        assert expected in str(refused.value)
        assert rows(tmp_path / "manifest.db", "SELECT count(*) FROM statement") == [0]
        return
    report = imported(root, root / "labels" / name)

    assert (report.format, report.rows, report.matched) == ("yolo", 1, 1)
    assert report.facts["shapes"] == expected[0]
    assert [issue.code for issue in report.issues if issue.code >= "LP290"] == expected[1]


@needs_torture
def test_every_broken_file_is_expected_here() -> None:
    assert listed("yolo/labels/") == set(EXPECTED)
    assert listed("yolo_yaml/") == {"data.yaml", "evil.yaml", "bomb.yaml", "nc_mismatch.yaml"}


@needs_torture
def test_the_broken_set_as_a_whole_is_told_file_by_file(tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(TORTURE / "labels/yolo", root)
    laid(root, {"classes.txt": NAMES})

    report = imported(root, root)

    images = len(list((root / "images").iterdir()))
    assert (report.rows, report.matched, report.unmatched) == (19, 10, 1)
    assert report.skipped == {"bad_shapes": 8}
    assert report.images_without_row == images - report.matched
    negative = rows(
        tmp_path / "manifest.db",
        """
        SELECT path FROM statement JOIN image ON image.id = image_id
        WHERE NOT EXISTS (SELECT 1 FROM annotation WHERE statement_id = statement.id)
        """,
    )
    assert negative == ["images/empty.jpg"]


@needs_torture
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("data.yaml", ["LP292", "LP293", "LP293"]),
        ("nc_mismatch.yaml", ["LP292"]),
        ("evil.yaml", "a tag"),
        ("bomb.yaml", "an alias"),
    ],
)
def test_each_hostile_description_harms_nothing(name: str, expected: str | list[str], tmp_path: Path) -> None:
    root = laid(tmp_path / "set", {"labels/a.txt": "0 .5 .5 .1 .1"})
    tree(root, ["images/a.png"])
    shutil.copy(TORTURE / "labels/yolo_yaml" / name, root)

    if isinstance(expected, str):
        with pytest.raises(LabelprepError, match=expected):
            imported(root, root / name)
    else:
        report = imported(root, root / name)
        assert sorted(issue.code for issue in report.issues) == expected
        assert list(report.classes_added) == ["cat"]
    assert sorted(path.name for path in tmp_path.iterdir() if "manifest" not in path.name) == ["set"]
    assert not Path("/tmp/pwned").exists()  # noqa: S108 - what the file would write


@needs_torture
def test_a_name_that_is_there_twice_is_one_class(tmp_path: Path) -> None:
    root = laid(tmp_path / "set", {"classes.txt": "cat\ndog\ncat\n"})
    tree(root, ["images/a.png"])
    shutil.copytree(TORTURE / "labels/yolo_classes_dup/labels", root / "labels")

    report = imported(root, root)

    assert report.classes_added == ("cat",)
    assert [issue.code for issue in report.issues] == ["LP292"]


@needs_data
def test_real_shapes_go_out_and_come_back(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = CHINESE / "labelme2yolo-detection"
    (file,) = folder.rglob("*.json")
    plain = Counter(
        (shape["label"], shape["shape_type"])
        for shape in json.loads(file.read_bytes())["shapes"]
        if shape["shape_type"] in {"rectangle", "polygon"}
    )
    monkeypatch.chdir(tmp_path)
    shutil.copytree(folder, tmp_path / "photos")

    command("scan", "photos", "--labels", "none")
    command("import", "photos", "--from", "labelme")
    ran = command("export", "out", "--to", "yolo", "--allow-loss", "--verify", "--json")
    (label_file,) = (tmp_path / "out").rglob("labels/**/*.txt")
    names = (tmp_path / "out" / "classes.txt").read_text(encoding="utf-8").split("\n")
    lines = [line.split() for line in label_file.read_text(encoding="utf-8").splitlines()]

    kinds = {5: "rectangle"}
    assert Counter((names[int(line[0])], kinds.get(len(line), "polygon")) for line in lines) == plain
    assert ran.json["verified"] is True


def test_an_export_of_splits_reads_back_whole(animals: Place, command: Command) -> None:
    laid(animals.root, {"cat/1.txt": "0 .5 .5 .5 .5", "dog/1.txt": "1 .25 .25 .25 .25\n1 0 0 1 0 1 1"})
    laid(animals.root, {"fox/1.txt": "", "classes.txt": "cat\ndog\n"})
    command("split")

    took = command("import", "animals", "--json")
    refused = command("export", "out", "--to", "yolo", "--json")
    ran = command("export", "out", "--to", "yolo", "--allow-loss", "--verify", "--json")
    left = command("export", "left", "--to", "yolo", "--allow-loss", "--verify", "--files", "leave", "--json")
    found = command("detect", "out", "--json")

    assert (took.json["format"], took.json["matched"], took.json["annotations"]) == ("yolo", 3, 3)
    assert refused.code == 2
    assert ran.json["verified"] is True, ran.json["differences"]
    assert left.json["verified"] is True, left.json["differences"]
    assert ran.json["annotations"] == 3
    assert found.json["formats"][0]["format"] == "yolo"


def test_a_source_gives_its_numbers_to_the_next_export(animals: Place, command: Command) -> None:
    laid(animals.root, {"cat/1.txt": "2 .5 .5 .5 .5", "classes.txt": "owl\n\ncat\n"})
    command("import", "animals")

    command("export", "out", "--to", "yolo", "--allow-loss")

    (label_file,) = (animals.root.parent / "out/labels").rglob("cat/1.txt")
    assert label_file.read_text(encoding="utf-8") == "2 0.5 0.5 0.5 0.5\n"


def test_class_folders_are_not_taken_for_yolo(tmp_path: Path) -> None:
    tree(tmp_path / "set", ["train/cat/1.png", "val/cat/2.png"])

    looks = {look.format: look for look in detect(tmp_path / "set")}

    assert not looks["yolo"].is_likely
    assert "labelprep scan" in looks["yolo"].reason


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("dog 0.5 0.5 0.2 0.2", "it begins with 'dog', not with the number of a class"),
        ("0 80 60 40 30", "80 is no share (0-1) of the picture: these look like pixels"),
        ("0 0.5 0.5 0.2 0.2 0.93 17", "six numbers, and '17' at the end"),
    ],
)
def test_a_broken_file_alone_is_told_as_what_it_is(
    line: str, problem: str, work: Path, command: Command
) -> None:
    tree(work / "photos", ["images/a.png"])
    laid(work / "photos", {"labels/a.txt": f"{line}\n", "classes.txt": NAMES})
    command("scan", "photos", "--labels", "none")

    ran = command("import", "photos/labels/a.txt", "--json")

    assert ran.code == 3
    assert f"a.txt:1: {problem}" in ran.json["error"]["problem"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "a.png 1 0 0 1\n"),
        ("a.txt", "cat\n"),
        ("boxes.txt", "a 80 60 40 30\n"),
    ],
    ids=["list of images", "a word", "no image of its name"],
)
def test_other_texts_among_labels_are_no_label_files(name: str, text: str, work: Path) -> None:
    laid(work / "set", {"images/a.png": "", f"labels/{name}": text})

    looks = {look.format: look for look in detect(work / "set/labels" / name)}

    assert not looks["yolo"].is_likely


@pytest.mark.parametrize(
    ("file", "beside"),
    [("labels/a.txt", {}), ("set/a.txt", {"set/classes.txt": NAMES})],
    ids=["folder called labels", "list of classes beside"],
)
def test_an_empty_file_alone_is_an_image_with_nothing_on_it(
    file: str, beside: dict[str, str], work: Path, command: Command
) -> None:
    tree(work / "photos", ["images/a.png"])
    laid(work / "photos", {file: "", **beside})
    command("scan", "photos", "--labels", "none")

    ran = command("import", f"photos/{file}", "--json")

    assert ran.code == 0, ran
    assert (ran.code, ran.json["format"], ran.json["matched"]) == (0, "yolo", 1)
    assert rows(work / "manifest.db", "SELECT path, label FROM image") == [("images/a.png", None)]
    assert rows(work / "manifest.db", "SELECT count(*) FROM statement") == [1]


@pytest.mark.drawn
def test_files_broken_at_random_are_read_or_refused(tmp_path: Path) -> None:
    chance = random.Random(4)  # noqa: S311 - a seed makes it the same each time
    good = {
        "labels/a.txt": "0 0.5 0.5 0.25 0.125\n1 0.1 0.1 0.5 0.1 0.5 0.5\n",
        "data.yaml": "train: images/train\nval: [images/val, val.txt]\nnc: 2\nnames:\n  0: cat\n  1: 猫\n",
        "classes.txt": "cat\n猫\n",
        "val.txt": "images/a.jpg\n",
        "obj.data": "train = val.txt\n",
    }
    rows_read = refused = 0
    for number in range(FUZZ):
        name = chance.choice(sorted(good))
        folder = laid(tmp_path / str(number), {**good, name: broken(good[name].encode("utf-8"), chance)})
        laid(folder, {"images/a.jpg": ""})
        try:
            items, _ = read(folder)
            rows_read += len([item for item in items if isinstance(item, Record)])
        except LabelprepError:
            refused += 1

    assert rows_read + refused >= FUZZ // 2


def broken(data: bytes, chance: random.Random) -> bytes:
    """Return bytes with a few of them changed, cut, doubled or replaced by signs with a meaning."""
    for _ in range(chance.randint(1, 4)):
        at, end = sorted(chance.choices(range(len(data) + 1), k=2))
        piece = chance.choice(
            [b"", b"\x00", b"\xff", b"-", b": ", b"\n", b"[", b"'", b"9" * 400, b"1e999", data[at:end] * 3]
        )
        data = data[:at] + piece + data[chance.choice([at, end]) :]
    return data


def test_convert_takes_the_options_of_what_it_reads_and_writes(work: Path, command: Command) -> None:
    tree(work / "photos", ("a.png",))
    laid(work, {"photos/a.txt": "1 .25 .25 .75 .25 .75 .75 .25 .75", "names.txt": "cat\ndog\n"})
    reading = ("convert", "photos", "out", "--from", "yolo", "--class-names", "names.txt", "--allow-loss")

    turned = command(*reading, "--to", "coco", "--four-points", "polygon", "--json")
    cut = command(*reading, "--overwrite", "--to", "crops", "--margin", "0.5", "--json")
    tables = command(*reading, "--overwrite", "--to", "huggingface", "--metadata", "csv", "--json")
    foreign = command(*reading, "--overwrite", "--to", "voc", "--margin", "0.5")

    assert turned.json["import"]["classes_added"] == ["dog"]
    assert (turned.code, cut.code, tables.code, foreign.code) == (0, 0, 0, 2)
    assert (cut.json["annotations"], turned.json["lost"]) == (1, [])
    assert (work / "out" / "metadata.csv").is_file()
    assert "it is an option of crops, not of voc" in foreign.err
