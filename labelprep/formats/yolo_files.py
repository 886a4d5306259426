"""One YOLO set under reading: first a survey of all its files, then one record or rejection a label file.

See `yolo` for a drawing, `yolo_lines` for the lines, `yolo_names` for the classes, `yolo_layout` for images
and splits.
"""

from __future__ import annotations

import codecs
import os
import posixpath
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats.base import Item, ReadContext, Reading, Rejected
from labelprep.formats.label_files import Notes, label_files
from labelprep.formats.yolo_layout import Pictures, Splits, first_list, image_folders, posix
from labelprep.formats.yolo_lines import BadLineError, Lines, Survey, rows
from labelprep.formats.yolo_names import (
    CLASSES,
    DATA_ENDINGS,
    LIST_ENDINGS,
    USUAL_NAMES,
    YAML_ENDINGS,
    ClassLists,
    Described,
    described,
    kind_of,
)
from labelprep.manifest.paths import escaped
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.images import SPLIT_NAMES
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labelprep.formats.label_files import LabelFile

SUFFIX: Final = ".txt"
ENDINGS: Final = (SUFFIX, *LIST_ENDINGS, *YAML_ENDINGS, *DATA_ENDINGS)
FOREWORDS: Final = ("readme", "license", "licence", "requirements")
LARGEST_FILE_BYTES: Final = 4 << 20
MOST_BAD_LINES: Final = 100
LEVELS_UP: Final = 2
GUESSED_ENDINGS: Final = (".jpg", ".png", ".jpeg", ".bmp", ".webp", ".tif", ".JPG", ".PNG", ".JPEG")
POINT_KINDS: Final = {"polygon": Kind.POLYGON, "rotated_box": Kind.ROTATED_BOX}

# Codes are a contract: never renumbered. LP292 and LP293 stand where they are told.
NOT_READ = "LP290"  # a file cannot be read
SHAPE = "LP291"  # a line is not taken
FOUR_POINTS = "LP294"  # what shapes of four points are taken for
READ_AS = "LP295"  # something was read otherwise than written
MIXED = "LP296"  # boxes and outlines stand in one file
NO_SIZE = "LP297"  # the size of an image is not known, so its shapes cannot be scaled
TWICE = "LP298"  # a line is there twice
OTHER = "LP299"  # a text file is no label file

Size = tuple[int, int]


