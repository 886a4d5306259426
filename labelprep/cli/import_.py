"""``labelprep import SOURCE`` and ``labelprep import --pattern P [DIR]``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.opening import opened
from labelprep.cli.options import (
    ClassNamesOption,
    FourPointsOption,
    JsonFullOption,
    JsonOption,
    ManifestOption,
)
from labelprep.cli.output import emit_json, explained
from labelprep.formats import READERS

if TYPE_CHECKING:
    from labelprep.workflows.extracting import ExtractReport
    from labelprep.workflows.import_report import ImportOptions, ImportReport


class LabelFrom(StrEnum):
    """Which shapes make a label where nobody states one."""

    ONLY = "only"
    LARGEST = "largest"
    ALL = "all"


class Frame(StrEnum):
    """Which picture shapes were drawn on."""

    AUTO = "auto"
    UPRIGHT = "upright"
    RAW = "raw"


class RankWord(StrEnum):
    """Whose word a source counts as."""

    PERSON = "person"
    SHEET = "sheet"
    FILE_NAME = "file_name"
    FOLDER = "folder"
    MODEL = "model"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_)


def import_(
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="SOURCE",
            help="A sheet, a label file, or a folder or archive (.zip, .tar.gz) of them.",
            show_default="with --pattern: all images",
        ),
    ] = None,
    *,
    pattern: Annotated[
        str | None,
        typer.Option(metavar="P", help="Read file names, such as {label}_{id}; `suggest` proposes patterns."),
    ] = None,
    format_: Annotated[
        str, typer.Option("--from", metavar="NAME", help=f"Format of the source: auto, {', '.join(READERS)}.")
    ] = "auto",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show all of it, write nothing.")] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Match names by certain rules alone; exit 1 where anything got lost."),
    ] = False,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of the text, such as gb18030.", show_default="found out")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Sheet of a workbook.", show_default="the first that fits")
    ] = None,
    header: Annotated[
        str | None,
        typer.Option(metavar="auto|none|N", help="Line of the column names.", show_default="auto"),
    ] = None,
    file_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of the images.", show_default="found out")
    ] = None,
    label_column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Column of the class; give it again for more.", show_default="found out"
        ),
    ] = None,
    split_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of the split.", show_default="found out")
    ] = None,
    group_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of the group.", show_default="found out")
    ] = None,
    separator: Annotated[
        str | None, typer.Option(help="What stands between several classes in a cell.")
    ] = None,
    multi_label: Annotated[
        bool, typer.Option("--multi-label", help="Several rows of an image are its several labels.")
    ] = False,
    fill_merged: Annotated[
        bool, typer.Option("--fill-merged", help="A merged cell counts for all rows that it covers.")
    ] = False,
    label_from: Annotated[
        LabelFrom, typer.Option(help="Shapes that make the label of an image without a class.")
    ] = LabelFrom.ONLY,
    frame: Annotated[
        Frame,
        typer.Option(help="Shapes refer to the upright picture, or to the raw one as the camera stored it."),
    ] = Frame.AUTO,
    class_names: ClassNamesOption = None,
    four_points: FourPointsOption = None,
    rank: Annotated[
        RankWord | None,
        typer.Option(help="Whose word it counts as.", show_default="sheet; file_name with --pattern"),
    ] = None,
    extract_images: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="LabelMe: write pictures that lie only inside the files into DIR, and import nothing yet.",
            show_default=False,
        ),
    ] = None,
    compare_embedded: Annotated[
        bool,
        typer.Option("--compare-embedded", help="LabelMe: tell where the picture inside is another one."),
    ] = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
    json_full: JsonFullOption = False,
) -> None:
    """Take labels from a sheet, label files, or the names of the images.

    Columns, encoding and format are found out and shown; rows are matched to images by name. Importing a
    source again replaces what it said; `labelprep undo` takes an import back.
    """
    as_json = json or json_full
    with explained(as_json=as_json):
        from labelprep.workflows.import_report import ImportOptions  # noqa: PLC0415 - sqlite3 loads here

        options = ImportOptions(
            format=format_,
            dry_run=dry_run,
            strict=strict,
            encoding=encoding,
            sheet=sheet,
            header=header,
            file_column=file_column,
            label_columns=tuple(label_column or ()),
            split_column=split_column,
            group_column=group_column,
            separator=separator,
            multi_label=multi_label,
            fill_merged=fill_merged,
            label_from=str(label_from),
            frame=str(frame),
            class_names=None if class_names is None else str(class_names),
            four_points=None if four_points is None else str(four_points),
            rank=None if rank is None else str(rank),
            compare_embedded=compare_embedded,
        )
        report: ImportReport | ExtractReport
        if extract_images is not None:
            report = _extracted(source, pattern, extract_images, options, manifest)
        else:
            report = _imported(source, pattern, options, manifest)
    if as_json:
        emit_json(report.as_json(), full=json_full)
    else:
        _render(report)
    if strict and report.has_errors:
        raise typer.Exit(1)


def _render(report: ImportReport | ExtractReport) -> None:
    """Show what was done to a person."""
    from labelprep.cli.extract_view import render_extracted  # noqa: PLC0415 - only for people
    from labelprep.cli.import_view import render  # noqa: PLC0415 - the same
    from labelprep.workflows.import_report import ImportReport  # noqa: PLC0415 - sqlite3 loads here

    if isinstance(report, ImportReport):
        render(report)
    else:
        render_extracted(report)


def _extracted(
    source: Path | None, pattern: str | None, target: Path, options: ImportOptions, manifest: Path | None
) -> ExtractReport:
    """Write out pictures from inside label files, of what no manifest that is here knows.

    Raises: UsageError where no label files are given.
    """
    from labelprep.errors import ManifestError, UsageError  # noqa: PLC0415 - loads with the command
    from labelprep.manifest.places import find  # noqa: PLC0415 - sqlite3 loads here
    from labelprep.workflows.extracting import extract_images  # noqa: PLC0415 - the same

    if source is None or pattern is not None:
        raise UsageError(
            "pictures are taken out of LabelMe files", where="--extract-images", fix="name the files' folder"
        )
    if manifest is None:
        try:
            find(Path.cwd())
        except ManifestError:
            # Where all images lie inside the files there was nothing to scan yet.
            return extract_images(source, target, None, options, bars())
    with opened(manifest, for_writing=False) as store:
        return extract_images(source, target, store, options, bars())


def _imported(
    source: Path | None, pattern: str | None, options: ImportOptions, manifest: Path | None
) -> ImportReport:
    """Import a source, or what names state.

    Raises: UsageError where neither is given.
    """
    from labelprep.errors import UsageError  # noqa: PLC0415 - loads with the command
    from labelprep.workflows.importing import import_labels  # noqa: PLC0415 - sqlite3 loads here
    from labelprep.workflows.naming import import_names  # noqa: PLC0415 - the same

    if pattern is not None:
        with opened(manifest) as store:
            return import_names(store, pattern, source, options, bars())
    if source is None:
        raise UsageError(
            "nothing to import is named", fix="name a sheet or label files, or give --pattern P or suggest"
        )
    with opened(manifest) as store:
        return import_labels(store, source, options, bars())
