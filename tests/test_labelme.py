"""Reading LabelMe's JSON: what each part of a file becomes, and what is told of the rest."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from labelme_documents import TRIANGLE, document, read, record, rejected, shape, told, written
from labelprep.errors import SourceError, UsageError
from labelprep.formats.labelme import LabelMe, text_of
from labelprep.model.annotation import Annotation, Kind, Record

if TYPE_CHECKING:
    from pathlib import Path


SLANTED = [[0, 0], [4, 1], [3, 5], [-1, 4]]
MASK = {"shape_type": "mask", "points": [[0, 0], [2, 1]]}


def png(mode: str, size_wh: tuple[int, int], pixels: list[Any]) -> str:
    image = Image.new(mode, size_wh)
    image.putdata(pixels)
    file = BytesIO()
    image.save(file, "PNG")
    return b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    ("shape_type", "points", "expected"),
    [
        ("polygon", TRIANGLE, (Kind.POLYGON, TRIANGLE, {})),
        ("rectangle", [[60, 50], [10, 10]], (Kind.BOX, [10, 10, 60, 50], {})),
        ("rectangle", [[10, 50], [60, 10]], (Kind.BOX, [10, 10, 60, 50], {})),
        ("rectangle", [[10, 10], [60, 10], [60, 50], [10, 50]], (Kind.BOX, [10, 10, 60, 50], {})),
        ("rectangle", SLANTED, (Kind.ROTATED_BOX, SLANTED, {})),
        ("oriented_rectangle", SLANTED, (Kind.ROTATED_BOX, SLANTED, {})),
        ("rotation", SLANTED, (Kind.ROTATED_BOX, SLANTED, {"shape_type": "rotation"})),
        ("quadrilateral", SLANTED, (Kind.POLYGON, SLANTED, {"shape_type": "quadrilateral"})),
        ("circle", [[50, 50], [53, 54]], (Kind.CIRCLE, [50, 50, 5], {})),
        ("line", [[1, 1], [9, 9]], (Kind.POLYLINE, [[1, 1], [9, 9]], {})),
        ("linestrip", [[1, 1], [9, 9]], (Kind.POLYLINE, [[1, 1], [9, 9]], {"shape_type": "linestrip"})),
        ("linestrip", TRIANGLE, (Kind.POLYLINE, TRIANGLE, {})),
        ("point", [[5, 6]], (Kind.POINTS, [[5, 6]], {})),
        ("points", [[5, 6]], (Kind.POINTS, [[5, 6]], {"shape_type": "points"})),
        ("points", [[5, 6], [7, 8]], (Kind.POINTS, [[5, 6], [7, 8]], {})),
        ("banana", [[5, 6], [7, 8]], (Kind.POINTS, [[5, 6], [7, 8]], {"shape_type": "banana"})),
        (None, TRIANGLE, (Kind.POLYGON, TRIANGLE, {})),
    ],
)  # fmt: skip
def test_each_shape_type_becomes_an_annotation(
    tmp_path: Path, shape_type: str | None, points: object, expected: tuple[Kind, Any, dict[str, Any]]
) -> None:
    file = written(tmp_path, shape(shape_type=shape_type, points=points))

    found = record(file)

    kind, geometry, attributes = expected
    assert found.annotations == (Annotation(kind, "cat", geometry, attributes, "shapes[0]"),)
    assert (found.image, found.locator, found.beside, found.size_wh) == ("a.jpg", "", "a.json", (160, 120))


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_a_mask_is_read_from_its_picture(tmp_path: Path, mode: str) -> None:
    mask = png(mode, (3, 2), [1, 0, 0,
                              1, 1, 0])  # fmt: skip
    file = written(tmp_path, shape(shape_type="mask", points=[[7.4, 5.9], [9.4, 6.9]], mask=mask))

    (found,) = record(file).annotations

    assert found.kind is Kind.MASK
    assert found.geometry == {"size_wh": [3, 2], "offset": [7, 5], "counts": [0, 2, 1, 1, 2]}
    assert found.attributes == {}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"label": ""}, "its label is empty"),
        ({"label": " \u3000"}, "its label is empty"),
        ({"label": None}, "it has no label"),
        ({"label": ["a"]}, "its label is ['a'], not a text"),
        ({"label": True}, "its label is True, not a text"),
        ({"points": []}, "it has no points"),
        ({"points": None}, "it has no points"),
        ({"points": "abc"}, "its points are 'abc', not a list"),
        ({"points": [[1, 2], ["3", "4"]]}, "['3', '4'] is not a point of two finite numbers"),
        ({"points": [[1, 2], [3, 4, 5]]}, "[3, 4, 5] is not a point of two finite numbers"),
        ({"points": [[1, 2], [float("nan"), 4]]}, "[nan, 4] is not a point of two finite numbers"),
        ({"points": [[1, 1], [2, 2]]}, "a polygon of 2 points encloses nothing"),
        ({"points": [[5, 5]] * 3}, "a polygon whose points lie on one line encloses nothing"),
        ({"shape_type": 3}, "its shape_type is 3"),
        ({"shape_type": "rectangle"}, "a rectangle has 2 or 4 corners, not 3"),
        (
            {"shape_type": "rectangle", "points": [[1, 1], [1, 9]]},
            "a rectangle of 0 × 8 pixels encloses nothing",
        ),
        ({"shape_type": "oriented_rectangle"}, "an oriented rectangle has 4 corners, not 3"),
        ({"shape_type": "circle"}, "a circle has 2 points, its centre and one on it, not 3"),
        ({"shape_type": "circle", "points": [[1, 1]] * 2}, "a circle without a radius encloses nothing"),
        ({"shape_type": "line", "points": [[1, 1]]}, "a line has 2 points or more, not 1"),
        ({"shape_type": "mask"}, "a mask has 2 corners, not 3"),
        (MASK, "it is a mask without pixels"),
        (MASK | {"mask": 5}, "its mask is 5, not a text"),
        (MASK | {"mask": "a"}, "its mask 'a' is not base64"),
        (MASK | {"mask": "猫"}, "its mask '猫' is not base64"),
        (MASK | {"mask": "aGk="}, "its mask 'aGk=' is not a PNG in base64"),
        (
            {"shape_type": "mask", "points": [[0, 0], [9, 9]], "mask": png("L", (3, 2), [1] * 6)},
            "its mask is 3 × 2 pixels, its corners state 10 × 10",
        ),
        (MASK | {"mask": png("L", (3, 2), [0] * 6)}, "its mask is empty"),
        (
            MASK | {"mask": png("RGB", (3, 2), [(1, 0, 0)] * 6)},
            "its mask is a picture in colour, not one of one value a pixel",
        ),
        ({"flags": {"deep": float("inf")}}, "the value of 'flags' is not finite, or nested too deep"),
        ({"labelprep": 1}, "the value of 'labelprep' is 1, not what this program writes"),
    ],
)  # fmt: skip
def test_a_bad_shape_is_told_with_its_index_and_the_others_are_taken(
    tmp_path: Path, changes: dict[str, Any], problem: str
) -> None:
    file = written(tmp_path, shape(), shape(**changes), shape(label="dog"))

    (found,), reading = read(file)

    assert isinstance(found, Record)
    assert [(item.label, item.locator) for item in found.annotations] == [
        ("cat", "shapes[0]"),
        ("dog", "shapes[2]"),
    ]
    assert told(reading) == [("LP272", "a.json:shapes[1]", problem)]


def test_a_file_of_bad_shapes_alone_is_rejected(tmp_path: Path) -> None:
    file = written(tmp_path, 5, shape(label=""))

    (found,), reading = read(file)

    assert not isinstance(found, Record)
    assert (found.reason, found.issue.where, found.issue.problem) == (
        "bad_shapes", "a.json:shapes[0]", "5 is no shape",
    )  # fmt: skip
    assert told(reading) == [("LP272", "a.json:shapes[1]", "its label is empty")]


def test_a_mask_of_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (30_000).to_bytes(4, "big") * 2 + b"\x01\x00\x00\x00\x00"
    mask = {"points": [[0, 0], [29_999, 29_999]], "mask": b64encode(head).decode()}
    file = written(tmp_path, shape(shape_type="mask", **mask))

    found = rejected(file)

    assert found.issue.problem == "its mask is 30000 × 30000 pixels: not read past 64 million"


def test_a_damaged_mask_is_told(tmp_path: Path) -> None:
    mask = png("L", (30, 20), list(range(200)) * 3)
    cut = b64encode(b64decode(mask)[:60]).decode()
    file = written(tmp_path, shape(shape_type="mask", points=[[0, 0], [29, 19]], mask=cut))

    found = rejected(file)

    assert found.issue.problem.startswith("its mask cannot be decoded: ")


def test_true_flags_are_classes_and_false_ones_are_kept(tmp_path: Path) -> None:
    file = written(tmp_path, flags={"cat": True, "fox": False, "dog": True})

    found = record(file)

    assert found.annotations == (
        Annotation(Kind.CLASS, "cat", None, {"labelme:file": {"flags": {"fox": False}}}, "flags"),
        Annotation(Kind.CLASS, "dog", locator="flags"),
    )


def test_flags_that_are_all_false_say_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, flags={"cat": False})

    (found,), reading = read(file)

    assert isinstance(found, Record)
    assert found.annotations == ()
    assert told(reading) == []


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ({"cat": 1}, "the flag 'cat' is 1, neither true nor false; no class is read from it"),
        ({"": True}, "the flag '' is True, neither true nor false; no class is read from it"),
        (["cat"], "flags are ['cat'], no names with true or false; no class is read from it"),
    ],
)
def test_a_flag_that_is_no_flag_is_told(tmp_path: Path, flags: object, problem: str) -> None:
    file = written(tmp_path, shape(), flags=flags)

    _, reading = read(file)

    assert told(reading) == [("LP279", "a.json", problem)]


def test_what_labelme_knows_of_a_shape_and_what_it_does_not_are_kept(tmp_path: Path) -> None:
    more = {"group_id": 0, "description": "left", "flags": {"occluded": False}, "foo": {"x": [1, None]}}
    file = written(tmp_path, shape(**more, score=0.5), shape(score=None), lineColor=[0, 255], bar="b")

    (found,), reading = read(file)

    assert isinstance(found, Record)
    first, second = found.annotations
    assert first.attributes == {**more, "labelme:file": {"lineColor": [0, 255], "bar": "b"}}
    assert (first.confidence, second.confidence) == (0.5, None)
    assert second.attributes == {}
    assert reading.facts["kept_keys"] == {"foo": 1, "lineColor": 1, "bar": 1}


X_ANYLABELING: dict[str, Any] = {
    "score": None,
    "points": SLANTED,
    "description": None,
    "difficult": False,
    "shape_type": "rotation",
    "flags": None,
    "attributes": {},
    "kie_linking": [],
    "direction": 0.7853981633974483,
}


def test_the_dialect_of_x_anylabeling_is_read_and_kept(tmp_path: Path) -> None:
    said: dict[str, Any] = {
        "difficult": True,
        "attributes": {"colour": "red"},
        "kie_linking": [[1, 2]],
        "description": "left",
    }
    more: dict[str, Any] = {"checked": True, "chatHistory": [{"role": "user"}]}
    file = written(
        tmp_path,
        shape(**X_ANYLABELING),
        shape(**X_ANYLABELING | said | {"score": 0.5, "group_id": 3}),
        **more,
    )

    found = record(file)

    turned = {"shape_type": "rotation", "direction": 0.7853981633974483}
    assert found.annotations == (
        Annotation(Kind.ROTATED_BOX, "cat", SLANTED, turned | {"labelme:file": more}, "shapes[0]"),
        Annotation(
            Kind.ROTATED_BOX, "cat", SLANTED, turned | said | {"group_id": 3}, "shapes[1]", confidence=0.5
        ),
    )
    again = tmp_path / "b.json"
    again.write_text(text_of(found.image, found.size_wh, found.annotations), encoding="utf-8")
    assert record(again).annotations == found.annotations


def test_what_x_anylabeling_fills_in_where_nothing_was_said_is_no_finding(tmp_path: Path) -> None:
    file = written(tmp_path, checked=False, chatHistory=[], description="")

    found, reading = read(file)

    assert [type(item) for item in found] == [Record]
    assert told(reading) == []


@pytest.mark.parametrize(
    "said", [{"score": None}, {"difficult": False}, {"attributes": {}}, {"kie_linking": []}]
)
def test_attributes_that_say_nothing_in_a_file_are_kept_where_another_format_gave_them(
    tmp_path: Path, said: dict[str, Any]
) -> None:
    annotation = Annotation(Kind.POLYGON, "cat", TRIANGLE, said, "shapes[0]")
    file = tmp_path / "a.json"

    file.write_text(text_of("a.jpg", None, [annotation]), encoding="utf-8")

    assert record(file).annotations == (annotation,)


def test_keys_of_a_file_without_annotations_are_told(tmp_path: Path) -> None:
    file = written(tmp_path, bar=1)

    _, reading = read(file)

    problem = "['bar'] not kept: there is no shape and no true flag to keep it with"
    assert told(reading) == [("LP280", "a.json", problem)]


def test_a_label_that_is_a_number_is_read_as_text(tmp_path: Path) -> None:
    file = written(tmp_path, shape(label=1), shape(label=7), shape(label=0.5))

    (found,), reading = read(file)

    assert isinstance(found, Record)
    assert [item.label for item in found.annotations] == ["1", "7", "0.5"]
    assert told(reading) == [
        ("LP277", "a.json:shapes[0]", "its label is a number, read as text (here and in 2 more places)")
    ]


def test_a_polygon_that_crosses_itself_is_taken_and_told(tmp_path: Path) -> None:
    file = written(tmp_path, shape(points=[[1, 1], [50, 50], [50, 1], [1, 50]]))

    (found,), reading = read(file)

    assert isinstance(found, Record)
    assert len(found.annotations) == 1
    assert told(reading) == [
        ("LP278", "a.json:shapes[0]", "a polygon of class 'cat' crosses itself; it is taken as it is")
    ]


@pytest.mark.parametrize("value", [..., None, "", " ", 5])
def test_without_an_image_path_the_name_of_the_file_stands_for_it(tmp_path: Path, value: object) -> None:
    file = written(tmp_path, shape(), name="b.c.json", imagePath=value)

    (found,), reading = read(file)

    assert isinstance(found, Record)
    assert found.image == "b.c"
    assert [code for code, *_ in told(reading)] == ["LP274"]


@pytest.mark.parametrize("path", ["..\\img\\a.jpg", "D:\\data\\a.jpg", "/home/me/a.jpg", "./图片/a.jpg"])
def test_an_image_path_stays_as_it_is_written(tmp_path: Path, path: str) -> None:
    assert record(written(tmp_path, shape(), imagePath=path)).image == path


def test_labels_beside_the_root_name_their_images_from_there(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    file = written(tmp_path / "labels", shape(), imagePath="..\\photos\\cat\\a.jpg")

    found = record(file, root=tmp_path / "photos", is_image={"cat/a.jpg"}.__contains__)

    assert (found.image, found.beside) == ("cat/a.jpg", None)


@pytest.mark.parametrize(
    "size", [{"imageWidth": None}, {"imageWidth": 0}, {"imageHeight": "120"}, {"imageHeight": True}]
)
def test_a_size_that_is_none_is_left_out(tmp_path: Path, size: dict[str, Any]) -> None:
    assert record(written(tmp_path, shape(), **size)).size_wh is None


def test_a_folder_is_read_in_order_of_names_and_hidden_files_are_not(tmp_path: Path) -> None:
    for name in ("b.json", "a/z.JSON", "a/b/c.json", ".hidden/x.json", "._b.json", "b.txt"):
        written(tmp_path, shape(), name=name)

    items, reading = read(tmp_path)

    records = [item for item in items if isinstance(item, Record)]
    assert [item.locator for item in records] == ["b.json", "a/z.JSON", "a/b/c.json"]
    assert [item.beside for item in records] == ["b.json", "a/z.JSON", "a/b/c.json"]
    assert reading.facts["files"] == 3


def test_a_folder_inside_the_root_gives_places_below_the_root(tmp_path: Path) -> None:
    written(tmp_path, shape(), name="photos/labels/a.json")

    found = record(tmp_path / "photos" / "labels", root=tmp_path / "photos")

    assert (found.locator, found.beside) == ("a.json", "labels/a.json")


def test_versions_shape_types_and_encodings_are_counted(tmp_path: Path) -> None:
    written(tmp_path, shape(), shape(shape_type="point"), name="a.json", version="4.0.0")
    written(tmp_path, shape(shape_type=None), name="b.json", version=...)
    written(tmp_path, shape(), name="c.json", version="7.1")

    _, reading = read(tmp_path)

    assert reading.facts == {
        "encoding": "utf-8",
        "files": 3,
        "encodings": {"utf-8": 3},
        "versions": {"4.0.0": 1, "none": 1, "7.1": 1},
        "shape_types": {"polygon": 2, "point": 1, "none": 1},
        "kept_keys": {},
    }
    assert told(reading) == [
        ("LP277", "b.json:shapes[0]", "it has no shape_type, as in files of version 2: read as a polygon"),
        ("LP277", "c.json", "written by LabelMe '7.1', newer than known"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_told_apart_by_itself(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(json.dumps(document(shape(label="猫狗")), ensure_ascii=False).encode(encoding))

    (found,), reading = read(file)

    assert isinstance(found, Record)
    assert found.annotations[0].label == "猫狗"
    assert told(reading) == []


def test_bytes_that_only_gb18030_explains_are_read_so_and_told(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(json.dumps(document(shape(label="狗")), ensure_ascii=False).encode("gb18030"))

    (found,), reading = read(file)

    assert isinstance(found, Record)
    assert found.annotations[0].label == "狗"
    assert told(reading) == [("LP273", "a.json", "read as GB18030, not UTF-8")]


def test_bytes_that_two_encodings_explain_are_a_question(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(json.dumps(document(shape(label="猫")), ensure_ascii=False).encode("gb18030"))

    asked = rejected(file)
    answers = [record(file, encoding=name).annotations[0].label for name in ("utf-8", "gbk")]
    by_class = record(file, classes=("猫", "狗")).annotations[0].label

    assert (asked.reason, asked.issue.problem) == ("encoding", "in UTF-8 it says 'è', in GB18030 '猫'")
    assert "--encoding utf-8" in asked.issue.fix
    assert answers == ["è", "猫"]
    assert by_class == "猫"


def test_the_images_decide_between_two_encodings(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(json.dumps(document(shape(), imagePath="猫.jpg"), ensure_ascii=False).encode("gbk"))

    chinese = record(file, is_image={"猫.jpg"}.__contains__)
    french = record(file, is_image={"è.jpg"}.__contains__)

    assert (chinese.image, french.image) == ("猫.jpg", "è.jpg")


@pytest.mark.parametrize("label", ["chèvre", "собака", "àéèùç", "猫"])
def test_plain_utf_8_is_no_question(tmp_path: Path, label: str) -> None:
    assert record(written(tmp_path, shape(label=label))).annotations[0].label == label


def test_an_encoding_that_nobody_knows_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'gbk2' is no known encoding"):
        read(written(tmp_path, shape()), encoding="gbk2")


def test_an_encoding_that_does_not_fit_is_told_by_byte(tmp_path: Path) -> None:
    file = written(tmp_path, shape(label="猫"))

    found = rejected(file, encoding="ascii")

    assert found.reason == "encoding"
    assert found.issue.problem.startswith("byte 75 (line 6), b'\\xe7\\x8c\\xab\"', is no ascii")


@pytest.mark.parametrize(
    ("text", "reason", "problem"),
    [
        ("", "empty_file", "the file is empty"),
        ("\x00" * 9, "empty_file", "the file is empty"),
        (
            "{'shapes': []}",
            "bad_json",
            "single quotes: this is how Python prints values, not JSON (line 1, column 2)",
        ),
        ('{"shapes": []}\n{}', "bad_json", "a second document begins at line 2, column 1"),
        ('{"shapes": [', "bad_json", "the file ends too early, at line 1, column 13"),
        ('{"shapes": [}', "bad_json", "no JSON at line 1, column 13: Expecting value, '}'"),
        ('{"shapes": [' + "9" * 5000 + "]}", "bad_json", "a number of 5000 digits at line 1, column 13"),
        ('{"shapes": ' + "[" * 100_000, "bad_json", "brackets are nested too deep"),
        ('["\\ud83d"]', "bad_json", "half a character (\\ud83d) stands alone in a text"),
        ('{"shapes": [], "b": 1, "b": 2}', "duplicate_key", "the key 'b' is there twice, with two values"),
        (
            '{"shapes": [{"label": "a", "label": "b"}]}',
            "bad_shapes",
            "the key 'label' is there twice, with two values",
        ),
        ('{"shapes": null}', "bad_shapes", "shapes is None, not a list"),
        ("[]", "not_labelme", "not LabelMe: a list"),
        ("5", "not_labelme", "not LabelMe: 5"),
        ('{"name": "package"}', "not_labelme", "not LabelMe: it has no shapes"),
        ('{"images": [], "annotations": [], "categories": []}', "not_labelme_coco", "not LabelMe: COCO"),
        ('{"_via_settings": {}}', "not_labelme_via", "not LabelMe: VIA"),
        (
            '[{"id": 1, "annotations": [], "predictions": []}]',
            "not_labelme_label_studio",
            "not LabelMe: Label Studio",
        ),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_rejected_in_a_sentence(
    tmp_path: Path, text: str, reason: str, problem: str
) -> None:
    file = tmp_path / "a.json"
    file.write_text(text, encoding="utf-8")

    found = rejected(file)

    assert (found.reason, found.issue.problem) == (reason, problem)
    assert found.issue.where.startswith("a.json")
    assert found.issue.fix


def test_the_same_key_twice_with_one_value_is_no_question(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(document(shape()))[:-1] + ', "imagePath": "a.jpg"}', encoding="utf-8")

    assert record(file).image == "a.jpg"


def test_pairs_of_surrogates_are_characters(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(document(shape(label="🐱"))), encoding="utf-8")

    assert record(file).annotations[0].label == "🐱"


def test_a_large_file_of_another_kind_is_not_parsed(tmp_path: Path) -> None:
    file = tmp_path / "instances.json"
    with file.open("wb") as opened:
        opened.write(b'{"info": {}, "images": [{"id": 1}], "annotations": [')
        opened.truncate(33 << 20)

    assert rejected(file).reason == "not_labelme_coco"


def test_a_file_larger_than_any_label_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    with file.open("wb") as opened:
        opened.write(b'{"shapes": [')
        opened.truncate(513 << 20)

    assert rejected(file).reason == "too_large"


def test_text_that_is_too_long_without_its_picture_is_not_parsed(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    with file.open("wb") as opened:
        opened.write(b'{"shapes": [')
        opened.truncate(33 << 20)

    assert rejected(file).reason == "too_large"


def test_a_file_of_a_million_points_is_not_parsed(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"shapes": [' + "[1,1]," * 1_000_000 + "5]}", encoding="utf-8")

    assert rejected(file).issue.problem == "1,000,002 points and shapes are too many"


def embedded(mode: str, size_wh: tuple[int, int], file_format: str) -> bytes:
    file = BytesIO()
    Image.new(mode, size_wh, 77).save(file, file_format)
    return file.getvalue()


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_an_embedded_picture_is_skipped_where_the_image_is_there(tmp_path: Path, file_format: str) -> None:
    picture = b64encode(embedded("L", (160, 120), file_format)).decode()
    file = written(tmp_path, shape(), imageData=picture)

    (found,), reading = read(file)

    assert isinstance(found, Record)
    assert (found.sha256, found.annotations) == (
        None,
        (Annotation(Kind.POLYGON, "cat", TRIANGLE, {}, "shapes[0]"),),
    )
    assert told(reading) == []


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_an_embedded_picture_of_another_size_is_told(tmp_path: Path, file_format: str) -> None:
    file = written(tmp_path, shape(), imageData=b64encode(embedded("L", (16, 12), file_format)).decode())

    _, reading = read(file)

    problem = "the picture in imageData is 16 × 12 pixels, the file states 160 × 120"
    assert told(reading) == [("LP275", "a.json", problem)]


def test_a_picture_that_is_no_base64_is_told_and_the_file_is_used(tmp_path: Path) -> None:
    (found,), reading = read(written(tmp_path, shape(), imageData="%%%not base64"))

    assert isinstance(found, Record)
    assert told(reading) == [("LP275", "a.json", "imageData '%%%not base64' is not base64")]


@pytest.mark.parametrize("escape", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_picture_that_lies_nowhere_else_is_known_by_content(
    tmp_path: Path, encoding: str, *, escape: bool
) -> None:
    picture = embedded("L", (160, 120), "PNG") + bytes(range(256)) * 6000
    text = json.dumps(document(shape(), imageData=b64encode(picture).decode()), indent=2)
    file = tmp_path / "a.json"
    file.write_bytes((text.replace("/", "\\/") if escape else text).encode(encoding))

    (found,), reading = read(file, is_image=lambda _: False)

    assert isinstance(found, Record)
    assert found.sha256 == hashlib.sha256(picture).digest()
    assert [code for code, *_ in told(reading)] == ["LP276"]


def test_only_a_picture_at_the_top_is_taken_for_one(tmp_path: Path) -> None:
    file = written(tmp_path, shape(imageData="aGk="), imageData=...)

    found = record(file, is_image=lambda _: False)

    assert found.sha256 is None
    assert found.annotations[0].attributes == {"imageData": "aGk="}


def test_a_text_that_looks_like_the_key_is_left_alone(tmp_path: Path) -> None:
    text = 'say "imageData": "x" or \\"imageData\\": "y"'
    file = written(tmp_path, shape(description=text), imageData="aGk=")

    assert record(file).annotations[0].attributes == {"description": text}


def test_sources_that_are_not_there_or_hold_nothing_are_errors(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no such file"):
        read(tmp_path / "gone.json")
    with pytest.raises(SourceError, match=r"no \.json file is in this folder"):
        read(tmp_path)


def test_sniffing_tells_labelme_from_other_files(tmp_path: Path) -> None:
    own = written(tmp_path / "own", shape())
    wide = tmp_path / "wide.json"
    wide.write_bytes(json.dumps(document(shape())).encode("utf-16"))
    other = tmp_path / "own" / "coco.json"
    other.write_text('{"images": []}', encoding="utf-8")
    sheet = tmp_path / "labels.csv"
    sheet.write_text("file,label\n", encoding="utf-8")
    labelme = LabelMe()

    found = [
        labelme.sniff(source).confidence for source in (own, wide, own.parent, other, sheet, tmp_path / "no")
    ]

    assert found == [0.95, 0.95, 0.725, 0.1, 0.0, 0.0]
