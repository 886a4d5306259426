"""`split`: train, val and test for the images that have none, as one undoable command."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from labelprep.errors import SourceError
from labelprep.manifest import journal
from labelprep.manifest.store import roomy
from labelprep.model.images import SPLITS
from labelprep.progress import Progress, Silent
from labelprep.splits.assigning import assign
from labelprep.splits.components import components
from labelprep.splits.members import NONE
from labelprep.workflows.linking import Linked, linked, near_of, remember, remembered
from labelprep.workflows.proving import SplitReport, proof

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from labelprep.manifest.store import Store
    from labelprep.splits.members import Ints


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks of a split besides its shares; None is what was asked last.

    ``again`` assigns anew whatever is not locked; ``lock`` names splits whose images never leave them.
    ``command`` is the name under which the journal keeps it.
    """

    group: str | None = None
    burst_seconds: float | None = None
    near: bool | None = None
    again: bool = False
    lock: tuple[str, ...] = ()
    command: str = "split"


AS_BEFORE = Asked()


def split_images(
    store: Store,
    shares: Mapping[str, float],
    *,
    seed: int = 0,
    asked: Asked = AS_BEFORE,
    progress: Progress | None = None,
) -> SplitReport:
    """Give every labelled, readable image a split; what has one keeps it.

    Raises: SourceError where no image has a label, or a group pattern meets none; UsageError for a rule that
    cannot be.
    """
    before = remembered(store)
    rules = before.with_asked(asked.group, asked.burst_seconds, asked.near)
    near = near_of(store, rules, progress or Silent())
    with store.writing() as connection:
        found = linked(connection, rules, near)
        _require_labels(found, store)
        parts = _parts(found, shares, seed, again=asked.again)
        after = replace(found.members, splits=parts)
        changed = np.flatnonzero(parts != found.members.splits)
        if len(changed):
            rules = replace(rules, shares=dict(shares))
        to_lock = _to_lock(found, parts, asked.lock)
        if len(changed) or len(to_lock) or rules != before:
            arguments = {"seed": seed, "images": len(changed)} | rules.as_json()
            command = journal.begin(connection, asked.command, arguments)
            _write(connection, command, found.members.ids[changed], parts[changed])
            _lock(connection, command, found.members.ids[to_lock])
            remember(connection, command, rules)
    report = proof(store, Linked(after, found.links), rules, seed)
    new = int((found.members.splits[changed] == NONE).sum())
    moved = len(changed) - new
    return replace(report, assigned=new, moved=moved, kept=report.kept - new - moved, locked=len(to_lock))


def verified(store: Store, *, asked: Asked = AS_BEFORE, progress: Progress | None = None) -> SplitReport:
    """Return how the images lie in the splits now, with every leak; nothing is changed.

    Raises: UsageError, SourceError for a rule that cannot be.
    """
    rules = remembered(store).with_asked(asked.group, asked.burst_seconds, asked.near)
    near = near_of(store, rules, progress or Silent())
    return proof(store, linked(store.connection, rules, near), rules, 0)


def _require_labels(found: Linked, store: Store) -> None:
    if not len(found.members.labels):
        raise SourceError(
            "no image has a label, so there is nothing to split",
            where=str(store.path),
            fix="give labels: scan folders named by class, or pass --labels folder to scan",
        )


def _parts(found: Linked, shares: Mapping[str, float], seed: int, *, again: bool) -> Ints:
    members = found.members
    if again:
        loose = members.is_labelled & ~members.locked
        members = replace(members, splits=np.where(loose, NONE, members.splits))
    return assign(members, components(found.links, len(members.ids)), shares, seed)


def _to_lock(found: Linked, parts: Ints, names: Sequence[str]) -> Ints:
    places = [SPLITS.index(name) for name in names]
    return np.flatnonzero(np.isin(parts, places) & ~found.members.locked)


def _write(connection: sqlite3.Connection, command: int, ids: Ints, parts: Ints) -> None:
    # In the order of the index on rows, which a million entries would else be strewn over.
    order = _text_order(ids)
    ids, names = ids[order], [SPLITS[part] for part in parts[order].tolist()]
    connection.execute("DROP TABLE IF EXISTS temp.chosen")
    connection.execute(
        "CREATE TEMP TABLE chosen (place INTEGER PRIMARY KEY, image_id INTEGER NOT NULL, part TEXT NOT NULL)"
    )
    connection.executemany(
        "INSERT INTO temp.chosen (image_id, part) VALUES (?, ?)", zip(ids.tolist(), names, strict=True)
    )
    with roomy(connection):
        connection.execute(
            """
            INSERT INTO change
            SELECT ?1, 'image', CAST(id AS TEXT), cell.column1,
                iif(cell.column1 = 'split', split, split_source), iif(cell.column1 = 'split', part, 'split')
            FROM temp.chosen CROSS JOIN main.image ON id = image_id
                CROSS JOIN (VALUES ('split'), ('split_source')) AS cell
            WHERE iif(cell.column1 = 'split', split IS NOT part, split_source IS NOT 'split')
            ORDER BY place
            """,
            (command,),
        )
        connection.execute(
            "UPDATE main.image SET split = part, split_source = 'split' FROM temp.chosen WHERE id = image_id"
        )
    connection.execute("DROP TABLE temp.chosen")


def _text_order(numbers: Ints) -> Ints:
    """Return the order in which numbers above 0 stand as text."""
    digits = np.char.str_len(numbers.astype(str))
    return np.lexsort((digits, numbers * 10 ** (digits.max(initial=0) - digits)))


def _lock(connection: sqlite3.Connection, command: int, ids: Ints) -> None:
    for one in ids.tolist():
        journal.set_value(connection, command, ("image", one, "split_locked"), 1)
