"""``labelprep export TARGET``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labelprep.cli.opening import opened
from labelprep.cli.options import JsonOption, ManifestOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, visible
from labelprep.cli.quoting import quoted


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="The sheet to write: .xlsx or .csv.")],
    *,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file of that name.")] = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Write the labels of today into a sheet.

    It can be edited and imported again: exactly the edited cells change, and count as a person's word.
    """
    with explained(as_json=json):
        from labelprep.workflows.templating import write_export  # noqa: PLC0415 - numpy and pillow load here

        with opened(manifest, for_writing=False) as store:
            report = write_export(store, target, overwrite=overwrite)
    if json:
        emit_json(report.as_json() | {"written": str(target), "lost": []})
        return
    say(f"{counted(report.images, 'image')} in {visible(str(target))}, {report.labelled:,} with a label")
    next_step(f"labelprep import {quoted(target)}, when it was edited")
