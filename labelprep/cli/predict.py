"""``labelprep predict BUNDLE PATH…``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.issue_list import render_issues
from labelprep.cli.opening import opened
from labelprep.cli.options import JsonFullOption, JsonOption, ManifestOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, table, visible
from labelprep.cli.quoting import quoted, shortened

if TYPE_CHECKING:
    from labelprep.workflows.predicted import Stored
    from labelprep.workflows.predicting import PredictReport

SHOWN = 20


class Runtime(StrEnum):
    """The program that computes the network."""

    KERAS = "keras"
    ONNX = "onnx"
    TFLITE = "tflite"
    TFLITE_INT8 = "tflite-int8"


class Target(StrEnum):
    """Where predictions go besides the screen."""

    MANIFEST = "manifest"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("predict")(predict)


def predict(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The folder that train left.")],
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Photos, or folders of them.")],
    *,
    top_k: Annotated[int, typer.Option(min=1, help="How many classes to name for each picture.")] = 3,
    tta: Annotated[
        bool, typer.Option("--tta", help="Average over several views of each picture: steadier, slower.")
    ] = False,
    calibrated: Annotated[
        bool,
        typer.Option("--calibrated", help="Confidences as high as the accuracy is, by validation images."),
    ] = False,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the predictions as CSV too.")
    ] = None,
    to: Annotated[
        Target | None,
        typer.Option("--to", help="Store them in the manifest, as what a network says: no label yet."),
    ] = None,
    runtime: Annotated[
        Runtime,
        typer.Option(help="The program that computes the network; all but keras do without TensorFlow."),
    ] = Runtime.KERAS,
    manifest: ManifestOption = None,
    json: JsonOption = False,
    json_full: JsonFullOption = False,
) -> None:
    """Say what is on photos, with a trained network.

    With --to manifest `labelprep explain` shows the predictions of an image, and `labelprep accept` makes
    labels of them.
    """
    as_json = json or json_full
    with explained(as_json=as_json):
        from labelprep.workflows.predicting import predict_paths, write_csv  # noqa: PLC0415 - numpy loads here

        report = predict_paths(
            bundle,
            paths,
            top_k=top_k,
            tta=tta,
            runtime=runtime.value,
            calibrated=calibrated,
            progress=bars(),
        )
        if csv is not None:
            write_csv(report, csv)
        stored = None if to is None else _stored(report, manifest)
    if as_json:
        extra = {} if stored is None else {"stored": stored.as_json()}
        emit_json({**report.as_json(), **extra}, full=json_full)
    else:
        render(report, csv, stored)


def _stored(report: PredictReport, manifest: Path | None) -> Stored:
    from labelprep.workflows.predicted import store_predictions  # noqa: PLC0415 - sqlite3 loads here

    with opened(manifest) as store:
        return store_predictions(store, report)


def render(report: PredictReport, csv: Path | None, stored: Stored | None = None) -> None:
    """Show predictions to a person."""
    rows = [
        (
            row.path,
            row.label,
            f"{row.confidence:.1%}",
            ", ".join(f"{name} {share:.1%}" for name, share in row.top[1:] if share >= 0.001),  # noqa: PLR2004 - less reads as nothing
        )
        for row in report.predictions[:SHOWN]
    ]
    say(table(("picture", "class", "confidence", "else"), rows))
    if len(report.predictions) > SHOWN:
        say(f"  … and {len(report.predictions) - SHOWN:,} more (--csv FILE or --json lists all)")
        say(
            "",
            table(("class", "pictures"), [(name, f"{number:,}") for name, number in report.counts.items()]),
        )
    render_issues(report.issues)
    if csv is not None:
        say("", f"Written: {visible(str(csv))} ({counted(len(report.predictions), 'prediction')})")
    if stored is not None:
        render_issues(stored.issues)
        say(
            "",
            f"Stored in {visible(stored.manifest)}: {counted(stored.stored, 'prediction')}, "
            f"{stored.changed:,} of them new.",
        )
        next_step("labelprep accept --min-confidence 0.95 --dry-run")
        return
    next_step(
        "labelprep show"
        if csv is not None
        else f"labelprep predict {quoted(shortened(report.bundle))} FOLDER --csv predictions.csv"
    )
