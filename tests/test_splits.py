"""The laws of splits: disjoint, complete, whole components, stable, and as near to the shares as can be."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.errors import UsageError
from labelprep.model.images import SPLITS
from labelprep.splits.assigning import assign, fold, hold_out
from labelprep.splits.bursts import burst_keys
from labelprep.splits.components import Link, Reason, components, content_order, keys_of
from labelprep.splits.leaks import Leak, leaks, pairs_across
from labelprep.splits.members import gathered
from labelprep.splits.quotas import checked_shares, quotas
from split_members import (
    by_id,
    collections,
    content,
    counts_of,
    links_of,
    members,
    shares,
    shuffled,
    whole,
    with_splits,
)

if TYPE_CHECKING:
    from collections.abc import Hashable

    from labelprep.splits.members import Ints, Member, Members

    Drawn = tuple[list[Member], list[Hashable]]

USUAL = {"train": 0.8, "val": 0.1, "test": 0.1}


# Disjoint, complete, whole


@given(collections(several=True), shares(), st.integers(0, 5))
def test_every_image_gets_one_split_and_none_that_has_one_is_moved(
    drawn: Drawn, wanted: dict[str, float], seed: int
) -> None:
    images = gathered(drawn[0])

    found = assign(images, whole(images, drawn[1]), wanted, seed)

    assert set(found.tolist()) <= {0, 1, 2}
    has = images.splits >= 0
    assert (found[has] == images.splits[has]).all()


@given(collections(several=True, kept=False), shares(), st.integers(0, 5))
def test_no_component_is_torn_apart(drawn: Drawn, wanted: dict[str, float], seed: int) -> None:
    images = gathered(drawn[0])

    found = assign(images, whole(images, drawn[1]), wanted, seed)

    links = links_of(images, drawn[1])
    assert leaks(with_splits(images, found), links) == []
    assert [pairs_across(with_splits(images, found), link) for link in links] == [0, 0]


@given(collections(), shares())
def test_an_image_follows_its_component_into_the_first_of_its_splits(
    drawn: Drawn, wanted: dict[str, float]
) -> None:
    images = gathered(drawn[0])
    component = whole(images, drawn[1])

    found = assign(images, component, wanted, 0)

    for row in np.flatnonzero(images.splits < 0).tolist():
        present = images.splits[(component == component[row]) & (images.splits >= 0)]
        assert found[row] in (set(range(3)) if not len(present) else {present.min()})


def test_an_image_without_a_label_joins_others_and_gets_no_split() -> None:
    images = gathered(members(("cat", 1), ("", 2), ("cat", 3), splits={1: "test"}))
    component = components([Link(Reason.GROUP, keys_of("aa.")), Link(Reason.NEAR, keys_of(".bb"))], 3)

    found = assign(images, component, USUAL, 0)

    assert by_id(images, found) == {1: "test", 3: "test"}


# Stable


@given(collections(several=True, kept=False), shares(), st.integers(0, 5), st.data())
def test_adding_images_moves_no_old_one(
    drawn: Drawn, wanted: dict[str, float], seed: int, data: st.DataObject
) -> None:
    everything, groups = drawn
    first = data.draw(st.integers(1, len(everything)))
    before = gathered(everything[:first])
    found = assign(before, whole(before, groups[:first]), wanted, seed)
    kept = by_id(before, found)
    known = [type(one)(one.id, one.content, one.labels, kept.get(one.id)) for one in everything]

    after = gathered(known)
    again = by_id(after, assign(after, whole(after, groups), wanted, seed + 1))

    assert {one: again[one] for one in kept} == kept


@given(collections(several=True), shares(), st.integers(0, 5), st.randoms(use_true_random=False))
def test_neither_order_nor_ids_matter(drawn: Drawn, wanted: dict[str, float], seed: int, rng: object) -> None:
    images = gathered(drawn[0])
    mixed, groups = shuffled(drawn[0], drawn[1], rng)
    other = gathered(type(one)(one.id + 1000, *_rest(one)) for one in mixed)

    found = by_id(images, assign(images, whole(images, drawn[1]), wanted, seed))
    again = by_id(other, assign(other, whole(other, groups), wanted, seed))

    assert {one + 1000: split for one, split in found.items()} == again


def _rest(one: Member) -> tuple[bytes, tuple[str, ...], str | None]:
    return one.content, one.labels, one.split


def test_few_images_would_move_if_all_were_split_anew_after_some_were_added() -> None:
    old = members(*((["cat", "dog", "fox"][n % 3], n) for n in range(3000)))
    new = members(*((["cat", "dog", "fox"][n % 3], n) for n in range(3030)))

    before, after = (
        by_id(images, assign(images, whole(images), USUAL, 0)) for images in (gathered(old), gathered(new))
    )

    assert sum(after[one] != split for one, split in before.items()) < 30


def test_another_seed_gives_another_split() -> None:
    images = gathered(members(*(("cat", n) for n in range(100))))

    found = {tuple(assign(images, whole(images), USUAL, seed).tolist()) for seed in range(5)}

    assert len(found) == 5


def test_the_split_is_the_same_in_every_process() -> None:
    code = (
        "from split_members import *\n"
        "from labelprep.splits.assigning import assign\n"
        "images = gathered(members(*(('cat dog', n) if n % 3 else ('fox', n) for n in range(60))))\n"
        "found = assign(images, whole(images), {'train': .6, 'val': .2, 'test': .2}, 7)\n"
        "print(''.join(map(str, found.tolist())))\n"
    )

    outputs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path), "PATH": ""},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip

    assert outputs[0] == outputs[1]
    assert len(outputs[0].strip()) == 60


# Stratified


@given(
    st.lists(st.sampled_from(["cat", "dog", "fox", "owl"]), min_size=1, max_size=120),
    shares(),
    st.integers(0, 5),
)
def test_single_images_of_one_class_each_come_within_one_image_of_the_ideal(
    names: list[str], wanted: dict[str, float], seed: int
) -> None:
    images = gathered(members(*((name, n) for n, name in enumerate(names))))

    counts = counts_of(images, assign(images, whole(images), wanted, seed))

    ideal = counts.sum(axis=1, keepdims=True) * np.array([wanted[name] for name in SPLITS])
    # A class whose share of train is below one image has one there all the same.
    room = np.where(ideal[:, :1] >= 1, 1, 2)
    assert (np.abs(counts - ideal) < room + 1e-6).all()


@given(
    st.lists(st.integers(2, 6), max_size=6),
    st.integers(12, 60),
    st.integers(0, 5),
)
def test_groups_cost_nothing_where_twice_their_size_is_single(
    sizes: list[int], single: int, seed: int
) -> None:
    groups: list[Hashable] = [number for number, size in enumerate(sizes) for _ in range(size)]
    groups += [None] * single
    images = gathered(members(*(("cat", n) for n in range(len(groups)))))

    counts = counts_of(images, assign(images, whole(images, groups), USUAL, seed))

    ideal = len(groups) * np.array([0.8, 0.1, 0.1])
    assert (np.abs(counts[0] - ideal) < 1 + 1e-6).all()


@given(collections(several=True), shares(), st.integers(0, 5))
def test_no_single_move_brings_the_classes_nearer(drawn: Drawn, wanted: dict[str, float], seed: int) -> None:
    images = gathered(drawn[0])
    component = whole(images, drawn[1])
    found = assign(images, component, wanted, seed)
    goal = _goal(images, wanted)
    nearest = _distance(images, found, goal)

    for head in set(component.tolist()):
        rows = component == head
        if (images.splits[rows] >= 0).any():
            continue
        for there in range(3):
            moved = np.where(rows, there, found)
            assert _distance(images, moved, goal) >= nearest or _empties_training(images, found, moved)


def _goal(images: Members, wanted: dict[str, float]) -> Ints:
    rows = _all_rows(images)
    return quotas(rows.sum(axis=1), np.array([wanted[name] for name in SPLITS]), first_never_empty=True)


def _all_rows(images: Members, parts: Ints | None = None) -> Ints:
    """Return images by class and split, and by split alone where some have several labels."""
    where = np.zeros(len(images.ids), dtype=np.int64) if parts is None else parts
    rows = counts_of(images, where)
    if not images.is_multi_label:
        return rows
    return np.vstack((rows, np.bincount(where, minlength=3)))


def _distance(images: Members, parts: Ints, goal: Ints) -> int:
    return int(((_all_rows(images, parts) - goal) ** 2).sum())


def _empties_training(images: Members, before: Ints, after: Ints) -> bool:
    had, has = (_all_rows(images, parts)[:, 0] for parts in (before, after))
    return bool(((had > 0) & (has == 0)).any())


@given(collections(several=True, kept=False), shares(), st.integers(0, 5))
def test_every_class_keeps_an_image_to_train_on(drawn: Drawn, wanted: dict[str, float], seed: int) -> None:
    images = gathered(drawn[0])

    counts = counts_of(images, assign(images, whole(images, drawn[1]), wanted, seed))

    assert (counts[:, 0] > 0).all()


def test_a_class_that_lies_in_test_alone_gets_its_new_images_into_train() -> None:
    images = gathered(members(*(("cat", n) for n in range(9)), splits=dict.fromkeys(range(1, 9), "test")))

    found = by_id(images, assign(images, whole(images), {"train": 0.1, "val": 0.0, "test": 0.9}, 0))

    assert found[9] == "train"


def test_many_small_classes_come_out_right_as_a_whole() -> None:
    images = gathered(members(*((f"class {n // 5}", n) for n in range(500))))

    found = Counter(assign(images, whole(images), USUAL, 0).tolist())

    assert found == {0: 400, 1: 50, 2: 50}


def test_several_labels_come_out_near_the_ideal() -> None:
    names = ["cat", "dog", "cat dog", "fox", "dog fox", "cat dog fox", "owl cat", "owl"]
    images = gathered(members(*((names[n * n % 8], n) for n in range(400))))

    counts = counts_of(images, assign(images, whole(images), USUAL, 0))

    ideal = counts.sum(axis=1, keepdims=True) * np.array([0.8, 0.1, 0.1])
    assert np.abs(counts - ideal).max() <= 1.5


def test_what_is_split_already_counts_towards_the_shares() -> None:
    images = gathered(members(*(("cat", n) for n in range(10)), splits=dict.fromkeys(range(1, 9), "train")))

    found = by_id(images, assign(images, whole(images), USUAL, 0))

    assert sorted((found[9], found[10])) == ["test", "val"]


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (0, [0, 0, 0]),
        (1, [1, 0, 0]),
        (2, [2, 0, 0]),
        (5, [4, 1, 0]),
        (9, [7, 1, 1]),
        (10, [8, 1, 1]),
        (100, [80, 10, 10]),
    ],
)
def test_shares_become_whole_images(total: int, expected: list[int]) -> None:
    shares_of = np.array([0.8, 0.1, 0.1])

    assert quotas(np.array([total]), shares_of, first_never_empty=True).tolist() == [expected]


def test_train_gets_an_image_before_any_other_does() -> None:
    assert quotas(np.array([1]), np.array([0.1, 0.1, 0.8]), first_never_empty=True).tolist() == [[1, 0, 0]]


@pytest.mark.parametrize(
    "wanted", [(0.8, 0.1, 0.2), (0.5, 0.1, 0.1), (1.2, -0.1, -0.1), (0.0, 0.5, 0.5), (float("nan"), 0.5, 0.5)]
)
def test_shares_that_do_not_add_up_are_refused(wanted: tuple[float, float, float]) -> None:
    with pytest.raises(UsageError) as caught:
        checked_shares(*wanted)

    assert caught.value.fix == "give three shares, train above 0, that add up to 1"


@pytest.mark.parametrize(
    ("given_shares", "expected"),
    [
        ((0.7, 0.2, 0.1), (0.7, 0.2, 0.1)),
        ((None, None, None), (0.8, 0.1, 0.1)),
        ((0.7, 0.3, None), (0.7, 0.3, 0.0)),
        ((1.0, None, None), (1.0, 0.0, 0.0)),
        ((0.6, None, 0.4), (0.6, 0.0, 0.4)),
        ((None, 0.05, 0.15), (0.8, 0.05, 0.15)),
    ],
)
def test_shares_that_add_up_are_taken(
    given_shares: tuple[float | None, ...], expected: tuple[float, ...]
) -> None:
    assert checked_shares(*given_shares) == dict(zip(SPLITS, expected, strict=True))


# Links and leaks


@given(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25), st.integers(0, 25)), max_size=40))
def test_components_are_what_a_walk_along_the_links_reaches(rows: list[tuple[int, int, int]]) -> None:
    links = [Link(Reason.GROUP, keys_of(row[kind] or None for row in rows)) for kind in range(3)]

    found = components(links, len(rows))

    for start in range(len(rows)):
        reached, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            near = {
                other for other in range(len(rows)) for kind in range(3)
                if rows[other][kind] and rows[other][kind] == rows[here][kind]
            }  # fmt: skip
            waiting += near - reached
            reached |= near
        assert found[start] == min(reached)


def test_a_long_chain_of_links_is_one_component() -> None:
    rows = 2001
    links = [
        Link(Reason.NEAR, np.arange(rows) // 2),
        Link(Reason.GROUP, (np.arange(rows) + 1) // 2),
    ]

    assert components(links, rows).tolist() == [0] * rows


def test_each_leak_is_named_once_with_its_strongest_reason() -> None:
    splits = {1: "train", 2: "test", 3: "val", 4: "val", 5: "test", 6: "train"}
    images = gathered(members(*(("cat", n) for n in (1, 1, 2, 2, 3, 4)), splits=splits))
    links = [*links_of(images), Link(Reason.NEAR, keys_of("aabbcc")), Link(Reason.GROUP, keys_of("ggg..."))]

    found = leaks(images, links)

    assert found == [
        Leak(Reason.FILE, ((1, "train"), (2, "test"))),
        Leak(Reason.NEAR, ((5, "test"), (6, "train"))),
        Leak(Reason.GROUP, ((1, "train"), (2, "test"), (3, "val"))),
        Leak(Reason.GROUP, ((4, "val"), (5, "test"), (6, "train"))),
    ]
    assert [pairs_across(images, link) for link in links] == [1, 2, 6]


def test_a_new_image_that_joins_two_splits_is_a_leak_and_moves_neither() -> None:
    images = gathered(members(("cat", 1), ("cat", 2), ("cat", 3), splits={1: "train", 2: "test"}))
    links = [Link(Reason.NEAR, keys_of("a.a")), Link(Reason.GROUP, keys_of(".bb"))]
    links = [Link(link.reason, np.where(link.keys == 1, -1, link.keys)) for link in links]

    before = leaks(
        images, [Link(Reason.NEAR, keys_of(["a", None, "a"])), Link(Reason.GROUP, keys_of([None, "b", "b"]))]
    )
    found = assign(images, np.zeros(3, dtype=np.int64), USUAL, 0)

    assert before == [Leak(Reason.CHAIN, ((1, "train"), (2, "test")))]
    assert by_id(images, found) == {1: "train", 2: "test", 3: "train"}


def test_images_without_a_split_leak_nothing() -> None:
    images = gathered(members(("cat", 1), ("cat", 1), splits={1: "train"}))

    assert leaks(images, links_of(images)) == []


def test_shots_of_one_camera_within_seconds_are_a_burst() -> None:
    shots = [
        ("a", "2024:05:01 10:00:00"),
        ("a", "2024-05-01T10:00:08"),
        ("b", "2024:05:01 10:00:01"),
        ("a", "2024:05:01 10:00:04.5"),
        ("a", "2024:05:01 10:00:13.1"),
        (None, "2024:05:01 10:00:00"),
        ("a", "0000:00:00 00:00:00"),
        ("a", None),
        ("b", "2024:05:01 10:00:06"),
    ]

    found = burst_keys([shot[0] for shot in shots], [shot[1] for shot in shots], 5.0)

    assert found.tolist() == [0, 0, 2, 0, 1, -1, -1, -1, 2]


# Folds and what is held out


@given(collections(several=True), st.integers(2, 6), st.integers(0, 5))
def test_folds_hold_every_image_once_and_tear_no_component(drawn: Drawn, number: int, seed: int) -> None:
    images = gathered(drawn[0])
    component = whole(images, drawn[1])

    found = fold(images, component, number, seed)

    assert set(found.tolist()) <= set(range(number))
    assert all(len(set(found[component == head].tolist())) == 1 for head in set(component.tolist()))


@given(st.lists(st.sampled_from(["cat", "dog"]), min_size=1, max_size=90), st.integers(2, 7))
def test_folds_are_within_one_image_of_equal(names: list[str], number: int) -> None:
    images = gathered(members(*((name, n) for n, name in enumerate(names))))

    counts = counts_of(images, fold(images, whole(images), number, 0), number)

    assert (counts.max(axis=1) - counts.min(axis=1) <= 1).all()


def test_a_held_out_share_is_stratified_and_leaves_every_class_something() -> None:
    labels = [0] * 40 + [1] * 10 + [2]
    contents = [content(number) for number in range(51)]

    held = hold_out(labels, contents, [], 0.1, 0)

    assert Counter(label for label, is_held in zip(labels, held, strict=True) if is_held) == {0: 4, 1: 1}


def test_what_belongs_together_is_held_out_together() -> None:
    labels = [0] * 40
    contents = [content(number // 2) for number in range(40)]

    held = hold_out(labels, contents, [Link(Reason.GROUP, np.arange(40) // 4)], 0.3, 0)

    assert held[::4] == held[1::4] == held[2::4] == held[3::4]
    assert sum(held) == 12


@given(contents=st.lists(st.binary(min_size=1, max_size=1), max_size=40), tail=st.integers(0, 31))
def test_contents_stand_by_their_bytes_and_equal_ones_by_row(contents: list[bytes], tail: int) -> None:
    whole_contents = [b"\0" * tail + one + b"\xff" * (31 - tail) for one in contents]
    rows = np.frombuffer(b"".join(whole_contents), dtype=np.uint8).reshape(-1, 32)

    order, _ = content_order(rows)

    assert order.tolist() == sorted(range(len(contents)), key=lambda row: whole_contents[row])
