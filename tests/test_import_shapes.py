"""Shapes are stored as they are, and make the label of an image only where nobody states its class."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from labelprep.manifest.resolving import from_shapes
from labelprep.manifest.store import Store, open_store
from labelprep.workflows.editing import undo
from labelprep.workflows.import_report import ImportOptions, ImportReport
from labelprep.workflows.importing import import_labels
from labelprep.workflows.showing import explain
from labelprep.workflows.templating import write_export
from pictures import png, tree
from running import Command, labels_of, rows, scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ORIENTATION = 0x0112
NAMES = tuple(f"{name}.png" for name in "abcdef")
BIG, SMALL, LINE = (
    ("rectangle", [[0, 0], [6, 6]]),
    ("rectangle", [[1, 1], [3, 3]]),
    ("line", [[0, 0], [7, 7]]),
)
SHAPES = {
    "big": ("box", [0, 0, 6, 6]),
    "small": ("polygon", [[0, 0], [2, 0], [2, 2]]),
    "line": ("polyline", [[0, 0], [9, 9]]),
}


@pytest.fixture
def flat(work: Path) -> Iterator[Store]:
    """Return the open manifest of six images that no folder labels."""
    tree(work / "photos", NAMES)
    report = scan(work / "photos", work / "manifest.db", labels="none")
    with open_store(report.manifest) as store:
        yield store


def label_file(
    store: Store,
    name: str,
    *shapes: tuple[str, tuple[str, Sequence[Sequence[float]]]],
    flags: dict[str, bool] | None = None,
    image: str = "",
    size_wh: tuple[int, int] = (8, 8),
) -> None:
    """Write a LabelMe file beside an image, its shapes given as (label, (shape type, points))."""
    document: dict[str, Any] = {
        "version": "5.5.0",
        "flags": flags or {},
        "shapes": [
            {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}}
            for label, (kind, points) in shapes
        ],
        "imagePath": image or f"{name}.png",
        "imageData": None,
        "imageHeight": size_wh[1],
        "imageWidth": size_wh[0],
    }
    (store.root / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")


def take(store: Store, *, label_from: str = "only", rank: str | None = None) -> ImportReport:
    """Import the label files that lie among the images."""
    return import_labels(store, store.root, ImportOptions(label_from=label_from, rank=rank))


def boxes_of(store: Store, report: ImportReport) -> dict[str, list[float]]:
    """Return the box on each image after an import."""
    assert report.matched
    query = """
        SELECT path, geometry FROM image JOIN statement ON image_id = image.id
        JOIN annotation ON statement_id = statement.id WHERE statement.removed_by IS NULL ORDER BY path
    """
    return {path: json.loads(geometry) for path, geometry in rows(store, query)}


def codes(report: ImportReport) -> dict[str, list[str]]:
    """Return the places of issues by code."""
    found: dict[str, list[str]] = {}
    for issue in report.issues:
        found.setdefault(issue.code, []).append(issue.where)
    return found


def test_shapes_of_one_class_make_the_label(flat: Store) -> None:
    label_file(flat, "a", ("cat", BIG), ("cat", SMALL))

    report = take(flat)

    assert labels_of(flat)["a.png"] == "cat"
    assert (report.format, report.rows, report.matched, report.annotations) == ("labelme", 1, 1, 2)
    assert rows(flat, "SELECT label_source, conflict FROM image WHERE path = 'a.png'") == [("labelme", 0)]
    assert rows(flat, "SELECT kind, geometry, locator FROM annotation ORDER BY id") == [
        ("box", "[0.0,0.0,6.0,6.0]", "shapes[0]"),
        ("box", "[1.0,1.0,3.0,3.0]", "shapes[1]"),
    ]


def test_shapes_of_several_classes_make_none_and_are_told(flat: Store) -> None:
    label_file(flat, "a", ("cat", BIG), ("dog", SMALL))

    report = take(flat)

    assert labels_of(flat)["a.png"] is None
    assert codes(report)["LP245"] == ["a.png"]


def test_the_largest_shape_or_all_can_make_the_label(flat: Store) -> None:
    label_file(flat, "a", ("dog", SMALL), ("cat", BIG))
    label_file(flat, "b", ("dog", LINE), ("cat", LINE))

    take(flat, label_from="largest")
    largest = labels_of(flat)
    take(flat, label_from="all")
    everything = rows(flat, "SELECT labels FROM image WHERE path IN ('a.png', 'b.png') ORDER BY path")

    assert (largest["a.png"], largest["b.png"]) == ("cat", None)
    assert everything == ['["cat", "dog"]', '["cat", "dog"]']
    undo(flat)
    assert labels_of(flat) == largest


def test_explain_tells_what_shapes_decide(flat: Store) -> None:
    label_file(flat, "a", ("cat", BIG))
    label_file(flat, "b", ("cat", BIG), ("dog", BIG))
    take(flat)

    found = [explain(flat, name) for name in ("a.png", "b.png", "c.png")]

    assert [item.reason for item in found] == [
        "no source states a class, so its shapes decide",
        "no source states a class, and its shapes are of several: cat, dog",
        "no source states a class",
    ]
    assert [said.shapes for said in found[1].said] == [("cat", "dog")]


def test_a_class_stated_for_the_image_counts_more_than_shapes(flat: Store) -> None:
    label_file(flat, "a", ("dog", BIG), flags={"cat": True, "fox": False})

    take(flat)

    assert labels_of(flat)["a.png"] == "cat"


def test_a_folder_that_states_a_class_counts_more_than_shapes(store: Store) -> None:
    label_file(store, "cat/1", ("lion", BIG), image="1.png")

    take(store)

    assert labels_of(store)["cat/1.png"] == "cat"


def test_two_label_files_of_one_image_that_differ_conflict(flat: Store) -> None:
    label_file(flat, "a", ("cat", BIG))
    label_file(flat, "a2", ("dog", BIG), image="a.png")

    report = take(flat)

    assert (report.conflicts, labels_of(flat)["a.png"]) == (1, None)
    assert codes(report)["LP203"] == ["a.png"]


def test_a_label_file_without_shapes_says_nothing(flat: Store) -> None:
    label_file(flat, "a")
    label_file(flat, "b", ("cat", BIG))

    report = take(flat)

    assert (report.rows, report.matched, report.annotations) == (2, 2, 1)
    assert [said.classes for said in explain(flat, "a.png").said] == [()]


def test_a_picture_of_another_size_is_told(flat: Store) -> None:
    label_file(flat, "a", ("cat", BIG), size_wh=(8, 16))

    report = take(flat)

    (place,) = codes(report)["LP248"]
    assert "a.json" in place


def test_importing_label_files_again_changes_nothing(flat: Store) -> None:
    for name, label in zip("abc", ("cat", "dog", "cat"), strict=True):
        label_file(flat, name, (label, BIG), (label, SMALL))
    take(flat)
    label_file(flat, "b", ("fox", BIG), ("dog", SMALL))

    second = take(flat)
    third = take(flat)

    assert (second.replaced, second.changed) == (1, 1)
    assert (third.replaced, third.changed, labels_of(flat)["b.png"]) == (0, 0, None)


@pytest.mark.parametrize(
    ("rule", "names", "expected"),
    [
        ("only", ["big"], {"A"}),
        ("only", ["big", "small"], set()),
        ("largest", ["small", "big"], {"B"}),
        ("largest", ["line", "small"], {"B"}),
        ("largest", ["line", "line"], set()),
        ("all", ["line", "big"], {"A", "B"}),
        ("only", [], set()),
    ],
)
def test_what_shapes_state(rule: str, names: list[str], expected: set[str]) -> None:
    shapes = [
        (label, SHAPES[name][0], json.dumps(SHAPES[name][1]))
        for label, name in zip("AB", names, strict=False)
    ]

    assert from_shapes(rule, shapes) == expected


def recomputed(store: Store) -> dict[str, tuple[Any, ...]]:
    """Work out the labels of all images from statements alone, in another way than the manifest does."""
    living = rows(
        store,
        """
        SELECT path, statement.id, rank, annotation.kind = 'class', class.name, options
        FROM statement JOIN image ON image.id = image_id JOIN source ON source.id = source_id
        JOIN annotation ON statement_id = statement.id JOIN class ON class.id = class_id
        WHERE statement.removed_by IS NULL ORDER BY statement.id
        """,
    )
    found: dict[str, tuple[Any, ...]] = {}
    for path in rows(store, "SELECT path FROM image"):
        mine = [row for row in living if row[0] == path]
        whole = [row for row in mine if row[3]]
        sets: dict[tuple[int, int], set[str]] = {}
        for _, statement, rank, _, name, _ in whole or mine:
            sets.setdefault((rank, statement), set()).add(name)
        if not whole:
            rules = {row[1]: json.loads(row[5]).get("label_from", "only") for row in mine}
            sets = {key: said for key, said in sets.items() if len(said) == 1 or rules[key[1]] == "all"}
        top = max((rank for rank, _ in sets), default=0)
        best = {tuple(sorted(said)) for (rank, _), said in sets.items() if rank == top}
        labels = list(best.pop()) if len(best) == 1 else []
        found[path] = (labels[0] if len(labels) == 1 else None, labels, int(len(best) > 1))
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_stored_labels_are_what_statements_and_shapes_amount_to(flat: Store, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - no secret
    seen = set()
    for number in range(12):
        for name in "abcdef":
            shapes = [(rng.choice(("cat", "dog")), BIG) for _ in range(rng.randint(0, 2))]
            flags = {"fox": True} if rng.random() < 0.2 else {}
            label_file(flat, name, *shapes, flags=flags)
        place = flat.path.parent / f"{number % 2}.csv"
        place.write_text(f"file,label\na.png,fox\n{rng.choice('abc')}.png,cat\n", encoding="utf-8")
        rng.choice(
            (
                lambda: take(flat, label_from=rng.choice(("only", "all")), rank=rng.choice((None, "folder"))),
                lambda: import_labels(flat, flat.path.parent / f"{number % 2}.csv"),  # noqa: B023 - called now
            )
        )()
        if rng.random() < 0.3:
            undo(flat)
        stored = {
            path: (label, json.loads(labels), conflict)
            for path, label, labels, conflict in rows(flat, "SELECT path, label, labels, conflict FROM image")
        }
        assert stored == recomputed(flat)
        seen.add(repr(stored))

    assert len(seen) > 4


def test_a_picture_that_is_only_inside_its_label_file_is_told(flat: Store) -> None:
    picture = b64encode((flat.root / "a.png").read_bytes()).decode()
    other = b64encode(png(900)).decode()
    for name, data in (("b", picture), ("gone", other)):
        label_file(flat, name, ("cat", BIG), image=f"lost-{name}-here.bmp")
        file = flat.root / f"{name}.json"
        file.write_text(
            file.read_text(encoding="utf-8").replace('"imageData": null', f'"imageData": "{data}"'),
            encoding="utf-8",
        )

    report = take(flat)

    assert (report.rules, report.unmatched) == ({"content": 1}, 1)
    assert labels_of(flat)["a.png"] == "cat"
    (issue,) = [item for item in report.issues if item.code == "LP254"]
    assert (issue.where, issue.problem) == (
        f"{flat.root.name}:gone.json",
        "'lost-gone-here.bmp': no image has this name, and no image is the picture embedded in the file",
    )


@pytest.fixture
def lying(work: Path) -> Iterator[Store]:
    """Return the open manifest of a picture stored lying on its side: 12 × 8 px, upright 8 × 12."""
    (work / "photos").mkdir()
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    Image.new("RGB", (12, 8), (200, 30, 30)).save(work / "photos" / "a.jpg", exif=exif)
    report = scan(work / "photos", work / "manifest.db", labels="none")
    with open_store(report.manifest) as store:
        yield store


@pytest.mark.parametrize(
    ("size_wh", "frame", "box", "severities"),
    [
        ((8, 12), "auto", [1, 2, 4, 3], []),
        ((12, 8), "auto", [5, 1, 6, 4], ["note"]),
        ((12, 8), "raw", [5, 1, 6, 4], []),
        ((8, 12), "raw", [5, 1, 6, 4], []),
        ((12, 8), "upright", [1, 2, 4, 3], ["warning"]),
        ((80, 120), "auto", [1, 2, 4, 3], ["warning"]),
    ],
)
def test_shapes_of_a_picture_lying_on_its_side_are_turned(
    lying: Store, size_wh: tuple[int, int], frame: str, box: list[float], severities: list[str]
) -> None:
    label_file(lying, "a", ("cat", ("rectangle", [[1, 2], [4, 3]])), image="a.jpg", size_wh=size_wh)
    file = lying.root / "a.json"
    document = json.loads(file.read_text(encoding="utf-8")) | {"imageWidth": size_wh[0]}
    file.write_text(json.dumps(document), encoding="utf-8")

    report = import_labels(lying, file, ImportOptions(frame=frame))

    assert json.loads(rows(lying, "SELECT geometry FROM annotation")[0]) == box
    assert [str(issue.severity) for issue in report.issues if issue.code in {"LP248", "LP347"}] == severities


def test_parts_of_an_object_are_turned_with_it(lying: Store) -> None:
    box = "<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox>"
    part = f"<part><name>head</name>{box.format(1, 2, 4, 3)}</part>"
    thing = f"<name>cat</name>{box.format(0, 0, 6, 6)}{part}"
    size = "<size><width>12</width><height>8</height><depth>3</depth></size>"
    file = lying.root / "a.xml"
    file.write_text(
        f"<annotation><filename>a.jpg</filename>{size}<object>{thing}</object></annotation>", encoding="utf-8"
    )

    import_labels(lying, file)

    assert json.loads(rows(lying, "SELECT geometry FROM annotation")[0]) == [2, 0, 8, 6]
    (attributes,) = map(json.loads, rows(lying, "SELECT attributes FROM annotation"))
    assert attributes["parts"] == [{"name": "head", "box": [5, 1, 6, 4]}]


def test_the_sizes_of_a_whole_source_tell_how_what_states_none_was_drawn(work: Path) -> None:
    folder = work / "photos"
    folder.mkdir()
    for name, orientation, size in (("side", 6, (12, 8)), ("half", 3, (12, 8)), ("square", 8, (8, 8))):
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.new("RGB", size, (200, 90, 30)).save(folder / f"{name}.jpg", exif=exif)
    scan(folder, work / "manifest.db", labels="none")
    box = ("rectangle", [[1, 2], [4, 3]])
    with open_store(work / "manifest.db") as store:
        label_file(store, "half", ("cat", box), image="half.jpg", size_wh=(12, 8))
        label_file(store, "square", ("cat", box), image="square.jpg")
        alone = boxes_of(store, take(store))
        label_file(store, "side", ("cat", box), image="side.jpg", size_wh=(12, 8))
        report = take(store)
        together = boxes_of(store, report)

    assert alone == {"half.jpg": [1, 2, 4, 3], "square.jpg": [1, 2, 4, 3]}
    assert together == {"half.jpg": [8, 5, 11, 6], "side.jpg": [5, 1, 6, 4], "square.jpg": [2, 4, 3, 7]}
    assert [(issue.code, issue.problem) for issue in report.issues if issue.code.startswith("LP34")] == [
        (
            "LP347",
            "1 stated size is that of a stored picture, none that of an upright one: all shapes are taken so",
        )
    ]


def test_rounding_is_cut_and_what_lies_outside_is_named(flat: Store) -> None:
    label_file(flat, "a", ("cat", ("rectangle", [[-0.5, 0], [8.5, 6]])), image="a.png")
    label_file(flat, "b", ("cat", ("rectangle", [[3, 3], [20, 6]])), image="b.png")
    report = take(flat)

    assert boxes_of(flat, report) == {"a.png": [0, 0, 8, 6], "b.png": [3, 3, 20, 6]}
    assert report.facts["fitted"] == {"cut": 1, "outside": 1}
    assert [
        (issue.code, issue.where, issue.problem) for issue in report.issues if issue.code[:4] == "LP34"
    ] == [
        ("LP346", "photos:b.json:shapes[0]", "this box reaches 12 px out of b.png (8 × 8 px)"),
        (
            "LP345",
            "photos:a.json",
            "1 shape reached out of the picture by a pixel or less: cut to it (first here)",
        ),
    ]


def test_a_sheet_tells_which_shapes_it_does_not_hold(flat: Store, work: Path) -> None:
    label_file(flat, "a", ("cat", BIG), ("cat", LINE))
    take(flat)

    report = write_export(flat, work / "labels.csv", allow_loss=True)

    assert report.as_json()["lost"] == [{"kind": "box", "n": 1}, {"kind": "polyline", "n": 1}]


def test_a_sheet_that_would_lose_shapes_stops_unless_it_is_allowed(flat: Store, command: Command) -> None:
    label_file(flat, "a", ("cat", BIG), ("cat", LINE))
    take(flat)

    refused = command("export", "labels.csv", "--json")
    there = (flat.root.parent / "labels.csv").exists()
    allowed = command("export", "labels.csv", "--allow-loss")

    assert (refused.code, there) == (2, False)
    assert refused.json["error"]["problem"] == (
        "csv cannot hold all of it; this would be lost: 1 × box, 1 × polyline"
    )
    assert refused.json["error"]["fix"] == "choose another format, or pass --allow-loss"
    assert allowed.code == 0
    assert "  left out: 1 × box (a sheet holds labels; they stay in the manifest)" in allowed.out


def test_a_shape_of_an_image_that_is_not_in_the_sheet_is_no_loss_of_it(flat: Store, work: Path) -> None:
    label_file(flat, "a", ("cat", BIG))
    take(flat)
    with flat.writing() as connection:
        connection.execute("UPDATE image SET status = 'missing' WHERE path = 'a.png'")

    report = write_export(flat, work / "labels.csv")

    assert (report.images, report.lost) == (5, {})


def test_where_shapes_give_no_label_the_next_command_makes_them(flat: Store, command: Command) -> None:
    label_file(flat, "a", ("cat", BIG), ("dog", SMALL))
    label_file(flat, "b", ("cat", BIG), ("dog", SMALL))

    ran = command("import", flat.root)
    again = command("import", flat.root, "--label-from", "all")

    assert ran.last_line == "Next: labelprep import photos --label-from largest"
    assert again.last_line == "Next: labelprep train"
