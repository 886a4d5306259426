"""What is read of COCO files, quirk by quirk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from coco_documents import (
    BOX,
    TRIANGLE,
    annotation,
    document,
    read,
    rejected,
    shapes,
    told,
    write_json,
    written,
)
from labelprep.errors import SourceError, UsageError
from labelprep.formats.base import Rejected
from labelprep.formats.coco import Coco
from labelprep.model.annotation import Annotation, Kind, Record

if TYPE_CHECKING:
    from pathlib import Path

CORNERS = [10.0, 20.0, 40.0, 60.0]
POINTS = [[10.0, 10.0], [60.0, 10.0], [60.0, 50.0]]


def test_images_become_records_in_their_order_with_all_that_names_them(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        annotation(image_id=2, category_id=18),
        annotation(id=2, segmentation=[]),
        annotation(id=3, image_id=2, segmentation=[TRIANGLE], bbox=[10, 10, 50, 40]),
    )

    items, reading = read(source)

    assert items == [
        Record(
            "a.jpg",
            "images[0]",
            (Annotation(Kind.BOX, "cat", CORNERS, {}, "annotations[1]"),),
            beside="instances.json",
            size_wh=(160, 120),
        ),
        Record(
            "b.jpg",
            "images[1]",
            (
                Annotation(Kind.BOX, "dog", CORNERS, {}, "annotations[0]"),
                Annotation(Kind.POLYGON, "cat", POINTS, {}, "annotations[2]"),
            ),
            beside="instances.json",
            size_wh=(160, 120),
        ),
    ]
    assert reading.class_ids == {"cat": 1, "dog": 18}
    assert reading.facts == {
        "encoding": "utf-8",
        "files": 1,
        "images": 2,
        "annotations": 3,
        "encodings": {"utf-8": 1},
        "kinds": {"box": 2, "polygon": 1},
    }
    assert reading.issues == []


def test_the_order_of_the_three_lists_does_not_matter(tmp_path: Path) -> None:
    values = document(annotation(), annotation(id=2, image_id=2))
    first = write_json(tmp_path / "a.json", values)
    last = write_json(tmp_path / "b.json", dict(reversed(values.items())))

    assert [item.annotations for item in read(first)[0] if isinstance(item, Record)] == [
        item.annotations for item in read(last)[0] if isinstance(item, Record)
    ]


def test_an_image_without_annotations_is_looked_at_and_nothing_is_there(tmp_path: Path) -> None:
    items, reading = read(written(tmp_path, annotation()))

    assert isinstance(items[1], Record)
    assert items[1].annotations == ()
    assert reading.issues == []


def test_several_polygons_of_one_annotation_share_a_free_group(tmp_path: Path) -> None:
    other = [100, 100, 110, 100, 110, 110]
    source = written(
        tmp_path,
        annotation(segmentation=[TRIANGLE, other], bbox=[10, 10, 100, 100]),
        annotation(id=2, attributes={"group_id": 1}),
    )

    assert [(item.kind, item.attributes) for item in shapes(source)] == [
        (Kind.POLYGON, {"group_id": 2}),
        (Kind.POLYGON, {"group_id": 2}),
        (Kind.BOX, {"group_id": 1}),
    ]


@pytest.mark.parametrize("counts", [[1000, 500, 17700], "Xo0d?TYa0"])
def test_run_lengths_become_a_mask_of_the_whole_picture(counts: object, tmp_path: Path) -> None:
    source = written(
        tmp_path, annotation(iscrowd=1, bbox=..., segmentation={"size": [120, 160], "counts": counts})
    )

    assert shapes(source) == [
        Annotation(
            Kind.MASK,
            "cat",
            {"size_wh": [160, 120], "offset": [0, 0], "counts": [1000, 500, 17700]},
            {"crowd": True},
            "annotations[0]",
        )
    ]


def test_a_bbox_that_is_not_around_its_segmentation_is_kept(tmp_path: Path) -> None:
    source = written(tmp_path, annotation(segmentation=[TRIANGLE], bbox=[0, 0, 100, 100]))

    items, reading = read(source)

    assert isinstance(items[0], Record)
    assert items[0].annotations[0].attributes == {"coco:bbox": [0.0, 0.0, 100.0, 100.0]}
    assert told(reading) == [("LP316", "instances.json:annotations[0]")]


def test_keypoints_are_points_beside_their_box(tmp_path: Path) -> None:
    person = {"id": 1, "name": "person", "keypoints": ["nose", "ear", "eye"], "skeleton": [[1, 2]]}
    source = written(
        tmp_path,
        annotation(keypoints=[5, 6, 1, 0, 0, 0, 7.5, 8, 2], num_keypoints=2),
        categories=[person],
    )

    said = {"keypoints": ["nose", "ear", "eye"], "skeleton": [[1, 2]]}
    assert shapes(source) == [
        Annotation(Kind.BOX, "person", CORNERS, {"group_id": 1}, "annotations[0]"),
        Annotation(
            Kind.POINTS,
            "person",
            [[5.0, 6.0], [7.5, 8.0]],
            {"visibility": [1, 0, 2], **said, "group_id": 1},
            "annotations[0]",
        ),
    ]


def test_keypoints_of_which_none_is_labelled_are_none(tmp_path: Path) -> None:
    source = written(tmp_path, annotation(keypoints=[0, 0, 0], num_keypoints=0))

    assert [(item.kind, item.attributes) for item in shapes(source)] == [(Kind.BOX, {})]


def test_what_a_file_says_besides_is_kept(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        annotation(occluded=1, truncated=0, track=7, note="", attributes={"colour": "red"}, score=0.5),
        images=[
            {"id": 1, "file_name": "a.jpg", "license": 3, "coco_url": "http://x/a.jpg", "date_captured": 0}
        ],
    )

    (found,) = shapes(source)

    assert found.attributes == {
        "occluded": True,
        "coco:track": 7,
        "colour": "red",
        "coco:image": {"license": 3, "coco_url": "http://x/a.jpg"},
    }
    assert found.confidence == 0.5


def test_an_annotation_without_any_shape_is_a_class_of_the_image(tmp_path: Path) -> None:
    source = written(tmp_path, {"id": 1, "image_id": 1, "category_id": 18})

    assert shapes(source) == [Annotation(Kind.CLASS, "dog", None, {}, "annotations[0]")]


NOT_TAKEN: dict[str, dict[str, object]] = {
    "three numbers": {"bbox": [1, 2, 3]},
    "no box": {"bbox": None},
    "not finite": {"bbox": [float("nan"), 1, 2, 3]},
    "text": {"bbox": ["1", 2, 3, 4]},
    "far away": {"bbox": [1e300, 2, 3, 4]},
    "no width": {"bbox": [10, 10, 0, 5]},
    "negative": {"bbox": [10, 10, -4, 5]},
    "odd polygon": {"segmentation": [[1, 1, 9, 1, 9]]},
    "polygon of texts": {"segmentation": [["1", 1, 9, 1, 9, 9]]},
    "segmentation is a number": {"segmentation": 7},
    "mask of 10^12 pixels": {"segmentation": {"size": [1000000, 1000000], "counts": [10**12]}},
    "mask too long": {"segmentation": {"size": [120, 160], "counts": [1, 19200]}},
    "mask of another size": {"segmentation": {"size": [160, 120], "counts": [0, 19200]}},
    "negative run": {"segmentation": {"size": [120, 160], "counts": [-1, 19201]}},
    "letters cut off": {"segmentation": {"size": [120, 160], "counts": "oP"}},
    "no letters": {"segmentation": {"size": [120, 160], "counts": "~~"}},
    "unknown category": {"category_id": 99},
    "no category": {"category_id": None},
    "category is a list": {"category_id": [1]},
    "own key": {"labelprep": 7},
}


@pytest.mark.parametrize("why", sorted(NOT_TAKEN))
def test_an_annotation_that_cannot_be_taken_is_told_with_place_and_id(why: str, tmp_path: Path) -> None:
    source = written(tmp_path, annotation(id=7, **NOT_TAKEN[why]))

    found = rejected(source)

    assert found.reason == "bad_shapes"
    assert found.issue.where == "instances.json:annotations[0]"
    assert found.issue.problem.startswith("annotation id 7: ")


def test_one_bad_annotation_does_not_cost_the_others(tmp_path: Path) -> None:
    items, reading = read(written(tmp_path, annotation(), annotation(id=2, bbox=[1]), 5))

    assert isinstance(items[0], Record)
    assert len(items[0].annotations) == 1
    assert told(reading) == [
        ("LP312", "instances.json:annotations[1]"),
        ("LP313", "instances.json:annotations[2]"),
    ]


@pytest.mark.parametrize(
    "segmentation", [[[1, 1, 9, 9]], [[1, 1, 5, 5, 9, 9]], {"size": [120, 160], "counts": "oP1"}]
)
def test_a_segmentation_that_encloses_nothing_leaves_the_box(segmentation: object, tmp_path: Path) -> None:
    items, reading = read(written(tmp_path, annotation(segmentation=segmentation)))

    assert isinstance(items[0], Record)
    assert [(item.kind, item.geometry) for item in items[0].annotations] == [(Kind.BOX, CORNERS)]
    assert told(reading)[0] == ("LP312", "instances.json:annotations[0]")


@pytest.mark.parametrize("segmentation", [TRIANGLE, [[10, 10], [60, 10], [60, 50]]])
def test_a_polygon_written_without_its_outer_list_is_read(segmentation: object, tmp_path: Path) -> None:
    items, reading = read(written(tmp_path, annotation(segmentation=segmentation, bbox=[10, 10, 50, 40])))

    assert isinstance(items[0], Record)
    assert [item.geometry for item in items[0].annotations] == [POINTS]
    assert [issue.code for issue in reading.issues] == ["LP316"]


def test_ids_past_two_to_the_53_and_64_are_exact(tmp_path: Path) -> None:
    large = [2**53 + 1, 2**53 + 2, 2**70]
    source = written(
        tmp_path,
        *(annotation(id=at, image_id=at) for at in large),
        images=[{"id": at, "file_name": f"{at}.jpg"} for at in large],
    )

    items, reading = read(source)

    assert [len(item.annotations) for item in items if isinstance(item, Record)] == [1, 1, 1]
    assert reading.issues == []


def test_category_zero_and_gaps_are_as_good_as_any(tmp_path: Path) -> None:
    source = written(tmp_path, annotation(category_id=0), categories=[{"id": 0, "name": "猫"}])

    assert [item.label for item in shapes(source)] == ["猫"]


def test_a_category_id_written_as_text_is_read_and_told(tmp_path: Path) -> None:
    items, reading = read(written(tmp_path, annotation(category_id="1"), annotation(id=2, category_id="dog")))

    assert isinstance(items[0], Record)
    assert [item.label for item in items[0].annotations] == ["cat", "dog"]
    assert [issue.code for issue in reading.issues] == ["LP316", "LP316"]


def test_a_category_with_two_names_stands_for_none(tmp_path: Path) -> None:
    source = written(tmp_path, annotation(), categories=[{"id": 1, "name": "cat"}, {"id": 1, "name": "dog"}])

    items, reading = read(source)

    assert isinstance(items[0], Rejected)
    assert "both 'cat' and 'dog'" in items[0].issue.problem
    assert told(reading) == [("LP314", "instances.json:categories[1]")]


def test_two_categories_of_one_name_are_one_class(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        annotation(),
        annotation(id=2, category_id=2),
        categories=[{"id": 1, "name": "cat"}, {"id": 2, "name": "cat"}],
    )

    items, reading = read(source)

    assert isinstance(items[0], Record)
    assert [item.label for item in items[0].annotations] == ["cat", "cat"]
    assert told(reading) == [("LP314", "instances.json:categories[1]")]


def test_an_annotation_of_an_unknown_image_is_told(tmp_path: Path) -> None:
    _, reading = read(written(tmp_path, annotation(id=5, image_id=77), annotation(id=6, image_id=None)))

    assert [(issue.where, issue.problem) for issue in reading.issues] == [
        ("instances.json:annotations[0]", "annotation id 5: its image 77 is none of the file's"),
        ("instances.json:annotations[1]", "annotation id 6: it names no image"),
    ]


def test_an_image_listed_twice_takes_the_annotations_of_both(tmp_path: Path) -> None:
    images = [{"id": at, "file_name": name} for at, name in ((1, "a.jpg"), (2, "b.jpg"), (3, "a.jpg"))]
    source = written(tmp_path, annotation(), annotation(id=2, image_id=3, category_id=18), images=images)

    items, _ = read(source)

    assert isinstance(items[0], Record)
    assert [item.label for item in items[0].annotations] == ["cat", "dog"]
    assert isinstance(items[2], Rejected)
    assert (items[2].reason, items[2].issue.where) == ("repeated_image", "instances.json:images[2]")


def test_one_id_for_two_images_leaves_neither_with_annotations(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "a.jpg"}, {"id": 1, "file_name": "b.jpg"}]

    items, reading = read(written(tmp_path, annotation(), images=images))

    assert [item.reason for item in items if isinstance(item, Rejected)] == ["image_id_twice"] * 2
    assert told(reading) == [("LP313", "instances.json:annotations[0]")]


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (7, "bad_image"),
        ({"id": 1}, "bad_image"),
        ({"id": 1, "file_name": 5}, "bad_image"),
        ({"file_name": "a.jpg"}, "no_image_id"),
    ],
)
def test_an_image_that_cannot_be_used_is_told(image: object, reason: str, tmp_path: Path) -> None:
    found = rejected(written(tmp_path, images=[image]))

    assert (found.reason, found.issue.where) == (reason, "instances.json:images[0]")


def test_annotation_ids_that_repeat_lose_nothing_and_are_told(tmp_path: Path) -> None:
    items, reading = read(written(tmp_path, annotation(), annotation(bbox=[50, 50, 9, 9])))

    assert isinstance(items[0], Record)
    assert len(items[0].annotations) == 2
    assert told(reading) == [("LP317", "instances.json:annotations[1]")]


def test_boxes_that_look_like_corners_are_told(tmp_path: Path) -> None:
    _, reading = read(
        written(tmp_path, annotation(bbox=[100, 80, 150, 110]), annotation(id=2, bbox=[1, 1, 5, 5]))
    )

    assert told(reading) == [("LP318", "instances.json")]


def test_boxes_of_which_one_is_no_corners_are_not_doubted(tmp_path: Path) -> None:
    source = written(tmp_path, annotation(bbox=[100, 80, 150, 110]), annotation(id=2, bbox=[50, 50, 5, 5]))

    assert told(read(source)[1]) == []


def test_a_key_that_comes_twice_is_not_decided(tmp_path: Path) -> None:
    source = written(tmp_path, annotation())
    text = source.read_text(encoding="utf-8")
    source.write_text(
        text.replace('"category_id": 1', '"category_id": 1, "category_id": 18'), encoding="utf-8"
    )

    assert "there twice" in rejected(source).issue.problem


NOT_READ: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty_file"),
    "cut": (b'{"images": [{"id": 1, "file_na', "bad_json"),
    "two documents": (b'{"images": [], "annotations": []} {}', "bad_json"),
    "single quotes": (b"{'images': []}", "bad_json"),
    "a number": (b"7", "bad_json"),
    "nested": (b'{"images": ' + b"[" * 100_000, "bad_json"),
    "long number": (b'{"images": [{"id": ' + b"9" * 5000 + b"}]}", "bad_json"),
    "twice": (b'{"images": [], "images": []}', "duplicate_key"),
    "no list": (b'{"images": {}, "annotations": []}', "not_coco"),
    "LabelMe": (b'{"shapes": [], "imagePath": "a.jpg"}', "not_coco"),
    "other": (b"{}", "not_coco"),
    "a list of numbers": (b"[1, 2]", "not_coco"),
    "annotations only": (b'{"annotations": [{"id": 1, "image_id": 1}]}', "no_images"),
    "no results": (b"[]", "no_results"),
    "a huge entry": (b'{"images": ["' + b"a" * 9_000_000, "too_large"),
    "a heap of nothing": (b'{"annotations": [' + b"{}," * 10_001 + b"{}]}", "not_coco"),
    "images only": (b'{"images": [{"id": 1, "file_name": "a.jpg"}]}', "no_annotations"),
    "captions": (b'{"annotations": [{"id": 1, "image_id": 1, "caption": "a cat"}]}', "captions"),
    "panoptic": (
        b'{"annotations": [{"image_id": 1, "file_name": "x.png", "segments_info": []}]}',
        "panoptic",
    ),
    "encoding": (b'{"images": [{"id": 1, "file_name": "\xff\xfe\xfa.jpg"}], "annotations": []}', "encoding"),
}


@pytest.mark.parametrize("what", sorted(NOT_READ))
def test_a_file_that_cannot_be_used_is_told_once(what: str, tmp_path: Path) -> None:
    data, reason = NOT_READ[what]
    source = tmp_path / "a.json"
    source.write_bytes(data)

    items, _ = read(source)

    assert [item.reason for item in items if isinstance(item, Rejected)] == [reason]
    assert items[0].issue.where == "a.json"  # type: ignore[union-attr]


def test_the_place_of_an_error_is_named_far_into_a_file(tmp_path: Path) -> None:
    lines = [json.dumps(annotation(id=at)) for at in range(9_000)]
    lines[8_000] = lines[8_000].replace("1200", "12oo")
    source = tmp_path / "a.json"
    source.write_text('{"annotations": [\n' + ",\n".join(lines) + "]}", encoding="utf-8")

    found = rejected(source)

    assert "line 8002, column" in found.issue.problem


def test_other_encodings_are_found(tmp_path: Path) -> None:
    values = document(annotation(), categories=[{"id": 1, "name": "猫咪和狗狗"}])
    for encoding in ("utf-8-sig", "utf-16", "gb18030"):
        (tmp_path / f"{encoding}.json").write_text(json.dumps(values, ensure_ascii=False), encoding=encoding)

        assert [item.label for item in shapes(tmp_path / f"{encoding}.json")] == ["猫咪和狗狗"]


def test_a_word_that_is_utf_8_and_gbk_asks_for_the_encoding(tmp_path: Path) -> None:
    source = tmp_path / "a.json"
    values = document(annotation(), categories=[{"id": 1, "name": "猫"}])
    source.write_text(json.dumps(values, ensure_ascii=False), encoding="gb18030")

    assert rejected(source).reason == "encoding"
    assert [item.label for item in shapes(source, encoding="gb18030")] == ["猫"]


def test_files_of_a_folder_state_splits_by_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "annotations"
    written(folder, annotation(), name="instances_train2017.json")
    written(folder, annotation(), name="instances_val2017.json", images=[{"id": 1, "file_name": "c.jpg"}])

    items, _ = read(folder, tmp_path)

    assert [(item.image, item.split, item.locator) for item in items if isinstance(item, Record)] == [
        ("a.jpg", "train", "instances_train2017.json:images[0]"),
        ("b.jpg", "train", "instances_train2017.json:images[1]"),
        ("c.jpg", "val", "instances_val2017.json:images[0]"),
    ]
    alone, _ = read(folder / "instances_val2017.json", tmp_path)
    assert [item.split for item in alone if isinstance(item, Record)] == ["val"]


def test_a_name_alone_states_no_split(tmp_path: Path) -> None:
    items, _ = read(written(tmp_path, annotation(), name="instances_train.json"))

    assert [item.split for item in items if isinstance(item, Record)] == [None, None]


def test_files_in_folders_named_by_splits_state_them(tmp_path: Path) -> None:
    written(tmp_path / "train", annotation(), name="_annotations.coco.json")
    written(tmp_path / "valid", annotation(), name="_annotations.coco.json")

    items, _ = read(tmp_path)

    assert [(item.split, item.beside) for item in items if isinstance(item, Record)] == [
        ("train", "train/_annotations.coco.json"),
        ("train", "train/_annotations.coco.json"),
        ("val", "valid/_annotations.coco.json"),
        ("val", "valid/_annotations.coco.json"),
    ]


@pytest.mark.parametrize("folder", ["images/train", "train", "images", "train2017", "."])
def test_images_are_found_in_the_usual_folders(folder: str, tmp_path: Path) -> None:
    name = "instances_train2017.json" if folder == "train2017" else "instances_train.json"
    source = written(tmp_path / "annotations", annotation(), name=name)
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / folder / "a.jpg").write_bytes(b"")

    items, _ = read(source, tmp_path)

    expected = "a.jpg" if folder == "." else f"{folder}/a.jpg"
    assert [(item.image, item.beside) for item in items[:1] if isinstance(item, Record)] == [(expected, None)]


def test_images_of_a_file_before_are_not_taken_twice(tmp_path: Path) -> None:
    written(tmp_path, annotation(), name="instances.json")
    written(tmp_path, annotation(keypoints=[1, 1, 2]), name="person_keypoints.json")

    items, reading = read(tmp_path)

    assert [item.reason for item in items if isinstance(item, Rejected)] == ["image_in_other_file"] * 2
    assert told(reading) == [("LP317", "person_keypoints.json")]


def test_results_take_images_and_categories_from_the_file_beside(tmp_path: Path) -> None:
    written(tmp_path, annotation())
    source = write_json(
        tmp_path / "results.json",
        [
            {"image_id": 2, "category_id": 18, "bbox": BOX, "score": 0.9},
            {"image_id": 2, "category_id": 1, "keypoints": [1, 2, 0], "score": 7},
            {"image_id": 5, "category_id": 1, "bbox": BOX, "score": 0.5},
        ],
    )

    items, reading = read(source)

    assert isinstance(items[1], Rejected)
    assert (items[1].reason, items[1].issue.where) == ("unknown_image", "results.json:[2]")
    assert items[:1] == [
        Record(
            "b.jpg",
            "[0]",
            (
                Annotation(Kind.BOX, "dog", CORNERS, {}, "[0]", 0.9),
                Annotation(Kind.POINTS, "cat", [[1.0, 2.0]], {"visibility": [0], "coco:score": 7}, "[1]"),
            ),
            beside="instances.json",
            size_wh=(160, 120),
            is_prediction=True,
        )
    ]
    assert told(reading) == [("LP316", "results.json:[1]")]


def test_results_that_name_files_and_classes_need_nothing_beside(tmp_path: Path) -> None:
    source = write_json(
        tmp_path / "results.json", [{"image_id": "a", "category_id": "cat", "bbox": BOX, "score": 1}]
    )

    assert [(item.label, item.confidence) for item in shapes(source)] == [("cat", 1.0)]


def test_results_alone_are_refused(tmp_path: Path) -> None:
    source = write_json(tmp_path / "results.json", [{"image_id": 2, "category_id": 18, "bbox": BOX}])

    assert rejected(source).reason == "results_alone"


def test_results_beside_two_files_that_differ_are_refused(tmp_path: Path) -> None:
    written(tmp_path, name="a.json")
    written(tmp_path, name="b.json", images=[{"id": 2, "file_name": "other.jpg"}])
    source = write_json(tmp_path / "results.json", [{"image_id": 2, "category_id": 18, "bbox": BOX}])

    found = rejected(source)

    assert found.reason == "results_ambiguous"
    assert "a.json, b.json" in found.issue.problem


def test_sources_that_are_not_there_are_errors(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        read(tmp_path / "none.json", tmp_path)
    with pytest.raises(SourceError, match=r"no \.json file"):
        read(tmp_path)
    with pytest.raises(UsageError):
        read(written(tmp_path), encoding="klingon")


@pytest.mark.parametrize(
    ("values", "least"),
    [
        (document(annotation()), 0.9),
        ([{"image_id": 1, "category_id": 1, "bbox": BOX, "score": 1}], 0.9),
        ({"shapes": [], "imagePath": "a.jpg", "flags": {}}, 0.0),
    ],
)
def test_it_knows_its_own_files(values: Any, least: float, tmp_path: Path) -> None:  # noqa: ANN401 - JSON
    source = write_json(tmp_path / "a.json", values)

    assert Coco().sniff(source).confidence >= least
    assert (Coco().sniff(source).confidence > 0.2) == (least > 0)
    assert (Coco().sniff(tmp_path).confidence > 0.2) == (least > 0)


def test_it_looks_for_json_only(tmp_path: Path) -> None:
    assert Coco().sniff(tmp_path).confidence == 0
    assert Coco().sniff(tmp_path / "a.txt").confidence == 0
