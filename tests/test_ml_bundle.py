from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from labelprep.errors import TrainingError
from labelprep.ml.backend import keras
from labelprep.ml.bundle import (
    CONFUSION,
    CURVES,
    HISTORY,
    INFO,
    MODEL,
    MODEL_CARD,
    MODEL_H5,
    PARITY,
    PREDICTIONS,
    Prediction,
    Preprocessing,
    Results,
    Run,
    load_bundle,
    write_bundle,
)
from labelprep.ml.evaluation import evaluate
from labelprep.ml.parity import parity_of
from labelprep.ml.prediction import probabilities
from labelprep.ml.saving import keras_bytes
from labelprep.ml.training import train
from ml_pictures import CLASSES, halves, recipe

FILES = [INFO, MODEL_H5, CONFUSION, CURVES, HISTORY, MODEL, MODEL_CARD, PARITY, PREDICTIONS]
SAID = [
    Prediction("动物/猫.png", "test", "猫", "dog", 0.75),
    Prediction("a\\xff, b.png", "test", "dog", "dog", 0.5),
]
PNG_START = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def trained_run() -> tuple[Run, Results]:
    """Return what a training of two epochs leaves, in the form a bundle takes."""
    samples = halves(40)
    wanted = recipe(model="compact")
    trained = train(wanted, CLASSES, samples, halves(10, seed=1))
    likely = probabilities(trained.model, samples.source, samples.rows)
    figures = evaluate(likely, samples.labels, CLASSES)
    run = Run(
        model="compact",
        classes=[(3, "猫"), (7, "dog")],
        preprocessing=Preprocessing(12, 1, "crop", 1, 256),
        recipe=wanted,
        metrics=figures.metrics,
        splits={"train": 40, "val": 10},
        val_rule="the split val",
        manifest="manifest.db",
        kept_epoch=trained.kept_epoch,
        interrupted=False,
        seconds=1.23456,
        notes=["a note"],
    )
    parity = parity_of(samples, likely)
    return run, Results(trained.model, trained.history, SAID, figures.confusion, parity)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, trained_run: tuple[Run, Results]) -> Path:
    """Return the folder of a bundle that no test changes."""
    return write_bundle(tmp_path_factory.mktemp("written") / "runs", *trained_run)


@pytest.fixture
def bundle_path(tmp_path: Path, written: Path) -> Path:
    """Return a copy of a bundle."""
    return shutil.copytree(written, tmp_path / "0001-compact")


def rows(path: Path) -> list[list[str]]:
    """Return the cells of a CSV file as Excel reads it."""
    assert path.read_bytes().startswith("\ufeff".encode())
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def test_a_bundle_holds_all_its_files_under_the_next_free_number(
    tmp_path: Path, trained_run: tuple[Run, Results]
) -> None:
    runs = tmp_path / "runs"
    (runs / "0007-simple").mkdir(parents=True)
    (runs / "notes").mkdir()

    first, second = write_bundle(runs, *trained_run), write_bundle(runs, *trained_run)

    assert sorted(path.name for path in runs.iterdir()) == [
        "0007-simple",
        "0008-compact",
        "0009-compact",
        "notes",
    ]
    assert [first.name, second.name] == ["0008-compact", "0009-compact"]
    assert sorted(path.name for path in first.iterdir()) == sorted(FILES)


def test_bundle_json_tells_the_whole_training(bundle_path: Path, trained_run: tuple[Run, Results]) -> None:
    run, _ = trained_run

    info = json.loads((bundle_path / INFO).read_text(encoding="utf-8"))

    assert (info["format"], info["format_version"], info["model"], info["seed"]) == (
        "labelprep-bundle",
        1,
        "compact",
        0,
    )
    assert info["classes"] == [{"id": 3, "name": "猫"}, {"id": 7, "name": "dog"}]
    assert info["classes_sha256"] == "27211552563d084371723a6cac11704986ef8e6f380af121cebee21c2505abb8"
    assert info["preprocessing"] == {
        "size_px": 12,
        "channels": 1,
        "fit": "crop",
        "decoder_version": 1,
        "proxy_size_px": 256,
    }
    assert info["manifest"] == "manifest.db"
    assert info["recipe"]["optimizer"] == "adamw"
    assert info["defaults"] == run.recipe.defaults
    assert info["metrics"] == run.metrics
    assert (info["splits"], info["val_rule"]) == ({"train": 40, "val": 10}, "the split val")
    assert (info["kept_epoch"], info["interrupted"], info["seconds"], info["notes"]) == (
        2,
        False,
        1.235,
        ["a note"],
    )
    assert sorted(info["files"]) == sorted(set(FILES) - {INFO, MODEL_CARD})
    assert info["machine"]["tensorflow"]


