"""Rows of named values, written as CSV, JSON lines or Parquet: for every table the same rows, the same bytes.

::

    file,label                   {"file": "a.jpg", "label": "cat"}
    a.jpg,cat                    {"file": "b.jpg", "label": null}
    b.jpg,

A row gives a value for each column, in their order; None where there is none.
"""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol

from labelprep.errors import SourceError
from labelprep.formats.cells import cell_of, neutralised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

BATCH_ROWS: Final = 8192
SURE: Final = "\u0800"
"""From here on UTF-8 has three bytes a character, and nobody takes it for another encoding."""

Row = list[Any]


class Column(StrEnum):
    """What a column holds: a text, a list of texts, or boxes with their classes."""

    TEXT = "text"
    TEXTS = "texts"
    OBJECTS = "objects"


class Rows(Protocol):
    """A file that takes rows."""

    def add(self, row: Row) -> None:
        """Take one row."""

    def close(self) -> None:
        """Write what is held back, and close the file."""


@contextmanager
def row_files(ending: str, columns: Mapping[str, Column]) -> Iterator[RowFiles]:
    """Open files of rows, each when it gets its first row, all with the same columns.

    Raises: SourceError where Parquet is asked for and pyarrow is not there.
    """
    files = RowFiles(ending, columns)
    try:
        yield files
    finally:
        files.close()


class RowFiles:
    """Files of rows by their paths."""

    def __init__(self, ending: str, columns: Mapping[str, Column]) -> None:
        """Take the form (``.csv``, ``.jsonl``, ``.parquet``) and what each column holds."""
        self._columns = columns
        kinds: dict[str, Callable[[Path, Mapping[str, Column]], Rows]]
        kinds = {".csv": _CsvRows, ".jsonl": _LineRows, ".parquet": _ParquetRows}
        self._kind = kinds[ending]
        self._open: dict[Path, Rows] = {}
        if ending == ".parquet":
            pyarrow()

    def add(self, file: Path, row: Row) -> None:
        """Append a row to one of the files."""
        self.begin(file)
        self._open[file].add(row)

    def begin(self, file: Path) -> None:
        """Make a file, which may stay without rows."""
        if file not in self._open:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._open[file] = self._kind(file, self._columns)

    def close(self) -> None:
        """Close all of them."""
        for rows in self._open.values():
            rows.close()


def pyarrow() -> Any:  # noqa: ANN401 - pyarrow has no types
    """Return the package that writes Parquet.

    Raises: SourceError where it is not there.
    """
    try:
        return import_module("pyarrow")
    except ImportError as error:
        raise SourceError(
            "Parquet needs the package pyarrow",
            where="parquet",
            fix='pip install "labelprep[parquet]", or write JSON lines',
        ) from error


class _LineRows:
    """JSON lines. A line whose bytes could be taken for another encoding gets escapes."""

    def __init__(self, file: Path, columns: Mapping[str, Column]) -> None:
        self._names = tuple(columns)
        self._file = file.open("w", encoding="utf-8", newline="\n")

    def add(self, row: Row) -> None:
        values = dict(zip(self._names, row, strict=True))
        line = json.dumps(values, ensure_ascii=False)
        if not line.isascii() and max(line) < SURE:
            line = json.dumps(values)
        self._file.write(line + "\n")

    def close(self) -> None:
        self._file.close()


class _CsvRows:
    """CSV for spreadsheets too: lists in a cell are JSON, and no cell is run as a formula."""

    def __init__(self, file: Path, columns: Mapping[str, Column]) -> None:
        self._kinds = tuple(columns.values())
        self._file = file.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(columns)

    def add(self, row: Row) -> None:
        self._writer.writerow(_cell(value, kind) for value, kind in zip(row, self._kinds, strict=True))

    def close(self) -> None:
        self._file.close()


def _cell(value: Any, kind: Column) -> str:  # noqa: ANN401 - by the column's kind
    if value is None:
        return ""
    if kind is Column.OBJECTS:
        return json.dumps(value, ensure_ascii=False)
    return neutralised(cell_of([value] if kind is Column.TEXT else value))


class _ParquetRows:
    """Parquet, written a batch at a time."""

    def __init__(self, file: Path, columns: Mapping[str, Column]) -> None:
        self._arrow = pyarrow()
        self._schema = _schema(self._arrow, columns)
        self._held: list[Row] = []
        self._writer = import_module("pyarrow.parquet").ParquetWriter(file, self._schema)

    def add(self, row: Row) -> None:
        self._held.append(row)
        if len(self._held) == BATCH_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            columns: Sequence[Any] = list(zip(*self._held, strict=True))
            arrays = [
                self._arrow.array(values, field.type)
                for values, field in zip(columns, self._schema, strict=True)
            ]
            self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
            self._held.clear()

    def close(self) -> None:
        self._flush()
        self._writer.close()


def _schema(arrow: Any, columns: Mapping[str, Column]) -> Any:  # noqa: ANN401 - pyarrow has no types
    text, numbers = arrow.string(), arrow.list_(arrow.float64())
    kinds = {
        Column.TEXT: text,
        Column.TEXTS: arrow.list_(text),
        Column.OBJECTS: arrow.struct([("bbox", arrow.list_(numbers)), ("categories", arrow.list_(text))]),
    }
    return arrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
