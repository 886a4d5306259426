"""What the folders say of the images in them, written down as statements and splits."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from labelprep.formats.folders import Layout, Stated, stated
from labelprep.manifest import classes, images, resolving, statements
from labelprep.model.ranks import Rank

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from labelprep.manifest.store import Store

KIND = "folder"
LOCATION = "."


@dataclass(frozen=True, slots=True)
class FolderSource:
    """The folders of a root as a source of labels, under one command."""

    identifier: int
    command: int
    layout: Layout
    class_ids: dict[str, int]

    @classmethod
    def begin(cls, store: Store, command: int, layout: Layout, part: str | None = None) -> FolderSource:
        """Write the source down; where the layout has changed, let the known images' statements follow.

        ``part`` is a folder, in stored spelling, for which alone a person has set how folders are read: the
        statements of its images follow, and those of all others stay as they were.
        """
        with store.writing() as connection:
            identifier = statements.source_id(connection, KIND, LOCATION, Rank.FOLDER)
            source = cls(identifier, command, layout, classes.ids_of(connection))
            _, before = statements.source_state(connection, identifier)
            now: dict[str, Any] = json.loads(json.dumps(asdict(layout)))
            if before and part is not None:
                source._restate(connection, f"{part}/" if part else "")
                return source
            if before and _reading(before) != _reading(now):
                source._restate(connection)
            statements.set_source_state(connection, identifier, "", now, (0, 0))
        return source

    def claim(self, connection: sqlite3.Connection, rows: Sequence[tuple[int, str]]) -> None:
        """Say what the folders state of images, given as (id, path), where that is not said already."""
        living = self._living(connection, [image for image, _ in rows])
        claims, removed, splits, touched = [], [], [], []
        for image, path in rows:
            said = stated(self.layout, tuple(path.split("/")[:-1]))
            claim = self._claim(image, said)
            old = living.get(image)
            if (claim and (claim.locator, claim.class_ids)) != (old and old[1:]):
                if old:
                    removed.append(old[0])
                if claim:
                    claims.append(claim)
                touched.append(image)
            splits.append((said.split, image))
        statements.remove(connection, self.command, removed)
        statements.claim_classes(connection, self.identifier, self.command, claims)
        images.set_folder_splits(connection, splits)
        resolving.refresh(connection, touched)

    def _claim(self, image: int, said: Stated) -> statements.ClassClaim | None:
        # A file that is gone may lie in a folder that this scan has made no class of.
        if said.label is None or said.label not in self.class_ids:
            return None
        return statements.ClassClaim(image, said.locator, (self.class_ids[said.label],))

    def _living(
        self, connection: sqlite3.Connection, ids: Sequence[int]
    ) -> dict[int, tuple[int, str, tuple[int, ...]]]:
        marks = ",".join("?" * len(ids))
        rows = connection.execute(
            f"""
            SELECT image_id, statement.id, statement.locator, annotation.class_id
            FROM statement JOIN annotation ON statement_id = statement.id
            WHERE source_id = ? AND removed_by IS NULL AND image_id IN ({marks})
            """,  # noqa: S608 - question marks only
            (self.identifier, *ids),
        )
        return {row[0]: (row[1], row[2], (row[3],)) for row in rows}

    def _restate(self, connection: sqlite3.Connection, inside: str = "") -> None:
        last = -1
        while True:
            rows = connection.execute(
                """
                SELECT id, path FROM image WHERE id > ?1 AND substr(path, 1, length(?2)) = ?2
                ORDER BY id LIMIT ?3
                """,
                (last, inside, resolving.CHUNK),
            ).fetchall()
            if not rows:
                return
            self.claim(connection, rows)
            last = rows[-1][0]

    def settle(self, connection: sqlite3.Connection, moved: Iterable[int]) -> None:
        """Resolve moved images again, and count what the source said."""
        resolving.refresh(connection, sorted(moved))
        counts = connection.execute(
            """
            SELECT count(*), count(statement.id) FROM image LEFT JOIN statement
                ON image_id = image.id AND source_id = ? AND removed_by IS NULL
            WHERE status <> 'missing'
            """,
            (self.identifier,),
        ).fetchone()
        connection.execute(
            "UPDATE source SET rows = ?, matched = ?, unmatched = ? WHERE id = ?",
            (counts[0], counts[1], counts[0] - counts[1], self.identifier),
        )


def _reading(layout: dict[str, Any]) -> tuple[Any, ...]:
    """Return the part of a layout that decides what is read from a path."""
    return layout.get("kind"), layout.get("class_level"), layout.get("split_level"), layout.get("aside")
