"""Where the images of a COCO file lie, and which split its name states.

::

    set/annotations/instances_train2017.json      set/train/_annotations.coco.json
    set/annotations/instances_val2017.json        set/train/a.jpg
    set/train2017/a.jpg   (or set/images/train2017/a.jpg, set/images/a.jpg, set/a.jpg)

``file_name`` is written as seen from the folder of the images, which the file does not name: it is the one of
the usual ones in which the first images are there. Otherwise names are matched as they stand.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from labelprep.manifest.paths import escaped
from labelprep.model.images import SPLIT_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labelprep.formats.label_files import LabelFile

SAMPLES: Final = 50

_WORD = re.compile(r"[^\W\d_]+")
_LEADS_ELSEWHERE = re.compile(r"^([/\\]|[A-Za-z]:)|\\|(^|/)\.\.(/|$)")


def splits_of(names: Iterable[str]) -> dict[str, str]:
    """Return the split that each file's name or folder states, where train and another one are stated.

    ``names`` are relative paths with forward slashes.
    """
    found = {name: split for name in names if (split := _split_of(name))}
    stated = set(found.values())
    return found if "train" in stated and len(stated) > 1 else {}


def _split_of(name: str) -> str | None:
    folder, _, base = name.rpartition("/")
    words = {SPLIT_NAMES[word] for word in _WORD.findall(base.casefold()) if word in SPLIT_NAMES}
    if not words:
        parts = [part for part in folder.casefold().split("/") if part in SPLIT_NAMES]
        words = {SPLIT_NAMES[parts[-1]]} if parts else set()
    return words.pop() if len(words) == 1 else None


def leads_elsewhere(name: str) -> bool:
    """Tell whether a name cannot be one below some folder as it stands."""
    return _LEADS_ELSEWHERE.search(name) is not None


def folder_of_images(file: LabelFile, root: Path, names: Iterable[str]) -> str | None:
    """Return the folder, seen from the root of the images, in which the images of these names lie.

    None where they lie beside the file, outside the root, or nowhere usual.
    """
    own = Path(file.path).parent
    samples = [name for name in names if not leads_elsewhere(name)]
    stem = posixpath.basename(file.name).partition(".")[0]
    tags = dict.fromkeys((stem.rpartition("_")[2], _split_of(posixpath.basename(file.name)) or ""))
    below = [*(f"images/{tag}" for tag in tags if tag), *(tag for tag in tags if tag), "images", ""]
    usual = [own, *(base / way for base in (own.parent, own) for way in below)]
    counts = [sum(_is_there(folder, name) for name in samples) for folder in usual]
    best = max(range(len(usual)), key=lambda at: counts[at])
    if counts[best] == 0 or usual[best] == own:
        return None
    try:
        way = usual[best].relative_to(root).as_posix()
    except ValueError:
        return None
    return "" if way == "." else escaped(way)


def _is_there(folder: Path, name: str) -> bool:
    try:
        return (folder / name).is_file()
    except (OSError, ValueError):
        return False
