"""``labelprep train [MANIFEST|DIR|SHEET]``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from labelprep.cli.bars import bars
from labelprep.cli.options import JsonOption, ManifestOption
from labelprep.cli.output import emit_json, explained, next_step, say, tell, visible
from labelprep.cli.quoting import quoted, shortened

if TYPE_CHECKING:
    from labelprep.workflows.training import TrainReport

_Kind = TypeVar("_Kind", int, float)

AUTO = "auto"
BYTES = {"": 1, "B": 1, "K": 1 << 10, "KB": 1 << 10, "M": 1 << 20, "MB": 1 << 20, "G": 1 << 30, "GB": 1 << 30}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train")(train)


def train(
    target: Annotated[
        Path | None,
        typer.Argument(
            metavar="[MANIFEST|DIR|SHEET]",
            help="A manifest; a folder, scanned first; or a sheet of labels, imported first.",
            show_default="the manifest here",
        ),
    ] = None,
    *,
    images: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The images that a sheet or label files are about.",
            show_default="those of the manifest here",
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            help="auto, simple (the textbook network), compact, resnet, efficientnet-lite0, -lite1, -lite2, "
            "or a network of keras.applications, such as mobilenetv3small."
        ),
    ] = "auto",
    size: Annotated[
        int | None,
        typer.Option(
            "--image-size",
            "--size",
            help="Side of the pictures in pixels.",
            show_default="own size up to 64, else 128, or 224 for a backbone",
        ),
    ] = None,
    epochs: Annotated[
        str | None,
        typer.Option(help="Rounds through all training images, or auto.", show_default="by model and size"),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Time budget: as many epochs as fit into it.", show_default="none")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Images a step.", show_default="128 up to 64 px, else 32")
    ] = None,
    learning_rate: Annotated[
        str | None,
        typer.Option(
            help="Size of a step at its greatest, or auto: found by a range test.",
            show_default="by model and optimizer",
        ),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            help="How the size of steps changes: constant, cosine, one-cycle or plateau.",
            show_default="by model",
        ),
    ] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(help="sgd, momentum, nesterov, adam, adamw, rmsprop or muon.", show_default="by model"),
    ] = None,
    weight_decay: Annotated[
        float | None, typer.Option(help="How much weights are pulled to 0.", show_default="by optimizer")
    ] = None,
    initialisation: Annotated[
        str | None,
        typer.Option(
            "--initialisation",
            "--initialization",
            help="How weights begin: glorot_uniform, he_normal, …",
            show_default="by model",
        ),
    ] = None,
    loss: Annotated[
        str | None, typer.Option(help="cross-entropy, focal or mse.", show_default="cross-entropy")
    ] = None,
    label_smoothing: Annotated[
        float | None, typer.Option(help="Share of each target spread over all classes.", show_default="0")
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(
            help="How training pictures change at random: auto, none, shift, flip or photo.",
            show_default="by model",
        ),
    ] = None,
    mixup: Annotated[
        float | None, typer.Option(help="Blend pairs of pictures: alpha, such as 0.2.", show_default="0")
    ] = None,
    cutmix: Annotated[
        float | None,
        typer.Option(help="Paste parts of pictures into others: alpha, such as 1.", show_default="0"),
    ] = None,
    ema: Annotated[
        bool | None,
        typer.Option("--ema/--no-ema", help="Keep a moving average of the weights.", show_default="no"),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            help="Stop after so many epochs without a better validation.", show_default="never stop early"
        ),
    ] = None,
    fine_tune: Annotated[
        bool | None,
        typer.Option(
            "--fine-tune/--no-fine-tune",
            help="Train the upper layers of a backbone further, after a head on its features.",
            show_default="where it takes a few minutes at most",
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The weights that a backbone begins with, as published, without its top layer.",
            show_default="those of its package, or of Keras's cache",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The seed of everything random.", show_default="0")] = None,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="The same weights to the last bit, on the same machine.")
    ] = False,
    precision: Annotated[
        str | None,
        typer.Option(help="auto, float32 or mixed (faster on a GPU).", show_default="auto"),
    ] = None,
    fit: Annotated[
        str | None, typer.Option(help="crop, pad or stretch pictures to a square.", show_default="crop")
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="Go on with a run that was interrupted: its number, its folder, or last.",
            show_default="a new run",
        ),
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write figures as they come into runs/tensorboard.")
    ] = False,
    cache_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="What caches may take, such as 10GB.",
            show_default="4GB or 20 % of the free disk",
        ),
    ] = None,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Train a CNN on labelled images.

    A folder is scanned first, with the LabelMe files in it; images without a split get one. The bundle that
    is left holds model, classes, figures, curves and predictions.
    """
    with explained(as_json=json):
        from labelprep.ml.options import TrainingOptions  # noqa: PLC0415 - numpy loads here
        from labelprep.workflows.training import TrainRequest, train_network  # noqa: PLC0415 - the same

        options = TrainingOptions(
            model=model,
            size_px=size,
            epochs=_number(epochs, "--epochs", int, "20"),
            batch_size=batch_size,
            learning_rate=_number(learning_rate, "--learning-rate", float, "0.001"),
            optimizer=optimizer,
            initialisation=initialisation,
            loss=loss,
            seed=seed,
            fit=fit,
            augment=augment,
            find_rate=learning_rate == AUTO,
            schedule=schedule,
            weight_decay=weight_decay,
            label_smoothing=label_smoothing,
            mixup=mixup,
            cutmix=cutmix,
            ema=ema,
            patience=patience,
            minutes=minutes,
            precision=precision,
            deterministic=deterministic,
            fine_tune=fine_tune,
            weights=None if weights is None else str(weights.absolute()),
        )
        request = TrainRequest(
            target,
            manifest,
            options,
            _bytes(cache_limit),
            images=images,
            resume=resume,
            tensorboard=tensorboard,
        )
        report = train_network(request, bars())
    if json:
        emit_json(report.as_json())
    else:
        render(report)
    if report.interrupted:
        tell("Interrupted: the bundle holds what was learned so far.")
        number = report.bundle.name.split("-")[0]
        tell(f"Go on with: labelprep train --resume {number}")
        raise typer.Exit(130)


