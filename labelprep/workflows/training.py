"""`train`: from a manifest, or a folder that is scanned first, to a bundle with a trained network."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelprep.errors import ManifestError, UsageError
from labelprep.manifest.places import find, sibling_of
from labelprep.manifest.store import Store, open_store
from labelprep.ml.bundle import UNFINISHED
from labelprep.ml.options import BACKBONES, TrainingOptions, check_options
from labelprep.ml.recipes import PHOTO_MODEL, PictureFacts, Recipe, resolve
from labelprep.ml.weights import is_at_hand
from labelprep.model.images import SPLITS
from labelprep.pixels.decoding import DECODER_VERSION
from labelprep.pixels.fitting import ArrayShape
from labelprep.workflows.feeding import Feeder, FeedPlan
from labelprep.workflows.import_report import AUTO
from labelprep.workflows.label_sources import format_of, reached
from labelprep.workflows.picture_sources import proxy_size_of
from labelprep.workflows.preparing import is_manifest, take_label_files, take_labels
from labelprep.workflows.run_page import JudgedImages, RunFacts, run_page
from labelprep.workflows.runs import begin, end, finished, take_up, unfinished
from labelprep.workflows.scanning import ScanReport, existing_for, readable_folder, scan_folder
from labelprep.workflows.selecting import Picture, Selection, require_one_label, select
from labelprep.workflows.slices import slices_of
from labelprep.workflows.splitting import Asked, split_images

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from labelprep.ml.bundle import Prediction
    from labelprep.ml.listening import Listener
    from labelprep.ml.recording import Recorder
    from labelprep.ml.samples import Samples
    from labelprep.ml.training import Trained
    from labelprep.ml.transfer import Cached
    from labelprep.progress import Progress

DEFAULT_SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
# Whatever scanning and preparing took of a budget: an epoch is trained all the same.
LEAST_MINUTES = 0.05


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """What to train on (manifest, folder, sheet, or None for the manifest of the working folder), and how.

    ``images`` is the folder that a sheet or label files as target are about. ``resume`` names a run that was
    interrupted, by its number, its folder or ``last``: it goes on with what was asked of it. ``tensorboard``
    writes figures as they come into ``runs/tensorboard``, a folder a run.
    """

    target: Path | None = None
    manifest: Path | None = None
    options: TrainingOptions = field(default_factory=TrainingOptions)
    cache_limit_bytes: int | None = None
    workers: int | None = None
    images: Path | None = None
    resume: str | None = None
    tensorboard: bool = False


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What a training left: the bundle, its classes, the defaults used, and the validation figures."""

    bundle: Path
    model: str
    classes: tuple[str, ...]
    epochs: int
    kept_epoch: int
    defaults: dict[str, Any]
    metrics: dict[str, float]
    images: dict[str, int]
    val_rule: str
    seed: int
    interrupted: bool
    seconds: float
    notes: tuple[str, ...]
    has_test: bool

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        return {
            "bundle": str(self.bundle),
            "model": self.model,
            "classes": list(self.classes),
            "epochs": self.epochs,
            "kept_epoch": self.kept_epoch,
            "defaults": self.defaults,
            "metrics": self.metrics,
            "images": self.images,
            "validation": self.val_rule,
            "seed": self.seed,
            "interrupted": self.interrupted,
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
        }


def train_network(request: TrainRequest, progress: Progress) -> TrainReport:
    """Train a network and write its bundle.

    Raises: UsageError for options that cannot be; SourceError, ManifestError, PixelsError for data that
    cannot be read; TrainingError where nothing can be learned.
    """
    began = time.perf_counter()
    check_options(request.options)
    if request.resume is not None:
        return _resumed(request, progress, began)
    with open_target(request, progress) as store:
        require_one_label(store)
        _split_first(store, request.options.seed or 0, progress)
        return _prepared(store, request, progress).train(began)


def _prepared(store: Store, request: TrainRequest, progress: Progress) -> _Run:
    """Return the training of what an open manifest holds."""
    selection = select(store, request.options.seed or 0)
    for note in selection.notes:
        progress.say(note)
    recipe = resolve(request.options, facts_of(selection))
    tell_recipe(recipe, selection, progress)
    return _Run(store, request, selection, recipe, progress)


