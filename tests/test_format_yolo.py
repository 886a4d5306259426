"""YOLO text labels: what each kind of line, file and folder is read as, and every quirk with its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labelprep.errors import SourceError, UsageError
from labelprep.formats.base import Rejected
from labelprep.formats.yolo import Yolo
from labelprep.model.annotation import Annotation, Kind, Record
from yolo_sets import NAMES, laid, read, records, refused, shapes, told

if TYPE_CHECKING:
    from pathlib import Path

BOX = "0 0.5 0.5 0.25 0.125\n"
TRIANGLE = "1 0.1 0.1 0.5 0.1 0.5 0.5\n"
UPRIGHT = "0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n"
# On 200 × 100 pixels: (50, 10), (90, 50), (50, 90), (10, 50), a square on its tip.
TURNED = "0 0.25 0.1 0.45 0.5 0.25 0.9 0.05 0.5\n"
DIAMOND = [[50.0, 10.0], [90.0, 50.0], [50.0, 90.0], [10.0, 50.0]]


def test_boxes_come_in_pixels_with_class_and_line(tmp_path: Path) -> None:
    found = shapes("1 0.5 0.5 0.25 0.125\n\n0 0.05 0.1 0.1 0.2", tmp_path)

    assert found == (
        Annotation(Kind.BOX, "dog", [75.0, 43.75, 125.0, 56.25], {}, "line 1"),
        Annotation(Kind.BOX, "cat", [0.0, 0.0, 20.0, 20.0], {}, "line 3"),
    )


def test_more_points_are_polygons_also_among_boxes(tmp_path: Path) -> None:
    laid(tmp_path, {"a.jpg": "", "a.txt": BOX + TRIANGLE, "classes.txt": NAMES})

    (record,), reading = read(tmp_path)

    assert isinstance(record, Record)
    assert [item.kind for item in record.annotations] == [Kind.BOX, Kind.POLYGON]
    assert record.annotations[1].geometry == [[20.0, 10.0], [100.0, 10.0], [100.0, 50.0]]
    assert reading.facts["shapes"] == {"box": 1, "polygon": 1}
    assert told(reading) == [("LP296", "a.txt", "boxes and outlines stand in one file; all are taken")]


@pytest.mark.parametrize(
    ("lines", "kind", "why"),
    [
        (UPRIGHT, Kind.POLYGON, "1 of 1 are rectangles, 0 of these turned"),
        (TURNED, Kind.ROTATED_BOX, "1 of 1 are rectangles, 1 of these turned"),
        (TURNED + TRIANGLE, Kind.POLYGON, "other outlines in the set have more or fewer points"),
        (TURNED + "0 0 0 1 0 .3 .3 0 .1\n", Kind.POLYGON, "1 of 2 are rectangles, 1 of these turned"),
        (BOX + TURNED, Kind.ROTATED_BOX, "1 of 1 are rectangles, 1 of these turned"),
    ],
)
def test_the_whole_set_tells_what_four_points_are(tmp_path: Path, lines: str, kind: Kind, why: str) -> None:
    files = {f"{number}.txt": line for number, line in enumerate(lines.splitlines())}
    images = {name.replace("txt", "jpg"): "" for name in files}
    laid(tmp_path, {**files, **images, "classes.txt": NAMES})

    items, reading = read(tmp_path)

    found = [one for item in items if isinstance(item, Record) for one in item.annotations]
    assert {one.kind for one in found if one.kind is not Kind.BOX} == {kind}
    assert reading.facts["four_points"] == f"{kind}: {why}"
    assert [issue.code for issue in reading.issues] == ["LP294"]


def test_an_option_or_the_set_itself_tells_what_four_points_are(tmp_path: Path) -> None:
    laid(tmp_path, {"a.jpg": "", "a.txt": UPRIGHT, "data.yaml": "task: obb\nnames: [cat]\n"})

    (own,), reading = read(tmp_path)
    (wished,), _ = read(tmp_path, four_points="polygon")

    assert isinstance(own, Record)
    assert isinstance(wished, Record)
    assert own.annotations[0].kind is Kind.ROTATED_BOX
    assert reading.facts["four_points"] == "rotated_box: data.yaml says so"
    assert reading.issues == []
    assert wished.annotations[0].kind is Kind.POLYGON
    with pytest.raises(UsageError, match="none of polygon, rotated_box"):
        read(tmp_path, four_points="square")


def test_a_closed_line_of_four_points_is_a_polygon_among_oriented_boxes(tmp_path: Path) -> None:
    found = shapes(
        TURNED + "1 0.25 0.1 0.45 0.5 0.25 0.9 0.05 0.5 0.25 0.1", tmp_path, four_points="rotated_box"
    )

    assert [(item.kind, item.geometry) for item in found] == [
        (Kind.ROTATED_BOX, DIAMOND),
        (Kind.POLYGON, DIAMOND),
    ]


def test_confidence_makes_a_set_the_word_of_a_model_also_where_it_found_nothing(tmp_path: Path) -> None:
    laid(tmp_path, {"a.jpg": "", "b.jpg": "", "a.txt": "0 0.5 0.5 0.2 0.2 0.93", "b.txt": ""})
    laid(tmp_path, {"classes.txt": NAMES})

    (one, other), reading = read(tmp_path)

    assert isinstance(one, Record)
    assert isinstance(other, Record)
    assert one.annotations == (Annotation(Kind.BOX, "cat", [80.0, 40.0, 120.0, 60.0], {}, "line 1", 0.93),)
    assert (one.is_prediction, other.is_prediction) == (True, True)
    assert (reading.facts["predictions"], reading.facts["empty"]) == (2, 1)


def test_an_empty_file_of_a_person_is_a_negative_image(tmp_path: Path) -> None:
    laid(tmp_path, {"a.jpg": "", "b.jpg": "", "a.txt": BOX, "b.txt": " \r\n", "c.jpg": ""})

    found = records(tmp_path)

    assert set(found) == {"a.jpg", "b.jpg"}
    assert (found["b.jpg"].annotations, found["b.jpg"].is_prediction) == ((), False)


def test_polygons_and_oriented_boxes_may_have_confidence_too(tmp_path: Path) -> None:
    polygon = shapes("0 .1 .1 .5 .1 .5 .5 0.75", tmp_path / "one")
    oriented = shapes(TURNED.strip() + " 0.5", tmp_path / "two")

    assert [(item.kind, item.confidence) for item in (*polygon, *oriented)] == [
        (Kind.POLYGON, 0.75),
        (Kind.ROTATED_BOX, 0.5),
    ]


def test_key_points_are_kept_with_their_box(tmp_path: Path) -> None:
    text = "0 0.5 0.5 0.2 0.2 0.45 0.5 2 0 0 0"
    laid(tmp_path, {"a.jpg": "", "a.txt": text, "data.yaml": "kpt_shape: [2, 3]\nnames:\n  0: cat\n"})

    (record,) = records(tmp_path).values()

    assert record.annotations == (
        Annotation(
            Kind.BOX,
            "cat",
            [80.0, 40.0, 120.0, 60.0],
            {"yolo:keypoints": [[90.0, 50.0, 2.0], [0.0, 0.0, 0.0]]},
            "line 1",
        ),
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("2 0.5 0.5 0.2 0.2", "class 2 is not in the list of classes, 0 to 1"),
        ("-1 0.5 0.5 0.2 0.2", "it begins with '-1', not with the number of a class"),
        ("1.5 0.5 0.5 0.2 0.2", "it begins with '1.5', not with the number of a class"),
        ("dog 0.5 0.5 0.2 0.2", "not with the number of a class, though a class is called so"),
        ("0 0.5 0.5 0.2", "3 numbers follow the class, a box has 4"),
        ("0", "0 numbers follow the class, a box has 4"),
        ("0 80 60 40 30", "80 is no share (0-1) of the picture: these look like pixels"),
        ("0 0.5 0.5 -0.2 0.2", "a box -0.2 wide and 0.2 high encloses nothing"),
        ("0 0.5 0.5 0 0.2", "a box 0 wide and 0.2 high encloses nothing"),
        ("0 0.5 0.5 0.2_0 0.2", "'0.2_0' is no number"),
        ("0 0.5 0.5 nan 0.2", "'nan' is no number"),
        ("0 0.5 0.5 0.2 inf", "'inf' is no number"),
        ("0 0.5 ٠.٥ 0.2 0.2", "'٠.٥' is no number"),
        ("0 0.5 0.5 0.2 0.2px", "'0.2px' is no number"),
        ("0 0.1 0.1 0.5 0.1 0.5", "five numbers follow the class: a polygon that lacks one"),
        ("0 0.5 0.5 0.2 0.2 1.5", "the last number, 1.5, is no confidence (0-1)"),
        ("0 .1 .1 .5 .5 .9 .9", "its points lie on one line and enclose nothing"),
        ("0 .1 .1 .5 .5 .9 2.5", "2.5 is no share (0-1) of the picture: these look like pixels"),
        ("0 .1 .1 .5 .5 .9 -1.5", "-1.5 is no share (0-1) of the picture"),
        ("0 0.5 0.5 0.2 0.2 0.93 17", "six numbers, and '17' at the end: a box with confidence"),
        ("0 \x00 0.5 0.5 0.2", "'\\x00' is no number"),
    ],
)
def test_a_bad_line_is_refused_with_its_place(tmp_path: Path, line: str, problem: str) -> None:
    found = refused(f"{line}\n", tmp_path)

    assert (found.reason, found.issue.code, found.issue.where) == ("bad_shapes", "LP291", "a.txt:1")
    assert problem in found.issue.problem


def test_a_number_too_few_is_told_where_other_polygons_have_none(tmp_path: Path) -> None:
    laid(tmp_path, {"a.jpg": "", "a.txt": TRIANGLE + "0 .1 .1 .5 .1 .5 .5 .1\n", "classes.txt": NAMES})

    (record,), reading = read(tmp_path)

    assert isinstance(record, Record)
    assert len(record.annotations) == 1
    assert told(reading) == [
        ("LP291", "a.txt:2", "7 numbers follow the class: points are pairs, one number is missing")
    ]


def test_good_lines_are_taken_where_others_are_bad(tmp_path: Path) -> None:
    bad = "x\n" * 150
    laid(tmp_path, {"a.jpg": "", "a.txt": BOX + bad, "classes.txt": NAMES})
    laid(tmp_path, {"b.jpg": "", "b.txt": "5 .5 .5 .1 .1\n0 9 9 9 9"})

    items, reading = read(tmp_path)

    assert [type(item) for item in items] == [Record, Rejected]
    shape = [issue.where for issue in reading.issues if issue.code == "LP291"]
    # The same bad line again counts once; of a file all of whose lines are bad, one is the rejection's own.
    assert shape == ["a.txt:2", "b.txt:2"]
    assert [issue.code for issue in reading.issues] == ["LP291", "LP291", "LP298"]


def test_endless_bad_lines_are_told_as_a_number(tmp_path: Path) -> None:
    bad = "".join(f"x{number}\n" for number in range(150))
    laid(tmp_path, {"a.jpg": "", "a.txt": BOX + bad, "classes.txt": NAMES})

    _, reading = read(tmp_path)

    assert len(reading.issues) == 101
    assert told(reading)[-1] == ("LP291", "a.txt", "50 more lines are not taken")


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        (b"\xef\xbb\xbf0 0.5 0.5 0.25 0.125\r\n\r\n", []),
        ("0 0.5 0.5 0.25 0.125".encode("utf-16"), []),
        ("0\t0.5,0.5,0.25,0.125  \n", ["commas are taken as blanks"]),
        ("0.0 0.5 0.5 0.25 0.125", ["class numbers such as 1.0 are taken as 1"]),
        ("00 +.5 5e-1 0.25 1.25E-1", []),
        (BOX + BOX, ["the line is there twice; it counts once"]),
    ],
)
def test_odd_spellings_are_read(tmp_path: Path, text: str | bytes, notes: list[str]) -> None:
    laid(tmp_path, {"a.jpg": "", "a.txt": text, "classes.txt": NAMES})

    (record,), reading = read(tmp_path)

    assert isinstance(record, Record)
    assert [(item.label, item.geometry) for item in record.annotations] == [
        ("cat", [75.0, 43.75, 125.0, 56.25])
    ]
    assert [issue.problem for issue in reading.issues] == notes


def test_a_shape_a_little_outside_is_taken_as_stated(tmp_path: Path) -> None:
    (box,) = shapes("0 0.9500001 0.5 0.1 0.2", tmp_path)

    assert box.geometry == [180.00002, 40.0, 200.00002, 60.0]


@pytest.mark.parametrize(
    "files",
    [
        ("images/train/a.jpg", "labels/train/a.txt", "images/val/a.jpg", "labels/val/a.txt"),
        ("train/images/a.jpg", "train/labels/a.txt", "valid/images/a.jpg", "valid/labels/a.txt"),
        ("train/a.jpg", "train/a.txt", "val/a.jpg", "val/a.txt"),
        ("JPEGImages/train/a.jpg", "labels/train/a.txt", "JPEGImages/dev/a.jpg", "labels/dev/a.txt"),
    ],
)
def test_folders_tell_splits_and_images(tmp_path: Path, files: tuple[str, ...]) -> None:
    laid(tmp_path, {name: BOX if name.endswith("txt") else "" for name in files} | {"classes.txt": NAMES})

    found = records(tmp_path)

    assert {image: record.split for image, record in found.items()} == {files[0]: "train", files[2]: "val"}


def test_one_folder_called_train_alone_tells_no_split(tmp_path: Path) -> None:
    laid(tmp_path, {"images/train/a.jpg": "", "labels/train/a.txt": BOX, "classes.txt": NAMES})

    assert records(tmp_path)["images/train/a.jpg"].split is None


def test_data_yaml_tells_splits_of_folders_of_any_name(tmp_path: Path) -> None:
    text = "path: .\ntrain: images/first\nval: [images/second, 'images/third/']\nnames: [cat]\n"
    places = ("first", "second", "third/deep", "fourth")
    laid(tmp_path, {f"images/{place}/a.jpg": "" for place in places} | {"data.yaml": text})
    laid(tmp_path, {f"labels/{place}/a.txt": BOX for place in places})

    splits = {image: record.split for image, record in records(tmp_path).items()}
    by_file = records(tmp_path / "data.yaml", root=tmp_path)
    by_labels = records(tmp_path / "labels", root=tmp_path)

    assert splits == {
        "images/first/a.jpg": "train",
        "images/second/a.jpg": "val",
        "images/third/deep/a.jpg": "val",
        "images/fourth/a.jpg": None,
    }
    assert {image: record.split for image, record in by_file.items()} == splits
    assert {image: record.split for image, record in by_labels.items()} == splits


def test_lists_tell_splits(tmp_path: Path) -> None:
    text = "train: train.txt\nval: lists/val.txt\nnames: [cat]\n"
    laid(tmp_path, {"images/x/a.jpg": "", "images/y/a.jpg": "", "images/x/b.jpg": "", "data.yaml": text})
    laid(tmp_path, {"labels/x/a.txt": BOX, "labels/y/a.txt": BOX, "labels/x/b.txt": BOX})
    laid(tmp_path, {"train.txt": "./images/x/a.jpg\r\n", "lists/val.txt": "/home/me/set/images/y/a.jpg\n"})

    splits = {image: record.split for image, record in records(tmp_path).items()}

    assert splits == {"images/x/a.jpg": "train", "images/y/a.jpg": "val", "images/x/b.jpg": None}


@pytest.mark.parametrize(
    "extra", [{"obj.data": "classes = 1\ntrain  = data/train.txt\nnames = data/obj.names\n"}, {}]
)
def test_darknet_sets_are_read(tmp_path: Path, extra: dict[str, str]) -> None:
    laid(tmp_path, {"obj_train_data/a.jpg": "", "obj_train_data/a.txt": BOX, "obj.names": "cat\n\n", **extra})
    laid(tmp_path, {"train.txt": "data/obj_train_data/a.jpg\n"})

    (record,), reading = read(tmp_path)

    assert isinstance(record, Record)
    assert (record.image, record.split, record.annotations[0].label) == (
        "obj_train_data/a.jpg",
        "train",
        "cat",
    )
    assert reading.facts["class_list"] == "obj.names"


def test_splits_outside_of_the_set_are_not_looked_at(tmp_path: Path) -> None:
    laid(tmp_path / "else", {"val.txt": "images/a.jpg\n"})
    text = (
        "train: ../../../../etc\nval: https://x.org/d.zip\ntest: ../else/val.txt\nnames: {0: cat, 2: dog}\n"
    )
    laid(tmp_path / "set" / "in", {"images/a.jpg": "", "labels/a.txt": BOX, "data.yaml": text})

    (record,), reading = read(tmp_path / "set" / "in")

    assert isinstance(record, Record)
    assert record.split is None
    assert told(reading) == [
        ("LP292", "data.yaml", "no name for class 1"),
        (
            "LP293",
            "data.yaml",
            "train: '../../../../etc' is no place in this folder: it is not looked at",
        ),
        (
            "LP293",
            "data.yaml",
            "val: 'https://x.org/d.zip' is an address, and nothing is downloaded: it is not looked at",
        ),
        ("LP293", "data.yaml", "test: there is no list 'val.txt' in this folder"),
    ]


@pytest.mark.parametrize("name", ["a\\0.txt", "a\\0"])
def test_splits_that_are_no_paths_are_told(tmp_path: Path, name: str) -> None:
    laid(tmp_path, {"images/a.jpg": "", "labels/a.txt": BOX, "data.yaml": f'val: "{name}"\nnames: [cat]'})

    _, reading = read(tmp_path)

    assert [(issue.code, issue.problem[:5]) for issue in reading.issues] == [("LP293", "val: ")]


def test_a_folder_of_two_splits_is_in_none(tmp_path: Path) -> None:
    laid(
        tmp_path,
        {"images/a.jpg": "", "labels/a.txt": BOX, "data.yaml": "train: images\nval: images\nnames: [cat]"},
    )

    (record,), reading = read(tmp_path)

    assert isinstance(record, Record)
    assert record.split is None
    assert [issue.code for issue in reading.issues] == ["LP293"]


def test_lists_of_classes_that_disagree_are_a_question(tmp_path: Path) -> None:
    laid(tmp_path, {"a.jpg": "", "a.txt": BOX, "classes.txt": "cat\ndog", "data.yaml": "names: [dog, cat]"})

    with pytest.raises(UsageError, match="class 0 is") as question:
        read(tmp_path)
    found = records(tmp_path, class_names=str(tmp_path / "data.yaml"))

    assert "--class-names" in question.value.fix
    assert found["a.jpg"].annotations[0].label == "dog"


def test_a_longer_list_that_agrees_is_used(tmp_path: Path) -> None:
    laid(
        tmp_path,
        {"a.jpg": "", "a.txt": TRIANGLE, "classes.txt": "cat", "data.yaml": "names: [cat, dog]\nnc: 3"},
    )

    (record,), reading = read(tmp_path)

    assert isinstance(record, Record)
    assert record.annotations[0].label == "dog"
    assert reading.class_ids == {"cat": 0, "dog": 1}
    assert told(reading) == [
        ("LP292", "classes.txt", "1 classes, of 2 in data.yaml; the longer list is used"),
        ("LP292", "data.yaml", "nc is 3, but there are 2 names"),
    ]


def test_twin_and_blank_names_are_told(tmp_path: Path) -> None:
    laid(tmp_path, {"a.jpg": "", "a.txt": "2 .5 .5 .1 .1\n1 .5 .5 .2 .2", "classes.txt": "cat\n\ncat\n\n"})

    (record,), reading = read(tmp_path)

    assert isinstance(record, Record)
    assert [item.label for item in record.annotations] == ["cat"]
    assert reading.class_ids == {"cat": 0}
    assert told(reading) == [
        ("LP292", "classes.txt", "classes 0 and 2 are both called 'cat': they become one"),
        ("LP292", "classes.txt", "no name for class 1"),
        ("LP291", "a.txt:2", "class 1 has no name"),
    ]


def test_without_a_list_numbers_are_names_and_that_is_told(tmp_path: Path) -> None:
    laid(tmp_path, {"a.jpg": "", "a.txt": "07 .5 .5 .1 .1"})

    (record,), reading = read(tmp_path)

    assert isinstance(record, Record)
    assert record.annotations[0].label == "7"
    assert [issue.code for issue in reading.issues] == ["LP292"]


def test_names_in_gbk_are_read_or_asked_for(tmp_path: Path) -> None:
    laid(tmp_path / "sure", {"a.jpg": "", "a.txt": BOX, "classes.txt": "斑马\n鸟".encode("gb18030")})
    laid(tmp_path / "both", {"a.jpg": "", "a.txt": BOX, "classes.txt": "猫".encode("gb18030")})

    sure = records(tmp_path / "sure")["a.jpg"]
    known = records(tmp_path / "both", classes=("猫",))["a.jpg"]
    wished = records(tmp_path / "both", encoding="utf-8")["a.jpg"]

    assert [each.annotations[0].label for each in (sure, known, wished)] == ["斑马", "猫", "è"]
    with pytest.raises(UsageError, match="in UTF-8 it says 'è', in GB18030 '猫'"):
        read(tmp_path / "both")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("names: !!python/object/apply:os.system ['x']", "a tag"),
        ("a: &a [x]\nnames: *a", "an alias"),
        ("names: {cat: 0}", "no number with a name"),
        ("names: [[cat]]", "no number with a name"),
        ("names: {99999999: cat}", "no number with a name"),
    ],
)
def test_a_bad_data_yaml_stops_it(tmp_path: Path, text: str, problem: str) -> None:
    laid(tmp_path, {"a.jpg": "", "a.txt": BOX, "data.yaml": text})

    with pytest.raises(SourceError, match=problem) as stopped:
        read(tmp_path)

    assert stopped.value.where.startswith("data.yaml")


def test_labels_beside_the_root_name_their_images(tmp_path: Path) -> None:
    laid(tmp_path / "photos", {"sub/a.jpg": ""})
    laid(tmp_path / "labels", {"sub/a.txt": BOX, "classes.txt": NAMES})

    found = records(tmp_path / "labels", root=tmp_path / "photos", sizes={"sub/a.jpg": (200, 100)})

    # The workflow finds the image by its folders and stem.
    assert set(found) == {"images/sub/a"}


def test_an_image_of_several_with_one_stem_is_the_one_of_the_manifest(tmp_path: Path) -> None:
    laid(tmp_path, {"a.jpg": "", "a.png": "", "a.txt": BOX, "b.jpg": "", "b.png": "", "b.txt": BOX})
    laid(tmp_path, {"c.jpg": "", "c.png": "", "c.png.txt": BOX, "classes.txt": NAMES})
    sizes = dict.fromkeys(("a.png", "b.jpg", "b.png", "c.jpg", "c.png"), (200, 100))

    items, _ = read(tmp_path, sizes=sizes)

    assert [item.image for item in items if isinstance(item, Record)] == ["a.png", "c.png"]
    (rejected,) = (item for item in items if isinstance(item, Rejected))
    assert (rejected.reason, rejected.issue.code, rejected.issue.where) == ("no_image_size", "LP297", "b.txt")
    assert "'b.jpg' or 'b.png'" in rejected.issue.problem


def test_labels_without_image_are_records_that_match_nothing(tmp_path: Path) -> None:
    laid(tmp_path, {"a.jpg": "", "a.txt": BOX, "orphan.txt": BOX, "classes.txt": NAMES})

    items, _ = read(tmp_path, sizes={"a.jpg": (200, 100)})

    assert [item.image for item in items if isinstance(item, Record)] == ["a.jpg", "orphan"]


def test_shapes_of_an_image_without_size_are_told(tmp_path: Path) -> None:
    laid(tmp_path, {"a.jpg": "", "a.txt": BOX, "classes.txt": NAMES})
    context = read(tmp_path, sizes={"a.jpg": None})  # type: ignore[dict-item]

    (item,) = context[0]

    assert isinstance(item, Rejected)
    assert item.reason == "no_image_size"


def test_other_text_files_are_no_labels(tmp_path: Path) -> None:
    laid(tmp_path, {"a.jpg": "", "a.txt": BOX, "README.roboflow.txt": "Hello", "classes.txt": NAMES})
    laid(tmp_path, {"notes.txt": "buy milk", "train.txt": "a.jpg\n"})

    items, reading = read(tmp_path, sizes={"a.jpg": (200, 100)})

    assert [item.reason for item in items if isinstance(item, Rejected)] == ["not_yolo"]
    assert [item.split for item in items if isinstance(item, Record)] == ["train"]
    assert reading.facts["files"] == 2


def test_a_huge_file_is_no_label_file(tmp_path: Path) -> None:
    found = refused(b"0 .5 .5 .1 .1\n" * 700_000, tmp_path)

    assert (found.reason, found.issue.code) == ("unreadable", "LP290")


def test_one_label_file_alone_is_read_with_the_list_above_it(tmp_path: Path) -> None:
    laid(tmp_path, {"images/train/a.jpg": "", "labels/train/a.txt": BOX, "data.yaml": "names: [owl]"})

    (record,), _ = read(tmp_path / "labels" / "train" / "a.txt", root=tmp_path)

    assert isinstance(record, Record)
    assert (record.image, record.locator, record.annotations[0].label) == ("images/train/a.jpg", "", "owl")


@pytest.mark.parametrize("name", ["none", "none/a.txt"])
def test_nothing_to_read_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError):
        read(tmp_path / name)
    (tmp_path / "none").mkdir(exist_ok=True)
    with pytest.raises(SourceError):
        read(tmp_path / "none")


@pytest.mark.parametrize(
    ("files", "least", "most"),
    [
        ({"labels/a.txt": BOX, "images/a.jpg": "", "data.yaml": "names: [cat]"}, 0.94, 0.96),
        ({"a.txt": BOX, "b.txt": "hello"}, 0.6, 0.7),
        ({"a.txt": "", "classes.txt": NAMES}, 0.3, 0.3),
        ({"a.txt": "hello there"}, 0, 0),
        ({"a.txt": "0 80 60 40 30"}, 0, 0),
        ({"train/cat/a.jpg": "", "val/cat/b.jpg": ""}, 0, 0),
        ({"a.jpg": ""}, 0, 0),
    ],
)
def test_a_look_tells_how_sure_it_is(
    tmp_path: Path, files: dict[str, str], least: float, most: float
) -> None:
    laid(tmp_path, files)

    assert least <= Yolo().sniff(tmp_path).confidence <= most


def test_class_folders_are_told_to_be_such(tmp_path: Path) -> None:
    laid(tmp_path, {"train/cat/a.jpg": "", "val/cat/b.jpg": ""})

    assert "class folders such as train/cat" in Yolo().sniff(tmp_path).reason


def test_single_files_are_looked_at(tmp_path: Path) -> None:
    laid(tmp_path, {"a.txt": BOX, "b.txt": "a.jpg cat\n", "data.yaml": "names: [cat]", "ci.yaml": "on: push"})
    laid(tmp_path, {"c.txt": "", "obj.data": "train = train.txt", "d.data": "x", "e.csv": ""})

    sure = {path.name: Yolo().sniff(path).confidence for path in sorted(tmp_path.iterdir())}

    assert {name for name, confidence in sure.items() if confidence > 0.8} == {
        "a.txt",
        "data.yaml",
        "obj.data",
    }
    assert sure["c.txt"] == 0.1
