"""One VOC file by itself: its objects and the image it names, given how its set counts pixels.

Nothing here asks the manifest, so that workers can do it. See `voc` for a drawing of the files and
`voc_objects` for what is in them.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from labelprep.errors import shown
from labelprep.formats import xml_files
from labelprep.formats.base import Item, Rejected
from labelprep.formats.json_files import NotReadableError
from labelprep.formats.label_files import Notes
from labelprep.formats.voc_counting import DEVKIT, Counting
from labelprep.formats.voc_documents import (
    check_is_voc,
    first_word,
    is_of_devkit,
    kept_of,
    own_of,
    read_bytes,
    size_of,
)
from labelprep.formats.voc_objects import FILE_KEY, BadShapeError, annotations_of, written_box
from labelprep.formats.voc_places import placed
from labelprep.formats.xml_files import text_in
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.geometry import crosses_itself
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from xml.etree.ElementTree import Element

    from labelprep.formats.label_files import LabelFile
    from labelprep.formats.voc_counting import Number
    from labelprep.formats.voc_documents import Size

# Codes are a contract: never renumbered.
NOT_READ = "LP281"  # a file cannot be read
NOT_VOC = "LP282"  # an XML file is something else
SHAPE = "LP283"  # an object, or a shape of it, is not taken
ENCODING = "LP284"  # the encoding was inferred
IMAGE_NAME = "LP285"  # filename is missing, or names no image: the name of the XML file stands for it
COUNTING = "LP286"  # how the set counts its pixels
READ_AS = "LP287"  # something was read otherwise than written
SIZE = "LP288"  # the size of the picture is missing
LISTS = "LP289"  # what the lists of images say could not be taken


class Said(NamedTuple):
    """What one file says.

    ``named`` is the name of its image where the name of the XML file stands for it unless the manifest knows
    it; ``encoding`` is empty where the file did not come so far. ``issues`` and ``notes`` are told of it.
    """

    item: Item
    named: str
    encoding: str
    issues: list[Issue]
    notes: Notes | None


class FileReader:
    """Reads single files of a set."""

    def __init__(
        self,
        root: str,
        encoding: str | None,
        counting: Counting,
        evident: Callable[[list[Element], list[str]], int | None],
    ) -> None:
        """Take what holds for the set.

        ``root`` is that of the images (see `placed`); ``encoding`` was set by a person. ``evident`` tells, of
        a document in two encodings with their names, which it has, None where nothing speaks for either.
        """
        self._root = root
        self._encoding = encoding
        self._counting = counting
        self._evident = evident
        self._notes = Notes()

    def read(self, file: LabelFile) -> Said:
        """Return what a file says."""
        issues: list[Issue] = []
        self._notes = Notes()
        item: Item
        named = name = ""
        try:
            root, name = self._root_of(file)
            item, named = self._record(root, file, issues)
        except NotReadableError as error:
            is_other = error.reason.startswith("not_voc")
            code, severity = (NOT_VOC, Severity.WARNING) if is_other else (NOT_READ, Severity.ERROR)
            item = Rejected(error.reason, Issue(code, severity, file.name, error.problem, error.fix))
        return Said(item, named, name, issues, self._notes or None)

    def _root_of(self, file: LabelFile) -> tuple[Element, str]:
        """Return the root of a file in the encoding that it has, and that."""
        readings = xml_files.readings(read_bytes(file.path), self._encoding)
        roots = [xml_files.parsed(one.text) for one in readings]
        check_is_voc(roots[0])
        at = 0
        if len(roots) > 1:
            evident = self._evident(roots, [one.encoding for one in readings])
            if evident is None:
                words = [first_word(root) for root in roots]
                raise NotReadableError(
                    "encoding",
                    f"in UTF-8 it says {shown(words[0])}, in GB18030 {shown(words[1])}",
                    "say which with --encoding utf-8 or --encoding gb18030",
                )
            at = evident
        name = readings[at].encoding
        if name == "gb18030" and not readings[at].is_stated and self._encoding is None:
            self._notes.add(ENCODING, file.name, "read as GB18030, not UTF-8", "--encoding if that is wrong")
        return roots[at], name

    def _record(self, root: Element, file: LabelFile, issues: list[Issue]) -> tuple[Item, str]:
        own = own_of(root)
        shapes, bad = self._shapes(root, DEVKIT if is_of_devkit(root) else self._counting, file)
        if bad and not shapes:
            issues.extend(bad[1:])
            return Rejected("bad_shapes", bad[0]), ""
        issues.extend(bad)
        size_wh = size_of(root)
        if size_wh is None:
            problem = "it states no size of the picture: nothing tells whether it is still the same"
            self._notes.add(SIZE, file.name, problem, "save it again with its picture", Severity.WARNING)
        kept = kept_of(root) | own.get("file", {})
        if kept and shapes:
            shapes[0] = replace(shapes[0], attributes={**shapes[0].attributes, FILE_KEY: kept})
        elif kept:
            problem = f"{shown(sorted(kept))} not kept: there is no object to keep it with"
            self._notes.add(READ_AS, file.name, problem, "")
        image, named = self._image(root, own, file)
        record = Record(image, file.locator, tuple(shapes), None, None, file.beside, None, size_wh)
        return record, named

    def _shapes(
        self, root: Element, counting: Counting, file: LabelFile
    ) -> tuple[list[Annotation], list[Issue]]:
        """Return the shapes that can be taken, and an issue for each that cannot."""
        shapes: list[Annotation] = []
        bad: list[Issue] = []
        for index, one in enumerate(root.findall("object")):
            where = f"{file.name}:object[{index}]"

            def tell(problem: str, where: str = where) -> None:
                self._notes.add(READ_AS, where, problem, "")

            if text_in(one, "deleted") == "1":
                tell("an object that is marked as deleted is left out")
                continue
            try:
                made, refused = annotations_of(one, index, counting, tell)
            except BadShapeError as error:
                made, refused = [], [str(error)]
            bad.extend(Issue(SHAPE, Severity.ERROR, where, why, "draw it again") for why in refused)
            shapes.extend(made)
            self._note_crossing(made, where)
        return shapes, bad

    def _note_crossing(self, made: Iterable[Annotation], where: str) -> None:
        for item in made:
            if item.kind is Kind.POLYGON and crosses_itself(item.geometry):
                problem = "a polygon crosses itself; it is taken as it is"
                self._notes.add(READ_AS, where, problem, "draw it again where that is a slip")

    def _image(self, root: Element, own: dict[str, Any], file: LabelFile) -> tuple[str, str]:
        """Return what the file calls its image, with what is known of the folder it lies in; see `Said`."""
        folder, name = own.get("image") or (text_in(root, "folder"), text_in(root, "filename"))
        if not name:
            path = text_in(root, "path").replace("\\", "/")
            folder, _, name = path.rpartition("/")
        if not name:
            problem = "filename is missing: the name of the XML file stands for it"
            self._notes.add(IMAGE_NAME, file.name, problem, "")
            return placed(stem_of(file), "", file, self._root), ""
        if "/" in name or "\\" in name:
            return str(name), ""
        return placed(name, folder, file, self._root), name


def stem_of(file: LabelFile) -> str:
    """Return the name of a file without its ending."""
    return posixpath.splitext(posixpath.basename(file.name))[0]


def boxes_of(root: Element) -> tuple[list[Sequence[Number]], Size | None]:
    """Return the boxes of a file as written, and its size; none of a file that says how it counts."""
    check_is_voc(root)
    boxes: list[Sequence[Number]] = []
    for one in () if is_of_devkit(root) else root.findall("object"):
        try:
            corners = written_box(one)
        except BadShapeError:
            continue
        if corners is not None:
            boxes.append(corners)
    return boxes, size_of(root)
