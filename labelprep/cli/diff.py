"""``labelprep diff A B``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.options import JsonFullOption, JsonOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, table, visible

if TYPE_CHECKING:
    from labelprep.workflows.comparing import Difference, DiffReport

EXAMPLES = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("diff")(diff)


def diff(
    a: Annotated[Path, typer.Argument(metavar="A", help="A manifest.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another manifest, or a sheet or label files.")],
    *,
    json: JsonOption = False,
    json_full: JsonFullOption = False,
) -> None:
    """Show where two manifests, or a manifest and a sheet, differ.

    Images by path, with labels and splits. Exit code 1 where anything differs; nothing is written.
    """
    as_json = json or json_full
    with explained(as_json=as_json):
        from labelprep.workflows.comparing import diff as compare  # noqa: PLC0415 - sqlite3 loads here

        report = compare(a, b, progress=bars())
    if as_json:
        emit_json(report.as_json(), full=json_full)
    else:
        render(report)
    if report.differences:
        raise typer.Exit(1)


def render(report: DiffReport) -> None:
    """Show differences to a person."""
    a, b = visible(report.a), visible(report.b)
    say(f"{counted(report.equal, 'image')} with the same label and split in {a} and {b}")
    _render_paths(f"only in {a}", report.only_a)
    _render_paths(f"only in {b}", report.only_b)
    _render_pairs("another label", report.labels)
    _render_pairs("another split", report.splits)
    if report.classes is not None:
        say("", f"classes of A: {visible(', '.join(report.classes[0]))}")
        say(f"classes of B: {visible(', '.join(report.classes[1]))}")
    next_step("labelprep show" if not report.differences else "labelprep explain IMAGE")


def _render_paths(title: str, paths: Sequence[str]) -> None:
    if not paths:
        return
    say("", f"{counted(len(paths), 'image')} {title}")
    for path in paths[:EXAMPLES]:
        say(f"  {visible(path)}")
    if len(paths) > EXAMPLES:
        say(f"  … and {len(paths) - EXAMPLES:,} more (--json-full)")


def _render_pairs(title: str, pairs: Sequence[Difference]) -> None:
    if not pairs:
        return
    say("", f"{counted(len(pairs), 'image')} with {title}")
    rows = [(item.path, item.a or "none", item.b or "none") for item in pairs[:EXAMPLES]]
    say(table(("image", "A", "B"), rows))
    if len(pairs) > EXAMPLES:
        say(f"  … and {len(pairs) - EXAMPLES:,} more (--json-full)")
