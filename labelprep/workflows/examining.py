"""`doctor`: what this machine and this manifest have and lack, each with what to do about it."""

from __future__ import annotations

import locale
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from labelprep.errors import LabelprepError
from labelprep.manifest.places import cache_of, is_network_share
from labelprep.manifest.store import open_store
from labelprep.ml.backend import accelerators
from labelprep.workflows.cleaning import files_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labelprep.manifest.store import Store

OK, NOTE, PROBLEM = "ok", "note", "problem"
LOW_DISK_BYTES = 5 << 30
SYNCED = (
    "onedrive",
    "dropbox",
    "google drive",
    "googledrive",
    "icloud",
    "mobile documents",
    "nutstore",
    "坚果云",
    "baidunetdisk",
)
PACKAGES = ("labelprep", "numpy", "pillow", "pandas", "keras", "tensorflow", "simplejpeg", "pillow-heif")
OPTIONAL = {
    "pillow-heif": "HEIC photos are counted and named, not read: python -m pip install 'labelprep[heic]'"
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was looked at, how it stands, what was seen, what to do."""

    topic: str
    state: str
    seen: str
    advice: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the four fields."""
        return {"topic": self.topic, "state": self.state, "seen": self.seen, "advice": self.advice}


def examine(working: Path, manifest: Path | None) -> list[Finding]:
    """Look at the machine and, where there is one, at a manifest."""
    return [
        _python(),
        *_packages(),
        *_training(),
        _memory(),
        *_encodings(),
        *_place(working),
        *(_manifest(manifest) if manifest is not None else []),
    ]


def _python() -> Finding:
    system = f"{platform.system()} {platform.release()} ({platform.machine()})"
    return Finding("Python", OK, f"{platform.python_version()} on {system}, {sys.executable}")


def _packages() -> Iterator[Finding]:
    for name in PACKAGES:
        try:
            yield Finding(name, OK, version(name))
        except PackageNotFoundError:
            if name == "tensorflow":
                continue
            yield Finding(name, NOTE, "not installed", OPTIONAL.get(name, f"python -m pip install {name}"))


def _training() -> Iterator[Finding]:
    """Ask TensorFlow itself: only its import tells whether it works here."""
    try:
        found = accelerators()
    except LabelprepError as error:
        yield Finding("training", PROBLEM, error.problem, error.fix)
        return
    yield Finding("training", OK, f"TensorFlow {found.tensorflow} with Keras {found.keras}")
    if found.gpus:
        yield Finding("GPU", OK, ", ".join(found.gpus))
    else:
        yield Finding("GPU", NOTE, "none that TensorFlow uses: training runs on the CPU", found.reason)


def _memory() -> Finding:
    import psutil  # noqa: PLC0415 - only the doctor asks

    memory = psutil.virtual_memory()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Finding(
        "machine", OK, f"{cores} cores, {_size(memory.total)} of memory, {_size(memory.available)} free"
    )


def _encodings() -> Iterator[Finding]:
    preferred = locale.getpreferredencoding(do_setlocale=False)
    output = getattr(sys.stdout, "encoding", None) or "unknown"
    seen = f"files {preferred}, names {sys.getfilesystemencoding()}, output {output}"
    if output.casefold().replace("-", "") == "utf8":
        yield Finding("code page", OK, seen)
    else:
        yield Finding(
            "code page",
            NOTE,
            seen,
            "characters it lacks are shown as \\u escapes; `chcp 65001` or PYTHONUTF8=1 shows all",
        )


def _place(working: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(working).free
    state, advice = (
        (OK, "")
        if free > LOW_DISK_BYTES
        else (PROBLEM, "caches want some GB: free space, or work on another disk")
    )
    yield Finding("disk", state, f"{_size(free)} free at {working}", advice)
    if os.access(working, os.W_OK):
        yield Finding("write access", OK, str(working))
    else:
        yield Finding(
            "write access",
            PROBLEM,
            f"{working} cannot be written",
            "work in another folder, or name a manifest elsewhere with -m",
        )
    if is_network_share(working):
        yield Finding(
            "network share",
            NOTE,
            f"{working} lies on one",
            "slower, and one program at a time writes: keep the manifest on a local disk with -m",
        )
    synced = synced_by(working)
    if synced:
        yield Finding(
            "synchronised folder",
            NOTE,
            f"{working} lies in {synced}",
            "it may lock or move files while they are written: keep manifest and caches elsewhere with -m",
        )


def synced_by(folder: Path) -> str:
    """Return the part of a path that belongs to a synchronising service, or nothing."""
    return next((part for part in folder.parts if part.casefold().startswith(SYNCED)), "")


def _manifest(path: Path) -> Iterator[Finding]:
    try:
        with open_store(path, for_writing=False) as store:
            yield from _contents(path, store)
    except LabelprepError as error:
        yield Finding("manifest", PROBLEM, f"{error.where}: {error.problem}", error.fix)
    files = files_of(cache_of(path))
    yield Finding("caches", OK, f"{len(files):,} files, {_size(sum(file.stat().st_size for file in files))}")


def _contents(path: Path, store: Store) -> Iterator[Finding]:
    problem = store.connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != "ok":
        advice = "take it from a backup, or scan again with -m"
        yield Finding("manifest", PROBLEM, f"{path}: SQLite finds it damaged: {problem}", advice)
        return
    images = store.connection.execute("SELECT count(*) FROM image").fetchone()[0]
    yield Finding("manifest", OK, f"{path}, {images:,} images of {store.root}")
    for note in store.notes:
        yield Finding("manifest", NOTE, note)
    if not store.root.is_dir():
        yield Finding("images", PROBLEM, f"{store.root} is not there", "labelprep relocate DIR")


def _size(number: float) -> str:
    """Return bytes as a person reads them."""
    for unit in ("B", "KB", "MB", "GB"):
        if number < 1024:  # noqa: PLR2004 - the step between units
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TB"
