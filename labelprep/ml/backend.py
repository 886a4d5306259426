"""The one place where TensorFlow and Keras are imported: ``from labelprep.ml.backend import keras, tf``.

They load when first asked for, quietly, or a ``TrainingError`` says why this machine has none.
"""

from __future__ import annotations

import importlib
import os
import platform
import re
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelprep.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    # Keeps errors of TensorFlow's C++ side quiet too: without a GPU it reports a failed call to CUDA as
    # one. What matters also arrives as a Python exception.
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # Keeps the memory of one training step for the next. Without it every step asks the kernel for
    # fresh pages: measured on Linux, a third to a half of the time of a step.
    "TF_CPU_ALLOCATOR_USE_BFC": "1",
}

# Written before TensorFlow reads its log level, whatever that is.
_NOISE = re.compile(
    rb"^(WARNING: All log messages before absl::InitializeLog\(\)"
    rb"|[IWE]\d{4} .*(cudart_stub|port\.cc|cpu_feature_guard|cuda_platform|computation_placer"
    rb"|cuda_(dnn|fft|blas)|tf_tfl_flatbuffer_helpers|mlir_graph_optimization_pass|loader|reader|merge"
    rb"|devices|single_machine|signature_def_util|quantization_config))"
    rb"|^INFO: (Created TensorFlow Lite|Initialized TensorFlow Lite)|^fully_quantize: "
    rb"|^To enable the following instructions: "
)
_STDERR = 2

# TensorFlow and Keras have no type information: these say at least what is meant.
Tensor = Any
Dataset = Any
KerasModel = Any
KerasOptimizer = Any


def __getattr__(name: str) -> Any:  # noqa: ANN401 - modules without type information
    """Import TensorFlow and Keras when ``tf`` or ``keras`` is first asked for.

    Raises:
        TrainingError: TensorFlow is not installed, cannot be loaded, or Keras runs on another backend.
    """
    if name not in {"tf", "keras"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for variable, value in _ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    try:
        with without_noise():
            globals()["tf"] = importlib.import_module("tensorflow")
            globals()["keras"] = importlib.import_module("keras")
    except ImportError as error:
        raise _missing(error) from error
    _require_tensorflow_backend(globals()["keras"])
    return globals()[name]


@contextmanager
def without_noise() -> Iterator[None]:
    """Hold back what native code writes to stderr meanwhile; pass on all but the known noise."""
    try:
        kept = os.dup(_STDERR)
    except OSError:  # a program without a stderr (pythonw) has nothing to keep clean
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            held.seek(0)
            rest = b"".join(line for line in held if not _NOISE.match(line))
            if rest.strip():
                os.write(_STDERR, rest)


def _missing(error: ImportError) -> TrainingError:
    """Return why TensorFlow is not here, for this platform."""
    system, machine = platform.system(), platform.machine().lower()
    fix = "everything but training and predicting works; train on another machine or in the cloud"
    if system == "Darwin" and machine == "x86_64":
        problem = "TensorFlow has no packages for Macs with an Intel processor any more"
    elif system == "Windows" and machine != "amd64":
        problem = "TensorFlow has no packages for Windows on ARM"
        fix = "install the x64 Python from python.org, which Windows on ARM can run; " + fix
    else:
        problem = f"TensorFlow cannot be imported: {error}"
        fix = f"run: {Path(sys.executable).name} -m pip install --force-reinstall tensorflow keras"
    return TrainingError(problem, where=f"Python {platform.python_version()} on {system} {machine}", fix=fix)


def _require_tensorflow_backend(keras: Any) -> None:  # noqa: ANN401 - a module without type information
    """Refuse a Keras that was started on JAX or PyTorch: the feed and the training step are TensorFlow's."""
    used = keras.config.backend()
    if used != "tensorflow":
        raise TrainingError(
            f"Keras runs on {used!r} here, labelprep needs it on TensorFlow",
            where="KERAS_BACKEND",
            fix='set the environment variable KERAS_BACKEND to "tensorflow" before keras is imported',
        )


@dataclass(frozen=True)
class Accelerators:
    """What trains on this machine: versions, the GPUs TensorFlow sees, and why it sees none."""

    tensorflow: str
    keras: str
    gpus: list[str] = field(default_factory=list)
    reason: str = ""


def accelerators() -> Accelerators:
    """Return TensorFlow's and Keras's version and the GPUs, or the reason there is none.

    Raises:
        TrainingError: TensorFlow is not installed or cannot be loaded.
    """
    from labelprep.ml.backend import keras, tf  # noqa: PLC0415 - loads TensorFlow

    devices = tf.config.list_physical_devices("GPU")
    names = [
        str(tf.config.experimental.get_device_details(device).get("device_name", device.name))
        for device in devices
    ]
    reason = "" if names else _why_no_gpu(cuda_build=bool(tf.test.is_built_with_cuda()))
    return Accelerators(str(tf.__version__), str(keras.__version__), names, reason)


def _why_no_gpu(*, cuda_build: bool) -> str:
    """Return the most likely reason that TensorFlow sees no GPU."""
    system = platform.system()
    if system == "Windows":
        return (
            "TensorFlow has no GPU support on native Windows since 2.11: use WSL2, or train on the processor"
        )
    if system == "Darwin":
        return "TensorFlow's package for macOS trains on the processor"
    if not cuda_build:
        return "this build of TensorFlow has no GPU support"
    if not Path("/proc/driver/nvidia/version").exists() and not Path("/dev/dxg").exists():
        return "no NVIDIA driver is loaded"
    return 'the CUDA libraries are missing or do not fit: run pip install "tensorflow[and-cuda]"'
