"""COCO files as records: one a listed image, with all annotations that name it.

See `coco` for a drawing of the files and `coco_shapes` for the annotations.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import shown
from labelprep.formats import coco_shapes, json_files
from labelprep.formats.coco_boxes import unpacked
from labelprep.formats.coco_places import folder_of_images, leads_elsewhere
from labelprep.formats.coco_shapes import GROUP, BadShapeError, Category, Source
from labelprep.formats.coco_slabs import Slabs
from labelprep.formats.json_files import DUPLICATE, NotReadableError, is_plain
from labelprep.model.annotation import Annotation, Kind
from labelprep.model.boxes import Boxes
from labelprep.model.geometry import crosses_itself
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from labelprep.formats.coco_index import Categories, Index
    from labelprep.formats.label_files import LabelFile, Teller

# Codes are a contract: never renumbered.
NOT_READ = "LP310"  # a file cannot be read
NOT_TAKEN = "LP311"  # a JSON file is something else, or of a kind that is not taken
SHAPE = "LP312"  # an annotation, or a part of it, is not taken
IMAGE = "LP313"  # an image cannot be used, or is none of the file's
CATEGORY = "LP314"  # a category cannot be used, or is none of the file's
ENCODING = "LP315"  # the encoding was inferred
READ_AS = "LP316"  # something was read otherwise than written
TWICE = "LP317"  # an id, an image or a set of annotations is there twice
CORNERS = "LP318"  # boxes look like two corners
CROSSING = "LP319"  # a polygon crosses itself

LARGEST_SIDE_PX: Final = 1 << 31
Size = tuple[int, int]

IMAGE_KEY: Final = "coco:image"
"""The attribute of an image's first annotation that keeps what the file says of the image besides."""

OTHER_KINDS: Final = frozenset({"not_coco", "panoptic", "captions", "no_annotations"})
_IMAGE_KEYS: Final = frozenset({"id", "file_name", "width", "height", IMAGE_KEY})
_EMPTY: Final = {"license": 0, "date_captured": 0}
"""What CVAT and others write where they know nothing."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An image as a file lists it: its name, size, and what is said of it besides."""

    name: str
    size_wh: tuple[int, int] | None
    more: dict[str, Any]


def listed(value: object) -> Listed | str:
    """Return an image of a file's list, or what is wrong with it."""
    if not isinstance(value, dict):
        return f"{shown(value)} is no image"
    if DUPLICATE in value:
        return f"the key {shown(value[DUPLICATE])} is there twice, with two values"
    name = value.get("file_name")
    if not isinstance(name, str) or not name.strip():
        return "it has no file_name" if name is None else f"its file_name is {shown(name)}"
    more = {
        key: said
        for key, said in value.items()
        if key not in _IMAGE_KEYS
        and said not in (None, "", [], {})
        and not (key in _EMPTY and said == _EMPTY[key])
        and is_plain(said)
    }
    return Listed(name, _size_of(value.get("width"), value.get("height")), more)


def _size_of(width: Any, height: Any) -> Size | None:  # noqa: ANN401 - JSON
    """Return width and height where both are whole numbers."""
    for one in (width, height):
        if type(one) not in {int, float} or not 0 < one < LARGEST_SIDE_PX or one != int(one):
            return None
    return int(width), int(height)


class Namer:
    """Gives the images of one file the names that they are matched by."""

    def __init__(self, file: LabelFile, root: Path, samples: Iterable[str]) -> None:
        """Look where the first images lie."""
        self._file = file
        self._folder = folder_of_images(file, root, samples)

    def name(self, written: str) -> tuple[str, str | None]:
        """Return the name, and the label file that it is seen from."""
        if self._folder is None or leads_elsewhere(written):
            return written, self._file.beside
        return (f"{self._folder}/{written}" if self._folder else written), None


