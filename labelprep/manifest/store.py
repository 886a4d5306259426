"""The manifest file itself: opening it in every circumstance, writing to it all or nothing."""

from __future__ import annotations

import os
import sqlite3
import uuid
from contextlib import closing, contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Self

from labelprep.errors import LabelprepError, ManifestError
from labelprep.manifest.migrations import MIGRATIONS
from labelprep.manifest.places import cache_of, is_network_share

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

APPLICATION_ID = 0x4C425052
SCHEMA_VERSION = 3
BUSY_SECONDS = 10.0
SQLITE_HEADER = b"SQLite format 3\x00"
HEADER_LENGTH = 100
ROOM_KIB = 64 << 10
RAW_ROOT = "bytes:"
# What SQLite may meet on a disk. Any other of its errors is a bug, which keeps its traceback.
CIRCUMSTANCES = frozenset(
    {
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_READONLY,
    }
)  # fmt: skip
PRIMARY_CODE = 0xFF


class Store:
    """An open manifest: a connection, its place, its root, and what had to be done otherwise (``notes``)."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, *, writable: bool, notes: tuple[str, ...]
    ) -> None:
        """Take over an open connection; use `create` and `open_store`."""
        self.path = path
        self.connection = connection
        self.writable = writable
        self.notes = notes

    @property
    def root(self) -> Path:
        """The folder of the images, absolute."""
        kept = self.meta("root") or "."
        if kept.startswith(RAW_ROOT):
            kept = os.fsdecode(bytes.fromhex(kept.removeprefix(RAW_ROOT)))
        return Path(os.path.normpath(self.path.parent.resolve() / kept))

    @property
    def cache(self) -> Path:
        """The folder of proxies and arrays, which may not exist."""
        return cache_of(self.path)

    def meta(self, key: str) -> str | None:
        """Return one fact about the manifest as a whole."""
        with self.telling():
            row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Keep one fact about the manifest as a whole; inside `writing`."""
        self.connection.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Write all of the block or nothing of it.

        Raises: ManifestError where the manifest is read-only, locked by another process, or the disk is full.
        """
        if not self.writable:
            raise ManifestError(
                "it can only be read", where=str(self.path), fix="copy it to a place where you may write"
            )
        with self.telling():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Tell what a query of the block meets on the disk as a ManifestError."""
        try:
            yield
        except sqlite3.Error as error:
            if not is_circumstance(error):
                raise
            raise told(error, self.path) from error

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection; what a query met on the disk is told as a ManifestError."""
        self.close()
        if isinstance(error, sqlite3.Error) and is_circumstance(error):
            raise told(error, self.path) from error


@contextmanager
def roomy(connection: sqlite3.Connection) -> Iterator[None]:
    """Keep more of the file in memory while most of it is written: each page then goes to the disk once."""
    before = connection.execute("PRAGMA main.cache_size").fetchone()[0]
    connection.execute(f"PRAGMA main.cache_size = -{ROOM_KIB}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA main.cache_size = {before}")


def is_circumstance(error: sqlite3.Error) -> bool:
    """Tell what SQLite met on the disk from a bug in a query."""
    return getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE in CIRCUMSTANCES


def told(error: sqlite3.Error, path: Path) -> LabelprepError:
    """Return what an error of SQLite means for a person."""
    text = str(error)
    if "locked" in text or "busy" in text:
        fix = "wait until the other labelprep has finished, or stop it"
        return ManifestError("another process is writing to it", where=str(path), fix=fix)
    if "full" in text:
        return ManifestError(
            "the disk is full; nothing of this step was kept",
            where=str(path),
            fix="free some space, then repeat",
        )
    if "readonly" in text or "read-only" in text:
        return ManifestError(
            "it can only be read", where=str(path), fix="copy it to a place where you may write"
        )
    if "malformed" in text or "not a database" in text:
        return ManifestError(
            "the file is damaged",
            where=str(path),
            fix="take it from a backup, or scan again into another file with -m",
        )
    return ManifestError(
        f"SQLite says: {text}", where=str(path), fix="check the disk and the permissions of that folder"
    )


def create(path: Path, root: Path) -> Store:
    """Make a new manifest for a root folder and open it.

    Raises: ManifestError where the place cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connected(path, "rwc")
        with _closed_on_error(connection):
            notes = _journal_mode(path, connection)
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                _write_schema(connection, path, root)
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise told(error, path) from error
    except OSError as error:
        raise ManifestError(
            f"it cannot be made: {error.strerror}", where=str(path), fix="name another place with -m FILE"
        ) from error
    return Store(path, connection, writable=True, notes=notes)


