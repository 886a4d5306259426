"""A source of labels before it is read: what format it is, the digest of its bytes, how it is opened."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labelprep.errors import LabelprepError, SourceError
from labelprep.formats import READERS, reader
from labelprep.formats.archives import is_archive, unpacked
from labelprep.formats.base import Rejected
from labelprep.model.ranks import Rank
from labelprep.pixels.sniffing import IMAGE_EXTENSIONS
from labelprep.progress import Progress, Silent
from labelprep.workflows.import_report import AUTO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from labelprep.formats.base import Item, ReadContext, Reading
    from labelprep.model.issues import Issue

READ_BYTES = 1 << 20
LEAST_CONFIDENCE = 0.01
DOUBTFUL = 0.5
"""How sure a reader of tables is of any text file: beside folders that are classes it is a README."""
USUAL_RANKS = {"folders": Rank.FOLDER}
"""The ranks of sources by format, where they are not those of sheets and label files."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A source to import: where it lies, what it is, its usual rank, its bytes' sha256, how it is opened."""

    path: Path
    location: str
    format: str
    rank: Rank
    sha256: str
    options: dict[str, Any]
    read: Callable[[ReadContext], Reading]
    has_shapes: bool = False
    is_predicted: bool = False

    def of_predictions(self) -> Opened:
        """Return what models say in it as a source of its own."""
        return replace(self, format=f"{self.format}-predictions", rank=Rank.MODEL, is_predicted=True)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files of a source are: at ``path``, which is where a person said, or what was unpacked of it.

    ``root`` is the folder it was unpacked to; paths in an archive count from there. ``issues`` are what was
    left out of it.
    """

    path: Path
    root: Path | None = None
    issues: tuple[Issue, ...] = ()

    def read(self, name: str, context: ReadContext) -> Reading:
        """Read it as a format."""
        if self.root is None:
            return reader(name).read(self.path, context)
        reading = reader(name).read(self.path, replace(context, root=self.root))
        reading.items = self._located(reading, reading.items)
        return reading

    def _located(self, reading: Reading, items: Iterator[Item]) -> Iterator[Item]:
        """Yield items whose issues name the archive before the file in it; at the end all others do too."""
        for item in items:
            yield replace(item, issue=self._placed(item.issue)) if isinstance(item, Rejected) else item
        reading.issues[:] = [*self.issues, *map(self._placed, reading.issues)]

    def _placed(self, issue: Issue) -> Issue:
        name = self.root.name if self.root is not None else ""
        is_placed = issue.where == name or issue.where.startswith(f"{name}:")
        return issue if is_placed else replace(issue, where=f"{name}:{issue.where}")


@contextmanager
def reached(
    source: Path,
    wished: str = AUTO,
    *,
    encoding: str | None = None,
    pictures: bool = False,
    progress: Progress | None = None,
) -> Iterator[Place]:
    """Give the files of a source: those of an archive are unpacked for as long as they are read.

    That is its folder, or its only label file where that is of a format which the folder is not. ``encoding``
    is that of names in an archive; its pictures are empty files unless ``pictures`` are wanted.

    Raises: SourceError where an archive cannot be unpacked. Errors name the archive, not where it was put.
    """
    if not is_archive(source):
        yield Place(source)
        return
    watching = progress or Silent()
    with unpacked(source, watching, encoding=encoding, pictures=pictures) as found:
        try:
            yield Place(_meant(found.folder, wished), found.folder, tuple(found.issues))
        except LabelprepError as error:
            there, here = str(found.folder.parent), str(source.parent)
            error.where = error.where.replace(there, here)
            error.problem = error.problem.replace(there, here)
            raise


def _meant(folder: Path, wished: str) -> Path:
    """Return a folder, or the only file in it that is no picture, where a reader is surer of that."""
    files = [
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix.lower() not in IMAGE_EXTENSIONS and not path.name.startswith(".")
    ]
    if len(files) != 1:
        return folder
    names = READERS if wished == AUTO else [wished]
    sure = {path: max(reader(name).sniff(path).confidence for name in names) for path in (folder, files[0])}
    least = DOUBTFUL if sure[folder] >= LEAST_CONFIDENCE else 0.0
    return files[0] if sure[files[0]] > max(sure[folder], least) else folder


def format_of(source: Path, wished: str) -> str:
    """Return the format of a source, found by a look into it unless wished for.

    Raises: SourceError where it does not exist, or no format fits.
    """
    if not source.exists():
        raise SourceError(
            "there is no such file or folder", where=str(source), fix="check the spelling of the path"
        )
    if wished != AUTO:
        return wished
    looks = {name: reader(name).sniff(source) for name in READERS}
    # Within a tenth they are as good as equal (files of two formats lie together): the table's order decides.
    best = max(looks, key=lambda name: round(looks[name].confidence, 1))
    if looks[best].confidence < LEAST_CONFIDENCE:
        reasons = "; ".join(f"{name}: {look.reason}" for name, look in looks.items())
        raise SourceError(
            f"this is no label source that labelprep knows ({reasons})",
            where=str(source),
            fix=f"name its format with --from {'|'.join(READERS)}, if it is one of them",
        )
    return best


def digest_of(source: Path) -> str:
    """Return the sha256 of a file's bytes; of a folder, of the names and sizes of all files in it.

    Raises: SourceError where the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        if source.is_file():
            with source.open("rb") as file:
                while part := file.read(READ_BYTES):
                    digest.update(part)
            return digest.hexdigest()
        for folder, below, names in os.walk(source):
            below.sort()
            way = os.path.relpath(folder, source)
            for name in sorted(names):
                size = os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - names may be no UTF-8
                digest.update(os.fsencode(f"{name if way == '.' else os.path.join(way, name)}\0{size}\0"))  # noqa: PTH118 - the same
    except PermissionError as error:
        raise SourceError(
            "it cannot be opened: another program holds it, or you may not read it",
            where=str(source),
            fix="close it in Excel, or save a copy and import that",
        ) from error
    except OSError as error:
        raise SourceError(
            f"it cannot be read: {error.strerror}", where=str(source), fix="check the disk"
        ) from error
    return digest.hexdigest()
