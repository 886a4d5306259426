"""What a list of results does not say itself: which images and categories its numbers mean.

::

    set/instances_val.json       {"images": [{"id": 42, "file_name": "a.jpg", …}], "categories": […], …}
    set/results.json             [{"image_id": 42, "category_id": 18, "bbox": […], "score": 0.9}, …]

An annotations file in the same folder says it. Without one, an ``image_id`` that is a text (or the
``file_name`` beside it) is the name of the image, and a ``category_id`` that is a text the name of the class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from labelprep.formats import json_streams
from labelprep.formats.coco_files import Listed, Namer, listed
from labelprep.formats.coco_index import Categories, Index, Key, key_of
from labelprep.formats.coco_places import SAMPLES
from labelprep.formats.json_files import NotReadableError
from labelprep.formats.label_files import LabelFile, located_files

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMED: Final = 3
"""So many files are named in a message."""


@dataclass(slots=True)
class Catalogue:
    """The images and categories that an annotations file lists, as far as results mean them."""

    file: LabelFile | None = None
    images: dict[Key, Listed] = field(default_factory=dict)
    categories: Categories = field(default_factory=Categories)
    namer: Namer | None = None

    @classmethod
    def beside(cls, file: LabelFile, results: Index, root: Path, encoding: str | None) -> Catalogue:
        """Find the annotations file for a list of results.

        Raises: NotReadableError where there is none and one is needed, or two that say different things.
        """
        found = list(_catalogues(file, results, root, encoding))
        most = max((len(one.images) for one in found), default=0)
        best = [one for one in found if len(one.images) == most]
        numbers = any(not isinstance(key, str) for key in results.numbers)
        if numbers and not most:
            raise NotReadableError(
                "results_alone",
                "a list of results: what its image_id mean, no annotations file beside it says",
                "put the annotations file (with images and categories) into the same folder",
            )
        if not best:
            return cls()
        for other in best[1:]:
            if other.images != best[0].images or other.categories.by_id != best[0].categories.by_id:
                names = ", ".join(one.file.name for one in best[:NAMED] if one.file is not None)
                raise NotReadableError(
                    "results_ambiguous",
                    f"a list of results: {len(best)} annotations files beside it could be meant ({names})",
                    "put it into a folder with the one annotations file that it belongs to",
                )
        chosen = best[0]
        assert chosen.file is not None  # noqa: S101 - `_catalogues` sets it
        samples = [image.name for image in list(chosen.images.values())[:SAMPLES]]
        chosen.namer = Namer(chosen.file, root, samples)
        return chosen

    def image(self, key: Key) -> Listed | None:
        """Return the image that an id means; a text that is no id is its name."""
        found = self.images.get(key)
        return Listed(key, None, {}) if found is None and isinstance(key, str) else found

    def name(self, image: Listed, file: LabelFile) -> tuple[str, str | None]:
        """Return the name of an image to match it by, and the label file that it is seen from."""
        return (image.name, file.beside) if self.namer is None else self.namer.name(image.name)

    def missing(self, annotation: int, results: Index) -> str:
        """Return why the image of a result is not known."""
        given = results.image_id_of(annotation)
        if given is None:
            return "it names no image"
        return f"its image {given!r} is none of {self.file.name if self.file else 'the images'}"


def _catalogues(file: LabelFile, results: Index, root: Path, encoding: str | None) -> Iterator[Catalogue]:
    """Yield what each annotations file in the folder of a list of results lists, in the order of names."""
    folder = Path(file.path).parent
    for path in sorted(folder.iterdir()):
        name = path.name
        if name.startswith(".") or not name.lower().endswith(".json") or str(path) == file.path:
            continue
        (other,) = located_files(path, root, (".json",), lambda _folder, _problem: None)
        made = Catalogue(other)
        try:
            is_catalogue = _fill(made, path, results, encoding)
        except (NotReadableError, OSError):
            continue  # it is told of where it is imported itself
        if is_catalogue:
            yield made


def _fill(made: Catalogue, path: Path, results: Index, encoding: str | None) -> bool:
    """Take over the images that results mean; return whether the file is one of annotations."""
    keys = set()
    with path.open("rb") as file:
        for entry in json_streams.entries(file, json_streams.encoding_of(path, encoding)):
            keys.add(entry.key)
            if entry.key == "" or "shapes" in keys:
                return False
            if entry.at is None or not isinstance(entry.value, dict):
                continue
            if entry.key == "categories":
                made.categories.add(entry.at, entry.value)
            elif entry.key == "images":
                key, image = key_of(entry.value.get("id")), listed(entry.value)
                if key in results.numbers and key is not None and isinstance(image, Listed):
                    made.images[key] = image
    return {"images", "categories"} <= keys
