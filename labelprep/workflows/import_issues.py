"""What an import has to tell besides its counts: rows without an image, sources that disagree, shapes unused.

Codes: LP203 conflict, LP240 row without an image, LP241 with several, LP242 outside the images, LP243 without
a name, LP244 a source of another rank disagrees, LP245 shapes of several classes, LP246 rows with different
splits, LP247 with different groups, LP248 another picture size, LP249 images without a row, LP250 a list that
cannot be written, LP251 a person's split kept, LP252 an edited sheet's oddities, LP253 a row whose inferred
image another row names exactly, LP254 a picture that is only inside a label file, LP301 names that look
alike.
"""

from __future__ import annotations

import json
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from labelprep.checks.conflicts import places
from labelprep.errors import shown
from labelprep.manifest import classes
from labelprep.matching import NoMatch, Why
from labelprep.model.classes import alike
from labelprep.model.issues import SEVERITY_ORDER, Issue, Severity
from labelprep.model.prompts import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from labelprep.errors import SourceError
    from labelprep.manifest.columns import Given
    from labelprep.workflows.overruling import Overruled

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
TOLD = 1_000
REASONS = {
    Why.MISSING: ("LP240", "no image has this name"),
    Why.AMBIGUOUS: ("LP241", "it can mean several images"),
    Why.OUTSIDE: ("LP242", "it lies outside the folder of the images"),
    Why.EMPTY: ("LP243", "it names no file"),
    Why.EMBEDDED: ("LP254", "no image has this name, and no image is the picture embedded in the file"),
    Why.CONTENT: ("LP240", "no image has this name or this content"),
}
FIXES = {
    Why.MISSING: "correct the name or delete the row, or scan the folder that holds the image",
    Why.AMBIGUOUS: "write the path below the folder of the images",
    Why.OUTSIDE: "name images below that folder; it was not opened",
    Why.EMPTY: "give the image's name",
    Why.EMBEDDED: "put the image back where the file says; or write it out with --extract-images DIR",
    Why.CONTENT: "correct the name, or scan the folder that holds the image",
}


class Told:
    """Issues up to a number of each code; how many more there were is told at the end."""

    def __init__(self, source: str) -> None:
        """Begin with none."""
        self._source = source
        self._counts: dict[str, int] = {}
        self.issues: list[Issue] = []

    def tell(self, issue: Issue) -> None:
        """Add one issue, or count it."""
        self._counts[issue.code] = self._counts.get(issue.code, 0) + 1
        if self._counts[issue.code] <= TOLD:
            self.issues.append(issue)

    def has(self, code: str) -> bool:
        """Tell whether there is an issue of a code."""
        return code in self._counts

    @property
    def has_errors(self) -> bool:
        """Whether any of them is an error."""
        return any(issue.severity is ERROR for issue in self.issues)

    def all(self) -> list[Issue]:
        """Return what was told, the worst first, then by code in the order it was met."""
        rest = []
        for code, number in sorted(self._counts.items()):
            if number > TOLD:
                first = next(issue for issue in self.issues if issue.code == code)
                rest.append(
                    Issue(code, first.severity, self._source, f"{number - TOLD:,} more of these", first.fix)
                )
        return sorted(
            [*self.issues, *rest], key=lambda issue: (SEVERITY_ORDER[issue.severity], str(issue.code))
        )


def plain_reason_of(found: NoMatch) -> str:
    """Return in words why a name means no image, whatever it could have meant."""
    return REASONS[found.why][1]


def reason_of(found: NoMatch) -> str:
    """Return in words why a name means no image."""
    named = f": {', '.join(found.candidates)}" if found.candidates and found.why is Why.AMBIGUOUS else ""
    return plain_reason_of(found) + named


def of_unmatched(where: str, value: str, found: NoMatch, nearest: Sequence[str]) -> Issue:
    """Return the issue of a row whose image was not found."""
    close = f"; nearest: {', '.join(nearest)}" if nearest else ""
    code = REASONS[found.why][0]
    return Issue(code, ERROR, where, f"{shown(value)}: {reason_of(found)}{close}", FIXES[found.why])


def reason_of_overruled(row: Overruled, plain: str) -> str:
    """Return in words why a row gives way to one that names its image exactly, at the place ``plain``."""
    return f"no image has this name; it looks like {row.path}, which {plain} names exactly"


def of_overruled(where: str, value: str, reason: str) -> Issue:
    """Return the issue of a row that gives way."""
    return Issue("LP253", ERROR, where, f"{shown(value)}: {reason}", "correct the name, or delete the row")


def of_given(splits: Given, groups: Given) -> Iterator[Issue]:
    """Tell images whose rows name different splits or groups, and splits that a person gave."""
    for given, code, word in ((splits, "LP246", "splits"), (groups, "LP247", "groups")):
        for path, one, other in given.clashes:
            yield Issue(
                code,
                ERROR,
                path,
                f"its rows name different {word}, {shown(one)} and {shown(other)}: none was taken",
                "keep one of the rows",
            )
    if splits.kept:
        yield Issue(
            "LP251",
            NOTE,
            "splits",
            f"{splits.kept:,} images keep the split that a person gave",
            "nothing has to be done",
        )


