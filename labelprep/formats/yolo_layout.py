"""Where the files of a YOLO set lie: which image a label file is of, and which split it is in.

::

    images/train/a.jpg     labels/train/a.txt        the last folder called labels stands for images
    train/images/a.jpg     train/labels/a.txt
    obj_train_data/a.jpg   obj_train_data/a.txt      or both beside each other
    train.txt              paths of images, one a line

A label file bears the name of its image without the ending. A split is what ``data.yaml`` (or ``obj.data``)
says, by folders or lists; without that it is what the folder above or below ``labels`` is called, where train
and another split lie there.
"""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from labelprep.errors import shown
from labelprep.formats.label_files import Notes
from labelprep.manifest.paths import escaped
from labelprep.matching.rules import stem_of
from labelprep.model.images import SPLIT_NAMES
from labelprep.model.issues import Severity
from labelprep.pixels.sniffing import IMAGE_EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from labelprep.formats.yolo_names import Described

LABELS: Final = "labels"
IMAGE_FOLDERS: Final = ("images", "Images", "JPEGImages", "imgs", "img")
LARGEST_LIST_BYTES: Final = 256 << 20
SPLIT = "LP293"  # a split that is stated is not taken


def posix(path: str) -> str:
    """Return a path of the system with forward slashes."""
    return path.replace(os.sep, "/") if os.sep != "/" else path


def image_folders(folder: str) -> list[str]:
    """Return the folders that images of the labels in a folder may lie in; the first by convention."""
    parts = folder.split("/")
    at = next((at for at in range(len(parts) - 1, -1, -1) if parts[at].casefold() == LABELS), None)
    if at is None:
        return [folder]
    return ["/".join((*parts[:at], name, *parts[at + 1 :])) for name in IMAGE_FOLDERS] + [folder]


def is_image_name(name: str) -> bool:
    """Tell whether a name ends as an image's."""
    return posixpath.splitext(name)[1].lower() in IMAGE_EXTENSIONS


def is_path(text: str) -> bool:
    """Tell whether a text can be a path at all: files may hold signs that the system has no bytes for."""
    try:
        return b"\x00" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


class Pictures:
    """The image files that lie where those of a folder of labels would, one folder at a time."""

    def __init__(self) -> None:
        """Begin with none."""
        self._folder: str | None = None
        self._found: dict[str, str] = {}
        self._twins: dict[str, list[str]] = {}

    def of(self, folder: str, stem: str) -> list[str]:
        """Return the paths of the images that a label file of this stem may mean."""
        if folder != self._folder:
            self._look(folder)
        if stem in self._twins:
            return self._twins[stem]
        return [self._found[stem]] if stem in self._found else []

    def _look(self, folder: str) -> None:
        self._folder, self._found, self._twins = folder, {}, {}
        for place in image_folders(folder):
            here: dict[str, str] = {}
            for name in _names(place):
                stem = posixpath.splitext(name)[0]
                path = f"{place}/{name}"
                if stem in here and stem not in self._found:
                    self._twins.setdefault(stem, [here[stem]]).append(path)
                here[stem] = path
            # A label file may bear the whole name of its image, which tells a.jpg and a.png apart.
            self._found = here | self._found
        for twins in self._twins.values():
            self._found.update((posixpath.basename(path), path) for path in twins)


def _names(folder: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if is_image_name(name))  # noqa: PTH208 - names alone
    except OSError:
        return []


