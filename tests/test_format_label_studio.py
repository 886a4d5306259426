"""Label Studio's JSON: every kind of result, what tasks say besides, and what is wrong with either."""

from __future__ import annotations

import base64
import json
import math
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from label_studio_tasks import HIGH, WIDE, choices, items, read, region, saved, task
from labelprep.errors import LabelprepError, SourceError, UsageError
from labelprep.formats.base import ReadContext, Rejected
from labelprep.formats.label_studio import LabelStudio
from labelprep.formats.label_studio_brush import stream_of
from labelprep.manifest.store import open_store
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.workflows.detecting import detect
from pictures import draw
from running import Command, scan

if TYPE_CHECKING:
    from labelprep.formats.base import Item

SHARED = Path(__file__).parents[1].parent / "shared"
DATA = SHARED / "data" / "label_studio"
FUZZED = int(os.environ.get("LABELPREP_FUZZ", "200"))
BOX = region("rectanglelabels", x=10, y=20, width=30, height=40, rotation=0)
CORNERS = [20.0, 20.0, 80.0, 60.0]


def record(item: Item) -> Record:
    assert isinstance(item, Record)
    return item


def rejected(item: Item) -> tuple[str, str, str]:
    assert isinstance(item, Rejected)
    return item.reason, item.issue.code, item.issue.where


def only(work: Path, *results: Any) -> Annotation:  # noqa: ANN401 - JSON
    """Return the one annotation that results make, without what is kept of its task."""
    found, _ = items(work, [task(*results)])
    (item,) = record(found[0]).annotations
    kept = {key: value for key, value in item.attributes.items() if key not in BESIDES}
    return Annotation(item.kind, item.label, item.geometry, kept, item.locator, item.confidence)


BESIDES = ("label_studio:task", "label_studio:annotation")


# Shapes.


@pytest.mark.parametrize(
    ("result", "kind", "geometry"),
    [
        (BOX, Kind.BOX, CORNERS),
        (
            region("polygonlabels", points=[[0, 0], [50, 0], [50, 50]]),
            Kind.POLYGON,
            [[0, 0], [100, 0], [100, 50]],
        ),
        (
            region("polygonlabels", points=[[0, 0], [50, 0], [50, 50]], closed=False),
            Kind.POLYLINE,
            [[0, 0], [100, 0], [100, 50]],
        ),
        (
            region("ellipselabels", x=50, y=50, radiusX=10, radiusY=20, rotation=30),
            Kind.CIRCLE,
            [100, 50, 20],
        ),
        (region("keypointlabels", x=25, y=75, width=0.5), Kind.POINTS, [[50, 75]]),
    ],
)
def test_a_shape_is_read_in_pixels(
    work: Path, result: dict[str, Any], kind: Kind, geometry: list[Any]
) -> None:
    found = only(work, result)

    assert found == Annotation(kind, "cat", geometry, {}, "result[0]")


@pytest.mark.parametrize("kind", ["rectangle", "polygon", "ellipse", "keypoint"])
def test_a_shape_without_a_label_is_unnamed_until_labels_share_its_id(work: Path, kind: str) -> None:
    values: dict[str, dict[str, Any]] = {
        "rectangle": {"x": 10, "y": 20, "width": 30, "height": 40},
        "polygon": {"points": [[0, 0], [50, 0], [50, 50]]},
        "ellipse": {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20},
        "keypoint": {"x": 25, "y": 75},
    }
    shape = region(kind, None, **values[kind])
    named = {**shape, "type": "labels", "value": {**values[kind], "labels": ["dog"]}}

    alone, both = only(work, shape), only(work, shape, named)

    assert (alone.label, both.label) == (None, "dog")
    assert (alone.kind, alone.geometry) == (both.kind, both.geometry)
    assert only(work, named).geometry == alone.geometry


