"""``unmatched.csv`` beside the manifest: the rows of the last import that named no image."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from labelprep.errors import SourceError
from labelprep.formats.cells import neutralised

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NAME = "unmatched.csv"
HEADER = ("row", "value", "reason", "nearest images")
MOST_NAMES = 1_000


def write_unmatched(folder: Path, rows: Iterable[tuple[str, str, str, str]]) -> Path:
    """Write the rows into a folder in one step, and return the file; a file of someone else is left alone.

    UTF-8 with a mark, so that Excel shows every script.

    Raises: SourceError where the folder cannot be written.
    """
    place = place_for(folder)
    try:
        temporary = place.with_name(f".{place.name}.part")
        try:
            with temporary.open("w", encoding="utf-8-sig", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(HEADER)
                writer.writerows([neutralised(cell) for cell in row] for row in rows)
            temporary.replace(place)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SourceError(
            f"the list of unmatched rows cannot be written: {error.strerror}",
            where=str(place),
            fix="close it where it is open, or free the folder for writing; the import itself is kept",
        ) from error
    return place


def forget_unmatched(folder: Path) -> None:
    """Remove the list of an earlier import: it tells of the last one only."""
    place = folder / NAME
    if is_ours(place):
        place.unlink(missing_ok=True)


def place_for(folder: Path) -> Path:
    """Return the first name that is free or holds an earlier list of ours."""
    names = (NAME, *(f"unmatched-{number}.csv" for number in range(2, MOST_NAMES)))
    return next(folder / name for name in names if not (folder / name).exists() or is_ours(folder / name))


def is_ours(place: Path) -> bool:
    """Tell a list that this module wrote by its first line."""
    try:
        with place.open("rb") as file:
            return file.readline(200).decode("utf-8-sig", "replace").strip() == ",".join(HEADER)
    except OSError:
        return False
