"""Archives of labels, unpacked where nothing in them can do harm.

::

    labels.zip                  <temporary>/labels.zip/
    ├── train/a.xml     →       ├── train/a.xml
    ├── ../../evil              │                          leads out: left out, told
    └── link → /etc             │                          no plain file: left out, told

Only plain files are written, below a new folder, under names that lead nowhere else; nothing is made a link,
nothing keeps its permissions. Sizes are looked at before (zip) or while (tar) they grow, so that a bomb is
refused. Names of zip archives that do not tell their encoding are GB18030 where they read as such,
else UTF-8, else cp437, as the format has it.

Source: APPNOTE.TXT (PKWARE), sections 4.3, 4.4 and appendix D; POSIX.1-2017, pax; RFC 1952.
"""

from __future__ import annotations

import gzip
import os
import posixpath
import re
import shutil
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from labelprep.errors import SourceError, shown
from labelprep.formats.bounded import HARMLESS_BYTES, SUSPICIOUS_RATIO, BombError, Bounded, opened_gzip
from labelprep.formats.encodings import codec_of_names, reads_as_gb18030
from labelprep.model.issues import Issue, Severity
from labelprep.pixels.sniffing import IMAGE_EXTENSIONS, sniff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.progress import Progress, Track

ENDINGS: Final = (".zip", ".tar", ".tar.gz", ".tgz")
OTHERS: Final = (".rar", ".7z", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")
LARGEST_BYTES: Final = 256 << 30
LARGEST_COUNT: Final = 1_000_000
CHUNK_BYTES: Final = 1 << 18
HEAD_BYTES: Final = 512
ENCRYPTED: Final = 0x1
UTF8: Final = 0x800
METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
WORKBOOK_PARTS: Final = frozenset({"[Content_Types].xml", "META-INF/manifest.xml"})
JUNK: Final = "__MACOSX"
DRIVE: Final = re.compile(r"[A-Za-z]:")
GRAPHICS: Final = re.compile(r"[\u2500-\u259f]")
"""Signs that stand in no name: what East Asian names look like when they are read as cp437."""

OUTSIDE: Final = "LP340"  # a name leads out of the archive's folder
NO_FILE: Final = "LP341"  # a link, device or the like
NOT_WRITTEN: Final = "LP342"  # a name comes twice, or the system refuses it
NAMES: Final = "LP343"  # names whose encoding was found out, or looks wrong

DAMAGES = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RecursionError,
    ValueError,
)
AGAIN: Final = "copy or download it again"
BY_HAND: Final = "unpack it yourself and name the folder"


@dataclass(slots=True)
class Unpacked:
    """What was unpacked: the folder, named like the archive, and what was left out of it."""

    folder: Path
    issues: list[Issue] = field(default_factory=list)


def is_archive(source: Path) -> bool:
    """Tell whether a path is a file that is called an archive; workbooks and arrays are zips of other names.

    Raises: SourceError for archives that are not unpacked here.
    """
    name = source.name.lower()
    if name.endswith(OTHERS) and source.is_file():
        raise SourceError(
            "archives of this kind are not unpacked here",
            where=str(source),
            fix=f"{BY_HAND}, or pack it as .zip",
        )
    return name.endswith(ENDINGS) and source.is_file()


@contextmanager
def unpacked(
    source: Path, progress: Progress, *, encoding: str | None = None, pictures: bool = True
) -> Iterator[Unpacked]:
    """Unpack an archive into a folder that goes away afterwards.

    ``encoding`` is that of names which do not tell theirs. Without ``pictures`` image files are left empty:
    their names are enough to read labels.

    Raises: SourceError where it is damaged, encrypted, no archive at all, or grows beyond measure.
    """
    with tempfile.TemporaryDirectory(prefix="labelprep-", ignore_cleanup_errors=True) as temporary:
        # Readers look for class lists some folders up: there must be nothing of others.
        folder = Path(temporary, "of", "an", "archive", source.name)
        folder.mkdir(parents=True)
        unpacking = _Unpacking(source, folder, encoding, pictures=pictures)
        with progress.track("unpacking", None) as bar, _explained(source):
            unpacking.run(bar)
        yield Unpacked(folder, unpacking.issues)


@contextmanager
def _explained(source: Path) -> Iterator[None]:
    """Turn what goes wrong into one error that names the archive."""
    try:
        yield
    except BombError as error:
        raise SourceError(
            f"it would unpack to {error}: that is more than labels and images do",
            where=str(source),
            fix=f"if you trust it, {BY_HAND}",
        ) from error
    except DAMAGES as error:
        raise SourceError(f"it is damaged or cut off ({error})", where=str(source), fix=AGAIN) from error
    except OSError as error:
        raise SourceError(
            f"it cannot be unpacked: {error.strerror or error}",
            where=str(source),
            fix="make room in the folder for temporary files (TMPDIR names another), or " + BY_HAND,
        ) from error


