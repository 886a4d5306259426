"""The image rows: what a walk found against what is known, facts written, files moved and missing.

A walk lives in the temporary tables ``walked`` and ``todo``, so that ten million names need no memory.
"""

from __future__ import annotations

import json
import posixpath
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelprep.model.images import SPLITS
from labelprep.pixels.decoding import DECODER_VERSION

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from labelprep.manifest.paths import StoredPath

FACTS = (
    "status", "problem", "notes", "format", "mode", "channels", "frames", "width_px", "height_px",
    "exif_orientation", "size_bytes", "mtime_ns", "sha256", "fingerprint", "brightness", "sharpness",
    "low", "high", "contrast", "flatness", "focus", "camera", "taken_at", "decoder_version", "own_proxy",
)  # fmt: skip
UNREADABLE = "cannot be read"
SAME_NAME = "main.image.path = {0}.path AND ifnull(main.image.path_bytes, x'') = ifnull({0}.path_bytes, x'')"


@dataclass(frozen=True, slots=True)
class Todo:
    """A file to read: its number in path order, its path, the id of its row where it has one, its stat."""

    number: int
    path: str
    path_bytes: bytes | None
    image_id: int | None
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Moved:
    """An image found again at another path.

    ``counts``: it counts as moved. What this scan had added or changed before it was cut off does not.
    """

    image_id: int
    old_path: str
    new_path: str
    counts: bool


def start_walk(connection: sqlite3.Connection) -> None:
    """Make the temporary tables of a walk empty."""
    connection.execute("DROP TABLE IF EXISTS temp.walked")
    connection.execute("DROP TABLE IF EXISTS temp.todo")
    connection.execute(
        "CREATE TEMP TABLE walked (path TEXT NOT NULL, path_bytes BLOB, size_bytes INTEGER, mtime_ns INTEGER)"
    )


def add_walked(connection: sqlite3.Connection, rows: Iterable[tuple[str, bytes | None, int, int]]) -> None:
    """Add files that a walk met: path, path_bytes, size_bytes, mtime_ns."""
    connection.executemany("INSERT INTO temp.walked VALUES (?, ?, ?, ?)", rows)


def finish_walk(
    connection: sqlite3.Connection,
    now_ns: int,
    *,
    again: bool = False,
    limits: tuple[int, int] | None = None,
) -> int:
    """Work out which files have to be read, in path order; return their number.

    These are the new ones, those whose size or time changed, those that could not be read, and those whose
    time lies in the future (a later change would not show), and those another decoder read, or an older
    labelprep that took fewer figures. ``again`` reads all. ``limits``: the most bytes and pixels,
    where they are other than before: then also what exceeds them, and what could not be decoded.
    """
    connection.execute("CREATE UNIQUE INDEX temp.walked_path ON walked (path, ifnull(path_bytes, x''))")
    connection.execute(
        f"""
        CREATE TEMP TABLE todo AS
        SELECT row_number() OVER (ORDER BY walked.path, walked.path_bytes) AS number,
            walked.path, walked.path_bytes, main.image.id AS image_id, walked.size_bytes, walked.mtime_ns
        FROM temp.walked LEFT JOIN main.image ON {SAME_NAME.format("walked")}
        WHERE ? OR main.image.id IS NULL
            OR main.image.size_bytes IS NOT walked.size_bytes OR main.image.mtime_ns IS NOT walked.mtime_ns
            OR main.image.status = 'missing' OR walked.mtime_ns > ? OR main.image.problem GLOB ?
            OR main.image.decoder_version <> ? OR main.image.low IS NULL AND main.image.width_px IS NOT NULL
            OR ? AND (main.image.width_px IS NULL OR walked.size_bytes > ?
                OR main.image.width_px * main.image.height_px > ?)
        """,  # noqa: S608 - a constant
        (again, now_ns, f"{UNREADABLE}*", DECODER_VERSION, limits is not None, *(limits or (0, 0))),
    )
    connection.execute("CREATE UNIQUE INDEX temp.todo_number ON todo (number)")
    return count_todo(connection)


def count_todo(connection: sqlite3.Connection) -> int:
    """Return how many files have to be read."""
    return int(connection.execute("SELECT count(*) FROM temp.todo").fetchone()[0])


