"""A baseline: the findings of a day that are accepted, so that a later check tells only what is new.

A finding a line, in order, so that what changes between two of them can be read::

    {"labelprep": "baseline", "version": 1}
    ["LP203", "cat/0001.jpg", ""]
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from labelprep.errors import SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from labelprep.manifest.store import Store
    from labelprep.workflows.checking import Key

HEADER: Final = {"labelprep": "baseline", "version": 1}
LONGEST_HEADER: Final = 1_000
PARTS: Final = 3


def read_baseline(path: Path) -> Iterator[Key]:
    """Yield the accepted findings: code, where, and what tells it from others there.

    Raises: UsageError where there is no such file, or it is no baseline.
    """
    try:
        with path.open(encoding="utf-8") as file:
            if not _is_header(file.readline(LONGEST_HEADER)):
                raise _no_baseline(path)
            for number, line in enumerate(file, start=2):
                yield _key(line, path, number)
    except FileNotFoundError:
        raise UsageError(
            "there is no such file", where=str(path), fix=f"make it: labelprep check --write-baseline {path}"
        ) from None
    except UnicodeDecodeError:
        raise _no_baseline(path) from None
    except OSError as error:
        raise UsageError(
            f"it cannot be read: {error.strerror}", where=str(path), fix="name a file that check has written"
        ) from error


def _is_header(line: str) -> bool:
    try:
        return bool(json.loads(line) == HEADER)
    except (ValueError, RecursionError):
        return False


def _no_baseline(path: Path, number: int | None = None) -> UsageError:
    place = str(path) if number is None else f"{path}:{number}"
    return UsageError("it is no baseline", where=place, fix="name a file that check has written")


def _key(line: str, path: Path, number: int) -> Key:
    try:
        item = json.loads(line)
    except (ValueError, RecursionError):
        raise _no_baseline(path, number) from None
    if not isinstance(item, list) or len(item) != PARTS or not all(isinstance(part, str) for part in item):
        raise _no_baseline(path, number)
    return item[0], item[1], item[2]


def write_baseline(store: Store, path: Path, keys: Iterable[Key]) -> int:
    """Write findings as accepted, in the order given; return how many.

    Another file is never written over, and a baseline that is there only once the new one is whole.

    Raises: UsageError where the file is another's, or lies among the images; SourceError where it cannot be
    written.
    """
    if path.absolute().is_relative_to(store.root):
        raise UsageError(
            "it lies among the images, where nothing is written", where=str(path), fix="name a file elsewhere"
        )
    number = 0
    fresh = path.with_name(f"{path.name}.new")
    try:
        if path.exists() and not _is_baseline(path):
            raise UsageError(
                "this file is no baseline, so it is not written over",
                where=str(path),
                fix="name another file",
            )
        with fresh.open("w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(HEADER) + "\n")
            for number, key in enumerate(keys, start=1):  # noqa: B007 - the last one is the count
                file.write(json.dumps(key, ensure_ascii=True) + "\n")
        fresh.replace(path)
    except OSError as error:
        raise SourceError(
            f"it cannot be written: {error.strerror}", where=str(path), fix="name another place"
        ) from error
    return number


def _is_baseline(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            return _is_header(file.readline(LONGEST_HEADER))
    except UnicodeDecodeError:
        return False
