"""Which program computes a bundle's network: Keras, or a smaller one that needs no TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.errors import TrainingError, UsageError, shown
from labelprep.ml.runtimes import RUNTIMES, Likely, onnx_network, tflite_network
from labelprep.workflows.evaluating import shape_of
from labelprep.workflows.model_exporting import EXPORTS, FILES, digest_of, read_exports

if TYPE_CHECKING:
    from labelprep.ml.bundle import Bundle


def network_of(bundle: Bundle, runtime: str) -> Likely:
    """Return what turns ``(n, height, width, channels) uint8`` into ``(n, classes) float32``.

    Raises: UsageError for a runtime that is none; TrainingError where the bundle was not exported for it, its
    file is another than the one that was written, or the program is not installed.
    """
    if runtime not in RUNTIMES:
        raise UsageError(
            f"{shown(runtime)} runs no network", where="--runtime", fix=f"name one of {', '.join(RUNTIMES)}"
        )
    if runtime == "keras":
        from labelprep.ml.prediction import forward  # noqa: PLC0415 - loads TensorFlow

        shape = shape_of(bundle)
        return forward(bundle.load_network(), (shape.height, shape.width, shape.channels))
    path = bundle.path / FILES[runtime]
    written = read_exports(bundle.path / EXPORTS)
    known = written.get("exports", {}).get(runtime)
    if not isinstance(known, dict) or not path.is_file():
        raise TrainingError(
            f"the bundle holds no network for {runtime}",
            where=str(path),
            fix=f"labelprep export-model {bundle.path} --to {runtime}",
        )
    of_this = written.get("network_sha256") == bundle.info["files"].get("model.keras")
    if not of_this or digest_of(path) != known.get("sha256"):
        raise TrainingError(
            "this file is not the one that export-model wrote from this network",
            where=str(path),
            fix=f"labelprep export-model {bundle.path} --to {runtime} --overwrite",
        )
    return onnx_network(path) if runtime == "onnx" else tflite_network(path)