class Splits:
    """The split of each label file, as far as the set states it."""

    def __init__(self, tops: Sequence[str]) -> None:
        """Take the folders, absolute, that paths of the set may lead to; nothing else is looked at."""
        self.notes = Notes()
        self.lists: set[str] = set()
        self._tops = [top.rstrip("/") for top in tops]
        self._folders: dict[str, set[str]] = defaultdict(set)
        self._listed: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._words: set[str] = set()
        self._known: dict[str, str | None] = {}

    @property
    def are_stated(self) -> bool:
        """Whether a file of the set says which images are in which split."""
        return bool(self._folders or self._listed)

    def add(self, said: Described) -> None:
        """Take what a ``data.yaml`` or ``obj.data`` says of splits."""
        for split, values in said.splits.items():
            for value in values:
                path = self._place(said, split, value)
                if path is None:
                    continue
                if path.lower().endswith(".txt"):
                    self.add_list(path, split, said.place)
                else:
                    self._folders[path].add(split)

    def _place(self, said: Described, split: str, value: str) -> str | None:
        """Return the absolute path of what a file states, None where it is no place within the set."""
        folder = posix(said.folder)
        base = posixpath.normpath(posixpath.join(folder, posix(said.base).replace("\\", "/")))
        written = value.replace("\\", "/")
        if "://" not in written and is_path(base) and is_path(written):
            for start in (base, folder):
                path = posixpath.normpath(posixpath.join(start, written))
                if self._is_inside(path):
                    return path
            # Some write ../train/images, as seen from a folder that is not there.
            tail = written.removeprefix("../")
            if tail != written and os.path.isdir(f"{folder}/{tail}"):  # noqa: PTH112 - as the walk gives it
                return f"{folder}/{tail}"
        what = "an address, and nothing is downloaded" if "://" in written else "no place in this folder"
        problem = f"{split}: {shown(value)} is {what}: it is not looked at"
        self.notes.add(SPLIT, said.place, problem, "give the folder that it stands for", Severity.WARNING)
        return None

    def _is_inside(self, path: str) -> bool:
        return any(path == top or path.startswith(f"{top}/") for top in self._tops)

    def add_list(self, path: str, split: str, place: str) -> None:
        """Take a list of the images in a split; ``place`` is what states it."""
        real = posix(os.path.realpath(path))
        if not (self._is_inside(real) and os.path.isfile(real)):  # noqa: PTH113 - as the walk gives it
            problem = f"{split}: there is no list {shown(posixpath.basename(path))} in this folder"
            self.notes.add(SPLIT, place, problem, "put it there, or correct its path", Severity.WARNING)
            return
        self.lists.add(path)
        for entry in _entries(real):
            folder, name = posixpath.split(entry)
            self._listed[stem_of(name)].append((folder, split))

    def see(self, folder: str) -> None:
        """Take note of a folder of labels, for what splits its folders are called after."""
        if folder not in self._known:
            self._known[folder] = None
            word = _word(folder)
            if word:
                self._words.add(word)

    def settle(self) -> None:
        """Find the splits of folders, when all of them were seen."""
        for folder in self._known:
            self._known[folder] = self._of_folder(folder)

    def of(self, folder: str, stem: str) -> str | None:
        """Return the split of a label file, None where none is stated."""
        if self._listed and stem in self._listed:
            return self._of_list(image_folders(folder)[0], self._listed[stem])
        return self._known.get(folder)

    def _of_folder(self, folder: str) -> str | None:
        if not self.are_stated:
            is_sure = "train" in self._words and len(self._words) > 1
            return _word(folder) if is_sure else None
        for path in _upwards(image_folders(folder)[0], folder):
            stated = self._folders.get(path)
            if stated and len(stated) == 1:
                return next(iter(stated))
            if stated:
                problem = f"{' and '.join(sorted(stated))} are one folder: it is in no split"
                self.notes.add(SPLIT, escaped(path), problem, "name a split in a sheet, or split anew")
                return None
        return None

    def _of_list(self, folder: str, listed: Sequence[tuple[str, str]]) -> str | None:
        """Return the split of the entries that share most folders with an image."""
        best, splits = -1, set[str]()
        for other, split in listed:
            shared = _shared(folder, other)
            if shared > best:
                best, splits = shared, {split}
            elif shared == best:
                splits.add(split)
        return splits.pop() if len(splits) == 1 else None


def _entries(path: str) -> Iterator[str]:
    with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:  # noqa: PTH123 - as the walk gives it
        size = os.fstat(file.fileno()).st_size
        for line in file if size <= LARGEST_LIST_BYTES else ():
            entry = line.strip().replace("\\", "/")
            if entry:
                yield entry


def _shared(one: str, other: str) -> int:
    """Count the last folders that two paths share."""
    pairs = zip(reversed(one.split("/")), reversed(other.split("/")), strict=False)
    shared = 0
    for mine, others in pairs:
        if mine != others or mine in {"", "."}:
            break
        shared += 1
    return shared


def _upwards(*folders: str) -> Iterator[str]:
    """Yield each of some folders and those around it, the innermost first."""
    for folder in folders:
        path = folder
        while path and path != posixpath.dirname(path):
            yield path
            path = posixpath.dirname(path)


def _word(folder: str) -> str | None:
    """Return the split that the folder below or above ``labels`` is called after."""
    parts = folder.split("/")
    at = next((at for at in range(len(parts) - 1, -1, -1) if parts[at].casefold() == LABELS), None)
    near = parts[-1:] if at is None else [*parts[at + 1 : at + 2], parts[at - 1]]
    return next((SPLIT_NAMES[part.casefold()] for part in near if part.casefold() in SPLIT_NAMES), None)


def first_list(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield those of some text files that are called after a split and list images, each with its split."""
    for path in paths:
        name = posixpath.splitext(posixpath.basename(posix(path)))[0].casefold()
        if name in SPLIT_NAMES and is_image_name(next(_entries(path), "")):
            yield path, SPLIT_NAMES[name]
