"""Hugging Face's folders of images: metadata files with a row an image, read and written.

::

    train/metadata.jsonl    {"file_name": "cat/a.jpg", "label": "cat"}
    train/cat/a.jpg         {"file_name": "b.jpg", "label": null,
    train/b.jpg              "objects": {"bbox": [[10, 20, 30, 40]], "categories": ["dog"]}}
    validation/…  test/…    metadata.csv and metadata.parquet with the same columns

``labels`` takes the place of ``label`` where an image has several classes. Without splits the metadata file
lies in the export itself. `datasets.load_dataset("imagefolder", data_dir=…)` reads what is written. Therefore
names that it would take for a split get an ``x`` before the word (``xtest_1.jpg``), and where JSON lines
would not tell it the type of a column in every split, Parquet is written.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections import Counter, deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats.base import Keeps, ReadContext, Reading, Rejected, Sniffed, Written, not_kept
from labelprep.formats.cells import NEEDS_GUARD
from labelprep.formats.folder_names import UNSPLIT, Names, safe_name
from labelprep.formats.headers import SPLIT_VALUES
from labelprep.formats.huggingface_files import class_names, csv_rows, json_rows, parquet_rows
from labelprep.formats.huggingface_rows import BAD_ROW, FILE_COLUMN, RowReader
from labelprep.formats.label_files import LabelFile, located_files
from labelprep.formats.placing import Files
from labelprep.formats.row_files import Column, row_files
from labelprep.manifest.paths import escaped
from labelprep.model.annotation import Annotation, Kind
from labelprep.model.images import SPLIT_NAMES
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.formats.base import Export, Item, Outgoing

NOT_KEPT: Final = "LP334"  # columns that could not be kept, or a file or folder that cannot be read
ENDINGS: Final = (".csv", ".jsonl", ".parquet")
STEM: Final = "metadata"
FOLDERS: Final = {"train": "train", "val": "validation", "test": "test", None: UNSPLIT}
SNIFFED_FOLDERS: Final = 200
HEAD_BYTES: Final = 1 << 16
PARQUET: Final = b"PAR1"
SURE: Final = 0.95
AUTO: Final = "auto"
_SPLIT_WORD = re.compile(
    r"(?<![^-._ 0-9])(train|training|validation|valid|dev|val|test|testing|eval|evaluation)(?=[-._ 0-9]|$)",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class HuggingFace:
    """Read and write the metadata files of image folders."""

    name: ClassVar[str] = "huggingface"
    suffix: ClassVar[str] = ""
    keeps: ClassVar[frozenset[Keeps]] = frozenset(
        {Keeps.CLASS, Keeps.CLASSES, Keeps.SPLIT, Keeps.BOX, Keeps.UNNAMED}
    )

    def sniff(self, source: Path) -> Sniffed:
        """Look for a metadata file with a column ``file_name``."""
        found = next(_metadata_in(source) if source.is_dir() else _itself(source), None)
        if found is None:
            return Sniffed(0.0, "there is no metadata.csv, .jsonl or .parquet")
        if not _names_files(found):
            return Sniffed(0.05, f"{found.name} has no column {FILE_COLUMN}")
        return Sniffed(SURE, f"{found.name} has a column {FILE_COLUMN}")

    def read(self, source: Path, context: ReadContext) -> Reading:
        """Open a metadata file, or a folder with some: one item a row.

        ``facts``: ``files``, how many are read.

        Raises: SourceError where there is none.
        """
        issues: list[Issue] = []

        def tell(folder: str, problem: str) -> None:
            fix = "look at its permissions"
            issues.append(Issue(NOT_KEPT, Severity.ERROR, escaped(folder), f"cannot be read: {problem}", fix))

        if not source.exists():
            raise SourceError(
                "there is no such file", where=str(source), fix="check the spelling of the path"
            )
        if source.is_file() and source.suffix.lower() not in ENDINGS:
            raise SourceError(
                "this is no metadata file", where=str(source), fix="give a .csv, .jsonl or .parquet"
            )
        every = located_files(source.resolve(), context.root.resolve(), ENDINGS, tell)
        files = [file for file in every if source.is_file() or Path(file.path).stem.lower() == STEM]
        if not files:
            raise SourceError(
                "there is no metadata.csv, .jsonl or .parquet in it",
                where=str(source),
                fix="name the folder that holds it",
            )
        return Reading({"files": len(files)}, _items(files, context, issues), issues)

    def write(self, export: Export, target: Path) -> Written:
        """Write the images and their metadata files.

        Raises: UsageError for images that stay where they are, and for a form that is none; SourceError where
        Parquet is to be written and pyarrow is not there.
        """
        if export.files is Files.LEAVE:
            raise UsageError(
                "datasets reads only pictures below the metadata file",
                where="--files",
                fix="copy them, or make links: --files copy|link|symlink",
            )
        plan = _Plan(export)
        ending = plan.ending(str(export.options.get("metadata", AUTO)))
        names = Names()
        images = annotations = files = 0
        with row_files(ending, plan.columns) as rows:
            target.mkdir(parents=True)
            metadata = set()
            for item in export.items():
                folder = plan.folder(item)
                name = _name_in(folder, item, names)
                files += export.place(item, target / folder / name)
                metadata.add(file := target / folder / f"{STEM}{ending}")
                rows.add(file, plan.row(item, name))
                images += 1
                annotations += sum(_is_kept(one) for one in item.record.annotations)
        return Written(images, annotations, files + len(metadata))

    def lost(self, outgoing: Outgoing) -> Counter[str]:
        """Count what metadata files cannot hold of one image."""
        return not_kept(outgoing.record, self.keeps)


def _items(files: list[LabelFile], context: ReadContext, issues: list[Issue]) -> Iterator[Item]:
    unkept: Counter[str] = Counter()
    for file in files:
        path = Path(file.path)
        try:
            yield from _rows_of(file, path, context, issues, unkept)
        except SourceError as error:
            if len(files) == 1:
                raise
            issue = Issue(BAD_ROW, Severity.ERROR, file.name, error.problem, error.fix)
            yield Rejected("not_read", issue)
    if unkept:
        told = ", ".join(f"{shown(name)} ({number:,} rows)" for name, number in sorted(unkept.items()))
        problem = f"columns of images without a label, or of values that are no text or number: {told}"
        issues.append(
            Issue(NOT_KEPT, Severity.NOTE, files[0].name, problem, "nothing, if they are no labels")
        )


def _rows_of(
    file: LabelFile, path: Path, context: ReadContext, issues: list[Issue], unkept: Counter[str]
) -> Iterator[Item]:
    ending = path.suffix.lower()
    names = class_names(path) if ending == ".parquet" else {}
    rows = {".csv": csv_rows, ".jsonl": json_rows, ".parquet": parquet_rows}[ending]
    reader = RowReader(file, names, issues, is_text=ending == ".csv")
    yield from reader.items(rows(path, context))
    unkept.update(reader.unkept)


def _itself(source: Path) -> Iterator[Path]:
    if source.stem.lower() == STEM and source.suffix.lower() in ENDINGS and source.is_file():
        yield source


def _metadata_in(source: Path) -> Iterator[Path]:
    """Yield the metadata files in a folder, and in some of the folders one and two levels below."""
    pending = deque([source])
    for _ in range(SNIFFED_FOLDERS):
        if not pending:
            return
        folder = pending.popleft()
        yield from (file for ending in ENDINGS if (file := folder / f"{STEM}{ending}").is_file())
        if source in {folder, folder.parent}:
            with suppress(OSError), os.scandir(folder) as listing:
                names = sorted(entry.name for entry in listing if entry.is_dir(follow_symlinks=False))
                pending.extend(folder / name for name in names)


def _names_files(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES).replace(b"\x00", b"")
    except OSError:
        return False
    return head.startswith(PARQUET) or FILE_COLUMN.encode() in head


def _is_kept(item: Annotation) -> bool:
    return item.kind in {Kind.CLASS, Kind.BOX}


class _Plan:
    """What columns an export has, found by a look at all images."""

    def __init__(self, export: Export) -> None:
        """Look at what they say."""
        self._has_splits = self._has_labels = self._several = self._has_boxes = False
        typed: set[tuple[str | None, bool]] = set()
        splits: set[str | None] = set()
        for item in export.items():
            split = item.record.split
            splits.add(split)
            labels, boxes = _labels_of(item), _boxes_of(item)
            self._several |= len(labels) > 1
            self._has_labels |= bool(labels)
            self._has_boxes |= bool(boxes)
            if any(map(_is_word, labels)):
                typed.add((split, False))
            if any(_is_word(box.label) for box in boxes):
                typed.add((split, True))
        self._has_splits = bool(splits - {None})
        columns = [is_box for is_box, there in ((False, self._has_labels), (True, self._has_boxes)) if there]
        self._is_open = any((split, is_box) not in typed for split in splits for is_box in columns)
        self.columns = {
            FILE_COLUMN: Column.TEXT,
            **({self._label_column(): self._label_kind()} if self._has_labels else {}),
            **({"objects": Column.OBJECTS} if self._has_boxes else {}),
        }

    def _label_column(self) -> str:
        return "labels" if self._several else "label"

    def _label_kind(self) -> Column:
        return Column.TEXTS if self._several else Column.TEXT

    def ending(self, wished: str) -> str:
        """Return the ending of the metadata files.

        JSON lines say nothing of a column's type where a split has no value in it, or only dates.

        Raises: UsageError where a form is wished for that there is not.
        """
        if wished == AUTO:
            return ".parquet" if self._is_open else ".jsonl"
        if f".{wished}" not in ENDINGS:
            words = ", ".join(ending[1:] for ending in ENDINGS)
            raise UsageError(
                f"{shown(wished)} is none of {words}", where="--metadata", fix="name one of them"
            )
        return f".{wished}"

    def folder(self, item: Outgoing) -> str:
        """Return the folder of an image: that of its split, where any has one."""
        return FOLDERS[item.record.split] if self._has_splits else ""

    def row(self, item: Outgoing, name: str) -> list[Any]:
        """Return the values of an image's row."""
        row: list[Any] = [name]
        if self._has_labels:
            labels = _labels_of(item)
            row.append((labels if item.is_stated else None) if self._several else next(iter(labels), None))
        if self._has_boxes:
            boxes = _boxes_of(item)
            objects = {
                "bbox": [_written(one.geometry) for one in boxes],
                "categories": [one.label for one in boxes],
            }
            row.append(objects if item.is_stated else None)
        return row


