"""Running a network without TensorFlow: by ONNX Runtime or LiteRT, from a file that export-model wrote.

Neither runs code from a file: both know only the operators that they bring.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from labelprep.errors import TrainingError
from labelprep.ml.backend import without_noise

if TYPE_CHECKING:
    from pathlib import Path

Likely = Callable[[np.ndarray], np.ndarray]

RUNTIMES = ("keras", "onnx", "tflite", "tflite-int8")


def onnx_network(path: Path) -> Likely:
    """Return what turns ``(n, height, width, channels)`` pictures into ``(n, classes) float32``.

    Raises: TrainingError where ONNX Runtime is not installed, or the file is none for it.
    """
    runtime = extra("onnxruntime", "runtime", "ONNX Runtime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    try:
        # As bytes: libraries in C are not sure of a non-ASCII path.
        session = runtime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common class of their own
        raise _unusable(path, error) from error
    name = session.get_inputs()[0].name
    return lambda pictures: np.asarray(session.run(None, {name: pictures.astype(np.float32)})[0])


def tflite_network(path: Path, make: Callable[..., Any] | None = None) -> Likely:
    """Return the same from a TensorFlow Lite file, in float or in whole numbers.

    ``make`` makes an interpreter; LiteRT's by default.

    Raises: TrainingError where LiteRT is not installed, or the file is none for it.
    """
    make = make or extra("ai_edge_litert.interpreter", "runtime", "LiteRT").Interpreter
    try:
        with without_noise(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            interpreter = make(model_content=path.read_bytes())
            interpreter.allocate_tensors()
    except (OSError, ValueError, RuntimeError) as error:
        raise _unusable(path, error) from error
    given, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def likely(pictures: np.ndarray) -> np.ndarray:
        if len(pictures) != interpreter.get_input_details()[0]["shape"][0]:
            with without_noise():
                interpreter.resize_tensor_input(given["index"], pictures.shape)
                interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], np.ascontiguousarray(pictures, given["dtype"]))
        interpreter.invoke()
        return np.array(interpreter.get_tensor(result["index"]), np.float32)

    return likely


def extra(module: str, group: str, name: str) -> Any:  # noqa: ANN401 - a module without type information
    """Import a module that an optional package brings.

    Raises: TrainingError naming what to install.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except ImportError as error:
        raise TrainingError(
            f"{name} cannot be imported: {error}",
            where=module.partition(".")[0],
            fix=f'pip install "labelprep[{group}]"',
        ) from error


def _unusable(path: Path, error: Exception) -> TrainingError:
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return TrainingError(f"the network cannot be loaded: {said}", where=str(path), fix="export it again")
