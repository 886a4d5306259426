"""`split`: train, val and test for the images that have none, as one undoable command, and its proof."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labelprep.errors import SourceError
from labelprep.manifest import journal
from labelprep.model.images import SPLITS
from labelprep.splits.assigning import Leak, Member, assign, leaks

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from labelprep.manifest.store import Store


@dataclass(frozen=True, slots=True)
class SplitReport:
    """Images by split and by class and split, how many were assigned or kept, and what leaks."""

    splits: dict[str, int]
    classes: dict[str, dict[str, int]]
    groups: int
    assigned: int
    kept: int
    left_out: int
    seed: int
    leaks: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        return {
            "splits": self.splits,
            "classes": self.classes,
            "groups": self.groups,
            "assigned": self.assigned,
            "kept": self.kept,
            "left_out": self.left_out,
            "seed": self.seed,
            "leaks": self.leaks,
        }


def split_images(
    store: Store, shares: Mapping[str, float], *, seed: int = 0, by: str = "split"
) -> SplitReport:
    """Give every labelled, readable image a split; what has one keeps it.

    Raises: SourceError where no image has a label.
    """
    with store.writing() as connection:
        members = labelled(connection)
        if not members:
            raise SourceError(
                "no image has a label, so there is nothing to split",
                where=str(store.path),
                fix="give labels: scan folders named by class, or pass --labels folder to scan",
            )
        found = assign(members, shares, seed)
        if found:
            command = journal.begin(
                connection, by, {"shares": dict(shares), "seed": seed, "images": len(found)}
            )
            _write(connection, command, found)
    return report(store, assigned=len(found), seed=seed)


def _write(connection: sqlite3.Connection, command: int, found: Mapping[int, str]) -> None:
    for column, new in (("split", "?2"), ("split_source", "'split'")):
        connection.executemany(
            f"INSERT INTO change SELECT ?1, 'image', CAST(id AS TEXT), '{column}', {column}, {new} "  # noqa: S608 - constants
            "FROM image WHERE id = ?3",
            ((command, split, image) for image, split in sorted(found.items())),
        )
    connection.executemany(
        "UPDATE image SET split = ?, split_source = 'split' WHERE id = ?",
        ((split, image) for image, split in sorted(found.items())),
    )


def labelled(connection: sqlite3.Connection) -> list[Member]:
    """Return the images that can be trained on, each in the component of its content.

    Images with several labels count for the first of them; images without a label are left out.
    """
    rows = connection.execute(
        """
        SELECT image.id, min(image.id) OVER (PARTITION BY sha256), sha256, json_extract(labels, '$[0]'), split
        FROM image LEFT JOIN class ON class.name = label
        WHERE status IN ('ok', 'damaged') AND labels <> '[]' AND ifnull(retired, 0) = 0 ORDER BY image.id
        """
    )
    return [Member(*row) for row in rows]


def report(store: Store, *, assigned: int = 0, seed: int = 0) -> SplitReport:
    """Return how the images lie in the splits now, with every leak."""
    connection = store.connection
    members = labelled(connection)
    splits = dict.fromkeys(SPLITS, 0)
    by_class: dict[str, dict[str, int]] = {}
    for member in members:
        if member.split is not None:
            splits[member.split] += 1
            counts = by_class.setdefault(member.label, dict.fromkeys(SPLITS, 0))
            counts[member.split] += 1
    total = connection.execute("SELECT count(*) FROM image WHERE status <> 'missing'").fetchone()[0]
    return SplitReport(
        splits={name: number for name, number in splits.items() if number},
        classes=by_class,
        groups=len({member.component for member in members}),
        assigned=assigned,
        kept=sum(splits.values()) - assigned,
        left_out=total - len(members),
        seed=seed,
        leaks=[_leak(connection, leak) for leak in leaks(members)],
    )


def _leak(connection: sqlite3.Connection, leak: Leak) -> dict[str, Any]:
    marks = ",".join("?" * len(leak.image_ids))
    rows = connection.execute(
        f"SELECT path, split FROM image WHERE id IN ({marks}) ORDER BY path",  # noqa: S608 - question marks only
        leak.image_ids,
    )
    return {"reason": "equal content", "images": [{"path": path, "split": split} for path, split in rows]}
