"""Rows whose image is inferred, where another row of the source names it exactly.

::

    a.jpg,cat      the image a.jpg, by its exact path
    a.png,dog      there is no a.png: by its stem it would mean a.jpg, and contradict the row above

What is named exactly (rules 1 to 3) is certain and what is inferred (rules 4 to 9) is not, so the inferred
row gives way and counts as unmatched, whatever it says. Equal content (rule 10) is no inference and gives way
to nothing. Rows of different sources are not compared here: where those disagree, it is a conflict.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelprep.matching import LAST_CERTAIN, Rule

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True)
class Overruled:
    """A row that gives way: its number, rule, place and name, the image, and where that is named."""

    number: int
    rule: int
    locator: str
    name: str
    path: str
    plain: str


class Claims:
    """How surely each row of a source names its image: a byte an image, and a few bytes a row inferred."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Begin with none."""
        self._connection = connection
        newest = connection.execute("SELECT ifnull(max(id), 0) FROM main.image").fetchone()[0]
        self._plain = bytearray(newest + 1)
        self._inferred = array("q")
        self._names: list[str] = []

    def note(self, number: int, image_id: int, rule: int, name: str) -> None:
        """Take in one row: its number, its image, the rule that found it, and the name it states."""
        if rule <= LAST_CERTAIN:
            self._plain[image_id] = 1
        elif rule < Rule.CONTENT:
            self._inferred.extend((number, image_id, rule))
            self._names.append(name)

    def overruled(self) -> list[Overruled]:
        """Return the staged rows that give way, in the order of the source."""
        rows = zip(self._inferred[::3], self._inferred[1::3], self._inferred[2::3], self._names, strict=True)
        found = {number: (rule, name) for number, image, rule, name in rows if self._plain[image]}
        if not found:
            return []
        execute = self._connection.execute
        execute("DROP TABLE IF EXISTS temp.overruled")
        execute("CREATE TEMP TABLE overruled (number INTEGER PRIMARY KEY)")
        self._connection.executemany("INSERT INTO temp.overruled VALUES (?)", ((one,) for one in found))
        # With min() SQLite takes the other columns from the row that has it.
        staged = execute(
            """
            SELECT one.number, one.locator, path, plain.locator, min(plain.number)
            FROM temp.overruled JOIN temp.staged AS one USING (number)
            JOIN temp.staged AS plain ON plain.image_id = one.image_id
                AND plain.number NOT IN (SELECT number FROM temp.overruled)
            JOIN main.image ON main.image.id = one.image_id
            GROUP BY one.number ORDER BY one.number
            """
        )
        return [
            Overruled(number, found[number][0], locator, found[number][1], path, plain)
            for number, locator, path, plain, _ in staged
        ]
