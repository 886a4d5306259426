"""The rows of CSV, JSON lines and Parquet as values, each with its number in the file."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import SourceError
from labelprep.formats.dialects import text_grid
from labelprep.formats.encodings import find_encoding
from labelprep.formats.grids import explained_opening, is_blank
from labelprep.formats.json_files import DUPLICATE, NotReadableError, parsed
from labelprep.formats.row_files import pyarrow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labelprep.formats.base import ReadContext

BATCH_ROWS: Final = 1024
MARKS: Final = " \t\r\n\x1a\ufeff"
SCHEMA_KEY: Final = b"huggingface"

Numbered = tuple[int, dict[str, Any] | str]


def csv_rows(source: Path, context: ReadContext) -> Iterator[Numbered]:
    """Yield the rows below the column names, as texts."""
    columns: list[str] | None = None
    for row in text_grid(source, context).rows():
        if is_blank(row.cells):
            continue
        if columns is None:
            columns = [cell.strip() for cell in row.cells]
        elif len(row.cells) > len(columns):
            yield row.number, f"the row has {len(row.cells)} cells, and there are {len(columns)} columns"
        else:
            yield row.number, dict(zip(columns, row.cells, strict=False))


def json_rows(source: Path, context: ReadContext) -> Iterator[Numbered]:
    """Yield the object of each line that is not blank, or what is wrong with the line."""
    encoding, _ = find_encoding(source, context)
    try:
        with explained_opening(source), source.open(encoding=encoding.codec) as file:
            for number, line in enumerate(file, 1):
                if line.strip(MARKS):
                    yield number, _object_of(line.strip(MARKS))
    except UnicodeError as error:
        raise SourceError("the file changed while it was read", where=source.name, fix="try again") from error


def _object_of(line: str) -> dict[str, Any] | str:
    try:
        found = parsed(line)
    except NotReadableError as error:
        return error.problem
    if not isinstance(found, dict):
        return "the line holds no JSON object"
    return "the object states one key twice" if DUPLICATE in found else found


def parquet_rows(source: Path, _context: ReadContext) -> Iterator[Numbered]:
    """Yield the rows of a Parquet file, counted from 1, without the columns that hold pictures."""
    broken = _broken()
    try:
        with explained_opening(source), _opened(source) as file:
            wanted = [field.name for field in file.schema_arrow if not _holds_bytes(field.type)]
            number = 0
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=wanted):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except broken as error:
        raise _damaged(source) from error


def class_names(source: Path) -> dict[str, list[str]]:
    """Return the names of classes that are numbers, by column or key, as a Parquet file brings them along.

    Raises: SourceError where the file cannot be read, or pyarrow is not there.
    """
    broken = _broken()
    try:
        with explained_opening(source), _opened(source) as file:
            stated = (file.schema_arrow.metadata or {}).get(SCHEMA_KEY, b"{}")
    except broken as error:
        raise _damaged(source) from error
    found: dict[str, list[str]] = {}
    try:
        _collect(json.loads(stated), "", found)
    except (ValueError, RecursionError):
        return {}
    return found


def _collect(node: object, key: str, found: dict[str, list[str]]) -> None:
    if not isinstance(node, dict):
        return
    names = node.get("names")
    is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if node.get("_type") == "ClassLabel" and isinstance(names, list) and is_list:
        found[key] = names
        return
    for name, inner in node.items():
        _collect(inner, key if name == "feature" else name, found)


def _opened(source: Path) -> Any:  # noqa: ANN401 - pyarrow has no types
    pyarrow()
    return import_module("pyarrow.parquet").ParquetFile(source)


def _broken() -> tuple[type[Exception], ...]:
    """Return what pyarrow raises over damaged files."""
    return (pyarrow().ArrowException, ValueError, TypeError, NotImplementedError, OverflowError)


def _holds_bytes(kind: Any) -> bool:  # noqa: ANN401 - pyarrow has no types
    inner = [kind.field(place).type for place in range(kind.num_fields)]
    return "binary" in str(kind) or any(_holds_bytes(one) for one in inner)


def _damaged(source: Path) -> SourceError:
    return SourceError("the Parquet file is damaged or cut off", where=source.name, fix="write it again")
