"""Tables of labels as JSON lines and as Parquet, for programs; the reader of tables reads them back.

::

    {"file": "a.jpg", "label": "cat", "split": "train", "group": null}
    {"file": "b.jpg", "label": null, "split": null, "group": "p7"}

    {"file": "a.jpg", "labels": ["cat", "dog"], "split": "train"}      where an image has several

A row an image, in the order of their paths, also those without a label. ``group`` is there where some image
has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from labelprep.formats.base import Keeps, Written, not_kept
from labelprep.formats.cells import GUARDED, looks_listed, neutralised, restored
from labelprep.formats.row_files import Column, row_files

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from labelprep.formats.base import Export, Outgoing

KEPT = frozenset({Keeps.CLASS, Keeps.CLASSES, Keeps.SPLIT, Keeps.GROUP})


class JsonLines:
    """Write labels as JSON lines."""

    name: ClassVar[str] = "jsonl"
    suffix: ClassVar[str] = ".jsonl"
    keeps: ClassVar[frozenset[Keeps]] = KEPT

    def write(self, export: Export, target: Path) -> Written:
        """Write one line an image."""
        return _write(export, target)

    def lost(self, outgoing: Outgoing) -> Counter[str]:
        """Count what a table of labels cannot hold of one image."""
        return not_kept(outgoing.record, self.keeps)


class Parquet:
    """Write labels as a Parquet file, which needs pyarrow."""

    name: ClassVar[str] = "parquet"
    suffix: ClassVar[str] = ".parquet"
    keeps: ClassVar[frozenset[Keeps]] = KEPT

    def write(self, export: Export, target: Path) -> Written:
        """Write one row an image.

        Raises: SourceError where pyarrow is not there.
        """
        return _write(export, target)

    def lost(self, outgoing: Outgoing) -> Counter[str]:
        """Count what a table of labels cannot hold of one image."""
        return not_kept(outgoing.record, self.keeps)


def _write(export: Export, target: Path) -> Written:
    several, grouped = _needs(export)
    columns = {
        "file": Column.TEXT,
        **({"labels": Column.TEXTS} if several else {"label": Column.TEXT}),
        "split": Column.TEXT,
        **({"group": Column.TEXT} if grouped else {}),
    }
    images = annotations = 0
    with row_files(target.suffix, columns) as rows:
        rows.begin(target)
        for item in export.items():
            labels = list(item.labels)
            label = labels if several else next(iter(labels), None)
            group = [_guarded(item.record.group)] if grouped else []
            rows.add(target, [_guarded(item.record.image), label, item.record.split, *group])
            images += 1
            annotations += len(labels)
    return Written(images, annotations, 1)


def _needs(export: Export) -> tuple[bool, bool]:
    """Return whether labels must be lists, and whether there are groups.

    A class that the reader of tables would take for a list, or for a guarded formula, is safe in a list.
    """
    several = grouped = False
    for item in export.items():
        several |= len(item.labels) > 1 or any(
            looks_listed(name) or restored(name) != name for name in item.labels
        )
        grouped |= item.record.group is not None
    return several, grouped


def _guarded(text: str | None) -> str | None:
    """Guard a text that the reader of tables would take for a guarded one."""
    return neutralised(text) if text is not None and GUARDED.match(text) else text
