from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from labelprep.errors import TrainingError
from labelprep.ml import backend
from labelprep.ml.backend import accelerators


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a new Python."""
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
        encoding="utf-8",
    )


def test_without_tensorflow_the_error_says_what_to_do() -> None:
    program = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "from labelprep.errors import TrainingError\n"
        "try:\n    import labelprep.ml.batches\n"
        "except TrainingError as error:\n    print(error.problem, error.fix, sep='\\n')"
    )

    done = run(program)

    problem, fix = done.stdout.splitlines()
    assert problem.startswith("TensorFlow cannot be imported: ")
    assert fix.endswith("-m pip install --force-reinstall tensorflow keras")


@pytest.mark.parametrize(
    ("system", "machine", "problem"),
    [
        ("Darwin", "x86_64", "TensorFlow has no packages for Macs with an Intel processor any more"),
        ("Windows", "ARM64", "TensorFlow has no packages for Windows on ARM"),
        ("Linux", "riscv64", "TensorFlow cannot be imported: No module named 'tensorflow'"),
    ],
)
def test_the_reason_is_that_of_the_platform(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, problem: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)

    error = backend._missing(ImportError("No module named 'tensorflow'"))

    assert isinstance(error, TrainingError)
    assert error.problem == problem


def test_keras_on_another_backend_is_refused() -> None:
    class OtherKeras:
        class config:  # noqa: N801 - stands for keras.config
            @staticmethod
            def backend() -> str:
                return "jax"

    with pytest.raises(TrainingError, match="Keras runs on 'jax' here, labelprep needs it on TensorFlow"):
        backend._require_tensorflow_backend(OtherKeras)


def test_noise_of_the_start_is_dropped_and_other_words_pass(capfd: pytest.CaptureFixture[str]) -> None:
    with backend.without_noise():
        os.write(
            2, b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
        )
        os.write(
            2, b"I0000 00:00:1.2    3708 cudart_stub.cc:31] Could not find cuda drivers on your machine.\n"
        )
        os.write(2, b"I0000 00:00:1.2    3708 port.cc:153] oneDNN custom operations are on.\n")
        os.write(2, b"Illegal instruction in libtensorflow\n")

    assert capfd.readouterr().err == "Illegal instruction in libtensorflow\n"


def test_a_name_the_backend_does_not_have_is_an_ordinary_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'labelprep\.ml\.backend' has no attribute 'torch'"):
        _ = backend.torch


def test_accelerators_are_gpus_or_a_reason() -> None:
    found = accelerators()

    assert bool(found.gpus) != bool(found.reason)
    assert found.tensorflow.startswith("2.")
    assert found.keras.startswith("3.")


@pytest.mark.parametrize(
    ("system", "cuda_build", "reason"),
    [
        (
            "Windows",
            False,
            "TensorFlow has no GPU support on native Windows since 2.11: use WSL2, or train on the processor",
        ),
        ("Darwin", False, "TensorFlow's package for macOS trains on the processor"),
        ("Linux", False, "this build of TensorFlow has no GPU support"),
    ],
)
def test_why_there_is_no_gpu(
    monkeypatch: pytest.MonkeyPatch, system: str, *, cuda_build: bool, reason: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)

    assert backend._why_no_gpu(cuda_build=cuda_build) == reason