class Set:
    """The files of one source, surveyed."""

    def __init__(self, source: Path, context: ReadContext, encoding: str | None) -> None:
        """Look over all files once: what lies there, and what their lines look like.

        Raises: SourceError where there is no label file, or a list of classes cannot be read; UsageError
        where lists disagree.
        """
        self._context = context
        self._encoding = encoding
        self._root = posix(str(context.root.resolve())).rstrip("/")
        is_described = source.is_file() and kind_of(source.name) in {"yaml", "data"}
        self.source = source.parent if is_described else source
        self._top = posix(str(self.source if self.source.is_dir() else self.source.parent)).rstrip("/")
        self.pictures = Pictures()
        self.splits = Splits((self._top, self._root, posixpath.dirname(self._top)))
        self.notes = self.splits.notes
        self.survey = Survey()
        self._described = [self._said_by(str(source), source.name)] if is_described else []
        self._walk(is_described=is_described)
        self.lists = ClassLists(self._class_lists(), context.classes)

    def label_files(self, issues: list[Issue] | None = None) -> Iterator[LabelFile]:
        """Yield the label files, in the order of their names; folders that cannot be read become issues."""
        for file in self._files(SUFFIX, [] if issues is None else issues):
            if self._is_label_file(file):
                yield file

    def _files(self, endings: str | tuple[str, ...], issues: list[Issue]) -> Iterator[LabelFile]:
        return label_files(self.source, self._context.root.resolve(), endings, NOT_READ, issues)

    def _is_label_file(self, file: LabelFile) -> bool:
        name = posixpath.basename(file.name).lower()
        if kind_of(name) or posix(file.path) in self.splits.lists:
            return False
        return not name.startswith(FOREWORDS) or bool(self.pictures.of(*place_of(file)))

    def _walk(self, *, is_described: bool) -> None:
        """See every file once."""
        texts = []
        for file in self._files(ENDINGS, []):
            name = posixpath.basename(file.name)
            if kind_of(name):
                if not is_described:
                    self._described.append(self._said_by(file.path, file.name))
                continue
            if posixpath.splitext(name)[0].casefold() in SPLIT_NAMES:
                texts.append(file.path)
            self._see(file)
        if not is_described:
            self._described.extend(self._around())
        for said in self._described:
            if said is not None:
                self.splits.add(said)
        if not self.splits.are_stated:
            for path, split in first_list(texts):
                self.splits.add_list(posix(path), split, escaped(posixpath.basename(posix(path))))
        self.splits.settle()

    def _see(self, file: LabelFile) -> None:
        self.splits.see(place_of(file)[0])
        try:
            text = text_of(file.path)
        except OSError:
            return
        self.survey.add(text, lambda: self.image(file)[1])

    def _said_by(self, path: str, name: str) -> Described | None:
        return described(path, escaped(name), self._encoding)

    def _around(self) -> Iterator[Described | None]:
        """Yield what files above the source say of it: up from ``labels`` and splits, else two levels."""
        folder = self._top
        is_own = self.source.is_file()
        nothing = not any(self._described)
        for level in range(LEVELS_UP + 1):
            if level or not is_own:
                name = posixpath.basename(folder).casefold()
                if not (name == "labels" or name in SPLIT_NAMES or nothing):
                    return
                folder = posixpath.dirname(folder)
            here = [name for name in USUAL_NAMES if os.path.isfile(f"{folder}/{name}")]  # noqa: PTH113 - text
            yield from (self._said_by(f"{folder}/{name}", name) for name in here)
            if here:
                return

    def _class_lists(self) -> list[Described]:
        given = self._context.options.get("class_names")
        if not given:
            return [said for said in self._described if said is not None]
        if not os.path.isfile(given):  # noqa: PTH113 - a text
            raise UsageError("there is no such file", where="--class-names", fix=f"correct {shown(given)}")
        said = self._said_by(str(given), str(given))
        if said is None or not said.names:
            raise SourceError("it holds no names of classes", where=str(given), fix="write a name a line")
        return [said]

    def four_points(self, wished: Kind | None) -> tuple[Kind | None, str, tuple[int, int] | None]:
        """Return what four points are by an option or a file of the set, who says so, and the key points."""
        said = [item for item in self._described if item is not None]
        keypoints = next((item.keypoints for item in said if item.keypoints), None)
        own = next((item for item in said if item.four_points is not None), None)
        if wished is not None or own is None:
            return wished, "--four-points says so", keypoints
        return own.four_points, f"{own.place} says so", keypoints

    def image(self, file: LabelFile) -> tuple[str, Size | None, list[str]]:
        """Return what the image of a label file is called, its size if known, and all that it may be."""
        folder, stem = place_of(file)
        size_of = self._context.size_of
        paths = [self._name(path) for path in self.pictures.of(folder, stem)]
        sizes = [size_of(path, None) for path in paths]
        known = [at for at, size_wh in enumerate(sizes) if size_wh is not None]
        if len(known) == 1 or len(paths) == 1:
            at = known[0] if known else 0
            return paths[at], sizes[at], []
        if paths:
            return paths[0], None, paths
        name = self._name(f"{image_folders(folder)[0]}/{stem}")
        size_wh = size_of(name, None)
        if size_wh is None and self._context.is_image(name):
            # Several images share the stem: below the same folders there may be just one.
            tail = self._tail(folder, stem)
            for ending in GUESSED_ENDINGS:
                guessed = size_of(tail + ending, None)
                if guessed is not None:
                    return tail + ending, guessed, []
        return name, size_wh, []

    def _name(self, path: str) -> str:
        """Return an image's path below the root, or the set's folder."""
        for top in (self._root, self._top):
            if path.startswith(f"{top}/"):
                return escaped(path[len(top) + 1 :])
        below = posixpath.relpath(path, self._top)
        while below.startswith("../"):
            below = below.removeprefix("../")
        return escaped(below)

    def _tail(self, folder: str, stem: str) -> str:
        """Return the path of an image below the folder of its split."""
        parts = folder.removeprefix(self._top).strip("/").split("/")
        while parts and (
            parts[0].casefold() in {"", "labels", "unsplit"} or parts[0].casefold() in SPLIT_NAMES
        ):
            parts.pop(0)
        return escaped("/".join((*parts, stem)))


