"""``labelprep check``."""

from __future__ import annotations

import sys
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.opening import opened
from labelprep.cli.options import JsonFullOption, JsonOption, ManifestOption, split_codes
from labelprep.cli.output import (
    LIST_LIMIT,
    counted,
    emit_json_with,
    explained,
    fitted,
    next_step,
    say,
    table,
    tell,
    visible,
)
from labelprep.cli.quoting import quoted

if TYPE_CHECKING:
    from labelprep.checks.base import Check
    from labelprep.manifest.store import Store
    from labelprep.workflows.checking import CheckOptions, CheckReport
    from labelprep.workflows.mending import Mending

LINES = 20


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
        list[str] | None,
        typer.Option("--select", metavar="CODES", help="Only these codes; LP1 means a family."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="CODES", help="Not these codes.")
    ] = None,
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
        Path | None,
        typer.Option("--baseline", metavar="FILE", help="Tell only what this file does not hold."),
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option("--write-baseline", metavar="FILE", help="Write what is found as accepted; exit 0."),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option("--limit", metavar="NAME=VALUE", help="From where on something counts: few_images=20."),
    ] = None,
    near: Annotated[
        bool, typer.Option("--near/--no-near", help="Compare pictures that were not compared yet.")
    ] = True,
    form: Annotated[FormatWord, typer.Option("--format", help="How findings are written.")] = FormatWord.TEXT,
    explain: Annotated[
        str | None, typer.Option("--explain", metavar="CODE", help="Tell what a code means, and stop.")
    ] = None,
    manifest: ManifestOption = None,
    json: JsonOption = False,
    json_full: JsonFullOption = False,
) -> None:
    """Look for what is wrong with images, labels, classes, splits and names.

    Exit 1 where errors are found, with --strict for warnings too; notes never count. What was found is kept
    with the manifest: `show --code LP2` lists it.
    """
    as_json = json or json_full or form is FormatWord.JSON
    with explained(as_json=as_json):
        from labelprep.workflows import checking  # noqa: PLC0415 - sqlite3 and numpy load here

        if explain is not None:
            _explain(checking.check_meant(explain))
            return
        _require_fix(fix=fix, dry_run=dry_run)
        options = checking.CheckOptions(
            split_codes(select or ()), split_codes(ignore or ()), checking.limits_of(limit or ()), near=near
        )
        with opened(manifest) as store:
            report = _checked(store, options, baseline)
            mended = _mended(store, report, dry_run=dry_run) if fix else []
            if mended and not dry_run:
                report = _checked(store, options, baseline)
            if as_json:
                _print_json(store, report, mended, full=json_full)
            elif form is not FormatWord.TEXT:
                _print_file(store, report, form)
            else:
                render(report, mended, dry_run=dry_run)
            is_for_people = not as_json and form is FormatWord.TEXT
            if write_baseline is not None:
                _accept(store, write_baseline, quiet=not is_for_people)
            elif is_for_people:
                next_step(_next(report, fixable=bool(mended) and dry_run))
    if report.has_errors(strict=strict) and write_baseline is None:
        raise typer.Exit(1)


def _require_fix(*, fix: bool, dry_run: bool) -> None:
    from labelprep.errors import UsageError  # noqa: PLC0415 - loaded already

    if dry_run and not fix:
        raise UsageError(
            "only mending can be tried out; a check changes nothing", where="--dry-run", fix="add --fix"
        )


def _checked(store: Store, options: CheckOptions, baseline: Path | None) -> CheckReport:
    from labelprep.workflows.baselines import read_baseline  # noqa: PLC0415 - needed here only
    from labelprep.workflows.checking import check_manifest  # noqa: PLC0415 - loaded already

    accepted = read_baseline(baseline) if baseline is not None else ()
    report = check_manifest(store, options, bars(), baseline=accepted)
    if report.not_kept:
        tell(f"note: what was found is told, not kept: {visible(report.not_kept)}")
    return report


