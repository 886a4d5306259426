"""From a folder to a bundle and back: train, evaluate and predict agree, and say clearly what cannot be."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from labelprep.errors import ManifestError, PixelsError, SourceError, TrainingError, UsageError
from labelprep.library import Manifest, evaluate, predict, scan
from labelprep.ml.options import TrainingOptions
from labelprep.progress import Silent
from labelprep.workflows.training import TrainReport, TrainRequest, train_network

if TYPE_CHECKING:
    from collections.abc import Sequence

SIDE_PX = 16
EACH = 20
OPTIONS = TrainingOptions(model="simple", epochs=2, batch_size=8)


def pictures(folder: Path, name: str, count: int = EACH, *, first: int = 0) -> None:
    """Draw a class: noise that is bright on the left for 猫, on the right for 狗, everywhere for others."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        random = np.random.default_rng((number, sum(name.encode())))
        pixels = random.integers(0, 70, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
        part = {"猫": np.s_[:, :8], "狗": np.s_[:, 8:]}.get(name, np.s_[:, :])
        pixels[part] += 180
        Image.fromarray(pixels).save(folder / f"{number:03d}.png")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainReport:
    place = tmp_path_factory.mktemp("训练")
    for name in ("猫", "狗"):
        pictures(place / "数据集" / name, name)
    request = TrainRequest(place / "数据集", place / "manifest.db", OPTIONS)
    return train_network(request, Silent())


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_training_on_a_folder_scans_splits_and_leaves_a_whole_bundle(trained: TrainReport) -> None:
    names = sorted(path.name for path in trained.bundle.iterdir())

    assert {
        "model.keras", "cnn_model.h5", "bundle.json", "history.csv", "predictions.csv", "curves.png",
        "confusion_matrix.png", "report.html",
    } <= set(names)  # fmt: skip
    assert trained.bundle.name == "0001-simple"
    assert trained.classes == ("狗", "猫")
    assert trained.images == {"train": 32, "val": 4, "test": 4}
    assert trained.defaults["image_size"] == SIDE_PX
    assert set(trained.metrics) == {"val_accuracy", "val_balanced_accuracy", "val_macro_f1", "val_loss"}


def test_evaluating_again_gives_the_figures_of_training(trained: TrainReport) -> None:
    report = evaluate(trained.bundle, split="val")

    given = {name.removeprefix("val_"): value for name, value in trained.metrics.items()}
    assert report.metrics == pytest.approx(given, abs=1e-5)
    assert report.images == 4


def test_evaluating_takes_the_test_split_by_default_and_writes_it_down(trained: TrainReport) -> None:
    report = evaluate(trained.bundle)

    document = json.loads((trained.bundle / "evaluation_test.json").read_text(encoding="utf-8"))
    assert report.split == "test"
    assert document["metrics"] == report.metrics
    assert sum(map(sum, report.confusion)) == 4


def test_predicting_the_files_gives_the_probabilities_of_training(trained: TrainReport) -> None:
    rows = rows_of(trained.bundle / "predictions.csv")
    root = trained.bundle.parents[1] / "数据集"

    report = predict(trained.bundle, [root / row["path"] for row in rows])

    assert [row.label for row in report.predictions] == [row["predicted"] for row in rows]
    found = [row.confidence for row in report.predictions]
    assert found == pytest.approx([float(row["confidence"]) for row in rows], abs=1e-5)


def test_several_views_are_averaged_alike_by_both(trained: TrainReport) -> None:
    judged = evaluate(trained.bundle, split="val", tta=True)

    rows = rows_of(trained.bundle / "predictions_val.csv")
    root = trained.bundle.parents[1] / "数据集"
    report = predict(trained.bundle, [root / row["path"] for row in rows], tta=True)
    plain = predict(trained.bundle, [root / row["path"] for row in rows])
    assert judged.notes == ("Averaged over 5 views of each picture, shifted by 1 px in each direction.",)
    found = [row.confidence for row in report.predictions]
    assert found == pytest.approx([float(row["confidence"]) for row in rows], abs=1e-5)
    assert found != pytest.approx([row.confidence for row in plain.predictions], abs=1e-5)


def test_calibrated_confidences_follow_the_temperature_of_the_bundle(
    tmp_path: Path, trained: TrainReport
) -> None:
    bundle = shutil.copytree(trained.bundle, tmp_path / "0001-simple")
    info = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    as_trained = info["calibration"]["temperature"]
    info["calibration"] |= {"temperature": 2.0, "why": "by hand"}
    (bundle / "bundle.json").write_text(json.dumps(info), encoding="utf-8")
    rows = rows_of(trained.bundle / "predictions.csv")
    files = [trained.bundle.parents[1] / "数据集" / row["path"] for row in rows]
    listening = Listening()

    report = predict(bundle, files, calibrated=True, progress=listening)

    # With two classes a temperature of 2 takes the root of the odds.
    sure = np.array([float(row["confidence"]) for row in rows])
    odds = np.sqrt(sure / (1 - sure))
    assert as_trained == 1.0
    assert [row.confidence for row in report.predictions] == pytest.approx(odds / (1 + odds), abs=1e-4)
    assert "Confidences with the temperature 2.00, by hand." in listening.sentences


def test_a_new_process_predicts_the_same(trained: TrainReport) -> None:
    row = rows_of(trained.bundle / "predictions.csv")[0]
    picture = trained.bundle.parents[1] / "数据集" / row["path"]
    command = [sys.executable, "-m", "labelprep", "predict", str(trained.bundle), str(picture), "--json"]

    done = subprocess.run(command, capture_output=True, check=True)

    found = json.loads(done.stdout)["predictions"][0]
    assert found["label"] == row["predicted"]
    assert found["confidence"] == pytest.approx(float(row["confidence"]), abs=1e-5)


def test_h5_of_a_chinese_folder_loads_and_predicts_the_same(trained: TrainReport) -> None:
    from labelprep.ml.backend import keras  # noqa: PLC0415 - loads TensorFlow

    pixels = np.zeros((1, SIDE_PX, SIDE_PX, 3), np.uint8)
    native = keras.models.load_model(trained.bundle / "model.keras", compile=False)
    older = keras.models.load_model(trained.bundle / "cnn_model.h5", compile=False)

    assert np.allclose(native(pixels, training=False), older(pixels, training=False), atol=1e-6)


def test_the_automatic_split_is_journaled_and_can_be_undone(tmp_path: Path) -> None:
    for name in ("猫", "狗"):
        pictures(tmp_path / "photos" / name, name)
    train_network(TrainRequest(tmp_path / "photos", tmp_path / "m.db", OPTIONS), Silent())

    with Manifest.open(tmp_path / "m.db") as manifest:
        assert [entry.name for entry in manifest.log()] == ["train split", "scan"]
        manifest.undo()
        assert manifest.show().splits == {}


def test_train_and_test_without_val_lend_a_tenth_of_train_for_the_run_only(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for name in ("猫", "狗"):
            pictures(tmp_path / "photos" / split / name, name, first=0 if split == "train" else 100)

    report = train_network(TrainRequest(tmp_path / "photos", tmp_path / "m.db", OPTIONS), Silent())

    with Manifest.open(tmp_path / "m.db") as manifest:
        assert manifest.show().splits == {"train": 40, "test": 40}
    info = json.loads((report.bundle / "bundle.json").read_text(encoding="utf-8"))
    assert report.images == {"train": 36, "val": 4, "test": 40}
    assert "tenth of train" in info["val_rule"]


class Listening(Silent):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def say(self, text: str) -> None:
        self.sentences.append(text)


def test_second_training_decodes_nothing_again_and_gets_the_next_number(tmp_path: Path) -> None:
    for name in ("猫", "狗"):
        pictures(tmp_path / "photos" / name, name)
    request = TrainRequest(tmp_path / "photos", tmp_path / "m.db", OPTIONS)
    train_network(request, Silent())
    listening = Listening()

    second = train_network(request, listening)

    assert second.bundle.name == "0002-simple"
    assert not [sentence for sentence in listening.sentences if sentence.startswith("Preparing")]


def test_a_deleted_array_is_made_again(tmp_path: Path) -> None:
    for name in ("猫", "狗"):
        pictures(tmp_path / "photos" / name, name)
    request = TrainRequest(tmp_path / "photos", tmp_path / "m.db", OPTIONS)
    first = train_network(request, Silent())
    shutil.rmtree(tmp_path / "m.db.cache")

    second = train_network(request, Silent())

    assert second.metrics == pytest.approx(first.metrics, abs=1e-5)


def test_packs_feed_what_arrays_feed(tmp_path: Path) -> None:
    for name in ("猫", "狗"):
        pictures(tmp_path / "photos" / name, name)
    arrays = train_network(TrainRequest(tmp_path / "photos", tmp_path / "m.db", OPTIONS), Silent())
    request = TrainRequest(tmp_path / "photos", tmp_path / "m.db", OPTIONS, cache_limit_bytes=0)

    packs = train_network(request, Silent())

    assert packs.metrics == pytest.approx(arrays.metrics, abs=1e-5)


def test_dataset_serves_a_split_in_path_order(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for name in ("猫", "狗"):
            pictures(tmp_path / "photos" / split / name, name, 3, first=0 if split == "train" else 9)
    manifest = scan(tmp_path / "photos", manifest=tmp_path / "m.db")

    served = list(manifest.dataset("test", image_size=8, batch_size=4))
    manifest.close()

    assert [tuple(batch.shape) for batch, _ in served] == [(4, 8, 8, 3), (2, 8, 8, 3)]
    assert [label for _, labels in served for label in labels.numpy()] == [0, 0, 0, 1, 1, 1]


def test_dataset_shuffles_by_seed_and_pass(tmp_path: Path) -> None:
    for name in ("猫", "狗"):
        pictures(tmp_path / "photos" / "train" / name, name, 8)
        pictures(tmp_path / "photos" / "val" / name, name, 2, first=50)
    manifest = scan(tmp_path / "photos", manifest=tmp_path / "m.db")
    served = manifest.dataset("train", image_size=8, batch_size=16, shuffle=True, seed=1)
    again = manifest.dataset("train", image_size=8, batch_size=16, shuffle=True, seed=1)

    first, second = (next(iter(served))[1].numpy().tolist() for _ in range(2))
    repeated = next(iter(again))[1].numpy().tolist()
    manifest.close()

    assert repeated == first
    assert second != first


def photos(tmp_path: Path, layout: dict[str, int]) -> Path:
    root = tmp_path / "photos"
    root.mkdir()
    for number, (folder, count) in enumerate(layout.items()):
        pictures(root / folder, folder.rpartition("/")[2], count, first=100 * number)
    return root


@pytest.mark.parametrize(
    ("layout", "kind", "said"),
    [
        ({"": 3}, TrainingError, "no readable image has a label"),
        ({"猫": 6}, TrainingError, "one class"),
        ({}, UsageError, "no images"),
    ],
)
def test_what_cannot_be_learned_is_said(
    tmp_path: Path, layout: dict[str, int], kind: type[Exception], said: str
) -> None:
    root = photos(tmp_path, layout)

    with pytest.raises(kind, match=said):
        train_network(TrainRequest(root, tmp_path / "m.db", OPTIONS), Silent())


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"size_px": 0}, "--image-size"),
        ({"epochs": 0}, "--epochs"),
        ({"batch_size": -1}, "--batch-size"),
        ({"learning_rate": float("nan")}, "--learning-rate"),
        ({"model": "lenet"}, "--model"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_done(
    tmp_path: Path, options: dict[str, Any], where: str
) -> None:
    root = photos(tmp_path, {"猫": 2, "狗": 2})

    with pytest.raises(UsageError) as caught:
        train_network(TrainRequest(root, tmp_path / "m.db", TrainingOptions(**options)), Silent())

    assert caught.value.where == where
    assert not (tmp_path / "m.db").exists()


def test_a_batch_larger_than_the_data_is_said(tmp_path: Path) -> None:
    root = photos(tmp_path, {"猫": 6, "狗": 6})

    report = train_network(
        TrainRequest(root, tmp_path / "m.db", TrainingOptions("simple", epochs=1, batch_size=99)), Silent()
    )

    assert any("instead of 99" in note for note in report.notes)


def test_an_empty_split_is_said_with_what_there_is(tmp_path: Path) -> None:
    root = photos(tmp_path, {"train/猫": 8, "train/狗": 8, "val/猫": 2, "val/狗": 2})
    report = train_network(TrainRequest(root, tmp_path / "m.db", OPTIONS), Silent())

    with pytest.raises(TrainingError, match="16 train, 4 val, 0 test"):
        evaluate(report.bundle, split="test")


def test_an_original_changed_since_the_scan_stops_with_its_name(tmp_path: Path) -> None:
    root = photos(tmp_path, {"猫": 6, "狗": 6})
    scan(root, manifest=tmp_path / "m.db").close()
    pictures(root / "猫", "狗", 1)

    with pytest.raises(PixelsError, match="scan") as caught:
        train_network(TrainRequest(tmp_path / "m.db", options=OPTIONS), Silent())

    assert caught.value.where.endswith("000.png")


def test_a_bundle_whose_classes_do_not_fit_prints_both_lists(tmp_path: Path, trained: TrainReport) -> None:
    root = photos(tmp_path, {"train/bird": 3, "train/cow": 3, "val/bird": 1, "val/cow": 1})
    scan(root, manifest=tmp_path / "m.db").close()

    from labelprep.workflows.evaluating import evaluate_bundle  # noqa: PLC0415 - loads TensorFlow

    with pytest.raises(TrainingError, match=r"it knows 狗, 猫; the images have bird, cow"):
        evaluate_bundle(trained.bundle, manifest=tmp_path / "m.db", progress=Silent())


def test_predicting_names_what_it_cannot_read_and_goes_on(tmp_path: Path, trained: TrainReport) -> None:
    pictures(tmp_path / "new", "猫", 2)
    (tmp_path / "new" / "broken.jpg").write_bytes(b"\xff\xd8\xff")

    report = predict(trained.bundle, [tmp_path / "new"])

    assert [Path(row.path).name for row in report.predictions] == ["000.png", "001.png"]
    assert [Path(issue.where).name for issue in report.issues] == ["broken.jpg"]


@pytest.mark.parametrize(
    ("names", "kind", "said"),
    [
        (["gone.jpg"], UsageError, "no such file"),
        (["empty"], SourceError, "no images"),
        (["broken.jpg"], SourceError, "no picture could be read"),
    ],
)
def test_predicting_nothing_is_an_error(
    tmp_path: Path, trained: TrainReport, names: Sequence[str], kind: type[Exception], said: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.jpg").write_bytes(b"no picture")

    with pytest.raises(kind, match=said):
        predict(trained.bundle, [tmp_path / name for name in names])


def test_a_bundle_without_its_manifest_says_so(
    tmp_path: Path, trained: TrainReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(trained.bundle, tmp_path / "copy")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ManifestError, match="not beside it"):
        evaluate(tmp_path / "copy")


SHARED = Path(__file__).parents[1].parent / "shared"


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data, which is not here")
def test_an_epoch_over_all_torture_images_raises_nothing(tmp_path: Path) -> None:
    shutil.copytree(SHARED / "torture" / "images", tmp_path / "images")
    manifest = scan(tmp_path / "images", manifest=tmp_path / "m.db")
    manifest.split(train=0.8, val=0.1, test=0.1)

    served = 0
    for split in ("train", "val", "test"):
        for batch, _ in manifest.dataset(split, image_size=64, batch_size=32, shuffle=True, augment=True):
            served += batch.shape[0]
    status = manifest.show().status
    manifest.close()

    assert served == status["ok"] + status["damaged"]


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="this system allows no such folder name")
def test_a_root_whose_name_is_no_utf8_trains(tmp_path: Path) -> None:
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff"))
    for name in ("猫", "狗"):
        pictures(root / name, name, 4)

    report = train_network(TrainRequest(root, tmp_path / "m.db", OPTIONS), Silent())

    with Manifest.open(tmp_path / "m.db") as manifest:
        assert manifest.root == root
        assert len(manifest.labels()) == 8
    assert report.images["train"] > 0
