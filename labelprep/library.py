"""The public façade: the library is the product, the command line its vocabulary.

::

    import labelprep

    manifest = labelprep.scan("./images")
    manifest.split(train=0.8, val=0.1, test=0.1)
    train = manifest.dataset("train", image_size=128, batch_size=32, shuffle=True)   # a tf.data.Dataset
    table = manifest.to_pandas()
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from labelprep.errors import UsageError, shown
from labelprep.manifest import places
from labelprep.manifest.store import Store, open_store
from labelprep.model.images import SPLITS
from labelprep.progress import Progress, Silent
from labelprep.splits.quotas import checked_shares
from labelprep.workflows import editing
from labelprep.workflows.folding import folds_of
from labelprep.workflows.scanning import ScanOptions, ScanReport, scan_folder
from labelprep.workflows.showing import Explanation, Overview, explain, overview
from labelprep.workflows.splitting import Asked, split_images

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from labelprep.manifest.journal import Logged, Undone
    from labelprep.ml.options import TrainingOptions
    from labelprep.model.issues import Issue
    from labelprep.workflows.checking import CheckOptions
    from labelprep.workflows.folding import FoldReport
    from labelprep.workflows.import_report import ImportOptions, ImportReport
    from labelprep.workflows.proving import SplitReport
    from labelprep.workflows.reporting import WrittenReport
    from labelprep.workflows.training import TrainReport

StrPath = str | Path


class Manifest:
    """An open label manifest. Use it as a context manager, or `close` it."""

    def __init__(self, store: Store, report: ScanReport | None = None) -> None:
        """Take over an open store; use `Manifest.open` or `labelprep.scan`."""
        self._store = store
        self.scan_report = report

    @classmethod
    def open(cls, path: StrPath | None = None) -> Self:
        """Open a manifest, by default the one that belongs to the working folder.

        Raises: ManifestError where there is none, or it cannot be opened.
        """
        return cls(open_store(Path(path) if path is not None else places.find(Path.cwd())))

    @property
    def path(self) -> Path:
        """The manifest file."""
        return self._store.path

    @property
    def root(self) -> Path:
        """The folder of the images."""
        return self._store.root

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def labels(self) -> dict[str, str]:
        """Return the label of each image that has exactly one, by path, in path order; no missing files."""
        with self._store.telling():
            rows = self._store.connection.execute(
                "SELECT path, label FROM image WHERE label IS NOT NULL AND status <> 'missing' ORDER BY path"
            )
            return dict(rows.fetchall())

    def classes(self) -> list[str]:
        """Return the names of the classes in id order, merged and retired ones left out."""
        with self._store.telling():
            rows = editing.list_classes(self._store)
        return [row.name for row in rows if row.merged_into is None and not row.retired]

    def show(self) -> Overview:
        """Return the manifest at a glance."""
        with self._store.telling():
            return overview(self._store)

    def explain(self, image: str) -> Explanation:
        """Return who said what about an image, named by its path or an unambiguous end of it."""
        with self._store.telling():
            return explain(self._store, image)

    def import_labels(
        self, source: StrPath, options: ImportOptions | None = None, *, progress: Progress | None = None
    ) -> ImportReport:
        """Take over what a sheet or label files say of the images; importing a source again replaces that.

        Raises: SourceError where it cannot be read, or nothing of it can be used; UsageError for a question
        that an option answers. Nothing is changed then.
        """
        from labelprep.workflows.importing import import_labels  # noqa: PLC0415 - loads with the first import

        return import_labels(self._store, Path(source), options, progress)

    def split(
        self,
        *,
        train: float | None = None,
        val: float | None = None,
        test: float | None = None,
        seed: int = 0,
        asked: Asked | None = None,
    ) -> SplitReport:
        """Give images without a split one (.8, .1, .1): stratified, whole groups together; none moves later.

        ``asked`` says what else links images: groups by a pattern or folder, bursts, near duplicates or not.

        Raises: UsageError for shares or rules that cannot be; SourceError where no image has a label.
        """
        shares = checked_shares(train, val, test)
        return split_images(self._store, shares, seed=seed, asked=asked or Asked())

    def folds(self, number: int, *, seed: int = 0) -> FoldReport:
        """Return folds of the images that are not in test, for cross-validation; nothing is stored.

        ``report.folds`` is the fold of each image, 0 … number−1, by path. Groups stay whole, classes are
        stratified, and the same images, number and seed give the same folds.

        Raises: UsageError for a number of folds that cannot be; SourceError where no image has a label.
        """
        return folds_of(self._store, number, seed=seed)

    def check(self, options: CheckOptions | None = None, *, progress: Progress | None = None) -> list[Issue]:
        """Look for what is wrong, keep it with the manifest, and return it, the worst first."""
        from labelprep.workflows.checking import (  # noqa: PLC0415 - loads with the first check
            CheckOptions,
            check_manifest,
            found_issues,
        )

        with self._store.telling():
            report = check_manifest(self._store, options or CheckOptions(), progress or Silent())
            return list(found_issues(self._store, report))

    def report(
        self, target: StrPath, *, overwrite: bool = False, progress: Progress | None = None
    ) -> WrittenReport:
        """Write a page about this manifest, with pictures, that opens anywhere.

        Raises: UsageError where the target exists and ``overwrite`` is not set, or lies among the images.
        """
        from labelprep.workflows.reporting import write_report  # noqa: PLC0415 - loads with the first report

        return write_report(self._store, Path(target), progress or Silent(), overwrite=overwrite)

    def undo(self, number: int | None = None) -> Undone:
        """Take back the newest command, or command ``number``."""
        return editing.undo(self._store, number)

    def log(self, limit: int | None = None) -> list[Logged]:
        """Return the commands that changed the manifest, newest first."""
        with self._store.telling():
            return editing.log_of(self._store, limit)

    def to_pandas(self) -> pd.DataFrame:
        """Return the view ``manifest`` as a table: a row an image, in path order."""
        import pandas as pd

        return pd.read_sql_query("SELECT * FROM manifest ORDER BY path", self._store.connection)

    def dataset(  # noqa: PLR0913 - each is an option of the public feed
        self,
        split: str,
        *,
        image_size: int = 128,
        batch_size: int = 32,
        shuffle: bool = False,
        augment: bool = False,
        seed: int = 0,
        fit: str = "crop",
    ) -> Any:  # noqa: ANN401 - tf.data.Dataset, which has no type information
        """Return a ``tf.data.Dataset`` of ``((batch, size, size, channels) uint8, (batch,) int32)``.

        Labels are numbers into `dataset_classes`: the classes with an image in train, in id order. Channels
        are 1 where all pictures are grey, else 3. With ``shuffle`` each pass is a new order that follows from
        the seed; ``augment`` shifts each picture at random. Order without shuffle: by path. ``fit`` is
        ``crop``, ``pad`` or ``stretch``.

        Raises: UsageError for a split that is none; TrainingError where it is empty; PixelsError where an
        original is gone or has changed.
        """
        from labelprep.workflows.serving import Serving, dataset  # noqa: PLC0415 - loads TensorFlow

        if split not in SPLITS:
            raise UsageError(f"{shown(split)} is no split", fix=f"name one of {', '.join(SPLITS)}")
        serving = Serving(image_size, batch_size, shuffle=shuffle, augment=augment, seed=seed, fit=fit)
        return dataset(self._store, split, serving)

    def dataset_classes(self) -> list[str]:
        """Return the class names that the numbers of `dataset` stand for."""
        from labelprep.workflows.selecting import select  # noqa: PLC0415 - loads with the first training

        return list(select(self._store, 0).classes)

    def train(
        self, options: TrainingOptions | None = None, *, progress: Progress | None = None
    ) -> TrainReport:
        """Train a network on this manifest and write its bundle into ``runs/`` beside it."""
        from labelprep.workflows.training import TrainRequest, train_network  # noqa: PLC0415 - loads with training

        request = TrainRequest(self.path) if options is None else TrainRequest(self.path, options=options)
        return train_network(request, progress or Silent())


def scan(
    folder: StrPath,
    *,
    manifest: StrPath | None = None,
    options: ScanOptions | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Scan a folder of images and return its manifest, open; ``scan_report`` says what was found.

    Works from a script without a main guard, from a notebook, and after ``import tensorflow``.

    Raises: SourceError where the folder cannot be read; UsageError where the manifest has another root.
    """
    place = Path(manifest) if manifest is not None else None
    report = scan_folder(Path(folder), manifest=place, options=options, progress=progress)
    return Manifest(open_store(report.manifest), report)


