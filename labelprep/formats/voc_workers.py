"""VOC files read by workers: one round for how the set counts its pixels, a second for the objects."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NoReturn

from labelprep.formats import xml_files
from labelprep.formats.json_files import NotReadableError
from labelprep.formats.reading_workers import AskedError, BatchSession
from labelprep.formats.voc_counting import Counting, Evidence
from labelprep.formats.voc_documents import glanced, read_bytes
from labelprep.formats.voc_reading import FileReader, boxes_of
from labelprep.pixels.engine import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from xml.etree.ElementTree import Element

    from labelprep.formats.label_files import LabelFile
    from labelprep.formats.voc_reading import Said

LOOK: Final = "voc look"
READ: Final = "voc read"


def look(files: Iterable[LabelFile], encoding: str | None) -> tuple[Evidence, Counter[str]]:
    """Return the evidence of the boxes of some files, and how often each encoding is certain.

    What is wrong with a file comes later. ``encoding`` was set by a person.
    """
    evidence, sure = Evidence(), Counter[str]()
    for file in files:
        try:
            data = read_bytes(file.path)
            seen = glanced(data)
            readings = [] if seen and data.isascii() else xml_files.readings(data, encoding)
            boxes, size_wh = seen or boxes_of(xml_files.parsed(readings[0].text))
        except NotReadableError:
            continue
        if len(readings) == 1 and not data.isascii():
            sure[readings[0].encoding] += 1
        for box in boxes:
            evidence.add(box, size_wh)
    return evidence, sure


def to_look(encoding: str | None) -> Work:
    """Return the work of the first round."""
    return Work(LOOK, {"encoding": encoding})


def to_read(root: str, encoding: str | None, counting: Counting) -> Work:
    """Return the work of the second round; see `FileReader`."""
    how = {"first": counting.first, "inclusive": counting.inclusive}
    return Work(READ, {"root": root, "encoding": encoding, "counting": how})


class Looking(BatchSession):
    """The first round in a worker."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take the encoding that a person set."""
        self._encoding = options["encoding"]

    def read(self, files: list[LabelFile]) -> tuple[Evidence, Counter[str]]:
        """Return what `look` does."""
        return look(files, self._encoding)


class Reading(BatchSession):
    """The second round in a worker."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take root, encoding and counting."""
        counting = Counting(**options["counting"])
        self._reader = FileReader(options["root"], options["encoding"], counting, _ask)

    def read(self, files: list[LabelFile]) -> list[Said | None]:
        """Return what each file says, None where that takes the manifest."""
        return [self._said(file) for file in files]

    def _said(self, file: LabelFile) -> Said | None:
        try:
            return self._reader.read(file)
        except AskedError:
            return None


def _ask(_: list[Element], __: list[str]) -> NoReturn:
    """Leave a file of two readings to the process that knows the manifest."""
    raise AskedError


WORKS: Final[dict[str, Callable[[dict[str, Any]], BatchSession]]] = {LOOK: Looking, READ: Reading}
"""What `labelprep.pixels.worker` is to know besides its own works."""