def _is_word(label: str | None) -> bool:
    return label is not None and _DATE.match(label) is None


def _labels_of(item: Outgoing) -> list[str]:
    return [one.label for one in item.record.annotations if one.kind is Kind.CLASS and one.label is not None]


def _boxes_of(item: Outgoing) -> list[Annotation]:
    return [one for one in item.record.annotations if one.kind is Kind.BOX]


def _written(box: list[float]) -> list[float]:
    left, top, right, bottom = (float(value) for value in box)
    return [left, top, right - left, bottom - top]


def _name_in(folder: str, item: Outgoing, names: Names) -> str:
    """Return the name of an image from its metadata file, which no other has, and which names no split."""
    parts = item.record.image.split("/")
    if len(parts) > 1 and item.record.split and SPLIT_NAMES.get(parts[0].casefold()) == item.record.split:
        parts = parts[1:]
    parts = [_no_split(safe_name(part)) for part in parts]
    if NEEDS_GUARD.match(parts[0]):
        parts[0] = f"_{parts[0]}"
    above = "/".join(parts[:-1])
    name = names.free(posixpath.join(folder, above), parts[-1])
    return posixpath.join(above, name)


def _no_split(name: str) -> str:
    """Return a name without a word that is taken for a split."""
    name = _SPLIT_WORD.sub(lambda found: f"x{found[0]}", name)
    return f"x{name}" if name.casefold() in SPLIT_VALUES else name
