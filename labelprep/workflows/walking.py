"""One pass over a folder tree that tells images from everything else, and counts all of it.

Folders that links point to are not followed, links to files are. Names come out sorted, folder by folder.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from labelprep.model.images import storable_ns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

JUNK_FOLDERS = frozenset(
    {
        "__macosx", "@eadir", "@recycle", "#recycle", "$recycle.bin", "system volume information",
        "lost+found", "__pycache__",
    }
)  # fmt: skip
JUNK_FILES = frozenset({"thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r"})
JUNK_NAME = re.compile(
    r"~\$.*|.*~|#.*#|.*\.(part|partial|crdownload|download|tmp|temp|swp|bak)", re.IGNORECASE | re.DOTALL
)
KINDS = {
    "label_file": (
        ".json .xml .txt .csv .tsv .xlsx .xls .ods .jsonl .ndjson .parquet .yaml .yml .names "
        ".record .tfrecord"
    ),
    "array_file": ".npy .npz .pkl .pickle .h5 .hdf5 .mat .idx .gz",
    "archive": ".zip .tar .tgz .rar .7z .bz2 .xz",
    "video": ".mp4 .avi .mov .mkv .webm .m4v .wmv .mpg .mpeg",
    "document": ".pdf .doc .docx .ppt .pptx .md .rst .html .htm .svg .psd .ai .eps",
    "code": ".py .ipynb .m .r .js .ts .css .sh .bat .ps1 .log .ini .cfg .toml",
    "model_file": ".keras .pt .pth .onnx .tflite .pb .ckpt .safetensors",
    "manifest": ".db .db-wal .db-shm .db-journal .sqlite .sqlite3",
    "raw_photo": ".raw .cr2 .cr3 .nef .arw .dng .orf .rw2 .raf",
}
KIND_OF = {extension: kind for kind, extensions in KINDS.items() for extension in extensions.split()}


@dataclass(frozen=True, slots=True)
class Found:
    """One candidate file: its path below the root as the operating system spells it, and its stat."""

    path: str
    size_bytes: int
    mtime_ns: int
    is_image: bool


@dataclass(slots=True)
class Walk:
    """What a walk meets besides candidates: counts by reason and extension, and folders worth telling."""

    skipped: Counter[str] = field(default_factory=Counter)
    extensions: Counter[str] = field(default_factory=Counter)
    junk_folders: list[str] = field(default_factory=list)
    empty_folders: list[str] = field(default_factory=list)
    unreadable_folders: list[tuple[str, str]] = field(default_factory=list)
    broken_links: list[str] = field(default_factory=list)

    def skip(self, reason: str, extension: str = "") -> None:
        """Count one thing that is not an image."""
        self.skipped[reason] += 1
        if extension:
            self.extensions[extension] += 1


def walk(root: str, start: str, image_extensions: AbstractSet[str], seen: Walk) -> Iterator[Found]:
    """Yield images and files of unknown extension below ``root/start``; count the rest in ``seen``."""
    pending = [start]
    while pending:
        folder = pending.pop()
        entries = _entries(root, folder, seen)
        if entries is None:
            continue
        if not entries and folder:
            seen.empty_folders.append(folder)
        subfolders = []
        for entry in entries:
            path = f"{folder}{os.sep}{entry.name}" if folder else entry.name
            if _is_folder(entry):
                if _is_entered(entry, path, seen):
                    subfolders.append(path)
                continue
            found = _file(entry, path, image_extensions, seen)
            if found is not None:
                yield found
        pending.extend(reversed(subfolders))


def _entries(root: str, folder: str, seen: Walk) -> list[os.DirEntry[str]] | None:
    try:
        with os.scandir(os.path.join(root, folder) if folder else root) as listing:  # noqa: PTH118 - names may be bytes
            return sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        seen.unreadable_folders.append((folder, error.strerror or str(error)))
        seen.skip("unreadable_folder")
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_entered(entry: os.DirEntry[str], path: str, seen: Walk) -> bool:
    """Tell whether to descend; links to folders and junk folders are counted here and not entered."""
    if entry.is_symlink() or (hasattr(entry, "is_junction") and entry.is_junction()):
        seen.skip("linked_folder")
    elif entry.name.casefold() in JUNK_FOLDERS or entry.name.startswith("."):
        seen.junk_folders.append(path)
        seen.skip("junk_folder")
    else:
        return True
    return False


def _file(entry: os.DirEntry[str], path: str, image_extensions: AbstractSet[str], seen: Walk) -> Found | None:
    name = entry.name
    hidden = name.startswith(".") and not name.startswith("..")
    if hidden or name.casefold() in JUNK_FILES or JUNK_NAME.fullmatch(name):
        seen.skip("junk")
        return None
    extension = PurePosixPath(name).suffix.lower()
    is_image = extension in image_extensions
    if not is_image and extension in KIND_OF:
        seen.skip(KIND_OF[extension], extension)
        return None
    try:
        facts = entry.stat()
    except OSError:
        seen.broken_links.append(path)
        seen.skip("broken_link" if entry.is_symlink() else "unreadable")
        return None
    if not stat.S_ISREG(facts.st_mode):
        seen.skip("not_a_file")
        return None
    return Found(path, facts.st_size, storable_ns(facts.st_mtime_ns), is_image)
