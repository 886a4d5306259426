"""``labelprep export TARGET``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.opening import opened
from labelprep.cli.options import (
    AllowLossOption,
    FilesOption,
    JsonFullOption,
    JsonOption,
    ManifestOption,
    OverwriteOption,
    VerifyOption,
)
from labelprep.cli.output import counted, emit_json, explained, next_step, say, visible
from labelprep.cli.quoting import quoted
from labelprep.cli.written import render_written
from labelprep.errors import UsageError

if TYPE_CHECKING:
    from labelprep.workflows.exporting import ExportOptions

SHEETS = {".csv", ".xlsx"}
OPTIONS_OF = {"margin": "crops", "metadata": "huggingface"}


class SplitWord(StrEnum):
    """The splits."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="The file or folder to write.")],
    *,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="FORMAT", help="The format.", show_default="by the ending: .csv, .xlsx"),
    ] = None,
    overwrite: OverwriteOption = False,
    allow_loss: AllowLossOption = False,
    verify: VerifyOption = False,
    files: FilesOption = None,
    split: Annotated[list[SplitWord] | None, typer.Option(help="Only this split; repeatable.")] = None,
    class_: Annotated[
        list[str] | None, typer.Option("--class", metavar="NAME", help="Only this class; repeatable.")
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            help="Of crops: how far round a shape, as a share of its longer side.", show_default="0"
        ),
    ] = None,
    metadata: Annotated[
        str | None,
        typer.Option(metavar="csv|jsonl|parquet", help="Of huggingface: the form.", show_default="auto"),
    ] = None,
    copy_of: Annotated[
        Path | None,
        typer.Option("--copy-of", metavar="SHEET", help="Copy this sheet, with what became of each row."),
    ] = None,
    manifest: ManifestOption = None,
    json: JsonOption = False,
    json_full: JsonFullOption = False,
) -> None:
    """Write the labels of today into a sheet, or in the format of another tool.

    A sheet can be edited and imported again: exactly the edited cells change, and count as a person's word.
    """
    as_json = json or json_full
    if copy_of is not None:
        others = {"--to": to, "--verify": verify, "--files": files, "--split": split, "--class": class_,
                  "--margin": margin, "--metadata": metadata}  # fmt: skip
        given = [name for name, value in others.items() if value]
        _copy_sheet(copy_of, target, manifest, overwrite=overwrite, given=given, as_json=as_json)
        return
    if to is None and target.suffix.lower() in SHEETS and not (split or class_ or files):
        _export_sheet(target, manifest, overwrite=overwrite, as_json=as_json)
        return
    with explained(as_json=as_json):
        from labelprep.workflows.exporting import export_labels  # noqa: PLC0415 - sqlite3 loads here

        with opened(manifest, for_writing=False) as store:
            options = _options(target, to, overwrite=overwrite, allow_loss=allow_loss, verify=verify)
            chosen = _narrowed(options, files, split or [], class_ or [])
            chosen = _set(chosen, margin=margin, metadata=metadata)
            report = export_labels(store, target, chosen, bars())
    if as_json:
        emit_json(report.as_json(), full=json_full)
    else:
        render_written(report)
    if report.differences:
        raise typer.Exit(1)


def _options(
    target: Path, to: str | None, *, overwrite: bool, allow_loss: bool, verify: bool
) -> ExportOptions:
    from labelprep.workflows.exporting import ExportOptions, format_for  # noqa: PLC0415 - the same

    return ExportOptions(to or format_for(target), overwrite=overwrite, allow_loss=allow_loss, verify=verify)


def _narrowed(
    options: ExportOptions, files: StrEnum | None, splits: list[SplitWord], classes: list[str]
) -> ExportOptions:
    from dataclasses import replace  # noqa: PLC0415 - loads with the workflow

    return replace(
        options,
        files=options.files if files is None else str(files),
        splits=tuple(str(word) for word in splits),
        classes=tuple(classes),
    )


def _set(options: ExportOptions, **values: object) -> ExportOptions:
    """Hand a format its own options.

    Raises: UsageError where it is another format's.
    """
    from dataclasses import replace  # noqa: PLC0415 - loads with the workflow

    settings = {name: value for name, value in values.items() if value is not None}
    for name in settings:
        if OPTIONS_OF[name] != options.format:
            raise UsageError(
                f"it is an option of {OPTIONS_OF[name]}, not of {options.format}",
                where=f"--{name}",
                fix=f"leave it out, or pass --to {OPTIONS_OF[name]}",
            )
    return replace(options, settings=options.settings | settings)


def _export_sheet(target: Path, manifest: Path | None, *, overwrite: bool, as_json: bool) -> None:
    with explained(as_json=as_json):
        from labelprep.workflows.templating import write_export  # noqa: PLC0415 - numpy and pillow load here

        with opened(manifest, for_writing=False) as store:
            report = write_export(store, target, overwrite=overwrite)
    if as_json:
        emit_json(report.as_json() | {"written": str(target)})
        return
    say(f"{counted(report.images, 'image')} in {visible(str(target))}, {report.labelled:,} with a label")
    for kind, number in report.lost.items():
        say(f"  left out: {number:,} × {kind} (a sheet holds labels; they stay in the manifest)")
    next_step(f"labelprep import {quoted(target)}, when it was edited")


def _copy_sheet(
    sheet: Path, target: Path, manifest: Path | None, *, overwrite: bool, given: list[str], as_json: bool
) -> None:
    with explained(as_json=as_json):
        if given:
            raise UsageError("a copy is the whole sheet", where=given[0], fix="leave it out with --copy-of")
        from labelprep.workflows.sheet_copying import copy_sheet  # noqa: PLC0415 - sqlite3 loads here

        with opened(manifest, for_writing=False) as store:
            report = copy_sheet(store, sheet, target, overwrite=overwrite)
    if as_json:
        emit_json(report.as_json())
        return
    place = f", sheet {visible(report.sheet)}" if report.sheet is not None else ""
    say(
        f"{counted(report.rows, 'row')} of {visible(str(sheet))} in {visible(str(target))}{place}, "
        f"with four columns more ({report.seconds:.1f} s)"
    )
    for word, number in report.statuses.items():
        say(f"  {number:,} {word}")
    if report.suggestions:
        say(f"  suggestions: {counted(report.suggestions, 'row')}")
    for note in report.notes:
        say(f"  note: {visible(note)}")
    if set(report.statuses) <= {"matched"} and not report.suggestions:
        next_step("labelprep train")
        return
    next_step(f"correct {quoted(sheet)} where the copy says so, then: labelprep import {quoted(sheet)}")
