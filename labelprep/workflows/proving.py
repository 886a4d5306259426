"""The proof of a split: what lies where, how far that is from the ideal, and which pairs lie across."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from labelprep.model.images import SPLITS
from labelprep.splits.components import components
from labelprep.splits.leaks import Leak, leaks, pairs_across
from labelprep.splits.members import NONE
from labelprep.workflows.contents import radius_of

if TYPE_CHECKING:
    import sqlite3

    import numpy.typing as npt

    from labelprep.manifest.store import Store
    from labelprep.splits.members import Ints, Members
    from labelprep.workflows.linking import Linked, Rules

LARGE_SHARE = 0.5
IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class SplitReport:
    """What lies where, how it came there, and the proof that nothing leaks.

    ``classes`` are images by class and split. ``ideal`` are the shares that were asked for, or, where splits
    were given, those that all images have; ``distance`` is, by class and split, how many images there are
    above (below) that share of the class. ``linked`` are images with a companion, and ``pairs_across`` pairs
    in different splits, by reason; ``near_radius`` is in bits of the fingerprint. ``incomplete`` are classes
    with the splits that have none of their images.
    ``large`` is a group of more than half of the images: its size and one of its paths.
    """

    splits: dict[str, int]
    classes: dict[str, dict[str, int]]
    groups: int
    assigned: int
    kept: int
    left_out: int
    seed: int
    leaks: list[dict[str, Any]] = field(default_factory=list)
    moved: int = 0
    locked: int = 0
    ideal: dict[str, float] = field(default_factory=dict)
    distance: dict[str, dict[str, float]] = field(default_factory=dict)
    linked: dict[str, int] = field(default_factory=dict)
    pairs_across: dict[str, int] = field(default_factory=dict)
    incomplete: dict[str, list[str]] = field(default_factory=dict)
    large: dict[str, Any] | None = None
    rules: dict[str, Any] = field(default_factory=dict)
    near_radius: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        shares = {
            name: {split: round(number / max(sum(row.values()), 1), 6) for split, number in row.items()}
            for name, row in self.classes.items()
        }
        return {
            "splits": self.splits,
            "classes": self.classes,
            "groups": self.groups,
            "assigned": self.assigned,
            "moved": self.moved,
            "kept": self.kept,
            "locked": self.locked,
            "left_out": self.left_out,
            "seed": self.seed,
            "ideal": self.ideal,
            "class_shares": shares,
            "distance": self.distance,
            "rules": self.rules,
            "linked": self.linked,
            "pairs_across": self.pairs_across,
            "near_radius": self.near_radius,
            "incomplete": self.incomplete,
            "large_group": self.large,
            "leaks": self.leaks,
        }


def proof(store: Store, found: Linked, rules: Rules, seed: int) -> SplitReport:
    """Return how images lie in splits; ``assigned`` is 0 and ``kept`` counts all that have one."""
    connection, members = store.connection, found.members
    counts = _counts(members)
    has_label = members.is_labelled
    sizes = np.bincount(members.splits[has_label & (members.splits != NONE)], minlength=len(SPLITS))
    whole = components(found.links, len(members.ids))
    ideal = _ideal(rules, sizes)
    present = connection.execute("SELECT count(*) FROM image WHERE status <> 'missing'").fetchone()[0]
    placed = [place for place in range(len(members.classes)) if counts[place].any()]
    return SplitReport(
        splits={name: int(size) for name, size in zip(SPLITS, sizes, strict=True) if size},
        classes={members.classes[place]: _by_split(counts[place].tolist()) for place in placed},
        groups=len(np.unique(whole[has_label])),
        assigned=0,
        kept=int(sizes.sum()),
        left_out=present - int(has_label.sum()),
        seed=seed,
        leaks=_leaks(connection, leaks(members, found.links)),
        ideal=_by_split(ideal.tolist()),
        distance={members.classes[place]: _distance(counts[place], ideal) for place in placed},
        linked=_linked(found, has_label),
        pairs_across=_pairs_across(found),
        incomplete=_incomplete(members, counts, ideal),
        large=_large(connection, members, whole, has_label),
        rules=rules.as_json(),
        near_radius=radius_of(store) if rules.near else None,
    )


def _by_split(values: list[Any]) -> dict[str, Any]:
    return dict(zip(SPLITS, values, strict=True))


def _counts(members: Members) -> Ints:
    """Return the images of each class in each split, ``(classes, splits)``."""
    split = members.splits[members.labels[:, 0]]
    codes = members.labels[:, 1][split != NONE] * len(SPLITS) + split[split != NONE]
    number = len(members.classes) * len(SPLITS)
    return np.bincount(codes, minlength=number).reshape(-1, len(SPLITS))


def _ideal(rules: Rules, sizes: Ints) -> npt.NDArray[np.float64]:
    if rules.shares is not None:
        return np.array([rules.shares[name] for name in SPLITS])
    return sizes / max(int(sizes.sum()), 1)


def _distance(counts: Ints, ideal: npt.NDArray[np.float64]) -> dict[str, float]:
    away = counts - ideal * counts.sum()
    # Not -0.0, which reads as a fault.
    return _by_split([round(float(number), 3) + 0.0 for number in away])


def _linked(found: Linked, has_label: npt.NDArray[np.bool_]) -> dict[str, int]:
    """Return by reason how many labelled images have a companion of it."""
    result: dict[str, int] = {}
    for link in found.links:
        keys = link.keys[(link.keys != NONE) & has_label]
        numbers = np.unique(keys, return_counts=True)[1]
        result[link.reason] = result.get(link.reason, 0) + int(numbers[numbers > 1].sum())
    return result


def _pairs_across(found: Linked) -> dict[str, int]:
    result: dict[str, int] = {}
    for link in found.links:
        result[link.reason] = result.get(link.reason, 0) + pairs_across(found.members, link)
    return result


def _incomplete(members: Members, counts: Ints, ideal: npt.NDArray[np.float64]) -> dict[str, list[str]]:
    """Return the classes that a split with a share has no image of, once anything is split."""
    missing = (counts == 0) & (ideal > 0)
    return {
        members.classes[place]: [name for name, is_missing in zip(SPLITS, row, strict=True) if is_missing]
        for place, row in enumerate(missing.tolist())
        if any(row) and counts.any()
    }


def _large(
    connection: sqlite3.Connection, members: Members, whole: Ints, has_label: npt.NDArray[np.bool_]
) -> dict[str, Any] | None:
    """Return the group that holds more than half of the labelled images, if there is one."""
    rows = np.flatnonzero(has_label)
    if not len(rows):
        return None
    heads, numbers = np.unique(whole[rows], return_counts=True)
    biggest = int(numbers.argmax())
    size = int(numbers[biggest])
    if size == 1 or size <= LARGE_SHARE * len(rows):
        return None
    first = int(members.ids[rows[whole[rows] == heads[biggest]][0]])
    path = connection.execute("SELECT path FROM image WHERE id = ?", (first,)).fetchone()[0]
    return {"images": size, "of": len(rows), "example": path}


def _leaks(connection: sqlite3.Connection, found: list[Leak]) -> list[dict[str, Any]]:
    ids = sorted({one for leak in found for one, _ in leak.images})
    paths: dict[int, str] = {}
    for start in range(0, len(ids), IDS_AT_ONCE):
        some = ids[start : start + IDS_AT_ONCE]
        marks = ",".join("?" * len(some))
        paths.update(
            connection.execute(f"SELECT id, path FROM image WHERE id IN ({marks})", some).fetchall()  # noqa: S608 - question marks only
        )
    return [
        {
            "reason": str(leak.reason),
            "images": sorted(
                ({"path": paths[one], "split": split} for one, split in leak.images),
                key=lambda image: image["path"],
            ),
        }
        for leak in found
    ]
