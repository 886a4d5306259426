"""LabelMe files read by workers, which leave to this process what asks for the manifest.

Those are labels that lie apart, pictures inside the JSON and bytes of two readings: with the rest of their
batch they are read here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from labelprep.formats.base import ReadContext, Reading
from labelprep.formats.labelme_files import Pass, empty_reading
from labelprep.formats.reading_workers import AskedError, BatchSession, Workers, ask
from labelprep.pixels.engine import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labelprep.formats.base import Item
    from labelprep.formats.label_files import LabelFile, Notes

WORK: Final = "labelme"


def items(
    files: Iterator[LabelFile], context: ReadContext, encoding: str | None, reading: Reading
) -> Iterator[Item]:
    """Yield one item a file, in order; see `Pass.items`."""
    here = Pass(context, encoding, reading)
    options = {"root": str(context.root), "classes": list(context.classes), "encoding": encoding}
    with Workers(__name__) as workers:
        for batch, told in workers.answers(files, Work(WORK, options)):
            done: list[Item] = []
            if told is not None:
                done, facts, notes = told
                here.add(facts, notes)
                yield from done
            yield from map(here.item, batch[len(done) :])
    here.close()


class Session(BatchSession):
    """Reads batches in a worker."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take the root, the classes that are known, and the encoding that a person set."""
        self._context = ReadContext(Path(options["root"]), ask, tuple(options["classes"]))
        self._encoding = options["encoding"]

    def read(self, files: list[LabelFile]) -> tuple[list[Item], Reading, Notes]:
        """Return items, facts and notes of the files up to the first that asks for the manifest."""
        reading = empty_reading(self._encoding)
        here = Pass(self._context, self._encoding, reading)
        done: list[Item] = []
        try:
            for file in files:
                done.append(here.item(file))  # noqa: PERF401 - what was read before an error counts
        except AskedError:
            # The file has left half of its counts: what came before it is read again without it.
            return self.read(files[: len(done)])
        return done, reading, here.notes


WORKS: Final[dict[str, Callable[[dict[str, Any]], Session]]] = {WORK: Session}
"""What `labelprep.pixels.worker` is to know besides its own works."""
