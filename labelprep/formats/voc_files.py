"""VOC files as records: the image each means, its objects, and how the whole set counts its pixels.

Nothing can be said of one box before all files were seen: they are read twice, first for how they count. See
`voc` for a drawing of the files and `voc_objects` for what is in them.
"""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import shown
from labelprep.formats import xml_files
from labelprep.formats.base import Item, ReadContext, Reading, Rejected
from labelprep.formats.json_files import NotReadableError
from labelprep.formats.label_files import LabelFile, Notes, below_root, label_files, located_files
from labelprep.formats.voc_counting import DEVKIT, Counting, Evidence
from labelprep.formats.voc_documents import (
    check_is_voc,
    first_word,
    glanced,
    is_of_devkit,
    kept_of,
    own_of,
    read_bytes,
    size_of,
)
from labelprep.formats.voc_lists import Lists, clash_of, list_files
from labelprep.formats.voc_objects import FILE_KEY, BadShapeError, annotations_of, written_box
from labelprep.formats.xml_files import text_in
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.geometry import crosses_itself
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from xml.etree.ElementTree import Element

    from labelprep.formats.voc_counting import Number
    from labelprep.formats.voc_documents import Size

SUFFIX: Final = ".xml"
DEVKIT_IMAGES: Final = "JPEGImages"
IMAGES_OF: Final = {
    **dict.fromkeys(("Annotations", "Annotation"), DEVKIT_IMAGES),
    **dict.fromkeys(("annotations", "annotation", "xmls", "xml", "labels"), "images"),
}
"""Where the images lie whose label files are in a folder called so."""

_ELEMENT_OF: Final = {Kind.BOX: "bndbox", Kind.POLYGON: "polygon", Kind.ROTATED_BOX: "robndbox"}

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


