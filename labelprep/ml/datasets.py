"""The small data sets that Keras knows how to fetch, as arrays.

Keras fetches into a folder of its own and takes a file that already lies there. It deletes such a file
when its checksum is another and the new one cannot be fetched; so a file that is there is looked at
here first, and Keras is asked only where it will not touch it.

Source: https://keras.io/api/datasets/
"""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from labelprep.errors import TrainingError
from labelprep.formats.arrays import Arrays, checked_part, read_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS_WITHOUT_ANSWER = 30.0


@dataclass(frozen=True, slots=True)
class Cached:
    """Where Keras looks for a data set before it fetches it, below its cache folder.

    ``sha256`` is that of the one file Keras accepts there, where it checks.
    """

    files: tuple[str, ...]
    sha256: str = ""


CACHED = {
    "mnist": Cached(("mnist.npz",)),
    "fashion_mnist": Cached(
        tuple(
            f"fashion-mnist/{part}-{kind}-ubyte.gz"
            for part in ("train", "t10k")
            for kind in ("images-idx3", "labels-idx1")
        )
    ),
    "cifar10": Cached(
        ("cifar-10-batches-py-target_archive",),
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    ),
}


def cache_folder() -> Path:
    """Return the folder in which Keras keeps data sets: below ``KERAS_HOME``, else ``~/.keras``."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "datasets"


def load_dataset(name: str) -> Arrays:
    """Return a data set of ``CACHED`` from Keras's cache folder, or fetched into it.

    Raises: TrainingError where it cannot be fetched, naming the file to put there by hand; SourceError
    where the ``mnist.npz`` that lies there is not one.
    """
    cached = CACHED[name]
    places = [cache_folder() / file for file in cached.files]
    if name == "mnist" and places[0].exists():
        return read_arrays(places[0])
    _refuse_what_keras_would_delete(places[0], cached.sha256)

    from labelprep.ml.backend import keras  # noqa: PLC0415 - loads TensorFlow, which mnist.npz does without

    loader = getattr(keras.datasets, name)
    try:
        with _fetching():
            (x_train, y_train), (x_test, y_test) = loader.load_data()
    except Exception as error:
        # Keras raises a bare Exception when it cannot fetch; any other unforeseen kind is a bug to see.
        if type(error) is not Exception and not isinstance(error, (OSError, ValueError, EOFError)):
            raise
        raise _not_to_be_had(name, places, error) from error
    where = f"{places[0].parent}:{{}}"
    return Arrays(
        checked_part(x_train, y_train, where=f"{where}_train"),
        checked_part(x_test, y_test, where=f"{where}_test"),
    )


def _refuse_what_keras_would_delete(place: Path, sha256: str) -> None:
    """Raise TrainingError where a file lies in the cache that is not the one Keras expects."""
    if not sha256 or not place.exists():
        return
    with place.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise TrainingError(
            f"this is not the file Keras expects there (sha256 {found[:12]}…, not {sha256[:12]}…)",
            where=str(place),
            fix="move it away to have it fetched again, or give the arrays with --from FILE.npz",
        )


@contextmanager
def _fetching() -> Iterator[None]:
    """Keep Keras's talk off stdout, where a result may be printed, and give up on a silent server."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SECONDS_WITHOUT_ANSWER)
    try:
        with redirect_stdout(sys.stderr if sys.stderr.isatty() else StringIO()):
            yield
    finally:
        socket.setdefaulttimeout(before)


def _not_to_be_had(name: str, places: list[Path], error: Exception) -> TrainingError:
    missing = [str(place) for place in places if not place.exists()]
    if not missing:
        return TrainingError(
            f"Keras cannot read the {name} files there: {error}",
            where=str(places[0].parent),
            fix="delete them to have them fetched again, or give the arrays with --from FILE.npz",
        )
    return TrainingError(
        f"the data set is not in Keras's cache and cannot be fetched: {error}",
        where=name,
        fix=f"fetch it on another machine and put it at {' and '.join(missing)}, or give --from FILE.npz",
    )
