"""Labels that lie where images were scanned: what a person most likely wants to import next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.formats import reader
from labelprep.workflows.unmatched import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHEET_ENDINGS = frozenset({".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods", ".jsonl", ".parquet"})
TELLING_WORDS = ("label", "class", "annotation", "标签", "类别", "标注", "标记")
NOT_A_SHEET = (".", "~$")  # hidden files, and the lock that Excel puts beside an open workbook
LEAST_CONFIDENCE = 0.5


def labels_near(root: Path, here: Path) -> Path | None:
    """Return a sheet in the working folder, beside the images or among them, else LabelMe files among them.

    Of several sheets in one place the first that is named like labels is meant, else none of them.
    """
    for folder in dict.fromkeys((here, root.parent, root)):
        found = sorted(_sheets(folder))
        telling = [path for path in found if _tells(path.stem)]
        if telling or len(found) == 1:
            return (telling or found)[0]
    return root if reader("labelme").sniff(root).confidence >= LEAST_CONFIDENCE else None


def _sheets(folder: Path) -> Iterator[Path]:
    try:
        entries = list(folder.iterdir())
    except OSError:  # a folder beside the images may be closed to us
        return
    for path in entries:
        is_sheet = path.suffix.lower() in SHEET_ENDINGS and not path.name.startswith(NOT_A_SHEET)
        if is_sheet and path.is_file() and not is_ours(path):
            yield path


def _tells(name: str) -> bool:
    return any(word in name.casefold() for word in TELLING_WORDS)
