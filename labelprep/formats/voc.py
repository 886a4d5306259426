"""Pascal VOC's XML, as LabelImg and many others write it: one file an image, read and written.

::

    JPEGImages/a.jpg
    Annotations/a.xml           or beside the image, as LabelImg saves:
        <annotation>
            <folder>JPEGImages</folder>
            <filename>a.jpg</filename>
            <path>E:/images/a.jpg</path>                where it was; used where there is no filename
            <size> <width>640</width> <height>480</height> <depth>3</depth> </size>
            <object> … </object>                        see `voc_objects`
        </annotation>
    ImageSets/Main/train.txt    splits, see `voc_lists`
    labelmap.txt                the classes, written for other tools

Elements of a file that are not known are kept in the attribute ``voc:file`` of its first annotation.

Source: VOC2007 and VOC2012 development kits; LabelImg's pascal_voc_io.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any, ClassVar, Final

from labelprep.errors import SourceError
from labelprep.formats import json_files
from labelprep.formats.base import Keeps, Reading, Sniffed, Written, not_kept
from labelprep.formats.label_files import label_path, sniffed, walk
from labelprep.formats.placing import Files
from labelprep.formats.voc_files import SUFFIX, Pass
from labelprep.formats.voc_lists import BOTH, IMAGE_SETS, LIST_SUFFIX, MAIN, list_files
from labelprep.formats.voc_writing import DRAWN, document_of
from labelprep.formats.xml_files import is_writable
from labelprep.model.images import SPLITS

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from labelprep.formats.base import Export, Outgoing, ReadContext

HEAD_BYTES: Final = 4096
SIGNS: Final = (b"<object", b"<filename", b"<size", b"<folder")
LABEL_MAP: Final = "labelmap.txt"
LABELS: Final = "Annotations"
IMAGES: Final = "JPEGImages"


class Voc:
    """Read and write the XML files of Pascal VOC."""

    name: ClassVar[str] = "voc"
    suffix: ClassVar[str] = ""
    keeps: ClassVar[frozenset[Keeps]] = frozenset(
        {Keeps.BOX, Keeps.ROTATED_BOX, Keeps.POLYGON, Keeps.ATTRIBUTES, Keeps.CONFIDENCE, Keeps.SPLIT}
    )

    def sniff(self, source: Path) -> Sniffed:
        """Look for the elements of VOC in a file, or in the first few XML files of a folder."""
        return sniffed(source, SUFFIX, ("VOC", "elements"), _has_signs)

    def read(self, source: Path, context: ReadContext) -> Reading:
        """Open an XML file, or a folder of them: one item a file, by their names, then the lists.

        ``facts`` fill while the items are read: ``counting`` says how the set counts its pixels and why, with
        the figures behind it in ``evidence``; ``shape_types``, ``encodings`` and ``lists`` count. The first
        item comes when all files have been looked at.

        Raises: SourceError where there is no such file or no XML file in the folder; UsageError for an
        encoding that is not known.
        """
        encoding = json_files.check_encoding(context.options.get("encoding"))
        _check_source(source)
        counts = ("encodings", "shape_types", "lists")
        facts: dict[str, Any] = {"encoding": encoding, "files": 0, **{name: {} for name in counts}}
        reading = Reading(facts, iter(()))
        reading.items = Pass(source.resolve(), context, encoding, reading).items()
        return reading

    def write(self, export: Export, target: Path) -> Written:
        """Write ``Annotations``, ``JPEGImages``, ``ImageSets/Main`` and ``labelmap.txt``."""
        images = annotations = files = 0
        taken: set[str] = set()
        splits: dict[str | None, list[str]] = {split: [] for split in (*SPLITS, None)}
        for item in export.items():
            record = item.record
            labels = label_path(record.image, SUFFIX, taken)
            stem = labels.removesuffix(SUFFIX)
            files += export.place(item, target / IMAGES / record.image)
            if record.split is not None or item.is_stated:
                splits[record.split].append(stem)
            if not item.is_stated:
                continue
            shapes = [one for one in record.annotations if one.kind in DRAWN and one.label is not None]
            folder, filename = posixpath.split(record.image)
            if export.files is not Files.LEAVE:
                folder = posixpath.join(IMAGES, folder).rstrip("/")
            file = target / LABELS / labels
            file.parent.mkdir(parents=True, exist_ok=True)
            text = document_of(folder, filename, record.size_wh, shapes)
            file.write_text(text, encoding="utf-8", newline="\n")
            images += 1
            annotations += len(shapes)
            files += 1
        (target / LABELS).mkdir(parents=True, exist_ok=True)
        files += _write_lists(target, splits) + _write_map(target, export.classes)
        return Written(images, annotations, files)

    def lost(self, outgoing: Outgoing) -> Counter[str]:
        """Count what VOC's XML cannot hold of one image."""
        return not_kept(outgoing.record, self.keeps)


def _write_lists(target: Path, splits: Mapping[str | None, Sequence[str]]) -> int:
    """Write which image is in which split; where none is in any, one list of all. Return how many lists."""
    lists = {split: splits[split] for split in SPLITS if splits[split]} or {BOTH: splits[None]}
    folder = target / IMAGE_SETS / MAIN
    folder.mkdir(parents=True)
    for name, stems in lists.items():
        text = "".join(f"{stem}\n" for stem in stems)
        (folder / f"{name}{LIST_SUFFIX}").write_text(text, encoding="utf-8", newline="\n")
    return len(lists)


def _write_map(target: Path, classes: Sequence[str]) -> int:
    """Write the classes as CVAT and Datumaro ask for them; return how many files that makes.

    Names that would break the file are no reason to write a part of it: then there is none.
    """
    if any(":" in name or name.startswith("#") or not is_writable(name) for name in classes):
        return 0
    lines = ["# label:color_rgb:parts:actions", *(f"{name}:::" for name in classes), ""]
    (target / LABEL_MAP).write_text("\n".join(lines), encoding="utf-8", newline="\n")
    return 1


def _check_source(source: Path) -> None:
    """Raise: SourceError where there is nothing that could be read."""
    if source.is_dir():
        if next(walk(str(source), SUFFIX), None) is None and not list_files(source):
            raise SourceError("no .xml file is in this folder", where=str(source), fix="name another folder")
    elif not source.is_file():
        raise SourceError("there is no such file", where=str(source), fix="give an .xml file or a folder")


def _has_signs(path: str) -> bool:
    """Tell whether the beginning of a file, in any encoding, has elements of VOC."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - names may be bytes
            head = file.read(HEAD_BYTES).replace(b"\x00", b"")
    except OSError:
        return False
    return b"<annotation" in head and any(sign in head for sign in SIGNS)
