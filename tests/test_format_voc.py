"""Reading VOC's XML: what each element of a file becomes, and what is told of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from labelprep.errors import SourceError, UsageError
from labelprep.formats.voc import Voc
from labelprep.model.annotation import Annotation, Kind, Record
from voc_documents import HEAD, SIZE, box, document, read, record, rejected, shape, thing, told, written

if TYPE_CHECKING:
    from pathlib import Path

AT_ONE = box(1, 1, 160, 120, name="frame")
"""Makes a set count from 1 for certain."""


def test_a_file_of_the_devkit_is_read_whole(tmp_path: Path) -> None:
    flags = "<pose>Left</pose><truncated>1</truncated><difficult>1</difficult><occluded>1</occluded>"
    file = written(tmp_path, AT_ONE, box(11, 21, 50, 60, more=flags))

    (item,), reading = read(file)

    said = {"pose": "Left", "truncated": True, "difficult": True, "occluded": True}
    assert item == Record(
        image="photos/a.jpg",
        locator="",
        annotations=(
            Annotation(Kind.BOX, "frame", [0.0, 0.0, 160.0, 120.0], {}, "object[0]"),
            Annotation(Kind.BOX, "cat", [10.0, 20.0, 50.0, 60.0], said, "object[1]"),
        ),
        beside="a.xml",
        size_wh=(160, 120),
    )
    assert reading.issues == []
    assert reading.facts == {
        "encoding": "utf-8",
        "files": 1,
        "encodings": {"utf-8": 1},
        "shape_types": {"bndbox": 2},
        "lists": {},
        "counting": "counted from 1, far edge the last pixel (0 of 2 boxes begin at 0, 1 at 1)",
        "evidence": {
            "boxes": 2,
            "begin_at_0": 0,
            "begin_at_1": 1,
            "end_at_size": 1,
            "end_one_before_size": 0,
            "with_fractions": 0,
        },
    }


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("<truncated>0</truncated><difficult>false</difficult><pose>Unspecified</pose>", {}),
        ("<truncated>Unspecified</truncated><pose/><occluded/>", {}),
        ("<truncated>0.5</truncated><difficult>TRUE</difficult>", {"truncated": "0.5", "difficult": True}),
        ("<type>bndbox</type>", {}),
        ("<track_id> 7 </track_id>", {"track_id": "7"}),
        (
            "<actions><jumping>1</jumping></actions><hint>a</hint><hint>b</hint>",
            {"actions": {"jumping": "1"}, "hint": ["a", "b"]},
        ),
        (
            "<attributes><attribute><name>colour</name><value>red</value></attribute></attributes>",
            {"colour": "red"},
        ),
        ("<attributes><colour>red</colour></attributes>", {"attributes": {"colour": "red"}}),
        ('<point unit="px"><x>4</x></point>', {"point": {"@unit": "px", "x": "4"}}),
        ("<confidence>7</confidence>", {"confidence": "7"}),
    ],
)
def test_what_else_an_object_holds_becomes_attributes(
    tmp_path: Path, more: str, expected: dict[str, Any]
) -> None:
    file = written(tmp_path, box(more=more))

    found = shape(file)

    assert found.attributes == expected
    assert found.confidence is None


@pytest.mark.parametrize("tag", ["confidence", "score"])
def test_a_score_is_the_confidence(tmp_path: Path, tag: str) -> None:
    found = shape(written(tmp_path, box(more=f"<{tag}>0.75</{tag}>")))

    assert (found.confidence, found.attributes) == (0.75, {})


@pytest.mark.parametrize(
    "polygon",
    [
        "<x1>1</x1><y1>2</y1><x2>31</x2><y2>2</y2><x3>31.5</x3><y3>42</y3>",
        "<x2>31</x2><y2>2</y2><x10>31.5</x10><y10>42</y10><x1>1</x1><y1>2</y1>",
        "<pt><x>1</x><y>2</y></pt><pt><x>31</x><y>2</y></pt><pt><x>31.5</x><y>42</y></pt><username>me</username>",
    ],
)
def test_a_polygon_is_taken_in_place_of_the_box_around_it(tmp_path: Path, polygon: str) -> None:
    file = written(tmp_path, AT_ONE, box(1, 2, 31, 42, more=f"<polygon>{polygon}</polygon>"))

    found = record(file).annotations[1]

    expected = [[0.0, 1.0], [30.0, 1.0], [30.5, 41.0]]
    assert found == Annotation(Kind.POLYGON, "cat", expected, {}, "object[1]")


def test_a_box_elsewhere_than_its_polygon_is_kept(tmp_path: Path) -> None:
    polygon = "<polygon><x1>1</x1><y1>1</y1><x2>31</x2><y2>1</y2><x3>31</x3><y3>41</y3></polygon>"
    file = written(tmp_path, AT_ONE, box(11, 1, 81, 41, more=polygon))

    (item,), reading = read(file)

    assert isinstance(item, Record)
    assert item.annotations[1].kind is Kind.POLYGON
    assert item.annotations[1].attributes == {"voc:bndbox": [10.0, 0.0, 81.0, 41.0]}
    (one,) = told(reading)
    assert one[:2] == ("LP287", "a.xml:object[1]")


def test_several_polygons_of_an_object_say_that_they_belong_together(tmp_path: Path) -> None:
    first = "<polygon><x1>0</x1><y1>0</y1><x2>9</x2><y2>0</y2><x3>9</x3><y3>9</y3></polygon>"
    second = "<polygon><x1>20</x1><y1>0</y1><x2>29</x2><y2>0</y2><x3>29</x3><y3>9</y3></polygon>"
    file = written(tmp_path, box(0, 0, 160, 120), thing(first + second))

    found = record(file).annotations[1:]

    assert [one.locator for one in found] == ["object[1].polygon[0]", "object[1].polygon[1]"]
    assert [one.attributes for one in found] == [{"voc:object": 1}, {"voc:object": 1}]


@pytest.mark.parametrize(
    ("polygon", "why"),
    [
        ("<x1>1</x1><y1>1</y1><x2>9</x2><y2>9</y2>", "a polygon of 2 points encloses nothing"),
        ("<x1>1</x1><y1>1</y1><x2>9</x2><y2>9</y2><x3>5</x3>", "not each x has its y"),
        ("<x1>1</x1><y1>1</y1><x2>9</x2><y2>9</y2><x3>5</x3><y3>5</y3>", "a polygon whose points lie on one"),
        ("<x1>1</x1><y1>one</y1>", "y is 'one', not a finite number"),
    ],
)
def test_of_a_bad_polygon_its_box_is_taken_and_the_loss_is_told(
    tmp_path: Path, polygon: str, why: str
) -> None:
    file = written(tmp_path, AT_ONE, box(11, 11, 50, 60, more=f"<polygon>{polygon}</polygon>"))

    (item,), reading = read(file)

    assert isinstance(item, Record)
    assert item.annotations[1].geometry == [10.0, 10.0, 50.0, 60.0]
    (one,) = told(reading)
    assert one[:2] == ("LP283", "a.xml:object[1]")
    assert one[2].startswith(f"a polygon of it is not taken: {why}")


def test_a_rotated_box_is_read_from_centre_size_and_angle(tmp_path: Path) -> None:
    turned = "<cx>50</cx><cy>40</cy><w>20</w><h>10</h><angle>1.5707963267948966</angle>"
    file = written(
        tmp_path, f"<object><type>robndbox</type><name>cat</name><robndbox>{turned}</robndbox></object>"
    )

    found = shape(file)

    assert (found.kind, found.attributes) == (Kind.ROTATED_BOX, {})
    assert found.geometry == [pytest.approx(point) for point in [[55, 30], [55, 50], [45, 50], [45, 30]]]


def test_parts_are_kept_with_their_boxes_counted_from_0(tmp_path: Path) -> None:
    corners = "<xmin>11</xmin><ymin>1</ymin><xmax>20</xmax><ymax>9</ymax>"
    parts = (
        f"<part><name>head</name><bndbox>{corners}</bndbox></part>"
        f"<part><name>hand</name><bndbox>{corners}</bndbox><side>left</side></part><part><name>foot</name></part>"
    )
    file = written(tmp_path, AT_ONE, box(more=parts))

    (item,), reading = read(file)

    assert isinstance(item, Record)
    assert item.annotations[1].attributes == {
        "parts": [
            {"name": "head", "box": [10.0, 0.0, 20.0, 9.0]},
            {"side": "left", "name": "hand", "box": [10.0, 0.0, 20.0, 9.0]},
        ]
    }
    assert told(reading) == [("LP283", "a.xml:object[1]", "part[2] is not taken: it has no bndbox")]


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (thing(""), "it has no bndbox, polygon or robndbox"),
        (box("nan", 1, 2, 3), "xmin is 'nan', not a finite number"),
        (box(1, "inf", 2, 3), "ymin is 'inf', not a finite number"),
        (box(1, 1, "1_0", 3), "xmax is '1_0', not a finite number"),
        (box(1, 1, "10,5", 30), "xmax is '10,5', not a finite number"),
        (box(1, 1, "9" * 400, 3), "xmax is"),
        (box(1, 1, "1e300", 3), "xmax is '1e300': no picture reaches that far"),
        (box(1, 1, "", 3), "xmax is missing"),
        (thing("<bndbox><xmin>1</xmin><ymin>1</ymin><ymax>9</ymax></bndbox>"), "xmax is missing"),
        (box(name=" "), "its name is empty"),
        (f"<object>{box().split('</name>')[1]}", "it has no name"),
        (
            thing("<robndbox><cx>1</cx><cy>1</cy><w>0</w><h>5</h><angle>0</angle></robndbox>"),
            "its rotated box",
        ),
    ],
)
def test_a_bad_object_is_told_with_its_place_and_loses_no_other(tmp_path: Path, one: str, why: str) -> None:
    alone = written(tmp_path, one, name="alone.xml")
    among = written(tmp_path, AT_ONE, one, name="among.xml")

    refused = rejected(alone)
    (item,), reading = read(among)

    assert (refused.reason, refused.issue.code) == ("bad_shapes", "LP283")
    assert refused.issue.where == "alone.xml:object[0]"
    assert refused.issue.problem.startswith(why)
    assert isinstance(item, Record)
    assert [found.label for found in item.annotations] == ["frame"]
    assert [issue.where for issue in reading.issues] == ["among.xml:object[1]"]


def test_a_box_that_is_there_twice_is_told(tmp_path: Path) -> None:
    second = "<bndbox><xmin>5</xmin><ymin>5</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    file = written(tmp_path, AT_ONE, box(11, 11, 50, 60, more=second))

    (item,), reading = read(file)

    assert isinstance(item, Record)
    assert item.annotations[1].geometry == [10.0, 10.0, 50.0, 60.0]
    assert told(reading) == [
        ("LP283", "a.xml:object[1]", "it has 2 elements bndbox: the first is taken"),
    ]


def test_what_was_read_otherwise_is_told_once_for_all(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        written(tmp_path, AT_ONE, box(50, 60, 11, 11), box(name="\n  dog "), name=f"{name}.xml")

    items, reading = read(tmp_path)

    assert [[one.label for one in item.annotations] for item in items if isinstance(item, Record)] == [
        ["frame", "cat", "dog"]
    ] * 3
    assert [item.annotations[1].geometry for item in items if isinstance(item, Record)] == [
        [10.0, 10.0, 50.0, 60.0]
    ] * 3
    often = " (here and in 2 more places)"
    assert told(reading) == [
        (
            "LP287",
            "a.xml:object[1]",
            f"the corners of a box are not in order: read as the box between them{often}",
        ),
        ("LP287", "a.xml:object[2]", f"blanks around the name of a class are cut off{often}"),
    ]


def test_objects_marked_as_deleted_are_left_out(tmp_path: Path) -> None:
    file = written(tmp_path, AT_ONE, box(more="<deleted>1</deleted>"), box(more="<deleted>0</deleted>"))

    (item,), reading = read(file)

    assert isinstance(item, Record)
    assert [one.locator for one in item.annotations] == ["object[0]", "object[2]"]
    assert [problem for _, _, problem in told(reading)] == ["an object that is marked as deleted is left out"]


def test_a_file_without_objects_says_that_nothing_is_there(tmp_path: Path) -> None:
    (item,), reading = read(written(tmp_path))

    assert item == Record("photos/a.jpg", "", beside="a.xml", size_wh=(160, 120))
    assert reading.issues == []


@pytest.mark.parametrize(
    "size",
    [
        "",
        "<size/>",
        "<size><width>0</width><height>0</height></size>",
        "<size><width>160</width></size>",
        "<size><width>-5</width><height>x</height></size>",
    ],
)
def test_a_missing_size_is_told(tmp_path: Path, size: str) -> None:
    (item,), reading = read(written(tmp_path, AT_ONE, size=size))

    assert isinstance(item, Record)
    assert item.size_wh is None
    assert [(issue.code, issue.severity) for issue in reading.issues] == [("LP288", "warning")]


@pytest.mark.parametrize(
    ("head", "kept"),
    [
        ("<segmented>0</segmented><source><database>Unknown</database></source>", None),
        ("<segmented>1</segmented>", {"segmented": "1"}),
        ("<owner><name>me</name></owner>", {"owner": {"name": "me"}}),
        ("<source><database>VOC2012</database></source>", {"source": {"database": "VOC2012"}}),
    ],
)
def test_what_else_a_file_holds_is_kept_with_its_first_annotation(
    tmp_path: Path, head: str, kept: dict[str, Any] | None
) -> None:
    found = record(written(tmp_path, box(), box(), head=HEAD + head)).annotations

    assert found[0].attributes == ({} if kept is None else {"voc:file": kept})
    assert found[1].attributes == {}


def test_attributes_of_the_root_and_a_depth_that_is_not_3_are_kept(tmp_path: Path) -> None:
    file = written(tmp_path, box(), root='annotation verified="yes"', size=SIZE.replace(">3<", ">1<"))

    assert shape(file).attributes == {"voc:file": {"@verified": "yes", "size": {"depth": "1"}}}


@pytest.mark.parametrize(
    ("place", "head", "expected"),
    [
        ("a.xml", "<filename>a.jpg</filename>", "a.jpg"),
        ("a.xml", "<folder>cats</folder><filename>a.jpg</filename>", "cats/a.jpg"),
        ("a.xml", "<folder>..</folder><filename>a.jpg</filename>", "a.jpg"),
        ("a.xml", "<folder>cats</folder><filename>dogs/a.jpg</filename>", "dogs/a.jpg"),
        ("a.xml", "<filename>..\\img\\a.jpg</filename>", "..\\img\\a.jpg"),
        ("a.xml", "<path>E:\\photos\\cats\\a.jpg</path>", "E:/photos/cats/a.jpg"),
        ("a.xml", "<path>/home/me/a.jpg</path><filename>b.jpg</filename>", "b.jpg"),
        ("here/a.xml", "<folder>cats</folder><filename>a.jpg</filename>", "a.jpg"),
        ("Annotations/a.xml", "<folder>VOC2012</folder><filename>a.jpg</filename>", "JPEGImages/a.jpg"),
        ("VOC/Annotations/b/a.xml", "<filename>a.jpg</filename>", "VOC/JPEGImages/b/a.jpg"),
        ("VOC/Annotations/labels/a.xml", "<filename>a.jpg</filename>", "VOC/JPEGImages/labels/a.jpg"),
        ("annotations/a.xml", "<filename>a.jpg</filename>", "images/a.jpg"),
    ],
)
def test_the_image_is_named_with_the_folder_that_is_known(
    tmp_path: Path, place: str, head: str, expected: str
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here/a.jpg").write_bytes(b"")
    file = written(tmp_path, AT_ONE, head=head, name=place)

    found = record(file, root=tmp_path)

    assert found.image == expected
    assert found.beside == place


def test_labels_beside_the_root_name_images_below_it(tmp_path: Path) -> None:
    file = written(tmp_path, AT_ONE, name="VOC/Annotations/b/a.xml")

    found = record(file, root=tmp_path / "VOC/JPEGImages")

    assert (found.image, found.beside) == ("b/a.jpg", None)


def test_a_missing_or_stale_file_name_is_stood_in_for_by_that_of_the_xml_file(tmp_path: Path) -> None:
    written(tmp_path, AT_ONE, name="1.xml", head="")
    written(tmp_path, AT_ONE, name="2.xml", head="<filename>IMG_77.jpg</filename>")
    written(tmp_path, AT_ONE, name="3.xml", head="<filename>../../IMG_77.jpg</filename>")

    items, reading = read(tmp_path, is_image=lambda name: name.split(".")[0] in {"1", "2", "3"})

    assert [item.image for item in items if isinstance(item, Record)] == ["1", "2", "../../IMG_77.jpg"]
    assert [(issue.code, issue.where, issue.severity) for issue in reading.issues] == [
        ("LP285", "1.xml", "note"),
        ("LP285", "2.xml", "warning"),
    ]


@pytest.mark.parametrize(
    ("data", "reason", "problem"),
    [
        (b"", "empty_file", "the file is empty"),
        (b" \n", "empty_file", "the file is empty"),
        (b"<annotation><object>", "bad_xml", "the file ends too early, at line 1, column 21"),
        (b"<annotation></object>", "bad_xml", "no XML at line 1, column 15: mismatched tag"),
        (b"annotation: 5", "bad_xml", "no XML at line 1, column 1: syntax error"),
        (b"<project><x/></project>", "not_voc", "not VOC: its root is <project>"),
        (b"<annotation><x/></annotation>", "not_voc", "not VOC: it has no filename and no object"),
        (b'<?xml version="1.0" encoding="klingon"?><annotation/>', "encoding", "it declares the encoding"),
        (b'<?xml version="1.0" encoding="utf-7"?><annotation/>', "encoding", "it declares the encoding"),
        (
            b'<?xml version="1.0" encoding="utf-8"?><a>\xc3\xc0\xff</a>',
            "encoding",
            "byte 41 (line 1), b'\\xc3",
        ),
        (
            b"<annotation><folder>&nbsp;</folder></annotation>",
            "bad_xml",
            "no XML at line 1, column 21: undef",
        ),
        (
            b'<!DOCTYPE a SYSTEM "x.dtd"><annotation><folder>&e;</folder></annotation>',
            "entities",
            "it declares",
        ),
        (
            b'<!DOCTYPE a [<!ENTITY e "x">]><annotation><size/></annotation>',
            "entities",
            "it declares or uses",
        ),
        (
            b'<!DOCTYPE a [<!ENTITY % e "x">]><annotation><size/></annotation>',
            "entities",
            "it declares or uses",
        ),
        (
            b"<annotation><size>" + b"<a>" * 70 + b"</a>" * 70 + b"</size></annotation>",
            "bad_xml",
            "elements are",
        ),
        (b"<a/>" * 500_001, "too_large", "500,001 tags are too many"),
    ],
)
def test_a_file_that_is_no_use_is_rejected_with_its_reason(
    tmp_path: Path, data: bytes, reason: str, problem: str
) -> None:
    file = tmp_path / "a.xml"
    file.write_bytes(data)

    found = rejected(file)

    assert (found.reason, found.issue.where) == (reason, "a.xml")
    assert found.issue.problem.startswith(problem)
    assert found.issue.fix


def test_a_document_type_without_entities_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_text('<!DOCTYPE annotation SYSTEM "http://127.0.0.1:9/voc.dtd">' + document(AT_ONE), "utf-8")

    assert shape(file).label == "frame"


def test_elements_nested_without_end_are_freed_without_harm(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_bytes(b"<a>" * 240_000 + b"</a>" * 240_000)

    assert rejected(file).reason == "not_voc"


@pytest.mark.parametrize(
    ("head", "encoding", "found"),
    [
        ("", "utf-8", "utf-8"),
        ("", "utf-8-sig", "utf-8"),
        ("", "utf-16", "utf-16"),
        ('<?xml version="1.0" encoding="UTF-8"?>', "utf-8", "utf-8"),
        ('<?xml version="1.0" encoding="utf-16"?>', "utf-8", "utf-8"),
        ("<?xml version='1.0' encoding='GBK'?>", "gbk", "gb18030"),
        ('<?xml version="1.0" encoding="gb2312" standalone="yes"?>', "gb18030", "gb18030"),
        ('<?xml version="1.0" encoding="Big5"?>', "big5", "big5"),
    ],
)
def test_the_encoding_is_that_of_the_bytes(tmp_path: Path, head: str, encoding: str, found: str) -> None:
    file = tmp_path / "a.xml"
    file.write_bytes((head + document(AT_ONE, box(name="黑貓的圖"))).encode(encoding))

    (item,), reading = read(file)

    assert isinstance(item, Record)
    assert item.annotations[1].label == "黑貓的圖"
    assert reading.facts["encoding"] == found
    assert reading.issues == []


def test_gbk_that_is_also_utf_8_is_read_by_what_is_known(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_bytes(document(AT_ONE, box(name="猫")).encode("gbk"))
    other = tmp_path / "more/b.xml"
    other.parent.mkdir()

    alone = rejected(file)
    by_class = record(file, classes=("猫", "frame"))
    by_option = record(file, encoding="gb18030")
    other.write_bytes(document(AT_ONE, box(name="黑色的狗")).encode("gbk"))
    (by_others, _), _ = read(tmp_path)

    assert (alone.reason, alone.issue.problem) == ("encoding", "in UTF-8 it says 'è', in GB18030 '猫'")
    assert isinstance(by_others, Record)
    assert {found.annotations[1].label for found in (by_class, by_option, by_others)} == {"猫"}


def test_an_encoding_that_was_inferred_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_bytes(document(AT_ONE, box(name="黑色的狗")).encode("gbk"))

    _, reading = read(file)

    assert told(reading) == [("LP284", "a.xml", "read as GB18030, not UTF-8")]


def test_files_come_in_order_and_others_are_left_alone(tmp_path: Path) -> None:
    for name in ("b/2.xml", "a/1.XML", "10.xml", "9.xml", "9.xml~", ".hidden.xml", ".git/1.xml", "notes.txt"):
        written(tmp_path, AT_ONE, name=name)

    items, reading = read(tmp_path)

    assert [item.locator for item in items if isinstance(item, Record)] == [
        "10.xml",
        "9.xml",
        "a/1.XML",
        "b/2.xml",
    ]
    assert reading.facts["files"] == 4


def test_what_is_no_source_is_said(tmp_path: Path) -> None:
    written(tmp_path, AT_ONE)

    for source, problem in ((tmp_path / "x.xml", "there is no such file"), (tmp_path / "empty", "no .xml")):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(SourceError, match=problem):
            read(source)
    with pytest.raises(UsageError, match="no known encoding"):
        read(tmp_path, encoding="klingon")


def test_it_knows_its_own(tmp_path: Path) -> None:
    written(tmp_path, AT_ONE, name="voc/a.xml")
    (tmp_path / "voc/b.xml").write_text("<project/>", encoding="utf-8")
    (tmp_path / "wide.xml").write_bytes(document(AT_ONE).encode("utf-16"))
    (tmp_path / "none").mkdir()
    (tmp_path / "other.xml").write_text("<project/>", encoding="utf-8")
    places = ("voc/a.xml", "wide.xml", "voc", "other.xml", "none", "missing.xml")

    found = [Voc().sniff(tmp_path / place) for place in places]

    assert [round(look.confidence, 3) for look in found] == [0.95, 0.95, 0.725, 0.1, 0.0, 0.0]
    assert found[2].reason == "1 of 2 XML files have VOC's elements"
