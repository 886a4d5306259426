"""`show` and `explain`: what a manifest holds, and who said what about one image."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelprep.errors import UsageError, shown
from labelprep.manifest import classes, sources, statements
from labelprep.manifest.images import counted, notes_of, splits_in_use
from labelprep.manifest.paths import escaped
from labelprep.model.images import SPLITS
from labelprep.model.ranks import Rank
from labelprep.workflows.checking import Kept, kept
from labelprep.workflows.scan_issues import of_manifest

if TYPE_CHECKING:
    import sqlite3

    from labelprep.manifest.statements import Said
    from labelprep.manifest.store import Store
    from labelprep.model.issues import Issue

NO_SPLIT = "none"
SIZE_PARTS = (0.0, 0.25, 0.5, 0.75, 1.0)
CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Overview:
    """A manifest at a glance: classes by split, sizes, statuses, sources, issues."""

    manifest: Path
    root: Path
    images: int
    labelled: int
    conflicts: int
    classes: dict[str, dict[str, int]]
    splits: dict[str, int]
    status: dict[str, int]
    formats: dict[str, int]
    short_side_px: dict[str, int]
    sources: list[dict[str, Any]]
    proposed: list[str]
    issues: list[Issue]
    checked: Kept

    def as_json(self) -> dict[str, Any]:
        """Return the overview as JSON values."""
        return {
            "manifest": str(self.manifest),
            "root": str(self.root),
            "images": self.images,
            "labelled": self.labelled,
            "conflicts": self.conflicts,
            "classes": self.classes,
            "splits": self.splits,
            "status": self.status,
            "formats": self.formats,
            "short_side_px": self.short_side_px,
            "sources": self.sources,
            "proposed_classes": self.proposed,
            "issues": [issue.as_json() for issue in self.issues],
            "checked": self.checked.as_json(),
        }


def overview(store: Store) -> Overview:
    """Return a manifest at a glance."""
    connection = store.connection
    present = "FROM image WHERE status <> 'missing'"
    statuses = connection.execute("SELECT status, count(*) FROM image GROUP BY status ORDER BY status")
    return Overview(
        manifest=store.path,
        root=store.root,
        images=connection.execute(f"SELECT count(*) {present}").fetchone()[0],
        labelled=connection.execute(f"SELECT count(*) {present} AND labels <> '[]'").fetchone()[0],
        conflicts=connection.execute(f"SELECT count(*) {present} AND conflict").fetchone()[0],
        classes=classes_by_split(connection),
        splits=splits_in_use(connection),
        status={row[0]: row[1] for row in statuses},
        formats=counted(connection, "format"),
        short_side_px=_short_sides(connection),
        sources=_sources(connection),
        proposed=_proposed(connection),
        issues=of_manifest(connection),
        checked=kept(store),
    )


def classes_by_split(connection: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Return for each class, in class order, the images by split; ``none`` counts those without a split."""
    names = [item.name for item in classes.listed(connection) if item.merged_into is None]
    table = {name: dict.fromkeys((*SPLITS, NO_SPLIT), 0) for name in names}
    rows = connection.execute(
        """
        SELECT value, ifnull(split, 'none'), count(*) FROM image, json_each(labels)
        WHERE status <> 'missing' GROUP BY 1, 2
        """
    )
    for name, split, number in rows:
        table.setdefault(name, dict.fromkeys((*SPLITS, NO_SPLIT), 0))[split] = number
    return table


