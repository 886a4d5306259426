"""What a report tells of a manifest: counts over all images, samples where pictures are shown."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from labelprep.manifest import statements
from labelprep.manifest.images import notes_of
from labelprep.model.images import SPLITS
from labelprep.workflows import duplicates, showing, splitting
from labelprep.workflows.duplicates import Kind

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from labelprep.manifest.store import Store
    from labelprep.model.issues import Severity
    from labelprep.workflows.checking import CheckReport, Found
    from labelprep.workflows.duplicates import Member
    from labelprep.workflows.proving import SplitReport
    from labelprep.workflows.showing import Overview

SHOWN_CONFLICTS: Final = 24
SHOWN_GROUPS: Final = 16
SHOWN_MEMBERS: Final = 8
SHOWN_A_CODE: Final = 8
KINDS: Final = {Kind.FILE: "equal files", Kind.PIXELS: "equal pixels", Kind.NEAR: "near duplicates"}
WITHOUT_SPLIT: Final = "no split"
SIDES_PX: Final = (0, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
ASPECTS: Final = (0.0, 0.25, 0.5, 0.67, 0.8, 0.95, 1.05, 1.25, 1.5, 2.0, 4.0, 10.0)
SHARES: Final = tuple(number / 10 for number in range(11))


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many images lie between edges, by split; what lies beyond the last edge counts as below it."""

    title: str
    unit: str
    edges: tuple[float, ...]
    series: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """One image as a report shows it: what stands below its picture, a line each."""

    image_id: int
    path: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Images that belong together, as far as they are shown."""

    title: str
    images: tuple[Shown, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Code:
    """The issues of one code: how many, and examples with and without a picture."""

    code: str
    severity: Severity
    title: str
    total: int
    why: str
    fix: str
    images: tuple[Shown, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """All that a page shows."""

    overview: Overview
    made: str
    histograms: tuple[Histogram, ...]
    splits: SplitReport | None
    conflicts: Group
    groups: tuple[Group, ...]
    groups_total: int
    codes: tuple[Code, ...]
    issues_total: int

    def shown_images(self) -> list[int]:
        """Return the images whose pictures are wanted."""
        parts = [self.conflicts, *self.groups]
        shown = [image for part in parts for image in part.images]
        shown += [image for code in self.codes for image in code.images]
        return [image.image_id for image in shown]


def gathered(store: Store, report: CheckReport) -> ReportFacts:
    """Look at a manifest that has just been checked; memory grows with groups of equal images only."""
    connection = store.connection
    overview = showing.overview(store)
    groups, groups_total = _groups(store)
    codes = _codes(connection, report)
    return ReportFacts(
        overview=overview,
        made=_made(connection),
        histograms=tuple(_histograms(connection)),
        splits=splitting.verified(store) if overview.splits else None,
        conflicts=_conflicts(connection, overview.conflicts),
        groups=groups,
        groups_total=groups_total,
        codes=codes,
        issues_total=sum(code.total for code in codes),
    )


def _made(connection: sqlite3.Connection) -> str:
    number, name, at = connection.execute(
        "SELECT number, name, at FROM command ORDER BY number DESC LIMIT 1"
    ).fetchone()
    return f"as of command {number}, {name}, {at}"


def _histograms(connection: sqlite3.Connection) -> Iterator[Histogram]:
    for title, unit, expression, edges in (
        ("Short side", " px", "min(width_px, height_px)", SIDES_PX),
        ("Width : height", "", "1.0 * width_px / height_px", ASPECTS),
        ("Brightness", "", "brightness", SHARES),
    ):
        yield _histogram(connection, (title, unit, expression), edges)


def _histogram(
    connection: sqlite3.Connection, what: tuple[str, str, str], edges: Sequence[float]
) -> Histogram:
    """Count in SQLite: one pass over the images."""
    title, unit, expression = what
    cases = " ".join(f"WHEN value < {edge} THEN {place}" for place, edge in enumerate(edges[1:-1]))
    rows = connection.execute(
        f"""
        SELECT ifnull(split, '{WITHOUT_SPLIT}'), CASE {cases} ELSE {len(edges) - 2} END, count(*)
        FROM (SELECT split, {expression} AS value FROM image WHERE status IN ('ok', 'damaged'))
        WHERE value IS NOT NULL GROUP BY 1, 2
        """  # noqa: S608 - constants
    )
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    for split, place, number in rows:
        counts[split][place] = number
    series = tuple(
        (name, tuple(counts[name][place] for place in range(len(edges) - 1)))
        for name in (*SPLITS, WITHOUT_SPLIT)
        if name in counts
    )
    return Histogram(title, unit, tuple(edges), series)


def _conflicts(connection: sqlite3.Connection, total: int) -> Group:
    """Return images whose sources disagree, with who says what."""
    rows = connection.execute(
        "SELECT id, path FROM image WHERE conflict AND status <> 'missing' ORDER BY path LIMIT ?",
        (SHOWN_CONFLICTS,),
    ).fetchall()
    images = []
    for identifier, path in rows:
        said = [
            item
            for item in statements.about(connection, identifier)
            if item.removed_by is None and (item.classes or item.shapes)
        ]
        lines = tuple(
            f"{', '.join(item.classes or item.shapes)}: {item.source} {item.location}" for item in said
        )
        images.append(Shown(identifier, path, lines))
    return Group("", tuple(images), total)


def _groups(store: Store) -> tuple[tuple[Group, ...], int]:
    """Return groups of duplicates, those whose labels differ first, then those across splits."""
    found = sorted(
        duplicates.known_duplicates(store),
        key=lambda group: (len(group.labels) < 2, len(group.splits) < 2, -len(group.members)),  # noqa: PLR2004 - one split
    )
    shown = []
    for group in found[:SHOWN_GROUPS]:
        title = f"{len(group.members):,} images, {KINDS[group.kind]}"
        title += ", with different labels" if len(group.labels) > 1 else ""
        title += f", in {' and '.join(group.splits)}" if len(group.splits) > 1 else ""
        members = tuple(_member(member) for member in group.members[:SHOWN_MEMBERS])
        shown.append(Group(title, members, len(group.members)))
    return tuple(shown), len(found)


def _member(member: Member) -> Shown:
    label = ", ".join(notes_of(member.labels)) or "no label"
    lines = (f"{label}, {member.split or WITHOUT_SPLIT}", f"{member.width_px} × {member.height_px} px")
    return Shown(member.image_id, member.path, lines)


def _codes(connection: sqlite3.Connection, report: CheckReport) -> tuple[Code, ...]:
    """Return what a check has just found by code, with examples."""
    return tuple(_code(connection, one) for one in report.found)


def _code(connection: sqlite3.Connection, one: Found) -> Code:
    rows = connection.execute(
        """
        SELECT found.image_id, found."where", found.problem FROM temp.found AS found
        WHERE code = ? ORDER BY rowid LIMIT ?
        """,
        (one.check.code, SHOWN_A_CODE),
    ).fetchall()
    return Code(
        code=one.check.code,
        severity=one.check.severity,
        title=one.check.title,
        total=one.total,
        why=one.check.why,
        fix=one.check.fix,
        images=tuple(Shown(image, where, (said,)) for image, where, said in rows if image is not None),
        lines=tuple(f"{where}: {said}" for image, where, said in rows if image is None),
    )
