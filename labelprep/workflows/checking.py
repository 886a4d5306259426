"""`check`: every check over one manifest, the findings kept there, and how they stand.

Findings are put into a temporary table as they are found and take the place of the older ones in one
transaction: whoever reads meanwhile sees the former state, and memory does not grow with their number.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from labelprep.checks import BY_CODE, CHECKS, near_leaks, twins
from labelprep.checks.base import CheckContext, Limits, NearPair
from labelprep.errors import UsageError, shown
from labelprep.model.issues import SEVERITY_ORDER, Issue, Severity
from labelprep.workflows import nearness
from labelprep.workflows.duplicates import pairs_in_words

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Sequence

    from labelprep.checks.base import Check, Finding
    from labelprep.manifest.store import Store
    from labelprep.progress import Progress

CHECKED: Final = "checked"
ROWS_AT_ONCE: Final = 5_000
EXAMPLES: Final = 3
OF_PAIRS: Final = frozenset({twins.CHECK.code, near_leaks.CHECK.code})
"""Checks of near duplicates, for which these are searched."""


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """Which codes to look for (prefixes count: ``LP1``), and from where on something counts."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Found:
    """How many findings one code has, and the first of them."""

    check: Check
    total: int
    known: int
    examples: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found, worst first; ``issues`` reads them from where they are kept."""

    found: tuple[Found, ...]
    codes: tuple[str, ...]
    known: int
    seconds: float = 0.0

    def counts(self) -> dict[str, int]:
        """Return how many findings each severity has."""
        numbers: Counter[str] = Counter()
        for one in self.found:
            numbers[one.check.severity] += one.total
        return {str(severity): numbers[severity] for severity in Severity}

    def has_errors(self, *, strict: bool) -> bool:
        """Tell whether anything was found that a person has to see to: errors, if strict also warnings."""
        worst = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
        return any(one.check.severity in worst for one in self.found)


def check_meant(code: str) -> Check:
    """Return the check of a code.

    Raises: UsageError where there is none.
    """
    found = BY_CODE.get(code.strip().upper())
    if found is None:
        raise UsageError(
            f"no check has the code {shown(code)}",
            where="--explain",
            fix=f"the codes are: {', '.join(BY_CODE)}",
        )
    return found


def checks_of(report: CheckReport) -> list[Check]:
    """Return the checks that a report is of."""
    return [BY_CODE[code] for code in report.codes]


def chosen(options: CheckOptions) -> tuple[Check, ...]:
    """Return the checks that are wanted, in the order of their codes.

    Raises: UsageError for a code or prefix that no check has.
    """
    for option, words in (("--select", options.select), ("--ignore", options.ignore)):
        for word in words:
            if not any(check.code.startswith(word) for check in CHECKS):
                raise UsageError(
                    f"no check has the code {shown(word)}",
                    where=option,
                    fix=f"codes are {CHECKS[0].code} to {CHECKS[-1].code}; LP1 means all that begin so",
                )
    return tuple(
        check
        for check in CHECKS
        if (not options.select or check.code.startswith(options.select))
        and not (options.ignore and check.code.startswith(options.ignore))
    )


def check_manifest(
    store: Store,
    options: CheckOptions,
    progress: Progress,
    *,
    baseline: Collection[tuple[str, str]] = (),
) -> CheckReport:
    """Run the checks, keep what they find where the manifest can be written, and return how it stands.

    What the baseline names, as (code, where), is counted as known and not kept.
    """
    checks = chosen(options)
    if any(check.code in OF_PAIRS for check in checks):
        nearness.search(store, progress=progress)
    context = CheckContext(
        store.connection, options.limits, lambda: (NearPair(*pair) for pair in pairs_in_words(store))
    )
    connection = store.connection
    connection.execute("DROP TABLE IF EXISTS temp.found")
    connection.execute(
        "CREATE TEMP TABLE found (code TEXT, severity TEXT, image_id INTEGER, "
        '"where" TEXT, problem TEXT, fix TEXT)'
    )
    known: Counter[str] = Counter()
    with progress.track("checking", len(checks)) as bar:
        for check in checks:
            bar.note(check.title)
            known[check.code] = _collect(connection, check, context, frozenset(baseline))
            bar.advance()
    if store.writable:
        _keep(store, [check.code for check in checks])
    found = [_found(connection, check, known[check.code]) for check in checks]
    return CheckReport(
        found=tuple(
            sorted(
                (one for one in found if one.total),
                key=lambda one: (SEVERITY_ORDER[one.check.severity], -one.total, one.check.code),
            )
        ),
        codes=tuple(check.code for check in checks),
        known=sum(known.values()),
    )


def _collect(
    connection: sqlite3.Connection, check: Check, context: CheckContext, baseline: frozenset[tuple[str, str]]
) -> int:
    """Put the findings of one check aside; return how many of them were known."""
    known = 0

    def fresh() -> Iterator[Finding]:
        nonlocal known
        for finding in check.find(context):
            if (check.code, finding.where) in baseline:
                known += 1
            else:
                yield finding

    findings = fresh()
    while rows := [_row(check, finding) for finding in islice(findings, ROWS_AT_ONCE)]:
        connection.executemany("INSERT INTO temp.found VALUES (?, ?, ?, ?, ?, ?)", rows)
    return known


def _row(check: Check, finding: Finding) -> tuple[str, str, int | None, str, str, str]:
    return (
        check.code,
        str(check.severity),
        finding.image_id,
        finding.where,
        finding.problem,
        finding.fix or check.fix,
    )


def _keep(store: Store, codes: Sequence[str]) -> None:
    """Put the findings in the place of the older ones of the same codes."""
    states = json.loads(store.meta(CHECKED) or "{}")
    with store.writing() as connection:
        newest = connection.execute("SELECT max(number) FROM command").fetchone()[0]
        connection.executemany("DELETE FROM issue WHERE code = ?", [(code,) for code in codes])
        connection.execute(
            'INSERT INTO issue (code, severity, image_id, "where", problem, fix) '
            'SELECT code, severity, image_id, "where", problem, fix FROM temp.found ORDER BY rowid'
        )
        store.set_meta(CHECKED, json.dumps(states | dict.fromkeys(codes, newest), sort_keys=True))


def _found(connection: sqlite3.Connection, check: Check, known: int) -> Found:
    total = connection.execute("SELECT count(*) FROM temp.found WHERE code = ?", (check.code,)).fetchone()[0]
    rows = connection.execute(
        'SELECT "where", problem, fix FROM temp.found WHERE code = ? ORDER BY rowid LIMIT ?',
        (check.code, EXAMPLES),
    )
    examples = tuple(Issue(check.code, check.severity, *row) for row in rows)
    return Found(check, total, known, examples)


def found_issues(store: Store, report: CheckReport) -> Iterator[Issue]:
    """Yield all findings of a check that has just run on this open manifest, worst first."""
    for one in report.found:
        rows = store.connection.execute(
            'SELECT "where", problem, fix FROM temp.found WHERE code = ? ORDER BY rowid', (one.check.code,)
        )
        for row in rows:
            yield Issue(one.check.code, one.check.severity, *row)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the last checks left in the manifest: findings by code, and the codes that are out of date."""

    totals: dict[str, int]
    stale: tuple[str, ...]
    unchecked: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {"codes": self.totals, "stale": list(self.stale), "unchecked": list(self.unchecked)}


def kept(store: Store) -> Kept:
    """Return what is kept; a code is stale where a command has changed the manifest since."""
    connection = store.connection
    rows = connection.execute("SELECT code, count(*) FROM issue GROUP BY code ORDER BY code")
    states: dict[str, Any] = json.loads(store.meta(CHECKED) or "{}")
    newest = connection.execute("SELECT max(number) FROM command").fetchone()[0]
    return Kept(
        totals=dict(rows.fetchall()),
        stale=tuple(code for code in sorted(states) if code in BY_CODE and states[code] != newest),
        unchecked=tuple(check.code for check in CHECKS if check.code not in states),
    )
