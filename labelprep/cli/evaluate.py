"""``labelprep evaluate BUNDLE``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.options import JsonOption, ManifestOption
from labelprep.cli.output import emit_json, explained, next_step, say, table, visible
from labelprep.cli.quoting import quoted, shortened

if TYPE_CHECKING:
    from labelprep.workflows.evaluating import EvaluateReport

MOST_CLASSES = 12


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evaluate")(evaluate)


def evaluate(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The folder that train left.")],
    *,
    split: Annotated[
        str | None, typer.Option(help="train, val or test.", show_default="test, else val")
    ] = None,
    tta: Annotated[
        bool, typer.Option("--tta", help="Average over several views of each picture: steadier, slower.")
    ] = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Judge a trained network on a split.

    Accuracy, precision, recall and F1 by class, confusion matrix.
    """
    with explained(as_json=json):
        from labelprep.workflows.evaluating import evaluate_bundle  # noqa: PLC0415 - numpy loads here

        report = evaluate_bundle(bundle, split=split, manifest=manifest, tta=tta, progress=bars())
    if json:
        emit_json(report.as_json())
    else:
        render(report)


def render(report: EvaluateReport) -> None:
    """Show an evaluation to a person."""
    figures = report.metrics
    say(
        f"{report.images:,} {report.split} images: accuracy {figures['accuracy']:.2%}, balanced accuracy "
        f"{figures['balanced_accuracy']:.2%}, macro F1 {figures['macro_f1']:.3f}, loss {figures['loss']:.4f}"
    )
    for note in report.notes:
        say(f"  {visible(note)}")
    rows = [
        (row.name, f"{row.precision:.3f}", f"{row.recall:.3f}", f"{row.f1:.3f}", f"{row.support:,}")
        for row in report.per_class
    ]
    say("", table(("class", "precision", "recall", "F1", "images"), rows))
    if len(report.classes) <= MOST_CLASSES:
        columns = [f"→ {name}" for name in report.classes]
        lines = [(name, *map(str, row)) for name, row in zip(report.classes, report.confusion, strict=True)]
        say("", "Confusion matrix (rows: true class, columns: predicted)", table(("", *columns), lines))
    elif report.confused:
        say("", "Most confused")
        say(
            table(
                ("true", "predicted", "images"),
                [(a, b, str(number)) for a, b, number in report.confused[:10]],
            )
        )
    say("", f"Written: {', '.join(visible(str(shortened(path))) for path in report.written)}")
    next_step(f"labelprep predict {quoted(shortened(report.bundle))} PHOTO_OR_FOLDER")
