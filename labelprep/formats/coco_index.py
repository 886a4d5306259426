"""One COCO file gone through once: its annotations put aside, and which image each belongs to.

A file tells of images, annotations and categories in any order, and of the annotations of one image anywhere.
Kept in memory are 24 bytes an annotation and the ids of the images; all else lies in temporary files.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from labelprep.errors import shown
from labelprep.formats import coco_workers, json_streams
from labelprep.formats.coco_boxes import PACKED_BYTES, Packed, packed, packed_all
from labelprep.formats.coco_shapes import Category
from labelprep.formats.json_files import NotReadableError, is_plain
from labelprep.formats.spills import Spill
from labelprep.model.images import SPLITS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

Key = int | str

NO_ID: Final = -(1 << 63)
LARGEST_ID: Final = (1 << 63) - 1
MOST_DIGITS: Final = 18
MOST_USELESS: Final = 10_000
RESULTS: Final = ""
"""The key under which the entries of a list of results come."""

_OTHERS: Final = {
    "shapes": "LabelMe",
    "_via_settings": "VIA",
    "_via_img_metadata": "VIA",
    "regions": "VIA",
    "completions": "Label Studio",
    "asset": "VoTT",
}


@dataclass(slots=True)
class Categories:
    """The categories of a file by their ids; ``oddities`` are places and what is odd there."""

    by_id: dict[Key, Category] = field(default_factory=dict)
    by_name: dict[str, Category] = field(default_factory=dict)
    oddities: list[tuple[str, str]] = field(default_factory=list)

    def add(self, index: int, value: Any) -> None:  # noqa: ANN401 - JSON
        """Take the category at a place of the list."""
        where = f"categories[{index}]"
        key = key_of(value.get("id")) if isinstance(value, dict) else None
        if key is None:
            self.oddities.append((where, f"{shown(value)} is no category with an id"))
            return
        name = _name_of(value.get("name"))
        known = self.by_id.get(key)
        problem = "" if name else f"the category {shown(key)} has no name"
        if known is not None and known.name != name:
            problem = f"the category {shown(key)} is both {shown(known.name)} and {shown(name)}"
        elif known is not None:
            return
        if problem:
            self.oddities.append((where, problem))
        same = self.by_name.get(name or "")
        if same is not None:
            both = f"{shown(same.given)} and {shown(key)}"
            self.oddities.append((where, f"the categories {both} are both called {shown(name)}: one class"))
        points, skeleton = value.get("keypoints"), value.get("skeleton")
        is_named = isinstance(points, list) and all(isinstance(point, str) for point in points)
        self.by_id[key] = Category(
            value["id"],
            None if problem else name,
            problem,
            tuple(points) if isinstance(points, list) and is_named and is_plain(points) else (),
            tuple(skeleton) if isinstance(skeleton, list) and is_plain(skeleton) else (),
        )
        if name and not problem:
            self.by_name.setdefault(name, self.by_id[key])
        elif known is not None:
            self.by_name.pop(str(known.name), None)

    def of(self, value: object) -> Category:
        """Return the category that an annotation means; one with a problem where it means none.

        A text that is no id may be the name of a category; where there are no categories it is a name.
        """
        key = key_of(value)
        found = None if key is None else self.by_id.get(key)
        if found is not None:
            return found
        if isinstance(value, str) and value.strip():
            named = self.by_name.get(value)
            if named is not None or not self.by_id:
                return named or Category(value, value)
        said = (
            "it has no category_id" if value is None else f"its category {shown(value)} is none of the file's"
        )
        return Category(value, None, said)


def _name_of(value: object) -> str | None:
    if isinstance(value, str):
        return value if value.strip() and value.encode("utf-8", "ignore").decode() == value else None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and is_plain(value)
    return str(value) if is_number else None


def key_of(value: object) -> Key | None:
    """Return an id under which 7, 7.0 and "7" are the same; None where it is none."""
    if type(value) is int:
        return value
    if isinstance(value, str):
        is_number = value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS
        return int(value) if is_number and (value == "0" or value[0] != "0") else value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None


@dataclass(slots=True)
class Grouped:
    """The numbers of the annotations, those of one image together, each image's in the order of the file.

    ``starts`` tells where those of each image begin in ``order``, and after the last where they end.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]


