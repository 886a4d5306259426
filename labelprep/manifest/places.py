"""Where a manifest lies, and whether the file system under it can be trusted with a write-ahead log.

A manifest is ``manifest.db`` in the working folder, unless the working folder lies inside the images: then
it is in ``<root>.labelprep/`` beside them, where later commands find it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from labelprep.errors import ManifestError

NAME = "manifest.db"
SIBLING_SUFFIX = ".labelprep"
NETWORK_TYPES = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "afpfs",
        "webdav",
        "davfs",
        "fuse.sshfs",
        "9p",
        "ceph",
        "lustre",
    }
)
DRIVE_REMOTE = 4


def sibling_of(root: Path) -> Path:
    """Return where the manifest of a root lies when it cannot lie in the working folder."""
    return root.parent / f"{root.name}{SIBLING_SUFFIX}" / NAME


def is_inside(path: Path, folder: Path) -> bool:
    """Tell whether an absolute path is a folder or lies below it."""
    return path == folder or folder in path.parents


def place_for_new(root: Path, working: Path) -> Path:
    """Return where a new manifest of ``root`` goes: never inside the images."""
    return sibling_of(root) if is_inside(working, root) else working / NAME


def find(working: Path) -> Path:
    """Return the manifest that a command without ``-m`` means.

    Raises: ManifestError where there is none.
    """
    here = working / NAME
    if here.is_file():
        return here
    for folder in (working, *working.parents):
        beside = sibling_of(folder)
        if folder.name and beside.is_file():
            return beside
    raise ManifestError(
        "there is no manifest here",
        where=str(here),
        fix="make one with `labelprep scan DIR`, or name one with -m FILE",
    )


def cache_of(manifest: Path) -> Path:
    """Return the folder of caches that belongs to a manifest."""
    return manifest.with_name(f"{manifest.name}.cache")


def runs_of(manifest: Path) -> Path:
    """Return the folder of trained bundles that belongs to a manifest."""
    return manifest.parent / "runs"


def is_network_share(path: Path) -> bool:
    """Tell whether a path lies on a network share, where SQLite's write-ahead log is not safe."""
    if sys.platform == "win32":
        return _is_windows_share(path)
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return file_system_of(path, mounts) in NETWORK_TYPES


def file_system_of(path: Path, mounts: str) -> str:
    r"""Return the file system type of the longest mount point above a path, from a mount table's text.

    Source: proc(5), /proc/self/mounts: device, mount point, type, options; spaces as ``\\040``.
    """
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) > 2:  # noqa: PLR2004 - device, mount point, type
            point = fields[1].replace("\\040", " ")
            if len(point) >= len(best) and is_inside(path, Path(point)):
                best, kind = point, fields[2]
    return kind


def _is_windows_share(path: Path) -> bool:
    import ctypes  # noqa: PLC0415 - Windows only

    drive = os.path.splitdrive(path)[0]
    if drive.startswith("\\\\"):
        return True
    windll = getattr(ctypes, "windll", None)
    return windll is not None and windll.kernel32.GetDriveTypeW(f"{drive}\\") == DRIVE_REMOTE
