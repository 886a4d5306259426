"""The manifest file in good and bad circumstances."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labelprep.errors import ManifestError
from labelprep.manifest import journal, places, store
from labelprep.manifest.migrations import MIGRATIONS
from labelprep.manifest.store import Store, create, open_store
from running import Command, Place, rows, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

NEXT = store.SCHEMA_VERSION + 1
SCHEMA_1 = Path(__file__).parent / "fixtures" / "schema_1.sql"
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads the mount table of Linux")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Store]:
    """Return a new manifest without an image, open."""
    with create(tmp_path / "manifest.db", tmp_path / "imgs") as made:
        yield made


def refused(path: Path) -> ManifestError:
    """Return the error with which a file is refused."""
    with pytest.raises(ManifestError) as caught:
        open_store(path)
    return caught.value


def note_something(opened: Store) -> None:
    """Write one command down."""
    with opened.writing() as connection:
        journal.begin(connection, "test", {})


def test_a_new_manifest_knows_its_root_and_keeps_it_relative(fresh: Store, tmp_path: Path) -> None:
    assert (fresh.root, fresh.meta("root")) == (tmp_path / "imgs", "imgs")
    assert fresh.meta("nothing") is None


def test_a_manifest_moved_together_with_its_images_still_finds_them(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    create(tmp_path / "old" / "manifest.db", tmp_path / "old" / "imgs").close()
    (tmp_path / "old").rename(tmp_path / "new")

    with open_store(tmp_path / "new" / "manifest.db") as opened:
        assert opened.root == tmp_path / "new" / "imgs"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_manifest_made_through_a_link_means_the_same_folder_without_it(tmp_path: Path) -> None:
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "away")
    create(tmp_path / "link" / "manifest.db", tmp_path / "imgs").close()

    for folder in ("link", "far/away"):
        with open_store(tmp_path / folder / "manifest.db") as opened:
            assert opened.root == tmp_path / "imgs"


def test_a_manifest_survives_power_cuts_and_lets_others_read(fresh: Store) -> None:
    assert rows(fresh, "PRAGMA journal_mode") == ["wal"]
    assert rows(fresh, "PRAGMA synchronous") == [2]
    assert rows(fresh, "PRAGMA foreign_keys") == [1]
    assert fresh.notes == ()


def test_two_manifests_have_different_ids(tmp_path: Path) -> None:
    with create(tmp_path / "a.db", tmp_path) as one, create(tmp_path / "b.db", tmp_path) as other:
        assert one.meta("id") != other.meta("id")


def test_a_file_that_is_absent_is_told_with_the_command_that_makes_one(tmp_path: Path) -> None:
    error = refused(tmp_path / "no.db")

    assert error.problem == "there is no such manifest"
    assert "labelprep scan DIR" in error.fix


@pytest.mark.parametrize("content", [b"file,label\na.jpg,cat\n", b"\x89PNG\r\n\x1a\n" * 40])
def test_a_file_of_another_kind_is_no_manifest_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(content)

    error = refused(path)

    assert (error.problem, error.where) == ("this file is not a manifest", str(path))
    assert path.read_bytes() == content


def test_a_folder_is_no_manifest(tmp_path: Path) -> None:
    assert refused(tmp_path).problem.startswith("it cannot be read")


def test_another_database_is_no_manifest_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE photo (name TEXT)")

    before = path.read_bytes()

    error = refused(path)

    assert error.problem == "this database is not a manifest"
    assert path.read_bytes() == before


def test_a_newer_schema_asks_for_a_newer_labelprep(fresh: Store) -> None:
    fresh.connection.execute("PRAGMA user_version = 99")

    error = refused(fresh.path)

    assert (
        error.problem
        == f"it was written by a newer labelprep (schema 99, this one knows {store.SCHEMA_VERSION})"
    )
    assert "pip install -U labelprep" in error.fix


def test_an_older_schema_is_brought_up_to_date(fresh: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SCHEMA_VERSION", NEXT)
    monkeypatch.setitem(
        MIGRATIONS, NEXT - 1, "CREATE TABLE extra (x INTEGER);\nCREATE TABLE more (y INTEGER);"
    )

    with open_store(fresh.path) as opened:
        assert rows(opened, "PRAGMA user_version") == [NEXT]
        assert rows(opened, "SELECT name FROM sqlite_master WHERE name IN ('extra', 'more')") == [
            "extra",
            "more",
        ]


def test_a_manifest_of_the_first_schema_becomes_like_a_new_one(fresh: Store, tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(SCHEMA_1.read_text(encoding="utf-8"))
        connection.execute(f"PRAGMA application_id = {store.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")

    with open_store(old) as brought:
        assert layout(brought) == layout(fresh)


def layout(opened: Store) -> dict[str, list[object]]:
    """Return the columns of every table and view, and the columns of every index."""
    names = rows(opened, "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
    return {
        name: opened.connection.execute(
            'SELECT name, type, "notnull", pk FROM pragma_table_info(?1) '
            "UNION ALL SELECT name, '', seqno, cid FROM pragma_index_info(?1)",
            (name,),
        ).fetchall()
        for name in names
    }


def test_a_migration_that_fails_leaves_the_older_schema_whole(
    fresh: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SCHEMA_VERSION", NEXT)
    monkeypatch.setitem(
        MIGRATIONS, NEXT - 1, "CREATE TABLE extra (x INTEGER);\nCREATE TABLE image (y INTEGER);"
    )

    error = refused(fresh.path)

    assert "table image already exists" in error.problem
    assert rows(fresh.path, "PRAGMA user_version") == [NEXT - 1]
    assert rows(fresh.path, "SELECT name FROM sqlite_master WHERE name = 'extra'") == []


def test_an_older_schema_in_a_read_only_place_asks_for_a_copy(
    fresh: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SCHEMA_VERSION", NEXT)
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)

    error = refused(fresh.path)

    assert error.problem == f"it has the older schema {NEXT - 1} and can only be read here"


def test_all_of_a_write_is_kept_or_nothing_of_it(fresh: Store) -> None:
    def half_way() -> None:
        with fresh.writing() as connection:
            journal.begin(connection, "first", {})
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        half_way()

    assert rows(fresh, "SELECT name FROM command") == []
    note_something(fresh)
    assert rows(fresh, "SELECT name FROM command") == ["test"]


def test_a_process_that_dies_while_it_writes_leaves_nothing_half_written(fresh: Store) -> None:
    note_something(fresh)
    fresh.connection.execute("BEGIN IMMEDIATE")
    journal.begin(fresh.connection, "never finished", {})
    for ending in ("", "-wal"):
        copied = fresh.path.with_name(f"copy.db{ending}")
        copied.write_bytes(fresh.path.with_name(f"{fresh.path.name}{ending}").read_bytes())

    with open_store(fresh.path.with_name("copy.db")) as opened:
        assert rows(opened, "SELECT name FROM command") == ["test"]
        assert rows(opened, "PRAGMA integrity_check") == ["ok"]


def test_a_manifest_that_another_process_writes_to_says_so(
    fresh: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    with open_store(fresh.path) as second:
        fresh.connection.execute("BEGIN IMMEDIATE")

        with pytest.raises(ManifestError) as caught:
            note_something(second)

        fresh.connection.execute("ROLLBACK")
        note_something(second)
    assert caught.value.problem == "another process is writing to it"
    assert rows(fresh, "SELECT name FROM command") == ["test"]


def test_a_manifest_that_another_process_writes_to_can_be_read(fresh: Store) -> None:
    note_something(fresh)
    fresh.connection.execute("BEGIN IMMEDIATE")
    journal.begin(fresh.connection, "under way", {})

    with open_store(fresh.path, for_writing=False) as second:
        assert rows(second, "SELECT name FROM command") == ["test"]
    fresh.connection.execute("ROLLBACK")


def test_a_full_disk_is_told_and_nothing_of_the_step_is_kept(fresh: Store) -> None:
    pages = rows(fresh, "PRAGMA page_count")[0]
    fresh.connection.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(ManifestError) as caught, fresh.writing() as connection:
        journal.begin(connection, "fill", {"text": "x" * 500_000})

    assert caught.value.problem == "the disk is full; nothing of this step was kept"
    assert rows(fresh, "SELECT count(*) FROM command") == [0]


def test_a_manifest_opened_for_reading_refuses_changes(fresh: Store) -> None:
    with open_store(fresh.path, for_writing=False) as opened, pytest.raises(ManifestError) as caught:
        note_something(opened)

    assert caught.value.problem == "it can only be read"


def test_a_read_only_place_is_read_and_refuses_changes(
    animals: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)

    with open_store(animals.manifest) as opened:
        assert rows(opened, "SELECT count(*) FROM image") == [6]
        assert opened.notes == (
            f"{animals.manifest} lies in a read-only place: it is only read, changes are refused",
        )
        with pytest.raises(ManifestError) as caught:
            note_something(opened)

    assert (caught.value.problem, caught.value.where) == ("it can only be read", str(animals.manifest))


def test_a_scan_into_a_read_only_place_says_so(animals: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)

    with pytest.raises(ManifestError, match="it can only be read"):
        scan(animals.root)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user who can be refused")
def test_a_folder_without_the_right_to_write_is_read(animals: Place) -> None:
    animals.manifest.chmod(0o444)
    animals.manifest.parent.chmod(0o555)

    try:
        with open_store(animals.manifest) as opened:
            assert rows(opened, "SELECT count(*) FROM image") == [6]
    finally:
        animals.manifest.parent.chmod(0o755)


def test_a_medium_that_cannot_be_written_at_all_is_read(animals: Place) -> None:
    connection, notes = store._read_only(animals.manifest)

    with closing(connection):
        assert connection.execute("SELECT count(*) FROM image").fetchone() == (6,)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM image")
    assert len(notes) == 1


def test_a_medium_that_can_hold_no_shared_memory_is_read(animals: Place) -> None:
    # A folder in its place keeps SQLite from making the file, as a read-only medium does.
    animals.manifest.with_name("manifest.db-shm").mkdir()

    connection, _ = store._read_only(animals.manifest)

    with closing(connection):
        assert connection.execute("SELECT count(*) FROM image").fetchone() == (6,)


@ON_LINUX
def test_on_a_network_share_there_is_no_write_ahead_log(
    animals: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8")
    kind = places.file_system_of(animals.manifest, mounts)
    monkeypatch.setattr(places, "NETWORK_TYPES", frozenset({kind}))

    with open_store(animals.manifest) as opened:
        note_something(opened)

        assert rows(opened, "PRAGMA journal_mode") == ["delete"]
        assert "one program writes at a time" in opened.notes[0]


def damage(path: Path, table: str) -> None:
    """Overwrite the first page of a table; that of the schema is the file's own."""
    page_bytes = rows(path, "PRAGMA page_size")[0]
    page = rows(path, "SELECT rootpage FROM sqlite_master WHERE name = ?", table)[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * page_bytes)
        file.write(b"\xa5" * page_bytes)


