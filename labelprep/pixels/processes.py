"""One worker process as the engine sees it: started, spoken to, timed, watched and killed."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import psutil

from labelprep.errors import PixelsError
from labelprep.pixels.pipes import read_frame, write_frame

START_SECONDS: Final = 120.0
WATCH_SECONDS: Final = 0.2
STDERR_BYTES: Final = 4000
KEPT_BLOCK_BYTES: Final = 32 << 20
KEPT_BYTES: Final = 128 << 20
_SITE_FOLDERS: Final = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True, slots=True)
class Frame:
    """One answer of a worker."""

    header: dict[str, Any]
    payload: bytes


@dataclass(frozen=True, slots=True)
class Loss:
    """A worker that is no more: ``status`` and ``problem`` for the file it was on."""

    status: str
    problem: str


class WorkerProcess:
    """A running worker; one thread reads its answers, so that waiting for them can be timed anywhere."""

    def __init__(self, *, item_seconds: float, memory_bytes: int, works: str) -> None:
        """Start the process and wait until it is ready.

        Raises:
            PixelsError: it cannot be started, with what it said.

        """
        self._item_seconds = item_seconds
        self._memory_bytes = memory_bytes
        if not sys.executable:
            raise PixelsError(
                "no worker can be started: sys.executable is empty", fix="run labelprep with python"
            )
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by kill
        self._process = self._start(works)
        self._answers: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._await_ready()

    def _start(self, works: str) -> subprocess.Popen[bytes]:
        """Start the interpreter that runs this one."""
        command = [
            sys.executable,
            # Without -P a file numpy.py in the user's folder would be imported.
            "-P",
            "-m",
            "labelprep.pixels.worker",
            f"--memory={self._memory_bytes}",
            f"--seconds={self._item_seconds}",
            *([f"--works={works}"] if works else []),
        ]
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=worker_environment(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            self._errors.close()
            raise PixelsError(
                f"no worker can be started: {error.strerror or error}",
                where=sys.executable,
                fix="labelprep doctor",
            ) from error

    def _await_ready(self) -> None:
        """Wait for the first frame, which says that all imports went well."""
        try:
            first = self._answers.get(timeout=START_SECONDS)
        except queue.Empty:
            first = None
        if first is not None:
            return
        self._process.kill()
        self._process.wait()
        self._errors.seek(0)
        said = self._errors.read()[-STDERR_BYTES:].decode("utf-8", "replace").strip()
        self.kill()
        raise PixelsError(
            f"a worker did not start: {said or 'it said nothing'}",
            where=sys.executable,
            fix="labelprep doctor",
        )

    def send(self, header: dict[str, Any]) -> bool:
        """Hand a batch to the worker; False where it is gone."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        try:
            write_frame(self._process.stdin, header)  # type: ignore[arg-type]
        except (OSError, ValueError):
            return False
        return True

    def receive(self) -> Frame | Loss:
        """Wait for the next answer, as long as one item may take and while memory stays in bounds."""
        deadline = time.monotonic() + self._item_seconds
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                self.kill()
                return Loss("corrupt", f"no answer within {self._item_seconds:g} s")
            try:
                frame = self._answers.get(timeout=min(left, WATCH_SECONDS))
            except queue.Empty:
                if self._is_over_memory():
                    self.kill()
                    return Loss("too_large", f"needs more than {self._memory_bytes:,} bytes of memory")
                continue
            return frame if frame is not None else self._loss()

    def _is_over_memory(self) -> bool:
        """Say whether the process holds more memory than it may: the bound where the system has none."""
        try:
            return bool(psutil.Process(self._process.pid).memory_info().rss > self._memory_bytes > 0)
        except psutil.Error:
            return False

    def _loss(self) -> Loss:
        """Say how the process ended."""
        code = self._process.wait()
        how = f"exit code {code}" if code >= 0 else f"signal {_signal_name(-code)}"
        return Loss("corrupt", f"the decoder crashed on this file ({how})")

    def _read(self) -> None:
        """Queue every answer, and None once there are no more."""
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        while (frame := read_frame(self._process.stdout)) is not None:  # type: ignore[arg-type]
            self._answers.put(Frame(*frame))
        self._answers.put(None)

    def kill(self) -> None:
        """End the process now and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                _close_quietly(pipe)
        self._errors.close()


def _close_quietly(pipe: IO[bytes]) -> None:
    """Close a pipe whose other end may be gone with unsent bytes."""
    try:
        pipe.close()
    except OSError:
        return


def _signal_name(number: int) -> str:
    """Return SIGSEGV for 11, the number where it has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def worker_environment() -> dict[str, str]:
    """Return the environment of a worker: one thread each, and the same labelprep as here."""
    environment = dict(os.environ)
    environment["OPENBLAS_NUM_THREADS"] = environment["OMP_NUM_THREADS"] = "1"
    # Pictures come and go: memory that glibc gives back after each has to be mapped anew for the next.
    environment.setdefault("MALLOC_MMAP_THRESHOLD_", str(KEPT_BLOCK_BYTES))
    environment.setdefault("MALLOC_TRIM_THRESHOLD_", str(KEPT_BYTES))
    parent = Path(__file__).resolve().parents[2]
    if parent.name not in _SITE_FOLDERS:
        # A checkout is not on the path of a new interpreter; site-packages is, and must not come before
        # the standard library.
        environment["PYTHONPATH"] = os.pathsep.join(
            part for part in (str(parent), environment.get("PYTHONPATH", "")) if part
        )
    return environment
