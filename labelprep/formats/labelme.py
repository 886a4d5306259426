"""LabelMe's JSON: one file an image, beside it or in a folder of its own, read and written.

::

    photos/a.jpg
    photos/a.json     {"version": "5.5.0",
                       "flags": {"cat": true, "dog": false},    classes of the whole image: the true ones
                       "shapes": […],                           see `labelme_shapes`
                       "imagePath": "a.jpg",                    from the JSON file to the image
                       "imageData": null,                       or the whole picture in base64
                       "imageHeight": 480, "imageWidth": 640}

LabelMe turns pictures upright before it shows them, so its pixels are those of the upright original. Keys that it
does not know are kept: those of a shape with the shape, those of a file (and flags that are false) in the attribute
``labelme:file`` of the first annotation.

Source: labelme's label file module, versions 2 to 6.
"""

from __future__ import annotations

import json
import ntpath
import os
import posixpath
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats import embedded_pictures as embedded
from labelprep.formats import json_files
from labelprep.formats.base import Item, Keeps, ReadContext, Reading, Rejected, Sniffed
from labelprep.formats.json_files import DUPLICATE, EMBEDDED, NotReadableError
from labelprep.formats.labelme_shapes import FILE_KEY, OWN_KEY, BadShapeError, annotation_of, shape_of
from labelprep.manifest.paths import escaped
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.geometry import crosses_itself
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

VERSION: Final = "5.5.0"
SUFFIX: Final = ".json"
LARGEST_TEXT_BYTES: Final = 32 << 20
LARGEST_FILE_BYTES: Final = 512 << 20
HEAD_BYTES: Final = 64 << 10
SNIFFED_FILES: Final = 20
LAST_VERSION: Final = 6

_FILE_KEYS: Final = frozenset(
    {"version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth", OWN_KEY}
)
_SIGNS: Final = (b"imagePath", b"imageData")


@dataclass(frozen=True, slots=True)
class LabelFile:
    """One JSON file: where it is, what it is called in reports, and its place among the images if it has one."""

    path: str
    name: str
    locator: str
    beside: str | None


class LabelMe:
    """Read and write the JSON files of LabelMe and of the tools that followed it."""

    name: ClassVar[str] = "labelme"
    keeps: ClassVar[frozenset[Keeps]] = frozenset(Keeps) - {Keeps.SPLIT}

    def sniff(self, source: Path) -> Sniffed:
        """Look for LabelMe's keys in a file, or in the first few JSON files of a folder."""
        if source.is_dir():
            files = [path for path, _ in islice(_walk(str(source), []), SNIFFED_FILES)]
        else:
            files = [str(source)] if source.suffix.lower() == SUFFIX and source.is_file() else []
        if not files:
            return Sniffed(0.0, "there is no .json file")
        own = sum(_has_signs(path) for path in files)
        if not own:
            return Sniffed(0.1, "JSON without the keys of LabelMe")
        return Sniffed(0.5 + 0.45 * own / len(files), f"{own} of {len(files)} JSON files have LabelMe's keys")

    def read(self, source: Path, context: ReadContext) -> Reading:
        """Open a JSON file, or a folder of them: one item a file, in the order of their names.

        ``facts`` fill while the items are read: files, encodings, versions and shape types with their counts.

        Raises: SourceError where there is no such file or no JSON file in the folder; UsageError for an unknown
        encoding.
        """
        encoding = json_files.check_encoding(context.options.get("encoding"))
        reading = Reading({"files": 0, "encodings": {}, "versions": {}, "shape_types": {}}, iter(()))
        reading.items = _Pass(context, encoding, reading).items(_files(source, context.root, reading.issues))
        return reading

    def write(self, records: Iterable[Record], target: Path, root: Path) -> int:
        """Write one JSON file an image below ``target``; return how many.

        A record's image is its path below ``root``. ``a.jpg`` gets ``a.json``; of several images with that stem the
        later ones get ``b.png.json``.

        Raises: UsageError where a file is there already: nothing is ever overwritten.
        """
        taken: set[str] = set()
        for record in records:
            relative = _json_path(record.image, taken)
            file = target / relative
            if file.exists():
                raise UsageError("this file is there already", where=str(file), fix="name an empty folder")
            file.parent.mkdir(parents=True, exist_ok=True)
            image = _relative(root / record.image, file.parent)
            part = file.with_name(f".{file.name}.part")
            part.write_text(
                text_of(image, record.size_wh, record.annotations), encoding="utf-8", newline="\n"
            )
            part.replace(file)
        return len(taken)


def text_of(
    image_path: str, size_wh: tuple[int, int] | None, annotations: Iterable[Annotation]
) -> str:
    """Return the JSON text that LabelMe opens, and that reads as the same annotations.

    ``image_path`` leads from the JSON file to the image, with forward slashes.
    """
    annotations = tuple(annotations)
    classes = [item for item in annotations if item.kind is Kind.CLASS and item.label is not None]
    kept: dict[str, Any] = {}
    for item in reversed(annotations):
        if isinstance(item.attributes.get(FILE_KEY), dict):
            kept |= item.attributes[FILE_KEY]
    false = kept.pop("flags", {})
    width, height = size_wh or (None, None)
    document = {
        "version": VERSION,
        "flags": {**{item.label: True for item in classes}, **false},
        "shapes": [shape_of(item) for item in annotations if item.kind is not Kind.CLASS],
        "imagePath": image_path,
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
        **kept,
    }
    own = {item.label: said for item in classes if (said := _said_besides(item))}
    if own:
        document[OWN_KEY] = {"classes": own}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _said_besides(item: Annotation) -> dict[str, Any]:
    attributes = {key: value for key, value in item.attributes.items() if key != FILE_KEY}
    said: dict[str, Any] = {"attributes": attributes} if attributes else {}
    return said if item.confidence is None else {**said, "confidence": item.confidence}


def _json_path(image: str, taken: set[str]) -> str:
    """Return the path of an image's JSON file, which no other image has; it is noted as taken."""
    parts = image.split("/")
    if "" in parts or ".." in parts or ntpath.splitdrive(image)[0]:
        raise UsageError(f"{shown(image)} leads out of the folder", where="image", fix="give a path below the root")
    stem = posixpath.splitext(image)[0]
    path = next(p for p in (stem + SUFFIX, image + SUFFIX, f"{image}.labelme{SUFFIX}") if p.casefold() not in taken)
    taken.add(path.casefold())
    return path


def _relative(image: Path, folder: Path) -> str:
    """Return the way from a folder to an image; absolute where they lie on different drives."""
    try:
        return Path(os.path.relpath(image, folder)).as_posix()
    except ValueError:
        return image.absolute().as_posix()