@pytest.mark.parametrize(
    ("table", "arguments"),
    [
        ("image", ("show",)),
        ("image", ("explain", "cat/1.png")),
        ("image", ("split",)),
        ("image", ("split", "--verify")),
        ("image", ("scan", "animals")),
        ("image", ("relocate", "animals")),
        ("class", ("classes", "list")),
        ("class", ("classes", "rename", "cat", "feline")),
        ("command", ("undo",)),
        ("command", ("log",)),
        ("proxy", ("clean",)),
        ("meta", ("show",)),
    ],
)
def test_a_damaged_manifest_is_told_by_every_command(
    animals: Place, command: Command, table: str, arguments: tuple[str, ...]
) -> None:
    damage(animals.manifest, table)

    ran = command(*arguments, "--json")

    assert ran.code == 3
    assert ran.json["error"]["problem"] == "the file is damaged"
    assert ran.json["error"]["where"] == str(animals.manifest)


def test_a_truncated_manifest_is_told(animals: Place, command: Command) -> None:
    whole = animals.manifest.read_bytes()
    animals.manifest.write_bytes(whole[: len(whole) // 2])

    ran = command("show", "--json")

    assert (ran.code, ran.json["error"]["problem"]) == (3, "the file is damaged")


def test_what_a_killed_first_moment_leaves_is_made_whole_by_the_next_scan(work: Path) -> None:
    (work / "imgs" / "cat").mkdir(parents=True)
    (work / "manifest.db").touch()

    assert scan(work / "imgs").images == 0


def test_a_database_without_tables_left_by_a_kill_is_made_whole_too(work: Path) -> None:
    (work / "imgs" / "cat").mkdir(parents=True)
    with closing(sqlite3.connect(work / "manifest.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")

    assert scan(work / "imgs").images == 0


def test_a_place_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ManifestError) as caught:
        create(tmp_path / "file" / "manifest.db", tmp_path)

    assert caught.value.problem.startswith("it cannot be made")
    assert caught.value.fix == "name another place with -m FILE"