def test_a_box_turns_about_its_upper_left_corner_in_pixels(work: Path) -> None:
    turned = region("rectanglelabels", x=50, y=10, width=20, height=20, rotation=90)

    found = only(work, turned)

    assert found.kind is Kind.ROTATED_BOX
    expected = [[100, 10], [100, 50], [80, 50], [80, 10]]
    assert [[round(x, 9), round(y, 9)] for x, y in found.geometry] == expected


def test_an_ellipse_becomes_a_polygon_that_says_what_it_was(work: Path) -> None:
    found = only(work, region("ellipselabels", x=50, y=50, radiusX=20, radiusY=20, rotation=90))

    assert found.kind is Kind.POLYGON
    assert found.attributes == {"label_studio:ellipse": [100, 50, 40, 20, 90]}
    assert [round(number, 9) for number in found.geometry[0]] == [100, 90]
    assert max(math.dist(point, (100, 50)) for point in found.geometry) == pytest.approx(40)


def test_a_brush_becomes_a_mask(work: Path) -> None:
    counts = [HIGH * 3 + 2, 5, WIDE * HIGH - HIGH * 3 - 7]
    brush = region("brushlabels", format="rle", rle=stream_of(counts, (WIDE, HIGH)))

    found = only(work, brush)

    assert (found.kind, found.geometry) == (
        Kind.MASK,
        {"size_wh": [WIDE, HIGH], "offset": [0, 0], "counts": counts},
    )


def test_a_brush_as_the_editor_stores_it_is_read() -> None:
    # 2 × 2 pixels: clear, then three of 9, 8, 7, 255; single bytes and runs, counts of 3 and 4 bits.
    from labelprep.formats.label_studio_brush import counts_of  # noqa: PLC0415 - the one use

    bits = f"{16:032b}" + f"{7:05b}" + "0010" + "0011" + "0111" + "1111"
    bits += "1" + "00" + f"{3:03b}" + f"{0:08b}"
    bits += "0" + "01" + f"{11:04b}" + "".join(f"{byte:08b}" for byte in (9, 8, 7, 255) * 3)
    bits += "0" * (-len(bits) % 8)
    stream = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]

    assert counts_of(stream, (2, 2)) == [1, 3]


def test_several_labels_make_a_shape_each_in_one_group(work: Path) -> None:
    several = region("rectanglelabels", "cat", x=10, y=20, width=30, height=40)
    several["value"]["rectanglelabels"] = ["cat", "dog", "cat"]

    found, _ = items(work, [task(several)])

    said = [(item.label, item.geometry, item.attributes["group_id"]) for item in record(found[0]).annotations]
    assert said == [("cat", CORNERS, 1), ("dog", CORNERS, 1)]


def test_what_shares_the_id_of_a_shape_stays_with_it(work: Path) -> None:
    place = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}
    text = {**BOX, "type": "textarea", "from_name": "words", "value": {**place, "text": ["hello"]}}
    color = {**BOX, "type": "choices", "from_name": "color", "value": {**place, "choices": ["red"]}}

    found = only(work, BOX, text, color)

    assert found.attributes == {
        "label_studio:results": [
            {"type": "textarea", "from_name": "words", "value": {"text": ["hello"]}},
            {"type": "choices", "from_name": "color", "value": {"choices": ["red"]}},
        ]
    }


def test_what_is_said_of_a_shape_besides_is_kept(work: Path) -> None:
    more = {
        "score": 0.25,
        "meta": {"text": ["blurred"]},
        "hidden": False,
        "readonly": True,
        "origin": "manual",
    }

    found = only(work, {**BOX, **more})

    assert found.confidence == 0.25
    assert found.attributes == {"label_studio:meta": {"text": ["blurred"]}, "label_studio:readonly": True}


def test_a_second_control_of_one_type_is_named(work: Path) -> None:
    other = {**region("rectanglelabels", "dog", x=0, y=0, width=1, height=1), "from_name": "heads"}

    found, _ = items(work, [task(BOX, other)])

    first, second = record(found[0]).annotations
    assert first.attributes["label_studio:annotation"] == {"controls": {"rectanglelabels": "label"}}
    assert second.attributes == {"label_studio:from_name": "heads"}


