"""Putting image files into an export: copied, linked, or left where they are."""

from __future__ import annotations

import hashlib
import ntpath
import os
import shutil
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from labelprep.errors import SourceError, UsageError, shown

if TYPE_CHECKING:
    from pathlib import Path


LONGEST_NAME_BYTES: Final = 255
"""So long may a name be on the disks of all systems."""


class Files(StrEnum):
    """What becomes of the images' own files in an export to a folder."""

    COPY = "copy"
    LINK = "link"
    SYMLINK = "symlink"
    LEAVE = "leave"


def place(original: Path, target: Path, files: Files) -> bool:
    """Put an original at a target whose folder is made where needed; return whether a file came to be.

    Copies carry bytes and time, not permissions. A symbolic link is absolute: an export is renamed into its
    place when it is whole.
    Raises: SourceError where the system refuses, such as a hard link to another disk.
    """
    if files is Files.LEAVE:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if files is Files.COPY:
            shutil.copyfile(original, target)
            stat = original.stat()
            os.utime(target, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        elif files is Files.LINK:
            os.link(original, target)
        else:
            target.symlink_to(original.absolute())
    except OSError as error:
        raise SourceError(
            f"{shown(str(original))} cannot be put into the export: {error.strerror or error}",
            where=str(target),
            fix="pass --files copy, or look at the disk",
        ) from error
    return True


def parts_of(image: str) -> tuple[str, ...]:
    """Return the folders and the name of an image's path below the root, which an export may repeat.

    Raises: UsageError where it leads out.
    """
    parts = tuple(image.split("/"))
    if "" in parts or ".." in parts or ntpath.splitdrive(image)[0]:
        raise UsageError(
            f"{shown(image)} leads out of the folder", where="image", fix="give a path below the root"
        )
    return parts


def fitting(stem: str, ending: str, image: str) -> str:
    """Return a stem that makes a name with an ending which disks can hold.

    Of one that is too long the end gives way to digits of the hash of the image's path: ``xxxx…-1a2b3c4d``.
    """
    room = LONGEST_NAME_BYTES - len(ending.encode("utf-8"))
    data = stem.encode("utf-8", "surrogatepass")
    if len(data) <= room:
        return stem
    mark = f"-{hashlib.sha256(image.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    return data[: room - len(mark)].decode("utf-8", "ignore").rstrip(". ") + mark


def way_to(original: Path, folder: Path) -> str:
    """Return the way from a folder to an original, with forward slashes; absolute on another drive."""
    try:
        return os.path.relpath(original, folder).replace(os.sep, "/")
    except ValueError:
        return original.absolute().as_posix()
