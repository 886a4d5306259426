"""`evaluate`: how good a bundle is on a split of its manifest, written into the bundle."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labelprep.errors import ManifestError, TrainingError, UsageError, shown
from labelprep.manifest.places import find
from labelprep.manifest.store import Store, open_store
from labelprep.ml.bundle import Bundle, load_bundle, predictions_csv
from labelprep.ml.evaluation import ClassFigures, Evaluation, confused, evaluate
from labelprep.ml.plots import confusion_png
from labelprep.ml.views import Views, averaged, views_for
from labelprep.model.images import SPLITS
from labelprep.pixels.decoding import DECODER_VERSION
from labelprep.pixels.fitting import ArrayShape
from labelprep.workflows.feeding import Feeder, FeedPlan
from labelprep.workflows.selecting import Picture, usable
from labelprep.workflows.training import predictions_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labelprep.ml.bundle import Prediction
    from labelprep.progress import Progress

CONFUSED = 100


@dataclass(frozen=True, slots=True)
class EvaluateReport:
    """Figures of a bundle on a split; ``confusion`` rows are true classes, ``confused`` pairs, most first."""

    bundle: Path
    split: str
    images: int
    metrics: dict[str, float]
    classes: tuple[str, ...]
    per_class: list[ClassFigures]
    confusion: list[list[int]]
    confused: list[tuple[str, str, int]]
    notes: tuple[str, ...] = ()
    written: tuple[Path, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        return {
            "bundle": str(self.bundle),
            "split": self.split,
            "images": self.images,
            "metrics": self.metrics,
            "classes": list(self.classes),
            "per_class": [asdict(row) for row in self.per_class],
            "confusion_matrix": self.confusion,
            "most_confused": [{"true": a, "predicted": b, "images": n} for a, b, n in self.confused],
            "notes": list(self.notes),
            "written": [str(path) for path in self.written],
        }


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which split is judged, and by which views of its pictures where it is by several."""

    split: str
    views: Views | None


def evaluate_bundle(
    path: Path,
    *,
    split: str | None = None,
    manifest: Path | None = None,
    tta: bool = False,
    progress: Progress,
) -> EvaluateReport:
    """Judge a bundle on a split of its manifest: test by default, else val.

    ``tta`` averages what the network says of several views of each picture.

    Raises: UsageError for a split that is none; TrainingError where the split is empty, or the bundle does
    not fit the manifest; PixelsError where an image has changed since the scan.
    """
    if split is not None and split not in SPLITS:
        raise UsageError(
            f"{shown(split)} is no split", where="--split", fix=f"name one of {', '.join(SPLITS)}"
        )
    bundle = load_bundle(path)
    with open_store(manifest or manifest_of(bundle)) as store:
        chosen, pictures, notes = _pictures(store, bundle, split)
        views = views_of(bundle) if tta else None
        if views is not None:
            notes.append(f"Averaged over {views}.")
        for note in notes:
            progress.say(note)
        report = _judge(store, bundle, _Asked(chosen, views), pictures, progress)
        return replace(report, notes=tuple(notes))


def manifest_of(bundle: Bundle) -> Path:
    """Return the manifest a bundle was trained on, beside its folder; else the one of the working folder."""
    beside = bundle.path.absolute().parent.parent / str(bundle.info.get("manifest") or "manifest.db")
    if beside.is_file():
        return beside
    try:
        return find(Path.cwd())
    except ManifestError as error:
        raise ManifestError(
            "the manifest this bundle was trained on is not beside it",
            where=str(beside),
            fix="name it with -m FILE",
        ) from error