def _write_schema(connection: sqlite3.Connection, path: Path, root: Path) -> None:
    script = resources.files("labelprep.manifest").joinpath("schema.sql").read_text(encoding="utf-8")
    for statement in _statements_of(script):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    meta = [("id", uuid.uuid4().hex), ("root", relative_root(path, root)), ("multi_label", "auto")]
    connection.executemany("INSERT INTO meta VALUES (?, ?)", meta)


def _statements_of(script: str) -> Iterator[str]:
    """Split a script into statements: `executescript` would commit the open transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def relative_root(path: Path, root: Path) -> str:
    """Return how a root is kept: relative to its manifest where both lie on one drive, POSIX slashes.

    Links are resolved, so that the manifest means the same folder by whichever path it is opened. A name that
    is not UTF-8 is kept as the hexadecimal of its bytes.
    """
    try:
        kept = Path(os.path.relpath(root, path.parent.resolve())).as_posix()
    except ValueError:
        kept = root.as_posix()
    try:
        kept.encode("utf-8")
    except UnicodeEncodeError:
        return RAW_ROOT + os.fsencode(kept).hex()
    return kept


def is_unmade(path: Path) -> bool:
    """Tell whether a manifest is still to be made: no file, or what a `create` that was killed leaves."""
    try:
        if path.stat().st_size == 0:
            return True
        with path.open("rb") as file:
            if not file.read(HEADER_LENGTH).startswith(SQLITE_HEADER):
                return False
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0)
    except FileNotFoundError:
        return True
    except (OSError, sqlite3.Error):
        return False


def open_store(path: Path, *, for_writing: bool = True) -> Store:
    """Open an existing manifest; read-only places are opened as such and say so.

    Raises: ManifestError where it is absent, no manifest, of a newer version, damaged or locked.
    """
    _check_header(path)
    writable = for_writing and _may_write(path)
    notes: tuple[str, ...] = ()
    try:
        if _may_write(path):
            connection = _connected(path, "rw")
            with _closed_on_error(connection):
                # Looked at before anything is set: another program's database must stay as it is.
                version = _checked_version(path, connection)
                notes = _journal_mode(path, connection)
                _migrate(connection, version)
        else:
            connection, notes = _read_only(path)
            with _closed_on_error(connection):
                _require_present(path, _checked_version(path, connection))
    except sqlite3.Error as error:
        raise told(error, path) from error
    return Store(path, connection, writable=writable, notes=notes)


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _check_header(path: Path) -> None:
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_LENGTH)
    except FileNotFoundError:
        raise ManifestError(
            "there is no such manifest", where=str(path), fix="make it with `labelprep scan DIR`, or check -m"
        ) from None
    except OSError as error:
        raise ManifestError(
            f"it cannot be read: {error.strerror}", where=str(path), fix="check -m and the permissions"
        ) from error
    if not header.startswith(SQLITE_HEADER):
        raise ManifestError("this file is not a manifest", where=str(path), fix="name another file with -m")


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _connected(path: Path, mode: str, *, immutable: bool = False) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}{'&immutable=1' if immutable else ''}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _read_only(path: Path) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    """Open without a right to write; a folder without that right cannot hold the log that readers share."""
    connection = _connected(path, "ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        connection = _connected(path, "ro", immutable=True)
    return connection, (f"{path} lies in a read-only place: it is only read, changes are refused",)


def _journal_mode(path: Path, connection: sqlite3.Connection) -> tuple[str, ...]:
    connection.execute("PRAGMA synchronous = FULL")
    if not is_network_share(path.absolute()):
        try:
            if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal":
                return ()
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise
    connection.execute("PRAGMA journal_mode = DELETE")
    return (
        f"{path} lies where no write-ahead log can be kept (a network share): one program writes at a time",
    )


def _checked_version(path: Path, connection: sqlite3.Connection) -> int:
    """Return the version of a manifest's schema, which is one that this program knows."""
    identity = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if identity != APPLICATION_ID:
        raise ManifestError(
            "this database is not a manifest", where=str(path), fix="name another file with -m"
        )
    if version > SCHEMA_VERSION:
        raise ManifestError(
            f"it was written by a newer labelprep (schema {version}, this one knows {SCHEMA_VERSION})",
            where=str(path),
            fix="upgrade labelprep: python -m pip install -U labelprep",
        )
    return version


def _require_present(path: Path, version: int) -> None:
    if version < SCHEMA_VERSION:
        raise ManifestError(
            f"it has the older schema {version} and can only be read here",
            where=str(path),
            fix="copy it to a place where you may write",
        )


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring an older schema up to date, one version a transaction."""
    for step in range(version, SCHEMA_VERSION):
        connection.execute("BEGIN IMMEDIATE")
        for statement in _statements_of(MIGRATIONS[step]):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {step + 1}")
        connection.execute("COMMIT")