class Index:
    """A file under reading. `fill` goes through it; then images and annotations can be asked for."""

    def __init__(self) -> None:
        """Begin empty."""
        self.images = Spill()
        self.annotations = Spill()
        self.categories = Categories()
        self.is_list = False
        self.has_annotations = False
        self.split: str | None = None
        self.numbers: dict[Key, int] = {}
        self._numbers = array("q")
        self._ids = array("q")
        self._image_numbers = array("q")
        self._names = array("q")
        self._keys: list[Key] = []
        self._useless = 0

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the temporary files go."""
        self.images.__exit__(kind, error, trace)
        self.annotations.__exit__(kind, error, trace)

    def fill(self, path: Path, encoding: str) -> None:
        """Go through a file.

        Raises: NotReadableError where it is no JSON, no COCO, or of a kind that is not taken; OSError.
        """
        keys = set()
        with path.open("rb") as file:
            takes = {"annotations": self._take}
            hand_out = partial(coco_workers.windows, path, self._add)
            for entry in json_streams.entries(file, encoding, takes=takes, hand_out=hand_out):
                if entry.at is None:
                    keys.add(entry.key)
                    self.is_list = entry.key == RESULTS
                    if entry.key == "info" and isinstance(entry.value, dict):
                        said = entry.value.get("split")
                        self.split = said if said in SPLITS else None
                    if entry.key in {"images", "annotations", "categories"} and entry.value != []:
                        raise not_coco(f"{entry.key} is {shown(entry.value)}, not a list")
                elif entry.key == "annotations" or self.is_list:
                    self._annotation(entry)
                elif entry.key == "images":
                    self._image(entry)
                elif entry.key == "categories":
                    self.categories.add(entry.at, entry.value)
        self.has_annotations = "annotations" in keys
        if not self.is_list and not keys & {"images", "annotations"}:
            raise not_coco(next((_OTHERS[key] for key in _OTHERS if key in keys), "it has no images"))

    def _annotation(self, entry: json_streams.Entry) -> None:
        value = entry.value
        if not isinstance(value, dict):
            if self.is_list:
                raise not_coco("a list of other things than results")
            self._put(None, None, entry.text.encode("utf-8", "surrogatepass"))
            return
        if not self.is_list and (data := packed(value, entry.text)) is not None:
            self._put(value.get("image_id"), value.get("id"), data)
            return
        _refuse_others(value, is_result=self.is_list)
        is_named = self.is_list and isinstance(value.get("file_name"), str)
        image = value["file_name"] if is_named else value.get("image_id")
        self._put(image, value.get("id"), entry.text.encode("utf-8", "surrogatepass"))

    def _take(self, values: list[Any], text: str) -> bool:
        """Put annotations aside that follow each other, if all of them are boxes without anything besides."""
        boxes = packed_all(values, text)
        if boxes is None:
            return False
        self._add(boxes)
        return True

    def _add(self, boxes: Packed) -> None:
        """Put packed boxes aside."""
        numbers = self.numbers
        self._numbers.extend([numbers.setdefault(key, len(numbers)) for key in boxes.images.tolist()])
        self._ids.frombytes(boxes.ids.tobytes())
        self.annotations.add_all(boxes.data, PACKED_BYTES)

    def _put(self, image: object, identifier: object, data: bytes) -> None:
        """Put an annotation aside: the id of its image, its own, and what it says."""
        key = image if type(image) is int else key_of(image)
        numbers = self.numbers
        self._numbers.append(-1 if key is None else numbers.setdefault(key, len(numbers)))
        if key is None:
            self._refuse_many("annotations name no image")
        is_short = type(identifier) is int and NO_ID < identifier <= LARGEST_ID
        self._ids.append(identifier if is_short else NO_ID)  # type: ignore[arg-type]
        self.annotations.add(data)

    def _image(self, entry: json_streams.Entry) -> None:
        value = entry.value if isinstance(entry.value, dict) else {}
        key = key_of(value.get("id"))
        name = value.get("file_name")
        if key is None:
            self._refuse_many("images have no id")
        self._image_numbers.append(-1 if key is None else self.numbers.setdefault(key, len(self.numbers)))
        self._names.append(hash(name) if isinstance(name, str) else len(self._names))
        self.images.add(entry.text.encode("utf-8", "surrogatepass"))

    def _refuse_many(self, what: str) -> None:
        """Give a file up that is full of entries of which nothing can come."""
        self._useless += 1
        if self._useless > MOST_USELESS:
            raise not_coco(f"more than {MOST_USELESS:,} {what}")

    def number_of_image(self, index: int) -> int:
        """Return the number of the image at a place of the list, -1 where it has no id."""
        return self._image_numbers[index]

    def asked(self) -> NDArray[np.int64]:
        """Return the number of every image of the list, -1 where it has no id."""
        return np.array(self._image_numbers, np.int64)

    def doubtful(self) -> list[int]:
        """Return the places of images whose id or file name may come more than once."""
        found: set[int] = set()
        for values in (self._image_numbers, self._names):
            held = np.array(values, np.int64)
            _, inverse, counts = np.unique(held, return_inverse=True, return_counts=True)
            found.update(np.flatnonzero(counts[inverse] > 1).tolist())
        return sorted(found)

    def image_id_of(self, annotation: int) -> Key | None:
        """Return the id of the image that an annotation names, None where it names none."""
        if len(self._keys) != len(self.numbers):
            self._keys = list(self.numbers)
        number = self._numbers[annotation]
        return None if number < 0 else self._keys[number]

    def images_id(self, at: int) -> Key | None:
        """Return the id of the image at a place of the list."""
        if len(self._keys) != len(self.numbers):
            self._keys = list(self.numbers)
        number = self._image_numbers[at]
        return None if number < 0 else self._keys[number]

    def number_of(self, annotation: int) -> int:
        """Return the number of the image that an annotation names, -1 where it names none."""
        return self._numbers[annotation]

    def id_of(self, annotation: int) -> int | None:
        """Return the id of an annotation where it is a number of 64 bits."""
        found = self._ids[annotation]
        return None if found == NO_ID else found

    def grouped(self, same: dict[int, int]) -> Grouped:
        """Return the annotations by image; ``same`` gives numbers of images that stand for others."""
        numbers = np.array(self._numbers, np.int64)
        for number, other in same.items():
            numbers[numbers == number] = other
        order = np.argsort(numbers, kind="stable")
        starts = np.searchsorted(numbers[order], np.arange(len(self.numbers) + 1))
        return Grouped(order, starts)

    def homeless(self, known: bytearray) -> Iterator[int]:
        """Yield the annotations of images for whose number ``known`` holds 0, and of none."""
        for annotation, number in enumerate(self._numbers):
            if number < 0 or not known[number]:
                yield annotation

    def repeated_ids(self) -> tuple[int, int, int] | None:
        """Return how many annotations have an id that came before, such an id, and the place of the first."""
        ids = np.frombuffer(self._ids, np.int64) if self._ids else np.zeros(0, np.int64)
        order = np.argsort(ids, kind="stable")
        ordered = ids[order]
        again = np.flatnonzero((ordered[1:] == ordered[:-1]) & (ordered[1:] != NO_ID)) + 1
        if not len(again):
            return None
        first = int(order[again].min())
        return len(again), int(ids[first]), first


def _refuse_others(value: dict[Any, Any], *, is_result: bool) -> None:
    """Raise: NotReadableError where an annotation is of a kind that is not taken, or no result."""
    if "segments_info" in value:
        raise NotReadableError(
            "panoptic",
            "panoptic annotations, whose segments lie in PNG files, are not taken",
            "export instances (boxes, polygons, masks) instead",
        )
    if "caption" in value and not value.keys() & {"bbox", "segmentation", "category_id"}:
        raise NotReadableError(
            "captions", "captions are not taken: they are texts, no classes", "import the instances instead"
        )
    if is_result and not value.keys() & {"image_id", "file_name"}:
        raise not_coco("a list of other things than results")


def not_coco(what: str) -> NotReadableError:
    """Say that a JSON file is something else."""
    is_known = what in _OTHERS.values()
    return NotReadableError(
        "not_coco", f"not COCO: {what}", "import it by itself" if is_known else "take it out of the folder"
    )