class Pass:
    """Reads the files of one source into the items of a reading."""

    def __init__(self, source: Path, context: ReadContext, encoding: str | None, reading: Reading) -> None:
        """Take the source, what is known of the manifest, the encoding set by a person, what to fill."""
        self._source = source
        self._context = context
        self._root = context.root.resolve().as_posix().rstrip("/")
        self._encoding = encoding
        self._reading = reading
        self._facts = reading.facts
        self._notes = Notes()
        self._evidence = Evidence()
        self._counting = DEVKIT
        self._sure: Counter[str] = Counter()
        self._lists: dict[Path, Lists] = {}
        self._listed_at: dict[str, tuple[Lists, str]] = {}

    def items(self) -> Iterator[Item]:
        """Yield one record or rejection a file, then one an image that only lists name."""
        root = self._context.root.resolve()
        for file in located_files(self._source, root, SUFFIX):
            self._look(file)
        self._decide()
        for file in label_files(self._source, root, SUFFIX, NOT_READ, self._reading.issues):
            self._facts["files"] += 1
            yield from self._items(file)
        yield from self._listed()
        self._reading.issues.extend(self._notes.issues())

    def _look(self, file: LabelFile) -> None:
        """Take the evidence of a file's boxes, and of its encoding; what is wrong with it comes later."""
        try:
            data = read_bytes(file.path)
            seen = glanced(data)
            readings = [] if seen and data.isascii() else xml_files.readings(data, self._encoding)
            boxes, size_wh = seen or _boxes(xml_files.parsed(readings[0].text))
        except NotReadableError:
            return
        if len(readings) == 1 and not data.isascii():
            self._sure[readings[0].encoding] += 1
        for box in boxes:
            self._evidence.add(box, size_wh)

    def _decide(self) -> None:
        """Decide how the set counts; say so."""
        counts = self._evidence.counts()
        if not counts["boxes"]:
            return
        verdict = self._evidence.verdict()
        self._counting = verdict.counting
        self._facts["counting"] = f"{verdict.counting.words} ({verdict.why})"
        self._facts["evidence"] = counts
        if verdict.is_certain and self._counting == DEVKIT:
            if self._evidence.slips:
                problem = (
                    f"{self._evidence.slips:,} boxes begin at 0 though the set counts from 1 ({verdict.why})"
                )
                self._notes.add(COUNTING, self._source.name, problem, "look at the tool that wrote them")
            return
        how = "pixels are" if verdict.is_certain else "nothing tells how pixels are counted: taken as"
        problem = f"{how} {verdict.counting.words} ({verdict.why})"
        self._notes.add(COUNTING, self._source.name, problem, "compare a box with its picture")

    def _items(self, file: LabelFile) -> Iterator[Item]:
        try:
            root = self._root_of(file)
            item = self._record(root, file)
        except NotReadableError as error:
            is_other = error.reason.startswith("not_voc")
            code, severity = (NOT_VOC, Severity.WARNING) if is_other else (NOT_READ, Severity.ERROR)
            yield Rejected(error.reason, Issue(code, severity, file.name, error.problem, error.fix))
            return
        yield from self._with_lists(item, file) if isinstance(item, Record) else (item,)

    def _root_of(self, file: LabelFile) -> Element:
        """Return the root of a file in the encoding that it has; count that."""
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
        encodings = self._facts["encodings"]
        encodings[name] = encodings.get(name, 0) + 1
        self._facts["encoding"] = ", ".join(sorted(encodings))
        if name == "gb18030" and not readings[at].is_stated and self._encoding is None:
            self._notes.add(ENCODING, file.name, "read as GB18030, not UTF-8", "--encoding if that is wrong")
        return roots[at]

    def _evident(self, roots: list[Element], names: list[str]) -> int | None:
        """Return which of two readings names an image or only classes that are known, or fits the others."""
        if is_of_devkit(roots[0]):
            return 0  # This program wrote it, and it writes UTF-8.
        images = [text_in(root, "filename") for root in roots]
        known = [bool(image) and self._context.is_image(image) for image in images]
        if images[0] == images[1] or known.count(True) != 1:
            classes = set(self._context.classes)
            labels = [{text_in(one, "name") for one in root.findall("object")} for root in roots]
            known = [bool(said) and said <= classes for said in labels]
        if known.count(True) != 1:
            known = [self._sure[name] > 0 for name in names]
        return known.index(True) if known.count(True) == 1 else None

    def _record(self, root: Element, file: LabelFile) -> Item:
        own = own_of(root)
        shapes, bad = self._shapes(root, DEVKIT if is_of_devkit(root) else self._counting, file)
        if bad and not shapes:
            self._reading.issues.extend(bad[1:])
            return Rejected("bad_shapes", bad[0])
        self._reading.issues.extend(bad)
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
        image = self._image(root, own, file)
        return Record(image, file.locator, tuple(shapes), None, None, file.beside, None, size_wh)

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
            self._count(made, where)
        return shapes, bad

    def _count(self, made: Iterable[Annotation], where: str) -> None:
        counts = self._facts["shape_types"]
        for item in made:
            word = _ELEMENT_OF[item.kind]
            counts[word] = counts.get(word, 0) + 1
            if item.kind is Kind.POLYGON and crosses_itself(item.geometry):
                problem = "a polygon crosses itself; it is taken as it is"
                self._notes.add(READ_AS, where, problem, "draw it again where that is a slip")

    def _image(self, root: Element, own: dict[str, Any], file: LabelFile) -> str:
        """Return what the file calls its image, with what is known of the folder it lies in."""
        folder, name = own.get("image") or (text_in(root, "folder"), text_in(root, "filename"))
        if not name:
            path = text_in(root, "path").replace("\\", "/")
            folder, _, name = path.rpartition("/")
        stem = posixpath.splitext(posixpath.basename(file.name))[0]
        if not name:
            self._notes.add(
                IMAGE_NAME, file.name, "filename is missing: the name of the XML file stands for it", ""
            )
            return self._placed(stem, "", file)
        if "/" in name or "\\" in name:
            return str(name)
        if not self._context.is_image(name) and self._context.is_image(stem):
            problem = "no image is called what filename says: the name of the XML file stands for it"
            self._notes.add(IMAGE_NAME, file.name, problem, "look at a few of them", Severity.WARNING)
            return self._placed(stem, "", file)
        return self._placed(name, folder, file)

    def _placed(self, name: str, folder: str, file: LabelFile) -> str:
        """Return the name of an image with the folder that disk, layout or the file itself gives.

        What lies on the disk counts first: images in the folder that goes with that of the labels, or beside.
        """
        layout = layout_of(file.way)
        here = os.path.dirname(file.path)  # noqa: PTH120 - a hundred thousand files: no Path for each
        mirrored = ""
        if layout is not None:
            base, images, inner = layout
            way = posixpath.join(base, images, inner)
            mirrored = below_root(self._root, way, name) or posixpath.join(images, inner, name)
            up = "../" * (inner.count("/") + 2 if inner else 1)
            if images == DEVKIT_IMAGES or os.path.lexists(f"{here}/{up}{images}/{inner}/{name}"):
                return mirrored
        if os.path.lexists(f"{here}/{name}"):
            return name
        if folder and ".." not in folder:
            return f"{folder.strip('/')}/{name}"
        return mirrored or name

    def _with_lists(self, record: Record, file: LabelFile) -> Iterator[Item]:
        """Yield a record with the split and the classes that lists give its image."""
        lists, inner = self._lists_of(file)
        entry = lists.take(inner) if len(lists) else None
        if entry is None:
            yield record
            return
        more = entry.annotations(item.label for item in record.annotations)
        annotations = (*more, *record.annotations)
        if annotations:
            yield replace(record, annotations=annotations, split=entry.split)
            return
        # That there is nothing on the image is one thing, its split another: it gets a record of its own.
        yield record
        if entry.split is not None:
            yield replace(record, locator=entry.where, split=entry.split)

    def _lists_of(self, file: LabelFile) -> tuple[Lists, str]:
        """Return the lists that lie beside the folder of a file, and its path below that folder."""
        folder, name = os.path.split(file.path)
        found = self._listed_at.get(folder)
        if found is None:
            found = self._listed_at[folder] = self._lists_at(Path(folder))
        lists, inner = found
        return lists, posixpath.join(inner, os.path.splitext(name)[0])  # noqa: PTH122 - a hundred thousand

    def _lists_at(self, folder: Path) -> tuple[Lists, str]:
        """Return the lists for a folder of label files, and the way to it from the top of these."""
        parts = folder.parts
        top = self._source if self._source.is_dir() else folder
        first = len(top.parts) - 1
        at = label_folder(parts[first:])
        base = top if at is None else Path(*parts[: first + at])
        if at is not None and not list_files(base):
            at, base = None, top
        inner = "/".join(parts[first + (at or 0) + 1 :])
        if base not in self._lists:
            self._lists[base] = self._opened(base, top)
        return self._lists[base], inner

    def _opened(self, base: Path, top: Path) -> Lists:
        prefix = "" if base == top else f"{os.path.relpath(base, top)}/".replace(os.sep, "/")

        def tell(where: str, problem: str) -> None:
            self._notes.add(LISTS, where, problem, "rename it where it is one")

        lists = Lists(base, prefix, tell)
        self._facts["lists"] |= lists.counts
        clashes = lists.clashes()
        if clashes:
            fix = "take each out of all lists but one"
            problem = clash_of(clashes)
            self._reading.issues.append(Issue(LISTS, Severity.ERROR, clashes[0].where, problem, fix))
        return lists

    def _listed(self) -> Iterator[Item]:
        """Yield what lists say of images that have no label file."""
        if not self._lists and self._source.is_dir():
            self._lists_at(self._source)
        for lists in self._lists.values():
            for entry in lists.rest():
                if entry.split is None and not entry.is_judged:
                    problem = f"{shown(entry.name)} has no label file, and two splits"
                    issue = Issue(LISTS, Severity.WARNING, entry.where, problem, "name it in one list")
                    yield Rejected("two_splits", issue)
                    continue
                annotations = entry.annotations()
                silent = not annotations and not entry.is_judged
                yield Record(entry.name, entry.where, annotations, entry.split, is_silent=silent)


def _boxes(root: Element) -> tuple[list[Sequence[Number]], Size | None]:
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


@lru_cache(1)
def layout_of(way: str | None) -> tuple[str, str, str] | None:
    """Return where the images of a folder of label files lie by its name: base, folder, what is below it.

    None where it is not called after labels.
    """
    parts = (way or "").split("/")
    at = label_folder(parts)
    if at is None:
        return None
    return "/".join(parts[:at]), IMAGES_OF[parts[at]], "/".join(parts[at + 1 :])


def label_folder(parts: Sequence[str]) -> int | None:
    """Return which of the folders of a path is called after labels: the devkit's name, else the last."""
    named = [at for at, part in enumerate(parts) if part in IMAGES_OF]
    return next((at for at in named if parts[at] == "Annotations"), named[-1] if named else None)
