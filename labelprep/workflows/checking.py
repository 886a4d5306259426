"""`check`: every check over one manifest, the findings kept there, and how they stand.

Findings are put into a temporary table as they are found and take the place of the older ones in one
transaction: whoever reads meanwhile sees the former state, and memory does not grow with their number.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from labelprep.checks import BY_CODE, CHECKS
from labelprep.checks.base import CheckContext, Limits
from labelprep.errors import ManifestError, UsageError, shown
from labelprep.manifest.images import splits_in_use
from labelprep.model.issues import SEVERITY_ORDER, Issue, Severity
from labelprep.workflows import contents, nearness
from labelprep.workflows.duplicates import look_for_duplicates

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from labelprep.checks.base import Check, Finding
    from labelprep.manifest.store import Store
    from labelprep.progress import Progress

Key = tuple[str, str, str]
"""What a baseline knows a finding by: its code, where it is, and what tells it from others there."""
CHECKED: Final = "checked"
ROWS_AT_ONCE: Final = 5_000
EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """Which codes to look for (prefixes count: ``LP1``), and from where on something counts.

    ``near``: compare pictures first that were not compared yet, where a check asks for near duplicates.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    near: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """How many findings one code has, and the first of them."""

    check: Check
    total: int
    known: int
    examples: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found, worst first.

    ``known``: how many findings a baseline accepts. ``not_kept``: why the manifest does not hold them.
    ``is_near_known``: all pictures were compared, so that no near duplicates among them are the rest.
    """

    found: tuple[Found, ...]
    codes: tuple[str, ...]
    known: int
    seconds: float = 0.0
    not_kept: str = ""
    is_near_known: bool = True
    is_split: bool = False

    def counts(self) -> dict[str, int]:
        """Return how many findings each severity has."""
        numbers: Counter[str] = Counter()
        for one in self.found:
            numbers[one.check.severity] += one.total
        return {str(severity): numbers[severity] for severity in Severity}

    def checks(self) -> list[Check]:
        """Return the checks that this report is of, in the order of their codes."""
        return [BY_CODE[code] for code in self.codes]

    def has_errors(self, *, strict: bool) -> bool:
        """Tell whether anything was found that a person has to see to: errors, if strict also warnings."""
        worst = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
        return any(one.check.severity in worst for one in self.found)


def limits_of(words: Iterable[str]) -> Limits:
    """Return the limits with some of them set otherwise, each as ``name=value``.

    Raises: UsageError for a name that no limit has, or a value that is no number.
    """
    known: dict[str, Callable[[str], float]] = {
        name: int if isinstance(value, int) else float for name, value in asdict(Limits()).items()
    }
    changed: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        kind = known.get(name.strip().replace("-", "_"))
        if kind is None:
            raise UsageError(f"no limit is called {shown(name)}", where="--limit", fix=_limits_there_are())
        try:
            changed[name.strip().replace("-", "_")] = kind(value)
        except ValueError:
            raise UsageError(
                f"{shown(value)} is no number for {name}", where="--limit", fix=_limits_there_are()
            ) from None
    return replace(Limits(), **changed)


def _limits_there_are() -> str:
    return f"the limits are: {', '.join(f'{name}={value}' for name, value in asdict(Limits()).items())}"


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
    store: Store, options: CheckOptions, progress: Progress, *, baseline: Iterable[Key] = ()
) -> CheckReport:
    """Run the checks, keep what they find where the manifest can be written, and return how it stands.

    All checks see one state of the manifest, whatever is written meanwhile. What the baseline names is
    counted as known and not kept.
    """
    started = time.monotonic()
    checks = chosen(options)
    connection = store.connection
    if options.near and any(map(_is_comparing, checks)):
        # Where another process is writing the rest is checked, and told that near pictures are unknown.
        with suppress(ManifestError):
            look_for_duplicates(store, progress)
    _make_tables(connection, baseline)
    with _one_state(connection):
        newest = _newest(connection)
        context = CheckContext(connection, options.limits, near_version=contents.version_of(store))
        with progress.track("checking", len(checks)) as bar:
            for check in checks:
                bar.note(check.title)
                _collect(context, check)
                bar.advance()
        _set_known_aside(connection)
    not_kept = _keep(store, [check.code for check in checks], newest)
    return _report(store, checks, not_kept, time.monotonic() - started)


def _report(store: Store, checks: Sequence[Check], not_kept: str, seconds: float) -> CheckReport:
    """Return how it stands, from the temporary tables."""
    connection = store.connection
    known = _totals(connection, "known")
    totals = _totals(connection, "found")
    found = [
        Found(check, totals[check.code], known.get(check.code, 0), _examples(connection, check))
        for check in checks
        if check.code in totals
    ]
    return CheckReport(
        found=tuple(
            sorted(found, key=lambda one: (SEVERITY_ORDER[one.check.severity], -one.total, one.check.code))
        ),
        codes=tuple(check.code for check in checks),
        known=sum(known.values()),
        seconds=seconds,
        not_kept=not_kept,
        is_near_known=not any(map(_is_comparing, checks)) or nearness.pairs_known(store),
        is_split=bool(splits_in_use(connection)),
    )


def _is_comparing(check: Check) -> bool:
    return check.is_comparing


@contextmanager
def _one_state(connection: sqlite3.Connection) -> Iterator[None]:
    """Read all of the block from one state of the manifest; only temporary tables are written."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        # A full disk has ended it already, and is what has to be told.
        if connection.in_transaction:
            connection.execute("COMMIT")


