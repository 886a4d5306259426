"""The boxes of a large COCO file parsed by worker processes, a part of the file each.

::

    …, {…}, {…} │ , {…}, {…}, … {…} │ , {…}, …          cut between two objects; a worker takes each part

Where a part is cut wrongly (inside a text, or a list in an annotation) it is no list of values, nor is one in
which the annotations end: what follows is read here, as all is of a file that is not large. A part that has
more than plain boxes is read here too. So what is read never depends on workers.
"""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from labelprep.formats.coco_boxes import Packed, packed_all
from labelprep.formats.json_offers import Window
from labelprep.formats.reading_workers import BatchSession, in_order
from labelprep.pixels.cores import usable_cores
from labelprep.pixels.engine import LocalEngine, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

ENOUGH_BYTES: Final = 40 << 20
"""What is left of a file has to make up for the start of workers."""
PART_BYTES: Final = 1 << 20
NEAR_BYTES: Final = 1 << 16
MOST_LEFT: Final = 3
"""After so many parts that were left one after the other, no more are handed out."""
WORK: Final = "coco boxes"

_BORDER = re.compile(rb"\}[ \t\r\n]*,[ \t\r\n]*\{")
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
_SCAN: Final = json.JSONDecoder().raw_decode


class Answer(NamedTuple):
    """What a worker says of a part: its boxes where there is nothing else, where its lines end."""

    boxes: Packed | None
    is_list: bool
    lines: int = 0
    column: int = 0


def windows(path: Path, take: Callable[[Packed], None], start: int) -> Iterator[Window]:
    """Yield what follows the byte behind an annotation, the boxes taken, as long as most parts are boxes.

    Raises: OSError; PixelsError where no worker can be started.
    """
    size = path.stat().st_size
    if size - start < ENOUGH_BYTES or usable_cores() == 1:
        return
    left = 0
    with LocalEngine(works=__name__) as engine, path.open("rb") as file:
        parts = _parts(file, start, size)
        for (begin, end), answer in in_order(engine, parts, Work(WORK, {"path": str(path)})):
            known = answer or answer_of(_read(path, begin, end))
            if not known.is_list or left == MOST_LEFT:
                return
            if known.boxes is None:
                left += 1
                rest = _values(_read(path, begin, end))
                yield Window(end, 0, rest, known.lines, known.column)
            else:
                left = 0
                take(known.boxes)
                yield Window(end, len(known.boxes.ids), [], known.lines, known.column)


def answer_of(data: bytes) -> Answer:
    """Return what a part of a file holds: a comma, and objects that follow each other."""
    text = data.decode("ascii", "replace")
    comma = _COMMA.match(text)
    if comma is None or not data.isascii():
        return Answer(None, is_list=False)
    text = text[comma.end() :]
    try:
        values = json.loads(f"[{text}]")
    except (ValueError, RecursionError):
        return Answer(None, is_list=False)
    return Answer(packed_all(values, text), is_list=True, lines=data.count(b"\n"), column=_column(data))


def _column(data: bytes) -> int:
    return len(data) - data.rfind(b"\n") - 1


def _values(data: bytes) -> list[tuple[Any, str]]:
    """Return the values of a part that is a list of them, each with its text."""
    text, found, end = data.decode("ascii"), [], 0
    while comma := _COMMA.match(text, end):
        start = comma.end()
        value, end = _SCAN(text, start)
        found.append((value, text[start:end]))
    return found


def _read(path: Path, begin: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(begin)
        return file.read(end - begin)


def _parts(file: BinaryIO, start: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield where parts begin and end: behind an object that another follows."""
    while start + PART_BYTES < size:
        file.seek(start + PART_BYTES)
        border = _BORDER.search(file.read(NEAR_BYTES))
        if border is None:
            return
        end = start + PART_BYTES + border.start() + 1
        yield start, end
        start = end


class Packing(BatchSession):
    """Packs the boxes of parts of a file in a worker."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take the file."""
        self._path = options["path"]

    def do(self, item: Sequence[Any]) -> tuple[dict[str, Any], bytes]:
        """Return the answer for a part, given where it begins and ends, as a payload."""
        begin, end = item
        return {}, pickle.dumps(answer_of(_read(Path(self._path), begin, end)), pickle.HIGHEST_PROTOCOL)


WORKS: Final[dict[str, Callable[[dict[str, Any]], BatchSession]]] = {WORK: Packing}
"""What `labelprep.pixels.worker` is to know besides its own works."""