@pytest.mark.parametrize(
    "result",
    [
        region("rectanglelabels", x=10, y=20, width=0, height=40),
        region("rectanglelabels", x="10", y=20, width=1, height=40),
        region("rectanglelabels", x=math.nan, y=20, width=1, height=40),
        region("rectanglelabels", x=1, y=20, width=1, height=40, rotation="no"),
        region("rectanglelabels", x=1, y=20, width=1),
        region("polygonlabels", points=[[0, 0], [1, 1]]),
        region("polygonlabels", points=[[0, 0], [1, 1], [2, 2]]),
        region("polygonlabels", points="many"),
        region("polygonlabels", points=[[0, 0]], closed=False),
        region("ellipselabels", x=1, y=1, radiusX=0, radiusY=1),
        region("brushlabels", format="rle", rle=[0, 0, 0]),
        region("brushlabels", format="rle", rle="AAAA"),
        region("brushlabels", format="rle", rle=[300]),
        region("brushlabels", format="rle", rle=stream_of([WIDE * HIGH], (WIDE, HIGH))),
        region("brushlabels", format="rle", rle=stream_of([1, 3], (2, 2))),
        region("brushlabels", format="png", rle=[]),
        region("keypointlabels", x=1),
        region("bitmasklabels", imageDataURL="data:image/png;base64,AAAA"),
        {**BOX, "value": None},
        {**BOX, "value": {**BOX["value"], "rectanglelabels": [{"a": 1}]}},
        {**BOX, "type": None},
        {"type": "choices", "value": {"choices": [1.5]}},
        "text",
    ],
)
def test_a_bad_result_is_told_and_loses_nothing_else(work: Path, result: Any) -> None:  # noqa: ANN401 - JSON
    found, told = items(work, [task(result, BOX, image="a.jpg")])
    alone, _ = items(work, [task(result)])

    assert [item.geometry for item in record(found[0]).annotations] == [CORNERS]
    assert told == [("LP322", "export.json:[0].annotations[0]:result[0]")]
    assert rejected(alone[0])[:2] == ("bad_shapes", "LP322")


def test_what_is_neither_class_nor_shape_is_kept_beside_them(work: Path) -> None:
    stars = {"type": "rating", "from_name": "stars", "to_name": "image", "value": {"rating": 4}}

    found, told = items(work, [task(choices("indoor"), stars), task(stars)])

    (item,) = record(found[0]).annotations
    assert item.attributes["label_studio:annotation"] == {"result": [stars]}
    assert rejected(found[1]) == ("no_class_or_shape", "LP327", "export.json:[1].annotations[0]")
    assert told == [("LP327", "export.json:[0].annotations[0]:result[1]")]


def test_relations_keep_the_ids_of_the_shapes_they_join(work: Path) -> None:
    one = {**BOX, "id": "one"}
    two = {**region("rectanglelabels", "dog", x=0, y=0, width=1, height=1), "id": "two"}
    three = {**region("rectanglelabels", "dog", x=0, y=0, width=2, height=1), "id": "three"}
    relation = {"type": "relation", "from_id": "one", "to_id": "two", "direction": "right"}

    found, _ = items(work, [task(one, two, three, relation)])

    ids = [item.attributes.get("label_studio:id") for item in record(found[0]).annotations]
    assert ids == ["one", "two", None]


# Tasks.


def test_classes_of_the_whole_image_are_choices(work: Path) -> None:
    found, _ = items(work, [task(choices("cat", "dog"), choices("night", control="time"))])

    said = [(item.kind, item.label, item.locator) for item in record(found[0]).annotations]
    assert said == [
        (Kind.CLASS, "cat", "result[0]"),
        (Kind.CLASS, "dog", "result[0]"),
        (Kind.CLASS, "night", "result[1]"),
    ]
    assert record(found[0]).annotations[2].attributes == {"label_studio:from_name": "time"}