def of_labels(connection: sqlite3.Connection, source: int) -> Iterator[Issue]:
    """Tell of a source's images conflicts, ranks that disagree, and shapes that give no label."""
    rows = connection.execute(
        """
        SELECT id, path FROM image INDEXED BY image_conflict
        WHERE conflict AND status <> 'missing' AND EXISTS (
            SELECT 1 FROM statement WHERE image_id = image.id AND source_id = ? AND removed_by IS NULL
        ) ORDER BY path
        """,
        (source,),
    ).fetchall()
    for identifier, path in rows:
        said = ", ".join(places(connection, identifier))
        yield Issue(
            "LP203",
            ERROR,
            path,
            f"statements of equal rank disagree ({said}), so it has no label",
            f"correct one of them and import again; see `{typed('labelprep explain', path)}`",
        )
    yield from _of_ranks(connection, source)
    yield from _of_shapes(connection, source)


def _of_ranks(connection: sqlite3.Connection, source: int) -> Iterator[Issue]:
    """Tell where a statement of lower rank says something else than the label, if this source takes part."""
    others = connection.execute(
        "SELECT count(*) FROM statement WHERE source_id <> ? AND removed_by IS NULL", (source,)
    ).fetchone()[0]
    if not others:
        return
    rows = connection.execute(
        """
        SELECT path, labels, statement.id, source.kind, source.location, source.rank, final.name
        FROM image JOIN statement ON image_id = image.id AND statement.removed_by IS NULL
        JOIN source ON source.id = source_id
        JOIN annotation ON statement_id = statement.id AND annotation.kind = 'class'
        JOIN class ON class.id = class_id
        JOIN class AS final ON final.id = ifnull(class.merged_into, class.id)
        WHERE NOT conflict AND source.rank > 10 AND image.id IN (
            SELECT image_id FROM statement WHERE source_id = ? AND removed_by IS NULL
        ) AND EXISTS (
            SELECT 1 FROM annotation AS one JOIN class AS said ON said.id = one.class_id
            LEFT JOIN class AS meant ON meant.id = said.merged_into
            WHERE one.statement_id = statement.id AND one.kind = 'class'
                AND ifnull(meant.name, said.name) IS NOT image.label
        ) ORDER BY path, image.id, statement.id
        """,
        (source,),
    )
    for (path, labels, _), group in groupby(rows, key=itemgetter(0, 1, 2)):
        parts = list(group)
        said = {part[6] for part in parts}
        if said != set(json.loads(labels)):
            kind, location = parts[0][3], parts[0][4]
            who = kind if location == "." else location
            yield Issue(
                "LP244",
                NOTE,
                path,
                f"{who} says {', '.join(sorted(said))}; its label is {', '.join(json.loads(labels))}, "
                "from a source of higher rank",
                "nothing has to be done; --rank changes whose word counts more",
            )


def _of_shapes(connection: sqlite3.Connection, source: int) -> Iterator[Issue]:
    rows = connection.execute(
        """
        SELECT path, count(DISTINCT class_id) FROM image
        JOIN statement ON image_id = image.id AND statement.removed_by IS NULL AND source_id = ?
        JOIN annotation ON statement_id = statement.id AND kind <> 'class'
        WHERE labels = '[]' AND NOT conflict
        GROUP BY image.id HAVING count(DISTINCT class_id) > 1 ORDER BY path
        """,
        (source,),
    )
    for path, number in rows:
        yield Issue(
            "LP245",
            NOTE,
            path,
            f"its shapes are of {number} classes, so it has no label",
            "pass --label-from largest or --label-from all, if they shall give one",
        )


def of_spellings(connection: sqlite3.Connection, used: Iterable[str], *, told: bool) -> Iterator[Issue]:
    """Tell class names that a person would read as one.

    ``used`` are the names that the source uses; ``told``: those it spells in several ways are told already.
    """
    own = set(used)
    names = [item.name for item in classes.listed(connection) if item.merged_into is None]
    for group in alike(names):
        if own.intersection(group) and not (told and own.issuperset(group)):
            shown_names = ", ".join((repr if name.isprintable() else ascii)(name) for name in group)
            yield Issue(
                "LP301",
                WARNING,
                "classes",
                f"these names look alike: {shown_names}",
                f"if they are one: {typed('labelprep classes merge', *group[1:], group[0])}",
            )


def of_predictions(error: SourceError) -> Issue:
    """Return the issue of predictions, in a source of labels, that could not be used."""
    return Issue("LP255", WARNING, error.where, f"its predictions: {error.problem}", error.fix)


def of_list(error: SourceError) -> Issue:
    """Return the issue of a list of unmatched rows that could not be written."""
    return Issue("LP250", WARNING, error.where, error.problem, error.fix)


def of_cleared(source: str, places: Sequence[str]) -> Iterator[Issue]:
    """Tell label cells that were emptied in an edited sheet."""
    for place in places:
        yield Issue(
            "LP252",
            WARNING,
            f"{source}:{place}",
            "the label was emptied, which takes nothing away",
            "give another class, or remove the source that states it: labelprep sources",
        )


def of_images_without_row(source: str, number: int) -> Iterator[Issue]:
    """Tell how many images the source does not speak of."""
    if number:
        yield Issue(
            "LP249",
            NOTE,
            source,
            "1 image is not in it" if number == 1 else f"{number:,} images are not in it",
            "labelprep template SHEET --unlabeled writes a sheet of those without a label",
        )