def _newest(connection: sqlite3.Connection) -> int | None:
    """Return the number of the newest command: what is found holds as of it."""
    number: int | None = connection.execute("SELECT max(number) FROM command").fetchone()[0]
    return number


def _make_tables(connection: sqlite3.Connection, baseline: Iterable[Key]) -> None:
    """Make the temporary tables: what is found, what of it was known, and what the baseline accepts."""
    for name in ("found", "known"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
        connection.execute(
            f"CREATE TEMP TABLE {name} (code TEXT, severity TEXT, image_id INTEGER, "
            '"where" TEXT, problem TEXT, fix TEXT, key TEXT)'
        )
        connection.execute(f"CREATE INDEX temp.{name}_code ON {name} (code)")
    connection.execute("DROP TABLE IF EXISTS temp.accepted")
    connection.execute(
        'CREATE TEMP TABLE accepted (code TEXT, "where" TEXT, key TEXT, PRIMARY KEY (code, "where", key)) '
        "WITHOUT ROWID"
    )
    with _one_state(connection):
        connection.executemany("INSERT OR IGNORE INTO temp.accepted VALUES (?, ?, ?)", baseline)


def _collect(context: CheckContext, check: Check) -> None:
    """Put the findings of one check aside."""
    findings = check.find(context)
    while rows := [_row(check, finding) for finding in islice(findings, ROWS_AT_ONCE)]:
        context.connection.executemany("INSERT INTO temp.found VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def _row(check: Check, finding: Finding) -> tuple[str, str, int | None, str, str, str, str]:
    return (
        check.code,
        str(check.severity),
        finding.image_id,
        finding.where,
        finding.problem,
        finding.fix or check.fix,
        finding.key,
    )


def _set_known_aside(connection: sqlite3.Connection) -> None:
    """Take what the baseline accepts out of what was found."""
    accepted = (
        'SELECT 1 FROM temp.accepted AS a WHERE a.code = f.code AND a."where" = f."where" AND a.key = f.key'
    )
    if not connection.execute("SELECT EXISTS (SELECT 1 FROM temp.accepted)").fetchone()[0]:
        return
    connection.execute(
        f"INSERT INTO temp.known SELECT * FROM temp.found AS f WHERE EXISTS ({accepted}) ORDER BY rowid"  # noqa: S608 - a constant
    )
    connection.execute(f"DELETE FROM temp.found AS f WHERE EXISTS ({accepted})")  # noqa: S608 - the same


def _keep(store: Store, codes: Sequence[str], newest: int | None) -> str:
    """Put the findings in the place of the older ones of the same codes; return why not, where that is so.

    What was found is told in any case.
    """
    try:
        _write(store, codes, newest)
    except ManifestError as error:
        return error.problem
    return ""


def _write(store: Store, codes: Sequence[str], newest: int | None) -> None:
    with store.writing() as connection:
        states = json.loads(store.meta(CHECKED) or "{}")
        connection.executemany("DELETE FROM issue WHERE code = ?", [(code,) for code in codes])
        connection.execute(
            'INSERT INTO issue (code, severity, image_id, "where", problem, fix) '
            'SELECT code, severity, image_id, "where", problem, fix FROM temp.found ORDER BY rowid'
        )
        store.set_meta(CHECKED, json.dumps(states | dict.fromkeys(codes, newest), sort_keys=True))


def _totals(connection: sqlite3.Connection, name: str) -> dict[str, int]:
    rows = connection.execute(f"SELECT code, count(*) FROM temp.{name} GROUP BY code ORDER BY code")  # noqa: S608 - our own tables
    return dict(rows.fetchall())


def _examples(connection: sqlite3.Connection, check: Check) -> tuple[Issue, ...]:
    rows = connection.execute(
        'SELECT "where", problem, fix FROM temp.found WHERE code = ? ORDER BY rowid LIMIT ?',
        (check.code, EXAMPLES),
    )
    return tuple(Issue(check.code, check.severity, *row) for row in rows)


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding with the image it is about, where it is about one; ``key`` as in `Finding`."""

    issue: Issue
    key: str
    path: str | None
    path_bytes: bytes | None


def found_places(store: Store, report: CheckReport) -> Iterator[Placed]:
    """Yield all findings of a check that has just run on this open manifest, worst first."""
    for one in report.found:
        rows = store.connection.execute(
            """
            SELECT found."where", found.problem, fix, key, path, path_bytes
            FROM temp.found AS found LEFT JOIN image ON image.id = image_id
            WHERE code = ? ORDER BY found.rowid
            """,
            (one.check.code,),
        )
        for where, problem, fix, key, path, path_bytes in rows:
            issue = Issue(one.check.code, one.check.severity, where, problem, fix)
            yield Placed(issue, key, path, path_bytes)


def found_issues(store: Store, report: CheckReport) -> Iterator[Issue]:
    """Yield the issues of all findings of a check that has just run, worst first."""
    return (placed.issue for placed in found_places(store, report))


def found_keys(store: Store) -> Iterator[Key]:
    """Yield what a baseline holds of a check that has just run: known findings and new ones, in order."""
    rows = store.connection.execute(
        'SELECT code, "where", key FROM temp.found UNION SELECT code, "where", key FROM temp.known '
        "ORDER BY 1, 2, 3"
    )
    yield from rows


def kept_issues(store: Store, codes: Sequence[str]) -> tuple[dict[str, int], Iterator[Issue]]:
    """Return how many findings of these codes (prefixes count) the last checks left, by code, and read them.

    Raises: UsageError for a code that no check has.
    """
    chosen(CheckOptions(select=tuple(codes)))
    totals = {code: number for code, number in kept(store).totals.items() if code.startswith(tuple(codes))}
    return totals, _kept_issues(store.connection, list(totals))


def _kept_issues(connection: sqlite3.Connection, codes: Sequence[str]) -> Iterator[Issue]:
    for code in codes:
        rows = connection.execute(
            'SELECT severity, "where", problem, fix FROM issue WHERE code = ? ORDER BY id', (code,)
        )
        for severity, *rest in rows:
            yield Issue(code, Severity(severity), *rest)


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
    newest = _newest(connection)
    return Kept(
        totals=dict(rows.fetchall()),
        stale=tuple(code for code in sorted(states) if code in BY_CODE and states[code] != newest),
        unchecked=tuple(check.code for check in CHECKS if check.code not in states),
    )
