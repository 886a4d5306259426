"""A network in the formats of other programs, each loaded again to see what it gives.

Every format takes ``pictures``, ``(n, height, width, channels)`` of upright pixels in 0–255 (float32;
uint8 where the network computes in whole numbers), and gives ``probabilities``, ``(n, classes) float32``.

Source: https://keras.io/api/models/model_saving_apis/export/, https://ai.google.dev/edge/litert/conversion,
https://onnxruntime.ai/docs/tutorials/tf-get-started.html
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labelprep.errors import TrainingError
from labelprep.ml.backend import keras, tf, without_noise
from labelprep.ml.prediction import forward
from labelprep.ml.runtimes import Likely, extra, onnx_network, tflite_network
from labelprep.ml.saving import h5_bytes, keras_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.ml.backend import KerasModel, Tensor

OPSET = 17
_ENDPOINT = "serve"


def write_network(network: KerasModel, to: str, path: Path, calibration: np.ndarray | None) -> None:
    """Write a network as ``to`` says; SavedModel is a folder, all others files.

    ``calibration``: ``(n, height, width, channels) uint8`` training pictures, by which ``tflite-int8``
    learns the range of every layer.

    Raises: TrainingError where the format cannot hold this network, or its package is not installed.
    """
    with _quietly():
        if to == "savedmodel":
            _saved_model(network, path)
            return
        if to == "keras":
            content = keras_bytes(network)
        elif to == "h5":
            content = h5_bytes(network)
        elif to == "onnx":
            content = _onnx(network)
        else:
            content = _tflite(network, calibration if to == "tflite-int8" else None)
    path.write_bytes(content)


def load_again(to: str, path: Path) -> Likely:
    """Return what a written network gives for uint8 pictures, loaded as another program would.

    Raises: TrainingError where it cannot be loaded.
    """
    if to == "savedmodel":
        # It owns the weights: kept for as long as its function is.
        saved = tf.saved_model.load(str(path))
        return lambda pictures: np.asarray(
            getattr(saved, _ENDPOINT)(pictures.astype(np.float32))["probabilities"]
        )
    if to in {"keras", "h5"}:
        network = keras.saving.load_model(str(path), compile=False, safe_mode=True)
        return forward(network, network.input_shape[1:])
    if to == "onnx":
        return onnx_network(path)
    return tflite_network(path, _interpreter)


def _interpreter(**options: Any) -> Any:  # noqa: ANN401 - without type information
    """Return LiteRT's interpreter, or the older one in TensorFlow where LiteRT is not installed."""
    try:
        made_by = extra("ai_edge_litert.interpreter", "runtime", "LiteRT").Interpreter
    except TrainingError:
        made_by = tf.lite.Interpreter
    return made_by(**options)


def _saved_model(network: KerasModel, folder: Path) -> None:
    """Write a SavedModel with one endpoint, ``serve``."""
    archive = keras.export.ExportArchive()
    archive.track(network)
    signature = keras.InputSpec(shape=(None, *network.input_shape[1:]), dtype="float32", name="pictures")
    archive.add_endpoint(_ENDPOINT, lambda pictures: _named(network, pictures), input_signature=[signature])
    archive.write_out(str(folder), verbose=False)


def _named(network: KerasModel, pictures: Tensor) -> dict[str, Tensor]:
    # Always training=False: a model that begins with a preprocessing layer otherwise runs its batch
    # normalisation in training mode.
    return {"probabilities": network(pictures, training=False)}


def _onnx(network: KerasModel) -> bytes:
    """Return a network as ONNX; pictures stay (n, height, width, channels)."""
    converter = extra("tf2onnx", "export", "tf2onnx")
    signature = [tf.TensorSpec((None, *network.input_shape[1:]), tf.float32, name="pictures")]
    graph = tf.function(
        lambda pictures: _named(network, pictures), input_signature=signature, autograph=False
    )
    found, _ = converter.convert.from_function(graph, input_signature=signature, opset=OPSET)
    return bytes(found.SerializeToString())


def _tflite(network: KerasModel, calibration: np.ndarray | None) -> bytes:
    """Return a network for LiteRT: in float, or in whole numbers where calibration pictures are given."""
    with tempfile.TemporaryDirectory() as folder:
        # Through a SavedModel: a function converted alone keeps its weights outside the file.
        saved = Path(folder) / "network"
        _saved_model(network, saved)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved), signature_keys=[_ENDPOINT])
        if calibration is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: _one_by_one(calibration)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.uint8
        try:
            return bytes(converter.convert())
        except Exception as error:  # the converter's own class, or whatever its passes raise
            said = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise TrainingError(
                f"TensorFlow Lite cannot hold this network: {said}",
                where=str(network.name),
                fix="export to onnx or savedmodel",
            ) from error


def _one_by_one(pictures: np.ndarray) -> Iterator[list[np.ndarray]]:
    """Yield calibration pictures, one with a black and a white pixel, so that a pixel goes in as it is."""
    for number, picture in enumerate(pictures):
        shown = picture[None].astype(np.float32)
        if number == 0:
            shown[0, 0, 0], shown[0, -1, -1] = 0, 255
        yield [shown]


@contextmanager
def _quietly() -> Iterator[None]:
    """Hold back what converters tell a person who did not write them; errors come as exceptions."""
    loggers = [logging.getLogger(name) for name in ("absl", "tensorflow", "tf2onnx")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with without_noise(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
