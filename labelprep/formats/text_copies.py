"""Copies of text tables with columns added: encoding, delimiter, quotes and line ends as they were."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from labelprep.formats.added_columns import is_added
from labelprep.formats.dialects import GAPS, Dialect, TextTable, text_table
from labelprep.formats.grids import is_blank

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from labelprep.formats.added_columns import Added
    from labelprep.formats.base import ReadContext

LINE_ENDS = ("\r\n", "\n", "\r")
BIG_ENDIAN_MARKS = {b"\xfe\xff": "utf-16-be", b"\x00\x00\xfe\xff": "utf-32-be"}
UTF8_MARK = b"\xef\xbb\xbf"
FALLBACK = "utf-8-sig"


def copy_text(source: Path, target: Path, context: ReadContext, added: Added) -> list[str]:
    """Copy a text table row by row with cells added; return in words what could not stay as it was.

    Raises: as `text_table`; OSError.
    """
    table = text_table(source, context)
    notes = []
    if table.dialect.delimiter in GAPS:
        notes.append("its columns, which were aligned by spaces, are parted by tabs")
    codec, mark = _codec_of(source, table)
    try:
        _write(target, table, added, codec=codec, mark=mark)
    except UnicodeEncodeError:
        notes.append(f"it is written as UTF-8, since {codec} has not all characters of the added cells")
        _write(target, table, added, codec=FALLBACK, mark="")
    return notes


def _codec_of(source: Path, table: TextTable) -> tuple[str, str]:
    """Return the codec that writes what was read, and the mark that it does not write by itself."""
    with source.open("rb") as file:
        head = file.read(4)
    codec = table.encoding.codec
    if codec == "utf-8-sig" and not head.startswith(UTF8_MARK):
        return "utf-8", ""
    for mark, endian in BIG_ENDIAN_MARKS.items():
        if head.startswith(mark) and codec == endian.removesuffix("-be"):
            return endian, "\ufeff"
    return codec, ""


def _write(target: Path, table: TextTable, added: Added, *, codec: str, mark: str) -> None:
    with target.open("w", encoding=codec, newline="") as file:
        file.write(mark)
        file.writelines(_rows(table, added))


def _rows(table: TextTable, added: Added) -> Iterator[str]:
    """Yield each row as it stands in the file, with its added cells before the line end."""
    held: list[str] = []

    def watched() -> Iterator[str]:
        for line in table.lines():
            held.append(line)
            yield line

    for number, _last, cells in table.dialect.parsed(watched()):
        raw = "".join(held)
        held.clear()
        yield _with_cells(raw, cells, added.cells(number), added.start, table.dialect)
    yield "".join(held)


def _with_cells(raw: str, cells: Sequence[str], more: Sequence[str], start: int, dialect: Dialect) -> str:
    end = next((end for end in LINE_ENDS if raw.endswith(end)), "")
    if dialect.delimiter in GAPS:
        return _joined(padded_to(cells, start, more), Dialect("\t", quoted=False), "\t") + end
    if not more:
        return raw
    delimiter = dialect.delimiter or ","
    gap = f"{delimiter} " if dialect.skip_space else delimiter
    if len(cells) > start and (is_blank(cells[start:]) or is_added(cells, start)):
        return _joined(padded_to(cells, start, more), dialect, gap) + end
    padding = gap * max(0, start - len(cells))
    return f"{raw.removesuffix(end)}{padding}{gap}{_joined(more, dialect, gap)}{end}"


def padded_to(cells: Sequence[str], start: int, more: Sequence[str]) -> list[str]:
    """Return a row with other cells from a column on, in the place of those added before."""
    if not more:
        return list(cells)
    rest = cells[start + len(more) :] if is_added(cells, start) else cells[start:]
    after = () if is_blank(rest) else rest
    return [*cells[:start], *[""] * (start - len(cells)), *more, *after]


def _joined(cells: Sequence[str], dialect: Dialect, gap: str) -> str:
    """Return cells as they stand in a file; without quotes a cell cannot hold what ends it."""
    delimiter = dialect.delimiter or ","
    if not dialect.quoted:
        return gap.join(" ".join(cell.replace(delimiter, " ").splitlines()) for cell in cells)
    return gap.join(_quoted(cell, delimiter) for cell in cells)


def _quoted(cell: str, delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow((cell, ""))
    return text.getvalue().removesuffix(delimiter)