def test_who_said_it_is_kept_with_the_first_shape(work: Path) -> None:
    said = {"id": 22, "completed_by": 1, "lead_time": 8.5, "result_count": 3, "ground_truth": False}
    made = task(choices("x"), {**BOX, "from_name": "box"}, id=87, meta={"lot": 3}, inner_id=1)
    made["annotations"][0] |= said
    made["data"]["farm"] = "north"

    found, _ = items(work, [made])

    _, item = record(found[0]).annotations
    assert item.attributes == {
        "label_studio:task": {"id": 87, "image": "a.jpg", "data": {"farm": "north"}, "meta": {"lot": 3}},
        "label_studio:annotation": {"id": 22, "completed_by": 1, "lead_time": 8.5},
    }


def test_nothing_there_is_told_from_nothing_said(work: Path) -> None:
    skipped = {"result": [], "was_cancelled": True}

    found, told = items(
        work,
        [
            task(),
            {"data": {"image": "b.jpg"}},
            {"data": {"image": "c.jpg"}, "annotations": [], "drafts": [{"result": [BOX]}]},
            {"data": {"image": "d.jpg"}, "annotations": [skipped]},
        ],
    )

    assert (record(found[0]).image, record(found[0]).annotations) == ("a.jpg", ())
    assert [rejected(item)[0] for item in found[1:]] == ["no_label", "no_label", "skipped"]
    assert [item.image for item in found] == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    assert told == [("LP324", "export.json:[2]")]


def test_several_annotations_are_statements_of_their_own(work: Path) -> None:
    both = task(BOX)
    both["annotations"].append({"result": [choices("dog")], "completed_by": 2})

    found, told = items(work, [both])

    assert [record(item).locator for item in found] == ["[0].annotations[0]", "[0].annotations[1]"]
    assert told == [("LP326", "export.json:[0]")]


def test_predictions_are_what_a_model_says(work: Path) -> None:
    made: dict[str, Any] = {
        "data": {"image": "a.jpg"},
        "annotations": [{"result": [choices("cat")]}],
        "predictions": [
            {"model_version": "m1", "score": 0.75, "result": [choices("dog")]},
            {"score": 0.5, "result": [{**BOX, "score": 0.25}, BOX | {"id": "other"}]},
        ],
    }

    found, _ = items(work, [made])

    assert [record(item).is_prediction for item in found] == [False, True, True]
    assert [[one.confidence for one in record(item).annotations] for item in found] == [
        [None],
        [0.75],
        [0.25, None],
    ]
    assert record(found[1]).annotations[0].attributes["label_studio:annotation"] == {
        "model_version": "m1",
        "score": 0.75,
    }


@pytest.mark.parametrize(
    ("data", "image"),
    [
        ({"image": "s3://bucket/b.jpg"}, "s3://bucket/b.jpg"),
        ({"text": "hello there", "photo": "/data/upload/1/1a2b3c4d-a.jpg"}, "/data/upload/1/1a2b3c4d-a.jpg"),
        ({"img": "/data/local-files/?d=x%20y/a"}, "/data/local-files/?d=x%20y/a"),
        ({"shot": "known"}, "known"),
        ({"shot": "/image2"}, "/image2"),
        ({"one": "known", "two": "no image"}, "known"),
        (
            {"image": "/tasks/5/resolve/?fileuri=" + base64.b64encode(b"s3://bucket/\xc3\xa4.jpg").decode()},
            "s3://bucket/ä.jpg",
        ),
    ],
)
def test_the_image_of_a_task_is_found(work: Path, data: dict[str, str], image: str) -> None:
    found, _ = items(work, [{"data": data, "annotations": [{"result": []}]}], {"known": (1, 1)})

    assert record(found[0]).image == image


