"""``import --extract-images``: pictures that lie nowhere but inside LabelMe files, written out as files.

Nothing is imported: what was written is scanned first. Files are read twice, since only all of them tell
which names are taken. A name that two different pictures have is kept by neither: both get a part of their
sha256 (``1-3f2a….jpg``), so that the import knows them by content and never takes one for the other.
"""

from __future__ import annotations

import binascii
import hashlib
import os
import posixpath
import time
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats import embedded_pictures
from labelprep.formats.base import ReadContext, Rejected
from labelprep.formats.folder_names import safe_name
from labelprep.formats.labelme import LabelMe
from labelprep.manifest import sources
from labelprep.matching import Match, Why
from labelprep.model.issues import Issue, Severity
from labelprep.pixels.sniffing import EXTENSIONS_OF, IMAGE_EXTENSIONS
from labelprep.progress import Progress, Silent
from labelprep.workflows import claiming
from labelprep.workflows.finding import Finder
from labelprep.workflows.label_sources import format_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labelprep.formats.label_files import LabelFile
    from labelprep.manifest.store import Store
    from labelprep.model.annotation import Record
    from labelprep.workflows.import_report import ImportOptions

NO_PICTURE: Final = "LP348"  # what lies inside a label file is no picture, or could not be written
NAME_TAKEN: Final = "LP349"  # another file has the name of a picture that was written out
HASH_CHARACTERS: Final = 12
USUAL_ENDINGS: Final = {"jpeg": ".jpg", "jpeg2000": ".jp2"}


