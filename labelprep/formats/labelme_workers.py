"""LabelMe files read by worker processes, where there are enough of them to make up for the start.

::

    files ──batches──▶ workers: a `Pass` over each ──items, facts, notes──▶ in the order of the files

A worker knows nothing of the manifest. Where a file asks whether a text names an image (labels that lie
apart, pictures inside the JSON, bytes of two readings), the worker leaves it, with the rest of its batch, to
this process, which also reads what a worker was lost over.
"""

from __future__ import annotations

import pickle
from dataclasses import astuple
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from labelprep.formats.base import ReadContext, Reading
from labelprep.formats.label_files import LabelFile, Notes
from labelprep.formats.labelme_files import Pass, empty_reading
from labelprep.pixels.cores import usable_cores
from labelprep.pixels.engine import Batch, LocalEngine, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from labelprep.formats.base import Item

WORK: Final = "labelme"
BATCH_FILES: Final = 100
ENOUGH_FILES: Final = 3_000

_Told = tuple[list["Item"], Reading, Notes]


def items(
    files: Iterator[LabelFile], context: ReadContext, encoding: str | None, reading: Reading
) -> Iterator[Item]:
    """Yield one item a file, in order; see `Pass.items`."""
    here = Pass(context, encoding, reading)
    first = list(islice(files, ENOUGH_FILES))
    if len(first) < ENOUGH_FILES or usable_cores() == 1:
        yield from here.items(chain(first, files))
        return
    options = {"root": str(context.root), "classes": list(context.classes), "encoding": encoding}
    for batch, told in _told(chain(first, files), Work(WORK, options)):
        done: list[Item] = []
        if told is not None:
            done, facts, notes = told
            here.add(facts, notes)
            yield from done
        yield from map(here.item, batch[len(done) :])
    here.close()


def _told(files: Iterable[LabelFile], work: Work) -> Iterator[tuple[list[LabelFile], _Told | None]]:
    """Yield each batch of files, in order, with what a worker says of it; None where it was lost over it."""
    waiting: dict[int, list[LabelFile]] = {}
    answers: dict[int, _Told | None] = {}
    following = 0
    with LocalEngine(works=__name__) as engine:
        for result in engine.run(_batches(iter(files), waiting), work):
            payload = result.results[0].payload
            answers[result.number] = pickle.loads(payload) if payload else None  # noqa: S301 - our own worker wrote it
            while following in answers:
                yield waiting.pop(following), answers.pop(following)
                following += 1


def _batches(files: Iterator[LabelFile], waiting: dict[int, list[LabelFile]]) -> Iterator[Batch]:
    """Yield the files in batches of one item; ``waiting`` keeps them until they are read."""
    number = 0
    while batch := list(islice(files, BATCH_FILES)):
        waiting[number] = batch
        yield Batch(number, [[astuple(file) for file in batch]])
        number += 1


class _AskedError(Exception):
    """A file asks what only the manifest can tell."""


def _ask(_: str) -> bool:
    raise _AskedError


class Session:
    """Reads batches in a worker."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take the root, the classes that are known, and the encoding that a person set."""
        self._context = ReadContext(Path(options["root"]), _ask, tuple(options["classes"]))
        self._encoding = options["encoding"]

    def do(self, item: list[list[Any]]) -> tuple[dict[str, Any], bytes]:
        """Return what the files say, as a payload: up to the first that asks for the manifest."""
        return {}, pickle.dumps(self._read([LabelFile(*file) for file in item]))

    def _read(self, files: list[LabelFile]) -> _Told:
        reading = empty_reading(self._encoding)
        here = Pass(self._context, self._encoding, reading)
        done: list[Item] = []
        try:
            for file in files:
                done.append(here.item(file))  # noqa: PERF401 - what was read before an error counts
        except _AskedError:
            # The file has left half of its counts: what came before it is read again without it.
            return self._read(files[: len(done)])
        return done, reading, here.notes

    def finish(self, values: list[dict[str, Any]]) -> None:
        """Do nothing: nothing was written."""

    def close(self) -> None:
        """Do nothing: nothing is open."""


WORKS: Final[dict[str, Callable[[dict[str, Any]], Session]]] = {WORK: Session}
"""What `labelprep.pixels.worker` is to know besides its own works."""
