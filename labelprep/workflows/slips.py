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
        found, single = self._looked_at(used)
        for name, meant in found.items():
            problem = f"{self._with_count(name)} looks like a slip of {self._with_count(meant)}"
            yield Issue("LP302", Severity.WARNING, self._place(name), problem, _fix(name, meant))
        yield from map(self._alone, single)

    def meant(self, used: Iterable[str]) -> dict[str, str]:
        """Return the names that look mistyped, each with the class that it is most likely meant for."""
        found, single = self._looked_at(used)
        near = {name: self._near(name) for name in single}
        return found | {name: other for name, other in near.items() if other is not None}

    def _looked_at(self, used: Iterable[str]) -> tuple[dict[str, str], list[str]]:
        """Return the slips with what they are of, and the classes of one image among large ones."""
        own = sorted(set(used).intersection(self._counts))
        all_slips = dict(slips(self._counts))
        found = {name: all_slips[name] for name in own if name in all_slips}
        single = [name for name in own if name not in found and self._counts[name] == 1]
        has_large = max(self._counts.values(), default=0) >= OFTEN
        return found, single if has_large and len(single) <= MOST_SINGLE else []

    def _near(self, name: str) -> str | None:
        """Return the large class most like a name."""
        large = [other for other, number in sorted(self._counts.items()) if number >= OFTEN]
        return next(iter(get_close_matches(name, large, n=1, cutoff=LEAST_LIKENESS)), None)

    def _alone(self, name: str) -> Issue:
        """Tell a class of one image, which no training can learn, with the large class most like it."""
        near = self._near(name)
        guess = f"; is it {self._with_count(near)}?" if near is not None else ""
        fix = (
            _fix(name, near)
            if near is not None
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
