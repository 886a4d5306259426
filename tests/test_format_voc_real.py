"""VOC files that others made, files that break such tools, and files that are broken at random."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from labelprep.errors import SourceError
from labelprep.formats.base import Rejected
from labelprep.formats.voc_writing import document_of
from labelprep.manifest.store import Store, open_store
from labelprep.model.annotation import Kind, Record
from labelprep.workflows.importing import import_labels
from running import rows, scan
from voc_documents import SIZE, box, document, read

SHARED = Path(__file__).parents[1].parent / "shared"
DATA = SHARED / "data" / "voc"
TORTURE = SHARED / "torture"
needs_shared = pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared data, which is not here")
FUZZ = int(os.environ.get("LABELPREP_FUZZ", "200"))
SECONDS = 5.0


@needs_shared
@pytest.mark.parametrize(("name", "objects"), [("blood_cells", 4888), ("windows_paths", 164)])
def test_real_files_give_the_boxes_that_plain_xml_counts(name: str, objects: int) -> None:
    files = sorted((DATA / name).rglob("*.xml"))
    plain = Counter(
        one.findtext("name")
        for file in files
        for one in ET.parse(file).getroot().iter("object")  # noqa: S314 - known files
    )

    items, reading = read(DATA / name)

    records = [item for item in items if isinstance(item, Record)]
    assert Counter(one.label for item in records for one in item.annotations) == plain
    assert plain.total() == objects
    assert len(records) == len(items) == len(files)
    assert {one.kind for item in records for one in item.annotations} == {Kind.BOX}
    assert reading.facts["counting"].startswith("counted from 1, far edge the last pixel")
    assert reading.issues == []
    wide, high = records[0].size_wh or (0, 0)
    assert all(
        0 <= left < right <= wide and 0 <= top < bottom <= high
        for item in records
        for left, top, right, bottom in (one.geometry for one in item.annotations)
    )


@needs_shared
@pytest.mark.parametrize("name", ["blood_cells", "windows_paths"])
def test_real_files_survive_being_written(name: str, tmp_path: Path) -> None:
    items, _ = read(DATA / name)
    records = [item for item in items if isinstance(item, Record)]
    for each in records:
        file = tmp_path / each.locator
        file.parent.mkdir(parents=True, exist_ok=True)
        folder, _, filename = each.image.rpartition("/")
        file.write_text(document_of(folder, filename, each.size_wh, each.annotations), encoding="utf-8")

    again, _ = read(tmp_path)

    assert again == records


@needs_shared
def test_real_files_find_their_images_by_certain_rules(work: Path) -> None:
    shutil.copytree(DATA / "windows_paths", work / "photos")
    report = scan(work / "photos", work / "manifest.db", labels="none")

    with open_store(report.manifest) as store:
        found = import_labels(store, work / "photos")

    assert (found.format, found.rows, found.matched) == ("voc", 18, 18)
    assert found.rules == {"path": 18}
    assert (found.annotations, set(found.classes_added)) == (164, {"date", "fig", "hazelnut"})


CAT = [("box", "cat")]
IMPORTED: dict[str, tuple[list[tuple[str, str]], set[str]] | str] = {
    "one_based_full": (CAT, set()),
    "zero_based_full": (CAT, {"LP286"}),
    "no_object": ([], {"LP287"}),
    "no_size": (CAT, {"LP286", "LP288"}),
    "wrong_size": (CAT, {"LP286", "LP248"}),
    "swapped_size": (CAT, {"LP286", "LP248", "LP346"}),
    "all_outside": (CAT, {"LP286", "LP346"}),
    "negative": (CAT, {"LP286", "LP346"}),
    "reversed": (CAT, {"LP286", "LP287"}),
    "float": (CAT, {"LP286"}),
    "nan": "xmin is 'nan', not a finite number",
    "text_coord": "xmin is 'ten', not a finite number",
    "missing_xmax": "xmax is missing",
    "huge_coord": "xmax is '9999",
    "order_bndbox": (CAT, {"LP286"}),
    "rotated": ([("rotated_box", "cat")], set()),
    "polygon": ([("polygon", "cat")], set()),
    "space_name": (CAT, {"LP286", "LP287"}),
    "difficult": (CAT, {"LP286"}),
    "filename_noext": (CAT, {"LP286"}),
    "filename_traversal": "not one of 1 rows names an image",
    "gbk_declared": ([("box", "猫")], {"LP286"}),
    "gbk_undeclared": "in UTF-8 it says 'è', in GB18030 '猫'",
    "bom": (CAT, {"LP286"}),
    "billion_laughs": "it declares or uses the entity 'a'",
    "xxe": "it declares or uses the entity 'e'",
    "xxe_http": (CAT, {"LP286"}),
    "empty": "the file is empty",
    "not_voc": "not VOC: its root is <project>",
    "deep": "not VOC: its root is <a>",
}
"""File → shapes that are stored and codes that are told, or what the error says."""
EVERYWHERE = {"LP249"}
"""Images that have no label file."""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the manifest of the pictures that the files are about, beside those files."""
    work = tmp_path_factory.mktemp("torture")
    shutil.copytree(TORTURE / "labels" / "voc", work / "voc")
    return scan(work / "voc", work / "manifest.db", labels="none").manifest


