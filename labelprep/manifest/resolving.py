"""From what sources say to the label of an image.

The living statements of the highest rank decide: equal sets of classes agree, different ones conflict and
give no label. A model never wins. Merged classes count as the class they were merged into.

Where no statement names a class for the whole image, the shapes decide in the same way, each statement's as
its source was imported (``--label-from``): the class of all its shapes, that of the largest, or all classes.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from labelprep.model.annotation import Kind
from labelprep.model.classes import natural_key
from labelprep.model.geometry import mask_area, polygon_area
from labelprep.model.ranks import Rank

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

CHUNK = 5_000
LABEL_FROM = ("only", "largest", "all")


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
    ways = (_refresh_agreed, _refresh_shaped, _refresh_silent)
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        rest: Sequence[int] = part
        for way in ways:
            if rest:
                done = way(connection, rest)
                rest = [image for image in rest if image not in done]
        found = resolved_images(connection, rest)
        connection.executemany(
            "UPDATE image SET label = ?, labels = ?, label_source = ?, conflict = ? WHERE id = ?",
            (_row(found.get(image, NOTHING), image) for image in rest),
        )


# The kind of a source, behind digits that are the lower the higher its rank.
_PLACED_KIND = "printf('%03d', 999 - source.rank) || source.kind"

# What the living statements of all but models say. A cross join keeps SQLite from going through all
# annotations of the manifest for some of its images.
_SAID = f"""
    FROM statement
    JOIN source ON source.id = source_id AND source.rank > {int(Rank.MODEL)}
    CROSS JOIN annotation ON statement_id = statement.id
    JOIN class ON class.id = annotation.class_id
    JOIN class AS final ON final.id = ifnull(class.merged_into, class.id)
    WHERE statement.removed_by IS NULL AND image_id IN
"""


def _refresh_agreed(connection: sqlite3.Connection, image_ids: Sequence[int]) -> set[int]:
    """Do what `refresh` does for the images for which only one class is ever stated; return these.

    They are nearly all, and SQLite does it in a third of the time. Of the kinds of the highest rank the first
    by name decides, as in `resolve`.
    """
    marks = ",".join("?" * len(image_ids))
    rows = connection.execute(
        f"""
        UPDATE image
        SET label = said.name, labels = json_array(said.name), label_source = said.kind, conflict = 0
        FROM (
            SELECT image_id, min(final.name) AS name, substr(min({_PLACED_KIND}), 4) AS kind
            {_SAID} ({marks}) AND annotation.kind = 'class'
            GROUP BY image_id HAVING min(final.id) = max(final.id)
        ) AS said WHERE image.id = said.image_id RETURNING image.id
        """,  # noqa: S608 - question marks and constants only
        image_ids,
    )
    return {row[0] for row in rows}


def _refresh_shaped(connection: sqlite3.Connection, image_ids: Sequence[int]) -> set[int]:
    """Do what `refresh` does for the images without a stated class whose shapes are plain; return these.

    That is where all of them are of one class, or where every statement has several classes of shapes, of
    which its source takes only a class that all of them have: then there is no label.
    """
    marks = ",".join("?" * len(image_ids))
    rows = connection.execute(
        f"""
        UPDATE image SET label = class.name, conflict = 0,
            labels = CASE WHEN class.id IS NULL THEN '[]' ELSE json_array(class.name) END,
            label_source = CASE WHEN class.id IS NOT NULL THEN substr(said.kind, 4) END
        FROM (
            SELECT image_id, min(low) AS low, max(high) AS high, min(kind) AS kind FROM (
                SELECT image_id, min(final.id) AS low, max(final.id) AS high, {_PLACED_KIND} AS kind,
                    max(annotation.kind = 'class') AS is_stated,
                    ifnull(json_extract(source.options, '$.label_from'), 'only') = 'only' AS is_only
                {_SAID} ({marks}) GROUP BY image_id, statement.id
            ) GROUP BY image_id
            HAVING NOT max(is_stated) AND (min(low) = max(high) OR min(low < high AND is_only))
        ) AS said LEFT JOIN class ON class.id = said.low AND said.low = said.high
        WHERE image.id = said.image_id RETURNING image.id
        """,  # noqa: S608 - question marks and constants only
        image_ids,
    )
    return {row[0] for row in rows}


def label_counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of images of each label as they are resolved now, in name order."""
    # Missing images are counted apart and taken off: so the index of labels answers, without the images.
    rows = connection.execute(
        """
        SELECT label, sum(images) FROM (
            SELECT label, count(*) AS images FROM image WHERE label IS NOT NULL GROUP BY label
            UNION ALL
            SELECT label, -count(*) FROM image WHERE label IS NOT NULL AND status = 'missing' GROUP BY label
        ) GROUP BY label HAVING sum(images) > 0
        """
    )
    return dict(rows.fetchall())