def todo(connection: sqlite3.Connection, batch: int) -> Iterator[list[Todo]]:
    """Yield the files to read in path order, so many at a time."""
    start = 1
    while True:
        rows = connection.execute(
            "SELECT * FROM temp.todo WHERE number >= ? AND number < ? ORDER BY number",
            (start, start + batch),
        ).fetchall()
        if not rows:
            return
        yield [Todo(*row) for row in rows]
        start += batch


def write_facts(
    connection: sqlite3.Connection, command: int, read: Sequence[tuple[Todo, Mapping[str, Any]]]
) -> list[int]:
    """Write what was read of files, new or known; return the image ids in the same order.

    An excluded image stays excluded; content that did not change is not called changed.
    """
    following = connection.execute("SELECT ifnull(max(id), 0) + 1 FROM image").fetchone()[0]
    meanwhile = _written_meanwhile(connection, [item.number for item, _ in read])
    inserts, updates, ids = [], [], []
    for item, facts in read:
        values = tuple(facts[name] for name in FACTS)
        identifier = item.image_id or meanwhile.get(item.number)
        if identifier is None:
            ids.append(following)
            inserts.append((following, item.path, item.path_bytes, command, *values))
            following += 1
        else:
            ids.append(identifier)
            updates.append((facts["sha256"], command, facts["sha256"], *values, identifier))
    columns = ", ".join(FACTS)
    marks = ", ".join("?" * len(FACTS))
    connection.executemany(
        f"INSERT INTO image (id, path, path_bytes, added_by, {columns}) VALUES (?, ?, ?, ?, {marks})",  # noqa: S608 - constants
        inserts,
    )
    settings = ", ".join(_setting(name) for name in FACTS)
    connection.executemany(
        "UPDATE image SET changed_by = CASE WHEN sha256 IS ? THEN changed_by ELSE ? END, "  # noqa: S608 - constants
        f"pixel_sha256 = CASE WHEN sha256 IS ? THEN pixel_sha256 END, {settings} WHERE id = ?",
        updates,
    )
    return ids


def _written_meanwhile(connection: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, int]:
    """Return the rows of files that were new to this scan and that another scan has added meanwhile."""
    rows = connection.execute(
        f"""
        SELECT todo.number, main.image.id FROM temp.todo JOIN main.image ON {SAME_NAME.format("todo")}
        WHERE todo.image_id IS NULL AND todo.number BETWEEN ? AND ?
        """,  # noqa: S608 - a constant
        (min(numbers, default=0), max(numbers, default=0)),
    )
    return dict(rows.fetchall())


def _setting(name: str) -> str:
    return (
        "status = CASE status WHEN 'excluded' THEN status ELSE ? END" if name == "status" else f"{name} = ?"
    )


def write_proxies(
    connection: sqlite3.Connection, rows: Iterable[tuple[bytes, int, int, str, int, int]]
) -> None:
    """Keep where proxies lie: sha256, decoder_version, proxy_size, pack, offset, length."""
    connection.executemany("INSERT OR REPLACE INTO proxy VALUES (?, ?, ?, ?, ?, ?)", rows)


def vanished(connection: sqlite3.Connection, start: str, unreadable: Sequence[StoredPath]) -> list[int]:
    """Return the images below ``start`` that the walk did not meet, but for folders it could not read."""
    rows = connection.execute(
        f"""
        SELECT id, path FROM image WHERE NOT EXISTS (
            SELECT 1 FROM temp.walked WHERE {SAME_NAME.format("walked").replace("main.image", "image")}
        ) ORDER BY path
        """  # noqa: S608 - constants
    )
    hidden = tuple(f"{path}/" for path, _ in unreadable)
    below = f"{start}/" if start else ""
    return [row[0] for row in rows if row[1].startswith(below) and not row[1].startswith(hidden)]


def settle_moved(connection: sqlite3.Connection, command: int, gone: Iterable[int]) -> list[Moved]:
    """Give images whose content reappeared at one new path that path; they keep id, statements and split."""
    lost: dict[bytes, list[tuple[int, str]]] = defaultdict(list)
    absent = set(gone)
    for identifier in sorted(absent):
        path, sha256 = connection.execute(
            "SELECT path, sha256 FROM image WHERE id = ?", (identifier,)
        ).fetchone()
        if sha256 is not None:
            lost[sha256].append((identifier, path))
    moved: list[Moved] = []
    for sha256, olds in lost.items():
        rows = connection.execute(
            "SELECT id, path FROM image WHERE sha256 = ? AND added_by = ? ORDER BY path", (sha256, command)
        )
        # A scan that was cut off before may itself have added what is gone by now.
        news = [row for row in rows.fetchall() if row[0] not in absent]
        moved.extend(_settle(connection, command, pair) for pair in _pairs(olds, news))
    return sorted(moved, key=lambda item: item.new_path)


