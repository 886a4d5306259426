"""Which split an image goes to: whole components, by keyed hash, stratified, never moving what is there.

A component is a set of images that must not be torn apart: today those of equal content, to which near
duplicates and groups can be joined. Within each class the components that have no split yet are put in the
order of a keyed hash of their smallest content, and that hash draws one of the splits that still lack images.
Adding images can therefore move no old one, and renaming files moves none at all.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelprep.errors import UsageError
from labelprep.model.classes import natural_key
from labelprep.model.images import SPLITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Member:
    """One image to be split: its id, its component, its content, its class, and the split it has."""

    image_id: int
    component: int
    sha256: bytes
    label: str
    split: str | None


@dataclass(frozen=True, slots=True)
class Leak:
    """One component whose images lie in more than one split."""

    component: int
    image_ids: tuple[int, ...]
    splits: tuple[str, ...]


def checked_shares(train: float, val: float, test: float) -> dict[str, float]:
    """Return the shares by split.

    Raises: UsageError where one is negative, train is zero, or they do not add up to 1.
    """
    shares = dict(zip(SPLITS, (train, val, test), strict=True))
    total = sum(shares.values())
    # Written so that "nan", which compares with nothing, is refused too.
    if not (min(shares.values()) >= 0 and train > 0 and abs(total - 1) <= TOLERANCE):
        text = " ".join(f"--{name} {share:g}" for name, share in shares.items())
        raise UsageError(
            f"the shares {text} add up to {total:g}", fix="give three shares, train above 0, that add up to 1"
        )
    return shares


def assign(members: Sequence[Member], shares: Mapping[str, float], seed: int) -> dict[int, str]:
    """Return the split of each image that has none yet, by image id.

    An image whose component already lies in a split follows it (into train, where it lies in several).
    """
    components: dict[int, list[Member]] = defaultdict(list)
    for member in sorted(members, key=lambda member: member.image_id):
        components[member.component].append(member)
    placed: dict[str, Counter[str]] = defaultdict(Counter)
    waiting: dict[str, list[tuple[bytes, list[Member]]]] = defaultdict(list)
    result: dict[int, str] = {}
    for group in components.values():
        home = _home(group)
        stratum = _stratum(group)
        if home is None:
            waiting[stratum].append((_key(group, seed), group))
        else:
            result.update({member.image_id: home for member in group if member.split is None})
            placed[stratum][home] += len(group)
    for stratum in sorted(waiting, key=natural_key):
        result.update(_filled(sorted(waiting[stratum], key=_order), placed[stratum], shares))
    return result


def _home(group: Sequence[Member]) -> str | None:
    present = {member.split for member in group if member.split is not None}
    return next((name for name in SPLITS if name in present), None)


def _stratum(group: Sequence[Member]) -> str:
    """Return the class a component counts for: its most frequent one, the natural first among equals."""
    counts = Counter(member.label for member in group)
    return min(counts, key=lambda name: (-counts[name], natural_key(name)))


def _key(group: Sequence[Member], seed: int) -> bytes:
    smallest = min(member.sha256 for member in group)
    return hashlib.blake2b(smallest, digest_size=16, key=f"labelprep split {seed}".encode()).digest()


def _order(item: tuple[bytes, list[Member]]) -> tuple[bytes, int]:
    return item[0], item[1][0].image_id


def _filled(
    ordered: Sequence[tuple[bytes, list[Member]]], placed: Mapping[str, int], shares: Mapping[str, float]
) -> dict[int, str]:
    """Give the components of one class, in hash order, to splits that lack images.

    What each split holds in the end is fixed first, so that none is more than one image from its share. The
    last component trains where nothing of the class does yet.
    """
    total = sum(placed.values()) + sum(len(group) for _, group in ordered)
    lacking = {name: share - placed.get(name, 0) for name, share in whole_shares(total, shares).items()}
    result: dict[int, str] = {}
    has_training = placed.get("train", 0) > 0
    for number, (key, group) in enumerate(ordered, start=1):
        is_last_chance = number == len(ordered) and not has_training
        name = "train" if is_last_chance else _next_split(key, len(group), lacking)
        has_training = has_training or name == "train"
        lacking[name] -= len(group)
        result.update({member.image_id: name for member in group})
    return result


def _next_split(key: bytes, size: int, lacking: Mapping[str, int]) -> str:
    """Choose among the splits with room, each with a chance of its room, by the component's own hash.

    A component that fits nowhere goes where most images are lacking.
    """
    open_splits = [name for name in SPLITS if lacking[name] >= size]
    if not open_splits:
        return max(SPLITS, key=lambda name: (lacking[name], name == "train"))
    room = sum(lacking[name] for name in open_splits)
    mark = int.from_bytes(key, "big") * room >> 128
    for name in open_splits:
        mark -= lacking[name]
        if mark < 0:
            return name
    return open_splits[-1]


def whole_shares(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Return how many of ``total`` images each split gets: the whole parts, then the largest remainders.

    Train gets one before any other does.
    """
    exact = {name: total * shares[name] for name in SPLITS}
    whole = {name: int(exact[name] + TOLERANCE) for name in SPLITS}
    left = total - sum(whole.values())
    by_remainder = sorted(SPLITS, key=lambda name: (whole[name] - exact[name], SPLITS.index(name)))
    for name in by_remainder[:left]:
        whole[name] += 1
    if total and not whole["train"]:
        fullest = max(SPLITS, key=lambda name: whole[name])
        whole[fullest] -= 1
        whole["train"] += 1
    return whole


def hold_out(labels: Sequence[int], contents: Sequence[bytes], share: float, seed: int) -> list[bool]:
    """Mark a stratified share of images, equal contents together, and never the last of a class.

    ``labels`` and ``contents`` (sha256) are those of the training images; used where there is no val split.
    """
    components = {content: number for number, content in enumerate(sorted(set(contents)))}
    members = [
        Member(index, components[content], content, str(label), None)
        for index, (label, content) in enumerate(zip(labels, contents, strict=True))
    ]
    found = assign(members, {"train": 1 - share, "val": share, "test": 0.0}, seed)
    return [found[index] == "val" for index in range(len(members))]


def leaks(members: Sequence[Member]) -> list[Leak]:
    """Return the components that lie in more than one split, in component order."""
    found: dict[int, list[Member]] = defaultdict(list)
    for member in members:
        if member.split is not None:
            found[member.component].append(member)
    result = []
    for component in sorted(found):
        group = found[component]
        splits = tuple(name for name in SPLITS if name in {member.split for member in group})
        if len(splits) > 1:
            result.append(Leak(component, tuple(sorted(member.image_id for member in group)), splits))
    return result
