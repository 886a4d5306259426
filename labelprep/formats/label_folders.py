"""The label files of a source, one file or a folder of them, each with its place among the images."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelprep.manifest.paths import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class LabelFile:
    """One label file: its path, what reports call it, its locator, and its place below the images' root.

    ``beside`` is None where it lies elsewhere. ``way`` leads from the root to its folder, through ``..`` if
    need be; None on another drive.
    """

    path: str
    name: str
    locator: str
    beside: str | None
    way: str | None


def label_files(
    source: Path, root: Path, endings: tuple[str, ...], tell: Callable[[str, str], None]
) -> Iterator[LabelFile]:
    """Yield a source that is a file, or the files of a folder with one of some endings, in order.

    ``root`` is the folder of the images. ``tell`` hears of folders that cannot be read.
    """
    if source.is_file():
        way = way_to_folder(source.parent, root)
        yield LabelFile(str(source), escaped(source.name), "", *_place(way, source.name))
        return
    top = way_to_folder(source, root)
    for path, relative in walk(str(source), endings, tell):
        name = escaped(relative)
        yield LabelFile(path, name, name, *_place(top, name))


def way_to_folder(folder: Path, root: Path) -> str | None:
    """Return the way from the root to a folder, None on another drive."""
    try:
        return escaped(os.path.relpath(folder, root))
    except ValueError:
        return None


def _place(way: str | None, name: str) -> tuple[str | None, str | None]:
    """Return where a file lies below the root (None where it does not), and the way to its folder."""
    if way is None:
        return None, None
    path = posixpath.normpath(f"{way}/{name}")
    is_inside = path != ".." and not path.startswith("../")
    return (path if is_inside else None), posixpath.dirname(path)


def walk(
    folder: str, endings: tuple[str, ...], tell: Callable[[str, str], None] = lambda _folder, _problem: None
) -> Iterator[tuple[str, str]]:
    """Yield path and relative path of each file with one of some endings (lower case), in order.

    Hidden names and linked folders are left out. ``tell`` hears of folders that cannot be read.
    """
    pending = [""]
    while pending:
        inside = pending.pop()
        files, folders = [], []
        try:
            with os.scandir(os.path.join(folder, inside)) as listing:  # noqa: PTH118 - names may be bytes
                for entry in listing:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
                    elif entry.name.lower().endswith(endings) and entry.is_file():
                        files.append(entry.name)
        except OSError as error:
            tell(inside or folder, error.strerror or str(error))
        prefix = f"{inside}{os.sep}" if inside else ""
        for name in sorted(files):
            yield f"{folder}{os.sep}{prefix}{name}", f"{prefix}{name}"
        pending.extend(f"{prefix}{name}" for name in sorted(folders, reverse=True))
