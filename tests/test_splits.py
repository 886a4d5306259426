"""Train, val and test: whole components, stratified, by hash of content, and never moved later."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.errors import SourceError, UsageError
from labelprep.manifest.store import open_store
from labelprep.splits.assigning import (
    Leak,
    Member,
    assign,
    checked_shares,
    hold_out,
    leaks,
    whole_shares,
)
from labelprep.workflows.editing import retire_class, undo
from labelprep.workflows.splitting import report, split_images
from pictures import draw, tree
from running import Command, Place, rows, scan, splits_of

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.manifest.store import Store

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
SPLITS = ("train", "val", "test")


def content(number: int) -> bytes:
    """Return the sha256 of one content."""
    return hashlib.sha256(str(number).encode()).digest()


def members(*images: tuple[str, int], splits: dict[int, str] | None = None) -> list[Member]:
    """Return images of (label, content number), ids from 1; equal contents are one component."""
    given = splits or {}
    return [
        Member(number, what, content(what), label, given.get(number))
        for number, (label, what) in enumerate(images, start=1)
    ]


@st.composite
def collections(draw_one: st.DrawFn) -> list[Member]:
    """Draw images of up to three classes, some of equal content, some with a split."""
    images = draw_one(
        st.lists(
            st.tuples(st.sampled_from(["cat", "dog", "fox"]), st.integers(0, 30)), min_size=1, max_size=60
        )
    )
    kept = draw_one(
        st.dictionaries(st.integers(1, len(images)), st.sampled_from(SPLITS), max_size=len(images) // 3)
    )
    return members(*images, splits=kept)


@st.composite
def shares(draw_one: st.DrawFn) -> dict[str, float]:
    """Draw shares in hundredths that add up to 1, train above 0."""
    train = draw_one(st.integers(1, 100))
    val = draw_one(st.integers(0, 100 - train))
    return {"train": train / 100, "val": val / 100, "test": (100 - train - val) / 100}


def all_splits(images: list[Member], found: dict[int, str]) -> dict[int, str]:
    """Return the split of every image, those it had before included."""
    return {member.image_id: member.split or found[member.image_id] for member in images}


@given(collections(), shares(), st.integers(0, 5))
def test_every_image_without_a_split_gets_one_and_no_other_is_moved(
    images: list[Member], wanted: dict[str, float], seed: int
) -> None:
    found = assign(images, wanted, seed)

    assert found.keys() == {member.image_id for member in images if member.split is None}
    assert set(found.values()) <= set(SPLITS)


@given(collections(), shares(), st.integers(0, 5))
def test_equal_contents_are_never_torn_apart(
    images: list[Member], wanted: dict[str, float], seed: int
) -> None:
    fresh = [Member(one.image_id, one.component, one.sha256, one.label, None) for one in images]
    found = assign(fresh, wanted, seed)

    by_content: dict[bytes, set[str]] = defaultdict(set)
    for member in fresh:
        by_content[member.sha256].add(found[member.image_id])
    assert {len(splits) for splits in by_content.values()} == {1}


@given(collections(), shares())
def test_an_image_follows_its_equal_that_has_a_split(images: list[Member], wanted: dict[str, float]) -> None:
    found = assign(images, wanted, 0)

    for member in images:
        present = {one.split for one in images if one.component == member.component and one.split}
        assert not present or all_splits(images, found)[member.image_id] in present


@given(collections(), shares(), st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_order_of_images_does_not_matter(
    images: list[Member], wanted: dict[str, float], seed: int, rng: object
) -> None:
    mixed = list(images)
    rng.shuffle(mixed)  # type: ignore[attr-defined]

    assert assign(mixed, wanted, seed) == assign(images, wanted, seed)


@given(st.lists(st.integers(0, 300), unique=True, min_size=1, max_size=80), shares(), st.integers(0, 5))
def test_shares_are_within_one_image_of_the_ideal(
    contents: list[int], wanted: dict[str, float], seed: int
) -> None:
    images = members(*(("cat", number) for number in contents))

    found = Counter(assign(images, wanted, seed).values())

    exact = {name: wanted[name] * len(contents) for name in SPLITS}
    room = 1 if exact["train"] >= 1 else 2
    assert all(abs(found[name] - exact[name]) < room + 1e-6 for name in SPLITS)


@given(collections(), shares(), st.integers(0, 5))
def test_every_class_keeps_an_image_to_train_on(
    images: list[Member], wanted: dict[str, float], seed: int
) -> None:
    alone = [Member(one.image_id, one.component, one.sha256, "cat", None) for one in images]

    found = assign(alone, wanted, seed)

    assert "train" in found.values()


@given(collections(), shares())
def test_a_class_with_images_waiting_gets_one_to_train_on_whatever_it_had_before(
    images: list[Member], wanted: dict[str, float]
) -> None:
    alone = [
        Member(one.image_id, one.image_id, content(one.image_id), "cat", one.split and "val")
        for one in images
    ]

    found = assign(alone, wanted, 0)

    assert "train" in found.values()


@given(collections(), st.lists(st.integers(100, 200), unique=True, max_size=20), shares())
def test_adding_images_moves_none_that_was_there(
    images: list[Member], more: list[int], wanted: dict[str, float]
) -> None:
    before = all_splits(images, assign(images, wanted, 0))
    kept = [
        Member(one.image_id, one.component, one.sha256, one.label, before[one.image_id]) for one in images
    ]
    added = [Member(1000 + number, number, content(number), "dog", None) for number in more]

    found = assign(kept + added, wanted, 0)

    assert found.keys() == {one.image_id for one in added}


def test_another_seed_draws_another_split() -> None:
    images = members(*(("cat", number) for number in range(100)))

    assert assign(images, SHARES, 0) == assign(images, SHARES, 0)
    assert assign(images, SHARES, 0) != assign(images, SHARES, 1)


def test_the_split_of_an_image_follows_from_its_content_not_from_its_number() -> None:
    images = [("cat", number) for number in range(40)]
    forth, back = members(*images), members(*reversed(images))

    first, second = assign(forth, SHARES, 0), assign(back, SHARES, 0)

    assert {one.sha256: first[one.image_id] for one in forth} == {
        one.sha256: second[one.image_id] for one in back
    }


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (0, {"train": 0, "val": 0, "test": 0}),
        (1, {"train": 1, "val": 0, "test": 0}),
        (2, {"train": 2, "val": 0, "test": 0}),
        (5, {"train": 4, "val": 1, "test": 0}),
        (9, {"train": 7, "val": 1, "test": 1}),
        (10, {"train": 8, "val": 1, "test": 1}),
        (100, {"train": 80, "val": 10, "test": 10}),
    ],
)
def test_shares_become_whole_images(total: int, expected: dict[str, int]) -> None:
    assert whole_shares(total, SHARES) == expected


def test_train_gets_an_image_before_any_other_does() -> None:
    assert whole_shares(1, {"train": 0.1, "val": 0.1, "test": 0.8}) == {"train": 1, "val": 0, "test": 0}


def test_each_class_is_split_by_itself() -> None:
    images = members(*(("cat", n) for n in range(20)), *(("dog", 100 + n) for n in range(10)))

    found = assign(images, SHARES, 0)

    by_class = Counter((one.label, found[one.image_id]) for one in images)
    assert by_class == {
        ("cat", "train"): 16,
        ("cat", "val"): 2,
        ("cat", "test"): 2,
        ("dog", "train"): 8,
        ("dog", "val"): 1,
        ("dog", "test"): 1,
    }


def test_what_is_split_already_counts_towards_the_shares() -> None:
    images = members(*(("cat", n) for n in range(10)), splits=dict.fromkeys(range(1, 9), "train"))

    found = assign(images, SHARES, 0)

    assert sorted(found.values()) == ["test", "val"]


@pytest.mark.parametrize(
    "wanted", [(0.8, 0.1, 0.2), (0.5, 0.1, 0.1), (1.2, -0.1, -0.1), (0.0, 0.5, 0.5), (float("nan"), 0.5, 0.5)]
)
def test_shares_that_do_not_add_up_are_refused(wanted: tuple[float, float, float]) -> None:
    with pytest.raises(UsageError) as caught:
        checked_shares(*wanted)

    assert caught.value.fix == "give three shares, train above 0, that add up to 1"


@pytest.mark.parametrize("wanted", [(0.7, 0.2, 0.1), (1.0, 0.0, 0.0), (0.34, 0.33, 0.33), (0.6, 0.0, 0.4)])
def test_shares_that_add_up_are_taken(wanted: tuple[float, float, float]) -> None:
    assert checked_shares(*wanted) == dict(zip(SPLITS, wanted, strict=True))


def test_equal_contents_in_two_splits_are_a_leak() -> None:
    images = members(
        ("cat", 1), ("cat", 1), ("cat", 2), ("dog", 2), splits={1: "train", 2: "test", 3: "val", 4: "val"}
    )

    assert leaks(images) == [Leak(1, (1, 2), ("train", "test"))]


def test_images_without_a_split_leak_nothing() -> None:
    assert leaks(members(("cat", 1), ("cat", 1), splits={1: "train"})) == []


def test_a_held_out_share_is_stratified_and_leaves_every_class_something() -> None:
    labels = [0] * 40 + [1] * 10 + [2]
    contents = [content(number) for number in range(51)]

    held = hold_out(labels, contents, 0.1, 0)

    assert Counter(label for label, is_held in zip(labels, held, strict=True) if is_held) == {0: 4, 1: 1}


def test_equal_contents_are_held_out_together() -> None:
    labels = [0] * 40
    contents = [content(number // 2) for number in range(40)]

    held = hold_out(labels, contents, 0.3, 0)

    assert held[::2] == held[1::2]
    assert sum(held) == 12


# The command's workflow, on a manifest


def test_a_split_is_reported_with_its_counts(store: Store) -> None:
    found = split_images(store, {"train": 0.5, "val": 0.5, "test": 0.0})

    assert found.as_json() == {
        "splits": {"train": 4, "val": 2},
        "classes": {
            "cat": {"train": 2, "val": 1, "test": 0},
            "dog": {"train": 1, "val": 1, "test": 0},
            "fox": {"train": 1, "val": 0, "test": 0},
        },
        "groups": 6,
        "assigned": 6,
        "kept": 0,
        "left_out": 0,
        "seed": 0,
        "leaks": [],
    }


def test_splitting_again_keeps_all_and_is_no_command(store: Store) -> None:
    split_images(store, SHARES)
    before = splits_of(store)

    again = split_images(store, SHARES, seed=5)

    assert (again.assigned, again.kept) == (0, 6)
    assert splits_of(store) == before
    assert rows(store, "SELECT name FROM command ORDER BY number") == ["scan", "split"]


def test_a_split_is_the_same_in_another_manifest_of_the_same_images(store: Store, animals: Place) -> None:
    split_images(store, {"train": 0.5, "val": 0.25, "test": 0.25}, seed=3)
    renamed = animals.root.with_name("renamed")
    tree_copy = [(path, renamed / path.parent.name / f"x{path.name}") for path in animals.root.rglob("*.png")]
    for old, new in tree_copy:
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(old.read_bytes())
    other = scan(renamed, animals.root.parent / "other.db").manifest

    with open_store(other) as second:
        split_images(second, {"train": 0.5, "val": 0.25, "test": 0.25}, seed=3)
        found = rows(second, "SELECT sha256, split FROM image ORDER BY sha256")

    assert found == rows(store, "SELECT sha256, split FROM image ORDER BY sha256")


def test_new_images_get_a_split_and_old_ones_keep_theirs(store: Store, animals: Place) -> None:
    split_images(store, SHARES)
    before = splits_of(store)
    for number in range(5):
        draw(animals.root / "cat" / f"new{number}.png", 60 + number)
    scan(animals.root)

    found = split_images(store, SHARES)

    after = splits_of(store)
    assert (found.assigned, found.kept) == (5, 6)
    assert {path: after[path] for path in before} == before
    assert None not in after.values()


def test_splits_named_by_folders_are_kept_and_locked(work: Path, command: Command) -> None:
    tree(work / "imgs", ["train/cat/1.png", "val/cat/2.png", "train/dog/3.png", "val/dog/4.png"])
    scan(work / "imgs")

    ran = command("split", "--json")

    assert (ran.json["assigned"], ran.json["kept"]) == (0, 4)
    assert rows(work / "manifest.db", "SELECT DISTINCT split_source, split_locked FROM image") == [
        ("folder", 1)
    ]


def test_a_leak_between_split_folders_is_reported_and_not_repaired(work: Path, command: Command) -> None:
    tree(work / "imgs", ["train/cat/1.png", "train/dog/3.png", "val/dog/4.png"])
    draw(work / "imgs" / "val" / "cat" / "same.png", 0)
    scan(work / "imgs")
    before = splits_of(work / "manifest.db")

    split = command("split", "--json")
    verified = command("split", "--verify", "--json")

    leak = {
        "reason": "equal content",
        "images": [
            {"path": "train/cat/1.png", "split": "train"},
            {"path": "val/cat/same.png", "split": "val"},
        ],
    }
    assert (split.code, split.json["leaks"]) == (0, [leak])
    assert (verified.code, verified.json["leaks"]) == (1, [leak])
    assert splits_of(work / "manifest.db") == before


def test_what_cannot_be_trained_on_is_left_out(store: Store, animals: Place) -> None:
    (animals.root / "cat" / "empty.png").touch()
    draw(animals.root / "loose.png", 70)
    scan(animals.root)
    retire_class(store, "dog")

    found = split_images(store, SHARES)

    assert (found.assigned, found.left_out) == (4, 4)
    assert list(found.classes) == ["cat", "fox"]


def test_without_a_label_there_is_nothing_to_split(work: Path) -> None:
    tree(work / "imgs", ["1.png", "2.png"])
    scan(work / "imgs")

    with open_store(work / "manifest.db") as store, pytest.raises(SourceError, match="no image has a label"):
        split_images(store, SHARES)


def test_a_split_is_one_command_that_undo_takes_back(store: Store) -> None:
    split_images(store, SHARES, seed=7)

    undone = undo(store)

    assert (undone.name, len(undone.images)) == ("split", 6)
    assert report(store).splits == {}