def place_of(file: LabelFile) -> tuple[str, str]:
    """Return the absolute folder of a label file, and its name without the ending."""
    folder, _, name = posix(file.path).rpartition("/")
    return folder, name[: -len(SUFFIX)] if name.lower().endswith(SUFFIX) else name


def text_of(path: str) -> str:
    """Return the text of a label file; bytes that are none stay visible as signs that are no numbers.

    Raises: OSError where it cannot be read, or is larger than a label file is.
    """
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a hundred thousand files: no Path for each
        if os.fstat(file.fileno()).st_size > LARGEST_FILE_BYTES:
            raise OSError(f"more than {LARGEST_FILE_BYTES >> 20} MB are no label file")
        data = file.readall()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    return data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")


class Pass:
    """Reads the label files of a set, one after the other, into the items of a reading."""

    def __init__(self, files: Set, lines: Lines, reading: Reading, context: ReadContext) -> None:
        """Take the set, what reads its lines, and what to fill."""
        self._set = files
        self._lines = lines
        self._reading = reading
        self._context = context
        self._notes = Notes()
        self._splits: Counter[str] = Counter()

    def items(self) -> Iterator[Item]:
        """Yield one record or rejection a file."""
        facts = self._reading.facts
        for file in self._set.label_files(self._reading.issues):
            facts["files"] += 1
            yield self._item(file)
        facts["shapes"] = dict(sorted(self._lines.counts.items()))
        facts["splits"] = dict(sorted(self._splits.items()))
        self._tell_of_all()
        for notes in (self._set.notes, self._notes):
            self._reading.issues.extend(notes.issues())

    def _tell_of_all(self) -> None:
        columns, counts = self._lines.columns, self._lines.counts
        if self._set.lists.names is None and counts:
            fix = "put classes.txt or data.yaml there, or name a list with --class-names"
            problem = "no list of classes lies with the labels: the numbers are taken as names"
            self._notes.add(CLASSES, escaped(self._set.source.name), problem, fix, Severity.WARNING)
        if columns.is_evident and columns.why and self._set.survey.quads:
            what = "oriented boxes" if columns.four_points is Kind.ROTATED_BOX else "polygons"
            other = Kind.POLYGON if columns.four_points is Kind.ROTATED_BOX else Kind.ROTATED_BOX
            problem = f"shapes of four points are taken as {what}: {columns.why}"
            fix = f"--four-points {other} if that is wrong"
            self._notes.add(FOUR_POINTS, escaped(self._set.source.name), problem, fix)

    def _item(self, file: LabelFile) -> Item:
        try:
            text = text_of(file.path)
        except OSError as error:
            problem = f"cannot be read: {error.strerror or error}"
            issue = Issue(NOT_READ, Severity.ERROR, file.name, problem, "look at the file")
            return Rejected("unreadable", issue)
        lines = list(rows(text))
        name, size_wh, twins = self._set.image(file)
        if not lines:
            self._reading.facts["empty"] += 1
            return self._record(file, name, [])
        if size_wh is None:
            return self._without_size(file, name, lines, twins)
        if "," in text:
            self._notes.add(READ_AS, file.name, "commas are taken as blanks", "")
        shapes, bad = self._shapes(file, lines, size_wh)
        if bad and not shapes:
            self._reading.issues.extend(bad[1:])
            return Rejected("bad_shapes", bad[0])
        self._reading.issues.extend(bad)
        kinds = {item.kind for item in shapes}
        if len(kinds) > 1:
            self._notes.add(MIXED, file.name, "boxes and outlines stand in one file; all are taken", "")
        return self._record(file, name, shapes)

    def _record(self, file: LabelFile, image: str, shapes: list[Annotation]) -> Record:
        columns = self._lines.columns
        split = self._set.splits.of(*place_of(file))
        if split is not None:
            self._splits[split] += 1
        all_have = bool(shapes) and all(item.confidence is not None for item in shapes)
        is_prediction = all_have or (columns.are_predictions and not shapes)
        self._reading.facts["predictions"] += is_prediction
        return Record(image, file.locator, tuple(shapes), split, is_prediction=is_prediction)

    def _without_size(
        self, file: LabelFile, name: str, lines: list[tuple[int, list[str]]], twins: list[str]
    ) -> Item:
        """Say of a file with shapes why they cannot be scaled; the image may just not be there."""
        if not any(values[0][0].isdigit() for _, values in lines) and not twins:
            problem = f"it begins with {shown(' '.join(lines[0][1]))}, so it is no label file"
            issue = Issue(OTHER, Severity.WARNING, file.name, problem, "nothing, if it is something else")
            return Rejected("not_yolo", issue)
        if not twins and not self._context.is_image(name):
            return Record(name, file.locator)
        if len(twins) > 1:
            problem = f"it may be of {' or '.join(map(shown, twins))}"
            fix = f"call it {posixpath.basename(twins[0])}{SUFFIX}, after the whole name of its image"
        else:
            problem = "its image cannot be decoded, or several are called so: its shapes cannot be scaled"
            fix = f"look for {shown(name)} among the images"
        return Rejected("no_image_size", Issue(NO_SIZE, Severity.ERROR, file.name, problem, fix))

    def _shapes(
        self, file: LabelFile, lines: list[tuple[int, list[str]]], size_wh: Size
    ) -> tuple[list[Annotation], list[Issue]]:
        """Return the shapes that can be taken, and an issue for each line that cannot."""
        shapes: list[Annotation] = []
        bad: list[Issue] = []
        seen: set[tuple[str, ...]] = set()
        bad_lines = 0
        whole_before = self._lines.whole_numbers
        for number, values in lines:
            where = f"{file.name}:{number}"
            if len(lines) > 1:
                line = tuple(values)
                if line in seen:
                    self._notes.add(TWICE, where, "the line is there twice; it counts once", "")
                    continue
                seen.add(line)
            try:
                shapes.append(self._lines.annotation(number, values, size_wh))
            except BadLineError as error:
                bad_lines += 1
                if bad_lines <= MOST_BAD_LINES:
                    bad.append(Issue(SHAPE, Severity.ERROR, where, str(error), error.fix))
        if bad_lines > MOST_BAD_LINES:
            problem = f"{bad_lines - MOST_BAD_LINES:,} more lines are not taken"
            bad.append(Issue(SHAPE, Severity.ERROR, file.name, problem, "look at the file"))
        if self._lines.whole_numbers > whole_before:
            self._notes.add(READ_AS, file.name, "class numbers such as 1.0 are taken as 1", "")
        return shapes, bad


def facts_of(files: Set) -> dict[str, Any]:
    """Return what is known of a set before its files are read."""
    names = files.lists.names
    return {
        "class_list": files.lists.place or None,
        "classes": None if names is None else sum(map(bool, names.values())),
        "files": 0,
        "empty": 0,
        "predictions": 0,
    }
