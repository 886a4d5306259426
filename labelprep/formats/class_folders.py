"""Pictures sorted into a folder a class, read and written.

::

    cat/a.jpg      train/cat/a.jpg        [<split>/]<class>/<image>
    dog/b.jpg      val/dog/b.jpg
    classes.json   classes.json           which folder stands for which class and split, see `folder_names`

What is read are the folders, not the pictures: the labels of a tree that a person or another tool has sorted.
Without the list that an export writes, the layout is found as a scan finds it (see `folders`).
"""

from __future__ import annotations

import os
import posixpath
from collections import Counter, deque
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Final

from labelprep.errors import SourceError, UsageError
from labelprep.formats.base import Keeps, ReadContext, Reading, Rejected, Sniffed, Written, not_kept
from labelprep.formats.folder_names import Tree, saved_list
from labelprep.formats.folders import Stated, find_layout, stated
from labelprep.formats.label_files import located_files, walk
from labelprep.formats.placing import Files
from labelprep.manifest.paths import escaped
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.issues import Issue, Severity
from labelprep.pixels.sniffing import IMAGE_EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from labelprep.formats.base import Export, Item, Outgoing
    from labelprep.formats.label_files import LabelFile

ENDINGS: Final = tuple(sorted(IMAGE_EXTENSIONS))
SNIFFED_FOLDERS: Final = 300
SNIFFED_ENTRIES: Final = 300
MODEST: Final = 0.3
"""Below what any reader says that has seen label files of its own."""
NO_LABEL: Final = "images without a label"
SEVERAL: Final = "images with several classes"
NO_CLASS: Final = "no_class_folder"
NO_CLASS_CODE: Final = "LP351"  # an image in no class folder
NOT_READ: Final = "LP352"  # a folder cannot be read


class ClassFolders:
    """Read and write a folder of pictures for each class."""

    name: ClassVar[str] = "folders"
    suffix: ClassVar[str] = ""
    keeps: ClassVar[frozenset[Keeps]] = frozenset({Keeps.CLASS, Keeps.SPLIT})

    def sniff(self, source: Path) -> Sniffed:
        """Look for pictures in folders that can be classes."""
        if not source.is_dir():
            return Sniffed(0.0, "no folder")
        layout = find_layout(_some_folders(source))
        if layout.class_level is None:
            return Sniffed(0.0, f"no class folders: {layout.doubt}")
        return Sniffed(MODEST, f"pictures in folders {layout.kind}")

    def read(self, source: Path, context: ReadContext) -> Reading:
        """Open a folder: one item a picture, in the order of their paths.

        ``facts`` hold the layout, the number of pictures, and ``list``: whether an export's list was used.

        Raises: SourceError where it is no folder, or holds no pictures in folders.
        """
        issues: list[Issue] = []
        counts = _counts(source)
        saved = saved_list(source, issues)
        layout = find_layout(counts, "folder")
        if saved is None and layout.class_level is None:
            problem = f"there are no class folders: {layout.doubt}"
            raise SourceError(problem, where=str(source), fix="name the folder that holds them")
        look = saved.stated if saved is not None else lambda parts: stated(layout, parts)
        facts: dict[str, Any] = {
            "layout": str(layout.kind),
            "pictures": sum(counts.values()),
            "list": saved is not None,
        }

        def tell(folder: str, problem: str) -> None:
            fix = "look at its permissions"
            issues.append(Issue(NOT_READ, Severity.ERROR, escaped(folder), f"cannot be read: {problem}", fix))

        files = located_files(source.resolve(), context.root.resolve(), ENDINGS, tell)
        return Reading(facts, _items(files, look), issues)

    def write(self, export: Export, target: Path) -> Written:
        """Write the images that have exactly one class, and the list of what the folders stand for."""
        if export.files is Files.LEAVE:
            raise UsageError(
                "folders of pictures without the pictures say nothing",
                where="--files",
                fix="copy them, or make links: --files copy|link|symlink",
            )
        kept = (item for item in export.items() if len(item.labels) == 1)
        tree = Tree(export.classes, has_splits=any(item.record.split for item in kept))
        target.mkdir(parents=True)
        images = files = 0
        for item in export.items():
            if len(item.labels) == 1:
                name = posixpath.basename(item.record.image)
                files += export.place(item, target / tree.place(item.labels[0], item.record.split, name))
                images += 1
        tree.save(target)
        return Written(images, images, files + 1)

    def lost(self, outgoing: Outgoing) -> Counter[str]:
        """Count what folders cannot hold of one image: all of it where it has not exactly one class."""
        lost = not_kept(outgoing.record, self.keeps | {Keeps.CLASSES})
        if len(outgoing.labels) != 1:
            lost[SEVERAL if outgoing.labels else NO_LABEL] += 1
        return lost


def _items(files: Iterator[LabelFile], look: Callable[[tuple[str, ...]], Stated]) -> Iterator[Item]:
    for file in files:
        said = look(tuple(file.name.split("/")[:-1]))
        if said.label is None and said.split is None:
            problem, fix = "it lies in no class folder", "move it into one, if it has a class"
            yield Rejected(NO_CLASS, Issue(NO_CLASS_CODE, Severity.NOTE, file.name, problem, fix))
            continue
        classes = () if said.label is None else (Annotation(Kind.CLASS, said.label, locator=said.locator),)
        yield Record(
            file.name,
            said.locator,
            classes,
            split=said.split,
            beside=file.beside,
            is_silent=not classes,
        )


def _counts(source: Path) -> dict[tuple[str, ...], int]:
    """Return how many pictures lie directly in each folder.

    Raises: SourceError where there are none.
    """
    if not source.is_dir():
        raise SourceError("this is no folder", where=str(source), fix="name the folder above the classes")
    counts = Counter(os.path.dirname(relative) for _, relative in walk(str(source), ENDINGS))  # noqa: PTH120 - text
    if not counts:
        raise SourceError("there are no pictures in it", where=str(source), fix="name another folder")
    return {_parts(folder): number for folder, number in counts.items()}


def _parts(folder: str) -> tuple[str, ...]:
    return tuple(escaped(folder).split("/")) if folder else ()


def _some_folders(source: Path) -> dict[tuple[str, ...], int]:
    """Return which folders hold pictures, from a look at the upper ones and at little of each."""
    found: dict[tuple[str, ...], int] = {}
    pending: deque[tuple[str, ...]] = deque([()])
    for _ in range(SNIFFED_FOLDERS):
        if not pending:
            break
        parts = pending.popleft()
        try:
            with os.scandir(os.path.join(source, *parts)) as listing:  # noqa: PTH118 - names may be bytes
                entries = [
                    entry for entry in islice(listing, SNIFFED_ENTRIES) if not entry.name.startswith(".")
                ]
        except OSError:
            continue
        inside = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        pending.extend((*parts, name) for name in inside)
        pictures = sum(entry.name.lower().endswith(ENDINGS) for entry in entries)
        if pictures:
            found[tuple(map(escaped, parts))] = pictures
    return found
