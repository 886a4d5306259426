"""COCO's JSON: images, categories and annotations of many images in one file, read and written.

::

    set/annotations/instances_train.json
        {"images": [{"id": 1, "file_name": "a.jpg", "width": 640, "height": 480}],
         "categories": [{"id": 18, "name": "dog"}],
         "annotations": [{"id": 1, "image_id": 1, "category_id": 18, "bbox": [left, top, width, height], …}]}
    set/annotations/results.json
        [{"image_id": 1, "category_id": 18, "bbox": […], "score": 0.9}]           what a model says
    set/images/a.jpg

See `coco_shapes` for the annotations, `coco_places` for where images are looked for, `coco_results` for lists
of results. An image without annotations has been looked at: nothing is there. Panoptic files and captions are
told of and not taken.

A file of any size is read piece by piece. Text is written in ASCII: many tools open files in the encoding of
the system.

Source: the COCO data format (cocodataset.org).
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import ExitStack
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Final, TextIO

from labelprep.errors import SourceError
from labelprep.formats import json_files
from labelprep.formats.base import Keeps, ReadContext, Reading, Sniffed, Written, not_kept
from labelprep.formats.coco_files import NOT_READ
from labelprep.formats.coco_reading import Pass
from labelprep.formats.coco_writing import Keypoints, image_values, is_lost, objects_of
from labelprep.formats.label_files import located_files, sniffed
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from labelprep.formats.base import Export, Outgoing
    from labelprep.formats.label_files import LabelFile

SUFFIX: Final = ".json"
HEAD_BYTES: Final = 64 << 10
NO_SPLIT: Final = "default"
LEAST_SIGNS: Final = 2

_SIGNS: Final = (
    b'"images"', b'"annotations"', b'"categories"', b'"file_name"', b'"image_id"', b'"category_id"',
    b'"bbox"',
)  # fmt: skip


class Coco:
    """Read and write COCO's annotation files."""

    name: ClassVar[str] = "coco"
    suffix: ClassVar[str] = ""
    keeps: ClassVar[frozenset[Keeps]] = frozenset(
        {
            Keeps.BOX, Keeps.ROTATED_BOX, Keeps.POLYGON, Keeps.MASK, Keeps.POINTS, Keeps.ATTRIBUTES,
            Keeps.CONFIDENCE, Keeps.SPLIT,
        }
    )  # fmt: skip

    def sniff(self, source: Path) -> Sniffed:
        """Look for COCO's keys in a file, or in the first few JSON files of a folder."""
        return sniffed(source, SUFFIX, ("COCO", "keys"), _has_signs)

    def read(self, source: Path, context: ReadContext) -> Reading:
        """Open a JSON file, or a folder of them: one item a listed image, in the order of the files.

        ``facts`` fill while the items are read: the number of files, images and annotations, shapes by kind,
        how often each encoding was met. ``class_ids`` are the ids of the categories.

        Raises: SourceError where there is no such file or no JSON file in the folder; UsageError for an
        encoding that is not known.
        """
        encoding = json_files.check_encoding(context.options.get("encoding"))
        counts = dict.fromkeys(("files", "images", "annotations"), 0)
        reading = Reading({"encoding": encoding, **counts, "encodings": {}, "kinds": {}}, iter(()))
        files = _files(source.resolve(), context.root.resolve(), reading)
        names = [file.name for file in files] if source.is_dir() else _names_beside(source.resolve())
        reading.items = Pass(context, encoding, reading).items(files, names)
        return reading

    def write(self, export: Export, target: Path) -> Written:
        """Write ``annotations/instances_<split>.json`` a split, and the images below ``images``.

        Images without a split go into ``instances_default.json``. Ids begin with 1 and are those of one set;
        ``info`` names the split, since one file alone does not state it by its name.
        """
        target.mkdir(parents=True)
        images = annotations = files = 0
        with ExitStack() as stack:
            folder = target / "annotations"
            folder.mkdir()
            ids, keypoints = _numbers(export), Keypoints()
            splits: dict[str | None, _SplitFile] = {}
            for item in export.items():
                path = item.record.image
                files += export.place(item, target / "images" / path)
                if not item.is_stated:
                    continue
                split = item.record.split
                if split not in splits:
                    splits[split] = _SplitFile(folder, split, stack)
                images += 1
                splits[split].add_image(images, path, item)
                for label, shapes, values in objects_of(
                    item.record.annotations, item.record.size_wh, keypoints
                ):
                    splits[split].add({"image_id": images, "category_id": ids[label], **values})
                    annotations += shapes
            if not splits:
                splits[None] = _SplitFile(folder, None, stack)
            for file in splits.values():
                file.finish(_categories(ids, keypoints))
        return Written(images, annotations, files + len(splits))

    def lost(self, outgoing: Outgoing) -> Counter[str]:
        """Count what COCO's JSON cannot hold of one image."""
        record = outgoing.record
        lost = not_kept(record, self.keeps)
        for item in record.annotations:
            kind = is_lost(item, record.size_wh)
            lost.update([kind] if kind else [])
        return lost


