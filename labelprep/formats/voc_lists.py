"""The lists of a VOC folder: which image is in which split, and of which classes it is.

::

    ImageSets/Main/train.txt        000012               a split: train, val, test and their like
    ImageSets/Main/cat_train.txt    000012  1            a class: 1 there, -1 not, 0 there but difficult
    train.txt, train_list.txt       JPEGImages/a.jpg Annotations/a.xml
                                                         beside the folders where there is no ImageSets

``trainval`` says neither train nor val. Where there is ``Main``, the lists of other tasks are passed over:
they name parts of the same splits.

Source: VOC2012 development kit, image sets; PaddleDetection's guide to VOC data.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from labelprep.errors import shown
from labelprep.manifest.paths import escaped
from labelprep.model.annotation import Annotation, Kind
from labelprep.model.images import SPLIT_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

IMAGE_SETS: Final = "ImageSets"
MAIN: Final = "Main"
LIST_SUFFIX: Final = ".txt"
BOTH: Final = "trainval"
LARGEST_LIST_BYTES: Final = 64 << 20
PRESENT, DIFFICULT = "1", "0"
_VERDICTS: Final = frozenset({PRESENT, DIFFICULT, "-1"})
_FILE = re.compile(r"\.(?:jpe?g|png|bmp|gif|tiff?|webp|xml)$", re.IGNORECASE)
_TOP = re.compile(r"(?:^|.*/)(?:JPEGImages|images?|Annotations?|xmls?|labels?)/", re.IGNORECASE)


@dataclass(slots=True)
class Entry:
    """What the lists say of one image: its name as written, where first, its split, its classes.

    ``is_judged``: a list of a class names it, be it to say no. ``clash``: two lists put it into two splits.
    """

    name: str
    where: str
    split: str | None = None
    clash: str | None = None
    is_judged: bool = False
    classes: dict[str, str] = field(default_factory=dict)
    is_taken: bool = False

    def annotations(self, besides: Iterable[str | None] = ()) -> tuple[Annotation, ...]:
        """Return the classes that lists name, without those that are known already."""
        known = set(besides)
        return tuple(
            Annotation(Kind.CLASS, name, None, {"difficult": True} if word == DIFFICULT else {}, self.where)
            for name, word in self.classes.items()
            if name not in known
        )


class Lists:
    """The lists that lie in one folder."""

    def __init__(self, folder: Path, prefix: str, tell: Callable[[str, str], None]) -> None:
        """Read them; ``prefix`` leads to the folder in reports, ``tell`` hears of what is not understood."""
        self._entries: dict[str, Entry] = {}
        self._loose: dict[str, Entry | None] = {}
        self._prefix = prefix
        self._tell = tell
        self.counts: Counter[str] = Counter()
        for path, is_main in list_files(folder):
            self._read(path, path.relative_to(folder).as_posix(), is_main=is_main)
        self._index()

    def __len__(self) -> int:
        """Return how many images are listed."""
        return len(self._entries)

    def take(self, inner: str) -> Entry | None:
        """Return what is said of the image of a label file, by its path below its folder, less ``.xml``."""
        stem = posixpath.basename(inner)
        entry = (
            self._entries.get(inner)
            or self._loose.get(inner)
            or self._entries.get(stem)
            or self._loose.get(stem)
        )
        if entry is not None:
            entry.is_taken = True
        return entry

    def rest(self) -> Iterator[Entry]:
        """Yield the entries that no label file has taken, in the order they were read."""
        return (entry for entry in self._entries.values() if not entry.is_taken)

    def clashes(self) -> list[Entry]:
        """Return the entries with two splits."""
        return [entry for entry in self._entries.values() if entry.clash is not None]

    def _read(self, path: Path, relative: str, *, is_main: bool) -> None:
        where = escaped(f"{self._prefix}{relative}")
        stem = path.stem
        split = split_of(stem)
        name, _, part = stem.rpartition("_")
        is_of_class = is_main and name != "" and (part.casefold() == BOTH or split_of(part) is not None)
        if split is None and not is_of_class:
            if is_main and stem.casefold() != BOTH:
                self._tell(where, "its name is no split and no class with a split: it is not read")
            return
        lines = self._lines(path, where)
        if split is None and not all(verdict_of(line) for _, line in lines):
            self._tell(where, "it is called like the list of a class, but not each line ends in 1, 0 or -1")
            return
        self.counts[where] = len(lines)
        for number, line in lines:
            if split is None:
                entry = self._entry(line.rsplit(None, 1)[0], f"{where}:{number}")
                entry.is_judged = True
                if verdict_of(line) in {PRESENT, DIFFICULT}:
                    entry.classes[name] = verdict_of(line)
                self._put(entry, split_of(part))
            else:
                self._put(self._entry(_name_in(line), f"{where}:{number}"), split)

    def _lines(self, path: Path, where: str) -> list[tuple[int, str]]:
        """Return the lines of a list that are not blank, with their numbers."""
        try:
            if path.stat().st_size > LARGEST_LIST_BYTES:
                self._tell(where, "it is too large for a list and not read")
                return []
            data = path.read_bytes()
        except OSError as error:
            self._tell(where, f"it cannot be read: {error.strerror or error}")
            return []
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("gb18030", "replace")
        return [(at, line.strip()) for at, line in enumerate(text.splitlines(), start=1) if line.strip()]

    def _entry(self, name: str, where: str) -> Entry:
        return self._entries.setdefault(key_of(name), Entry(name, where))

    def _put(self, entry: Entry, split: str | None) -> None:
        if entry.split is None and entry.clash is None:
            entry.split = split
        elif split is not None and split != entry.split and entry.clash is None:
            entry.clash = f"{entry.split} and {split}"
            entry.split = None

    def _index(self) -> None:
        """Make entries known by their name without ending and by their stem, where that means one alone."""
        for key, entry in self._entries.items():
            bare = _FILE.sub("", key)
            for name in {bare, posixpath.basename(bare)} - {key}:
                self._loose[name] = None if name in self._loose else entry


def list_files(folder: Path) -> list[tuple[Path, bool]]:
    """Return the lists of a VOC folder, sorted, and whether each is one of the main task."""
    sets = folder / IMAGE_SETS
    main = _texts(sets / MAIN)
    if main:
        return [(path, True) for path in main]
    try:
        tasks = sorted(path for path in sets.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        tasks = []
    found = [*_texts(sets), *(path for task in tasks for path in _texts(task))] or _texts(folder)
    return [(path, False) for path in found]


def _texts(folder: Path) -> list[Path]:
    try:
        return sorted(
            path for path in folder.iterdir() if path.suffix.lower() == LIST_SUFFIX and path.is_file()
        )
    except OSError:
        return []


def split_of(stem: str) -> str | None:
    """Return the split that the name of a list stands for."""
    return SPLIT_NAMES.get(stem.casefold().removesuffix("_list"))


def verdict_of(line: str) -> str:
    """Return what a line of a class's list says of its image, nothing where it is no such line."""
    parts = line.rsplit(None, 1)
    return parts[1] if len(parts) > 1 and parts[1] in _VERDICTS else ""


def _name_in(line: str) -> str:
    """Return the image that a line of a split's list names: that of the label file where it names both."""
    parts = line.split()
    if len(parts) > 1 and parts[-1].lower().endswith(".xml"):
        return parts[-1]
    if len(line) > 1 and line[0] == line[-1] == '"':
        return line[1:-1]
    return line


def key_of(name: str) -> str:
    """Return what tells an image in lists: its path below the folder of images or labels."""
    path = posixpath.normpath(name.replace("\\", "/")).lstrip("/")
    return _TOP.sub("", path)


def clash_of(entries: list[Entry]) -> str:
    """Return what is wrong with images that are in two splits."""
    first = entries[0]
    return (
        f"{len(entries):,} images are in two splits, such as {shown(first.name)} in {first.clash}: "
        "none is taken for them"
    )
