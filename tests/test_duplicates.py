"""`duplicates`: copies are found whatever was done to them, others are not; one of each group stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

from labelprep.manifest.store import open_store
from labelprep.progress import Silent
from labelprep.workflows import nearness
from labelprep.workflows.checking import CheckOptions, check_manifest, found_issues
from labelprep.workflows.duplicates import Kind, find_duplicates
from running import Command, rows, scan
from saying import say
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
    import shutil  # noqa: PLC0415 - used here alone

    shutil.copytree(planted_once, work, dirs_exist_ok=True)
    with open_store(work / "manifest.db") as store:
        yield store


def names(store: Store) -> list[list[str]]:
    """Return the paths of the groups, sorted."""
    return sorted(
        sorted(member.path for member in group.members) for group in find_duplicates(store, Silent()).groups
    )


def test_copies_are_found_and_nothing_else(planted: Store) -> None:
    expected = [
        sorted([f"own/{number:02}.jpg", *(f"{name}/{number:02}.jpg" for name in COPIES)])
        for number in range(3)
    ]

    assert names(planted) == sorted(expected)


def test_a_second_search_looks_at_nothing(planted: Store) -> None:
    first = nearness.search(planted)

    second = nearness.search(planted)

    assert (first > 0, second) == (True, 0)
    assert nearness.pairs_known(planted)


def test_a_new_picture_is_compared_with_all_others_alone(planted: Store, work: Path) -> None:
    nearness.search(planted)
    changed, quality = COPIES["jpeg30"](scene(7))
    saved(changed, work / "imgs/new/07.jpg", quality)
    scan(work / "imgs", work / "manifest.db", labels="none")

    looked = nearness.search(planted)

    assert looked <= 3
    assert ["new/07.jpg", "own/07.jpg"] in names(planted)


def test_renamed_files_are_not_compared_again(planted: Store, work: Path) -> None:
    nearness.search(planted)
    (work / "imgs/own/00.jpg").rename(work / "imgs/own/zz.jpg")
    scan(work / "imgs", work / "manifest.db", labels="none")

    assert nearness.search(planted) == 0
    assert any("own/zz.jpg" in group for group in names(planted))


def test_groups_are_the_same_by_one_worker_and_by_two(planted: Store) -> None:
    one = nearness.near_groups(planted, workers=1)
    with planted.writing() as connection:
        connection.execute("DELETE FROM near_seen")
        connection.execute("DELETE FROM near_pair")

    assert nearness.near_groups(planted, workers=2) == one


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
        groups = nearness.near_groups(store)
        sizes = [list(groups.values()).count(group) for group in set(groups.values())]

        assert store.meta(nearness.RADIUS_KEY) == str(nearness.DENSE_RADIUS)
        assert max(sizes, default=0) < 40


def test_equal_files_equal_pixels_and_near_ones_are_told_apart(work: Path) -> None:
    picture = scene(1)
    saved(picture, work / "imgs/a.png")
    picture.save(work / "imgs/b.png", compress_level=1)
    picture.save(work / "imgs/c.bmp")
    other = scene(2)
    for name in ("x.png", "y.png"):
        saved(other, work / f"imgs/{name}")
    third = scene(3)
    saved(third, work / "imgs/p.jpg", 90)
    saved(third, work / "imgs/q.jpg", 40)
    scan(work / "imgs", labels="none")

    with open_store(work / "manifest.db") as store:
        found = find_duplicates(store, Silent())

    assert [(str(group.kind), [member.path for member in group.members]) for group in found.groups] == [
        ("equal pixels", ["c.bmp", "b.png", "a.png"]),
        ("near duplicates", ["p.jpg", "q.jpg"]),
        ("equal files", ["x.png", "y.png"]),
    ]


@pytest.mark.parametrize(
    ("larger", "smaller", "why"),
    [
        ((320, 240), (160, 120), "it has the most pixels"),
        ((320, 240), (320, 240), "it is the least compressed"),
    ],
)
def test_the_picture_to_keep_is_the_best_and_says_why(
    work: Path, larger: tuple[int, int], smaller: tuple[int, int], why: str
) -> None:
    saved(scene(1, larger), work / "imgs/z.jpg", 95)
    saved(scene(1, larger).resize(smaller), work / "imgs/a.jpg", 60)
    scan(work / "imgs", labels="none")

    with open_store(work / "manifest.db") as store:
        [group] = find_duplicates(store, Silent()).groups

    assert (group.members[0].path, group.why) == ("z.jpg", why)


def test_what_a_person_labelled_is_kept(work: Path) -> None:
    saved(scene(1), work / "imgs/z.jpg", 95)
    saved(scene(1), work / "imgs/a.jpg", 60)
    scan(work / "imgs", labels="none")

    with open_store(work / "manifest.db") as store:
        say(store, "a.jpg", "cat")
        [group] = find_duplicates(store, Silent()).groups

    assert (group.members[0].path, group.why) == ("a.jpg", "a person labelled it")


@pytest.fixture
def labelled(work: Path) -> Path:
    """Return the manifest of a near pair of one class, and an equal pair of two."""
    saved(scene(1), work / "imgs/cat/1.jpg", 95)
    saved(scene(1), work / "imgs/cat/copy.jpg", 50)
    saved(scene(2), work / "imgs/cat/2.jpg")
    saved(scene(2), work / "imgs/dog/2.jpg")
    saved(scene(3), work / "imgs/dog/3.jpg")
    scan(work / "imgs")
    return work / "manifest.db"


def test_a_person_sees_groups_worst_first(labelled: Path, command: Command) -> None:
    found = command("duplicates", "-m", labelled)

    assert found.code == 0
    assert (
        found.out
        == """\
