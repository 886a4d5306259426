"""Whatever a writer does not declare lost is there when its files are read back: for every format alike."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelprep.formats import READ_BY, READERS, WRITERS, writer
from labelprep.formats.base import Export, Keeps, Outgoing, ReadContext
from labelprep.formats.tables import Tables
from labelprep.manifest.store import Store, open_store
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.geometry import mask_counts
from labelprep.workflows.sheet_writing import SUFFIXES
from labelprep.workflows.templating import write_export
from labelprep.workflows.verifying import Verification
from pictures import draw
from running import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = int(os.environ.get("LABELPREP_EXAMPLES", "60"))
SIDE_PX = 8
NAMES = ("a.png", "b.png", "c.png", "更多/d e.png")
SPLITS = ("train", "val", "test")
READ_BACK = sorted(name for name in WRITERS if READ_BY.get(name, name) in READERS)
Form = tuple[str, dict[str, str]]
FORMS: list[Form] = [*((name, {}) for name in READ_BACK), ("huggingface", {"metadata": "csv"})]
NOT_READ_BACK = {"crops": "each shape is a picture of its own, of which no image of the manifest is left"}
# Eighths are exact in every form of writing that keeps a few digits.
EDGES = st.integers(0, SIDE_PX * 8).map(lambda eighths: eighths / 8)
POINTS = st.tuples(EDGES, EDGES).map(list)
CLASSES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=6)
# What ends lines, parts columns or quotes cells in one format or another.
NAMES_OF_CLASSES = CLASSES | st.text(
    st.sampled_from("\r\n\t|,;\"'\x0b\x1c\x1f\x85é"), min_size=1, max_size=4
).filter(str.strip)


def span(edges: tuple[float, float]) -> tuple[float, float]:
    low, high = sorted(edges)
    return (low, high) if high - low >= 1 else (0.0, float(SIDE_PX))


BOXES = st.tuples(st.tuples(EDGES, EDGES).map(span), st.tuples(EDGES, EDGES).map(span)).map(
    lambda spans: [spans[0][0], spans[1][0], spans[0][1], spans[1][1]]
)
CORNERS = st.lists(POINTS, min_size=3, max_size=6, unique_by=tuple).filter(
    lambda points: len({x for x, _ in points}) > 1 and len({y for _, y in points}) > 1
)
MASKS = (
    st.lists(st.booleans(), min_size=12, max_size=12)
    .filter(any)
    .map(lambda pixels: {"size_wh": [4, 3], "offset": [2, 1], "counts": mask_counts(bytes(pixels), (4, 3))})
)
GEOMETRIES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.BOX: BOXES,
    Kind.ROTATED_BOX: st.sampled_from([[[3.0, 1.0], [6.0, 4.0], [4.0, 6.0], [1.0, 3.0]]]),
    Kind.POLYGON: CORNERS,
    Kind.POLYLINE: st.lists(POINTS, min_size=2, max_size=4, unique_by=tuple),
    Kind.POINTS: st.lists(POINTS, min_size=1, max_size=3, unique_by=tuple),
    Kind.CIRCLE: st.tuples(EDGES, EDGES, st.integers(8, 24).map(lambda eighths: eighths / 8)).map(list),
    Kind.MASK: MASKS,
}


def shapes(keeps: frozenset[Keeps], names: list[str]) -> st.SearchStrategy[list[Annotation]]:
    """Return lists of shapes of the kinds that a format keeps."""
    kinds = [kind for kind in GEOMETRIES if Keeps(kind) in keeps]
    if not kinds:
        return st.just([])
    labels: st.SearchStrategy[str | None] = st.sampled_from(names)
    if Keeps.UNNAMED in keeps:
        labels = st.one_of(labels, st.none())
    known: list[dict[str, Any]] = [{}]
    if Keeps.ATTRIBUTES in keeps:
        known += [{"group_id": 2}, {"difficult": True}]
    one = st.sampled_from(kinds).flatmap(
        lambda kind: st.builds(
            Annotation, st.just(kind), labels, GEOMETRIES[kind], st.sampled_from(known).map(dict)
        )
    )
    return st.lists(one, max_size=4)


@st.composite
def exports(draw_: st.DrawFn, keeps: frozenset[Keeps]) -> tuple[tuple[str, ...], list[Record]]:
    """Draw classes, and for some images what is said of them."""
    names = draw_(st.lists(NAMES_OF_CLASSES, min_size=1, max_size=4, unique_by=str.casefold))
    most = 3 if Keeps.CLASSES in keeps else int(Keeps.CLASS in keeps)
    records = []
    for image in NAMES:
        if not draw_(st.booleans()):
            continue
        stated = draw_(st.lists(st.sampled_from(names), max_size=most, unique=True))
        known = [{}, {"age": "old"}] if Keeps.ATTRIBUTES in keeps else [{}]
        said = draw_(st.sampled_from(known))
        annotations = (
            *(Annotation(Kind.CLASS, name, None, dict(said)) for name in sorted(stated)),
            *draw_(shapes(keeps, names)),
        )
        split = draw_(st.sampled_from([*SPLITS, None])) if Keeps.SPLIT in keeps else None
        records.append(Record(image, "", annotations, split, size_wh=(SIDE_PX, SIDE_PX)))
    return tuple(names), records


def outgoing(root: Path, records: list[Record]) -> list[Outgoing]:
    """Return every image as a writer gets it; those that no record is of are unlabelled."""
    said = {record.image: record for record in records}
    found = []
    for image in sorted(NAMES):
        record = said.get(image, Record(image, "", size_wh=(SIDE_PX, SIDE_PX)))
        labels = tuple(item.label for item in record.annotations if item.kind is Kind.CLASS and item.label)
        found.append(Outgoing(record, root / image, image in said, labels))
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return the open manifest of four pictures; nobody writes to it."""
    folder = tmp_path_factory.mktemp("contracts")
    for number, name in enumerate(NAMES):
        draw(folder / "photos" / name, number)
    scan(folder / "photos", folder / "manifest.db", labels="none")
    with open_store(folder / "manifest.db", for_writing=False) as opened:
        yield opened


