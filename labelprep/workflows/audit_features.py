"""Who judges by features: a linear head a fold, on what a backbone or a trained network makes of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from labelprep.errors import TrainingError
from labelprep.ml.bundle import load_bundle
from labelprep.pixels.decoding import DECODER_VERSION
from labelprep.workflows.evaluating import shape_of
from labelprep.workflows.feeding import Feeder, FeedPlan
from labelprep.workflows.picture_sources import proxy_size_of
from labelprep.workflows.training import array_shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from labelprep.manifest.store import Store
    from labelprep.ml.backend import KerasModel
    from labelprep.ml.recipes import Recipe
    from labelprep.progress import Progress
    from labelprep.workflows.audit_subject import Subject
    from labelprep.workflows.selecting import Picture

ASKED_AT_ONCE: Final = 4_096
MOST_ROWS: Final = 50_000
"""A head learns nothing more from more pictures than these, which are dealt evenly over all."""


class HeadJudge:
    """Fits a linear head anew for each fold; ``features`` are ``(n, D) float32``."""

    def __init__(self, features: np.ndarray, labels: np.ndarray, classes: int, seed: int) -> None:
        """Take what rows mean."""
        self._features = features
        self._labels = labels
        self._classes = classes
        self._seed = seed
        self._strength: float | None = None

    def likely(self, train: np.ndarray, asked: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Fit a head on some rows and say what the others are."""
        from labelprep.ml.heads import fit_head  # noqa: PLC0415 - loads with training

        part = train[:: -(-len(train) // MOST_ROWS)]
        head = fit_head(
            self._features[part], self._labels[part], self._classes, strength=self._strength, seed=self._seed
        )
        # How strongly to hold the weights down is a matter of the features: the next folds need no search.
        self._strength = head.strength
        for at in range(0, len(asked), ASKED_AT_ONCE):
            rows = asked[at : at + ASKED_AT_ONCE]
            yield rows, head.probabilities(self._features[rows])


def of_backbone(
    store: Store, subject: Subject, recipe: Recipe, cache_limit_bytes: int | None, progress: Progress
) -> np.ndarray:
    """Return ``(n, D)`` features by a backbone; those that a training or audit made before are taken.

    Raises: TrainingError where its weights are not on this machine.
    """
    with progress.track("loading TensorFlow", None):
        from labelprep.ml.backbones import load_backbone  # noqa: PLC0415 - loads TensorFlow
        from labelprep.ml.embeddings import FeatureStore, features_of  # noqa: PLC0415 - the same

    feeder = Feeder(store, subject.pictures, FeedPlan(array_shape(recipe), cache_limit_bytes), progress)
    made_by = f"{recipe.fit} decoder {DECODER_VERSION} proxies {proxy_size_of(store)}"
    with progress.track(f"features by {recipe.model}", len(subject.pictures)) as bar:
        return features_of(
            load_backbone(recipe.model, recipe.shape),
            feeder.samples(subject.pictures, subject.labels),
            keys=[picture.sha256 for picture in subject.pictures],
            store=FeatureStore(store.cache, made_by),
            advance=bar.advance,
        )


def of_bundle(
    store: Store, pictures: Sequence[Picture], path: Path, cache_limit_bytes: int | None, progress: Progress
) -> np.ndarray:
    """Return ``(n, D)`` features by a trained network: what its last layer decides by.

    Raises: TrainingError where the bundle cannot be used.
    """
    bundle = load_bundle(path)
    with progress.track("loading TensorFlow", None):
        from labelprep.ml.prediction import outputs  # noqa: PLC0415 - loads TensorFlow

    plan = FeedPlan(shape_of(bundle), cache_limit_bytes)
    feeder = Feeder(store, pictures, plan, progress)
    samples = feeder.samples(pictures, np.zeros(len(pictures), np.int32))
    network = _before_the_last(bundle.load_network(), path)
    with progress.track(f"features by {path.name}", len(pictures)) as bar:
        return outputs(network, samples.source, samples.rows, advance=bar.advance)


def _before_the_last(network: KerasModel, path: Path) -> KerasModel:
    """Return a network up to what its last dense layer is given."""
    from labelprep.ml.backend import keras  # noqa: PLC0415 - loads TensorFlow

    for layer in reversed(network.layers):
        if isinstance(layer, keras.layers.Dense):
            return keras.Model(network.input, layer.input)
    raise TrainingError(
        "the network has no dense layer, so it cannot judge labels",
        where=str(path),
        fix="name a bundle made by labelprep train, or leave --bundle out",
    )
