"""Tables whose format names the columns itself: JSON lines and Parquet.

::

    {"file_name": "a.jpg", "label": "cat"}
    {"file_name": "b.jpg", "label": ["cat", "dog"]}
"""

from __future__ import annotations

import json
import math
from importlib import import_module
from typing import TYPE_CHECKING, Any

from labelprep.errors import SourceError
from labelprep.formats.encodings import find_encoding
from labelprep.formats.grids import MAX_COLUMNS, Grid, Place, Row, explained_opening
from labelprep.formats.number_formats import plain_number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labelprep.formats.base import ReadContext

BATCH_ROWS = 8192
MARKS = " \t\r\n\x1a\ufeff"


class RepeatedKeyError(ValueError):
    """An object that states one key twice."""


def lines_grid(source: Path, context: ReadContext) -> Grid:
    """Open a file of JSON lines; its columns are the keys of all objects, in order of appearance.

    Raises: SourceError where no line holds an object; UsageError where the encoding is in doubt.
    """
    encoding, _seen = find_encoding(source, context)
    columns = _columns(source, encoding.codec)

    def rows() -> Iterator[Row]:
        for number, found in _objects(source, encoding.codec):
            if isinstance(found, str):
                yield Row(number, (), problem=found)
                continue
            cells = [""] * len(columns)
            for key, value in found.items():
                cells[columns[key]] = cell_text(value)
            yield Row(number, cells)

    facts = {"encoding": encoding.name}
    return Grid(Place(source.name), rows, facts, tuple(columns), encoding.issues)


def _columns(source: Path, codec: str) -> dict[str, int]:
    """Return the number of each key."""
    columns: dict[str, int] = {}
    for number, found in _objects(source, codec):
        if isinstance(found, str):
            continue
        for key in found:
            columns.setdefault(key, len(columns))
        if len(columns) > MAX_COLUMNS:
            raise SourceError(
                "its objects have more than 16,384 keys: this is no table of labels",
                where=f"{source.name}:{number}",
                fix="give the sheet that holds the labels",
            )
    if not columns:
        raise SourceError(
            "no line holds a JSON object",
            where=source.name,
            fix='write one object a line: {"file": …, "label": …}',
        )
    return columns


def _objects(source: Path, codec: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Yield each line that is not blank as its object, or as what is wrong with it."""
    try:
        with explained_opening(source), source.open(encoding=codec) as file:
            for number, line in enumerate(file, 1):
                if line.strip(MARKS):
                    yield number, _object_of(line)
    except UnicodeError as error:
        raise SourceError("the file changed while it was read", where=source.name, fix="try again") from error


def _object_of(line: str) -> dict[str, Any] | str:
    """Return the object of a line, or what is wrong with it."""
    try:
        found = json.loads(
            line.strip(MARKS),
            parse_int=str,
            parse_float=str,
            parse_constant=str,
            object_pairs_hook=_object,
        )
    except RepeatedKeyError as error:
        return str(error)
    except (ValueError, RecursionError) as error:
        return f"the line is not JSON ({str(error)[:80]})"
    return found if isinstance(found, dict) else "the line holds no JSON object"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RepeatedKeyError("the object states one key twice")
    return found


def cell_text(value: object) -> str:
    """Return a JSON value as the text of a cell: lists and objects as JSON, null as nothing."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return plain_number(repr(value)) if math.isfinite(value) else ""
    return _nested_text(value)


def _nested_text(value: object) -> str:
    if isinstance(value, list | tuple):
        return json.dumps([cell_text(item) for item in value], ensure_ascii=False)
    if isinstance(value, dict):
        path = value.get("path")
        # How Hugging Face keeps a picture: its file's name beside its bytes.
        if isinstance(path, str) and set(value) <= {"path", "bytes"}:
            return path
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def parquet_grid(source: Path, _context: ReadContext) -> Grid:
    """Open a Parquet file; rows count from 1.

    Raises: SourceError.
    """
    try:
        parquet: Any = import_module("pyarrow.parquet")
        broken = import_module("pyarrow").ArrowException
    except ImportError as error:
        raise SourceError(
            "this is a Parquet file, which needs the package pyarrow",
            where=source.name,
            fix="install pyarrow, or save the table as CSV",
        ) from error
    schema_names, wanted = _schema(source, parquet, broken)

    def rows() -> Iterator[Row]:
        number = 0
        try:
            with explained_opening(source), parquet.ParquetFile(source) as file:
                for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=wanted):
                    columns = [_texts(column.to_pylist()) for column in batch.columns]
                    for cells in zip(*columns, strict=True):
                        number += 1
                        yield Row(number, cells)
        except SourceError:
            raise
        except (broken, ValueError, TypeError, NotImplementedError, OverflowError) as error:
            raise _damaged(source) from error

    return Grid(Place(source.name), rows, {}, tuple(schema_names))


def _schema(source: Path, parquet: Any, broken: type[Exception]) -> tuple[list[str], list[str] | None]:  # noqa: ANN401 - pyarrow has no types
    """Return the names of the columns, and what is read of each: of a picture its path, not its bytes."""
    try:
        with explained_opening(source), parquet.ParquetFile(source) as file:
            fields = list(file.schema_arrow)
    except SourceError:
        raise
    except (broken, ValueError, TypeError, NotImplementedError, OverflowError) as error:
        raise _damaged(source) from error
    names = [field.name for field in fields]
    if len(names) > MAX_COLUMNS or len(set(names)) < len(names):
        raise SourceError(
            "it has one column name twice, or more than 16,384 columns",
            where=source.name,
            fix="save it as CSV",
        )
    wanted = []
    for field in fields:
        inner = [field.type.field(place).name for place in range(field.type.num_fields)]
        wanted.append(f"{field.name}.path" if set(inner) == {"path", "bytes"} else field.name)
    return names, (wanted if wanted != names else None)


def _damaged(source: Path) -> SourceError:
    return SourceError("the Parquet file is damaged or cut off", where=source.name, fix="write it again")


def _texts(values: list[Any]) -> list[str]:
    return [value if type(value) is str else cell_text(value) for value in values]
