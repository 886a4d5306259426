"""Reading the files that a walk found new or changed, through worker processes, handed out in path order."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from labelprep.manifest import images
from labelprep.manifest.paths import on_disk
from labelprep.pixels.engine import Batch, BatchResult, LocalEngine, Work
from labelprep.pixels.reading import Facts
from labelprep.pixels.sniffing import HEAD_BYTES, sniff

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from labelprep.manifest.images import Todo
    from labelprep.manifest.store import Store
    from labelprep.workflows.limits import Limits

SMALLEST_BATCH, LARGEST_BATCH = 8, 64
BATCHES_A_WORKER = 8
COMMIT_ROWS = 4_000
COMMIT_SECONDS = 1.0
UNKNOWN = "unknown_extension"
IMAGE_FORMATS = frozenset(
    {
        "jpeg",
        "png",
        "gif",
        "webp",
        "bmp",
        "tiff",
        "avif",
        "heic",
        "jpeg2000",
        "ppm",
        "ico",
        "jpeg-xl",
        "psd",
        "qoi",
    }
)

SkippedRow = tuple[str, bytes | None, str, str | None, int, int]
Read = tuple["Todo", dict[str, Any], tuple[bytes, int, int, str, int, int] | None]


def read_files(
    store: Store, root: Path, engine: LocalEngine, proxy_size: int, limits: Limits
) -> Iterator[list[Read]]:
    """Yield what was read of the files in ``todo``, in path order, in amounts worth a transaction each."""
    work = Work("scan", {"cache": str(store.cache), "proxy_size": proxy_size, **limits.as_options()})
    waiting: dict[int, list[Todo]] = {}
    # Where files are few, batches are small: no worker waits for the last large one of another.
    share = images.count_todo(store.connection) // (engine.workers * BATCHES_A_WORKER)
    size = min(max(share, SMALLEST_BATCH), LARGEST_BATCH)

    def batches() -> Iterator[Batch]:
        for number, items in enumerate(images.todo(store.connection, size)):
            waiting[number] = items
            yield Batch(number, [located(root, item.path, item.path_bytes) for item in items])

    ready: list[Read] = []
    since = time.monotonic()
    for result in _in_order(engine.run(batches(), work)):
        items = waiting.pop(result.number)
        ready.extend(
            _read(item, answer.value, proxy_size) for item, answer in zip(items, result.results, strict=True)
        )
        if len(ready) >= COMMIT_ROWS or time.monotonic() - since > COMMIT_SECONDS:
            yield ready
            ready, since = [], time.monotonic()
    if ready:
        yield ready


def located(root: Path, path: str, path_bytes: bytes | None) -> str:
    """Return the absolute path of an image, as the operating system wants it."""
    return os.path.join(root, on_disk(path, path_bytes))  # noqa: PTH118 - names may be bytes


def _in_order(results: Iterable[BatchResult]) -> Iterator[BatchResult]:
    """Hold back what comes early, so that ids and a killed scan follow path order."""
    held: dict[int, BatchResult] = {}
    following = 0
    for result in results:
        held[result.number] = result
        while following in held:
            yield held.pop(following)
            following += 1


def _read(item: Todo, answer: Mapping[str, Any], proxy_size: int) -> Read:
    """Turn an answer of a worker into columns; a file that cost its worker keeps the stat of the walk."""
    facts = Facts.from_json(answer)
    columns = {name: getattr(facts, name) for name in images.FACTS}
    columns["status"] = str(facts.status)
    columns["problem"] = facts.problem or None
    columns["notes"] = json.dumps(facts.notes, ensure_ascii=False) if facts.notes else None
    columns["own_proxy"] = int(facts.own_proxy)
    columns["sha256"] = bytes.fromhex(facts.sha256) if facts.sha256 else None
    if facts.size_bytes is None or facts.mtime_ns is None:
        columns["size_bytes"], columns["mtime_ns"] = item.size_bytes, item.mtime_ns
    if facts.proxy is None:
        return item, columns, None
    place = (facts.proxy.pack, facts.proxy.offset, facts.proxy.length)
    return item, columns, (columns["sha256"], facts.decoder_version, proxy_size, *place)


def sniffed(
    store: Store, root: Path, unknown: Iterable[tuple[str, bytes | None, int, int]]
) -> Iterator[SkippedRow]:
    """Yield what files are whose names do not tell; what is unchanged since a scan stays closed."""
    connection = store.connection
    for path, path_bytes, size_bytes, mtime_ns in unknown:
        values = (path, path_bytes or b"", size_bytes, mtime_ns)
        row = connection.execute(
            """
            SELECT format FROM image
            WHERE path = ?1 AND ifnull(path_bytes, x'') = ?2 AND size_bytes = ?3 AND mtime_ns = ?4
                AND format IS NOT NULL
            UNION ALL
            SELECT format FROM skipped
            WHERE path = ?1 AND ifnull(path_bytes, x'') = ?2 AND size_bytes = ?3 AND mtime_ns = ?4
            """,
            values,
        ).fetchone()
        kind = row[0] if row is not None else _kind_of(located(root, path, path_bytes))
        yield path, path_bytes, UNKNOWN, kind, size_bytes, mtime_ns


def _kind_of(path: str) -> str | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - names may be bytes
            return sniff(file.read(HEAD_BYTES))
    except OSError:
        return None


def write_skipped(connection: sqlite3.Connection, start: str, rows: Iterable[SkippedRow]) -> None:
    """Keep which files of unknown extension lie below a folder, with what was seen in them."""
    prefix = f"{start}/" if start else ""
    old = connection.execute("SELECT rowid, path FROM skipped").fetchall()
    connection.executemany(
        "DELETE FROM skipped WHERE rowid = ?", ((row[0],) for row in old if row[1].startswith(prefix))
    )
    connection.executemany("INSERT INTO skipped VALUES (?, ?, ?, ?, ?, ?)", rows)