def test_tables_and_pictures_are_written(bundle_path: Path, trained_run: tuple[Run, Results]) -> None:
    _, results = trained_run

    assert rows(bundle_path / PREDICTIONS) == [
        ["path", "split", "label", "predicted", "confidence"],
        ["动物/猫.png", "test", "猫", "dog", "0.75"],
        ["a\\xff, b.png", "test", "dog", "dog", "0.5"],
    ]
    history = rows(bundle_path / HISTORY)
    assert history[0] == [
        "epoch",
        "steps",
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "seconds",
        "learning_rate",
    ]
    assert [float(row[2]) for row in history[1:]] == [report.loss for report in results.history]
    assert (bundle_path / CURVES).read_bytes().startswith(PNG_START)
    assert (bundle_path / CONFUSION).read_bytes().startswith(PNG_START)


def test_both_files_of_the_network_give_the_numbers_of_training_under_a_chinese_path(
    tmp_path: Path, trained_run: tuple[Run, Results]
) -> None:
    samples = halves(40)
    bundle_path = write_bundle(tmp_path / "数据集" / "猫", *trained_run)
    expected = probabilities(trained_run[1].network, samples.source, samples.rows)

    bundle = load_bundle(bundle_path)
    native = probabilities(bundle.load_network(), samples.source, samples.rows, batch_size=7)
    older = probabilities(
        keras.saving.load_model(str(bundle_path / MODEL_H5), compile=False), samples.source, samples.rows
    )

    assert np.abs(native - expected).max() < 1e-5
    assert np.abs(older - expected).max() < 1e-5
    assert bundle.names == CLASSES
    assert bundle.classes == [(3, "猫"), (7, "dog")]


def test_a_new_process_gives_the_same_numbers_and_says_nothing_else(
    bundle_path: Path, trained_run: tuple[Run, Results]
) -> None:
    samples = halves(40)
    expected = probabilities(trained_run[1].network, samples.source, samples.rows)
    program = (
        "import json, sys\nfrom pathlib import Path\nfrom ml_pictures import halves\n"
        "from labelprep.ml.bundle import load_bundle\nfrom labelprep.ml.prediction import probabilities\n"
        "samples = halves(40)\nnetwork = load_bundle(Path(sys.argv[1])).load_network()\n"
        "print(json.dumps(probabilities(network, samples.source, samples.rows).tolist()))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(bundle_path)],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parent,
    )

    assert np.abs(np.array(json.loads(done.stdout)) - expected).max() < 1e-5
    assert done.stderr == b""


def test_the_older_file_can_be_opened_by_other_programs(bundle_path: Path) -> None:
    with h5py.File(io.BytesIO((bundle_path / MODEL_H5).read_bytes()), "r") as file:
        groups = sorted(file["model_weights"])

    assert {"conv1", "norm1", "logits"}.issubset(groups)


def test_an_interrupted_training_without_an_epoch_still_makes_a_bundle(
    tmp_path: Path, trained_run: tuple[Run, Results]
) -> None:
    run, results = trained_run

    path = write_bundle(tmp_path, run, Results(results.network, [], [], None))

    assert sorted(entry.name for entry in path.iterdir()) == sorted(set(FILES) - {CONFUSION, PARITY})
    assert load_bundle(path).load_network().output_shape == (None, 2)


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path, trained_run: tuple[Run, Results]) -> None:
    (tmp_path / "runs").write_text("", encoding="utf-8")

    with pytest.raises(TrainingError) as caught:
        write_bundle(tmp_path / "runs", *trained_run)

    assert caught.value.where == str(tmp_path / "runs")
    assert caught.value.problem.startswith("the bundle cannot be written: ")