class _SplitFile:
    """A COCO file under writing: images and annotations grow side by side and are joined at the end."""

    def __init__(self, folder: Path, split: str | None, stack: ExitStack) -> None:
        path = folder / f"instances_{split or NO_SPLIT}{SUFFIX}"
        self._path = path
        self._split = split
        self._parts = {key: path.with_name(f".{path.name}.{key}") for key in ("images", "annotations")}
        self._files: dict[str, TextIO] = {
            key: stack.enter_context(part.open("w", encoding="ascii", newline="\n"))
            for key, part in self._parts.items()
        }
        self._counts = dict.fromkeys(self._parts, 0)
        self._next = 1

    def add_image(self, number: int, path: str, item: Outgoing) -> None:
        """Write down one image."""
        width, height = item.record.size_wh or (None, None)
        size = {} if width is None else {"width": width, "height": height}
        more = image_values(item.record.annotations)
        self._write("images", {"id": number, "file_name": path, **size, **more})

    def add(self, values: dict[str, Any]) -> None:
        """Write down one annotation."""
        self._write("annotations", {"id": self._next, **values})
        self._next += 1

    def _write(self, key: str, values: dict[str, Any]) -> None:
        self._files[key].write((",\n" if self._counts[key] else "\n") + json.dumps(values))
        self._counts[key] += 1

    def finish(self, categories: list[dict[str, Any]]) -> None:
        """Join the parts."""
        with self._path.open("w", encoding="ascii", newline="\n") as file:
            listed = ",\n".join(json.dumps(category) for category in categories)
            info = json.dumps({"split": self._split} if self._split else {})
            file.write(f'{{"info": {info}, "licenses": [],\n"categories": [\n{listed}\n]')
            for key, part in self._parts.items():
                self._files[key].close()
                file.write(f',\n"{key}": [')
                with part.open(encoding="ascii", newline="\n") as held:
                    shutil.copyfileobj(held, file)
                file.write("\n]")
                part.unlink()
            file.write("}\n")


def _numbers(export: Export) -> dict[str, int]:
    """Return the ids of the classes, from 1: some tools take category 0 for background."""
    given = {name: number for name, number in export.class_ids.items() if name in export.classes}
    taken = set(given.values())
    free = (number for number in count(1) if number not in taken)
    return {name: given[name] if name in given else next(free) for name in export.classes}


def _categories(ids: dict[str, int], keypoints: Keypoints) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for name, number in sorted(ids.items(), key=lambda pair: pair[1]):
        category: dict[str, Any] = {"id": number, "name": name, "supercategory": ""}
        if name in keypoints.names:
            category["keypoints"], category["skeleton"] = keypoints.names[name]
        made.append(category)
    return made


def _files(source: Path, root: Path, reading: Reading) -> list[LabelFile]:
    """Return the JSON files of a source.

    Raises: SourceError where there is none.
    """

    def tell(folder: str, problem: str) -> None:
        fix = "look at its permissions"
        reading.issues.append(Issue(NOT_READ, Severity.ERROR, folder, f"cannot be read: {problem}", fix))

    if not source.is_dir() and not source.is_file():
        raise SourceError("there is no such file", where=str(source), fix="give a .json file or a folder")
    files = list(located_files(source, root, (SUFFIX,), tell))
    if not files:
        raise SourceError("no .json file is in this folder", where=str(source), fix="name another folder")
    return files


def _names_beside(source: Path) -> list[str]:
    """Return the names of a file and of the JSON files beside it."""
    try:
        names = [path.name for path in source.parent.iterdir()]
    except OSError:
        names = []
    return sorted({source.name, *(name for name in names if name.lower().endswith(SUFFIX))})


def _has_signs(path: str) -> bool:
    """Tell whether the beginning or the end of a file, in any encoding, has keys of COCO."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - paths come as text
            head = file.read(HEAD_BYTES)
            size = os.fstat(file.fileno()).st_size
            file.seek(max(len(head), size - HEAD_BYTES))
            seen = (head + file.read(HEAD_BYTES)).replace(b"\x00", b"")
    except OSError:
        return False
    return b'"shapes"' not in seen and sum(sign in seen for sign in _SIGNS) >= LEAST_SIGNS