2 groups with 4 images: 1 of equal files, 1 of near duplicates

The same picture with different labels (1):
  keep  cat/2.jpg (320 × 240, cat): its path is the first
        dog/2.jpg (320 × 240, dog)

Others (1):
  keep  cat/1.jpg (320 × 240, cat): it is the least compressed
        cat/copy.jpg (320 × 240, cat)

Next: labelprep explain cat/2.jpg; or labelprep duplicates --exclude
"""
    )


def test_a_program_reads_groups(labelled: Path, command: Command) -> None:
    found = command("duplicates", "-m", labelled, "--json").json

    assert [(group["kind"], group["keep"], group["labels_differ"]) for group in found["groups"]] == [
        ("near duplicates", "cat/1.jpg", False),
        ("equal files", "cat/2.jpg", True),
    ]
    assert [group["keep"] for group in found["two_labels"]] == ["cat/2.jpg"]


def test_equal_files_alone_need_no_look(labelled: Path, command: Command) -> None:
    found = command("duplicates", "-m", labelled, "--equal", "--json").json

    assert [group["keep"] for group in found["groups"]] == ["cat/2.jpg"]
    assert rows(labelled, "SELECT count(*) FROM near_seen") == [0]


def test_copies_are_left_out_and_come_back(labelled: Path, command: Command) -> None:
    excluded = command("duplicates", "-m", labelled, "--exclude")
    status = "SELECT path FROM image WHERE status = 'excluded'"
    during = rows(labelled, status)
    command("undo", "-m", labelled)

    assert "1 image left out of training; 1 group with different labels left as it is." in excluded.out
    assert during == ["cat/copy.jpg"]
    assert rows(labelled, status) == []


def test_an_excluded_copy_stays_so_after_a_scan(labelled: Path, command: Command, work: Path) -> None:
    command("duplicates", "-m", labelled, "--exclude")

    scan(work / "imgs", labelled)

    assert rows(labelled, "SELECT path FROM image WHERE status = 'excluded'") == ["cat/copy.jpg"]


def test_no_duplicates_say_so(work: Path, command: Command) -> None:
    saved(scene(1), work / "imgs/cat/1.jpg")
    saved(scene(2), work / "imgs/cat/2.jpg")
    scan(work / "imgs")

    found = command("duplicates")

    assert found.out == "No two images show the same picture.\n\nNext: labelprep split\n"


def test_nothing_to_compare_is_told(work: Path, command: Command) -> None:
    (work / "imgs").mkdir()
    scan(work / "imgs")

    assert command("duplicates").code == 2


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
            "train/cat/1.jpg",
            "nearly the same picture as test/dog/1.jpg, but it is labelled cat, not dog",
        ),
        (
            "LP402",
            "test/dog/1.jpg",
            "nearly the same picture as train/cat/1.jpg, but it lies in test, not in train",
        ),
    ]


def test_kinds_are_told_from_strong_to_weak() -> None:
    assert list(Kind) == [Kind.FILE, Kind.PIXELS, Kind.NEAR]