def _pairs(
    olds: Sequence[tuple[int, str]], news: Sequence[tuple[int, str]]
) -> Iterator[tuple[tuple[int, str], tuple[int, str]]]:
    """Pair one with one; where copies make that unclear, only those that kept their file name."""
    if len(olds) == 1 and len(news) == 1:
        yield olds[0], news[0]
        return
    for old in olds:
        name = posixpath.basename(old[1])
        same_new = [new for new in news if posixpath.basename(new[1]) == name]
        same_old = [other for other in olds if posixpath.basename(other[1]) == name]
        if len(same_new) == 1 and len(same_old) == 1:
            yield old, same_new[0]


def _settle(
    connection: sqlite3.Connection, command: int, pair: tuple[tuple[int, str], tuple[int, str]]
) -> Moved:
    (old, old_path), (new, new_path) = pair
    names = ("path", "path_bytes", *FACTS)
    values = connection.execute(f"SELECT {', '.join(names)} FROM image WHERE id = ?", (new,)).fetchone()  # noqa: S608 - constants
    connection.execute(
        """
        UPDATE statement SET removed_by = ? WHERE image_id = ? AND removed_by IS NULL
            AND source_id IN (SELECT id FROM source WHERE kind IN ('folder', 'file_name'))
        """,
        (command, old),
    )
    connection.execute("UPDATE statement SET image_id = ? WHERE image_id = ?", (old, new))
    split, source = connection.execute(
        "SELECT split, split_source FROM image WHERE id = ?", (new,)
    ).fetchone()
    connection.execute("DELETE FROM image WHERE id = ?", (new,))
    settings = ", ".join(_setting(name) for name in names)
    connection.execute(f"UPDATE image SET {settings} WHERE id = ?", (*values, old))  # noqa: S608 - constants
    set_folder_splits(connection, [(split if source == "folder" else None, old)])
    added_by, changed_by = connection.execute(
        "SELECT added_by, changed_by FROM image WHERE id = ?", (old,)
    ).fetchone()
    return Moved(old, old_path, new_path, counts=command not in {added_by, changed_by})


def set_folder_splits(connection: sqlite3.Connection, splits: Iterable[tuple[str | None, int]]) -> None:
    """Take splits that folders name, which are locked; forget those that they name no longer."""
    given = list(splits)
    connection.executemany(
        """
        UPDATE image SET split = ?, split_source = 'folder', split_locked = 1
        WHERE id = ? AND ifnull(split_source, '') NOT IN ('person', 'column')
        """,
        [(split, image) for split, image in given if split is not None],
    )
    unnamed = [image for split, image in given if split is None]
    marks = ",".join("?" * len(unnamed))
    connection.execute(
        f"""
        UPDATE image SET split = NULL, split_source = NULL, split_locked = 0
        WHERE split_source = 'folder' AND id IN ({marks})
        """,  # noqa: S608 - question marks only
        unnamed,
    )


def mark_missing(connection: sqlite3.Connection, image_ids: Iterable[int]) -> None:
    """Mark images whose files are gone."""
    connection.executemany(
        "UPDATE image SET status = 'missing', problem = NULL WHERE id = ?",
        ((identifier,) for identifier in image_ids),
    )


def counted(connection: sqlite3.Connection, column: str) -> dict[str, int]:
    """Return how many images not missing have each value of a column, in the order of the values."""
    rows = connection.execute(
        f"""
        SELECT "{column}", count(*) FROM image
        WHERE "{column}" IS NOT NULL AND status <> 'missing' GROUP BY 1 ORDER BY 1
        """  # noqa: S608 - column names of our own
    )
    return {str(row[0]): row[1] for row in rows}


def splits_in_use(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many images (not missing) are in each split, in the order train, val, test."""
    found = counted(connection, "split")
    return {name: found[name] for name in SPLITS if name in found}


def notes_of(text: str | None) -> list[str]:
    """Return the oddities kept with an image."""
    return list(json.loads(text)) if text else []
