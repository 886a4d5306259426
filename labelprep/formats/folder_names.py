"""Names of folders and files that every file system holds, and the list of what they stand for.

::

    classes.json    {"splits": {"train": "train", "unsplit": null},    empty: there are no split folders
                     "classes": {"cat": "cat", "con_": "con"}}         folder to class, in the classes' order

Upper and lower case, and the two spellings of an accent, count as one: they are one on Windows and macOS.

Source: Microsoft, "Naming Files, Paths, and Namespaces".
"""

from __future__ import annotations

import json
import posixpath
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from labelprep.formats import json_files
from labelprep.formats.folders import Stated
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LIST_NAME: Final = "classes.json"
UNSPLIT: Final = "unsplit"
LONGEST_BYTES: Final = 240
LARGEST_LIST_BYTES: Final = 16 << 20
NOT_A_LIST: Final = "LP350"  # a classes.json that is not ours, or is broken

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\ud800-\udfff]')
_AT_THE_ENDS = re.compile(r"^[. ]|[. ]+$")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?=\.|$)", re.IGNORECASE)


def safe_name(text: str) -> str:
    """Return a text as a name that Windows, macOS and Linux take for one visible file or folder."""
    name = _FORBIDDEN.sub("_", text)
    name = _AT_THE_ENDS.sub(lambda found: "_" * len(found[0]), name)
    reserved = _RESERVED.match(name)
    if reserved:
        name = f"{reserved[0]}_{name[reserved.end() :]}"
    return _cut(name) or "_"


def _cut(name: str) -> str:
    """Shorten a name that is too long, not its ending."""
    if len(name.encode("utf-8")) <= LONGEST_BYTES:
        return name
    stem, ending = posixpath.splitext(name)
    kept = ending if len(ending.encode("utf-8")) < LONGEST_BYTES // 2 else ""
    room = LONGEST_BYTES - len(kept.encode("utf-8"))
    return stem.encode("utf-8")[:room].decode("utf-8", "ignore").rstrip(". ") + kept


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


class Names:
    """Gives every file and folder a name that no other in its folder has: ``a.jpg``, ``a_2.jpg``."""

    def __init__(self) -> None:
        """Begin with all names free."""
        self._taken: set[tuple[str, str]] = set()
        self._next: dict[tuple[str, str], int] = {}

    def free(self, folder: str, name: str) -> str:
        """Return a name in a folder as it is, or with a number where it is taken; it is taken then."""
        inside, wanted = _folded(folder), _folded(name)
        key, given = (inside, wanted), name
        if key in self._taken:
            stem, ending = posixpath.splitext(name)
            number = self._next.get((inside, wanted), 2)
            while (key := (inside, _folded(given := f"{stem}_{number}{ending}"))) in self._taken:
                number += 1
            self._next[inside, wanted] = number + 1
        self._taken.add(key)
        return given


class Tree:
    """The names in an export of folders ``[<split>/]<class>/``.

    Images without a split lie in ``unsplit/`` where others have one.
    """

    def __init__(self, classes: Iterable[str], *, has_splits: bool) -> None:
        """Give the classes their folders, in their order."""
        self._names = Names()
        self._names.free("", LIST_NAME)
        self._has_splits = has_splits
        self._folders: dict[str, str] = {}
        self._splits: dict[str, str | None] = {}
        for name in classes:
            self._folder(name)

    def _folder(self, label: str) -> str:
        if label not in self._folders:
            self._folders[label] = self._names.free("", safe_name(label))
        return self._folders[label]

    def place(self, label: str, split: str | None, name: str) -> str:
        """Return where a file of some class and split lies, as a path below the export that no other has."""
        folder = self._folder(label)
        if self._has_splits:
            above = split or UNSPLIT
            self._splits[above] = split
            folder = f"{above}/{folder}"
        return f"{folder}/{self._names.free(folder, safe_name(name))}"

    def save(self, target: Path) -> None:
        """Write the list of what the folders stand for."""
        document = {
            "splits": {name: self._splits[name] for name in sorted(self._splits)},
            "classes": {folder: label for label, folder in self._folders.items()},
        }
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        # Where a reader would have to guess the encoding, it gets escapes.
        if len(json_files.readings(text.encode("utf-8", "surrogatepass"), None)) > 1:
            text = json.dumps(document, indent=2) + "\n"
        (target / LIST_NAME).write_text(text, encoding="utf-8", newline="\n")


@dataclass(frozen=True, slots=True)
class FolderList:
    """What the folders of an export stand for."""

    classes: dict[str, str]
    splits: dict[str, str | None]

    def stated(self, parts: tuple[str, ...]) -> Stated:
        """Return what the folder of an image states, given as its parts; folders not listed are classes."""
        level = 1 if self.splits else 0
        is_known = not self.splits or (bool(parts) and parts[0] in self.splits)
        split = self.splits.get(parts[0]) if self.splits and parts else None
        folder = parts[level] if is_known and len(parts) > level else None
        label = None if folder is None else self.classes.get(folder, folder)
        return Stated(label, split, f"folder {'/'.join(parts[: level + 1])}/")


def saved_list(source: Path, issues: list[Issue]) -> FolderList | None:
    """Return the list that an export of folders holds, None where there is none; another's file is told."""
    file = source / LIST_NAME
    problem = "it is no list of folders and classes as labelprep writes it"
    try:
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            data = opened.read(LARGEST_LIST_BYTES + 1)
        if len(data) <= LARGEST_LIST_BYTES:
            found = _list_of(json_files.parsed(json_files.readings(data, None)[0].text))
            if found is not None:
                return found
    except json_files.NotReadableError as error:
        problem = error.problem
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
    fix = "the folders' own names are the classes"
    issues.append(Issue(NOT_A_LIST, Severity.NOTE, LIST_NAME, problem, fix))
    return None


def _list_of(document: Any) -> FolderList | None:  # noqa: ANN401 - from a file
    if not isinstance(document, dict):
        return None
    classes, splits = document.get("classes"), document.get("splits")
    if not isinstance(classes, dict) or not isinstance(splits, dict):
        return None
    if not all(type(key) is str and type(value) is str and value.strip() for key, value in classes.items()):
        return None
    if not all(value in {None, "train", "val", "test"} for value in map(_hashable, splits.values())):
        return None
    return FolderList(classes, splits)


def _hashable(value: object) -> object:
    return value if value is None or isinstance(value, str) else ""
