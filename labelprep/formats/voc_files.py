"""VOC files as records: the image each means, its objects, and how the whole set counts its pixels.

Nothing can be said of one box before all files were seen: they are read twice, first for how they count. See
`voc` for a drawing of the files and `voc_objects` for what is in them.
"""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from labelprep.errors import shown
from labelprep.formats import voc_workers
from labelprep.formats.base import Item, ReadContext, Reading, Rejected
from labelprep.formats.label_files import LabelFile, Notes, label_files, located_files
from labelprep.formats.reading_workers import Workers
from labelprep.formats.voc_counting import DEVKIT, Evidence
from labelprep.formats.voc_documents import is_of_devkit
from labelprep.formats.voc_lists import Lists, clash_of, list_files
from labelprep.formats.voc_places import label_folder, placed
from labelprep.formats.voc_reading import COUNTING, IMAGE_NAME, LISTS, NOT_READ, FileReader, Said, stem_of
from labelprep.formats.xml_files import text_in
from labelprep.model.annotation import Kind, Record
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

SUFFIX: Final = ".xml"
_ELEMENT_OF: Final = {Kind.BOX: "bndbox", Kind.POLYGON: "polygon", Kind.ROTATED_BOX: "robndbox"}


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
        with Workers(voc_workers.__name__) as workers:
            files = located_files(self._source, root, SUFFIX)
            for batch, told in workers.answers(files, voc_workers.to_look(self._encoding)):
                evidence, sure = told or voc_workers.look(batch, self._encoding)
                self._evidence.add_all(evidence)
                self._sure.update(sure)
            self._decide()
            work = voc_workers.to_read(self._root, self._encoding, self._counting)
            here = FileReader(self._root, self._encoding, self._counting, self._evident)
            files = label_files(self._source, root, SUFFIX, NOT_READ, self._reading.issues)
            for batch, told in workers.answers(files, work):
                for file, said in zip(batch, told or repeat(None), strict=False):
                    yield from self._items(file, said or here.read(file))
        yield from self._listed()
        self._reading.issues.extend(self._notes.issues())

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

    def _items(self, file: LabelFile, said: Said) -> Iterator[Item]:
        """Yield what one file says, with what only the manifest and the lists can tell."""
        self._facts["files"] += 1
        if said.encoding:
            encodings = self._facts["encodings"]
            if said.encoding not in encodings:
                encodings[said.encoding] = 0
                self._facts["encoding"] = ", ".join(sorted(encodings))
            encodings[said.encoding] += 1
        self._reading.issues.extend(said.issues)
        if said.notes is not None:
            self._notes.add_all(said.notes)
        if isinstance(said.item, Rejected):
            yield said.item
            return
        self._count(said.item)
        yield from self._with_lists(self._named(said.item, said.named, file), file)

    def _count(self, record: Record) -> None:
        counts = self._facts["shape_types"]
        for item in record.annotations:
            word = _ELEMENT_OF[item.kind]
            counts[word] = counts.get(word, 0) + 1

    def _named(self, record: Record, name: str, file: LabelFile) -> Record:
        """Return a record under the name of its file, where only that names an image."""
        known = self._context
        if not name or known.is_path(record.image, record.beside) or known.is_image(name):
            return record
        stem = stem_of(file)
        if not self._context.is_image(stem):
            return record
        problem = "no image is called what filename says: the name of the XML file stands for it"
        self._notes.add(IMAGE_NAME, file.name, problem, "look at a few of them", Severity.WARNING)
        return replace(record, image=placed(stem, "", file, self._root))

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

    def _with_lists(self, record: Record, file: LabelFile) -> Iterator[Item]:
        """Yield a record with the split and the classes that lists give its image."""
        folder, name = os.path.split(file.path)
        found = self._listed_at.get(folder)
        if found is None:
            found = self._listed_at[folder] = self._lists_at(Path(folder))
        lists, inner = found
        entry = lists.take(posixpath.join(inner, os.path.splitext(name)[0])) if len(lists) else None  # noqa: PTH122 - a hundred thousand
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

    def _lists_at(self, folder: Path) -> tuple[Lists, str]:
        """Return the lists beside a folder of label files, and the way to it from the top of these."""
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