def differing(
    store: Store, form: Form, names: tuple[str, ...], items: list[Outgoing], target: Path
) -> list[str]:
    """Write an export and return what reads back otherwise."""
    name, options = form
    made = writer(name)
    export = Export(store.root, names, lambda: iter(items), options=options)
    made.write(export, target)
    placed = {path.relative_to(target).as_posix(): image for path, image in export.placed.items()}
    return list(Verification(store, export, made, target, placed).differences())


@pytest.mark.drawn
@pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join((form[0], *form[1].values())))
def test_what_is_not_declared_lost_reads_back(store: Store, form: Form) -> None:
    made = writer(form[0])

    @settings(max_examples=EXAMPLES)
    @given(exports(made.keeps))
    def check(drawn: tuple[tuple[str, ...], list[Record]]) -> None:
        names, records = drawn
        items = [item for item in outgoing(store.root, records) if not made.lost(item)]
        folder = Path(tempfile.mkdtemp())
        try:
            assert differing(store, form, names, items, folder / f"out{made.suffix}") == []
        finally:
            shutil.rmtree(folder)

    check()


@pytest.fixture(scope="module")
def changing(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return the open manifest of the same pictures, in which what sheets hold may be set."""
    place = tmp_path_factory.mktemp("sheets") / "manifest.db"
    scan(store.root, place, labels="none")
    with open_store(place) as opened:
        yield opened


@pytest.mark.drawn
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_sheet_reads_back_as_the_manifest_is(changing: Store, suffix: str) -> None:
    target = changing.path.with_name(f"labels{suffix}")
    said = st.tuples(
        st.lists(CLASSES, max_size=3, unique=True), st.sampled_from([*SPLITS, None]), st.none() | CLASSES
    )

    @settings(max_examples=EXAMPLES)
    @given(st.lists(said, min_size=len(NAMES), max_size=len(NAMES)))
    def check(drawn: list[tuple[list[str], str | None, str | None]]) -> None:
        values = [
            (json.dumps(sorted(names)), split, group, image)
            for image, (names, split, group) in zip(NAMES, drawn, strict=True)
        ]
        with changing.writing() as connection:
            connection.executemany(
                "UPDATE image SET labels = ?, split = ?, group_key = ? WHERE path = ?", values
            )

        write_export(changing, target, overwrite=True)

        assert read_sheet(target) == {
            image: (labels, split, group)
            for labels, split, group, image in values
            if labels != "[]" or split or group
        }

    check()


def read_sheet(sheet: Path) -> dict[str, tuple[str, str | None, str | None]]:
    """Return labels (as the manifest holds them), split and group of each image that a sheet says any of."""
    names = frozenset(NAMES)
    found = Tables().read(sheet, ReadContext(sheet.parent, names.__contains__)).items
    return {
        item.image: (json.dumps(sorted(str(one.label) for one in item.annotations)), item.split, item.group)
        for item in found
        if isinstance(item, Record) and (item.annotations or item.split or item.group)
    }


def test_every_writer_is_read_back_but_for_those_with_a_reason() -> None:
    assert set(WRITERS) - set(READ_BACK) == set(NOT_READ_BACK)


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_the_same_export_gives_the_same_bytes(store: Store, name: str, tmp_path: Path) -> None:
    made = writer(name)
    box = Annotation(Kind.BOX, "cat", [1.0, 2.0, 5.0, 6.0])
    stated = (Annotation(Kind.CLASS, "cat"),) if Keeps.CLASS in made.keeps else ()
    said = (*stated, *((box,) if Keeps.BOX in made.keeps or name == "crops" else ()))
    records = [Record(image, "", said, size_wh=(SIDE_PX, SIDE_PX)) for image in NAMES]

    contents = []
    for run in ("one", "two"):
        target = tmp_path / run / f"out{made.suffix}"
        target.parent.mkdir()
        made.write(Export(store.root, ("cat",), lambda: iter(outgoing(store.root, records))), target)
        files = sorted(path for path in target.parent.rglob("*") if path.is_file())
        contents.append([(path.relative_to(target.parent).as_posix(), path.read_bytes()) for path in files])

    assert contents[0]
    assert contents[0] == contents[1]
