"""Crops: what each shape shows, cut from the upright original, in class folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from labelprep.errors import SourceError, UsageError
from labelprep.formats.base import Export, Outgoing
from labelprep.formats.crops import Crops, cut
from labelprep.formats.folder_names import LIST_NAME
from labelprep.formats.placing import Files
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.geometry import mask_counts
from labelprep.workflows.exporting import MARK
from running import Command, scan

if TYPE_CHECKING:
    from collections.abc import Sequence

CAT = "cat"


def coordinates(path: Path, size_wh: tuple[int, int], **saving: Any) -> Path:  # noqa: ANN401 - of Pillow
    """Write a picture whose every pixel tells where it is: red is x, green is y, in tens."""
    picture = Image.new("RGB", size_wh)
    picture.putdata([(x * 10, y * 10, 90) for y in range(size_wh[1]) for x in range(size_wh[0])])
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, **saving)
    return path


def picture(width: int = 12, height: int = 10) -> Image.Image:
    made = Image.new("RGB", (width, height))
    made.putdata([(x * 10, y * 10, 90) for y in range(height) for x in range(width)])
    return made


def ends(crop: Image.Image | None) -> list[tuple[float, float]]:
    """Return x and y of the first and the last pixel of a crop, in pixels of the whole picture."""
    assert crop is not None
    first, last = crop.getpixel((0, 0)), crop.getpixel((crop.width - 1, crop.height - 1))
    assert isinstance(first, tuple)
    assert isinstance(last, tuple)
    return [(first[0] / 10, first[1] / 10), (last[0] / 10, last[1] / 10)]


def shape(kind: Kind, geometry: Any, label: str | None = CAT) -> Annotation:  # noqa: ANN401 - by kind
    return Annotation(kind, label, geometry)


def mask(rows: Sequence[str], offset: tuple[int, int]) -> dict[str, Any]:
    size_wh = (len(rows[0]), len(rows))
    pixels = bytes(character == "#" for row in rows for character in row)
    return {"size_wh": list(size_wh), "offset": list(offset), "counts": mask_counts(pixels, size_wh)}


def outgoing(
    file: Path, *shapes: Annotation, size_wh: tuple[int, int] = (12, 10), split: str | None = None
) -> Outgoing:
    return Outgoing(Record(file.name, "", shapes, split=split, size_wh=size_wh), file, is_stated=True)


def written(target: Path, *items: Outgoing, **options: Any) -> list[str]:  # noqa: ANN401 - options are free
    export = Export(target.parent, (CAT, "dog"), lambda: iter(items), options=options)
    Crops().write(export, target)
    return sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("kind", "geometry", "expected"),
    [
        (Kind.BOX, [2, 3, 6, 8], [(2, 3), (5, 7)]),
        (Kind.BOX, [2.5, 3.2, 6.0000000001, 7.9], [(2, 3), (5, 7)]),
        (Kind.BOX, [-4, -4, 3, 20], [(0, 0), (2, 9)]),
        (Kind.POLYGON, [[4, 1], [9, 5], [1, 8]], [(1, 1), (8, 7)]),
        (Kind.POLYLINE, [[4, 1], [9, 5]], [(4, 1), (8, 4)]),
        (Kind.POINTS, [[4, 1], [9, 5]], [(4, 1), (8, 4)]),
        (Kind.CIRCLE, [5, 5, 2], [(3, 3), (6, 6)]),
        (Kind.MASK, mask([".....", "..##.", "..#..", "....."], (1, 2)), [(3, 3), (4, 4)]),
        (Kind.MASK, mask([".#", "##"], (0, 0)), [(0, 0), (1, 1)]),
    ],
)
def test_a_shape_shows_the_box_around_it(
    kind: Kind, geometry: Any, expected: list[tuple[float, float]]  # noqa: ANN401 - by kind
) -> None:  # fmt: skip
    assert ends(cut(picture(), shape(kind, geometry), 0)) == expected


@pytest.mark.parametrize(
    ("margin", "expected"),
    [(0.25, [(3, 2), (8, 7)]), (0.5, [(2, 1), (9, 8)]), (10, [(0, 0), (11, 9)])],
)
def test_a_margin_is_a_share_of_the_longer_side(margin: float, expected: list[tuple[float, float]]) -> None:
    assert ends(cut(picture(), shape(Kind.BOX, [4, 3, 8, 7]), margin)) == expected


@pytest.mark.parametrize(
    ("corners", "size", "first"),
    [
        ([[2, 3], [6, 3], [6, 8], [2, 8]], (4, 5), (2, 3)),
        # The first corner is the top left one: this one lies on its side.
        ([[6, 3], [6, 8], [2, 8], [2, 3]], (5, 4), (5, 3)),
        # Corners the other way round do not make a mirror.
        ([[2, 3], [2, 8], [6, 8], [6, 3]], (4, 5), (2, 3)),
    ],
)
def test_a_rotated_box_is_turned_upright(
    corners: list[list[float]], size: tuple[int, int], first: tuple[int, int]
) -> None:
    crop = cut(picture(), shape(Kind.ROTATED_BOX, corners), 0)

    assert crop is not None
    assert crop.size == size
    assert ends(crop)[0] == first


def test_a_slanting_box_shows_what_lies_along_it() -> None:
    # Along the diagonal from (5, 1): to the right x and y grow alike.
    corners = [[5, 1], [9, 5], [7, 7], [3, 3]]

    crop = cut(picture(), shape(Kind.ROTATED_BOX, corners), 0)

    assert crop is not None
    assert crop.size == (6, 3)
    left, right = crop.getpixel((0, 1)), crop.getpixel((5, 1))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert right[0] - left[0] == pytest.approx(right[1] - left[1], abs=2)
    assert right[0] - left[0] == pytest.approx(10 * 4 * 5 / 6, abs=2)


def test_a_rotated_box_ends_where_the_picture_does() -> None:
    crop = cut(picture(), shape(Kind.ROTATED_BOX, [[8, 2], [30, 2], [30, 5], [8, 5]]), 0)

    assert crop is not None
    assert (crop.size, ends(crop)[0]) == ((4, 3), (8, 2))


@pytest.mark.parametrize(
    ("kind", "geometry"),
    [
        (Kind.BOX, [20, 3, 30, 8]),
        (Kind.BOX, [-5, 3, 0, 8]),
        (Kind.POLYLINE, [[1, 5], [9, 5]]),
        (Kind.POINTS, [[4.5, 4.5]]),
        (Kind.MASK, {"size_wh": [2, 2], "offset": [1, 1], "counts": [4]}),
        (Kind.ROTATED_BOX, [[1, 1], [1, 1], [5, 5], [5, 5]]),
        # The upright box around it reaches into the picture, it does not.
        (Kind.ROTATED_BOX, [[6, -8], [14, 0], [13, 1], [5, -7]]),
    ],
)
def test_what_has_no_area_in_the_picture_is_counted(
    work: Path, kind: Kind, geometry: Any  # noqa: ANN401 - by kind
) -> None:  # fmt: skip
    item = outgoing(coordinates(work / "a.png", (12, 10)), shape(kind, geometry))

    assert Crops().lost(item) == {"shapes without an area in the picture": 1}
    assert written(work / "out", item) == [LIST_NAME]


def test_crops_lie_in_class_folders_below_splits(work: Path) -> None:
    box, other = shape(Kind.BOX, [1, 1, 3, 3]), shape(Kind.BOX, [1, 1, 5, 5], "dog")
    first = outgoing(coordinates(work / "a.png", (12, 10)), box, other, box, split="train")
    second = outgoing(coordinates(work / "b.jpg", (12, 10)), box)

    assert written(work / "out", first, second) == [
        LIST_NAME,
        "train/cat/a_1.png",
        "train/cat/a_3.png",
        "train/dog/a_2.png",
        "unsplit/cat/b_1.jpg",
    ]
    with Image.open(work / "out/train/dog/a_2.png") as crop:
        assert ends(crop) == [(1, 1), (4, 4)]


def test_equal_stems_are_told_apart(work: Path) -> None:
    box = shape(Kind.BOX, [1, 1, 3, 3])
    items = [outgoing(coordinates(work / name, (12, 10)), box) for name in ("x/a.png", "y/a.png")]

    assert written(work / "out", *items) == ["cat/a_1.png", "cat/a_1_2.png", LIST_NAME]


def test_an_original_that_lies_on_its_side_is_cut_upright(work: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = coordinates(work / "a.png", (12, 10), exif=exif)
    item = outgoing(file, shape(Kind.BOX, [0, 0, 4, 2]), size_wh=(10, 12))

    written(work / "out", item)

    # Turned by 90° to the right: the top left corner is the stored bottom left one.
    with Image.open(work / "out/cat/a_1.png") as crop:
        assert (crop.size, ends(crop)) == ((4, 2), [(0, 9), (1, 6)])


def test_margins_are_shares(work: Path) -> None:
    item = outgoing(coordinates(work / "a.png", (12, 10)), shape(Kind.BOX, [4, 3, 8, 7]))

    written(work / "out", item, margin=0.25)
    with Image.open(work / "out/cat/a_1.png") as crop:
        assert crop.size == (6, 6)
    for margin in (-0.1, 11, float("nan"), True, "much"):
        with pytest.raises(UsageError, match="is no share"):
            written(work / "other", item, margin=margin)


def test_crops_cannot_be_links(work: Path) -> None:
    export = Export(work, (CAT,), lambda: iter([]), files=Files.LINK)

    with pytest.raises(UsageError, match="pictures of their own"):
        Crops().write(export, work / "out")


@pytest.mark.parametrize("size_wh", [(12, 10), (24, 20)])
def test_an_original_that_changed_is_an_error(work: Path, size_wh: tuple[int, int]) -> None:
    file = work / "a.png"
    item = outgoing(file, shape(Kind.BOX, [4, 3, 8, 7]), size_wh=(12, 11))

    with pytest.raises(SourceError, match="cannot be read"):
        written(work / "gone", item)
    coordinates(file, size_wh)
    with pytest.raises(SourceError, match="not the one that was scanned"):
        written(work / "changed", item)
    file.write_bytes(b"no picture")
    with pytest.raises(SourceError, match="not the one that was scanned"):
        written(work / "broken", item)


def test_what_crops_cannot_show_is_counted(work: Path) -> None:
    item = outgoing(
        work / "a.png",
        Annotation(Kind.CLASS, CAT),
        shape(Kind.BOX, [1, 1, 3, 3], None),
        Annotation(Kind.BOX, CAT, [1, 1, 3, 3], {"difficult": True}),
    )

    assert Crops().lost(item) == {"class": 1, "shapes without a class": 1, "attributes": 1}
    assert Crops().lost(outgoing(work / "b.png")) == {"images said to show nothing": 1}


def test_the_command_cuts_and_refuses_to_verify(work: Path, command: Command) -> None:
    coordinates(work / "photos/a.png", (12, 10))
    shapes = [{"label": CAT, "points": [[4, 3], [8, 7]], "shape_type": "rectangle", "flags": {}}]
    document: dict[str, Any] = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": "a.png"}
    document |= {"imageData": None, "imageHeight": 10, "imageWidth": 12}
    (work / "photos/a.json").write_text(json.dumps(document), encoding="utf-8")
    scan(work / "photos", work / "manifest.db")
    command("import", "photos")

    checked = command("export", "out", "--to", "crops", "--verify", "--json")
    foreign = command("export", "out", "--to", "folders", "--margin", "0.5", "--json")
    ran = command("export", "out", "--to", "crops", "--margin", "0.5", "--json")
    again = command("export", "two", "--to", "crops", "--margin", "0.5", "--json")

    assert (checked.code, checked.json["error"]["where"]) == (2, "--verify")
    assert (foreign.code, foreign.json["error"]["where"]) == (2, "--margin")
    assert [ran.json[key] for key in ("images", "annotations", "files", "verified")] == [1, 1, 2, None]
    assert sorted(path.name for path in Path("out").iterdir()) == [MARK, CAT, LIST_NAME]
    with Image.open("out/cat/a_1.png") as crop:
        assert ends(crop) == [(2, 1), (9, 8)]
    assert again.code == 0
    assert Path("two/cat/a_1.png").read_bytes() == Path("out/cat/a_1.png").read_bytes()