def evaluate(
    bundle: StrPath, *, split: str | None = None, tta: bool = False, progress: Progress | None = None
) -> Any:  # noqa: ANN401
    """Judge a bundle on a split of its manifest (test, else val); return an ``EvaluateReport``.

    ``tta`` averages what the network says of several views of each picture.
    """
    from labelprep.workflows.evaluating import evaluate_bundle  # noqa: PLC0415 - loads TensorFlow

    return evaluate_bundle(Path(bundle), split=split, tta=tta, progress=progress or Silent())


def predict(  # noqa: PLR0913 - each is an option
    bundle: StrPath,
    paths: Sequence[StrPath],
    *,
    top_k: int = 1,
    tta: bool = False,
    runtime: str = "keras",
    calibrated: bool = False,
    progress: Progress | None = None,
) -> Any:  # noqa: ANN401
    """Predict the classes of files and folders of images; return a ``PredictReport``.

    ``tta`` averages what the network says of several views of each picture. ``runtime`` computes the network:
    ``keras``, or ``onnx``, ``tflite``, ``tflite-int8`` for which it was exported. ``calibrated`` gives
    confidences with the bundle's temperature.
    """
    from labelprep.workflows.predicting import predict_paths  # noqa: PLC0415 - loads TensorFlow

    return predict_paths(
        Path(bundle),
        [Path(path) for path in paths],
        top_k=top_k,
        tta=tta,
        runtime=runtime,
        calibrated=calibrated,
        progress=progress or Silent(),
    )


__all__ = [
    "Manifest", "Progress", "ScanOptions", "ScanReport", "evaluate", "predict", "scan", "scan_folder",
]  # fmt: skip