class Shapes:
    """Turns the annotations of one file into shapes, and tells what is wrong with them."""

    def __init__(
        self,
        index: Index,
        categories: Categories,
        file: LabelFile,
        teller: Teller,
        images: tuple[NDArray[np.int64], dict[int, int]],
    ) -> None:
        """Take the file under reading and who hears of it.

        ``images`` are the numbers of the images in the order in which they are asked for, and those that
        stand for others.
        """
        asked, same = images
        self._index = index
        self._categories = categories
        self._file = file
        self._teller = teller
        self._before = "" if index.is_list else "annotations"
        self._slabs = Slabs(index, index.grouped(same), asked, self._name_of)
        self.kinds: Counter[Kind] = Counter()
        self.outside = 0
        self.are_like_corners = True

    def numbers_of(self, at: int) -> list[int]:
        """Return the annotations of the image asked for in a place."""
        return self._slabs.numbers_of(at)

    def of(self, at: int, size_wh: Size | None) -> tuple[Sequence[Annotation], list[Issue]]:
        """Return the shapes of the image asked for in a place, and an issue for each that is bad."""
        boxes = self._slabs.boxes(at, self._before)
        if boxes is not None:
            self._compare(boxes.corners, boxes.reach, size_wh)
            self.kinds[Kind.BOX] += len(boxes)
            return boxes, []
        annotations = self._slabs.numbers_of(at)
        pieces = self._index.annotations.read_all(annotations)
        groups = _free_groups(pieces)
        found: list[Annotation] = []
        bad: list[Issue] = []
        for number, data in zip(annotations, pieces, strict=True):
            try:
                if data[0] == 0:
                    found.append(self._box(number, data, size_wh))
                else:
                    found += self._any(number, data, groups, size_wh)
            except _BadCategoryError as error:
                bad.append(self._issue(CATEGORY, number, str(error), "mend the categories"))
            except BadShapeError as error:
                bad.append(self._issue(SHAPE, number, str(error), "mend it, or draw it again"))
        self.kinds.update([shape.kind for shape in found])
        return tuple(found), bad

    def _box(self, number: int, data: bytes, size_wh: Size | None) -> Annotation:
        """Return the shape of a packed box.

        Raises: _BadCategoryError.
        """
        given, x, y, width, height = unpacked(data)
        category = self._category(given)
        box = [x, y, x + width, y + height]
        self._compare([box], box, size_wh)
        return Annotation(Kind.BOX, category.name, box, {}, f"{self._before}[{number}]")

    def _name_of(self, given: int) -> str | None:
        return self._categories.of(given).name

    def _any(self, number: int, data: bytes, groups: Iterator[int], size_wh: Size | None) -> list[Annotation]:
        locator = f"{self._before}[{number}]"
        value = value_of(data)
        if isinstance(value, NotReadableError):
            raise BadShapeError(value.problem)
        if not isinstance(value, dict):
            raise BadShapeError(f"{shown(value)} is no annotation")
        given = value.get("category_id")
        category = self._category(given)
        where = f"{self._file.name}:{locator}"

        def tell(problem: str) -> None:
            self._teller.notes.add(READ_AS, where, problem, "")

        def refuse(problem: str) -> None:
            self._teller.tell(self._issue(SHAPE, number, problem, "mend it, or draw it again"))

        if type(given) is not type(category.given):
            tell(f"its category is {shown(given)}, read as {shown(category.given)}")
        source = Source(locator, tell, refuse, lambda: next(groups), self._index.is_list, size_wh)
        found = coco_shapes.annotations_of(value, category, source)
        for shape in found:
            if shape.kind is Kind.BOX:
                self._compare([shape.geometry], shape.geometry, size_wh)
            if shape.kind is Kind.POLYGON and crosses_itself(shape.geometry):
                problem = "a polygon crosses itself; it is taken as it is"
                self._teller.notes.add(CROSSING, where, problem, "draw it again where that is a slip")
        return found

    def _category(self, given: object) -> Category:
        category = self._categories.of(given)
        if category.name is None:
            raise _BadCategoryError(category.problem)
        return category

    def _compare(self, boxes: list[list[float]], reach: Sequence[float], size_wh: Size | None) -> None:
        """Count boxes that reach out of the picture; see whether all would fit as two corners."""
        if size_wh is None:
            self.are_like_corners = False
            return
        width, height = size_wh
        if reach[2] > width + 1 or reach[3] > height + 1:
            self.outside += sum(box[2] > width + 1 or box[3] > height + 1 for box in boxes)
        # Most files show at their first boxes that theirs are none.
        self.are_like_corners = self.are_like_corners and all(
            left < right - left <= width and top < bottom - top <= height
            for left, top, right, bottom in boxes
        )

    def _issue(self, code: str, number: int, problem: str, fix: str) -> Issue:
        identifier = self._index.id_of(number)
        said = problem if identifier is None else f"annotation id {identifier}: {problem}"
        return Issue(code, Severity.ERROR, f"{self._file.name}:{self._before}[{number}]", said, fix)

    def homeless(self, number: int, problem: str = "") -> Issue:
        """Return the issue of an annotation that belongs to no image."""
        given = self._index.image_id_of(number)
        named = "it names no image" if given is None else f"its image {shown(given)} is none of the file's"
        return self._issue(IMAGE, number, problem or named, "add the image to the file")


class _BadCategoryError(Exception):
    """An annotation has no usable category."""


def value_of(data: bytes) -> Any:  # noqa: ANN401 - JSON
    """Return the values of a piece of the file; the error itself where it cannot be used."""
    try:
        return json_files.parsed(data.decode("utf-8", "surrogatepass"))
    except NotReadableError as error:
        return error


def with_more(shapes: Sequence[Annotation], more: dict[str, Any]) -> Sequence[Annotation]:
    """Return the shapes of an image, the first with what the file says of the image besides."""
    if not shapes or not more:
        return shapes
    if isinstance(shapes, Boxes):
        return shapes.with_attributes({IMAGE_KEY: more})
    first = shapes[0]
    return (replace(first, attributes={**first.attributes, IMAGE_KEY: more}), *shapes[1:])


def _free_groups(pieces: list[bytes]) -> Iterator[int]:
    """Yield group numbers that no annotation of an image has; nothing is looked at before one is needed."""
    taken = {group for data in pieces if GROUP.encode() in data and (group := _group_of(value_of(data)))}
    yield from (group for group in count(1) if group not in taken)


def _group_of(value: object) -> int | None:
    attributes = value.get("attributes") if isinstance(value, dict) else None
    group = attributes.get(GROUP) if isinstance(attributes, dict) else None
    return group if type(group) is int else None
