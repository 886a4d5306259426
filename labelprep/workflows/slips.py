"""Classes of a source that look mistyped, with the place where they stand.

Codes: LP302 a class that looks like a slip of another, LP303 a class of a single image among large ones.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from labelprep.errors import shown
from labelprep.model.classes import OFTEN, slips
from labelprep.model.issues import Issue, Severity
from labelprep.model.prompts import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

MOST_SINGLE = 5
LEAST_LIKENESS = 0.5


class Slips:
    """Looks for mistyped classes in what one source has just stated.

    ``counts`` are the images of each label as they are resolved now; ``name`` is the source as a person
    knows it.
    """

    def __init__(
        self, connection: sqlite3.Connection, source: int, name: str, counts: Mapping[str, int]
    ) -> None:
        """Look at nothing yet."""
        self._connection = connection
        self._source = source
        self._name = name
        self._counts = counts

    def of(self, used: Iterable[str]) -> Iterator[Issue]:
        """Tell those of the names that the source uses which look mistyped, in name order."""
        own = sorted(set(used).intersection(self._counts))
        all_meant = dict(slips(self._counts))
        single = []
        for name in own:
            meant = all_meant.get(name)
            if meant is not None:
                problem = f"{self._with_count(name)} looks like a slip of {self._with_count(meant)}"
                yield Issue("LP302", Severity.WARNING, self._place(name), problem, _fix(name, meant))
            elif self._counts[name] == 1:
                single.append(name)
        if max(self._counts.values(), default=0) >= OFTEN and len(single) <= MOST_SINGLE:
            yield from map(self._alone, single)

    def _alone(self, name: str) -> Issue:
        """Tell a class of one image, which no training can learn, with the large class most like it."""
        large = [other for other, number in sorted(self._counts.items()) if number >= OFTEN]
        near = get_close_matches(name, large, n=1, cutoff=LEAST_LIKENESS)
        guess = f"; is it {self._with_count(near[0])}?" if near else ""
        fix = (
            _fix(name, near[0])
            if near
            else "correct it where it stands, or add images: one alone cannot be learned and tested"
        )
        problem = f"only 1 image has the class {shown(name)}{guess}"
        return Issue("LP303", Severity.WARNING, self._place(name), problem, fix)

    def _with_count(self, name: str) -> str:
        number = self._counts[name]
        return f"{shown(name)} ({'1 image' if number == 1 else f'{number:,} images'})"

    def _place(self, name: str) -> str:
        """Return where the source states a class first."""
        found = self._connection.execute(
            """
            SELECT statement.locator FROM class JOIN annotation ON class_id = class.id
            JOIN statement ON statement.id = statement_id AND statement.removed_by IS NULL AND source_id = ?
            WHERE class.name = ? ORDER BY statement.id LIMIT 1
            """,
            (self._source, name),
        ).fetchone()
        return f"{self._name}:{found[0]}" if found is not None and found[0] else self._name


def _fix(name: str, meant: str) -> str:
    return f"correct it where it stands, or: {typed('labelprep classes merge', name, meant)}"