def test_of_several_images_results_say_which(work: Path) -> None:
    data = {"left": "a.jpg", "right": "b.jpg"}
    made = {"data": data, "annotations": [{"result": [choices("cat") | {"to_name": "right"}]}]}
    source = {"data": data, "predictions": [{"result": [choices("cat") | {"source": "$left"}]}]}

    found, _ = items(work, [made, source])

    assert [item.image for item in found] == ["b.jpg", "a.jpg"]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"text": "some words"},
        {"left": "a.jpg", "right": "b.jpg"},
        {"images": ["a.jpg", "b.jpg"]},
        {"image": "data:image/png;base64,AAAA"},
        {"image": 3},
    ],
)
def test_a_task_that_names_no_one_image_is_rejected(work: Path, data: dict[str, Any]) -> None:
    found, _ = items(work, [{"data": data, "annotations": [{"result": [choices("cat")]}]}])

    assert rejected(found[0]) == ("no_image", "LP323", "export.json:[0]")


def test_the_size_comes_from_the_image_where_no_result_states_it(work: Path) -> None:
    bare = {key: value for key, value in BOX.items() if not key.startswith("original")}

    known, _ = items(work, [task(bare)], {"a.jpg": (WIDE, HIGH)})
    unknown, _ = items(work, [task(bare)])

    assert (record(known[0]).size_wh, record(known[0]).annotations[0].geometry) == ((WIDE, HIGH), CORNERS)
    assert rejected(unknown[0])[0] == "bad_shapes"


def test_per_cent_are_of_the_image_where_it_was_shown_smaller(work: Path) -> None:
    larger, told = items(work, [task(BOX)], {"a.jpg": (4 * WIDE, 4 * HIGH)})
    other, _ = items(work, [task(BOX)], {"a.jpg": (HIGH, WIDE)})

    assert record(larger[0]).annotations[0].geometry == [4 * number for number in CORNERS]
    assert told == [("LP325", "export.json:[0]")]
    assert (record(other[0]).size_wh, record(other[0]).annotations[0].geometry) == ((WIDE, HIGH), CORNERS)


def test_the_split_of_a_task_is_read(work: Path) -> None:
    splits = [task(), task(), task()]
    splits[0]["data"]["split"] = "Validation"
    splits[1]["data"]["split"] = "later"

    found, _ = items(work, splits)

    assert [record(item).split for item in found] == ["val", None, None]


def test_a_split_without_annotations_is_a_silent_record(work: Path) -> None:
    found, _ = items(work, [{"data": {"image": "a.jpg", "split": "train"}, "annotations": []}])

    assert found == [Record("a.jpg", "[0]", (), "train", None, "export.json", is_silent=True)]


# Other forms.


def test_json_min_is_read(work: Path) -> None:
    flat = {"id": 1, "image": "a.jpg", "annotation_id": 2, "annotator": 1, "lead_time": 2.5}
    drawn = {**BOX["value"], "original_width": WIDE, "original_height": HIGH}

    found, _ = items(
        work,
        [
            flat | {"label": [drawn], "choice": "indoor", "note": "x"},
            flat | {"kinds": {"choices": ["a", "b"]}},
            flat,
        ],
    )

    said = [[(one.kind, one.label, one.locator) for one in record(item).annotations] for item in found]
    assert said == [
        [(Kind.BOX, "cat", "label[0]"), (Kind.CLASS, "indoor", "choice")],
        [(Kind.CLASS, "a", "kinds"), (Kind.CLASS, "b", "kinds")],
        [],
    ]
    shape = record(found[0]).annotations[0]
    assert (shape.geometry, shape.attributes["label_studio:task"]["data"]) == (CORNERS, {"note": "x"})


def test_which_text_of_json_min_is_the_label_can_be_said(work: Path) -> None:
    flat = {"image": "a.jpg", "annotation_id": 2, "annotator": 1, "weather": "rain", "note": "x"}

    unsaid, _ = items(work, [flat])
    said, _ = items(work, [flat], label_columns=("weather",))

    assert record(unsaid[0]).annotations == ()
    assert [item.label for item in record(said[0]).annotations] == ["rain"]


def test_a_file_of_one_task_and_one_of_a_storage_are_read(work: Path) -> None:
    one = task(BOX)
    stored = {"id": 5, "result": [BOX], "completed_by": 1, "task": {"id": 1, "data": {"image": "b.jpg"}}}

    first, _ = items(work, one)
    second, _ = items(work, stored)

    assert (record(first[0]).image, record(first[0]).locator) == ("a.jpg", "annotations[0]")
    assert (record(second[0]).image, len(record(second[0]).annotations)) == ("b.jpg", 1)


