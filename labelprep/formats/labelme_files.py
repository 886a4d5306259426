"""One LabelMe file as a record: its classes, its shapes, the image it means, and what it holds besides.

See `labelme` for a drawing of the files and `labelme_shapes` for the shapes.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import shown
from labelprep.formats import embedded_pictures as embedded
from labelprep.formats import json_files
from labelprep.formats.base import Item, ReadContext, Reading, Rejected
from labelprep.formats.json_files import EMBEDDED, NotReadableError, is_plain
from labelprep.formats.label_files import Notes, below_root
from labelprep.formats.labelme_documents import (
    HEAD_BYTES,
    LARGEST_TEXT_BYTES,
    SAVE_AGAIN,
    check_is_labelme,
    labels_in,
    read_bytes,
    size_of,
)
from labelprep.formats.labelme_shapes import (
    FILE_KEY,
    OWN_KEY,
    SHAPE_KEYS,
    BadShapeError,
    annotation_of,
    is_share,
)
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.geometry import crosses_itself
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from labelprep.formats.label_files import LabelFile

MOST_BRACKETS: Final = 1_000_000
LAST_VERSION: Final = 6

COUNTS: Final = ("encodings", "versions", "shape_types", "kept_keys")

_FILE_KEYS: Final = frozenset(
    {"version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth", OWN_KEY}
)
_SAYS_NOTHING: Final[tuple[object, ...]] = (None, False, "", [], {})

# Codes are a contract: never renumbered.
NOT_READ = "LP270"  # a file cannot be read
NOT_LABELME = "LP271"  # a JSON file is something else
SHAPE = "LP272"  # a shape is not taken
ENCODING = "LP273"  # the encoding was inferred
IMAGE_NAME = "LP274"  # imagePath is missing: the name of the JSON file stands for it
PICTURE = "LP275"  # the embedded picture does not fit
ONLY_EMBEDDED = "LP276"  # the picture may be nowhere but in the file
READ_AS = "LP277"  # something was read otherwise than written
CROSSING = "LP278"  # a polygon crosses itself
FLAG = "LP279"  # a flag is neither true nor false
NOT_KEPT = "LP280"  # a key could not be kept


def empty_reading(encoding: str | None) -> Reading:
    """Return a reading of which nothing is known yet but the encoding that a person set."""
    return Reading({"encoding": encoding, "files": 0, **{name: {} for name in COUNTS}}, iter(()))


class Pass:
    """Reads the files of one source, one after the other, into the items of a reading."""

    def __init__(self, context: ReadContext, encoding: str | None, reading: Reading) -> None:
        """Take what is known of the manifest, the encoding set by a person, and what to fill."""
        self._context = context
        self._root = context.root.resolve().as_posix().rstrip("/")
        self._encoding = encoding
        self._reading = reading
        self.notes = Notes()

    def items(self, files: Iterable[LabelFile]) -> Iterator[Item]:
        """Yield one record or rejection a file."""
        for file in files:
            yield self.item(file)
        self.close()

    def close(self) -> None:
        """Tell what was counted."""
        self._reading.issues.extend(self.notes.issues())

    def add(self, told: Reading, notes: Notes) -> None:
        """Count what was found out in later files elsewhere."""
        facts = self._reading.facts
        facts["files"] += told.facts["files"]
        for name in COUNTS:
            for key, count in told.facts[name].items():
                facts[name][key] = facts[name].get(key, 0) + count
        facts["encoding"] = ", ".join(sorted(facts["encodings"])) or facts["encoding"]
        self._reading.issues.extend(told.issues)
        self.notes.add_all(notes)

    def item(self, file: LabelFile) -> Item:
        """Return what one file says."""
        return self.pictured(file)[0]

    def pictured(self, file: LabelFile) -> tuple[Item, memoryview | None]:
        """Return what one file says, and the base64 of the picture inside it."""
        self._reading.facts["files"] += 1
        try:
            data = read_bytes(file.path)
            document, picture = self._document(data, file)
            check_is_labelme(document)
            return self._record(document, picture, file), picture
        except NotReadableError as error:
            other = error.reason.startswith("not_labelme")
            code, severity = (NOT_LABELME, Severity.WARNING) if other else (NOT_READ, Severity.ERROR)
            return Rejected(error.reason, Issue(code, severity, file.name, error.problem, error.fix)), None
        except RecursionError:
            problem = "brackets are nested too deep"
            issue = Issue(NOT_READ, Severity.ERROR, file.name, problem, SAVE_AGAIN)
            return Rejected("bad_json", issue), None

    def _document(self, data: bytes, file: LabelFile) -> tuple[Any, memoryview | None]:
        """Return the values of a file and the base64 of its embedded picture, which is not among them."""
        text, span = json_files.without_string(data, b"imageData")
        document = self._parsed(text, file)
        if span is not None:
            if isinstance(document, dict) and document.get("imageData") == EMBEDDED:
                return document, memoryview(data)[span[0] : span[1]]
            document = self._parsed(data, file)
        picture = document.get("imageData") if isinstance(document, dict) else None
        if not isinstance(picture, str) or not picture:
            return document, None
        return document, memoryview(picture.encode("ascii", "replace"))

    def _parsed(self, data: bytes, file: LabelFile) -> object:
        if len(data) > LARGEST_TEXT_BYTES:
            problem = f"{len(data):,} bytes of text besides the picture are too many"
            raise NotReadableError("too_large", problem, "split the file")
        brackets = data.count(b"[") + data.count(b"{")
        if brackets > MOST_BRACKETS:
            raise NotReadableError(
                "too_large", f"{brackets:,} points and shapes are too many", "split the file"
            )
        readings = json_files.readings(data, self._encoding)
        documents = [json_files.parsed(reading.text) for reading in readings]
        if len(documents) > 1:
            at = self._evident(documents)
            one, other = json_files.samples(readings[0].text, readings[1].text)
            if at is None:
                raise NotReadableError(
                    "encoding",
                    f"in UTF-8 it says {one}, in GB18030 {other}",
                    "say which with --encoding utf-8 or --encoding gb18030",
                )
            readings, documents = [readings[at]], [documents[at]]
        name = readings[0].encoding
        encodings = self._reading.facts["encodings"]
        encodings[name] = encodings.get(name, 0) + 1
        self._reading.facts["encoding"] = ", ".join(sorted(encodings))
        if name == "gb18030" and self._encoding is None:
            self.notes.add(ENCODING, file.name, "read as GB18030, not UTF-8", "--encoding if that is wrong")
        return documents[0]

    def _evident(self, documents: list[object]) -> int | None:
        """Return which of two readings names an image, or only classes, that are known; None if neither."""
        names = [document.get("imagePath") if isinstance(document, dict) else None for document in documents]
        known = [isinstance(name, str) and self._context.is_image(name) for name in names]
        if names[0] == names[1] or known.count(True) != 1:
            classes = set(self._context.classes)
            labels = [labels_in(document) for document in documents]
            known = [bool(said) and said <= classes for said in labels]
        return known.index(True) if known.count(True) == 1 else None

    def _record(self, document: Mapping[Any, Any], picture: memoryview | None, file: LabelFile) -> Item:
        shapes, bad = self._shapes(document["shapes"], file)
        classes, false_flags = self._classes(document, file)
        if bad and not shapes and not classes:
            self._reading.issues.extend(bad[1:])
            return Rejected("bad_shapes", bad[0])
        self._reading.issues.extend(bad)
        self._count_version(document.get("version"), file)
        annotations = (*classes, *shapes)
        kept = self._kept(document, file) | ({"flags": false_flags} if false_flags else {})
        if kept and annotations:
            first = annotations[0]
            held = replace(first, attributes={**first.attributes, FILE_KEY: kept})
            annotations = (held, *annotations[1:])
        elif lost := sorted(key for key in kept if key != "flags" and kept[key] not in _SAYS_NOTHING):
            problem = f"{shown(lost)} not kept: there is no shape and no true flag to keep it with"
            self.notes.add(NOT_KEPT, file.name, problem, "")
        image = self._image(document.get("imagePath"), file)
        size_wh = size_of(document)
        sha256 = None if picture is None else self._content(picture, image, size_wh, file)
        return Record(
            image, file.locator, annotations, None, None, file.beside, sha256, size_wh, sha256 is not None
        )

    def _shapes(self, values: list[object], file: LabelFile) -> tuple[list[Annotation], list[Issue]]:
        """Return the shapes that can be taken, and an issue for each that cannot."""
        shapes, bad = [], []
        counts = self._reading.facts["shape_types"]
        for index, value in enumerate(values):
            locator = f"shapes[{index}]"
            where = f"{file.name}:{locator}"

            def tell(problem: str, where: str = where) -> None:
                self.notes.add(READ_AS, where, problem, "")

            try:
                shape = annotation_of(value, locator, tell)
            except BadShapeError as error:
                bad.append(Issue(SHAPE, Severity.ERROR, where, str(error), "draw it again in LabelMe"))
                continue
            shapes.append(shape)
            given = value.get("shape_type") or "none" if isinstance(value, dict) else ""
            counts[given] = counts.get(given, 0) + 1
            self._count_keys(shape.attributes.keys() - SHAPE_KEYS)
            if shape.kind is Kind.POLYGON and crosses_itself(shape.geometry):
                problem = f"a polygon of class {shown(shape.label)} crosses itself; it is taken as it is"
                note = Issue(CROSSING, Severity.NOTE, where, problem, "draw it again where that is a slip")
                self._reading.issues.append(note)
        return shapes, bad

    def _count_keys(self, keys: Iterable[str]) -> None:
        """Count keys that LabelMe does not know."""
        counts = self._reading.facts["kept_keys"]
        for key in sorted(keys):
            counts[key] = counts.get(key, 0) + 1

    def _classes(
        self, document: Mapping[Any, Any], file: LabelFile
    ) -> tuple[list[Annotation], dict[str, Any]]:
        """Return the flags of the image that are true, as classes, and the others."""
        flags = document.get("flags")
        if flags is None:
            return [], {}
        if not isinstance(flags, dict) or not is_plain(flags):
            self._warn_flag(file, f"flags are {shown(flags)}, no names with true or false")
            return [], {}
        own = document.get(OWN_KEY)
        said = own.get("classes") if isinstance(own, dict) and is_plain(own) else None
        classes, others = [], {}
        for name, value in flags.items():
            if value is True and name.strip():
                classes.append(_class_of(name, said.get(name) if isinstance(said, dict) else None))
                continue
            others[name] = value
            if value is not False:
                self._warn_flag(file, f"the flag {shown(name)} is {shown(value)}, neither true nor false")
            elif not name.strip():
                self._warn_flag(file, "a flag has no name")
        return classes, others

    def _warn_flag(self, file: LabelFile, problem: str) -> None:
        self.notes.add(FLAG, file.name, f"{problem}; no class is read from it", "", Severity.WARNING)

    def _count_version(self, version: object, file: LabelFile) -> None:
        text = version if isinstance(version, str) else "none" if version is None else shown(version)
        versions = self._reading.facts["versions"]
        versions[text] = versions.get(text, 0) + 1
        major = text.split(".", 1)[0]
        if major.isascii() and major.isdigit() and len(major) < HEAD_BYTES and int(major[:9]) > LAST_VERSION:
            self.notes.add(READ_AS, file.name, f"written by LabelMe {shown(version)}, newer than known", "")

    def _kept(self, document: Mapping[Any, Any], file: LabelFile) -> dict[str, Any]:
        """Return what a file holds besides what LabelMe knows."""
        kept = {}
        for key, value in document.items():
            if key in _FILE_KEYS:
                continue
            if is_plain(value):
                kept[key] = value
                self._count_keys((key,))
            else:
                problem = f"the value of {shown(key)} is not finite or nested too deep, and not kept"
                self.notes.add(NOT_KEPT, file.name, problem, "")
        return kept

    def _image(self, value: object, file: LabelFile) -> str:
        """Return what the file calls its image; the name of the file itself where it does not."""
        if not isinstance(value, str) or not value.strip():
            what = "missing" if value is None else "empty" if value == "" else shown(value)
            problem = f"imagePath is {what}: the name of the JSON file stands for it"
            self.notes.add(IMAGE_NAME, file.name, problem, "")
            return posixpath.splitext(posixpath.basename(file.name))[0]
        if file.beside is None and file.way is not None:
            # Labels beside the root (labels/a.json, photos/a.jpg): the way from there is certain.
            path = below_root(self._root, file.way, value)
            if path is not None and self._context.is_image(path):
                return path
        return value

    def _content(
        self, picture: memoryview, image: str, size_wh: tuple[int, int] | None, file: LabelFile
    ) -> bytes | None:
        """Check the embedded picture; return its sha256 where the image is not among those known by name."""
        problem = embedded.complaint(picture, size_wh)
        if problem is not None:
            issue = Issue(PICTURE, Severity.WARNING, file.name, problem, "the image that is named is used")
            self._reading.issues.append(issue)
        joined = None if file.way is None else below_root(self._root, file.way, image)
        if self._context.is_image(image) or (joined is not None and self._context.is_image(joined)):
            return None
        self.notes.add(
            ONLY_EMBEDDED,
            file.name,
            "no image is called what imagePath says; the picture inside the file is compared by content",
            "put the image back where the file says",
        )
        return embedded.sha256_of(picture)


def _class_of(name: str, said: object) -> Annotation:
    """Return a class annotation, with what this program has written about it besides."""
    said = said if isinstance(said, dict) else {}
    attributes, confidence = said.get("attributes"), said.get("confidence")
    return Annotation(
        Kind.CLASS,
        name,
        attributes=attributes if isinstance(attributes, dict) else {},
        locator="flags",
        confidence=float(confidence) if is_share(confidence) else None,
    )
