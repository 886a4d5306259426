"""Images to split as tests state them, and what is drawn of them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from labelprep.model.images import SPLITS
from labelprep.splits.components import Link, Reason, components, content_keys, keys_of
from labelprep.splits.members import Member, Members, gathered

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from labelprep.splits.members import Ints

CLASSES = ("cat", "dog", "fox")


def content(number: int) -> bytes:
    """Return the sha256 of one content."""
    return hashlib.sha256(str(number).encode()).digest()


def members(*images: tuple[str, int], splits: dict[int, str] | None = None) -> list[Member]:
    """Return images of (labels apart by spaces, content number), ids from 1."""
    given = splits or {}
    return [
        Member(number, content(what), tuple(names.split()), given.get(number))
        for number, (names, what) in enumerate(images, start=1)
    ]


def links_of(images: Members, groups: Sequence[Hashable] = ()) -> list[Link]:
    """Return the links by equal files and by groups, a group or None for each image."""
    links = [Link(Reason.FILE, content_keys(images.contents))]
    return [*links, Link(Reason.GROUP, keys_of(groups))] if groups else links


def whole(images: Members, groups: Sequence[Hashable] = ()) -> Ints:
    """Return the components by equal files and groups."""
    return components(links_of(images, groups), len(images.ids))


def by_id(images: Members, parts: Ints) -> dict[int, str]:
    """Return the splits that were found by image id."""
    places = zip(images.ids.tolist(), parts.tolist(), strict=True)
    return {one: SPLITS[place] for one, place in places if place >= 0}


def with_splits(images: Members, parts: Ints) -> Members:
    """Return images that lie where they were put."""
    return replace(images, splits=parts)


def counts_of(images: Members, parts: Ints, number: int = 3) -> Ints:
    """Return the images of each class in each part, ``(classes, number)``."""
    counts = np.zeros((len(images.classes), number), dtype=np.int64)
    for row, name in images.labels.tolist():
        if parts[row] >= 0:
            counts[name, parts[row]] += 1
    return counts


def shuffled(
    images: Iterable[Member], groups: Sequence[Hashable], rng: object
) -> tuple[list[Member], list[Hashable]]:
    """Return images and their groups in another order."""
    pairs = list(zip(images, groups, strict=True))
    rng.shuffle(pairs)  # type: ignore[attr-defined] # Hypothesis's random
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


@st.composite
def collections(
    draw: st.DrawFn, *, several: bool = False, kept: bool = True
) -> tuple[list[Member], list[Hashable]]:
    """Draw images of up to three classes with groups: some of equal content, some with a split."""
    names = st.lists(st.sampled_from(CLASSES), min_size=1, max_size=3 if several else 1, unique=True)
    images = draw(st.lists(st.tuples(names.map(" ".join), st.integers(0, 40)), min_size=1, max_size=60))
    groups: list[Hashable] = draw(
        st.lists(st.one_of(st.none(), st.integers(0, 12)), min_size=len(images), max_size=len(images))
    )
    most = len(images) // 3 if kept else 0
    splits = draw(st.dictionaries(st.integers(1, len(images)), st.sampled_from(SPLITS), max_size=most))
    return members(*images, splits=splits), groups


@st.composite
def shares(draw: st.DrawFn) -> dict[str, float]:
    """Draw shares in hundredths that add up to 1, train above 0."""
    train = draw(st.integers(1, 100))
    val = draw(st.integers(0, 100 - train))
    return {"train": train / 100, "val": val / 100, "test": (100 - train - val) / 100}


__all__ = [
    "by_id", "collections", "content", "counts_of", "gathered", "links_of", "members", "shares", "shuffled",
    "whole", "with_splits",
]  # fmt: skip
