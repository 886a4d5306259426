"""From what sources say to the label of an image.

The living statements of the highest rank decide: equal sets of classes agree, different ones conflict and
give no label. A model never wins. Merged classes count as the class they were merged into.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from labelprep.model.classes import natural_key
from labelprep.model.ranks import Rank

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Claim:
    """What one living statement says: its rank, the kind of its source, its classes."""

    rank: int
    source: str
    classes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The label of an image: ``label`` is None unless there is exactly one; ``source`` is who decided.

    Where kinds of sources of one rank decide together, ``source`` is the first of them by name.
    """

    label: str | None
    labels: tuple[str, ...]
    source: str | None
    conflict: bool


NOTHING = Resolved(None, (), None, conflict=False)


def resolve(claims: Sequence[Claim]) -> Resolved:
    """Return what the statements about one image amount to."""
    said = [claim for claim in claims if claim.classes and claim.rank != Rank.MODEL]
    if not said:
        return NOTHING
    highest = max(claim.rank for claim in said)
    deciding = [claim for claim in said if claim.rank == highest]
    source = min(claim.source for claim in deciding)
    if any(claim.classes != deciding[0].classes for claim in deciding):
        return Resolved(None, (), source, conflict=True)
    labels = tuple(sorted(deciding[0].classes, key=natural_key))
    return Resolved(labels[0] if len(labels) == 1 else None, labels, source, conflict=False)


def refresh(connection: sqlite3.Connection, image_ids: Iterable[int]) -> None:
    """Store again what the statements about these images resolve to."""
    ids = list(image_ids)
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        found = resolved_images(connection, part)
        connection.executemany(
            "UPDATE image SET label = ?, labels = ?, label_source = ?, conflict = ? WHERE id = ?",
            (_row(found.get(image, NOTHING), image) for image in part),
        )


def _row(resolved: Resolved, image: int) -> tuple[str | None, str, str | None, int, int]:
    labels = json.dumps(resolved.labels, ensure_ascii=False)
    return resolved.label, labels, resolved.source, int(resolved.conflict), image


def resolved_images(connection: sqlite3.Connection, image_ids: Sequence[int]) -> dict[int, Resolved]:
    """Return the resolution of each of these images about which anything is said."""
    marks = ",".join("?" * len(image_ids))
    rows = connection.execute(
        f"""
        SELECT image_id, statement.id, source.rank, source.kind, final.name
        FROM statement
        JOIN source ON source.id = source_id
        JOIN annotation ON statement_id = statement.id AND annotation.kind = 'class'
        JOIN class ON class.id = annotation.class_id
        JOIN class AS final ON final.id = ifnull(class.merged_into, class.id)
        WHERE statement.removed_by IS NULL AND image_id IN ({marks})
        ORDER BY image_id, statement.id
        """,  # noqa: S608 - question marks only
        image_ids,
    )
    return {image: resolve(tuple(_claims(group))) for image, group in groupby(rows, key=itemgetter(0))}


def _claims(rows: Iterable[tuple[int, int, int, str, str]]) -> Iterator[Claim]:
    for _, group in groupby(rows, key=itemgetter(1)):
        parts = list(group)
        yield Claim(parts[0][2], parts[0][3], frozenset(part[4] for part in parts))
