"""What is near: copies whatever was done to them, and nothing else; searched once, known afterwards."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

from labelprep.manifest.store import open_store
from labelprep.progress import Silent
from labelprep.workflows import nearness
from labelprep.workflows.checking import CheckOptions, check_manifest, found_issues
from labelprep.workflows.contents import radius_of
from running import rows, scan
from scenes import COPIES, saved, scene

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labelprep.manifest.store import Store

SCENES = 12


@pytest.fixture(scope="module")
def planted_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scan twelve different pictures, and six copies of three of them; nobody writes here."""
    folder = tmp_path_factory.mktemp("planted")
    for number in range(SCENES):
        picture = scene(number)
        saved(picture, folder / f"imgs/own/{number:02}.jpg")
        for name, change in COPIES.items() if number < 3 else ():
            changed, quality = change(picture)
            saved(changed, folder / f"imgs/{name}/{number:02}.jpg", quality)
    scan(folder / "imgs", folder / "manifest.db", labels="none")
    return folder


@pytest.fixture
def planted(planted_once: Path, work: Path) -> Iterator[Store]:
    """Return a manifest of these, not searched yet."""
    shutil.copytree(planted_once, work, dirs_exist_ok=True)
    with open_store(work / "manifest.db") as store:
        yield store


def groups(store: Store) -> list[list[str]]:
    """Return the paths of the groups, sorted."""
    found: dict[int, list[str]] = {}
    paths = dict(rows(store, "SELECT id, path FROM image"))
    for image, group in nearness.near_groups(store, workers=1).items():
        found.setdefault(group, []).append(paths[image])
    return sorted(sorted(group) for group in found.values())


def test_copies_are_found_and_nothing_else(planted: Store) -> None:
    expected = [
        sorted([f"own/{number:02}.jpg", *(f"{name}/{number:02}.jpg" for name in COPIES)])
        for number in range(3)
    ]

    assert groups(planted) == sorted(expected)


def test_renamed_files_are_not_compared_again(planted: Store, work: Path) -> None:
    nearness.search(planted, workers=1)
    (work / "imgs/own/00.jpg").rename(work / "imgs/own/zz.jpg")
    scan(work / "imgs", work / "manifest.db", labels="none")

    assert nearness.search(planted) == 0
    assert any("own/zz.jpg" in group for group in groups(planted))


def test_drawn_digits_are_not_all_near_each_other(work: Path) -> None:
    for number in range(160):
        picture = Image.new("L", (28, 28), 0)
        draw = ImageDraw.Draw(picture)
        slant, width = number % 16, 2 + number // 80
        draw.line((6 + slant // 2, 4, 20 - slant // 3, 24), fill=255, width=width)
        draw.point((number % 28, number % 27), fill=90)
        saved(picture, work / f"imgs/{number:03}.png")
    scan(work / "imgs", labels="none")

    with open_store(work / "manifest.db") as store:
        sizes = [len(group) for group in groups(store)]

        assert radius_of(store) == nearness.DENSE_RADIUS
        assert max(sizes, default=0) < 40


def test_a_check_tells_near_copies_in_two_splits_and_with_two_labels(work: Path) -> None:
    saved(scene(1), work / "imgs/train/cat/1.jpg", 95)
    saved(scene(1), work / "imgs/test/dog/1.jpg", 50)
    saved(scene(2), work / "imgs/test/cat/2.jpg")
    scan(work / "imgs")

    with open_store(work / "manifest.db") as store:
        report = check_manifest(store, CheckOptions(select=("LP238", "LP402")), Silent())
        issues = list(found_issues(store, report))

    assert [(issue.code, issue.where, issue.problem) for issue in issues] == [
        (
            "LP238",
            "test/dog/1.jpg",
            "nearly the same picture as train/cat/1.jpg, but it is labelled dog, not cat",
        ),
        (
            "LP402",
            "test/dog/1.jpg",
            "nearly the same picture as train/cat/1.jpg, but it lies in test, not in train",
        ),
    ]
