"""What the rows of Hugging Face's metadata files say: one item a row, whatever form the file has.

A bounding box is ``[x, y, width, height]`` in pixels. Objects come as lists side by side (``{"bbox": […],
"categories": […]}``), as a list of objects, or, in CSV, as JSON in a cell. Classes are texts, or numbers into
the names that a Parquet file brings along.

Source: the documentation of Hugging Face's datasets, "Create an image dataset".
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import shown
from labelprep.formats.base import Rejected
from labelprep.formats.cells import listed, restored
from labelprep.formats.headers import SPLIT_VALUES
from labelprep.formats.json_files import NotReadableError, is_plain, parsed
from labelprep.formats.table_issues import Told
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.geometry import FARTHEST_PX
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labelprep.formats.base import Item
    from labelprep.formats.label_files import LabelFile

ROW_KEY: Final = "huggingface:row"
PREFIX: Final = "huggingface:"

BAD_ROW: Final = "LP330"  # a row cannot be read, or names no image
NO_LABEL: Final = "LP331"  # a row names an image and says nothing of it
BAD_OBJECT: Final = "LP332"  # a box is none, or objects cannot be read
BAD_LABEL: Final = "LP333"  # a class is neither text nor number, or a number without a name

FILE_COLUMN: Final = "file_name"
LABEL_COLUMNS: Final = ("label", "labels", "class", "classes", "category", "categories")
OBJECT_COLUMNS: Final = ("objects", "annotations")
BOX_KEYS: Final = ("bbox", "bboxes", "boxes", "box")
CLASS_KEYS: Final = ("categories", "category", "labels", "label", "category_id", "classes", "class")
SCORE_KEYS: Final = ("score", "scores", "confidence")
FLAGS: Final = {"iscrowd": "crowd", "is_crowd": "crowd"}
COMMON: Final = frozenset({"crowd", "difficult", "truncated", "occluded", "group_id"})
UNLABELLED: Final = -1
"""The number that stands for no class where classes are numbers with names."""
CORNERS: Final = 4
WHOLE: Final = 1e15
_PLAIN: Final = (str, int, float, bool, list, dict)

Row = dict[str, Any]


class RowReader:
    """Reads the rows of one metadata file."""

    def __init__(
        self, file: LabelFile, names: dict[str, list[str]], issues: list[Issue], *, is_text: bool
    ) -> None:
        """Take the file; ``names`` are those of classes that are numbers, by column or key.

        ``is_text``: all values are texts, as in CSV.
        """
        self._file = file
        self._names = names
        self._is_text = is_text
        self._folder = file.name.rpartition("/")[0] if file.locator else ""
        self._told = Told(issues, file.name)
        self.unkept: dict[str, int] = {}

    def items(self, rows: Iterable[tuple[int, Row | str]]) -> Iterator[Item]:
        """Yield what each row says; rows come with their numbers, or as what is wrong with them."""
        for number, row in rows:
            if isinstance(row, str):
                yield self._rejected("bad_row", BAD_ROW, number, row, "mend the row")
            else:
                yield self._item(number, row)
        self._told.close()

    def _item(self, number: int, row: Row) -> Item:
        name = _file_name(row)
        if name is None:
            problem = f"the row has no {FILE_COLUMN}"
            return self._rejected("no_file", BAD_ROW, number, problem, "write the name of the image")
        locator = self._locator(number)
        split = self._split(row, name)
        classes = self._classes(number, row)
        shapes = self._shapes(number, row)
        if classes is None and shapes is None and split is None:
            problem = f"the row says nothing of {shown(name)}"
            silent = self._rejected("no_label", NO_LABEL, number, problem, "write a label, or objects")
            return replace(silent, image=name)
        stated = [Annotation(Kind.CLASS, label, locator=locator) for label in classes or ()]
        annotations = tuple(self._with_rest(row, [*stated, *(shapes or ())]))
        # Seen from the file where it lies among the images, else with the folder that may tell them apart.
        image = name if self._file.beside is not None or not self._folder else f"{self._folder}/{name}"
        return Record(
            image,
            locator,
            annotations,
            split,
            None,
            self._file.beside,
            None,
            _size_of(row),
            is_silent=classes is None and shapes is None,
        )

    def _locator(self, number: int) -> str:
        return f"{self._file.locator}:{number}" if self._file.locator else str(number)

    def _split(self, row: Row, name: str) -> str | None:
        stated = row.get("split")
        if isinstance(stated, str) and stated.strip():
            return SPLIT_VALUES.get(stated.strip().casefold())
        first, between, _ = f"{self._folder}/{name}".lstrip("/").partition("/")
        return SPLIT_VALUES.get(first.casefold()) if between else None

    def _classes(self, number: int, row: Row) -> list[str] | None:
        """Return the classes of the whole image, None where the row does not speak of any."""
        column = next((name for name in LABEL_COLUMNS if name in row), None)
        value = None if column is None else row[column]
        if column is None or value is None or (isinstance(value, str) and not value.strip()):
            return None
        if self._is_text:
            items = listed(value)
            value = restored(value) if items is None else items
        values = value if isinstance(value, list) else [value]
        found = [name for name in (self._class(column, one, number) for one in values) if name is not None]
        return list(dict.fromkeys(found)) if found or isinstance(value, list) else None

    def _class(self, key: str, value: object, number: int) -> str | None:
        """Return the name of a class; None for no class, which is told where it is a mistake."""
        if isinstance(value, str):
            return value if value.strip() else None
        if isinstance(value, float) and value.is_integer() and abs(value) < WHOLE:
            value = int(value)
        names = self._names.get(key)
        if value is None or (names is not None and value == UNLABELLED):
            return None
        if isinstance(value, bool) or (isinstance(value, int) and names is None):
            return str(value).lower()
        if isinstance(value, int) and names is not None and 0 <= value < len(names):
            return names[value]
        self._tell(
            BAD_LABEL, number, f"{key} is {shown(value)}, which is no class", "write the class as text"
        )
        return None

    def _shapes(self, number: int, row: Row) -> list[Annotation] | None:
        """Return the boxes of a row, None where it does not speak of any."""
        column = next((name for name in OBJECT_COLUMNS if name in row), None)
        value = None if column is None else row[column]
        if value is None or value == "":
            return None
        if isinstance(value, str):
            try:
                value = parsed(value)
            except NotReadableError as error:
                self._tell(BAD_OBJECT, number, f"{column}: {error.problem}", "write objects as JSON")
                return None
        objects = self._objects(number, column, value)
        if objects is None:
            return None
        found = (self._shape(number, f"{column}[{at}]", one) for at, one in enumerate(objects))
        return [shape for shape in found if shape is not None]

    def _objects(self, number: int, column: str | None, value: Any) -> list[Row] | None:  # noqa: ANN401 - from a file
        """Return objects one by one, however they are written; None where they are none."""
        if isinstance(value, list) and all(isinstance(one, dict) for one in value):
            return value
        key = next((key for key in BOX_KEYS if key in value), None) if isinstance(value, dict) else None
        if key is None or not isinstance(value[key], list):
            problem = f"{column} holds no boxes: {shown(value)}"
            self._tell(BAD_OBJECT, number, problem, 'write {"bbox": [[x, y, w, h]], "categories": ["cat"]}')
            return None
        objects: list[Row] = [{key: box} for box in value[key]]
        for name, values in value.items():
            if name == key or values is None:
                continue
            if not isinstance(values, list) or len(values) != len(objects):
                problem = f"{column}: {shown(name)} does not hold one value for each of {len(objects)} boxes"
                self._tell(BAD_OBJECT, number, problem, "write as many as there are boxes")
                continue
            for one, said in zip(objects, values, strict=True):
                one[name] = said
        return objects

    def _shape(self, number: int, place: str, said: Row) -> Annotation | None:
        key = next((key for key in BOX_KEYS if key in said), None)
        box = _box_of(said[key]) if key is not None else None
        if box is None:
            value = shown(said.get(key)) if key is not None else "no box"
            problem = f"{place}: {value} is no [x, y, width, height] with an area"
            self._tell(BAD_OBJECT, number, problem, "mend or delete it")
            return None
        name = next((key for key in CLASS_KEYS if key in said), None)
        label = None if name is None else self._class(name, said[name], number)
        score = next((key for key in SCORE_KEYS if _is_share(said.get(key))), None)
        attributes = {}
        for other, value in said.items():
            if other in {key, name, score} or value is None:
                continue
            if other in FLAGS:
                attributes[FLAGS[other]] = bool(value)
            elif is_value(value):
                attributes[other if other in COMMON else PREFIX + other] = value
            else:
                self._not_kept(other)
        confidence = None if score is None else float(said[score])
        return Annotation(Kind.BOX, label, box, attributes, f"{self._locator(number)}:{place}", confidence)

    def _with_rest(self, row: Row, annotations: list[Annotation]) -> list[Annotation]:
        """Keep the columns that are not understood with the first annotation."""
        label = next((name for name in LABEL_COLUMNS if name in row), "")
        objects = next((name for name in OBJECT_COLUMNS if name in row), "")
        used = {label, objects, "split", "width", "height"}
        rest = {
            key: value
            for key, value in row.items()
            if key not in used and not key.endswith(FILE_COLUMN) and value not in (None, "")
        }
        kept = {key: value for key, value in rest.items() if annotations and is_value(value)}
        for key in rest.keys() - kept.keys():
            self._not_kept(key)
        if kept:
            annotations[0].attributes[ROW_KEY] = kept
        return annotations

    def _not_kept(self, key: str) -> None:
        self.unkept[key] = self.unkept.get(key, 0) + 1

    def _tell(self, code: str, number: int, problem: str, fix: str) -> None:
        self._told.tell(Issue(code, Severity.WARNING, f"{self._file.name}:{number}", problem, fix))

    def _rejected(self, reason: str, code: str, number: int, problem: str, fix: str) -> Rejected:
        severity = Severity.NOTE if code == NO_LABEL else Severity.WARNING
        return Rejected(reason, Issue(code, severity, f"{self._file.name}:{number}", problem, fix))


def _file_name(row: Row) -> str | None:
    """Return the one file that a row names."""
    name = row.get(FILE_COLUMN)
    if name is None:
        others = [key for key in row if key.endswith(f"_{FILE_COLUMN}")]
        name = row[others[0]] if len(others) == 1 else None
    return name if isinstance(name, str) and name.strip() else None


def _size_of(row: Row) -> tuple[int, int] | None:
    width, height = row.get("width"), row.get("height")
    if type(width) is int and type(height) is int and 0 < width < FARTHEST_PX and 0 < height < FARTHEST_PX:
        return width, height
    return None


def _box_of(value: Any) -> list[float] | None:  # noqa: ANN401 - from a file
    """Return ``[left, top, right, bottom]`` of x, y, width and height; None where they enclose nothing."""
    if not isinstance(value, list) or len(value) != CORNERS or not all(map(_is_place, value)):
        return None
    left, top, width, height = (float(number) for number in value)
    return [left, top, left + width, top + height] if width > 0 and height > 0 else None


def _is_place(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and -FARTHEST_PX <= value <= FARTHEST_PX
    )


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def is_value(value: object) -> bool:
    """Tell whether a value is one that JSON holds: Parquet knows dates, bytes and more."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return is_plain(value) and all(one is None or is_value(one) for one in value)
    if isinstance(value, dict):
        return is_plain(value) and all(one is None or is_value(one) for one in value.values())
    return isinstance(value, _PLAIN)
