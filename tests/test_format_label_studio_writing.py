"""Label Studio's JSON written: what it holds, and that all of it reads back."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from label_studio_tasks import HIGH, WIDE, choices, read, region, saved, task
from labelprep.formats.base import Export, Outgoing, Written
from labelprep.formats.label_studio import LabelStudio
from labelprep.formats.label_studio_brush import counts_of, stream_of
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.geometry import is_flat, mask_counts
from pictures import draw
from running import Command, scan

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZE = (WIDE, HIGH)
ELLIPSE = "label_studio:ellipse"
NEAR_PX = 1e-6


def outgoing(
    *annotations: Annotation,
    image: str = "a.jpg",
    is_stated: bool = True,
    **record: Any,  # noqa: ANN401 - its fields
) -> Outgoing:
    made = Record(image, "", annotations, **{"size_wh": SIZE, **record})
    return Outgoing(made, Path(image), is_stated)


def written(folder: Path, *given_items: Outgoing) -> tuple[list[dict[str, Any]], Written]:
    """Return the tasks that images become."""
    target = folder / "tasks.json"
    done = LabelStudio().write(Export(folder, (), lambda: iter(given_items)), target)
    tasks: list[dict[str, Any]] = json.loads(target.read_text(encoding="ascii"))
    return tasks, done


def back(folder: Path, *given_items: Outgoing) -> list[Record]:
    """Return what is read of what was written; rejections are left out."""
    written(folder, *given_items)
    found = list(read(folder / "tasks.json").items)
    return [item for item in found if isinstance(item, Record)]


def said(annotations: Sequence[Annotation]) -> list[tuple[Any, ...]]:
    """Return all of annotations but their places; numbers in millionths of a pixel."""
    return [
        (item.kind, item.label, rounded(item.geometry), rounded(item.attributes), item.confidence)
        for item in annotations
    ]


def rounded(value: Any) -> Any:  # noqa: ANN401 - geometry, by kind
    if isinstance(value, float):
        return round(value / NEAR_PX)
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return {key: rounded(one) for key, one in value.items()} if isinstance(value, dict) else value


SHAPES = [
    Annotation(Kind.BOX, "cat", [20.0, 20.0, 80.0, 60.0]),
    Annotation(Kind.ROTATED_BOX, "cat", [[100.0, 10.0], [100.0, 50.0], [80.0, 50.0], [80.0, 10.0]]),
    Annotation(Kind.POLYGON, "cat", [[0.0, 0.0], [100.0, 0.0], [100.0, 50.0]]),
    Annotation(Kind.POLYLINE, "cat", [[0.0, 0.0], [100.0, 50.0]]),
    Annotation(Kind.CIRCLE, "cat", [100.0, 50.0, 20.0]),
    Annotation(Kind.POINTS, "cat", [[50.0, 75.0]]),
]


@pytest.mark.parametrize(
    ("shape", "kind", "value"),
    [
        (SHAPES[0], "rectanglelabels", {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}),
        (SHAPES[1], "rectanglelabels", {"x": 50, "y": 10, "width": 20, "height": 20, "rotation": 90}),
        (SHAPES[2], "polygonlabels", {"points": [[0, 0], [50, 0], [50, 50]], "closed": True}),
        (SHAPES[3], "polygonlabels", {"points": [[0, 0], [50, 50]], "closed": False}),
        (SHAPES[4], "ellipselabels", {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20, "rotation": 0}),
        (SHAPES[5], "keypointlabels", {"x": 25, "y": 75, "width": 0.5}),
    ],
)
def test_a_shape_is_drawn_in_per_cent(
    work: Path, shape: Annotation, kind: str, value: dict[str, Any]
) -> None:
    (made,), done = written(work, outgoing(shape))

    ((result,),) = [annotation["result"] for annotation in made["annotations"]]
    identifier = result.pop("id")
    assert len(identifier) == 10
    assert result == {
        "type": kind,
        "from_name": made["meta"]["labelprep"]["controls"][kind],
        "to_name": "image",
        "original_width": WIDE,
        "original_height": HIGH,
        "image_rotation": 0,
        "value": {**value, kind: ["cat"]},
    }
    assert done == Written(1, 1, 1)


def test_a_shape_without_a_class_has_a_control_without_labels(work: Path) -> None:
    (made,), _ = written(work, outgoing(Annotation(Kind.BOX, None, [20.0, 20.0, 80.0, 60.0])))

    (result,) = made["annotations"][0]["result"]
    assert (result["type"], result["from_name"], "rectangle" in result["value"]) == (
        "rectangle",
        "plain_box",
        False,
    )


def test_classes_are_one_choice(work: Path) -> None:
    (made,), done = written(work, outgoing(Annotation(Kind.CLASS, "cat"), Annotation(Kind.CLASS, "dog")))

    (result,) = made["annotations"][0]["result"]
    assert (result["type"], result["value"]) == ("choices", {"choices": ["cat", "dog"]})
    assert done.annotations == 2


def test_unlabelled_images_are_tasks_to_do(work: Path) -> None:
    tasks, done = written(work, outgoing(is_stated=False), outgoing(image="b.jpg"))

    assert [made["annotations"] for made in tasks] == [[], [{"result": []}]]
    assert done == Written(1, 0, 1)
    assert [item.image for item in back(work, outgoing(is_stated=False), outgoing(image="b.jpg"))] == [
        "/data/local-files/?d=b.jpg"
    ]


@pytest.mark.parametrize("image", ["a b/ä 猫.jpg", "50%+x#1?&.jpg", "a\\b.jpg"])
def test_names_of_images_survive(work: Path, command: Command, image: str) -> None:
    draw(work / "in" / image, size_wh=SIZE)
    draw(work / "in/other.png", size_wh=SIZE)
    scan(work / "in", work / "manifest.db", labels="none")
    saved(work, [{"file": image, "label": "cat"}], "labels.jsonl")
    (work / "labels.jsonl").write_text(json.dumps({"file": image, "label": "cat"}) + "\n", encoding="utf-8")
    command("import", "labels.jsonl")

    ran = command("export", "out.json", "--to", "label-studio", "--verify", "--json")

    assert (ran.code, ran.json["verified"], ran.json["differences"], ran.json["images"]) == (0, True, [], 1)


def test_what_came_from_label_studio_goes_back_as_it_was(work: Path, command: Command) -> None:
    draw(work / "in/a.png", size_wh=SIZE)
    draw(work / "in/b.png", size_wh=SIZE)
    scan(work / "in", work / "manifest.db", labels="none")
    place = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}
    box = region("rectanglelabels", **place)
    words = {**box, "type": "textarea", "from_name": "words", "value": {**place, "text": ["hello"]}}
    turned = {
        **region("rectanglelabels", "dog", x=50, y=10, width=20, height=20, rotation=33.25),
        "from_name": "heads",
    }
    ellipse = region("ellipselabels", x=50, y=50, radiusX=20, radiusY=20, rotation=12.5)
    relation = {"type": "relation", "from_id": box["id"], "to_id": ellipse["id"], "direction": "right"}
    made = task(box, words, turned, ellipse, relation, image="/data/upload/1/1a2b3c4d-a.png", id=7)
    made["data"] = {"photo": made["data"]["image"], "farm": "north"}
    second = task(box, image="/data/upload/1/1a2b3c4d-b.png")
    second["annotations"].append({"id": 4, "completed_by": 2, "result": [ellipse]})
    saved(work, [made, second])
    command("import", "export.json")

    ran = command("export", "out.json", "--to", "label-studio", "--verify", "--json")

    assert (ran.code, ran.json["verified"], ran.json["lost"]) == (0, True, [])
    first = json.loads((work / "out.json").read_text(encoding="ascii"))[0]
    assert first["data"] == made["data"]
    results = first["annotations"][0]["result"]
    assert [result["type"] for result in results] == [
        "rectanglelabels",
        "textarea",
        "rectanglelabels",
        "ellipselabels",
        "relation",
    ]
    assert [result["from_name"] for result in results[:4]] == ["label", "words", "heads", "label"]
    assert (results[0]["id"], results[4]) == (box["id"], relation)
    assert results[1]["value"] == {"text": ["hello"]}
    for result, was in zip(results[2:4], (turned, ellipse), strict=True):
        assert result["value"] == {key: pytest.approx(one) for key, one in was["value"].items()}


def test_controls_are_called_as_in_most_tasks(work: Path) -> None:
    known = Annotation(
        Kind.BOX,
        "cat",
        [0.0, 0.0, 5.0, 5.0],
        {
            "label_studio:annotation": {"id": 1, "controls": {"rectanglelabels": "label", "to_name": "img"}},
            "label_studio:task": {"id": 1, "image": "/data/upload/1/a.jpg", "key": "photo"},
        },
    )
    new = Annotation(Kind.BOX, "cat", [0.0, 0.0, 5.0, 5.0])
    given_items = (outgoing(known), outgoing(new, image="b.jpg"))

    tasks, _ = written(work, *given_items)
    found = back(work, *given_items)

    results = [made["annotations"][0]["result"][0] for made in tasks]
    assert [(result["from_name"], result["to_name"]) for result in results] == [("label", "img")] * 2
    assert [made["data"] for made in tasks] == [
        {"photo": "/data/upload/1/a.jpg"},
        {"photo": "/data/local-files/?d=b.jpg"},
    ]
    assert [said(item.annotations) for item in found] == [said([known]), said([new])]


def test_numbers_of_label_studio_replace_those_of_before(work: Path) -> None:
    old = {"label_studio:annotation": {"id": 1}, "label_studio:task": {"id": 1, "image": "old.jpg"}}
    shape = Annotation(Kind.BOX, "cat", [0.0, 0.0, 5.0, 5.0], old)
    tasks, _ = written(work, outgoing(shape))
    tasks[0]["id"] = 9
    tasks[0]["annotations"][0] |= {"id": 8, "completed_by": 3}

    (item,) = read(saved(work, tasks)).items

    assert isinstance(item, Record)
    assert item.annotations[0].attributes == {
        "label_studio:task": {"id": 9, "image": "old.jpg"},
        "label_studio:annotation": {"id": 8, "completed_by": 3},
    }


def test_an_ellipse_that_was_moved_is_a_polygon(work: Path) -> None:
    (item,) = read(saved(work, [task(region("ellipselabels", x=50, y=50, radiusX=20, radiusY=20))])).items
    assert isinstance(item, Record)
    (shape,) = item.annotations
    moved = Annotation(
        shape.kind, shape.label, [[x + 1, y] for x, y in shape.geometry], {ELLIPSE: shape.attributes[ELLIPSE]}
    )

    (made,), _ = written(work, outgoing(moved))
    (found,) = back(work, outgoing(moved))

    assert made["annotations"][0]["result"][0]["type"] == "polygonlabels"
    assert said(found.annotations) == said([moved])


def test_what_cannot_be_held_is_counted(work: Path) -> None:
    mask = {"size_wh": [4, 4], "offset": [WIDE, 0], "counts": [0, 16]}
    shapes = (
        Annotation(Kind.BOX, "cat", [5.0, 5.0, 5.0, 9.0]),
        Annotation(Kind.MASK, "cat", mask),
        Annotation(Kind.POLYLINE, "cat", [[0.0, 0.0]]),
        Annotation(Kind.CLASS, "cat"),
    )

    assert LabelStudio().lost(outgoing(*shapes)) == {
        "shapes that enclose nothing": 2,
        "masks that reach out of their picture or show nothing": 1,
    }
    assert LabelStudio().lost(outgoing(*shapes[2:], size_wh=None)) == {
        "shapes on pictures of unknown size": 1
    }
    assert [len(item.annotations) for item in back(work, outgoing(*shapes))] == [1]


def test_equal_exports_give_equal_bytes(work: Path) -> None:
    (work / "one").mkdir()
    (work / "two").mkdir()
    for folder in (work / "one", work / "two"):
        written(folder, outgoing(*SHAPES), outgoing(*SHAPES, image="b.jpg"))

    assert (work / "one/tasks.json").read_bytes() == (work / "two/tasks.json").read_bytes()
    found = json.loads((work / "one/tasks.json").read_text(encoding="ascii"))
    ids = [result["id"] for made in found for result in made["annotations"][0]["result"]]
    assert len(set(ids)) == len(ids) == 2 * len(SHAPES)


def test_a_folder_of_another_format_converts(work: Path, command: Command) -> None:
    draw(work / "in/a.png", size_wh=SIZE)
    shape = {"label": "cat", "points": [[1.5, 2], [60, 30.25]], "shape_type": "rectangle", "flags": {}}
    saved(
        work / "in",
        {"version": "5.5.0", "flags": {}, "shapes": [shape], "imagePath": "a.png", "imageData": None},
        "a.json",
    )

    ran = command("convert", "in", "out.json", "--to", "label-studio", "--verify", "--json")

    assert ran.code == 0
    ((made,), *_) = [json.loads((work / "out.json").read_text(encoding="ascii"))]
    value = made["annotations"][0]["result"][0]["value"]
    assert [value[key] for key in ("x", "y", "width", "height")] == [0.75, 2, 29.25, 28.25]


# Laws.

PLACES = st.floats(0, 1, allow_subnormal=False)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).filter(
    lambda name: name.strip() != ""
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["x", "", "猫"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=4,
)
KEYS = st.sampled_from(
    ["occluded", "group_id", "coco:x", "label_studio:hidden", "label_studio:meta", "label_studio:value",
     "label_studio:results", "label_studio:from_name", "label_studio:to_name", "label_studio:ellipse",
     "label_studio:score", "label_studio:parentID", "label_studio:type", "label_studio:id", "label_studio:"]
)  # fmt: skip
ATTRIBUTES = st.dictionaries(KEYS, PLAIN, max_size=3)


@st.composite
def shaped(draw_one: st.DrawFn) -> Annotation:
    kind = draw_one(st.sampled_from(list(Kind)))
    label = draw_one(NAMES if kind is Kind.CLASS else st.none() | NAMES)
    score = draw_one(st.none() | st.sampled_from([0.0, 0.5, 1.0]))
    return Annotation(kind, label, draw_one(GEOMETRY[kind]), draw_one(ATTRIBUTES), "", score)


@st.composite
def boxes(draw_one: st.DrawFn) -> list[float]:
    left, top = draw_one(PLACES) * (WIDE - 1), draw_one(PLACES) * (HIGH - 1)
    wide, high = draw_one(st.floats(0.001, 1)), draw_one(st.floats(0.001, 1))
    return [left, top, left + wide * (WIDE - left), top + high * (HIGH - top)]


@st.composite
def turned(draw_one: st.DrawFn) -> list[list[float]]:
    x, y = draw_one(PLACES) * WIDE, draw_one(PLACES) * HIGH
    wide, high, angle = draw_one(st.floats(0.5, 50)), draw_one(st.floats(0.5, 50)), draw_one(st.floats(-7, 7))
    along, down = math.cos(angle), math.sin(angle)
    if draw_one(st.booleans()):
        high = -high  # mirrored: such corners no box turns into
    return [
        [x, y],
        [x + wide * along, y + wide * down],
        [x + wide * along - high * down, y + wide * down + high * along],
        [x - high * down, y + high * along],
    ]


@st.composite
def masks(draw_one: st.DrawFn) -> dict[str, Any]:
    wide, high = draw_one(st.integers(1, 12)), draw_one(st.integers(1, 12))
    rows = bytearray(draw_one(st.lists(st.booleans(), min_size=wide * high, max_size=wide * high)))
    rows[draw_one(st.integers(0, wide * high - 1))] = 1
    offset = [draw_one(st.integers(0, WIDE - wide)), draw_one(st.integers(0, HIGH - high))]
    return {"size_wh": [wide, high], "offset": offset, "counts": mask_counts(bytes(rows), (wide, high))}


POINT = st.builds(lambda x, y: [x * WIDE, y * HIGH], PLACES, PLACES)
CIRCLES = st.builds(lambda point, radius: [*point, radius], POINT, st.floats(0.01, 80))
GEOMETRY: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.CLASS: st.none(),
    Kind.BOX: boxes(),
    Kind.ROTATED_BOX: turned(),
    Kind.POLYGON: st.lists(POINT, min_size=3, max_size=6).filter(lambda points: not is_nearly_flat(points)),
    Kind.POLYLINE: st.lists(POINT, min_size=2, max_size=4),
    Kind.POINTS: st.lists(POINT, min_size=1, max_size=3),
    Kind.CIRCLE: CIRCLES,
    Kind.MASK: masks(),
}


def is_nearly_flat(points: list[list[float]]) -> bool:
    return is_flat(points) or is_flat([[round(x, 3), round(y, 3)] for x, y in points])


@given(
    st.lists(st.lists(shaped(), max_size=5), min_size=1, max_size=3),
    st.sampled_from([None, "train", "val", "test"]),
    st.none() | NAMES,
)
def test_reading_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    lists: list[list[Annotation]],
    split: str | None,
    group: str | None,
) -> None:
    folder = tmp_path_factory.mktemp("studio")
    given_items = [
        outgoing(*shapes, image=f"{number}.jpg", split=split, group=group)
        for number, shapes in enumerate(lists)
    ]

    found = back(folder, *given_items)

    assert sum(map(len, map(LabelStudio().lost, given_items))) == 0
    assert [(item.image, item.split, item.group) for item in found] == [
        (f"/data/local-files/?d={number}.jpg", split, group) for number in range(len(lists))
    ]
    for item, shapes in zip(found, lists, strict=True):
        near(said(item.annotations), said(once(shapes)))


def once(annotations: Sequence[Annotation]) -> list[Annotation]:
    """Return annotations without classes that one before in the same choice is already."""
    kept: list[Annotation] = []
    for item in annotations:
        run: list[Annotation] = []
        for before in reversed(kept):
            if (before.kind, before.attributes, before.confidence) != (
                Kind.CLASS,
                item.attributes,
                item.confidence,
            ):
                break
            run.append(before)
        if item.kind is not Kind.CLASS or all(before.label != item.label for before in run):
            kept.append(item)
    return kept


def near(found: Any, wanted: Any) -> None:  # noqa: ANN401 - as `said` gives it
    """Compare; numbers may be a millionth of a pixel apart."""
    if isinstance(wanted, list | tuple):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            near(one, other)
    elif isinstance(wanted, dict):
        assert found.keys() == wanted.keys()
        for key, value in wanted.items():
            near(found[key], value)
    elif type(wanted) is int:
        assert type(found) is int
        assert abs(found - wanted) <= 1
    else:
        assert found == wanted


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_brushes_keep_every_pixel(width: int, height: int, data: st.DataObject) -> None:
    rows = bytearray(data.draw(st.lists(st.booleans(), min_size=width * height, max_size=width * height)))
    rows[data.draw(st.integers(0, width * height - 1))] = 1
    counts = mask_counts(bytes(rows), (width, height))

    assert counts_of(stream_of(counts, (width, height)), (width, height)) == counts


def test_choices_keep_what_is_said_of_them(work: Path) -> None:
    given_one = Annotation(Kind.CLASS, "cat", None, {"occluded": True}, "", 0.5)

    (made,), _ = written(work, outgoing(given_one))
    (found,) = back(work, outgoing(given_one))

    assert made["annotations"][0]["result"][0] | choices("cat") == made["annotations"][0]["result"][0]
    assert said(found.annotations) == said([given_one])