def _refresh_silent(connection: sqlite3.Connection, image_ids: Sequence[int]) -> set[int]:
    """Do what `refresh` does for the images about which nothing is said any more; return these."""
    marks = ",".join("?" * len(image_ids))
    rows = connection.execute(
        f"""
        UPDATE image SET label = NULL, labels = '[]', label_source = NULL, conflict = 0
        WHERE id IN ({marks}) AND NOT EXISTS (
            SELECT 1 FROM statement WHERE image_id = image.id AND removed_by IS NULL
        ) RETURNING id
        """,  # noqa: S608 - question marks only
        image_ids,
    )
    return {row[0] for row in rows}


def _row(resolved: Resolved, image: int) -> tuple[str | None, str, str | None, int, int]:
    labels = json.dumps(resolved.labels, ensure_ascii=False)
    return resolved.label, labels, resolved.source, int(resolved.conflict), image


def resolved_images(
    connection: sqlite3.Connection, image_ids: Sequence[int], *, revision: int | None = None
) -> dict[int, Resolved]:
    """Return the resolution of each of these images about which anything is said.

    With ``revision``, by the statements that were living after that command.
    """
    found = {
        image: resolve(tuple(_claims(group)))
        for image, group in groupby(_rows(connection, image_ids, revision, shapes=False), key=itemgetter(0))
    }
    open_ids = [image for image in image_ids if found.get(image, NOTHING) == NOTHING]
    if open_ids:
        rows = _rows(connection, open_ids, revision, shapes=True)
        for image, group in groupby(rows, key=itemgetter(0)):
            found[image] = resolve(tuple(_shape_claims(group)))
    return found


_LIVING_AT = "added_by <= {0} AND ifnull(statement.removed_by, {0} + 1) > {0}"


def _rows(
    connection: sqlite3.Connection, image_ids: Sequence[int], revision: int | None, *, shapes: bool
) -> sqlite3.Cursor:
    """Return image, statement, rank, kind of source, class; of shapes also options, kind and geometry."""
    marks = ",".join("?" * len(image_ids))
    living = "removed_by IS NULL" if revision is None else _LIVING_AT.format(int(revision))
    more = ", source.options, annotation.kind, annotation.geometry" if shapes else ""
    return connection.execute(
        f"""
        SELECT image_id, statement.id, source.rank, source.kind, final.name{more}
        FROM statement
        JOIN source ON source.id = source_id
        JOIN annotation ON statement_id = statement.id AND annotation.kind {"<>" if shapes else "="} 'class'
        JOIN class ON class.id = annotation.class_id
        JOIN class AS final ON final.id = ifnull(class.merged_into, class.id)
        WHERE statement.{living} AND image_id IN ({marks})
        ORDER BY image_id, statement.id, annotation.id
        """,  # noqa: S608 - question marks, constants and a whole number
        image_ids,
    )


def _claims(rows: Iterable[tuple[int, int, int, str, str]]) -> Iterator[Claim]:
    for _, group in groupby(rows, key=itemgetter(1)):
        parts = list(group)
        yield Claim(parts[0][2], parts[0][3], frozenset(part[4] for part in parts))


def _shape_claims(rows: Iterable[tuple[int, int, int, str, str, str, str, str]]) -> Iterator[Claim]:
    for _, group in groupby(rows, key=itemgetter(1)):
        parts = list(group)
        rule = _label_from(parts[0][5])
        said = from_shapes(rule, [(part[4], part[6], part[7]) for part in parts])
        yield Claim(parts[0][2], parts[0][3], said)


@cache
def _label_from(options: str) -> str:
    """Return how a source's shapes give a label; few sources have many statements."""
    return str(json.loads(options).get("label_from", LABEL_FROM[0]))


def from_shapes(rule: str, shapes: Sequence[tuple[str, str, str]]) -> frozenset[str]:
    """Return the classes that shapes, given as (class, kind, geometry as JSON), state for the whole image.

    Of equally large ones the first counts; where nothing has an area, lines and points have none to compare.
    """
    classes = frozenset(name for name, _, _ in shapes)
    if rule == "all" or len(classes) == 1:
        return classes
    if rule == "only":
        return frozenset()
    name, kind, geometry = max(shapes, key=lambda shape: area_px(shape[1], json.loads(shape[2])))
    return frozenset({name}) if area_px(kind, json.loads(geometry)) > 0 else frozenset()


def area_px(kind: str, geometry: Any) -> float:  # noqa: ANN401 - JSON, by kind
    """Return the area of a shape in square pixels; lines and points have none."""
    if kind == Kind.BOX:
        left, top, right, bottom = geometry
        return float(abs((right - left) * (bottom - top)))
    if kind == Kind.CIRCLE:
        return float(math.pi * geometry[2] ** 2)
    if kind == Kind.MASK:
        return float(mask_area(geometry["counts"]))
    return polygon_area(geometry) if kind in {Kind.POLYGON, Kind.ROTATED_BOX} else 0.0