@dataclass(slots=True)
class ExtractReport:
    """What became of label files: files = written + present + known + without_picture + unreadable + failed.

    ``written`` counts files whose picture was written out (a picture in several files is one file in
    ``pictures``), ``present`` those whose picture lies in the target already, ``known`` those whose image is
    in the manifest or where the file says.
    """

    source: Path
    target: Path
    dry_run: bool
    is_inside_root: bool = False
    has_manifest: bool = False
    has_folder_labels: bool = False
    files: int = 0
    written: int = 0
    present: int = 0
    known: int = 0
    without_picture: int = 0
    unreadable: int = 0
    failed: int = 0
    pictures: list[str] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def has_errors(self) -> bool:
        """Whether a picture, or a file that may have one, got lost."""
        return any(issue.severity is Severity.ERROR for issue in self.issues)

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        counts = ("files", "written", "present", "known", "without_picture", "unreadable", "failed")
        return {
            "source": str(self.source),
            "target": str(self.target),
            **{name: getattr(self, name) for name in counts},
            "pictures": self.pictures,
            "dry_run": self.dry_run,
            "issues": [issue.as_json() for issue in self.issues],
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A picture to write: the name that its file states, made safe, and its content."""

    name: str
    sha256: bytes


def extract_images(
    source: Path,
    target: Path,
    store: Store | None,
    options: ImportOptions,
    progress: Progress | None = None,
) -> ExtractReport:
    """Write pictures out of LabelMe files whose image is neither in the manifest nor where the file says.

    Nothing is overwritten, and nothing written but files directly in ``target``. ``store`` is None where
    there is no manifest yet.

    Raises: UsageError where the source is of another format, the target is a file, or its name would become a
    class; SourceError where the source cannot be read, or no file has a picture.
    """
    began = time.perf_counter()
    name = format_of(source, options.format)
    if name != LabelMe.name:
        raise UsageError(
            f"{name} files hold no pictures", where="--extract-images", fix="leave it out, or --from labelme"
        )
    if target.exists() and not target.is_dir():
        raise UsageError("this is a file", where=str(target), fix="name a folder, new or not")
    report = ExtractReport(source, target, options.dry_run)
    root = source if source.is_dir() else source.parent
    if store is not None:
        root = store.root
        _look_at_target(report, store)
    _Extraction(report, root, store, options, progress or Silent()).run()
    report.seconds = time.perf_counter() - began
    return report


def _look_at_target(report: ExtractReport, store: Store) -> None:
    """Find out what a scan of the target would make of it.

    Raises: UsageError where its name would become a class.
    """
    target, root = report.target.resolve(), store.root.resolve()
    report.has_manifest = True
    report.is_inside_root = target.is_relative_to(root)
    with store.telling():
        found = [one.id for one in sources.listed(store.connection) if one.kind == claiming.KIND]
        report.has_folder_labels = any(sources.annotation_count(store.connection, one) for one in found)
    if report.is_inside_root and report.has_folder_labels and target != root:
        raise UsageError(
            f"folders in {root} are classes, so {shown(target.name)} would be one too",
            where="--extract-images",
            fix=f"name a folder outside, or {root} itself",
        )


class _Extraction:
    """One extraction under way."""

    def __init__(
        self,
        report: ExtractReport,
        root: Path,
        store: Store | None,
        options: ImportOptions,
        progress: Progress,
    ) -> None:
        self.report = report
        self.root = root
        self.finder = None if store is None else Finder(store, strict=options.strict)
        self.progress = progress
        known = self.finder.is_image if self.finder is not None else _never
        self.context = ReadContext(root, known, (), options.for_reading())

    def run(self) -> None:
        """Look at every file, then write what is missing."""
        wanted = self._wanted()
        report = self.report
        if not wanted and not report.known:
            first = report.issues[0].problem if report.issues else "none has imageData"
            raise SourceError(
                f"not one of {report.files:,} files has a picture inside: {first}",
                where=str(report.source),
                fix="put the images back where the files say",
            )
        if not wanted:
            return
        if not report.dry_run:
            report.target.mkdir(parents=True, exist_ok=True)
        names = _told_apart(wanted.values())
        done: dict[_Wanted, str] = {}
        with self.progress.track("writing pictures", len(wanted)) as bar:
            for file, _, picture in LabelMe().pictures(report.source, self.context):
                one = wanted.get(file.path)
                if one is None:
                    continue
                bar.advance()
                if one not in done:
                    done[one] = self._put(file, picture, names[one], one.sha256)
                setattr(report, done[one], getattr(report, done[one]) + 1)
        report.pictures.sort()

    def _wanted(self) -> dict[str, _Wanted]:
        """Return what is to be written, by the path of the label file; count all others."""
        wanted: dict[str, _Wanted] = {}
        report = self.report
        with self.progress.track("reading labels", None) as bar:
            for file, item, picture in LabelMe().pictures(report.source, self.context):
                report.files += 1
                bar.advance()
                if isinstance(item, Rejected):
                    report.unreadable += 1
                    report.issues.append(item.issue)
                elif picture is None:
                    report.without_picture += 1
                else:
                    one = self._looked_at(file, item, picture)
                    if one is not None:
                        wanted[file.path] = one
        return wanted

    def _looked_at(self, file: LabelFile, record: Record, picture: memoryview) -> _Wanted | None:
        """Return the picture of a file where it is to be written."""
        if _lies_where_it_says(file, record.image):
            self.report.known += 1
            return None
        sha256 = record.sha256 or embedded_pictures.sha256_of(picture)
        kind = embedded_pictures.kind_of(picture)
        if sha256 is None or kind is None:
            self.report.failed += 1
            said = shown(bytes(picture[:40]).decode("ascii", "replace"))
            self._tell(file, f"imageData {said} is no picture that can be read", "put the image back")
            return None
        if self.finder is not None:
            found = self.finder.find(replace(record, sha256=sha256, is_embedded=True))
            if isinstance(found, Match) or found.why is Why.AMBIGUOUS:
                self.report.known += 1
                return None
        return _Wanted(_name_of(record.image, kind), sha256)

    def _put(self, file: LabelFile, picture: memoryview | None, name: str, sha256: bytes) -> str:
        """Write a picture unless it is there; return under what it is counted."""
        target = self.report.target
        apart = _with_hash(name, sha256)
        for choice in dict.fromkeys((name, apart)):
            path = target / choice
            if not os.path.lexists(path):
                return self._write(file, picture, path, sha256)
            if _sha256_of(path) == sha256:
                return "present"
            if choice != apart:
                problem = f"another file is called {shown(choice)} in {target}"
                fix = f"the picture is called {shown(apart)}; does the label file mean it?"
                self.report.issues.append(Issue(NAME_TAKEN, Severity.WARNING, file.name, problem, fix))
        self._tell(file, f"other files are called {shown(name)} and {shown(apart)}", "name another folder")
        return "failed"

    def _write(self, file: LabelFile, picture: memoryview | None, path: Path, sha256: bytes) -> str:
        """Write a picture to a place where nothing is.

        Raises: SourceError where the system refuses.
        """
        if not self.report.dry_run and not _written(path, picture, sha256):
            self._tell(file, "the file changed while it was read", "run the same command again")
            return "failed"
        self.report.pictures.append(path.name)
        return "written"

    def _tell(self, file: LabelFile, problem: str, fix: str) -> None:
        self.report.issues.append(Issue(NO_PICTURE, Severity.ERROR, file.name, problem, fix))


def _never(_: str) -> bool:
    return False


def _lies_where_it_says(file: LabelFile, image: str) -> bool:
    """Tell whether the image of a label file lies where the file says."""
    try:
        return (Path(file.path).parent / image.replace("\\", "/")).is_file()
    except (OSError, ValueError):
        return False


def _name_of(image: str, kind: str) -> str:
    """Return the name that a file states for its image, safe on every disk, with an ending that fits."""
    name = safe_name(posixpath.basename(image.replace("\\", "/")))
    stem, ending = posixpath.splitext(name)
    if ending.lower() in EXTENSIONS_OF[kind]:
        return name
    stem = stem if ending.lower() in IMAGE_EXTENSIONS else name
    return stem + USUAL_ENDINGS.get(kind, f".{kind}")


def _told_apart(wanted: Iterable[_Wanted]) -> dict[_Wanted, str]:
    """Return a name for each picture; where different ones state the same, none of them has it."""
    stated: dict[str, set[bytes]] = defaultdict(set)
    pictures = list(dict.fromkeys(wanted))
    for one in pictures:
        stated[_folded(one.name)].add(one.sha256)
    return {
        one: one.name if len(stated[_folded(one.name)]) == 1 else _with_hash(one.name, one.sha256)
        for one in pictures
    }


def _folded(name: str) -> str:
    """Return what two names share that are one on Windows or macOS."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _with_hash(name: str, sha256: bytes) -> str:
    stem, ending = posixpath.splitext(name)
    mark = f"-{sha256.hex()[:HASH_CHARACTERS]}"
    return name if stem.endswith(mark) else f"{stem}{mark}{ending}"


def _sha256_of(path: Path) -> bytes | None:
    """Return the sha256 of a file, None where it is none that can be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return None


def _written(path: Path, picture: memoryview | None, sha256: bytes) -> bool:
    """Write a picture; return whether it is still the one that was looked at before.

    Raises: SourceError where the system refuses.
    """
    part = path.with_name(f".{sha256.hex()}.part")
    digest = hashlib.sha256()
    try:
        with part.open("wb") as file:
            for chunk in embedded_pictures.parts_of(picture or memoryview(b"")):
                digest.update(chunk)
                file.write(chunk)
        if digest.digest() != sha256:
            return False
        part.rename(path)
    except binascii.Error:
        return False
    except OSError as error:
        raise SourceError(
            f"it cannot be written: {error.strerror or error}", where=str(path), fix="check the disk"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return True