def _number(text: str | None, option: str, kind: type[_Kind], example: str) -> _Kind | None:
    """Read a number; ``auto`` and nothing leave it to labelprep."""
    if text is None or text == AUTO:
        return None
    try:
        return kind(text)
    except ValueError:
        from labelprep.errors import UsageError, shown  # noqa: PLC0415 - loads with the command

        raise UsageError(
            f"{shown(text)} is no number", where=option, fix=f"give auto, or a number such as {example}"
        ) from None


def _bytes(text: str | None) -> int | None:
    """Read ``10GB`` as bytes."""
    if text is None:
        return None
    from labelprep.errors import UsageError, shown  # noqa: PLC0415 - loads with the command

    number = text.strip().rstrip("BKMGbkmg ")
    unit = text.strip()[len(number) :].strip().upper()
    try:
        return int(float(number) * BYTES[unit])
    except (ValueError, KeyError):
        raise UsageError(
            f"{shown(text)} is no size", where="--cache-limit", fix="write it as 500MB or 10GB"
        ) from None


def render(report: TrainReport) -> None:
    """Show a training to a person."""
    from labelprep.ml.listening import duration  # noqa: PLC0415 - loads with training

    accuracy = report.metrics.get("val_accuracy")
    judged = (
        "" if accuracy is None else f", validation accuracy {accuracy:.1%} ({report.images['val']:,} images)"
    )
    say(
        f"Trained {report.model} on {report.images['train']:,} images of {len(report.classes)} classes "
        f"in {duration(report.seconds)}{judged}."
    )
    if report.kept_epoch and report.kept_epoch != report.epochs:
        say(f"  The weights are those after epoch {report.kept_epoch} of {report.epochs}.")
    say(f"Bundle: {visible(str(shortened(report.bundle)))}")
    bundle = quoted(shortened(report.bundle))
    next_step(
        f"labelprep evaluate {bundle}" if report.has_test else f"labelprep predict {bundle} PHOTO_OR_FOLDER"
    )