def _mended(store: Store, report: CheckReport, *, dry_run: bool) -> list[Mending]:
    from labelprep.workflows.mending import mend  # noqa: PLC0415 - numpy loads here

    return mend(store, {one.check.code for one in report.found}, dry_run=dry_run)


def _print_json(store: Store, report: CheckReport, mended: list[Mending], *, full: bool) -> None:
    """Print the document; of a million findings none is held."""
    from labelprep.workflows.checking import found_issues  # noqa: PLC0415 - loaded already

    total = sum(one.total for one in report.found)
    head = {
        "manifest": str(store.path),
        "counts": {
            **report.counts(),
            "known": report.known,
            "codes": {one.check.code: one.total for one in report.found},
        },
        "checked": list(report.codes),
        "near_known": report.is_near_known,
        "fixed": [{"code": one.code, "done": one.says, "command": one.by_hand} for one in mended],
        **({"issues_total": total} if total > LIST_LIMIT and not full else {}),
    }
    issues = islice(found_issues(store, report), None if full else LIST_LIMIT)
    emit_json_with(head, "issues", (issue.as_json() for issue in issues))


def _print_file(store: Store, report: CheckReport, form: FormatWord) -> None:
    """Print SARIF or a page on stdout."""
    from importlib.metadata import version  # noqa: PLC0415 - needed here only

    if form is FormatWord.SARIF:
        from labelprep.workflows.sarif import sarif  # noqa: PLC0415 - needed here only

        sys.stdout.writelines(sarif(store, report, version=version("labelprep")))
        say("")
        return
    from labelprep.workflows.check_page import check_page  # noqa: PLC0415 - needed here only

    say(check_page(store, report).rstrip())


def _accept(store: Store, path: Path, *, quiet: bool) -> None:
    from labelprep.workflows.baselines import write_baseline  # noqa: PLC0415 - needed here only
    from labelprep.workflows.checking import found_keys  # noqa: PLC0415 - loaded already

    number = write_baseline(store, path, found_keys(store))
    if not quiet:
        say(f"{counted(number, 'finding')} written to {visible(str(path))} as accepted.")
        next_step(f"labelprep check --baseline {quoted(path)}")


def _explain(meant: Check) -> None:
    say(
        f"{meant.code} {meant.name} ({meant.severity}): {meant.title}",
        "",
        f"  why         {meant.why}",
        f"  what to do  {meant.fix}",
        f"  example     {meant.example}",
    )
    next_step(f"labelprep check --select {meant.code}")


def render(report: CheckReport, mended: list[Mending], *, dry_run: bool) -> None:
    """Show what was found to a person: a table by code, the worst first, then examples."""
    _render_mended(mended, dry_run=dry_run)
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
                say(f"  {fitted(issue.where)}: {visible(issue.problem)}")
            if one.total > len(one.examples):
                say(f"  … and {one.total - len(one.examples):,} more")
            say(f"  → {visible(one.examples[0].fix)}")
        numbers = ", ".join(counted(number, name) for name, number in report.counts().items() if number)
        say("", numbers[:1].upper() + numbers[1:] + ".")
    if report.known:
        say(f"{counted(report.known, 'finding')} of the baseline left out.")
    if not report.is_near_known:
        say("Near duplicates are not all known: pictures were not compared.")


def _render_mended(mended: list[Mending], *, dry_run: bool) -> None:
    for done in mended[:LINES]:
        say(f"  {'would be mended' if dry_run else 'mended'}  {done.code}  {visible(done.says)}")
    if len(mended) > LINES:
        say(f"  … and {len(mended) - LINES:,} more")
    if mended:
        say("" if dry_run else "  `labelprep undo` takes all of it back.\n")


def _next(report: CheckReport, *, fixable: bool) -> str:
    from labelprep.workflows.mending import MENDED  # noqa: PLC0415 - loaded already

    if fixable:
        return "labelprep check --fix"
    if any(one.check.code in MENDED for one in report.found):
        return "labelprep check --fix --dry-run"
    if report.found:
        return f"labelprep check --explain {report.found[0].check.code}; or labelprep report report.html"
    return "labelprep train" if report.is_split else "labelprep split"