def _resumed(request: TrainRequest, progress: Progress, began: float) -> TrainReport:
    """Go on with a run where its checkpoint stands.

    Raises: UsageError where something else is asked for besides, or there is no such run.
    """
    if request.options != TrainingOptions() or request.target is not None or request.images is not None:
        raise UsageError(
            "a run goes on with what was asked of it in the beginning",
            where="--resume",
            fix=f"leave out everything else: labelprep train --resume {request.resume}",
        )
    run = unfinished(str(request.resume), request.manifest)
    with open_store(run.manifest) as store:
        asked = replace(request, options=run.options, cache_limit_bytes=run.cache_limit_bytes)
        return _prepared(store, asked, progress).train(began, take_up(run))


def open_target(request: TrainRequest, progress: Progress) -> Store:
    """Open the manifest that is meant; a folder is scanned first, labels are imported first.

    With ``images`` the target is a sheet or label files that label them. A sheet without ``images`` labels
    those of the manifest that is named or found.

    Raises: UsageError where the target is neither a folder nor a manifest nor labels, or no images are named.
    """
    target, labels = request.target, None
    if target is not None and (request.images is not None or (target.is_file() and not is_manifest(target))):
        target, labels = request.images, target
    elif target is None:
        target = request.images
    if labels is not None:
        # What is no label source shall not cost a scan.
        with reached(labels) as place:
            format_of(place.path, AUTO)
    if target is None:
        store = _found(request, labels)
    else:
        store = open_store(target) if target.is_file() else _scanned(request, target, progress)
    try:
        if labels is not None:
            take_labels(store, labels, progress)
        elif target is not None and target.is_dir():
            take_label_files(store, progress)
    except BaseException:
        store.close()
        raise
    return store


def _found(request: TrainRequest, labels: Path | None) -> Store:
    """Open the manifest that is named or lies here.

    Raises: UsageError where labels were given without images, and there is none.
    """
    try:
        return open_store(request.manifest or find(Path.cwd()))
    except ManifestError as error:
        if labels is None or request.manifest is not None:
            raise
        raise UsageError(
            "it says nothing of where its images are",
            where=str(labels),
            fix=f"labelprep train {labels} --images DIR",
        ) from error


def _scanned(request: TrainRequest, target: Path, progress: Progress) -> Store:
    """Scan a folder into its own manifest and open that."""
    root = readable_folder(target)
    place = request.manifest or existing_for(root)
    if place is None and (Path.cwd() / "manifest.db").exists():
        # The manifest here has another root, and a manifest never changes its root.
        place = sibling_of(root)
    report = scan_folder(root, manifest=place, progress=progress)
    _tell_scan(report, target, progress)
    if not report.images:
        raise UsageError(
            "there are no images in this folder", where=str(target), fix="name the folder that holds them"
        )
    return open_store(report.manifest)


def _tell_scan(report: ScanReport, target: Path, progress: Progress) -> None:
    new = report.added + report.changed
    known = "" if new == report.images else f", {new:,} of them new or changed"
    progress.say(f"Scanned {target}: {report.images:,} images{known}, {len(report.classes)} classes.")
    left_out = sum(
        number for status, number in report.status.items() if status not in {"ok", "damaged", "missing"}
    )
    if left_out:
        progress.say(
            f"{left_out:,} files cannot be read as images and are left out (labelprep show names them)."
        )


def _split_first(store: Store, seed: int, progress: Progress) -> None:
    """Split what has no split, unless folders or a column name the splits."""
    named, waiting = store.connection.execute(
        """
        SELECT sum(split_source IN ('folder', 'column', 'person')),
            sum(split IS NULL AND label IS NOT NULL AND status IN ('ok', 'damaged')) FROM image
        """
    ).fetchone()
    if named or not waiting:
        return
    asked = Asked(command="train split")
    report = split_images(store, DEFAULT_SHARES, seed=seed, asked=asked, progress=progress)
    parts = ", ".join(f"{number:,} {name}" for name, number in report.splits.items())
    alike = "equal and near pictures" if report.rules["near"] else "equal pictures"
    progress.say(f"Split by class, {alike} together (seed {seed}): {parts}. `labelprep undo` takes it back.")
    if report.leaks:
        progress.say(
            f"{len(report.leaks):,} leaks between splits that were there before: labelprep split --verify"
        )


def facts_of(selection: Selection) -> PictureFacts:
    """Return what the defaults of a training depend on."""
    return PictureFacts(
        median_side_px=selection.median_side_px,
        grey=selection.is_grey,
        images=len(selection.by_split["train"]),
        classes=len(selection.classes),
        backbone=is_at_hand(PHOTO_MODEL),
    )


