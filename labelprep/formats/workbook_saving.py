"""Workbooks that are the same bytes whenever they are saved: no clock goes into their parts."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path
from typing import Any, Final

EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can name."""
PROPERTIES: Final = "docProps/core.xml"
TIMES: Final = re.compile(rb"<(\S*:)?(created|modified)\b[^>]*>[^<]*</[^>]*>")


def save_workbook(book: Any, target: Path) -> None:  # noqa: ANN401 - openpyxl loads late
    """Save an openpyxl workbook without the times of its making.

    Raises: OSError.
    """
    from openpyxl.writer.excel import ExcelWriter

    with _Timeless(target, "w", zipfile.ZIP_DEFLATED) as archive:
        ExcelWriter(book, archive).write_data()


class _Timeless(zipfile.ZipFile):
    """An archive whose entries all bear the earliest time, for what openpyxl calls."""

    def writestr(self, zinfo_or_arcname: Any, data: Any, *_settings: Any) -> None:  # noqa: ANN401 - as its base
        kept = TIMES.sub(b"", data) if zinfo_or_arcname == PROPERTIES else data
        super().writestr(_entry(zinfo_or_arcname), kept)

    def write(self, filename: Any, arcname: Any = None, *_settings: Any) -> None:  # noqa: ANN401 - as its base
        with Path(filename).open("rb") as part, self.open(_entry(arcname), "w", force_zip64=True) as entry:
            shutil.copyfileobj(part, entry)


def _entry(name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, EARLIEST)
    made.compress_type = zipfile.ZIP_DEFLATED
    return made
