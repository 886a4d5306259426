"""``labelprep report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.opening import opened
from labelprep.cli.options import JsonOption, ManifestOption, OverwriteOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, visible
from labelprep.cli.quoting import quoted, shortened


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(report)


def report(
    target: Annotated[Path, typer.Argument(metavar="OUT.html", help="The page to write.")],
    *,
    overwrite: OverwriteOption = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Write a page about a manifest.

    One file that opens anywhere, without a network: classes, sizes, splits, conflicts, duplicates and
    issues, with pictures.
    """
    with explained(as_json=json):
        from labelprep.workflows.reporting import write_report  # noqa: PLC0415 - sqlite3 and numpy load here

        with opened(manifest) as store:
            written = write_report(store, target, bars(), overwrite=overwrite)
    if json:
        emit_json(written.as_json())
        return
    say(
        f"Report: {visible(str(written.report))} ({written.bytes / 1e6:.1f} MB, "
        f"{counted(written.pictures, 'picture')}, {counted(written.issues, 'issue')})"
    )
    next_step(f"open {quoted(shortened(target.absolute()))} in a browser")
