"""``labelprep audit``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.opening import opened
from labelprep.cli.options import JsonFullOption, JsonOption, ManifestOption, OverwriteOption, SeedOption
from labelprep.cli.output import counted, emit_json, explained, fitted, next_step, say, table, visible
from labelprep.cli.quoting import quoted, shortened

if TYPE_CHECKING:
    from labelprep.manifest.store import Store
    from labelprep.workflows.audited import LabelIssue
    from labelprep.workflows.auditing import AuditOptions, AuditReport
    from labelprep.workflows.deciding import Decided

SHOWN = 20
PAIRS = 5
PATH_COLUMNS = 60


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("audit")(audit)


def audit(
    *,
    model: Annotated[
        str, typer.Option(help="Who judges: auto, or a network that train knows, such as compact.")
    ] = "auto",
    folds: Annotated[int, typer.Option(help="Into how many parts the images are dealt.")] = 5,
    seed: SeedOption = 0,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write what looks wrong as a sheet to decide in."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="With --csv: every image that was judged, not only the doubtful.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with the pictures.")
    ] = None,
    overwrite: OverwriteOption = False,
    kept: Annotated[
        bool, typer.Option("--kept", help="Judge nothing: show what the last audit left to decide.")
    ] = False,
    apply: Annotated[
        Path | None,
        typer.Option("--apply", metavar="FILE", help="Take the decisions of an edited sheet over."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="With --apply: the encoding of a text file.", show_default="found out")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --apply: only say what would be done.")
    ] = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
    json_full: JsonFullOption = False,
) -> None:
    """Find the labels that are wrong.

    Every image is judged by networks that were trained without it. What looks wrong is kept with the
    manifest: `show --code LP701` lists it too. No label is changed before you decide, with --apply or with
    `labelprep resolve`.
    """
    as_json = json or json_full
    with explained(as_json=as_json):
        from labelprep.workflows.auditing import AuditOptions  # noqa: PLC0415 - sqlite3 and numpy load here

        _require_sense(csv=csv, html=html, everything=everything, apply=apply, dry_run=dry_run)
        if apply is not None:
            with opened(manifest) as store:
                decided = _applied(store, apply, encoding, dry_run=dry_run)
            if as_json:
                emit_json(decided.as_json(), full=json_full)
            else:
                render_decided(decided, apply)
            return
        _require_targets(csv, html, overwrite=overwrite)
        with opened(manifest) as store:
            report = _report(store, None if kept else AuditOptions(model, folds, seed))
            written = _written(store, report, csv, html, everything=everything)
    if as_json:
        emit_json({**report.as_json(), "written": [str(path) for path in written]}, full=json_full)
    else:
        render(report, written, csv)


def _require_sense(
    *, csv: Path | None, html: Path | None, everything: bool, apply: Path | None, dry_run: bool
) -> None:
    """Refuse options that say nothing together.

    Raises: UsageError.
    """
    from labelprep.errors import UsageError  # noqa: PLC0415 - loaded already

    if everything and csv is None:
        raise UsageError("all of what?", where="--all", fix="add --csv FILE")
    if dry_run and apply is None:
        raise UsageError("an audit changes no label anyway", where="--dry-run", fix="add --apply FILE")
    if apply is not None and (csv or html):
        raise UsageError(
            "decisions are taken over, or a list is written: not both",
            where="--apply",
            fix="run it first, then labelprep audit --kept --csv FILE",
        )


def _require_targets(csv: Path | None, html: Path | None, *, overwrite: bool) -> None:
    """Refuse what could not be written, before minutes are spent.

    Raises: UsageError.
    """
    if csv is not None:
        from labelprep.workflows.audit_sheet import check_sheet  # noqa: PLC0415 - needed here only

        check_sheet(csv, overwrite=overwrite)
    if html is not None:
        from labelprep.workflows.audit_page import check_page  # noqa: PLC0415 - needed here only

        check_page(html, overwrite=overwrite)


def _report(store: Store, options: AuditOptions | None) -> AuditReport:
    from labelprep.workflows import auditing  # noqa: PLC0415 - loaded already

    return auditing.kept_audit(store) if options is None else auditing.audit_labels(store, options, bars())


def _written(
    store: Store, report: AuditReport, csv: Path | None, html: Path | None, *, everything: bool
) -> list[Path]:
    """Write the sheet and the page that were asked for."""
    if csv is not None:
        from labelprep.workflows.audit_sheet import write_sheet  # noqa: PLC0415 - needed here only

        write_sheet(store, csv, everything=everything)
    if html is not None:
        from labelprep.workflows.audit_page import write_page  # noqa: PLC0415 - needed here only

        write_page(store, report, html, bars())
    return [path for path in (csv, html) if path is not None]


def _applied(store: Store, sheet: Path, encoding: str | None, *, dry_run: bool) -> Decided:
    from labelprep.workflows.deciding import apply_decisions  # noqa: PLC0415 - needed here only

    return apply_decisions(store, sheet, encoding=encoding, dry_run=dry_run)


def render(report: AuditReport, written: list[Path], csv: Path | None) -> None:
    """Show an audit to a person."""
    how = report.how
    say(
        f"{counted(how.judged, 'label')} of {len(how.classes)} classes judged by {visible(how.model)} "
        f"in {how.folds} folds (seed {how.seed}, {how.seconds:.0f} s)."
    )
    if not report.issues:
        say("None of them looks wrong." if not how.estimated else "All that looked wrong is decided.")
    else:
        share = f", {100 * how.estimated / how.judged:.1f} % of them" if how.judged else ""
        left = "" if len(report.issues) == how.estimated else f", {len(report.issues):,} left to decide"
        say(f"About {how.estimated:,} are wrong{share}{left}. The least likely first:", "")
        say(table(("image", "label", "looks like", "score"), map(_row, report.issues[:SHOWN])))
        rest = len(report.issues) - SHOWN
        if rest > 0:
            say(f"  … and {rest:,} more")
        _render_noise(report)
    _render_beside(report)
    for path in written:
        say(f"Written: {visible(str(path))}")
    next_step(_next(report, written, csv))


def _row(issue: LabelIssue) -> tuple[str, str, str, str]:
    given, predicted = (", ".join(names) or "nothing" for names in (issue.given, issue.predicted))
    return fitted(issue.path, PATH_COLUMNS), given, predicted, f"{issue.score:.4f}"


def _render_noise(report: AuditReport) -> None:
    pairs = [pair for pair in report.how.mixed if round(pair.images) > 0][:PAIRS]
    if pairs:
        told = ", ".join(f"{pair.meant} as {pair.given} (about {round(pair.images):,})" for pair in pairs)
        say("", f"Labelled most often: {visible(told)}.")


def _render_beside(report: AuditReport) -> None:
    """Tell what else cannot be right, and what was not judged."""
    if report.duplicates:
        say(f"One picture with two labels: {len(report.duplicates):,} (labelprep show --code LP238).")
    if report.tiny_shapes:
        say(f"Shapes too small to judge: {report.tiny_shapes:,} (labelprep show --code LP507).")
    for reason, number in report.how.not_judged.items():
        say(f"Not judged: {counted(number, 'image')} {reason}.")


def _next(report: AuditReport, written: list[Path], csv: Path | None) -> str:
    if not report.issues:
        return "labelprep train"
    if csv is not None:
        return f"fill in the last two columns, then labelprep audit --apply {quoted(shortened(csv))}"
    if written:
        return "labelprep audit --kept --csv doubtful.csv, a sheet to decide in"
    return "labelprep audit --kept --html doubtful.html --csv doubtful.csv"


def render_decided(decided: Decided, sheet: Path) -> None:
    """Show a person what became of the rows of a sheet."""
    counts = ", ".join(f"{number:,} {name}" for name, number in decided.counts.items())
    head = "Nothing was changed; it would be: " if decided.dry_run else ""
    say(f"{head}{counted(len(decided.answers), 'row')}{': ' + counts if counts else ''}.")
    left = [answer for answer in decided.answers if answer.problem]
    for answer in left[:SHOWN]:
        say(f"  {visible(decided.source)}:{answer.place}: {visible(answer.problem)}")
    if len(left) > SHOWN:
        say(f"  … and {len(left) - SHOWN:,} more (--json-full lists all)")
    if decided.command is not None:
        say(f"One command ({decided.command}); `labelprep undo` takes it back.")
    if decided.dry_run:
        next_step(f"labelprep audit --apply {quoted(shortened(sheet))}")
    elif left:
        next_step(f"mend these rows, then labelprep audit --apply {quoted(shortened(sheet))} again")
    else:
        next_step("labelprep train" if decided.command is not None else "labelprep audit --kept")
