"""LabelMe's JSON: one file an image, beside it or in a folder of its own, read and written.

::

    photos/a.jpg
    photos/a.json     {"version": "5.5.0",
                       "flags": {"cat": true, "dog": false},    classes of the whole image: the true ones
                       "shapes": […],                           see `labelme_shapes`
                       "imagePath": "a.jpg",                    from the JSON file to the image
                       "imageData": null,                       or the whole picture in base64
                       "imageHeight": 480, "imageWidth": 640}

LabelMe turns pictures upright before it shows them, so its pixels are those of the upright original. Keys it
does not know are kept: those of a shape with the shape, those of a file (and flags that are false) in the
attribute ``labelme:file`` of the first annotation. X-AnyLabeling's dialect is read and kept: see
`labelme_shapes`.

Source: labelme's label file module, versions 2 to 6.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from labelprep.errors import SourceError, UsageError
from labelprep.formats import json_files
from labelprep.formats.base import Item, Keeps, ReadContext, Reading, Sniffed, Written, not_kept
from labelprep.formats.label_files import (
    LabelFile,
    label_files,
    label_path,
    located_files,
    sniffed,
    unheard,
    walk,
)
from labelprep.formats.labelme_documents import HEAD_BYTES, SIGNS
from labelprep.formats.labelme_files import NOT_READ, Pass, empty_reading
from labelprep.formats.labelme_shapes import FILE_KEY, OWN_KEY, shape_of
from labelprep.formats.labelme_workers import items
from labelprep.formats.placing import Files
from labelprep.model.annotation import Annotation, Kind, Record

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

    from labelprep.formats.base import Export, Outgoing

VERSION: Final = "5.5.0"
SUFFIX: Final = ".json"
PART: Final = ".labelprep.part"


class LabelMe:
    """Read and write the JSON files of LabelMe and of the tools that followed it."""

    name: ClassVar[str] = "labelme"
    suffix: ClassVar[str] = ""
    keeps: ClassVar[frozenset[Keeps]] = frozenset(Keeps) - {Keeps.SPLIT, Keeps.GROUP}

    def sniff(self, source: Path) -> Sniffed:
        """Look for LabelMe's keys in a file, or in the first few JSON files of a folder."""
        return sniffed(source, SUFFIX, ("LabelMe", "keys"), _has_signs)

    def read(self, source: Path, context: ReadContext) -> Reading:
        """Open a JSON file, or a folder of them: one item a file, in the order of their names.

        ``facts`` fill while the items are read: the number of files, and how often each encoding, version,
        shape type and key that LabelMe does not know was met; ``encoding`` names all that were met. What is
        told once for many files is added to ``issues`` at the end.

        Raises: SourceError where there is no such file or no JSON file in the folder; UsageError for an
        encoding that is not known.
        """
        encoding = json_files.check_encoding(context.options.get("encoding"))
        _check_source(source)
        reading = empty_reading(encoding)
        files = label_files(source.resolve(), context.root.resolve(), SUFFIX, NOT_READ, reading.issues)
        reading.items = items(files, context, encoding, reading)
        return reading

    def pictures(
        self, source: Path, context: ReadContext
    ) -> Iterator[tuple[LabelFile, Item, memoryview | None]]:
        """Yield each file with what it says and the base64 of the picture inside it, in the order of names.

        Raises: as `read`.
        """
        encoding = json_files.check_encoding(context.options.get("encoding"))
        _check_source(source)
        here = Pass(context, encoding, empty_reading(encoding))
        for file in located_files(source.resolve(), context.root.resolve(), SUFFIX):
            yield file, *here.pictured(file)

    def write(self, export: Export, target: Path) -> Written:
        """Write a folder with the images, each with its JSON file beside it; without them where they stay."""
        images = annotations = files = 0

        def records() -> Iterator[Record]:
            nonlocal images, annotations, files
            for item in export.items():
                files += export.place(item, target / item.record.image)
                if item.is_stated:
                    images += 1
                    annotations += len(item.record.annotations)
                    yield item.record

        target.mkdir(parents=True)
        there = export.root if export.files is Files.LEAVE else target
        labels = self.write_records(records(), target, there)
        return Written(images, annotations, files + labels)

    def lost(self, outgoing: Outgoing) -> Counter[str]:
        """Count what LabelMe's JSON cannot hold of one image."""
        return not_kept(outgoing.record, self.keeps)

    def write_records(self, records: Iterable[Record], target: Path, root: Path) -> int:
        """Write one JSON file an image below ``target``; return how many.

        A record's image is its path below ``root``. ``a.jpg`` gets ``a.json``; of several images with that
        stem the later ones get ``a.png.json``.

        Raises: UsageError where a file is there already: nothing is ever overwritten.
        """
        taken: set[str] = set()
        for record in records:
            relative = label_path(record.image, SUFFIX, taken)
            file = target / relative
            if file.exists():
                raise UsageError("this file is there already", where=str(file), fix="name an empty folder")
            file.parent.mkdir(parents=True, exist_ok=True)
            image = _relative(root / record.image, file.parent)
            # A name of its own length: with more before or behind it the longest would be too long.
            part = file.with_name(PART)
            part.write_text(
                text_of(image, record.size_wh, record.annotations), encoding="utf-8", newline="\n"
            )
            part.replace(file)
        return len(taken)


def text_of(image_path: str, size_wh: tuple[int, int] | None, annotations: Iterable[Annotation]) -> str:
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
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    # Where a reader would have to guess the encoding, it gets escapes.
    if len(json_files.readings(text.encode("utf-8"), None)) > 1:
        text = json.dumps(document, indent=2) + "\n"
    return text


def _said_besides(item: Annotation) -> dict[str, Any]:
    attributes = {key: value for key, value in item.attributes.items() if key != FILE_KEY}
    said: dict[str, Any] = {"attributes": attributes} if attributes else {}
    return said if item.confidence is None else {**said, "confidence": item.confidence}


def _relative(image: Path, folder: Path) -> str:
    """Return the way from a folder to an image; absolute where they lie on different drives."""
    try:
        return Path(os.path.relpath(image, folder)).as_posix()
    except ValueError:
        return image.absolute().as_posix()


def _check_source(source: Path) -> None:
    """Raise: SourceError where there is nothing that could be read."""
    if source.is_dir():
        if next(walk(str(source), SUFFIX, unheard), None) is None:
            raise SourceError("no .json file is in this folder", where=str(source), fix="name another folder")
    elif not source.is_file():
        raise SourceError("there is no such file", where=str(source), fix="give a .json file or a folder")


def _has_signs(path: str) -> bool:
    """Tell whether the beginning or the end of a file, in any encoding, has keys of LabelMe."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as `read_bytes`
            head = file.read(HEAD_BYTES)
            size = os.fstat(file.fileno()).st_size
            file.seek(max(len(head), size - HEAD_BYTES))
            seen = (head + file.read(HEAD_BYTES)).replace(b"\x00", b"").replace(b"'", b'"')
    except OSError:
        return False
    return b'"shapes"' in seen and any(sign in seen for sign in SIGNS[:2])
