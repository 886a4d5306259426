"""Writing VOC: what the tools read that know it, and that reading gives back what was written."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from json_values import TEXT, VALUE
from labelprep.formats.base import Export, Outgoing
from labelprep.formats.placing import Files
from labelprep.formats.voc import Voc
from labelprep.formats.voc_writing import document_of
from labelprep.formats.xml_files import element, is_plain, parsed, plain
from labelprep.model import geometry
from labelprep.model.annotation import Annotation, Kind, Record
from pictures import tree
from running import rows, scan
from voc_documents import box, read, record, told, written

if TYPE_CHECKING:
    from pathlib import Path

    from running import Command

# Down to a billionth of a pixel, numbers come back exactly as they are.
NUMBER = st.floats(-1e6, 1e6).map(lambda value: round(value, 9))
POINTS = st.lists(st.lists(NUMBER, min_size=2, max_size=2), min_size=3, max_size=7)
KNOWN_KEYS = [
    *("pose", "truncated", "difficult", "occluded", "parts", "type", "score", "confidence", "name", "bndbox"),
    *("attributes", "labelprep", "voc:bndbox", "voc:object", "@id", "group_id", "flags"),
]
PARTS = st.lists(
    st.builds(
        lambda name, left, size: {"name": name, "box": [left, 0.0, left + size, 0.5], "side": "left"},
        TEXT,
        NUMBER,
        st.floats(0.25, 100),
    ),
    max_size=2,
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(KNOWN_KEYS) | TEXT,
    VALUE | PARTS | st.sampled_from(["1", "0", "Left", "Unspecified", " x", True, [0.0, 1.0, 50.0, 60.0]]),
    max_size=4,
)
CONFIDENCE = st.none() | st.floats(0, 1)
BOXES = st.lists(NUMBER, min_size=4, max_size=4).map(
    lambda sides: [*map(min, sides[:2], sides[2:]), *map(max, sides[:2], sides[2:])]
)
FORMS = st.one_of(
    st.tuples(st.just(Kind.BOX), BOXES.filter(lambda sides: sides[0] < sides[2] and sides[1] < sides[3])),
    st.tuples(st.just(Kind.POLYGON), POINTS.filter(lambda points: not geometry.is_flat(points))),
    st.tuples(
        st.just(Kind.ROTATED_BOX),
        st.lists(st.lists(NUMBER, min_size=2, max_size=2), min_size=4, max_size=4).filter(
            lambda points: not geometry.is_flat(points) and points[0] != points[1] and points[0] != points[3]
        ),
    ),
)
SHAPES = st.lists(st.tuples(FORMS, TEXT, ATTRIBUTES, CONFIDENCE), max_size=4)
TAGS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,5}", fullmatch=True)
HELD = st.recursive(
    TEXT.map(str.strip),
    lambda inner: st.dictionaries(
        TAGS, inner | st.lists(inner, min_size=2, max_size=3), min_size=1, max_size=3
    ),
    max_leaves=6,
)


@given(SHAPES, st.dictionaries(TEXT.map(lambda key: f"x{key}"), VALUE, max_size=3), TEXT, TEXT)
def test_reading_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    shapes: list[tuple[tuple[Kind, Any], str, dict[str, Any], float | None]],
    kept: dict[str, Any],
    folder: str,
    name: str,
) -> None:
    annotations = [
        Annotation(kind, label, form, dict(said), f"object[{at}]", share)
        for at, ((kind, form), label, said, share) in enumerate(shapes)
    ]
    if annotations and kept:
        annotations[0].attributes["voc:file"] = kept
    image = f"{folder.replace('/', '')}照片/{name.replace('/', '')}a.jpg".replace("\\", "").replace("..", "")
    file = tmp_path_factory.getbasetemp() / "round_trip.xml"

    text = document_of(posixpath.dirname(image), posixpath.basename(image), (160, 120), annotations)
    file.write_text(text, encoding="utf-8", newline="\n")
    (found,), reading = read(file)

    assert isinstance(found, Record)
    assert (found.image, found.size_wh) == (image, (160, 120))
    # A rotated box is written as centre, size and angle; its corners come back to a millionth of a pixel.
    assert [_rounded(one) for one in found.annotations] == [_rounded(one) for one in annotations]
    assert [code for code, _, _ in told(reading) if code in {"LP281", "LP283", "LP284", "LP286"}] == []


def _rounded(item: Annotation) -> Annotation:
    if item.kind is not Kind.ROTATED_BOX:
        return item
    form = [[pytest.approx(value, abs=1e-6) for value in point] for point in item.geometry]
    return Annotation(item.kind, item.label, form, item.attributes, item.locator, item.confidence)


@given(st.dictionaries(TAGS, HELD, min_size=1, max_size=3))
def test_values_come_out_of_elements_as_they_went_in(value: dict[str, Any]) -> None:
    text = "\n".join(element("a", value))

    assert not is_plain(value) or plain(parsed(text)) == value


def test_the_text_is_what_tools_expect(tmp_path: Path) -> None:
    items = [
        Annotation(Kind.BOX, "cat", [0, 0, 160, 120], {"difficult": True, "pose": "Left", "colour": "red"}),
        Annotation(Kind.POLYGON, "dog", [[0, 0], [9.5, 0], [9, 9]], {}, "", 0.5),
        Annotation(Kind.ROTATED_BOX, "fox", [[40, 45], [60, 45], [60, 55], [40, 55]]),
    ]
    file = tmp_path / "a.xml"

    file.write_text(document_of("JPEGImages", "a.jpg", (160, 120), items), encoding="utf-8")

    root = ET.fromstring(file.read_text(encoding="utf-8"))  # noqa: S314 - written just now
    assert [child.tag for child in root] == [
        "folder", "filename", "size", "segmented", "labelprep", "object", "object", "object",
    ]  # fmt: skip
    cat, dog, fox = root.findall("object")
    assert ET.tostring(cat, encoding="unicode").replace("\t", "").replace("\n", "") == (
        "<object><name>cat</name><pose>Left</pose><truncated>0</truncated><difficult>1</difficult>"
        "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>160</xmax><ymax>120</ymax></bndbox>"
        "<attributes><attribute><name>colour</name><value>red</value></attribute></attributes></object>"
    )
    assert [one.text for one in dog.findall("bndbox/*")] == ["1", "1", "9.5", "9"]
    assert [(one.tag, one.text) for one in dog.findall("polygon/*")] == [
        ("x1", "1"), ("y1", "1"), ("x2", "10.5"), ("y2", "1"), ("x3", "10"), ("y3", "10"),
    ]  # fmt: skip
    assert dog.findtext("confidence") == "0.5"
    assert [child.tag for child in fox][:2] == ["type", "name"]
    assert [one.text for one in fox.findall("bndbox/*")] == ["41", "46", "60", "55"]
    assert [one.text for one in fox.findall("robndbox/*")] == ["50", "50", "20", "10", "0"]
    assert fox.find("labelprep") is None


def test_what_labelimg_wrote_is_written_again_with_the_same_numbers(tmp_path: Path) -> None:
    file = written(tmp_path, box(1, 1, 160, 120), box(11, 21, 50, 60, more="<difficult>1</difficult>"))
    first = record(file)

    file.write_text(document_of("photos", "a.jpg", first.size_wh, first.annotations), encoding="utf-8")

    text = "".join(file.read_text(encoding="utf-8").split())
    for corners in ((1, 1, 160, 120), (11, 21, 50, 60)):
        assert box(*corners).split("<bndbox>")[1].split("</bndbox>")[0] in text
    assert record(file) == first


def test_a_rotated_box_that_was_turned_since_has_its_new_corners(tmp_path: Path) -> None:
    slanted = Annotation(Kind.ROTATED_BOX, "cat", [[0, 0], [40, 10], [30, 50], [-10, 30]])
    text = document_of("", "a.jpg", None, [slanted])
    file = tmp_path / "a.xml"
    file.write_text(text, encoding="utf-8")
    as_written = record(file).annotations[0].geometry
    start, end = text.index("<angle>"), text.index("</angle>")

    file.write_text(f"{text[:start]}<angle>0{text[end:]}", encoding="utf-8")

    assert as_written == slanted.geometry
    assert [point[1] for point in record(file).annotations[0].geometry][0::2] != [0, 50]


def test_classes_of_whole_images_and_shapes_without_a_class_are_left_out_and_told() -> None:
    items = (
        Annotation(Kind.CLASS, "cat"),
        Annotation(Kind.BOX, None, [0, 0, 1, 1]),
        Annotation(Kind.CIRCLE, "cat", [5, 5, 2]),
        Annotation(Kind.BOX, "cat", [0, 0, 1, 1], {"a": 1}, "", 0.5),
    )
    outgoing = Outgoing(Record("a.jpg", "", items, "train", "g"), None, is_stated=True)  # type: ignore[arg-type]

    text = document_of("", "a.jpg", None, items)

    assert text.count("<object>") == 1
    assert Voc().lost(outgoing) == {"class": 1, "circle": 1, "shapes without a class": 1, "group": 1}


def test_what_was_written_is_utf_8_where_nothing_else_tells(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    item = Annotation(Kind.BOX, "é", [0.0, 0.0, 8.0, 8.0])
    file.write_text(document_of("", "a.png", (8, 8), [item]), encoding="utf-8")

    (found,), reading = read(file)

    assert isinstance(found, Record)
    assert [one.label for one in found.annotations] == ["é"]
    assert reading.facts["encoding"] == "utf-8"


def test_an_export_has_the_folders_of_the_devkit(tmp_path: Path) -> None:
    pictures = ("a/1.jpg", "a/1.png", "b.jpg", "c.jpg")
    for name in pictures:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(name.encode())
    shape = (Annotation(Kind.BOX, "cat", [0, 0, 5, 5]),)
    items = [
        Outgoing(
            Record("a/1.jpg", "", shape, "train", size_wh=(9, 9)), tmp_path / "in/a/1.jpg", is_stated=True
        ),
        Outgoing(Record("a/1.png", "", (), "val", size_wh=(9, 9)), tmp_path / "in/a/1.png", is_stated=True),
        Outgoing(Record("b.jpg", "", (), "train"), tmp_path / "in/b.jpg", is_stated=False),
        Outgoing(Record("c.jpg", "", ()), tmp_path / "in/c.jpg", is_stated=False),
    ]
    export = Export(tmp_path / "in", ("cat",), lambda: iter(items))

    made = Voc().write(export, tmp_path / "out")

    assert [
        path.relative_to(tmp_path / "out").as_posix() for path in sorted((tmp_path / "out").rglob("*.*"))
    ] == [
        "Annotations/a/1.png.xml",
        "Annotations/a/1.xml",
        "ImageSets/Main/train.txt",
        "ImageSets/Main/val.txt",
        *(f"JPEGImages/{name}" for name in pictures),
        "labelmap.txt",
    ]
    assert (tmp_path / "out/labelmap.txt").read_text(encoding="utf-8").splitlines()[1:] == ["cat:::"]
    assert (tmp_path / "out/ImageSets/Main/train.txt").read_bytes() == b"a/1\nb\n"
    assert (made.images, made.annotations, made.files) == (2, 1, 9)
    found, _ = read(tmp_path / "out")
    assert [(item.image, item.split) for item in found if isinstance(item, Record)] == [
        ("JPEGImages/a/1.png", None),
        ("JPEGImages/a/1.png", "val"),
        ("JPEGImages/a/1.jpg", "train"),
        ("b", "train"),
    ]


def test_no_map_is_written_that_a_name_would_break(tmp_path: Path) -> None:
    export = Export(tmp_path, ("cat", "a:b"), lambda: iter(()))

    Voc().write(export, tmp_path / "out")

    assert not (tmp_path / "out/labelmap.txt").exists()


def test_without_splits_one_list_names_all(tmp_path: Path) -> None:
    items = [Outgoing(Record(f"{name}.jpg", ""), tmp_path, is_stated=True) for name in "ab"]
    export = Export(tmp_path, (), lambda: iter(items), files=Files.LEAVE)

    Voc().write(export, tmp_path / "out")

    (made,) = (tmp_path / "out/ImageSets/Main").iterdir()
    assert (made.name, made.read_text(encoding="utf-8")) == ("trainval.txt", "a\nb\n")


@pytest.mark.parametrize("files", ["copy", "leave"])
def test_what_was_imported_goes_out_and_comes_back(work: Path, command: Command, files: str) -> None:
    tree(work / "photos", [f"{folder}/{number}.png" for folder in ("x", "y") for number in (1, 2, 3)])
    scan(work / "photos", work / "manifest.db", labels="none")
    for folder in "xy":
        head = f"<folder>photos/{folder}</folder><filename>1.png</filename>"
        size = "<size><width>8</width><height>8</height></size>"
        objects = (box(1, 1, 8, 8), box(2, 2, 4, 4, name="dog", more="<pose>Left</pose>"))
        written(work / "labels", *objects, name=f"{folder}1.xml", head=head, size=size)
        written(work / "labels", head=head.replace("1.png", "2.png"), name=f"{folder}2.xml", size=size)
    (work / "labels/train.txt").write_text("x1\ny2\nphotos/x/3.png\n", encoding="utf-8")
    (work / "labels/val.txt").write_text("x2\ny1\n", encoding="utf-8")
    imported = command("import", "labels", "--json")
    out = work / "out"

    ran = command("export", "out", "--to", "voc", "--verify", "--files", files, "--json")
    again = command("export", "again", "--to", "voc", "--files", files, "--json")

    assert (ran.code, again.code) == (0, 0), ran
    assert (ran.json["verified"], ran.json["lost"]) == (True, [])
    assert (ran.json["images"], ran.json["annotations"]) == (4, 4)
    one, other = (
        {path.relative_to(top): path.read_bytes() for path in top.rglob("*.*") if path.is_file()}
        for top in (work / "out", work / "again")
    )
    assert one == other
    assert (imported.json["matched"], imported.json["unmatched"]) == (7, 0)
    assert rows(work / "manifest.db", "SELECT path, split FROM image ORDER BY path") == [
        ("x/1.png", "train"), ("x/2.png", "val"), ("x/3.png", "train"),
        ("y/1.png", "val"), ("y/2.png", "train"), ("y/3.png", None),
    ]  # fmt: skip
    assert (out / "ImageSets/Main/train.txt").read_text(encoding="utf-8") == "x/1\nx/3\ny/2\n"
