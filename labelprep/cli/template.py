"""``labelprep template SHEET``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.opening import opened
from labelprep.cli.options import JsonOption, ManifestOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, visible
from labelprep.cli.quoting import quoted


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("template")(template)


def template(
    sheet: Annotated[Path, typer.Argument(metavar="SHEET", help="The sheet to write: .xlsx or .csv.")],
    *,
    unlabeled: Annotated[
        bool, typer.Option("--unlabeled", "--unlabelled", help="Only the images without a label.")
    ] = False,
    thumbnails: Annotated[
        bool, typer.Option("--thumbnails", help="Put a small picture beside each name (.xlsx).")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file of that name.")] = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Write a sheet of the images to fill in with labels.

    Each image has a row and an empty label cell, in a workbook with the known classes to choose from. Filled
    in, it is imported like any sheet, and counts as a person's word.
    """
    with explained(as_json=json):
        from labelprep.workflows.templating import (  # noqa: PLC0415 - numpy and pillow load here
            TemplateOptions,
            write_template,
        )

        options = TemplateOptions(unlabeled=unlabeled, thumbnails=thumbnails, overwrite=overwrite)
        with opened(manifest, for_writing=False) as store:
            report = write_template(store, sheet, options, bars())
    if json:
        emit_json(report.as_json())
        return
    choice = f", {counted(report.classes, 'class', 'classes')} to choose from" if report.classes else ""
    say(f"{counted(report.images, 'image')} to label in {visible(str(sheet))}{choice}")
    say("  Type the class of each image into the column label; rows left empty say nothing.")
    next_step(f"labelprep import {quoted(sheet)}, when it is filled in")
