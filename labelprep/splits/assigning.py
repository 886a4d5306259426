"""Which split an image goes to: whole components, by keyed hash, stratified, never moving what is there.

What each class should have in each split is fixed first, in whole images. Then the components that have no
split are placed class by class, the rarest first, within a class the largest first: the keyed hash of a
component's smallest content points to a split, by the shares; where that has no room left, to another that
has. Last, components are moved as long as that brings the classes nearer to what they should have.

So a name counts for nothing, and where images were added, few others would come out differently if all were
split anew; what has a split is never moved in the first place.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np

from labelprep.model.images import SPLITS
from labelprep.splits.components import Link, Reason, components, content_keys, content_order
from labelprep.splits.members import CONTENT_BYTES, NONE, Ints, Member, Members, gathered
from labelprep.splits.quotas import quotas
from labelprep.splits.repairing import repaired
from labelprep.splits.vectors import Plan, Vectors, spans

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

HASH_BITS = 64


def assign(members: Members, component: Ints, shares: Mapping[str, float], seed: int) -> Ints:
    """Return the split of each row as its place in `SPLITS`, -1 for rows without a label that had none.

    An image whose component already lies in a split follows it (into train, where it lies in several). No
    class stays without an image in train, unless all of its images had another split before.
    """
    wanted = np.array([shares[name] for name in SPLITS])
    return _assigned(members, component, wanted, seed, keeps_training=True)


def fold(members: Members, component: Ints, folds: int, seed: int) -> Ints:
    """Return the fold of each labelled row, 0 … folds−1, and -1 for the others; splits count for nothing."""
    free = Members(
        members.ids,
        members.contents,
        np.full(len(members.ids), NONE, dtype=np.int64),
        members.locked,
        members.labels,
        members.classes,
    )
    shares = np.full(folds, 1 / folds)
    return _assigned(free, component, shares, seed, keeps_training=False)


def _assigned(
    members: Members, component: Ints, shares: npt.NDArray[np.float64], seed: int, *, keeps_training: bool
) -> Ints:
    number_of = np.unique(component, return_inverse=True)[1].reshape(-1)
    homes = _homes(members.splits, number_of, len(shares))
    lines = _lines(members)
    vectors = _vectors(lines, number_of, len(homes), len(members.classes) + members.is_multi_label)
    parts = np.where(members.splits != NONE, members.splits, homes[number_of])
    free = homes == NONE
    free &= np.bincount(vectors.component, minlength=len(homes)) > 0
    hashes = _hashes(members, number_of, free, seed)
    plan = Plan(
        vectors=vectors.only(free),
        hashes=hashes,
        order=_order(hashes),
        placed=_counts(lines, parts, vectors.classes, len(shares)),
        wanted=quotas(vectors.totals(), shares, first_never_empty=keeps_training),
        shares=shares,
        keeps_training=keeps_training,
    )
    done = repaired(plan, _placed(plan, homes))
    return np.where(members.is_labelled & (members.splits == NONE), done[number_of], members.splits)


def _homes(splits: Ints, number_of: Ints, parts: int) -> Ints:
    """Return the first split that a component lies in already, -1 where it lies in none."""
    homes = np.full(int(number_of.max(initial=-1)) + 1, parts, dtype=np.int64)
    kept = splits != NONE
    np.minimum.at(homes, number_of[kept], splits[kept])
    homes[homes == parts] = NONE
    return homes


def _lines(members: Members) -> Ints:
    """Return (row, class) of each label; where images have several, one more of each for all images."""
    if not members.is_multi_label:
        return members.labels
    rows = np.flatnonzero(members.is_labelled)
    every = np.column_stack((rows, np.full(len(rows), len(members.classes))))
    return np.concatenate((members.labels, every))


def _vectors(lines: Ints, number_of: Ints, components_: int, classes: int) -> Vectors:
    """Count the images of each class in each component."""
    codes, counts = np.unique(number_of[lines[:, 0]] * max(classes, 1) + lines[:, 1], return_counts=True)
    return Vectors(*np.divmod(codes, max(classes, 1)), counts, components_, classes)


def _counts(lines: Ints, parts: Ints, classes: int, number: int) -> Ints:
    """Return the images of each class in each part, of those that have one."""
    own = parts[lines[:, 0]]
    has = own != NONE
    codes = lines[has, 1] * number + own[has]
    return np.bincount(codes, minlength=classes * number).reshape(classes, number)


def _hashes(
    members: Members, number_of: Ints, free: npt.NDArray[np.bool_], seed: int
) -> npt.NDArray[np.uint64]:
    """Return 128 bits for each free component, of its smallest content, keyed by the seed."""
    order, _ = content_order(members.contents)
    smallest = np.zeros(len(free), dtype=np.int64)
    # The last write stays: that of the smallest content.
    smallest[number_of[order[::-1]]] = order[::-1]
    chosen = np.flatnonzero(free)
    contents = members.contents[smallest[chosen]].tobytes()
    keyed = hashlib.blake2b(digest_size=16, key=f"labelprep split {seed}".encode())
    digests = []
    for start in range(0, len(contents), CONTENT_BYTES):
        one = keyed.copy()
        one.update(contents[start : start + CONTENT_BYTES])
        digests.append(one.digest())
    hashes = np.zeros((len(free), 2), dtype=np.uint64)
    hashes[chosen] = np.frombuffer(b"".join(digests), dtype=">u8").reshape(-1, 2)
    return hashes


def _order(hashes: npt.NDArray[np.uint64]) -> Ints:
    """Return the place of each component in the order of the second half of its hash."""
    places = np.empty(len(hashes), dtype=np.int64)
    places[np.lexsort((hashes[:, 0], hashes[:, 1]))] = np.arange(len(hashes))
    return places


def _placed(plan: Plan, homes: Ints) -> Ints:
    """Return a part for every component, before any repair: class by class, the rarest first."""
    vectors, found = plan.vectors, homes.copy()
    lacking = plan.wanted - plan.placed
    pointed = _pointed(plan)
    edges = vectors.edges()
    by_label = np.argsort(vectors.label, kind="stable")
    bounds = np.searchsorted(vectors.label[by_label], np.arange(vectors.classes + 1))
    for label in np.argsort(vectors.totals(), kind="stable").tolist():
        lines = by_label[bounds[label] : bounds[label + 1]]
        lines = lines[found[vectors.component[lines]] == NONE]
        lines = lines[np.lexsort((plan.order[vectors.component[lines]], -vectors.count[lines]))]
        waiting = vectors.component[lines]
        if not len(waiting):
            continue
        found[waiting] = _parts(
            pointed[waiting], plan.hashes[waiting, 1], vectors.count[lines], lacking[label].tolist()
        )
        settled = vectors.at(spans(edges[waiting], edges[waiting + 1]))
        np.subtract.at(lacking, (settled.label, found[settled.component]), settled.count)
    return found


def _pointed(plan: Plan) -> Ints:
    """Return the part that the first half of each hash points to by the shares."""
    high = plan.hashes[:, 0]
    pointed = np.zeros(len(high), dtype=np.int64)
    for bound in (np.cumsum(plan.shares)[:-1] * 2.0**HASH_BITS).tolist():
        # Whole numbers: 64 bits do not fit into a float.
        if bound < 2**HASH_BITS:
            pointed += high >= np.uint64(math.ceil(bound))
    return pointed


def _parts(pointed: Ints, low: npt.NDArray[np.uint64], sizes: Ints, room: list[int]) -> Ints:
    """Return the parts of components of one class, which have ``room`` for so many of its images.

    Each goes where its hash points to; where that has no room, by what the others lack.
    """
    parts = pointed.copy()
    fitting = _fitting(pointed, sizes, room)
    for part in range(len(room)):
        room[part] -= int(sizes[:fitting][pointed[:fitting] == part].sum())
    rest = zip(pointed[fitting:].tolist(), low[fitting:].tolist(), sizes[fitting:].tolist(), strict=True)
    for place, (part, mark, size) in enumerate(rest, start=fitting):
        chosen = part if room[part] >= size else _elsewhere(mark, size, room)
        parts[place] = chosen
        room[chosen] -= size
    return parts


def _fitting(pointed: Ints, sizes: Ints, room: Sequence[int]) -> int:
    """Return how many components fit where they point to, before the first that does not."""
    fitting = len(pointed)
    for part, lack in enumerate(room):
        places = np.flatnonzero(pointed == part)
        over = np.flatnonzero(np.cumsum(sizes[places]) > lack)
        if len(over):
            fitting = min(fitting, int(places[over[0]]))
    return fitting


def _elsewhere(mark: int, size: int, room: Sequence[int]) -> int:
    """Return a part that has room, by hash and what they lack; where none has, that with most of it."""
    is_open = [lack if lack >= size else 0 for lack in room]
    mark = mark * sum(is_open) >> HASH_BITS
    for number, lack in enumerate(is_open):
        mark -= lack
        if mark < 0:
            return number
    return max(range(len(room)), key=lambda number: (room[number], -number))


def hold_out(
    labels: Sequence[int], contents: Sequence[bytes], links: Sequence[Link], share: float, seed: int
) -> list[bool]:
    """Mark a stratified share of images, whole components together, and never the last of a class.

    ``labels`` and ``contents`` (sha256) are those of the training images, ``links`` say what else belongs
    together; used where there is no val split.
    """
    rows = zip(labels, contents, strict=True)
    members = gathered(Member(row, content, (str(label),)) for row, (label, content) in enumerate(rows))
    whole = components([Link(Reason.FILE, content_keys(members.contents)), *links], len(members.ids))
    found = assign(members, whole, {"train": 1 - share, "val": share, "test": 0.0}, seed)
    held: list[bool] = (found == SPLITS.index("val")).tolist()
    return held
