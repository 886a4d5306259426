"""Writing YOLO sets: the very bytes, and that reading gives back what was written."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.errors import UsageError
from labelprep.formats.base import Export, Outgoing, Written
from labelprep.formats.placing import Files
from labelprep.formats.yolo import Yolo
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.geometry import is_flat
from yolo_sets import records

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (200, 100)
BOX = Annotation(Kind.BOX, "cat", [75.0, 43.75, 125.0, 56.25])
QUAD = [[50.0, 10.0], [90.0, 50.0], [50.0, 90.0], [10.0, 50.0]]
TURNED = Annotation(Kind.ROTATED_BOX, "dog", QUAD)
POLYGON = Annotation(Kind.POLYGON, "dog", QUAD)


def outgoing(
    folder: Path,
    image: str,
    *shapes: Annotation,
    is_stated: bool = True,
    **record: Any,  # noqa: ANN401 - its fields
) -> Outgoing:
    file = folder / image
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(image.encode("utf-8"))
    return Outgoing(Record(image, "", shapes, size_wh=SIZE, **record), file, is_stated)


def written(
    folder: Path,
    *items: Outgoing,
    classes: tuple[str, ...] = ("cat", "dog"),
    **export: Any,  # noqa: ANN401 - fields of an export
) -> tuple[Path, Written, Export]:
    out = folder / "out"
    made = Export(folder, classes, lambda: iter(items), **export)
    return out, Yolo().write(made, out), made


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_set_is_written_to_the_byte(tmp_path: Path) -> None:
    out, counts, export = written(
        tmp_path,
        outgoing(tmp_path, "a.jpg", BOX, split="train"),
        outgoing(tmp_path, "a.png", split="train"),
        outgoing(tmp_path, "sub/A.jpg", BOX, TURNED, split="val"),
        outgoing(tmp_path, "new.jpg", is_stated=False),
        outgoing(tmp_path, "only.jpg", Annotation(Kind.CLASS, "cat")),
    )

    assert contents(out) == {
        "classes.txt": "cat\ndog\n",
        "data.yaml": (
            "train: images/train\n"
            "val: images/val\n"
            "four_points: rotated_box  # what lines of four points are; read by labelprep alone\n"
            "nc: 2\n"
            "names:\n"
            '  0: "cat"\n'
            '  1: "dog"\n'
        ),
        "images/train/a.jpg": "a.jpg",
        "images/train/a_png.png": "a.png",
        "images/unsplit/new.jpg": "new.jpg",
        "images/unsplit/only.jpg": "only.jpg",
        "images/val/sub/A.jpg": "sub/A.jpg",
        "labels/train/a.txt": "0 0.5 0.5 0.25 0.125\n",
        "labels/train/a_png.txt": "",
        "labels/val/sub/A.txt": "0 0.5 0.5 0.25 0.125\n1 0.25 0.1 0.45 0.5 0.25 0.9 0.05 0.5\n",
    }
    assert counts == Written(images=3, annotations=3, files=10)
    assert export.placed[out / "images/train/a_png.png"] == "a.png"


def test_numbers_of_a_source_are_kept_and_gaps_stay_free(tmp_path: Path) -> None:
    out, _, _ = written(tmp_path, outgoing(tmp_path, "a.jpg", BOX, TURNED), class_ids={"dog": 3, "gone": 0})

    assert (out / "classes.txt").read_text(encoding="utf-8") == "cat\n\n\ndog\n"
    assert 'names:\n  0: "cat"\n  1: ""\n  2: ""\n  3: "dog"\n' in (out / "data.yaml").read_text(
        encoding="utf-8"
    )
    assert [item.label for item in records(out)["images/unsplit/a.jpg"].annotations] == ["cat", "dog"]


def test_folders_that_others_look_for_are_renamed(tmp_path: Path) -> None:
    out, _, _ = written(tmp_path, outgoing(tmp_path, "images/Labels/a.jpg", BOX, split="test"))

    assert (out / "labels/test/images_/Labels_/a.txt").is_file()
    assert records(out)["images/test/images_/Labels_/a.jpg"].split == "test"


def test_left_images_are_named_by_their_labels(tmp_path: Path) -> None:
    items = (outgoing(tmp_path, "labels/a.jpg", BOX), outgoing(tmp_path, "labels/a.png", TURNED))

    out, counts, _ = written(tmp_path, *items, files=Files.LEAVE)

    assert counts == Written(images=2, annotations=2, files=4)
    assert sorted(path.name for path in (out / "labels/unsplit/labels").iterdir()) == ["a.png.txt", "a.txt"]


def test_a_name_that_leads_out_is_refused(tmp_path: Path) -> None:
    item = outgoing(tmp_path, "a.jpg", BOX)

    with pytest.raises(UsageError, match="leads out"):
        written(tmp_path, replace(item, record=replace(item.record, image="../a.jpg")))


def test_what_does_not_fit_into_lines_is_counted(tmp_path: Path) -> None:
    item = outgoing(
        tmp_path,
        "a.jpg",
        BOX,
        replace(BOX, locator="again"),
        Annotation(Kind.BOX, "cat", [1000, 0, 1010, 10]),
        Annotation(Kind.BOX, "cat", [10, 10, 10, 20]),
        Annotation(Kind.POLYGON, "cat", [[0, 0], [5, 5], [10, 10]]),
        Annotation(Kind.BOX, None, [0, 0, 9, 9]),
        Annotation(Kind.CIRCLE, "cat", [5, 5, 5]),
        Annotation(Kind.CLASS, "cat"),
        Annotation(Kind.BOX, "dog", [0, 0, 9, 9], {"difficult": True}, "", 0.5),
        group="g",
    )

    out, counts, _ = written(tmp_path, item)

    assert Yolo().lost(item) == {
        "class": 1,
        "circle": 1,
        "shapes without a class": 1,
        "attributes": 1,
        "confidence": 1,
        "group": 1,
        "shapes that are there twice": 1,
        "shapes far outside the image, or that enclose nothing": 3,
    }
    assert counts.annotations == 2
    assert len(records(out)["images/unsplit/a.jpg"].annotations) == 2


@pytest.mark.parametrize(
    "names", [("è", "cat"), (" cat", "dog"), ("a\nb", "c: d #e"), ("no", "~"), ("猫", '"x"')]
)
def test_any_names_survive(tmp_path: Path, names: tuple[str, str]) -> None:
    shapes = (replace(BOX, label=names[0]), replace(TURNED, label=names[1]))

    out, _, _ = written(tmp_path, outgoing(tmp_path, "a.jpg", *shapes), classes=names)

    assert tuple(item.label for item in records(out)["images/unsplit/a.jpg"].annotations) == names


SIDE = st.integers(1, 9000)
# Shapes that differ by less than what is written are one when they are read.
SHARE = st.floats(0, 1).map(lambda share: round(share, 12))
NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5).filter(str.strip)


@st.composite
def shaped(draw: st.DrawFn, size_wh: tuple[int, int], labels: list[str]) -> Annotation:
    width, height = size_wh
    kind = draw(st.sampled_from([Kind.BOX, Kind.ROTATED_BOX, Kind.POLYGON]))
    count = {Kind.BOX: 2, Kind.ROTATED_BOX: 4}.get(kind) or draw(st.integers(3, 6))
    points = [[draw(SHARE) * width, draw(SHARE) * height] for _ in range(count)]
    label = draw(st.sampled_from(labels))
    if kind is not Kind.BOX:
        return Annotation(kind, label, points)
    (ax, ay), (bx, by) = points
    return Annotation(kind, label, [min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)])


def fits(item: Annotation) -> bool:
    if item.kind is Kind.BOX:
        left, top, right, bottom = item.geometry
        return bool(right - left > 1e-5 and bottom - top > 1e-5)
    rounded = [[round(value, 6) for value in point] for point in item.geometry]
    is_closed = len(rounded) == 5 and rounded[0] == rounded[-1]
    return not is_flat(item.geometry) and not is_flat(rounded) and not is_closed


@given(st.data())
def test_reading_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("yolo")
    classes = tuple(data.draw(st.lists(NAME, min_size=1, max_size=4, unique=True)))
    wanted = []
    for number in range(data.draw(st.integers(1, 4))):
        size_wh = (data.draw(SIDE), data.draw(SIDE))
        shapes = data.draw(st.lists(shaped(size_wh, list(classes)).filter(fits), max_size=4))
        split = data.draw(st.sampled_from(["train", "val", "test", None]))
        wanted.append(Record(f"{number}.jpg", "", tuple(shapes), split, size_wh=size_wh))
    items = [outgoing(folder, each.image) for each in wanted]
    items = [replace(item, record=each) for item, each in zip(items, wanted, strict=True)]
    sizes = {f"images/{each.split or 'unsplit'}/{each.image}": each.size_wh for each in wanted}

    out, _, _ = written(folder, *items, classes=classes)

    found = records(out, sizes=sizes)
    for each in wanted:
        read = found[f"images/{each.split or 'unsplit'}/{each.image}"]
        assert (read.split, read.is_prediction) == (each.split, False)
        expected = list(
            {str((item.kind, item.label, item.geometry)): item for item in each.annotations}.values()
        )
        assert [(item.kind, item.label) for item in read.annotations] == [
            (item.kind, item.label) for item in expected
        ]
        for one, other in zip(read.annotations, expected, strict=True):
            assert numbers(one.geometry) == pytest.approx(numbers(other.geometry), abs=1e-6, rel=0)
    shutil.rmtree(folder)


def numbers(geometry: Any) -> list[float]:  # noqa: ANN401 - by kind
    return [value for part in geometry for value in (part if isinstance(part, list) else [part])]
