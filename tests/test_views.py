"""Crops and turned copies: found when asked for, told apart, kept, and nothing else with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from labelprep.manifest.store import open_store
from labelprep.pixels.fingerprints import TURNS, look_of, prints_of_turns, prints_of_windows, small_grey
from labelprep.workflows.cleaning import clean
from labelprep.workflows.duplicates import find_duplicates
from labelprep.workflows.nearness import known_groups, known_pairs
from labelprep.workflows.views import CROP, TURN, search_views
from running import Command, rows, scan
from scenes import saved, scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCENES = 8


def cropped(picture: Image.Image, left: float, top: float, share: float = 0.9) -> Image.Image:
    """Return a part of a picture; where it begins is given in shares of the sides."""
    width, height = picture.size
    size_wh = (round(width * share), round(height * share))
    at = (round(width * left), round(height * top))
    return picture.crop((*at, at[0] + size_wh[0], at[1] + size_wh[1]))


CROPPED = {
    "centre": lambda picture: cropped(picture, 0.05, 0.05),
    "top_left": lambda picture: cropped(picture, 0, 0),
    "bottom_right": lambda picture: cropped(picture, 0.1, 0.1),
    "askew": lambda picture: cropped(picture, 0.03, 0.07),
}
TURNED = {str(way.value): (lambda picture, way=way: picture.transpose(way)) for way in Image.Transpose}


def made(folder: Path, changes: dict[str, Callable[[Image.Image], Image.Image]]) -> Path:
    """Scan different pictures and changed copies of the first; return the manifest."""
    for number in range(SCENES):
        saved(scene(number), folder / f"imgs/own/{number}.jpg")
    for name, change in changes.items():
        saved(change(scene(0)), folder / f"imgs/{name}/0.jpg", quality=80)
    scan(folder / "imgs", folder / "manifest.db", labels="none")
    return folder / "manifest.db"


@pytest.mark.parametrize(
    ("level", "kind", "changes"), [(CROP, "crop", CROPPED), (TURN, "turned", TURNED)], ids=["crops", "turns"]
)
def test_copies_of_a_kind_are_found_and_nothing_else(
    work: Path, level: int, kind: str, changes: dict[str, Callable[[Image.Image], Image.Image]]
) -> None:
    manifest = made(work, changes)

    with open_store(manifest) as store:
        found = find_duplicates(store, views=[level], workers=1)
        plain = find_duplicates(store, workers=1)
        split_by = known_groups(store)

    assert [group.keep.path for group in found.groups] == ["own/0.jpg"]
    assert {member.path: member.kind for member in found.groups[0].members[1:]} == {
        f"{name}/0.jpg": kind for name in changes
    }
    assert plain.groups == ()
    assert split_by == {}


def test_what_was_searched_is_known_and_new_images_are_compared(work: Path) -> None:
    manifest = made(work, {"centre": CROPPED["centre"]})

    with open_store(manifest) as store:
        first, second = search_views(store, CROP, workers=1), search_views(store, CROP, workers=1)
    saved(CROPPED["top_left"](scene(3)), work / "imgs/late/3.jpg")
    scan(work / "imgs", manifest, labels="none")
    with open_store(manifest) as store:
        third = search_views(store, CROP, workers=1)
        paths = dict(rows(store, "SELECT id, path FROM image"))
        pairs = {frozenset((paths[pair.left], paths[pair.right])) for pair in known_pairs(store, CROP)}

    assert (first, second, third) == (SCENES + 1, 0, 1)
    assert pairs == {frozenset(("centre/0.jpg", "own/0.jpg")), frozenset(("late/3.jpg", "own/3.jpg"))}


def test_views_of_a_picture_are_taken_once(work: Path) -> None:
    manifest = made(work, {})

    kept = []
    for late in (None, 3, 5):
        if late is not None:
            saved(CROPPED["centre"](scene(late)), work / f"imgs/late/{late}.jpg")
            scan(work / "imgs", manifest, labels="none")
        with open_store(manifest) as store:
            search_views(store, CROP, workers=1)
            clean(store)
        sizes = [len(np.load(path)["keys"]) for path in (work / "manifest.db.cache/views").rglob("*.npz")]
        kept.append(sorted(sizes))
    with open_store(manifest) as store:
        found = len(known_pairs(store, CROP))

    assert kept == [[SCENES], [1, SCENES], [1, 1, SCENES]]
    assert found == 2


def test_a_later_turned_copy_is_found_from_its_side(work: Path) -> None:
    manifest = made(work, {})

    with open_store(manifest) as store:
        search_views(store, TURN, workers=1)
    saved(scene(2).transpose(Image.Transpose.ROTATE_90), work / "imgs/late/2.jpg")
    scan(work / "imgs", manifest, labels="none")
    with open_store(manifest) as store:
        asked = search_views(store, TURN, workers=1)
        count = len(known_pairs(store, TURN))

    assert (asked, count) == (1, 1)


def test_flat_pictures_are_no_crops_of_each_other(work: Path) -> None:
    for grey in (0, 90, 255):
        saved(Image.new("RGB", (64, 64), (grey, grey, grey)), work / f"imgs/{grey}.png")
    scan(work / "imgs", work / "manifest.db", labels="none")

    with open_store(work / "manifest.db") as store:
        found = find_duplicates(store, views=[CROP, TURN], workers=1)

    assert found.groups == ()


def test_command_tells_crops_and_turns(work: Path, command: Command) -> None:
    made(work, {"centre": CROPPED["centre"], "mirrored": TURNED["0"]})

    found = command("duplicates", "--crops", "--turns").out

    assert "       centre/0.jpg: crop" in found
    assert "       mirrored/0.jpg: turned" in found
    assert found.endswith("Next: labelprep duplicates --crops --turns --exclude\n")


@pytest.mark.parametrize("size_wh", [(128, 128), (171, 128), (40, 70)])
def test_prints_of_views_are_those_of_the_pictures_themselves(size_wh: tuple[int, int]) -> None:
    picture = scene(5, size_wh).convert("L")

    whole = prints_of_windows(picture, [(0.0, 1.0)])
    turned = np.frombuffer(prints_of_turns(picture), np.uint8).reshape(len(TURNS), -1)

    assert whole == look_of(picture).fingerprint[1:]
    for row, turn in zip(turned, TURNS, strict=True):
        other = Image.fromarray(np.ascontiguousarray(turn(np.asarray(picture))))
        assert row.tobytes() == look_of(small_grey(other)).fingerprint[1:]
