"""Label files read by worker processes, where there are enough of them to make up for the start.

::

    files ──batches──▶ workers: a session reads each ──answers──▶ in the order of the files

A worker knows nothing of the manifest. Where a file asks whether a text names an image, the worker leaves it
to this process, which also reads what a worker was lost over. So what is read never depends on how many
workers there are, nor on whether there are any.
"""

from __future__ import annotations

import pickle
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, TypeVar

from labelprep.formats.label_files import LabelFile
from labelprep.pixels.cores import usable_cores
from labelprep.pixels.engine import Batch, LocalEngine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from labelprep.pixels.engine import Work

Item = TypeVar("Item")

BATCH_FILES: Final = 100
ENOUGH_FILES: Final = 3_000


class AskedError(Exception):
    """A file asks what only the manifest can tell."""


def ask(_: str) -> NoReturn:
    """Stand in a worker for what tells whether a text names an image."""
    raise AskedError


class BatchSession:
    """Reads batches of files in a worker: `read` is what a format has of its own."""

    def read(self, files: list[LabelFile]) -> Any:  # noqa: ANN401 - by format, and pickled
        """Return what some files say."""
        raise NotImplementedError

    def do(self, item: list[list[Any]]) -> tuple[dict[str, Any], bytes]:
        """Return what the files of a batch say, as a payload."""
        return {}, pickle.dumps(self.read([LabelFile(*file) for file in item]), pickle.HIGHEST_PROTOCOL)

    def finish(self, values: list[dict[str, Any]]) -> None:
        """Do nothing: nothing was written."""

    def close(self) -> None:
        """Do nothing: nothing is open."""


class Workers:
    """The workers of one source: none before there are enough files, the same ones for every round."""

    def __init__(self, works: str) -> None:
        """Take the module whose ``WORKS`` are the sessions."""
        self._works = works
        self._engine: LocalEngine | None = None

    def __enter__(self) -> Self:
        """Return itself; the workers end with the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the workers."""
        if self._engine is not None:
            self._engine.close()

    def answers(self, files: Iterable[LabelFile], work: Work) -> Iterator[tuple[list[LabelFile], Any]]:
        """Yield each batch of files, in order, with what a worker says of it.

        That is None where this process is to read it: of few files all, else what a worker was lost over.
        """
        following = iter(files)
        first = list(islice(following, ENOUGH_FILES))
        files = chain(first, following)
        if len(first) < ENOUGH_FILES or usable_cores() == 1:
            while batch := list(islice(files, BATCH_FILES)):
                yield batch, None
            return
        if self._engine is None:
            self._engine = LocalEngine(works=self._works)
        yield from in_order(self._engine, _parts(files), work)


def in_order(engine: LocalEngine, items: Iterable[Item], work: Work) -> Iterator[tuple[Item, Any]]:
    """Yield each item (a JSON value), in order, with what a worker says of it; None where it was lost."""
    waiting: dict[int, Item] = {}
    answers: dict[int, Any] = {}
    following = 0
    for result in engine.run(_batches(items, waiting), work):
        payload = result.results[0].payload
        answers[result.number] = pickle.loads(payload) if payload else None  # noqa: S301 - our own worker wrote it
        while following in answers:
            yield waiting.pop(following), answers.pop(following)
            following += 1


def _parts(files: Iterator[LabelFile]) -> Iterator[list[LabelFile]]:
    while part := list(islice(files, BATCH_FILES)):
        yield part


def _batches(items: Iterable[Item], waiting: dict[int, Item]) -> Iterator[Batch]:
    """Yield batches of one item; ``waiting`` keeps the items until they are read."""
    for number, item in enumerate(items):
        waiting[number] = item
        yield Batch(number, [item])