class _Unpacking:
    """One archive being unpacked."""

    def __init__(self, source: Path, folder: Path, encoding: str | None, *, pictures: bool) -> None:
        self.source = source
        self.folder = folder
        self.encoding = encoding
        self.pictures = pictures
        self.issues: list[Issue] = []
        self.made: set[tuple[str, ...]] = set()
        self.count = 0
        self.has_told_codec = False

    def run(self, bar: Track) -> None:
        """Unpack by what the bytes are, whatever the name says."""
        with self.source.open("rb") as file:
            head = file.read(HEAD_BYTES)
        kind = sniff(head)
        if kind == "zip":
            with zipfile.ZipFile(self.source) as archive:
                self._unzip(archive, bar)
        elif kind == "gzip":
            with opened_gzip(self.source) as file:
                self._untar(file, bar)
        elif is_tar_header(head):
            with self.source.open("rb") as file:
                self._untar(Bounded(file, None), bar)
        else:
            seen = "it is empty" if not head else f"it is {kind or 'something else'}"
            raise SourceError(f"this is no archive: {seen}", where=str(self.source), fix=AGAIN)
        if not self.count:
            first = f": {self.issues[0].where}: {self.issues[0].problem}" if self.issues else ""
            raise SourceError(f"there are no files in it{first}", where=str(self.source), fix=AGAIN)

    def _unzip(self, archive: zipfile.ZipFile, bar: Track) -> None:
        every = archive.infolist()
        self._check_zip(every)
        names = self._names(every)
        for info, name in zip(every, names, strict=True):
            mode = stat.S_IFMT(info.external_attr >> 16)
            if name.endswith(("/", "\\")) or stat.S_ISDIR(mode):
                continue
            parts = self._parts(name, is_plain=mode in {0, stat.S_IFREG})
            if parts:
                with archive.open(info) as part:
                    self._write(parts, part)
                bar.advance()

    def _check_zip(self, every: list[zipfile.ZipInfo]) -> None:
        """Refuse what cannot be unpacked, or should not be, before anything is.

        Raises: SourceError; BombError.
        """
        where = str(self.source)
        if any(info.flag_bits & ENCRYPTED for info in every):
            raise SourceError("it is protected by a password", where=where, fix=BY_HAND)
        if WORKBOOK_PARTS.intersection(info.filename for info in every):
            raise SourceError(
                "this is a workbook that is called an archive", where=where, fix="name it .xlsx or .ods"
            )
        other = next((info for info in every if info.compress_type not in METHODS), None)
        if other is not None:
            raise SourceError(
                f"{shown(other.filename)} is compressed in a way that is not read here (method "
                f"{other.compress_type})",
                where=where,
                fix=BY_HAND,
            )
        if len(every) > LARGEST_COUNT:
            raise BombError(f"{len(every):,} files")
        packed = sum(info.compress_size for info in every)
        if packed > self.source.stat().st_size:
            raise BombError("parts that lie over each other")
        total = sum(info.file_size for info in every if self._is_needed(info.filename))
        for stated, size in [(packed, total), *((info.compress_size, info.file_size) for info in every)]:
            if size > HARMLESS_BYTES and size > SUSPICIOUS_RATIO * stated:
                raise BombError(f"{size:,} bytes")
        room = shutil.disk_usage(self.folder).free
        if total > min(LARGEST_BYTES, room):
            raise BombError(f"{total:,} bytes, and there is room for {room:,}")

    def _names(self, every: list[zipfile.ZipInfo]) -> list[str]:
        """Return the names; those that do not say that they are UTF-8 are read as what they look like."""
        raw = [info.orig_filename.encode("cp437") for info in every if not info.flag_bits & UTF8]
        codec = self._codec(b"\n".join(raw))
        names = []
        for info in every:
            # The other name is cut at a zero byte, and on Windows has slashes amid its characters.
            name = info.orig_filename
            if not info.flag_bits & UTF8:
                names.append(name.encode("cp437").decode(codec))
            elif GRAPHICS.search(name):
                names.append(self._read_anew(name))
            else:
                names.append(name)
        return names

    def _codec(self, raw: bytes) -> str:
        """Return the encoding of names that do not tell theirs; a note says so where they are not ASCII."""
        if raw.isascii():
            return "ascii"
        codec = self.encoding if self.encoding and _fits(raw, self.encoding) else codec_of_names(raw)
        if codec not in {self.encoding, "utf-8"} and not self.has_told_codec:
            self.has_told_codec = True
            line = next(line for line in raw.split(b"\n") if not line.isascii())
            problem = f"names in it do not tell their encoding; read as {codec}: {shown(line.decode(codec))}"
            self._tell(NAMES, self.source.name, problem, "if that is wrong, pass --encoding", Severity.NOTE)
        return codec

    def _read_anew(self, name: str) -> str:
        """Return a name that was read as cp437 before it was packed as it was; without an encoding, tell."""
        try:
            raw = name.encode("cp437")
        except UnicodeEncodeError:
            return name
        if self.encoding and _fits(raw, self.encoding):
            return raw.decode(self.encoding)
        if reads_as_gb18030(raw):
            likely = shown(raw.decode("gb18030"))
            problem = f"the name was read in the wrong encoding before it was packed; it may be {likely}"
            self._tell(NAMES, self._place(name), problem, "pass --encoding gb18030", Severity.WARNING)
        return name

    def _untar(self, file: Bounded, bar: Track) -> None:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for seen, member in enumerate(archive):
                # Else it keeps all it has met.
                archive.members = []  # type: ignore[attr-defined]  # typeshed leaves it out
                if seen > LARGEST_COUNT:
                    raise BombError(f"more than {LARGEST_COUNT:,} files")
                if member.size < 0:
                    raise tarfile.ReadError("a size below zero")
                if not member.isdir():
                    self._take(archive, member, bar)
            # A damaged header ends the list of members without a word.
            file.seek(archive.offset)
            if any(file.read(HEAD_BYTES)):
                raise tarfile.ReadError("a header is damaged")

    def _take(self, archive: tarfile.TarFile, member: tarfile.TarInfo, bar: Track) -> None:
        is_plain = member.isreg() and not member.issparse()
        parts = self._parts(self._tar_name(member.name), is_plain=is_plain)
        part = archive.extractfile(member) if parts else None
        if part is not None:
            self._write(parts, part)
            bar.advance()

    def _tar_name(self, name: str) -> str:
        raw = name.encode("utf-8", "surrogateescape")
        return name if _fits(raw, "utf-8") else raw.decode(self._codec(raw))

    def _parts(self, name: str, *, is_plain: bool) -> tuple[str, ...]:
        """Return folders and name of a file to write; nothing for what is left out, which is told."""
        written = name.replace("\\", "/")
        parts = tuple(part for part in written.split("/") if part not in {"", "."})
        if parts and parts[0] == JUNK:
            return ()
        if not is_plain:
            problem = "it is a link, a device or the like, and was left out"
            self._tell(NO_FILE, self._place(name), problem, "pack the file itself")
            return ()
        if not parts or written.startswith("/") or DRIVE.match(written) or _leads_out(parts):
            problem = "its name leads out of the archive's folder, and it was left out"
            self._tell(OUTSIDE, self._place(name), problem, "ask who made this archive: none should do that")
            return ()
        return parts

    def _write(self, parts: tuple[str, ...], part: IO[bytes]) -> None:
        """Write one file that is not there yet; what the system refuses is told."""
        path = os.path.join(self.folder, *parts)  # noqa: PTH118 - a hundred thousand of them
        try:
            self._make_folder(parts[:-1])
            file = open(path, "xb")  # noqa: PTH123, SIM115 - only a name may be refused here
        except FileExistsError:
            place = self._place("/".join(parts))
            self._tell(NOT_WRITTEN, place, "it is there twice; the first was taken", "pack it once")
            return
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            place = self._place("/".join(parts))
            self._tell(NOT_WRITTEN, place, f"it cannot be written: {reason}", "rename it")
            return
        self.count += 1
        with file:
            if self._is_needed(path):
                shutil.copyfileobj(part, file, CHUNK_BYTES)

    def _is_needed(self, name: str) -> bool:
        return self.pictures or posixpath.splitext(name)[1].lower() not in IMAGE_EXTENSIONS

    def _make_folder(self, parts: tuple[str, ...]) -> None:
        if parts not in self.made:
            os.makedirs(os.path.join(self.folder, *parts), exist_ok=True)  # noqa: PTH103, PTH118 - as above
            self.made.add(parts)

    def _place(self, name: str) -> str:
        return f"{self.source.name}:{name.encode('utf-8', 'backslashreplace').decode()}"

    def _tell(
        self, code: str, where: str, problem: str, fix: str, severity: Severity = Severity.ERROR
    ) -> None:
        self.issues.append(Issue(code, severity, where, problem, fix))


def is_tar_header(block: bytes) -> bool:
    """Tell whether 512 bytes are the header of a file in a tar archive: its checksum fits."""
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def _leads_out(parts: tuple[str, ...]) -> bool:
    # On Windows a colon names a drive, or a stream of a file that no list of the folder shows.
    return ".." in parts or any("\0" in part or (os.name == "nt" and ":" in part) for part in parts)


def _fits(raw: bytes, codec: str) -> bool:
    try:
        raw.decode(codec)
    except (UnicodeDecodeError, LookupError):
        return False
    return True