def test_a_disk_that_fills_up_leaves_no_half_bundle(tmp_path: Path, trained_run: tuple[Run, Results]) -> None:
    resource: Any = pytest.importorskip("resource", reason="a limit on file sizes stands for a full disk")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(TrainingError) as caught:
            write_bundle(tmp_path / "runs", *trained_run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert str(caught.value) == (
        f"{tmp_path / 'runs'}: the bundle cannot be written: File too large — "
        "make room or choose a folder that can be written to, then train again"
    )
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as caught:
        load_bundle(tmp_path)

    assert str(caught.value) == (
        f"{tmp_path}: not a bundle: it holds no bundle.json — "
        "name the folder that labelprep train made, such as runs/0001-simple"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not a bundle: bundle.json is damaged"),
        ("[]", "not a bundle: its bundle.json is of another kind"),
        ('{"format": "other"}', "not a bundle: its bundle.json is of another kind"),
        (
            '{"format": "labelprep-bundle", "format_version": 2, "labelprep": "9.0"}',
            "made by a newer labelprep ('9.0', format 2)",
        ),
        ('{"format": "labelprep-bundle", "format_version": 1}', "not a bundle: bundle.json lacks 'files'"),
    ],
)
def test_a_bundle_json_that_cannot_be_used_is_told_apart(bundle_path: Path, text: str, problem: str) -> None:
    (bundle_path / INFO).write_text(text, encoding="utf-8")

    with pytest.raises(TrainingError) as caught:
        load_bundle(bundle_path)

    assert caught.value.where == str(bundle_path / INFO)
    assert caught.value.problem.startswith(problem)


def test_a_missing_and_a_changed_file_are_named(bundle_path: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(bundle_path, tmp_path / "changed")
    (bundle_path / MODEL).unlink()
    with (changed / MODEL).open("ab") as file:
        file.write(b"x")

    with pytest.raises(TrainingError) as missing:
        load_bundle(bundle_path)
    with pytest.raises(TrainingError) as other:
        load_bundle(changed)

    assert (
        str(missing.value)
        == f"{bundle_path / MODEL}: this file of the bundle is missing — copy the whole folder again"
    )
    assert str(other.value) == (
        f"{changed / MODEL}: this file is not the one that training wrote — "
        "copy the whole folder again, or train again"
    )


def refreshed(bundle_path: Path) -> None:
    """Write the sums of changed files into bundle.json, as one who forges a bundle would."""
    import hashlib  # noqa: PLC0415 - only here

    info = json.loads((bundle_path / INFO).read_text(encoding="utf-8"))
    info["files"] = {
        name: hashlib.sha256((bundle_path / name).read_bytes()).hexdigest() for name in info["files"]
    }
    (bundle_path / INFO).write_text(json.dumps(info), encoding="utf-8")


def test_a_network_that_holds_code_is_refused(bundle_path: Path) -> None:
    pictures = keras.Input((12, 12, 1))
    forged = keras.layers.Flatten()(keras.layers.Lambda(lambda x: x * 1.0)(pictures))
    network = keras.Model(pictures, keras.layers.Dense(2)(forged))
    (bundle_path / MODEL).write_bytes(keras_bytes(network))
    refreshed(bundle_path)

    with pytest.raises(TrainingError) as caught:
        load_bundle(bundle_path).load_network()

    assert caught.value.where == str(bundle_path / MODEL)
    assert "ambda" in caught.value.problem
    assert caught.value.fix == "use a bundle made by labelprep train"


def test_a_network_of_other_classes_is_refused(bundle_path: Path) -> None:
    pictures = keras.Input((12, 12, 1))
    network = keras.Model(pictures, keras.layers.Dense(5)(keras.layers.Flatten()(pictures)))
    (bundle_path / MODEL).write_bytes(keras_bytes(network))
    refreshed(bundle_path)

    with pytest.raises(TrainingError) as caught:
        load_bundle(bundle_path).load_network()

    assert caught.value.problem == (
        "the network takes (None, 12, 12, 1) and gives (None, 5), "
        "bundle.json says (None, 12, 12, 1) and (None, 2)"
    )


def test_classes_are_matched_by_name_and_unknown_ones_print_both_lists(bundle_path: Path) -> None:
    bundle = load_bundle(bundle_path)

    assert bundle.outputs_of(["dog", "猫"]) == {"dog": 1, "猫": 0}
    with pytest.raises(TrainingError) as caught:
        bundle.outputs_of(["dog", "owl"])

    assert (
        caught.value.problem
        == "the network does not know ['owl']: it knows 猫, dog; the images have dog, owl"
    )
