"""The files of one COCO source, read one after the other into the items of a reading."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from labelprep.errors import shown
from labelprep.formats import json_streams
from labelprep.formats.base import Item, ReadContext, Reading, Rejected
from labelprep.formats.coco_files import (
    CATEGORY,
    CORNERS,
    ENCODING,
    IMAGE,
    NOT_READ,
    NOT_TAKEN,
    OTHER_KINDS,
    READ_AS,
    TWICE,
    Listed,
    Namer,
    Shapes,
    listed,
    value_of,
    with_more,
)
from labelprep.formats.coco_index import LARGEST_ID, Index
from labelprep.formats.coco_places import SAMPLES, splits_of
from labelprep.formats.coco_results import Catalogue
from labelprep.formats.json_files import NotReadableError
from labelprep.formats.label_files import Teller
from labelprep.model.annotation import Kind, Record
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labelprep.formats.coco_index import Categories
    from labelprep.formats.label_files import LabelFile
    from labelprep.model.annotation import Annotation

_SAVE_AGAIN: Final = "mend it, or save it again in the tool it came from"


class Pass:
    """Reads the files of one source."""

    def __init__(self, context: ReadContext, encoding: str | None, reading: Reading) -> None:
        """Take what is known of the manifest, the encoding set by a person, and what to fill."""
        self._root = context.root.resolve()
        self._encoding = encoding
        self._reading = reading
        self._teller = Teller(reading)
        self._splits: dict[str, str] = {}
        self._told: dict[tuple[str, str | None, str], str] | None = None

    def items(self, files: list[LabelFile], names: list[str]) -> Iterator[Item]:
        """Yield one record or rejection an image, or a rejection for a file that cannot be used.

        ``names`` are the files whose names may state a split: all of the source, or those beside it.
        """
        self._splits = splits_of(names)
        self._told = {} if len(files) > 1 else None
        for file in files:
            self._reading.facts["files"] += 1
            yield from self._file(file)
        self._reading.facts["encoding"] = ", ".join(sorted(self._reading.facts["encodings"])) or None
        self._teller.finish()

    def _file(self, file: LabelFile) -> Iterator[Item]:
        with Index() as index:
            try:
                self._fill(index, file)
                catalogue = (
                    Catalogue.beside(file, index, self._root, self._encoding) if index.is_list else None
                )
            except NotReadableError as error:
                is_other = error.reason in OTHER_KINDS
                code, severity = (NOT_TAKEN, Severity.WARNING) if is_other else (NOT_READ, Severity.ERROR)
                yield Rejected(error.reason, Issue(code, severity, file.name, error.problem, error.fix))
                return
            if catalogue is not None:
                yield from _Results(index, file, catalogue, self._reading, self._teller).items()
                return
            images = _Images(index, file, self._root, self._reading, self._teller)
            yield from images.items(index.split or self._splits.get(file.name), self._told)

    def _fill(self, index: Index, file: LabelFile) -> None:
        try:
            encoding = json_streams.encoding_of(Path(file.path), self._encoding)
            index.fill(Path(file.path), encoding)
        except OSError as error:
            problem = f"cannot be read: {error.strerror or error}"
            raise NotReadableError("unreadable", problem, "look at its permissions") from error
        if not index.has_annotations and not index.is_list:
            problem = "it lists images without annotations: nothing is said of them"
            raise NotReadableError("no_annotations", problem, "import the file that has annotations")
        if not len(index.images) and not index.is_list:
            raise NotReadableError("no_images", "it lists no images", "import the file that lists them")
        if not index.numbers and index.is_list:
            raise NotReadableError(
                "no_results", "a list of results of no image", "give the file with results"
            )
        encodings = self._reading.facts["encodings"]
        encodings[encoding] = encodings.get(encoding, 0) + 1
        if encoding == "gb18030" and self._encoding is None:
            note = "read as GB18030, not UTF-8"
            self._teller.notes.add(ENCODING, file.name, note, "--encoding if that is wrong")


class _Images:
    """The images that one file lists, with their annotations."""

    def __init__(self, index: Index, file: LabelFile, root: Path, reading: Reading, teller: Teller) -> None:
        self._index = index
        self._file = file
        self._reading = reading
        self._teller = teller
        samples = (self._listed(at) for at in range(min(SAMPLES, len(index.images))))
        self._namer = Namer(file, root, [one.name for one in samples if isinstance(one, Listed)])
        self._ambiguous: dict[int, str] = {}
        self._same: dict[int, int] = {}
        self._repeated: dict[int, int] = {}

    def items(self, split: str | None, told: dict[tuple[str, str | None, str], str] | None) -> Iterator[Item]:
        """Yield an item an image; ``told`` are the images of the files before."""
        tell_categories(self._index.categories, self._file, self._reading, self._teller)
        self._settle()
        images = (self._index.asked(), self._same)
        shapes = Shapes(self._index, self._index.categories, self._file, self._teller, images)
        known = bytearray(len(self._index.numbers))
        for at in range(len(self._index.images)):
            number = self._index.number_of_image(at)
            if number >= 0:
                known[number] = number not in self._ambiguous
            yield self._item(at, number, shapes, split, told)
        for annotation in self._index.homeless(known):
            problem = self._ambiguous.get(self._index.number_of(annotation), "")
            self._teller.tell(shapes.homeless(annotation, problem))
        self._finish(shapes)

    def _listed(self, at: int) -> Listed | str:
        return listed(value_of(self._index.images.read(at)))

    def _where(self, at: int) -> str:
        return f"{self._file.name}:images[{at}]"

    def _settle(self) -> None:
        """Find images that are listed twice: under one id or under several."""
        by_number: dict[int, tuple[int, str]] = {}
        by_name: dict[str, tuple[int, int]] = {}
        for at in self._index.doubtful():
            image, number = self._listed(at), self._index.number_of_image(at)
            if not isinstance(image, Listed) or number < 0:
                continue
            first, name = by_number.setdefault(number, (at, image.name))
            if name != image.name:
                said = f"{self._index.images_id(at)!r} is the id of images[{first}] and of images[{at}]"
                self._ambiguous[number] = f"the image it belongs to is not certain: {said}"
            elif first != at:
                self._repeated[at] = first
            else:
                place, other = by_name.setdefault(image.name, (at, number))
                if place != at:
                    self._repeated[at] = place
                    self._same[number] = other

    def _item(
        self,
        at: int,
        number: int,
        shapes: Shapes,
        split: str | None,
        told: dict[tuple[str, str | None, str], str] | None,
    ) -> Item:
        image = self._listed(at)
        if isinstance(image, str):
            return self._rejected("bad_image", at, image, "mend the file")
        if number < 0:
            return self._rejected("no_image_id", at, f"{shown(image.name)} has no id", "mend the file")
        if number in self._ambiguous:
            said = f"its id {self._index.images_id(at)!r} is another image's too"
            return self._rejected("image_id_twice", at, said, "give every image an id of its own")
        if at in self._repeated:
            first = f"images[{self._repeated[at]}]"
            said = f"{shown(image.name)} is {first} again: their annotations are taken together"
            issue = Issue(TWICE, Severity.WARNING, self._where(at), said, "list every image once")
            return Rejected("repeated_image", issue)
        if told is not None:
            key = (self._file.locator.rpartition("/")[0], split, image.name)
            other = told.setdefault(key, self._file.name)
            if other != self._file.name:
                said = f"images of this file are listed in {other} too: there they were taken"
                self._teller.notes.add(
                    TWICE, self._file.name, said, "import this file by itself", Severity.WARNING
                )
                where = self._where(at)
                return Rejected("image_in_other_file", Issue(TWICE, Severity.NOTE, where, said, ""))
        return self._record(at, image, shapes, split)

    def _rejected(self, reason: str, at: int, problem: str, fix: str) -> Rejected:
        return Rejected(reason, Issue(IMAGE, Severity.ERROR, self._where(at), problem, fix))

    def _record(self, at: int, image: Listed, shapes: Shapes, split: str | None) -> Item:
        found, bad = shapes.of(at, image.size_wh)
        if bad and not found:
            for issue in bad[1:]:
                self._teller.tell(issue)
            return Rejected("bad_shapes", bad[0])
        for issue in bad:
            self._teller.tell(issue)
        name, beside = self._namer.name(image.name)
        place = f"images[{at}]"
        locator = f"{self._file.locator}:{place}" if self._file.locator else place
        kept = with_more(found, image.more)
        return Record(name, locator, kept, split, None, beside, None, image.size_wh)

    def _finish(self, shapes: Shapes) -> None:
        """Count what was found, and tell what shows in all of it only."""
        facts = self._reading.facts
        facts["images"] += len(self._index.images)
        facts["annotations"] += len(self._index.annotations)
        add_kinds(facts, shapes)
        tell_corners(shapes, self._file, self._teller)
        repeated = self._index.repeated_ids()
        if repeated is not None:
            number, identifier, first = repeated
            problem = (
                f"annotation id {identifier} is there already, the first of {number:,} such: all are taken, "
                "but tools that go by the id drop them"
            )
            where = f"{self._file.name}:annotations[{first}]"
            self._teller.tell(Issue(TWICE, Severity.WARNING, where, problem, "number them anew"))


class _Results:
    """The results of a model that one file lists, by image."""

    def __init__(
        self, index: Index, file: LabelFile, catalogue: Catalogue, reading: Reading, teller: Teller
    ) -> None:
        self._index = index
        self._file = file
        self._catalogue = catalogue
        self._reading = reading
        self._teller = teller
        images = (np.arange(len(index.numbers)), dict[int, int]())
        self._shapes = Shapes(index, catalogue.categories, file, teller, images)

    def items(self) -> Iterator[Item]:
        """Yield an item an image that has results, in the order of their first ones."""
        if self._catalogue.file is not None:
            tell_categories(self._catalogue.categories, self._catalogue.file, self._reading, self._teller)
        for key, number in self._index.numbers.items():
            yield self._item(self._catalogue.image(key), number)
        for result in self._index.homeless(bytearray(b"\1") * len(self._index.numbers)):
            self._teller.tell(self._homeless(result))
        facts = self._reading.facts
        facts["annotations"] += len(self._index.annotations)
        facts["predictions"] = facts.get("predictions", 0) + len(self._index.annotations)
        add_kinds(facts, self._shapes)
        tell_corners(self._shapes, self._file, self._teller)

    def _item(self, image: Listed | None, number: int) -> Item:
        shapes: Sequence[Annotation] = ()
        results = self._shapes.numbers_of(number)
        if image is None:
            bad = [self._homeless(result) for result in results]
        else:
            shapes, bad = self._shapes.of(number, image.size_wh)
        for issue in bad if shapes else bad[1:]:
            self._teller.tell(issue)
        if image is None or not shapes:
            return Rejected("unknown_image" if image is None else "bad_shapes", bad[0])
        place = f"[{results[0]}]"
        locator = f"{self._file.locator}:{place}" if self._file.locator else place
        name, beside = self._catalogue.name(image, self._file)
        return Record(name, locator, shapes, beside=beside, size_wh=image.size_wh, is_prediction=True)

    def _homeless(self, result: int) -> Issue:
        return self._shapes.homeless(result, self._catalogue.missing(result, self._index))


def add_kinds(facts: dict[str, Any], shapes: Shapes) -> None:
    """Add to the counts of shapes by kind."""
    for kind, number in sorted(shapes.kinds.items()):
        facts["kinds"][str(kind)] = facts["kinds"].get(str(kind), 0) + number


def tell_corners(shapes: Shapes, file: LabelFile, teller: Teller) -> None:
    """Tell where all boxes read like two corners, and some make no sense otherwise."""
    if shapes.outside and shapes.are_like_corners:
        problem = (
            f"{shapes.outside:,} of {shapes.kinds[Kind.BOX]:,} boxes reach out of their picture, and every "
            "bbox fits as left, top, right, bottom: perhaps it is no left, top, width, height"
        )
        fix = "look at a few with the images; write width and height"
        teller.tell(Issue(CORNERS, Severity.WARNING, file.name, problem, fix))


def tell_categories(categories: Categories, file: LabelFile, reading: Reading, teller: Teller) -> None:
    """Tell what is odd about categories; note the numbers of their classes."""
    for where, problem in categories.oddities:
        fix = "give every class one id and one name"
        teller.tell(Issue(CATEGORY, Severity.WARNING, f"{file.name}:{where}", problem, fix))
    before = dict(reading.class_ids)
    for key, category in categories.by_id.items():
        if category.name is None or not isinstance(key, int) or abs(key) > LARGEST_ID:
            continue
        reading.class_ids.setdefault(category.name, key)
        known = before.get(category.name, key)
        if known != key:
            note = f"{shown(category.name)} is category {key} here and {known} in a file before"
            teller.notes.add(READ_AS, file.name, note, "")