@needs_shared
@pytest.mark.parametrize("name", IMPORTED)
def test_every_file_that_breaks_such_tools_ends_as_it_should(name: str, images: Path) -> None:
    expected = IMPORTED[name]
    manifest = Path(shutil.copy(images, images.with_name(f"{name}.db")))
    began = time.perf_counter()

    with open_store(manifest) as store:
        found = _imported(store, images.parent / "voc" / f"{name}.xml")

    assert time.perf_counter() - began < SECONDS
    if isinstance(expected, str):
        assert isinstance(found, str)
        assert expected in found
        return
    assert found == expected


def _imported(store: Store, file: Path) -> tuple[list[tuple[str, str]], set[str]] | str:
    try:
        report = import_labels(store, file)
    except SourceError as error:
        return str(error)
    query = """
        SELECT annotation.kind, class.name FROM annotation JOIN class ON class.id = class_id ORDER BY 1, 2
    """
    return rows(store, query), {issue.code for issue in report.issues} - EVERYWHERE


@needs_shared
def test_all_files_that_break_such_tools_are_looked_at() -> None:
    with (TORTURE / "labels.csv").open(encoding="utf-8", newline="") as file:
        names = {Path(row["file"]).stem for row in csv.DictReader(file) if row["file"].startswith("voc/")}

    assert names == IMPORTED.keys()
    assert not list(Path("/tmp").glob("pwned*"))  # noqa: S108 - where the canaries would fly to


@needs_shared
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("all_outside", [499, 499, 600, 600]),
        ("negative", [-6, -4, 50, 60]),
        ("float", [10.5, 10.25, 50.75, 60]),
    ],
)
def test_boxes_are_read_as_they_are_also_outside(name: str, expected: list[float]) -> None:
    (item,), _ = read(TORTURE / "labels" / "voc" / f"{name}.xml")

    assert isinstance(item, Record)
    assert item.annotations[0].geometry == expected


PIECES = [
    *(b"<", b">", b"&", b'"', b"'", b"/", b"</object>", b"<object>", b"<!--", b"-->", b"<![CDATA[", b"]]>"),
    *(b"&#0;", b"&lt;", b"&amp;", b"&e;", b"<!DOCTYPE a>", b"<?xml?>", b"\x00", b"\xff", b"\xef\xbb\xbf"),
    *(b"\xc3\xa8", "黑色的狗".encode("gbk"), b"nan", b"-1", b"0", b"1e308", b"9" * 5000, b"0.5", b" "),
    *(
        b"<a>" * 300,
        b'type="json"',
        b"[[[",
        b"{",
        b"<labelprep>{</labelprep>",
        b"\xed\xa0\x80",
        b"<x1>3</x1>",
    ),
    *(b"<counted_from>1</counted_from>", b"<width>0</width>", b"<name/>", b"<bndbox/>", b"<part/>"),
]
POLYGON = "<polygon><x1>1</x1><y1>1</y1><x2>9</x2><y2>1</y2><x3>9</x3><y3>9</y3></polygon>"
TURNED = "<robndbox><cx>50</cx><cy>50</cy><w>20</w><h>10</h><angle>0.5</angle></robndbox>"
OWN = json.dumps({"points": [[0, 0], [1, 0], [1, 1], [0, 2]]})
WHOLE = document(
    box(1, 1, 9, 9, more="<pose>Left</pose><difficult>1</difficult>"),
    box(1, 1, 9, 9, name="猫", more=POLYGON),
    f"<object><name>c</name>{TURNED}<labelprep>{OWN}</labelprep>"
    "<attributes><attribute><name>k</name><value type='json'>[1]</value></attribute></attributes></object>",
    box(1, 1, 9, 9, more="<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin></bndbox></part>"),
    head="<filename>a.jpg</filename><source><database>x</database></source>",
    size=SIZE,
).encode()


@pytest.mark.drawn
@pytest.mark.parametrize("seed", range(FUZZ))
def test_broken_files_give_items_that_can_be_kept(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test
    file, copy = tmp_path / "a.xml", tmp_path / "b.xml"
    file.write_bytes(broken(chance))
    began = time.perf_counter()

    (item,), reading = read(file, is_image=lambda _: False)

    assert time.perf_counter() - began < SECONDS
    issues = [issue.as_json() for issue in reading.issues]
    assert json.dumps([issues, reading.facts], ensure_ascii=False).encode("utf-8")
    if isinstance(item, Rejected):
        assert (bool(item.issue.problem), bool(item.issue.fix)) == (True, True)
        return
    copy.write_text(document_of("", "a.jpg", item.size_wh, item.annotations), encoding="utf-8", newline="\n")
    (again,), _ = read(copy)
    assert isinstance(again, Record)
    assert len(again.annotations) == len(item.annotations)
    for one, other in zip(again.annotations, item.annotations, strict=True):
        assert (one.kind, one.label, one.confidence) == (other.kind, other.label, other.confidence)
        assert one.attributes == other.attributes


def broken(chance: random.Random) -> bytes:
    """Return a VOC file with a few bytes cut, doubled or replaced."""
    data = bytearray(WHOLE)
    for _ in range(chance.choice([1, 1, 2, 5])):
        start = chance.randrange(len(data))
        end = min(len(data), start + chance.choice([0, 0, 1, 1, 5, 100]))
        action = chance.randrange(4)
        if action == 0:
            data[start:end] = chance.choice(PIECES)
        elif action == 1:
            data[start:end] = data[start:end] * 2
        elif action == 2:
            del data[start:end]
        else:
            # Between tags, so that the document stays whole more often.
            at = data.find(b"><", start) + 1
            data[at:at] = chance.choice(PIECES)
    return bytes(data)