def _short_sides(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the quartiles of the images' short sides in pixels."""
    total = connection.execute("SELECT count(*) FROM image WHERE width_px IS NOT NULL").fetchone()[0]
    if not total:
        return {}
    names = ("min", "quarter", "median", "three_quarters", "max")
    result = {}
    for name, part in zip(names, SIZE_PARTS, strict=True):
        row = connection.execute(
            "SELECT min(width_px, height_px) FROM image WHERE width_px IS NOT NULL "
            "ORDER BY 1 LIMIT 1 OFFSET ?",
            (round(part * (total - 1)),),
        ).fetchone()
        result[name] = row[0]
    return result


def _sources(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    return [
        {
            "kind": source.kind,
            "location": source.location,
            "rank": Rank(source.state.rank).name.lower(),
            "rows": source.state.rows,
            "matched": source.state.matched,
            "unmatched": source.state.unmatched,
        }
        for source in sources.listed(connection)
    ]


def _proposed(connection: sqlite3.Connection) -> list[str]:
    """Return the folder names that the last scan saw and did not take for classes."""
    row = connection.execute("SELECT options FROM source WHERE kind = 'folder'").fetchone()
    return [] if row is None else list(json.loads(row[0]).get("proposed", []))


@dataclass(frozen=True, slots=True)
class Explanation:
    """One image: its facts, and every statement about it with what it amounts to."""

    path: str
    facts: dict[str, Any]
    notes: list[str]
    label: str | None
    labels: list[str]
    conflict: bool
    reason: str
    split: str | None
    split_source: str | None
    said: list[Said]
    label_predates_file: bool

    def as_json(self) -> dict[str, Any]:
        """Return the explanation as JSON values."""
        return {
            "path": self.path,
            **self.facts,
            "notes": self.notes,
            "label": self.label,
            "labels": self.labels,
            "conflict": self.conflict,
            "reason": self.reason,
            "split": self.split,
            "split_source": self.split_source,
            "label_predates_file": self.label_predates_file,
            "statements": [
                {
                    "source": said.source,
                    "location": said.location,
                    "rank": Rank(said.rank).name.lower(),
                    "locator": said.locator,
                    "classes": list(said.classes),
                    **({"shapes": list(said.shapes)} if said.shapes else {}),
                    **({"confidence": said.confidence} if said.confidence is not None else {}),
                    "author": said.author,
                    "added_by": said.added_by,
                    "removed_by": said.removed_by,
                }
                for said in self.said
            ],
        }


FACTS = (
    "status", "problem", "format", "mode", "frames", "width_px", "height_px", "exif_orientation",
    "size_bytes", "brightness", "sharpness", "group_key",
)  # fmt: skip


def explain(store: Store, image: str) -> Explanation:
    """Return who said what about an image, named by its path or any unambiguous end of it.

    Raises: UsageError where no image or several are meant.
    """
    connection = store.connection
    identifier, path = image_meant(store, image)
    row = connection.execute(
        f"""
        SELECT notes, label, labels, conflict, split, split_source, changed_by, lower(hex(sha256)),
            {", ".join(FACTS)}
        FROM image WHERE id = ?
        """,  # noqa: S608 - constants
        (identifier,),
    ).fetchone()
    said = statements.about(connection, identifier)
    living = [item for item in said if item.removed_by is None]
    predates = row[6] is not None and any(
        item.rank == Rank.PERSON and item.added_by < row[6] for item in living
    )
    return Explanation(
        path=path,
        facts={"sha256": row[7] or None, **dict(zip(FACTS, row[8:], strict=True))},
        notes=notes_of(row[0]),
        label=row[1],
        labels=notes_of(row[2]),
        conflict=bool(row[3]),
        reason=_reason(living, row[1], notes_of(row[2]), conflict=bool(row[3])),
        split=row[4],
        split_source=row[5],
        said=said,
        label_predates_file=predates,
    )


def image_meant(store: Store, image: str) -> tuple[int, str]:
    """Return id and path of an image named by its path below the root or on this machine, or by its end.

    Raises: UsageError where no image or several are meant.
    """
    connection = store.connection
    candidates = [escaped(image).removeprefix("./")]
    absolute = Path(os.path.abspath(image))  # noqa: PTH100 - the image may be a link itself
    places = (absolute, absolute.parent.resolve() / absolute.name)
    candidates += [
        escaped(os.path.relpath(place, store.root)) for place in places if place.is_relative_to(store.root)
    ]
    for candidate in candidates:
        row = connection.execute(
            "SELECT id, path FROM image WHERE path = ? ORDER BY id", (candidate,)
        ).fetchone()
        if row is not None:
            return int(row[0]), str(row[1])
    ending = f"/{candidates[0]}"
    rows = connection.execute(
        "SELECT id, path FROM image WHERE substr(path, -length(?)) = ? ORDER BY path", (ending, ending)
    ).fetchall()
    if len(rows) == 1:
        return int(rows[0][0]), str(rows[0][1])
    if not rows:
        raise UsageError(
            f"there is no image {shown(image)}", where=str(store.path), fix=_nearest(connection, image)
        )
    named = ", ".join(row[1] for row in rows[:CANDIDATES])
    raise UsageError(
        f"{len(rows)} images end with {shown(image)}", where=str(store.path), fix=f"name one of: {named}"
    )


def _nearest(connection: sqlite3.Connection, image: str) -> str:
    stem = Path(image).stem
    rows = connection.execute(
        "SELECT path FROM image WHERE instr(path, ?) ORDER BY path LIMIT ?", (stem, CANDIDATES)
    ).fetchall()
    return "did you mean: " + ", ".join(row[0] for row in rows) if rows else "see `labelprep show`"


def _reason_of_shapes(living: list[Said], labels: list[str], *, conflict: bool) -> str:
    """Return in a sentence what shapes make of an image whose class nobody states."""
    named = sorted({name for said in living if said.rank != Rank.MODEL for name in said.shapes})
    if not named:
        return "no source states a class"
    if conflict:
        return "no source states a class, and the shapes of different sources disagree"
    if labels:
        return "no source states a class, so its shapes decide"
    return f"no source states a class, and its shapes are of several: {', '.join(named)}"


def _reason(living: list[Said], label: str | None, labels: list[str], *, conflict: bool) -> str:
    """Return in a sentence why the label is what it is."""
    deciding = [said for said in living if said.classes and said.rank != Rank.MODEL]
    if not deciding:
        return _reason_of_shapes(living, labels, conflict=conflict)
    rank = Rank(deciding[0].rank)
    top = [said for said in deciding if said.rank == rank]
    who = (
        f"{len(top)} statements of rank {rank.name.lower()}" if len(top) > 1 else f"rank {rank.name.lower()}"
    )
    if conflict:
        return f"{who} disagree, so there is no label"
    lower = [said for said in deciding if said.rank < rank and set(said.classes) != set(top[0].classes)]
    against = f" over {len(lower)} of lower rank that disagree" if lower else ""
    if label is None:
        return f"{who}: several classes ({', '.join(labels)}){against}"
    return f"{who} {'decide' if len(top) > 1 else 'decides'}{against}"
