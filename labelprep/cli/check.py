"""``labelprep check``."""

from __future__ import annotations

from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.opening import opened
from labelprep.cli.options import JsonFullOption, JsonOption, ManifestOption
from labelprep.cli.output import LIST_LIMIT, counted, emit_json, explained, next_step, say, table, visible

if TYPE_CHECKING:
    from labelprep.checks.base import Check
    from labelprep.manifest.store import Store
    from labelprep.workflows.checking import CheckReport
    from labelprep.workflows.mending import Mending


class FormatWord(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    HTML = "html"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    *,
    select: Annotated[
        list[str] | None, typer.Option("--select", help="Only these codes; LP1 means a family.")
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option("--ignore", help="Not these codes.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 1 for warnings too, not for errors only.")
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend in the manifest what is safe to mend; `undo` takes it back.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --fix: only say what would be done.")
    ] = False,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="Tell only what this file does not hold.")
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", help="Write today's findings as accepted.")
    ] = None,
    form: Annotated[FormatWord, typer.Option("--format", help="How findings are written.")] = FormatWord.TEXT,
    explain: Annotated[
        str | None, typer.Option("--explain", metavar="CODE", help="Tell what a code means, and stop.")
    ] = None,
    manifest: ManifestOption = None,
    json: JsonOption = False,
    json_full: JsonFullOption = False,
) -> None:
    """Look for what is wrong with images, labels, classes and splits.

    Exit 1 where errors are found. What was found is kept with the manifest.
    """
    as_json = json or json_full or form is FormatWord.JSON
    with explained(as_json=as_json):
        from labelprep.workflows import checking  # noqa: PLC0415 - sqlite3 and numpy load here
        from labelprep.workflows.baselines import read_baseline  # noqa: PLC0415 - the same

        if explain is not None:
            _explain(checking.check_meant(explain))
            return
        options = checking.CheckOptions(_split(select), _split(ignore))
        accepted = read_baseline(baseline) if baseline is not None else frozenset()
        mended: list[Mending] = []
        with opened(manifest) as store:
            report = checking.check_manifest(store, options, bars(), baseline=accepted)
            if fix:
                mended = _mended(store, report, dry_run=dry_run)
                if mended and not dry_run:
                    report = checking.check_manifest(store, options, bars(), baseline=accepted)
            if as_json:
                emit_json(_document(store, report, mended, full=json_full), full=json_full)
            elif form is not FormatWord.TEXT:
                _write(store, report, form)
            if write_baseline is not None:
                _baseline(store, report, write_baseline, quiet=as_json or form is not FormatWord.TEXT)
    if not as_json and form is FormatWord.TEXT:
        render(report, mended, dry_run=dry_run)
    if report.has_errors(strict=strict) and write_baseline is None:
        raise typer.Exit(1)


def _split(words: list[str] | None) -> tuple[str, ...]:
    """Return codes that were given one by one or with commas."""
    return tuple(part.strip().upper() for word in words or () for part in word.split(",") if part.strip())


def _mended(store: Store, report: CheckReport, *, dry_run: bool) -> list[Mending]:
    from labelprep.workflows.mending import mend  # noqa: PLC0415 - numpy loads here

    return mend(store, {one.check.code for one in report.found}, dry_run=dry_run)


def _document(store: Store, report: CheckReport, mended: list[Mending], *, full: bool) -> dict[str, object]:
    """Return the document; of a million findings only those that are printed are held."""
    from labelprep.workflows.checking import found_issues  # noqa: PLC0415 - loaded already

    issues = islice(found_issues(store, report), None if full else LIST_LIMIT)
    total = sum(one.total for one in report.found)
    return {
        "manifest": str(store.path),
        "issues": [issue.as_json() for issue in issues],
        **({"issues_total": total} if total > LIST_LIMIT and not full else {}),
        "counts": {
            **report.counts(),
            "known": report.known,
            "codes": {one.check.code: one.total for one in report.found},
        },
        "checked": list(report.codes),
        "fixed": [{"code": one.code, "done": one.says, "command": one.by_hand} for one in mended],
    }


def _write(store: Store, report: CheckReport, form: FormatWord) -> None:
    """Print SARIF or a page on stdout."""
    import json  # noqa: PLC0415 - needed here only
    from importlib.metadata import version  # noqa: PLC0415 - the same

    from labelprep.workflows.checking import checks_of, found_issues  # noqa: PLC0415 - loaded already

    if form is FormatWord.SARIF:
        from labelprep.workflows.sarif import sarif  # noqa: PLC0415 - needed here only

        log = sarif(checks_of(report), found_issues(store, report), version=version("labelprep"))
        say(json.dumps(log, ensure_ascii=True, indent=1))
        return
    from labelprep.workflows.check_page import check_page  # noqa: PLC0415 - needed here only

    say(check_page(store, report).rstrip())


def _baseline(store: Store, report: CheckReport, path: Path, *, quiet: bool) -> None:
    from labelprep.workflows.baselines import write_baseline  # noqa: PLC0415 - needed here only
    from labelprep.workflows.checking import found_issues  # noqa: PLC0415 - loaded already

    number = write_baseline(path, found_issues(store, report))
    if not quiet:
        say(f"{counted(number, 'finding')} written to {visible(str(path))} as accepted.")


def _explain(meant: Check) -> None:
    say(
        f"{meant.code} {meant.name} ({meant.severity}): {meant.title}",
        "",
        f"  why      {meant.why}",
        f"  what to do  {meant.fix}",
        f"  example  {meant.example}",
    )


def render(report: CheckReport, mended: list[Mending], *, dry_run: bool) -> None:
    """Show what was found to a person: a table by code, the worst first, then examples."""
    for done in mended:
        say(f"  {'would be mended' if dry_run else 'mended'}  {done.code}  {visible(done.says)}")
    if not report.found:
        say(f"Nothing found by {counted(len(report.codes), 'check')}.")
    else:
        rows = [
            (str(one.check.severity), one.check.code, one.check.title, f"{one.total:,}")
            for one in report.found
        ]
        say(table(("", "code", "what", "times"), rows))
        for one in report.found:
            say("", f"{one.check.code}  {one.check.title}")
            for issue in one.examples:
                say(f"  {visible(issue.where)}: {visible(issue.problem)}")
            if one.total > len(one.examples):
                say(f"  … and {one.total - len(one.examples):,} more")
            say(f"  → {visible(one.examples[0].fix)}")
        numbers = ", ".join(counted(number, name) for name, number in report.counts().items() if number)
        say("", numbers[:1].upper() + numbers[1:] + ".")
    if report.known:
        say(f"{counted(report.known, 'finding')} of the baseline left out.")
    next_step(_next(report, fixable=bool(mended) and dry_run))


def _next(report: CheckReport, *, fixable: bool) -> str:
    from labelprep.workflows.mending import MENDED  # noqa: PLC0415 - loaded already

    if fixable:
        return "labelprep check --fix"
    if any(one.check.code in MENDED for one in report.found):
        return "labelprep check --fix --dry-run"
    if report.found:
        return f"labelprep check --explain {report.found[0].check.code}; or labelprep report report.html"
    return "labelprep split"
