"""Networks in other programs' formats give Keras's numbers, or are not written; predict runs them."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from labelprep.errors import TrainingError, UsageError
from labelprep.library import predict
from labelprep.ml.options import TrainingOptions
from labelprep.ml.parity import Parity, compared, evenly, load_parity
from labelprep.ml.runtimes import extra
from labelprep.progress import Silent
from labelprep.workflows.model_exporting import ModelExportReport, ModelExportRequest, export_model
from labelprep.workflows.training import TrainReport, TrainRequest, train_network
from pictures import noise

if TYPE_CHECKING:
    from pathlib import Path

    from running import Command

# Noise without colour.
SHAPE = (16, 16, 1)
HAS_ONNX = all(map(importlib.util.find_spec, ("tf2onnx", "onnxruntime")))
HAS_LITERT = importlib.util.find_spec("ai_edge_litert") is not None
needs_onnx = pytest.mark.skipif(not HAS_ONNX, reason="the extra [export] is not installed")
needs_litert = pytest.mark.skipif(not HAS_LITERT, reason="the extra [runtime] is not installed")
FORMATS = ("savedmodel", "tflite", "tflite-int8", "keras", "h5", *(["onnx"] if HAS_ONNX else []))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainReport:
    place = tmp_path_factory.mktemp("模型")
    for number in range(40):
        noise(place / "数据" / ("猫" if number % 2 else "dog") / f"{number}.png", number, size_wh=(16, 16))
    options = TrainingOptions(model="simple", epochs=1, batch_size=8)
    return train_network(TrainRequest(place / "数据", place / "manifest.db", options), Silent())


@pytest.fixture(scope="module")
def exported(trained: TrainReport) -> ModelExportReport:
    """Export once to everything that this machine can write."""
    return export_model(ModelExportRequest(trained.bundle, FORMATS), Silent())


def test_every_format_is_written_and_gives_the_numbers_of_keras(exported: ModelExportReport) -> None:
    written = json.loads((exported.out / "export.json").read_text(encoding="utf-8"))

    differences = {item.to: item.agreement.max_difference for item in exported.exports}
    in_float = {to: found for to, found in differences.items() if to != "tflite-int8"}
    assert exported.pictures_from == "parity.npz"
    assert tuple(written["exports"]) == FORMATS
    assert all(item.path.exists() for item in exported.exports)
    assert max(in_float.values()) <= 1e-4
    assert 0 < differences["tflite-int8"] < 0.05
    assert {name for name in (path.name for path in exported.out.iterdir()) if ".part" in name} == set()


def test_the_pictures_of_a_bundle_are_validation_pictures_with_what_keras_said(trained: TrainReport) -> None:
    parity = load_parity(trained.bundle / "parity.npz", SHAPE, 2)

    assert len(parity.pictures) == trained.images["val"]
    np.testing.assert_allclose(parity.outputs.sum(axis=1), 1, atol=1e-5)


def test_a_model_card_says_classes_data_and_licence(trained: TrainReport) -> None:
    card = (trained.bundle / "model_card.md").read_text(encoding="utf-8")

    assert "0. `dog`\n1. `猫`" in card
    assert "32 train" in card
    assert "random weights (seed 0)" in card


@needs_onnx
def test_onnx_predicts_without_tensorflow_what_keras_predicts(
    trained: TrainReport, exported: ModelExportReport
) -> None:
    folder = trained.bundle.parent.parent / "数据"
    program = (
        "import json, sys\nfrom labelprep.library import predict\n"
        "report = predict(sys.argv[1], [sys.argv[2]], runtime='onnx')\n"
        "print(json.dumps([[row.confidence for row in report.predictions], 'tensorflow' in sys.modules]))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(exported.out), str(folder)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )

    found, has_tensorflow = json.loads(done.stdout)
    expected = [row.confidence for row in predict(trained.bundle, [folder]).predictions]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert not has_tensorflow


@needs_litert
@pytest.mark.parametrize(("runtime", "most"), [("tflite", 1e-4), ("tflite-int8", 0.05)])
@pytest.mark.usefixtures("exported")
def test_litert_predicts_what_keras_predicts(trained: TrainReport, runtime: str, most: float) -> None:
    folder = trained.bundle.parent.parent / "数据"

    found = predict(trained.bundle, [folder], top_k=2, runtime=runtime).predictions

    expected = predict(trained.bundle, [folder], top_k=2).predictions
    shares = [[dict(row.top)["猫"] for row in rows] for rows in (found, expected)]
    np.testing.assert_allclose(shares[0], shares[1], atol=most)


def test_a_network_that_was_not_exported_or_was_changed_is_not_run(
    exported: ModelExportReport, tmp_path: Path
) -> None:
    bundle = shutil.copytree(exported.out, tmp_path / "0001-simple")
    (bundle / "model.tflite").write_bytes(b"another")
    (bundle / "model_int8.tflite").unlink()

    with pytest.raises(TrainingError, match="not the one that export-model wrote"):
        predict(bundle, [bundle / "curves.png"], runtime="tflite")
    with pytest.raises(TrainingError, match="holds no network for tflite-int8"):
        predict(bundle, [bundle / "curves.png"], runtime="tflite-int8")


def test_a_file_that_is_there_is_replaced_only_when_asked(
    exported: ModelExportReport, command: Command, tmp_path: Path
) -> None:
    bundle = shutil.copytree(exported.out, tmp_path / "0001-simple")

    refused = command("export-model", bundle, "--to", "savedmodel,h5")
    done = command("export-model", bundle, "--to", "savedmodel,h5", "--overwrite")

    assert (refused.code, done.code) == (2, 0)
    assert "it is there already" in refused.err
    assert done.last_line == f"Next: labelprep predict {bundle} PHOTO_OR_FOLDER"


def test_an_unknown_format_is_refused_with_the_list(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'pickle' is no format of a network") as refused:
        export_model(ModelExportRequest(tmp_path, ("onnx,pickle",)), Silent())

    assert refused.value.fix == "name one of savedmodel, tflite, tflite-int8, onnx, keras, h5, or all"


def test_numbers_that_are_not_those_of_training_stop_the_export(trained: TrainReport, tmp_path: Path) -> None:
    bundle = shutil.copytree(trained.bundle, tmp_path / "0001-simple")
    parity = load_parity(bundle / "parity.npz", SHAPE, 2)
    changed = Parity(parity.pictures, parity.labels, parity.outputs[:, ::-1] + 0.001).as_bytes()
    (bundle / "parity.npz").write_bytes(changed)
    info = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    del info["files"]["parity.npz"]
    info["files"] = {"parity.npz": hashlib.sha256(changed).hexdigest(), **info["files"]}
    (bundle / "bundle.json").write_text(json.dumps(info), encoding="utf-8")

    with pytest.raises(TrainingError, match="from what it gave in training"):
        export_model(ModelExportRequest(bundle, ("savedmodel",), tmp_path / "out"), Silent())

    assert not (tmp_path / "out").exists()


def test_a_missing_extra_is_named() -> None:
    with pytest.raises(TrainingError) as missing:
        extra("no_such_runtime.part", "runtime", "This runtime")

    assert missing.value.where == "no_such_runtime"
    assert missing.value.fix == 'pip install "labelprep[runtime]"'


def test_agreement_counts_pictures_and_never_passes_what_is_no_number() -> None:
    expected = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]], np.float32)
    other = expected.copy()
    other[2] = 0.4, 0.6

    found = compared(other, expected, np.array([0, 1, 0, 0]))
    broken = compared(np.full_like(expected, np.nan), expected, np.array([0, 1, 0, 0]))

    assert (found.same_class, found.accuracy, found.keras_accuracy) == (0.75, 0.5, 0.75)
    assert (found.is_exact, found.is_as_good) == (False, True)
    assert not broken.is_exact


def test_places_are_spread_over_the_whole() -> None:
    assert [evenly(0, 4), evenly(3, 4), evenly(10, 4)] == [[], [0, 1, 2], [0, 3, 6, 9]]