def test_a_folder_of_files_is_read_in_the_order_of_names(work: Path) -> None:
    folder = work / "tasks"
    folder.mkdir()
    saved(folder, task(BOX, image="b.jpg"), "2.json")
    saved(folder, task(BOX, image="a.jpg"), "1.json")

    found = [record(item) for item in read(folder).items]

    assert [(item.image, item.locator) for item in found] == [
        ("a.jpg", "1.json:annotations[0]"),
        ("b.jpg", "2.json:annotations[0]"),
    ]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([3], "no_task"),
        ([{"id": 1}], "no_task"),
        ([{"data": {"image": "a.jpg"}, "annotations": [22]}], "no_task"),
        ([{"data": {"image": "a.jpg"}, "annotations": "none"}], "no_task"),
        ({"images": [], "annotations": []}, "no_task"),
        ([{"data": {"image": "\ud800.jpg"}}], "bad_json"),
        ({"data": {"image": "\ud800.jpg"}}, "bad_json"),
    ],
)
def test_what_is_no_task_is_rejected(work: Path, document: Any, reason: str) -> None:  # noqa: ANN401 - JSON
    found, _ = items(work, document)

    assert rejected(found[0])[0] == reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty_file"),
        (b"[{", "bad_json"),
        (b"[" * 100_000, "bad_json"),
        (b'[{"data": {"image": "a.jpg"}}] []', "bad_json"),
        (b'[{"data": "\xff\xfe\xff"}]', "encoding"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(work: Path, data: bytes, reason: str) -> None:
    file = work / "export.json"
    file.write_bytes(data)

    *_, last = read(file).items

    assert rejected(last)[:2] == (reason, "LP320")


def test_text_that_could_be_of_two_encodings_is_utf_8(work: Path) -> None:
    file = work / "export.json"
    document = json.dumps([task(choices("猫".encode("gb18030").decode("utf-8")))], ensure_ascii=False)
    file.write_text(document, encoding="utf-8")

    plain, wished = read(file), read(file, encoding="gb18030")

    assert [record(item).annotations[0].label for item in plain.items] == ["è"]
    assert [record(item).annotations[0].label for item in wished.items] == ["猫"]
    assert [issue.code for issue in plain.issues] == ["LP328"]


def test_sources_that_are_none_are_refused(work: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        read(work / "nothing.json")
    with pytest.raises(SourceError, match=r"no \.json file"):
        read(work)
    with pytest.raises(UsageError, match="no known encoding"):
        read(saved(work, []), encoding="klingon")


def test_it_is_told_from_other_json(work: Path) -> None:
    coco: dict[str, Any] = {"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [], "categories": []}
    labelme: dict[str, Any] = {"shapes": [], "imagePath": "a.jpg", "imageData": None, "flags": {}}
    documents = {
        "a": [task(BOX)],
        "b": [{"data": {"image": "/data/upload/1/a.jpg"}}],
        "c": [{"image": "a.jpg", "annotation_id": 1, "annotator": 1}],
        "d": coco,
        "e": labelme,
    }

    found = [detect(saved(work, document, f"{name}.json"))[0].format for name, document in documents.items()]

    assert found == ["label-studio", "label-studio", "label-studio", "coco", "labelme"]


# Imported.


def test_names_of_uploads_are_matched_and_predictions_apart(work: Path, command: Command) -> None:
    for name in ("cat 1.png", "dog.png", "fox.png"):
        draw(work / "in" / name, size_wh=(WIDE, HIGH))
    scan(work / "in", work / "manifest.db", labels="none")
    model = {"predictions": [{"model_version": "m", "result": [choices("fox")]}]}
    saved(
        work,
        [
            task(BOX, image="/data/upload/1/1a2b3c4d-cat_1.png"),
            task(choices("dog"), image="/data/local-files/?d=in/dog.png", **model),
            {"data": {"image": "s3://bucket/some/fox.png"}, **model},
        ],
    )

    ran = command("import", "export.json", "--json")

    assert (ran.code, ran.json["format"], ran.json["matched"], ran.json["unmatched"]) == (
        0,
        "label-studio",
        2,
        0,
    )
    with open_store(work / "manifest.db") as store:
        rows = store.connection.execute("SELECT path, label FROM image ORDER BY path").fetchall()
        kinds = store.connection.execute(
            "SELECT kind, rank, matched FROM source WHERE kind LIKE 'label%' ORDER BY kind"
        ).fetchall()
    assert [tuple(row) for row in rows] == [("cat 1.png", "cat"), ("dog.png", "dog"), ("fox.png", None)]
    assert [(kind, matched) for kind, _, matched in kinds] == [
        ("label-studio", 2),
        ("label-studio-predictions", 2),
    ]
    assert kinds[0][1] > kinds[1][1]


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared data, which is not here")
@pytest.mark.parametrize(
    "file",
    [
        "test_export_csv/csv_test.json",
        *(f"test_export_yolo/data{end}.json" for end in ("", "_obb", "_polygons")),
    ],
)
def test_real_exports_are_taken_whole(file: str) -> None:
    source = DATA / "data" / file
    wanted = [
        (result["type"].removesuffix("labels"), result["value"][result["type"]][0])
        for entry in json.loads(source.read_text(encoding="utf-8"))
        for statement in (*entry["annotations"], *entry["predictions"])
        for result in statement["result"]
        if result["type"] != "choices"
    ]

    reading = LabelStudio().read(source, ReadContext(source.parent, lambda _: False))
    found = [one for item in reading.items for one in record(item).annotations if one.kind is not Kind.CLASS]

    names = {Kind.BOX: "rectangle", Kind.ROTATED_BOX: "rectangle", Kind.POLYGON: "polygon"}
    assert [(names[one.kind], one.label) for one in found] == wanted
    assert {issue.code for issue in reading.issues} <= {"LP326", "LP329"}


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared data, which is not here")
def test_real_files_that_are_not_taken_say_so() -> None:
    context = ReadContext(DATA, lambda _: False)
    found = {}
    for file in sorted((DATA / "data").rglob("*.json")):
        for item in LabelStudio().read(file, context).items:
            if isinstance(item, Rejected):
                found[file.name] = rejected(item)[:2]

    assert found == {
        "csv_test2.json": ("no_image", "LP323"),
        "csv_test_history.json": ("no_image", "LP323"),
        "data_repeater.json": ("no_image", "LP323"),
        "label_config_repeater.json": ("no_task", "LP321"),
    }


@pytest.mark.drawn
def test_broken_files_end_in_declared_errors(work: Path) -> None:
    brush = region("brushlabels", format="rle", rle=stream_of([1, 3, WIDE * HIGH - 4], (WIDE, HIGH)))
    ellipse = region("ellipselabels", x=50, y=50, radiusX=20, radiusY=20, rotation=90)
    drawn = region("polygonlabels", points=[[0, 0], [50, 0], [50, 50]])
    whole = task(BOX, brush, ellipse, drawn, choices("a"), id=1, meta={"labelprep": {"controls": {}}})
    document = json.dumps(
        [whole, {"image": "b.jpg", "annotation_id": 1, "annotator": 2, "label": [BOX["value"]]}]
    )
    dice = random.Random(5)  # noqa: S311 - no secret
    pieces = ["null", "[]", "{}", "1e999", '"x"', "-1", "true", ",", "\\ud800", "9" * 30, '{"a": [1]}']
    file = work / "export.json"

    for _ in range(FUZZED):
        text = document
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(text))
            end = at + dice.choice((0, 1, 3, 20))
            text = text[:at] + dice.choice(pieces) + text[end:]
        file.write_text(text, encoding="utf-8")
        try:
            for item in read(file).items:
                assert isinstance(item, Record | Rejected)
        except LabelprepError:
            pass
