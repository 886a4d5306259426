"""``labelprep show``."""

from __future__ import annotations

from itertools import groupby, islice
from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.issue_list import render_issues
from labelprep.cli.opening import opened
from labelprep.cli.options import JsonFullOption, JsonOption, ManifestOption, split_codes
from labelprep.cli.output import (
    LIST_LIMIT,
    counted,
    emit_json,
    emit_json_with,
    explained,
    fitted,
    next_step,
    say,
    table,
    visible,
)
from labelprep.cli.quoting import quoted

if TYPE_CHECKING:
    from labelprep.manifest.store import Store
    from labelprep.workflows.showing import Overview

CODES = 5
LINES = 20
COLUMNS = ("train", "val", "test", "none")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("show")(show)


def show(
    *,
    code: Annotated[
        list[str] | None,
        typer.Option("--code", metavar="CODES", help="List what the last check found; LP2 means a family."),
    ] = None,
    manifest: ManifestOption = None,
    json: JsonOption = False,
    json_full: JsonFullOption = False,
) -> None:
    """Show a manifest at a glance.

    Classes by split, sizes, statuses, sources, the most important issues.
    """
    as_json = json or json_full
    with explained(as_json=as_json):
        if code:
            with opened(manifest, for_writing=False) as store:
                _show_codes(store, split_codes(code), as_json=as_json, full=json_full)
            return
        from labelprep.workflows.showing import overview  # noqa: PLC0415 - sqlite3 and numpy load here

        with opened(manifest, for_writing=False) as store:
            found = overview(store)
    if as_json:
        emit_json(found.as_json(), full=json_full)
    else:
        render(found)


def _show_codes(store: Store, codes: tuple[str, ...], *, as_json: bool, full: bool) -> None:
    """List what the last checks found of these codes, and say whether it still holds."""
    from labelprep.workflows.checking import kept, kept_issues  # noqa: PLC0415 - sqlite3 and numpy load here

    totals, issues = kept_issues(store, codes)
    state = kept(store)
    stale = [code for code in state.stale if code.startswith(codes)]
    unchecked = [code for code in state.unchecked if code.startswith(codes)]
    total = sum(totals.values())
    if as_json:
        head = {"codes": totals, "stale": stale, "unchecked": unchecked}
        cut = {"issues_total": total} if total > LIST_LIMIT and not full else {}
        listed = islice(issues, None if full else LIST_LIMIT)
        emit_json_with({**head, **cut}, "issues", (issue.as_json() for issue in listed))
        return
    for code, group in groupby(issues, key=lambda issue: issue.code):
        say(f"{code}  {counted(totals[code], 'time')}")
        for issue in islice(group, LINES):
            say(f"  {fitted(issue.where)}: {visible(issue.problem)}")
            last = issue
        if totals[code] > LINES:
            say(f"  … and {totals[code] - LINES:,} more: --json-full lists all")
        say(f"  → {visible(last.fix)}", "")
    if not totals:
        say(f"The last check found nothing of {', '.join(codes)}.")
    if stale or unchecked:
        say("The manifest has changed since." if stale else f"Not looked for yet: {', '.join(unchecked)}.")
        next_step("labelprep check")
    else:
        next_step(f"labelprep check --explain {next(iter(totals), codes[0])}")


def render(found: Overview) -> None:
    """Show an overview to a person."""
    say(f"{counted(found.images, 'image')} of {visible(str(found.root))}, {found.labelled:,} labelled")
    say(f"  status: {', '.join(f'{number:,} {name}' for name, number in found.status.items())}")
    if found.formats:
        say(f"  formats: {', '.join(f'{number:,} {name}' for name, number in found.formats.items())}")
    if found.short_side_px:
        sides = found.short_side_px
        say(f"  short side: {sides['min']}–{sides['max']} px, median {sides['median']} px")
    for source in found.sources:
        where = visible(source["location"])
        say(
            f"  source: {source['kind']} {where} (rank {source['rank']}): "
            f"{source['matched']:,} of {source['rows']:,} images"
        )
    _render_classes(found)
    render_issues(found.issues)
    _render_checked(found)
    if found.labelled and not found.splits:
        next_step("labelprep split")
    elif found.labelled:
        next_step("labelprep train")
    elif found.proposed:
        next_step(f"labelprep scan {quoted(found.root)} --labels folder")
    else:
        next_step("labelprep template labels.xlsx, a sheet to fill in; or labelprep import SHEET")


def _render_checked(found: Overview) -> None:
    """Say what the last check left, and whether it still holds."""
    totals = found.checked.totals
    if not totals:
        return
    most = sorted(totals, key=lambda code: (-totals[code], code))[:CODES]
    named = ", ".join(f"{totals[code]:,} {code}" for code in most)
    more = f", {counted(len(totals) - CODES, 'more code')}" if len(totals) > CODES else ""
    old = " (the manifest has changed since: labelprep check)" if found.checked.stale else ""
    say("", f"Last check: {named}{more}{old}")


def _render_classes(found: Overview) -> None:
    if not found.classes:
        say("", "No classes yet.")
        return
    used = [column for column in COLUMNS if any(row[column] for row in found.classes.values())]
    rows = [
        (name, *(f"{row[column]:,}" for column in used), f"{sum(row.values()):,}")
        for name, row in found.classes.items()
    ]
    if len(rows) > 1:
        totals = [f"{sum(row[column] for row in found.classes.values()):,}" for column in used]
        rows.append(("all", *totals, f"{sum(sum(row.values()) for row in found.classes.values()):,}"))
    headings = ["no split" if column == "none" else column for column in used]
    say("", table(("class", *headings, "images"), rows))
    if found.conflicts:
        say(f"  {counted(found.conflicts, 'image')} whose sources disagree")
