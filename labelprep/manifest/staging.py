"""What a source says, put down beside the manifest first, so that one transaction takes all of it.

Temporary tables, in the order of the source: ``staged`` holds a row a record (its author empty for none),
``meaning`` the annotations that records share (a hundred thousand rows that say ``cat`` share one),
``unmatched`` what named no image.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from labelprep.manifest import classes, staged_boxes
from labelprep.model.annotation import Kind
from labelprep.model.boxes import Boxes

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from labelprep.model.annotation import Annotation, Record

BATCH = 10_000
LOCATORS = 5
POSITION_BITS = 28
"""The place of an annotation is the number of its meaning with so many bits for its position behind it.

One number is all the key it takes, and one that grows: such rows SQLite puts down in two thirds of the time.
"""
TABLES = """
    CREATE TEMP TABLE staged (
        number INTEGER PRIMARY KEY, image_id INTEGER, locator TEXT, split TEXT, group_key TEXT,
        meaning INTEGER, author TEXT
    );
    CREATE TEMP TABLE meaning (
        place INTEGER PRIMARY KEY, kind TEXT, label TEXT, geometry TEXT, attributes TEXT, locator TEXT,
        confidence REAL
    );
    CREATE TEMP TABLE unmatched (
        number INTEGER PRIMARY KEY, place TEXT, value TEXT, reason TEXT, nearest TEXT
    );