def _pictures(store: Store, bundle: Bundle, split: str | None) -> tuple[str, list[Picture], list[str]]:
    """Return the split that is judged and its pictures whose class the network knows."""
    everything = usable(store)
    notes = []
    if split is None:
        split = "test" if any(picture.split == "test" for picture in everything) else "val"
        if split == "val":
            notes.append(
                "There is no test split, so the val split is used: training chose its weights by it."
            )
    pictures = [picture for picture in everything if picture.split == split]
    if not pictures:
        counts = {name: sum(picture.split == name for picture in everything) for name in SPLITS}
        found = ", ".join(f"{number:,} {name}" for name, number in counts.items())
        raise TrainingError(
            f"no labelled image is in the {split} split ({found})",
            where=str(store.path),
            fix="name another with --split",
        )
    known = set(bundle.names)
    strange = sorted({picture.label for picture in pictures} - known)
    if len(strange) == len({picture.label for picture in pictures}):
        bundle.outputs_of(sorted({picture.label for picture in pictures}))
    if strange:
        left = sum(picture.label in strange for picture in pictures)
        notes.append(
            f"{left:,} images left out: the network does not know their class ({', '.join(strange[:5])})."
        )
        pictures = [picture for picture in pictures if picture.label in known]
    return split, pictures, notes


def _judge(
    store: Store, bundle: Bundle, asked: _Asked, pictures: list[Picture], progress: Progress
) -> EvaluateReport:
    from labelprep.ml.prediction import forward, outputs  # noqa: PLC0415 - loads TensorFlow

    shape = shape_of(bundle)
    feeder = Feeder(store, pictures, FeedPlan(shape), progress)
    numbers = bundle.outputs_of(sorted({picture.label for picture in pictures}))
    labels = np.array([numbers[picture.label] for picture in pictures], dtype=np.int32)
    samples = feeder.samples(pictures, labels)
    network = bundle.load_network()
    graph = forward(network, samples.source.shape)
    seen = graph if asked.views is None else averaged(graph, asked.views)
    with progress.track("evaluating", len(pictures)) as bar:
        likely = outputs(network, samples.source, samples.rows, advance=bar.advance, likely=seen)
    figures = evaluate(likely, labels, bundle.names)
    predictions = predictions_of(samples, likely, asked.split, bundle.names)
    written = _write(bundle, asked.split, figures, predictions)
    return EvaluateReport(
        bundle=bundle.path,
        split=asked.split,
        images=len(pictures),
        metrics=figures.metrics,
        classes=tuple(bundle.names),
        per_class=figures.classes,
        confusion=figures.confusion.tolist(),
        confused=confused(figures, bundle.names)[:CONFUSED],
        written=written,
    )


def shape_of(bundle: Bundle) -> ArrayShape:
    """Return what a row of pixels looks like for a bundle.

    Raises: TrainingError where this labelprep decodes pictures otherwise than the one that trained.
    """
    given = bundle.preprocessing
    if given.decoder_version != DECODER_VERSION:
        raise TrainingError(
            f"it was trained on pictures of decoder version {given.decoder_version}, "
            f"this labelprep has {DECODER_VERSION}",
            where=str(bundle.path),
            fix="train again, or use the labelprep it was trained with",
        )
    return ArrayShape(given.size_px, given.size_px, given.channels, given.fit)  # type: ignore[arg-type] # as trained


def views_of(bundle: Bundle) -> Views:
    """Return the views that suit what a bundle's network was trained on."""
    return views_for(bundle.preprocessing.size_px, bundle.info.get("recipe") or {})


def _write(
    bundle: Bundle, split: str, figures: Evaluation, predictions: Sequence[Prediction]
) -> tuple[Path, ...]:
    """Write figures, predictions and the confusion matrix of a split beside those of training."""
    document = {
        "split": split,
        "metrics": figures.metrics,
        "per_class": [asdict(row) for row in figures.classes],
        "classes": bundle.names,
        "confusion_matrix": figures.confusion.tolist(),
    }
    contents = {
        f"evaluation_{split}.json": (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode(
            "utf-8"
        ),
        f"predictions_{split}.csv": predictions_csv(predictions),
        f"confusion_matrix_{split}.png": confusion_png(figures.confusion, bundle.names),
    }
    paths = []
    for name, content in contents.items():
        path = bundle.path / name
        try:
            path.write_bytes(content)
        except OSError as error:
            raise TrainingError(
                f"it cannot be written: {error.strerror}",
                where=str(path),
                fix="make room, or copy the bundle elsewhere",
            ) from error
        paths.append(path)
    return tuple(paths)
