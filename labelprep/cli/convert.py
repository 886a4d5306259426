"""``labelprep convert SRC --to FORMAT OUT``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.options import (
    AllowLossOption,
    ClassNamesOption,
    FilesOption,
    FilesWord,
    FourPointsOption,
    JsonFullOption,
    JsonOption,
    MarginOption,
    MetadataOption,
    OverwriteOption,
    VerifyOption,
)
from labelprep.cli.output import counted, emit_json, explained, say
from labelprep.cli.written import render_written, settings_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("convert")(convert)


def convert(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SRC", help="A label file, a folder or archive of them, or pictures in arrays."
        ),
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The file or folder to write.")],
    *,
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="The format to write.")],
    from_: Annotated[
        str, typer.Option("--from", metavar="FORMAT", help="The format of the source.")
    ] = "auto",
    images: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The images.", show_default="where the labels lie")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of the text, such as gb18030.", show_default="found out")
    ] = None,
    overwrite: OverwriteOption = False,
    allow_loss: AllowLossOption = False,
    verify: VerifyOption = False,
    files: FilesOption = None,
    class_names: ClassNamesOption = None,
    four_points: FourPointsOption = None,
    margin: MarginOption = None,
    metadata: MetadataOption = None,
    json: JsonOption = False,
    json_full: JsonFullOption = False,
) -> None:
    """Write labels of one format in another, without a manifest of one's own."""
    as_json = json or json_full
    with explained(as_json=as_json):
        from labelprep.workflows.converting import convert as converted  # noqa: PLC0415 - sqlite3 loads here
        from labelprep.workflows.exporting import ExportOptions  # noqa: PLC0415 - the same
        from labelprep.workflows.import_report import ImportOptions  # noqa: PLC0415 - the same

        writing = ExportOptions(
            to,
            overwrite=overwrite,
            allow_loss=allow_loss,
            verify=verify,
            files=str(files or FilesWord.COPY),
            settings=settings_of(to, margin=margin, metadata=metadata),
        )
        reading = ImportOptions(
            format=from_,
            encoding=encoding,
            class_names=None if class_names is None else str(class_names),
            four_points=None if four_points is None else str(four_points),
        )
        report = converted(source, target, images=images, reading=reading, writing=writing, progress=bars())
    if as_json:
        emit_json(report.as_json(), full=json_full)
    else:
        found = report.imported
        say(
            f"{counted(found.rows, 'record')} read as {found.format}, "
            f"{counted(found.matched, 'image')} found for them, {found.unmatched:,} without an image"
        )
        from labelprep.cli.issue_list import render_issues  # noqa: PLC0415 - only for people

        render_issues(found.issues)
        render_written(report.exported)
    if report.exported.differences:
        raise typer.Exit(1)
