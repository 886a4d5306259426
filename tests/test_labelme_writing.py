"""Writing LabelMe's JSON: what LabelMe opens, and that reading gives back what was written."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from json_values import TEXT, VALUE
from labelme_documents import read, record
from labelprep.errors import UsageError
from labelprep.formats.base import Keeps
from labelprep.formats.labelme import LabelMe, text_of
from labelprep.model import geometry
from labelprep.model.annotation import Annotation, Kind, Record

EVERY_SHAPE = Path(__file__).parent / "fixtures" / "labelme" / "every_shape.json"
PICTURE = re.compile(r'(?<="mask": )"[^"]*"')

NUMBER = st.floats(-1e6, 1e6)
POINTS = st.lists(st.lists(NUMBER, min_size=2, max_size=2), min_size=1, max_size=7)
KNOWN_KEYS = [
    *("group_id", "description", "flags", "shape_type", "score", "label"),
    *("points", "mask", "labelprep", "imageData"),
    *("difficult", "attributes", "kie_linking", "direction"),
]
ATTRIBUTES = st.dictionaries(
    st.sampled_from(KNOWN_KEYS) | TEXT,
    VALUE | st.sampled_from(["line", "point", "quadrilateral", {"a": True}, {}, [], False]),
    max_size=4,
)
CONFIDENCE = st.none() | st.floats(0, 1)


def _mask(size_wh: tuple[int, int], offset: tuple[int, int], pixels: list[int]) -> dict[str, Any]:
    width, height = size_wh
    rows = bytes([1, *pixels[1 : width * height]])
    return {
        "size_wh": [width, height],
        "offset": list(offset),
        "counts": geometry.mask_counts(rows, size_wh),
    }


SIDE = st.integers(1, 7)
FORMS = st.one_of(
    st.tuples(st.just(Kind.BOX), st.lists(NUMBER, min_size=4, max_size=4).map(
        lambda box: [min(box[::2]), min(box[1::2]), max(box[::2]), max(box[1::2])]).filter(
        lambda box: box[0] < box[2] and box[1] < box[3])),
    st.tuples(st.just(Kind.POLYGON), POINTS.filter(lambda p: len(p) > 2 and not geometry.is_flat(p))),
    st.tuples(st.just(Kind.ROTATED_BOX), st.lists(
        st.lists(NUMBER, min_size=2, max_size=2), min_size=4, max_size=4).filter(
        lambda p: not geometry.is_flat(p))),
    st.tuples(st.just(Kind.POLYLINE), POINTS.filter(lambda p: len(p) > 1)),
    st.tuples(st.just(Kind.POINTS), POINTS),
    st.tuples(st.just(Kind.CIRCLE), st.tuples(NUMBER, NUMBER, st.floats(1e-9, 1e6)).map(list)),
    st.tuples(st.just(Kind.MASK), st.builds(
        _mask, st.tuples(SIDE, SIDE), st.tuples(st.integers(-50, 5000), st.integers(-50, 5000)),
        st.lists(st.integers(0, 1), min_size=49, max_size=49))),
)  # fmt: skip
SHAPES = st.lists(st.tuples(FORMS, st.none() | TEXT, ATTRIBUTES, CONFIDENCE), max_size=4)
CLASSES = st.lists(
    st.tuples(TEXT.filter(str.strip), ATTRIBUTES, CONFIDENCE), max_size=3, unique_by=lambda item: item[0]
)
FILE_KEYS = st.dictionaries(TEXT.map(lambda key: f"x{key}"), VALUE, max_size=3)


@given(SHAPES, CLASSES, FILE_KEYS, st.none() | st.tuples(SIDE, SIDE))
def test_reading_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    shapes: list[tuple[tuple[Kind, Any], str | None, dict[str, Any], float | None]],
    classes: list[tuple[str, dict[str, Any], float | None]],
    kept: dict[str, Any],
    size_wh: tuple[int, int] | None,
) -> None:
    annotations = [
        *(Annotation(Kind.CLASS, label, None, said, "flags", share) for label, said, share in classes),
        *(
            Annotation(kind, label, form, said, f"shapes[{at}]", share)
            for at, ((kind, form), label, said, share) in enumerate(shapes)
        ),
    ]
    if annotations and kept:
        annotations[0].attributes["labelme:file"] = kept
    file = tmp_path_factory.getbasetemp() / "round_trip.json"

    file.write_text(text_of("照片/a.jpg", size_wh, annotations), encoding="utf-8")
    found = record(file)

    assert found.annotations == tuple(annotations)
    assert (found.image, found.size_wh) == ("照片/a.jpg", size_wh)


def test_a_file_of_every_shape_stays_as_it_is_to_the_byte() -> None:
    found = record(EVERY_SHAPE)

    text = text_of(found.image, found.size_wh, found.annotations)

    # How small a PNG becomes is up to the machine's zlib.
    assert PICTURE.sub("", text) == PICTURE.sub("", EVERY_SHAPE.read_text(encoding="utf-8"))
    assert {item.kind for item in found.annotations} == set(Kind)


def test_the_text_has_what_labelme_asks_for() -> None:
    box = Annotation(Kind.BOX, None, [1.0, 2.0, 3.0, 4.0], {"group_id": "g7", "flags": {"occluded": 1}})

    written = json.loads(text_of("../a.jpg", (640, 480), [box]))

    assert list(written) == [
        "version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth",
    ]  # fmt: skip
    assert (written["imagePath"], written["imageData"], written["imageHeight"]) == ("../a.jpg", None, 480)
    assert written["shapes"] == [
        {
            "label": "",
            "points": [[1.0, 2.0], [3.0, 4.0]],
            "group_id": None,
            "description": "",
            "shape_type": "rectangle",
            "flags": {},
            "mask": None,
            "labelprep": {"label": None, "attributes": {"group_id": "g7", "flags": {"occluded": 1}}},
        }
    ]


def test_a_circle_that_was_moved_since_has_its_new_radius(tmp_path: Path) -> None:
    circle = Annotation(Kind.CIRCLE, "cat", [1e6, 0.1, 1e-3])
    written = json.loads(text_of("a.jpg", None, [circle]))
    written["shapes"][0]["points"][1] = [1e6, 5.1]
    file = tmp_path / "a.json"
    file.write_text(json.dumps(written), encoding="utf-8")

    (found,) = record(file).annotations

    assert written["shapes"][0]["labelprep"] == {"radius": 1e-3}
    assert found.geometry == [1e6, 0.1, 5.0]


def test_a_text_that_could_be_of_two_encodings_is_escaped() -> None:
    text = text_of("a.jpg", None, [Annotation(Kind.CLASS, "è")])

    assert '"\\u00e8": true' in text


def test_files_lie_as_their_images_do_and_name_them_from_there(tmp_path: Path) -> None:
    photos, labels = tmp_path / "photos", tmp_path / "out" / "labels"
    cat = (Annotation(Kind.CLASS, "cat", locator="flags"),)
    names = ["a.jpg", "a.png", "deep/b.c.jpg", "DEEP/B.C.PNG"]

    count = LabelMe().write_records((Record(name, "", cat, size_wh=(4, 3)) for name in names), labels, photos)

    items, _ = read(labels, root=photos, is_image=set(names).__contains__)
    assert count == 4
    assert {path.relative_to(labels).as_posix() for path in labels.rglob("*.json")} == {
        "a.json", "a.png.json", "deep/b.c.json", "DEEP/B.C.PNG.json",
    }  # fmt: skip
    assert (
        json.loads((labels / "deep" / "b.c.json").read_bytes())["imagePath"] == "../../../photos/deep/b.c.jpg"
    )
    assert sorted(item.image for item in items if isinstance(item, Record)) == sorted(names)
    assert all(item.annotations == cat for item in items if isinstance(item, Record))


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("mine", encoding="utf-8")

    with pytest.raises(UsageError, match="this file is there already"):
        LabelMe().write_records([Record("a.jpg", "")], tmp_path, tmp_path)

    assert (tmp_path / "a.json").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("image", ["../a.jpg", "/a.jpg", "b/../../a.jpg", "C:\\a.jpg", "C:a.jpg"])
def test_nothing_is_written_outside_the_target(tmp_path: Path, image: str) -> None:
    with pytest.raises(UsageError, match="leads out of the folder"):
        LabelMe().write_records([Record(image, "")], tmp_path / "out", tmp_path)

    assert not list(tmp_path.rglob("*.json"))


def test_it_says_that_only_splits_and_groups_are_lost() -> None:
    assert frozenset(Keeps) - LabelMe.keeps == {Keeps.SPLIT, Keeps.GROUP}


def test_writing_beside_the_images_reads_back(tmp_path: Path) -> None:
    shutil.copy(EVERY_SHAPE, tmp_path / "every_shape.json")
    before = record(tmp_path / "every_shape.json")
    (tmp_path / "every_shape.json").unlink()

    LabelMe().write_records([before], tmp_path, tmp_path)

    assert record(tmp_path / "every_shape.json") == before