def tell_recipe(recipe: Recipe, selection: Selection, progress: Progress) -> None:
    """Say what is going to be trained, with every default that nobody chose."""
    counts = ", ".join(
        f"{len(selection.by_split[name]):,} {name}" for name in SPLITS if selection.by_split[name]
    )
    progress.say(f"{len(selection.classes)} classes; images: {counts}.")
    if recipe.why:
        progress.say(f"Network {recipe.model}: {recipe.why}.")
    used = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in recipe.defaults.items())
    if used:
        progress.say(f"Defaults: {used}.")


class _Run:
    """One training on an open manifest."""

    def __init__(
        self, store: Store, request: TrainRequest, selection: Selection, recipe: Recipe, progress: Progress
    ) -> None:
        self.store = store
        self.request = request
        self.selection = selection
        self.recipe = recipe
        self.progress = progress

    def train(self, began: float, part: Path | None = None) -> TrainReport:
        """Feed, train, judge on the validation images, write the bundle. Test images are not read.

        ``part`` is the folder of a run that is taken up.
        """
        if part is None:
            request = self.request
            part = begin(self.store.path, self.recipe.model, request.options, request.cache_limit_bytes)
        try:
            return self._trained_in(part, began)
        except BaseException:
            end(part)
            raise

    def _trained_in(self, part: Path, began: float) -> TrainReport:
        """Train in the folder of a run, which becomes the bundle."""
        with self.progress.track("loading TensorFlow", None):
            from labelprep.ml.checkpoints import Checkpoints  # noqa: PLC0415 - loads with TensorFlow
            from labelprep.ml.listening import Narrator  # noqa: PLC0415 - the same
            from labelprep.ml.training import train  # noqa: PLC0415 - loads TensorFlow
            from labelprep.ml.transfer import transfer  # noqa: PLC0415 - loads TensorFlow

        parts = self.selection.by_split
        plan = FeedPlan(array_shape(self.recipe), self.request.cache_limit_bytes, self.request.workers)
        feeder = Feeder(self.store, [*parts["train"], *parts["val"]], plan, self.progress)
        samples, val = (
            feeder.samples(parts[name], self.selection.labels(parts[name])) for name in ("train", "val")
        )
        narrator = Narrator(self.progress)
        recorder = self._recorder(narrator, part)
        listener = narrator if recorder is None else recorder
        try:
            recipe, classes, kept = (
                self._within_budget(began),
                list(self.selection.classes),
                Checkpoints(part),
            )
            if recipe.model in BACKBONES:
                cached = self._cached(parts)
                trained = transfer(recipe, classes, samples, val, listener, checkpoints=kept, cached=cached)
            else:
                trained = train(recipe, classes, samples, val, listener, checkpoints=kept)
        finally:
            narrator.close()
            if recorder is not None:
                recorder.close()
        judged = self._judged(trained, val)
        self.recipe = replace(trained.recipe, minutes=self.recipe.minutes)
        path = self._bundled(part, trained, judged, time.perf_counter() - began)
        if not trained.interrupted:
            finished(path)
        return self._report(trained, judged, path, time.perf_counter() - began)

    def _recorder(self, listener: Listener, part: Path) -> Recorder | None:
        """Return what writes logs for TensorBoard beside the bundles, where they are asked for."""
        if not self.request.tensorboard:
            return None
        from labelprep.ml.recording import Recorder  # noqa: PLC0415 - loads TensorFlow

        folder = part.parent / "tensorboard" / part.name.removesuffix(UNFINISHED)
        self.progress.say(f"Logs for TensorBoard: tensorboard --logdir {part.parent / 'tensorboard'}")
        return Recorder(listener, folder)

    def _cached(self, parts: dict[str, list[Picture]]) -> Cached:
        """Return where features of these pictures are kept."""
        from labelprep.ml.embeddings import FeatureStore  # noqa: PLC0415 - loads TensorFlow
        from labelprep.ml.transfer import Cached  # noqa: PLC0415 - the same

        made_by = f"{self.recipe.fit} decoder {DECODER_VERSION} proxies {proxy_size_of(self.store)}"
        train, val = ([picture.sha256 for picture in parts[name]] for name in ("train", "val"))
        return Cached(FeatureStore(self.store.cache, made_by), train, val)

    def _within_budget(self, began: float) -> Recipe:
        """Return the recipe with what is left of its minutes."""
        if self.recipe.minutes is None:
            return self.recipe
        spent = (time.perf_counter() - began) / 60
        return replace(self.recipe, minutes=max(self.recipe.minutes - spent, LEAST_MINUTES))

    def _judged(self, trained: Trained, val: Samples) -> JudgedImages | None:
        """Predict the validation images with the weights that were kept."""
        from labelprep.ml.calibration import calibration  # noqa: PLC0415 - loads with training
        from labelprep.ml.evaluation import evaluate  # noqa: PLC0415 - loads with training
        from labelprep.ml.prediction import probabilities  # noqa: PLC0415 - loads TensorFlow

        if not len(val):
            return None
        likely = probabilities(trained.model, val.source, val.rows)
        image_ids = [picture.image_id for picture in self.selection.by_split["val"]]
        return JudgedImages(
            samples=val,
            likely=likely,
            figures=evaluate(likely, val.labels, self.selection.classes),
            calibration=calibration(likely, val.labels),
            slices=slices_of(self.store, image_ids, likely.argmax(axis=1) == val.labels),
        )

    def _bundled(self, part: Path, trained: Trained, judged: JudgedImages | None, seconds: float) -> Path:
        from labelprep.ml.bundle import (  # noqa: PLC0415 - as above
            REPORT,
            Preprocessing,
            Results,
            Run,
            finish_bundle,
        )
        from labelprep.ml.parity import parity_of  # noqa: PLC0415 - as above

        selection, recipe = self.selection, self.recipe
        preprocessing = Preprocessing(
            recipe.size_px, recipe.channels, recipe.fit, DECODER_VERSION, proxy_size_of(self.store)
        )
        run = Run(
            model=recipe.model,
            classes=list(zip(selection.class_ids, selection.classes, strict=True)),
            preprocessing=preprocessing,
            recipe=recipe,
            metrics=_named(judged),
            splits={name: len(part) for name, part in selection.by_split.items() if part},
            val_rule=selection.val_rule,
            kept_epoch=trained.kept_epoch,
            interrupted=trained.interrupted,
            seconds=seconds,
            manifest=self.store.path.name,
            notes=[*selection.notes, *trained.notes],
            calibration=None if judged is None else judged.calibration,
        )
        predictions, confusion, parity = [], None, None
        if judged is not None:
            predictions = predictions_of(judged.samples, judged.likely, "val", selection.classes)
            confusion = judged.figures.confusion
            parity = parity_of(judged.samples, judged.likely)
        facts = RunFacts(run, trained.history, judged, trained.rate_test)
        page = run_page(part.name.removesuffix(UNFINISHED), facts).encode("utf-8", "backslashreplace")
        results = Results(trained.model, trained.history, predictions, confusion, parity, {REPORT: page})
        return finish_bundle(part, run, results)

    def _report(
        self, trained: Trained, judged: JudgedImages | None, path: Path, seconds: float
    ) -> TrainReport:
        selection = self.selection
        return TrainReport(
            bundle=path,
            model=self.recipe.model,
            classes=selection.classes,
            epochs=len(trained.history),
            kept_epoch=trained.kept_epoch,
            defaults=self.recipe.defaults,
            metrics=_named(judged),
            images={name: len(part) for name, part in selection.by_split.items() if part},
            val_rule=selection.val_rule,
            seed=self.recipe.seed,
            interrupted=trained.interrupted,
            seconds=seconds,
            notes=(*selection.notes, *trained.notes),
            has_test=bool(selection.by_split["test"]),
        )


def predictions_of(
    samples: Samples, likely: np.ndarray, split: str, names: Sequence[str]
) -> list[Prediction]:
    """Return what a network says of samples, a row an image in their order."""
    from labelprep.ml.bundle import Prediction  # noqa: PLC0415 - loads with training

    best = likely.argmax(axis=1)
    return [
        Prediction(path, split, names[label], names[said], float(likely[row, said]))
        for row, (path, label, said) in enumerate(zip(samples.paths, samples.labels, best, strict=True))
    ]


def _named(judged: JudgedImages | None) -> dict[str, float]:
    return {} if judged is None else {f"val_{name}": value for name, value in judged.figures.metrics.items()}


def array_shape(recipe: Recipe) -> ArrayShape:
    """Return what a row of pixels looks like for a recipe."""
    return ArrayShape(recipe.size_px, recipe.size_px, recipe.channels, recipe.fit)  # type: ignore[arg-type] # checked by check_options
