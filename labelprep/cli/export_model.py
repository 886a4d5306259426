"""``labelprep export-model BUNDLE --to FORMAT``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.options import JsonOption, ManifestOption, OverwriteOption
from labelprep.cli.output import emit_json, explained, next_step, say, table, visible
from labelprep.cli.quoting import quoted, shortened

if TYPE_CHECKING:
    from labelprep.workflows.model_exporting import ModelExportReport

RUN_BY_PREDICT = ("onnx", "tflite", "tflite-int8")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export-model")(export_model)


def export_model(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The folder that train left.")],
    out: Annotated[
        Path | None,
        typer.Argument(metavar="[OUT]", help="The folder to write into.", show_default="the bundle"),
    ] = None,
    *,
    to: Annotated[
        list[str],
        typer.Option(
            "--to",
            metavar="FORMAT",
            help="savedmodel, tflite, tflite-int8, onnx, keras, h5 or all; several times, or with commas.",
        ),
    ],
    overwrite: OverwriteOption = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Write a trained network for other programs, and compare each with Keras.

    Raw upright pixels, 0 to 255, go in; probabilities come out. What gives other numbers is not written.
    """
    with explained(as_json=json):
        from labelprep.workflows import model_exporting  # noqa: PLC0415 - numpy loads here

        request = model_exporting.ModelExportRequest(bundle, tuple(to), out, manifest, overwrite)
        report = model_exporting.export_model(request, bars())
    if json:
        emit_json(report.as_json())
    else:
        render(report)


def render(report: ModelExportReport) -> None:
    """Show what was written to a person."""
    rows = [
        (
            item.to,
            visible(str(shortened(item.path))),
            f"{item.bytes / 1e6:,.2f} MB",
            f"{item.agreement.max_difference:.1e}",
            f"{item.agreement.same_class:.1%}",
            f"{item.agreement.accuracy:.1%}",
        )
        for item in report.exports
    ]
    own = report.keras
    say(
        f"Compared with Keras on {own.pictures} pictures from {report.pictures_from}, "
        f"of which it is right on {own.accuracy:.1%}.",
        "",
        table(("format", "written", "size", "largest difference", "same class", "right"), rows),
    )
    usable = [item.to for item in report.exports if item.to in RUN_BY_PREDICT]
    runtime = f" --runtime {usable[0]}" if usable and report.out == report.bundle else ""
    next_step(f"labelprep predict {quoted(shortened(report.bundle))} PHOTO_OR_FOLDER{runtime}")