"""
NAMES = ("staged", "meaning", "unmatched", "class_of", "signature", "was", "now", "fresh", "stale", "meant")

# `json.dumps` would make one for each value.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

_INSERT_MEANING = "INSERT INTO temp.meaning VALUES (?, ?, ?, ?, ?, ?, ?)"

MeaningRow = tuple[int, str, str | None, str | None, str | None, str | None, float | None]


@dataclass(frozen=True, slots=True)
class Replaced:
    """How a source's statements changed: removed ones, added ones, images about which it says other things.

    ``touched`` are the images to resolve again, in the order of their ids.
    """

    removed: int
    added: int
    changed: int
    touched: tuple[int, ...]


class Staging:
    """The temporary tables of one import."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Make the tables empty."""
        self._connection = connection
        for name in NAMES:
            connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
        for statement in TABLES.split(";")[:-1]:
            connection.execute(statement)
        self._keys: dict[tuple[str | None, ...], int] = {}
        self._next = 1
        self._staged: list[tuple[int, int, str, str | None, str | None, int | None, str]] = []
        self._meanings: list[MeaningRow] = []
        self._boxes: list[staged_boxes.Row] = []
        self._unmatched: list[tuple[int, str, str, str, str]] = []

    def add(self, number: int, image_id: int, record: Record) -> None:
        """Put down what one row of the source says about an image."""
        # A row that gives only a split or a group makes no statement: nothing is said of the label.
        key = None if record.is_silent else self._key(record)
        row = (number, image_id, record.locator, record.split, record.group, key, record.author or "")
        self._staged.append(row)
        # One image can have thousands of shapes.
        if max(len(self._staged), len(self._meanings), len(self._boxes)) >= BATCH:
            self.flush()

    def add_seen(self, number: int, image_id: int, locator: str) -> None:
        """Put down that a row speaks of an image and says nothing new."""
        self._staged.append((number, image_id, locator, None, None, None, ""))
        if len(self._staged) >= BATCH:
            self.flush()

    def add_unmatched(self, number: int, place: str, value: str, reason: str, nearest: str) -> None:
        """Put down a row that names no image."""
        self._unmatched.append((number, place, value, reason, nearest))
        if len(self._unmatched) >= BATCH:
            self.flush()

    def make_unmatched(self, number: int, place: str, value: str, reason: str, nearest: str) -> None:
        """Take back a row that was put down, and put it down as one that names no image."""
        self._connection.execute("DELETE FROM temp.staged WHERE number = ?", (number,))
        self.add_unmatched(number, place, value, reason, nearest)

    def _key(self, record: Record) -> int:
        """Return the number of a meaning; plain classes are looked up, since most rows repeat them."""
        annotations = record.annotations
        key = self._next
        if all(_is_plain(item, record.locator) for item in annotations):
            key = self._keys.setdefault(tuple(item.label for item in annotations), key)
            if key < self._next:
                return key
        self._next += 1
        if isinstance(annotations, Boxes):
            self._boxes.extend(staged_boxes.rows(key << POSITION_BITS, annotations, record.locator))
        else:
            self._meanings.extend(_meanings(key, annotations, record.locator))
        return key

    def flush(self) -> None:
        """Write the rows held back into the tables."""
        insert = self._connection.executemany
        with _together(self._connection):
            insert("INSERT INTO temp.staged VALUES (?, ?, ?, ?, ?, ?, ?)", self._staged)
            insert(_INSERT_MEANING, self._meanings)
            staged_boxes.insert(self._connection, self._boxes)
            insert("INSERT INTO temp.unmatched VALUES (?, ?, ?, ?, ?)", self._unmatched)
        self._staged.clear()
        self._meanings.clear()
        self._boxes.clear()
        self._unmatched.clear()

    def finish(self) -> None:
        """Write the last rows, and which images all of them are about."""
        self.flush()
        # Grouping sorts, in half the time that DISTINCT takes for rows in any order.
        self._connection.execute(
            "CREATE TEMP TABLE meant AS SELECT image_id FROM temp.staged GROUP BY image_id ORDER BY image_id"
        )

    def gather(self) -> None:
        """Make the rows of each image one statement, its classes and shapes in the order of the rows."""
        rows = self._connection.execute(
            """
            SELECT image_id, number, locator, meaning, author FROM temp.staged
            WHERE meaning IS NOT NULL AND image_id IN (
                SELECT image_id FROM temp.staged WHERE meaning IS NOT NULL GROUP BY 1 HAVING count(*) > 1
            ) ORDER BY image_id, number
            """
        ).fetchall()
        with _together(self._connection):
            for _, group in groupby(rows, key=itemgetter(0)):
                self._gather_one(list(group))

    def _gather_one(self, rows: list[tuple[int, int, str, int, str]]) -> None:
        key, self._next = self._next, self._next + 1
        said = dict.fromkeys(content for row in rows for content in self._contents(row[3]))
        self._connection.executemany(
            _INSERT_MEANING, ((place, *content) for place, content in enumerate(said, key << POSITION_BITS))
        )
        places = [row[2] for row in rows]
        locator = ", ".join(places[:LOCATORS]) + (", …" if len(places) > LOCATORS else "")
        first = rows[0][1]
        author = rows[0][4] if len({row[4] for row in rows}) == 1 else ""
        self._connection.execute(
            "UPDATE temp.staged SET meaning = ?, locator = ?, author = ? WHERE number = ?",
            (key, locator, author, first),
        )
        # The other rows stay for the splits and groups that they state; they are no statements any more.
        self._connection.executemany(
            "UPDATE temp.staged SET meaning = NULL WHERE number = ?", ((row[1],) for row in rows[1:])
        )

    def _contents(self, meaning: int) -> list[tuple[Any, ...]]:
        rows = self._connection.execute(
            "SELECT kind, label, geometry, attributes, locator, confidence FROM temp.meaning "  # noqa: S608 - a constant
            f"WHERE {_within('?1')} ORDER BY place",
            (meaning,),
        )
        return rows.fetchall()

    def unmatched(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield what named no image in the order of the source: place, value, reason, nearest."""
        yield from self._connection.execute(
            "SELECT place, value, reason, nearest FROM temp.unmatched ORDER BY number"
        )


@contextmanager
def _together(connection: sqlite3.Connection) -> Iterator[None]:
    """Write to the temporary tables once for many rows; the manifest itself is not locked by it."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _is_plain(item: Annotation, place: str) -> bool:
    """Tell whether an annotation is a class and nothing else."""
    return (
        item.kind is Kind.CLASS
        and (not item.locator or item.locator == place)
        and not item.attributes
        and item.confidence is None
    )


def _meanings(key: int, annotations: Iterable[Annotation], place: str) -> Iterator[MeaningRow]:
    """Yield annotations as rows; the place of one is kept where it is not that of its statement."""
    for number, item in enumerate(annotations, key << POSITION_BITS):
        geometry = item.geometry
        locator = item.locator if item.locator not in {"", place} else None
        attributes = _ENCODER.encode(item.attributes) if item.attributes else None
        if item.kind is Kind.BOX:
            left, top, right, bottom = geometry
            geometry = f"[{left!r},{top!r},{right!r},{bottom!r}]"
        elif geometry is not None:
            geometry = _ENCODER.encode(geometry)
        yield number, str(item.kind), item.label, geometry, attributes, locator, item.confidence


def _within(meaning: str) -> str:
    """Return the condition that an annotation is one of a meaning, given as SQL."""
    return f"place BETWEEN {meaning} << {POSITION_BITS} AND (({meaning} + 1) << {POSITION_BITS}) - 1"


def class_names(connection: sqlite3.Connection) -> list[str]:
    """Return the class names that the staged records use, in no order."""
    rows = connection.execute(
        f"""
        SELECT DISTINCT label FROM temp.meaning
        WHERE label IS NOT NULL AND place >> {POSITION_BITS} IN (SELECT meaning FROM temp.staged)
        """  # noqa: S608 - a constant
    )
    return [row[0] for row in rows]


def vanished_images(connection: sqlite3.Connection) -> int:
    """Return how many images of the staged rows another process has taken away meanwhile."""
    query = "SELECT count(*) FROM temp.meant WHERE image_id NOT IN (SELECT id FROM main.image)"
    return int(connection.execute(query).fetchone()[0])


def images(connection: sqlite3.Connection) -> int:
    """Return how many images the staged rows are about."""
    return int(connection.execute("SELECT count(*) FROM temp.meant").fetchone()[0])


_CONTENT = "json_group_array(json_array(kind, class_id, geometry, attributes, locator, confidence))"


def replace_statements(
    connection: sqlite3.Connection, source: int, command: int, *, anew: bool = False
) -> Replaced:
    """Make the staged records the statements of a source; the classes are known already.

    A statement that is said again in the same words at the same place stays, unless ``anew``.
    """
    _name_classes(connection)
    connection.execute(
        "CREATE TEMP TABLE was "
        "(id INTEGER PRIMARY KEY, image_id INTEGER, locator TEXT, author TEXT, said TEXT)"
    )
    connection.execute(
        f"""
        INSERT INTO temp.was SELECT statement.id, image_id, locator, ifnull(author, ''), (
            SELECT {_CONTENT} FROM (
                SELECT * FROM main.annotation WHERE statement_id = statement.id ORDER BY id
            )
        ) FROM main.statement WHERE source_id = ? AND removed_by IS NULL
        """,  # noqa: S608 - a constant
        (source,),
    )
    changed = _compare(connection, anew=anew)
    touched = connection.execute(
        "SELECT image_id FROM temp.fresh UNION SELECT image_id FROM temp.stale ORDER BY 1"
    ).fetchall()
    removed = connection.execute(
        "UPDATE main.statement SET removed_by = ? WHERE id IN (SELECT id FROM temp.stale)", (command,)
    ).rowcount
    added = _insert_fresh(connection, source, command)
    return Replaced(removed, added, changed, tuple(row[0] for row in touched))


def _name_classes(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TEMP TABLE class_of (label TEXT PRIMARY KEY, class_id INTEGER) WITHOUT ROWID")
    connection.executemany("INSERT INTO temp.class_of VALUES (?, ?)", classes.ids_of(connection).items())


def _sign(connection: sqlite3.Connection) -> None:
    """Write down what each meaning says, to compare it with what the source has said before."""
    connection.execute(
        f"""
        CREATE TEMP TABLE signature AS SELECT said.meaning, (
            SELECT {_CONTENT} FROM (
                SELECT * FROM temp.meaning LEFT JOIN temp.class_of USING (label)
                WHERE {_within("said.meaning")} ORDER BY place
            )
        ) AS said FROM (SELECT DISTINCT place >> {POSITION_BITS} AS meaning FROM temp.meaning) AS said
        """  # noqa: S608 - a constant
    )
    connection.execute("CREATE UNIQUE INDEX temp.signature_meaning ON signature (meaning)")


def _compare(connection: sqlite3.Connection, *, anew: bool) -> int:
    """Fill ``fresh`` and ``stale``; return the number of images about which other things are said.

    All goes by image, not by row: a sheet in any order then costs as much as one in the order of the images.
    """
    if connection.execute("SELECT count(*) FROM temp.was").fetchone()[0] == 0:
        connection.execute(
            """
            CREATE TEMP TABLE fresh AS SELECT image_id, locator, author, meaning FROM temp.staged
            WHERE meaning IS NOT NULL ORDER BY image_id, number
            """
        )
        connection.execute("CREATE TEMP TABLE stale (id INTEGER, image_id INTEGER)")
        return int(connection.execute("SELECT count(DISTINCT image_id) FROM temp.fresh").fetchone()[0])
    _sign(connection)
    now = """
        SELECT image_id, locator, author, meaning, ifnull(said, '[]') AS said
        FROM temp.staged LEFT JOIN temp.signature USING (meaning)
        WHERE meaning IS NOT NULL ORDER BY image_id, number
    """
    connection.execute(f"CREATE TEMP TABLE now AS {now}")
    for table in ("now", "was"):
        connection.execute(f"CREATE INDEX temp.{table}_said ON {table} (image_id, said, locator)")
    for name, given, other in (("stale", "was", "now"), ("fresh", "now", "was")):
        gone = "1" if anew else f"NOT {_exists(given, other, 'image_id', 'said', 'locator', 'author')}"
        rows = f"SELECT * FROM temp.{given} WHERE {gone} ORDER BY rowid"  # noqa: S608 - constants
        connection.execute(f"CREATE TEMP TABLE {name} AS {rows}")
    changed = connection.execute(
        f"""
        SELECT count(*) FROM (
            SELECT image_id FROM temp.stale WHERE NOT {_exists("stale", "now", "image_id", "said")}
            UNION
            SELECT image_id FROM temp.fresh WHERE NOT {_exists("fresh", "was", "image_id", "said")}
        )
        """  # noqa: S608 - constants
    ).fetchone()[0]
    return int(changed)


def _exists(given: str, other: str, *columns: str) -> str:
    """Return the condition that another table holds a row that is the same in some columns."""
    same = " AND ".join(f"{other}.{column} = {given}.{column}" for column in columns)
    return f"EXISTS (SELECT 1 FROM temp.{other} WHERE {same})"  # noqa: S608 - constants


def _insert_fresh(connection: sqlite3.Connection, source: int, command: int) -> int:
    last = connection.execute("SELECT ifnull(max(id), 0) FROM main.statement").fetchone()[0]
    added = connection.execute(
        """
        INSERT INTO main.statement (id, image_id, source_id, locator, author, added_by)
        SELECT ? + rowid, image_id, ?, locator, nullif(author, ''), ? FROM temp.fresh ORDER BY rowid
        """,
        (last, source, command),
    ).rowcount
    with _unchecked(connection):
        connection.execute(
            f"""
            INSERT INTO main.annotation
                (statement_id, kind, class_id, geometry, attributes, locator, confidence)
            SELECT ? + fresh.rowid, kind, class_id, geometry, attributes, meaning.locator, confidence
            FROM temp.fresh CROSS JOIN temp.meaning ON {_within("fresh.meaning")}
            LEFT JOIN temp.class_of USING (label) ORDER BY fresh.rowid, place
            """,  # noqa: S608 - a constant
            (last,),
        )
    return added


@contextmanager
def _unchecked(connection: sqlite3.Connection) -> Iterator[None]:
    """Leave the checks of the schema out: comparing a kind with all that there are takes longer than its row.

    What was staged has kinds of `Kind` alone.
    """
    connection.execute("PRAGMA ignore_check_constraints = ON")
    try:
        yield
    finally:
        connection.execute("PRAGMA ignore_check_constraints = OFF")
