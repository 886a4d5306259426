"""`split --kfold`: folds for cross-validation, leak-proof by the same links as splits; nothing is stored."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelprep.errors import SourceError, UsageError
from labelprep.formats.cells import cell_of, neutralised
from labelprep.model.images import SPLITS
from labelprep.progress import Progress, Silent
from labelprep.splits.assigning import fold
from labelprep.splits.components import components
from labelprep.splits.members import NONE, Members
from labelprep.workflows.linking import linked, near_of, remembered
from labelprep.workflows.splitting import AS_BEFORE, Asked

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.manifest.store import Store
    from labelprep.splits.members import Ints

FEWEST = 2
SUFFIX = ".csv"


@dataclass(frozen=True, slots=True)
class FoldReport:
    """The fold of each image by path, its labels, and the images of each class in each fold.

    ``few`` are classes with fewer groups than folds: a fold that validates has none of them, or all.
    """

    number: int
    seed: int
    folds: dict[str, int]
    labels: dict[str, tuple[str, ...]]
    classes: dict[str, list[int]]
    sizes: list[int]
    groups: int
    in_test: int
    few: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "kfold": self.number,
            "seed": self.seed,
            "sizes": self.sizes,
            "classes": self.classes,
            "groups": self.groups,
            "in_test": self.in_test,
            "few": self.few,
            "folds": [{"path": path, "fold": place} for path, place in self.folds.items()],
        }


def folds_of(
    store: Store, number: int, *, seed: int = 0, asked: Asked = AS_BEFORE, progress: Progress | None = None
) -> FoldReport:
    """Deal the labelled images that are not in test, nor linked to one that is, into folds.

    Raises: UsageError for a number that cannot be; SourceError where fewer groups than folds have a label.
    """
    if number < FEWEST:
        raise UsageError(f"{number} folds are too few", where="--kfold", fix="give 2 or more, such as 5")
    rules = remembered(store).with_asked(asked.group, asked.burst_seconds, asked.near)
    near = near_of(store, rules, progress or Silent())
    found = linked(store.connection, rules, near)
    members = found.members
    whole = components(found.links, len(members.ids))
    in_test = np.isin(whole, whole[members.splits == SPLITS.index("test")])
    left = members.is_labelled & ~in_test
    groups = len(np.unique(whole[left]))
    if groups < number:
        raise SourceError(
            f"{groups} groups of labelled images outside test cannot make {number} folds",
            where=str(store.path),
            fix="label more images, or ask for fewer folds",
        )
    folds = fold(_without(members, in_test), whole, number, seed)
    return _report(store, members, folds, whole, _Dealt(number, seed, groups, int(in_test.sum())))


@dataclass(frozen=True, slots=True)
class _Dealt:
    number: int
    seed: int
    groups: int
    in_test: int


def _without(members: Members, left_out: np.ndarray[Any, Any]) -> Members:
    """Return the members with the labels of some rows taken off, so that these are not dealt."""
    kept = ~left_out[members.labels[:, 0]]
    return Members(
        members.ids, members.contents, members.splits, members.locked, members.labels[kept], members.classes
    )


def _report(store: Store, members: Members, folds: Ints, whole: Ints, dealt: _Dealt) -> FoldReport:
    dealt_rows = folds[members.labels[:, 0]] != NONE
    owners, names = members.labels[dealt_rows].T
    counts = np.zeros((len(members.classes), dealt.number), dtype=np.int64)
    np.add.at(counts, (names, folds[owners]), 1)
    pairs = np.unique(np.column_stack((names, whole[owners])), axis=0)
    groups = np.bincount(pairs[:, 0], minlength=len(members.classes))
    used = np.flatnonzero(groups).tolist()
    rows = store.connection.execute("SELECT id, path FROM image ORDER BY path, path_bytes")
    row_of = {one: row for row, one in enumerate(members.ids.tolist()) if folds[row] != NONE}
    labels: dict[int, list[str]] = {}
    for row, name in zip(owners.tolist(), names.tolist(), strict=True):
        labels.setdefault(row, []).append(members.classes[name])
    ordered = [(path, row_of[one]) for one, path in rows if one in row_of]
    return FoldReport(
        number=dealt.number,
        seed=dealt.seed,
        folds={path: int(folds[row]) for path, row in ordered},
        labels={path: tuple(labels[row]) for path, row in ordered},
        classes={members.classes[place]: counts[place].tolist() for place in used},
        sizes=np.bincount(folds[folds != NONE], minlength=dealt.number).tolist(),
        groups=dealt.groups,
        in_test=dealt.in_test,
        few={members.classes[place]: int(groups[place]) for place in used if groups[place] < dealt.number},
    )


def write_folds(report: FoldReport, target: Path, *, overwrite: bool = False) -> None:
    """Write a CSV with a row an image: file, label, fold.

    Raises: UsageError for a target that is no CSV or exists; SourceError where it cannot be written.
    """
    if target.suffix.lower() != SUFFIX:
        raise UsageError("folds are written as .csv", where=str(target), fix=f"name it {target.stem}.csv")
    if target.exists() and not overwrite:
        raise UsageError(
            "there is such a file already", where=str(target), fix="name another, or pass --overwrite"
        )
    temporary = target.with_name(f".{target.name}.part")
    try:
        with temporary.open("w", encoding="utf-8-sig", newline="", errors="surrogateescape") as file:
            writer = csv.writer(file)
            writer.writerow(("file", "label", "fold"))
            for path, place in report.folds.items():
                names = cell_of(report.labels[path])
                writer.writerow((neutralised(path), neutralised(names), place))
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise SourceError(
            f"it cannot be written: {error.strerror}",
            where=str(target),
            fix="choose another place",
        ) from error
