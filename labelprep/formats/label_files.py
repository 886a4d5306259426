"""Label files in a folder: walking to them, where they lie seen from the images, what is told of many.

A format with one label file an image meets the same questions whatever is in the files: hidden names and
linked folders are left out, names that are no UTF-8 are shown escaped, and a finding that a hundred thousand
files share is told once.
"""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from labelprep.formats.base import Sniffed
from labelprep.formats.placing import fitting, parts_of
from labelprep.manifest.paths import escaped
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from labelprep.formats.base import Reading

MOST_TOLD: Final = 10_000
"""So many findings of a code are told one by one."""


SNIFFED_FILES: Final = 20
LEAST_SURE: Final = 0.5


class LabelFile(NamedTuple):
    """One label file: its path, what reports call it, its locator, and its place below the images' root.

    ``beside`` is None where it lies elsewhere. ``way`` leads from the root to its folder, through ``..`` if
    need be; None on another drive.
    """

    path: str
    name: str
    locator: str
    beside: str | None
    way: str | None


class Notes:
    """What is told once for many files: the first place, and how often."""

    def __init__(self) -> None:
        """Begin with none."""
        self._found: dict[tuple[str, str], tuple[int, str, Severity, str]] = {}

    def __len__(self) -> int:
        """Return how many different findings there are."""
        return len(self._found)

    def add(self, code: str, where: str, problem: str, fix: str, severity: Severity = Severity.NOTE) -> None:
        """Count a finding; the first place is kept."""
        count, first, *_ = self._found.get((code, problem), (0, where))
        self._found[code, problem] = (count + 1, first, severity, fix)

    def issues(self) -> Iterator[Issue]:
        """Yield an issue a finding, in the order of their first places."""
        for (code, problem), (count, where, severity, fix) in self._found.items():
            often = f" (here and in {count - 1:,} more places)" if count > 1 else ""
            yield Issue(code, severity, where, problem + often, fix)

    def add_all(self, later: Notes) -> None:
        """Count what was found in later files."""
        for key, (count, where, severity, fix) in later._found.items():
            before, first, *_ = self._found.get(key, (0, where))
            self._found[key] = (before + count, first, severity, fix)


class Teller:
    """Collects what is told of a source: single findings up to a number of each code, and repeated ones."""

    def __init__(self, reading: Reading) -> None:
        """Take what to fill."""
        self._issues = reading.issues
        self._counts: Counter[str] = Counter()
        self._last: dict[str, Issue] = {}
        self.notes = Notes()

    def tell(self, issue: Issue) -> None:
        """Add a finding; where there are too many of its code, count it."""
        self._counts[issue.code] += 1
        self._last[issue.code] = issue
        if self._counts[issue.code] <= MOST_TOLD:
            self._issues.append(issue)

    def finish(self) -> None:
        """Add the repeated findings, and how many were left out."""
        self._issues.extend(self.notes.issues())
        for code, number in sorted(self._counts.items()):
            if number > MOST_TOLD:
                problem = f"{number - MOST_TOLD:,} more of {code}, the last: {self._last[code].problem}"
                self._issues.append(replace(self._last[code], problem=problem))


def unheard(_: str, __: str) -> None:
    """Tell nobody of a folder that cannot be read."""


def walk(
    folder: str, suffix: str | tuple[str, ...], tell: Callable[[str, str], None] = unheard
) -> Iterator[tuple[str, str]]:
    """Yield path and relative path of each file with a suffix, or one of several (lower case), sorted.

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
                    elif entry.name.lower().endswith(suffix) and entry.is_file():
                        files.append(entry.name)
        except OSError as error:
            tell(inside or folder, error.strerror or str(error))
        prefix = f"{inside}{os.sep}" if inside else ""
        for name in sorted(files):
            yield f"{folder}{os.sep}{prefix}{name}", f"{prefix}{name}"
        pending.extend(f"{prefix}{name}" for name in sorted(folders, reverse=True))


def sniffed(
    source: Path, suffix: str, owner: tuple[str, str], has_signs: Callable[[str], bool], most: float = 0.95
) -> Sniffed:
    """Look for the signs of a format in a file with a suffix, or in the first few of a folder.

    ``owner`` is whose signs they are and what they are, such as VOC and elements; ``most`` is how sure it is
    where every file has them.
    """
    kind, (name, signs) = suffix[1:].upper(), owner
    if source.is_dir():
        files = [path for path, _ in islice(walk(str(source), suffix), SNIFFED_FILES)]
    else:
        files = [str(source)] if source.suffix.lower() == suffix and source.is_file() else []
    if not files:
        return Sniffed(0.0, f"there is no {suffix} file")
    own = sum(has_signs(path) for path in files)
    if not own:
        return Sniffed(0.1, f"{kind} without the {signs} of {name}")
    sure = LEAST_SURE + (most - LEAST_SURE) * own / len(files)
    return Sniffed(sure, f"{own} of {len(files)} {kind} files have {name}'s {signs}")


def label_files(
    source: Path, root: Path, suffix: str | tuple[str, ...], code: str, issues: list[Issue]
) -> Iterator[LabelFile]:
    """Yield the files of a source, with their places seen from the root of the images.

    Folders that cannot be read become issues of the code given.
    """

    def tell(folder: str, problem: str) -> None:
        fix = "look at its permissions"
        issues.append(Issue(code, Severity.ERROR, escaped(folder), f"cannot be read: {problem}", fix))

    return located_files(source, root, suffix, tell)


def located_files(
    source: Path, root: Path, suffix: str | tuple[str, ...], tell: Callable[[str, str], None] = unheard
) -> Iterator[LabelFile]:
    """Yield the files of a source, as `label_files` does; ``tell`` hears of folders that cannot be read."""
    if source.is_file():
        way = way_between(source.parent, root)
        yield LabelFile(str(source), escaped(source.name), "", *_place(way, source.name))
        return
    top = way_between(source, root)
    for path, relative in walk(str(source), suffix, tell):
        name = escaped(relative)
        yield LabelFile(path, name, name, *_place(top, name))


def way_between(folder: Path, root: Path) -> str | None:
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


def below_root(root: str, way: str, image: str) -> str | None:
    """Return where a path leads from a folder ``way`` from the root, seen from the root; None if elsewhere.

    ``root`` is absolute, with forward slashes and none at its end.
    """
    path = posixpath.normpath(posixpath.join(root, way, image.replace("\\", "/")))
    return path.removeprefix(f"{root}/") if path.startswith(f"{root}/") else None


def label_path(image: str, suffix: str, taken: set[str]) -> str:
    """Return the path of an image's label file, which no other image has; it is noted as taken.

    ``a.jpg`` gets ``a.json``; of several images with that stem the later ones get ``a.png.json``. Names that
    are too long for a disk are cut: `fitting`.

    Raises: UsageError where the image leads out of the folder.
    """
    parts_of(image)
    folder, name = posixpath.split(image)
    stems = (posixpath.splitext(name)[0], name, f"{name}.labels")
    paths = (posixpath.join(folder, fitting(stem, suffix, image) + suffix) for stem in stems)
    path = next(path for path in paths if path.casefold() not in taken)
    taken.add(path.casefold())
    return path
