"""What belongs together in a manifest: equal and near pictures, groups, bursts, by the rules it remembers."""

from __future__ import annotations

import json
from array import array
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats.patterns import compile_pattern
from labelprep.manifest.journal import set_value
from labelprep.model.classes import natural_key
from labelprep.progress import Progress, Silent
from labelprep.splits.bursts import burst_keys
from labelprep.splits.components import Link, Reason, content_keys, keys_of
from labelprep.splits.members import CONTENT_BYTES, NONE, Ints, Members
from labelprep.splits.vectors import spans
from labelprep.workflows.nearness import known_groups, near_groups, pairs_known

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from labelprep.manifest.store import Store

META = "split_rules"
NOTHING, COLUMN, FOLDER = "none", "column", "folder"
BATCH = 50_000
EXAMPLES = 3
MANY = 10_000


@dataclass(frozen=True, slots=True)
class Rules:
    """What else than equal content and the group column links images, and the shares of the last `split`.

    ``group``: ``folder``, ``folder:N`` (the first N levels below the root), or a pattern with {group}.
    """

    group: str | None = None
    burst_seconds: float | None = None
    near: bool = True
    shares: dict[str, float] | None = None

    def with_asked(
        self, group: str | None = None, burst_seconds: float | None = None, near: bool | None = None
    ) -> Rules:
        """Return the rules with those that were asked for now; ``none`` and 0 seconds end a rule.

        Raises: UsageError for a group rule that is none, or seconds that cannot be.
        """
        found = self
        if group is not None:
            check_group(group)
            found = replace(found, group=None if group in {NOTHING, COLUMN} else group)
        if burst_seconds is not None:
            if not 0 <= burst_seconds < float("inf"):
                raise UsageError(f"--burst {burst_seconds:g} is no time", fix="give seconds: --burst 10")
            found = replace(found, burst_seconds=burst_seconds or None)
        return found if near is None else replace(found, near=near)

    def as_json(self) -> dict[str, Any]:
        """Return the linking rules as JSON values."""
        return {
            "group": self.group,
            "burst": self.burst_seconds,
            "near": self.near,
            "shares": self.shares,
        }


def remembered(store: Store) -> Rules:
    """Return the rules of the last `split`."""
    text = store.meta(META)
    return Rules(**json.loads(text)) if text else Rules()


def remember(connection: sqlite3.Connection, command: int, rules: Rules) -> None:
    """Keep rules, journaled."""
    connection.execute("INSERT OR IGNORE INTO meta VALUES (?, '')", (META,))
    set_value(connection, command, ("meta", META, "value"), json.dumps(asdict(rules), ensure_ascii=False))


def near_of(store: Store, rules: Rules, progress: Progress) -> dict[int, int]:
    """Return the near component by image id, none where the rules want none; what is new is compared first.

    A manifest that can only be read gives what it knows, and says so where that is not all.
    """
    if not rules.near:
        return {}
    if store.writable:
        pictures = store.connection.execute("SELECT count(*) FROM image").fetchone()[0]
        # What takes no time needs no words.
        return near_groups(store, progress=progress if pictures >= MANY else Silent())
    if not pairs_known(store):
        progress.say("The manifest can only be read: new pictures were not compared for near duplicates.")
    return known_groups(store)


@dataclass(frozen=True, slots=True, eq=False)
class Linked:
    """The readable images of a manifest in id order, and all that links them."""

    members: Members
    links: list[Link]


def linked(connection: sqlite3.Connection, rules: Rules, near: Mapping[int, int]) -> Linked:
    """Return the readable images with what links them; ``near`` is the near component by image id.

    Classes that are retired count for nothing.

    Raises: SourceError where a group pattern meets no image.
    """
    kept = _Columns(connection)
    wished = (
        "id", "sha256", "split", "split_locked", "labels", "pixel_sha256", "group_key",
        *(("camera", "taken_at") if rules.burst_seconds is not None else ("NULL", "NULL")),
        "path" if rules.group is not None else "NULL",
    )  # fmt: skip
    query = (
        f"SELECT {', '.join(wished)} FROM image "  # noqa: S608 - names of our own
        "WHERE status IN ('ok', 'damaged') AND sha256 IS NOT NULL ORDER BY id"
    )
    cursor = connection.execute(query)
    while rows := cursor.fetchmany(BATCH):
        kept.add(rows)
    members = kept.members()
    return Linked(members, _links(kept, members, rules, near))


def _links(kept: _Columns, members: Members, rules: Rules, near: Mapping[int, int]) -> list[Link]:
    links = [
        Link(Reason.FILE, content_keys(members.contents)),
        Link(Reason.PIXELS, kept.pixels.all()),
    ]
    if rules.near:
        links.append(Link(Reason.NEAR, keys_of(map(near.get, members.ids.tolist()))))
    if rules.burst_seconds is not None:
        links.append(Link(Reason.BURST, burst_keys(kept.cameras, kept.times, rules.burst_seconds)))
    links.append(Link(Reason.GROUP, kept.groups.all()))
    if rules.group is not None:
        links.append(Link(Reason.GROUP, keys_of(groups_of(kept.paths, rules.group))))
    return links


def check_group(text: str) -> None:
    """Refuse what names no groups.

    Raises: UsageError.
    """
    if text in {NOTHING, COLUMN, FOLDER} or _level(text):
        return
    if "group" not in compile_pattern(text).expression.groupindex:
        raise UsageError(
            f"{shown(text)} does not say where the group stands",
            where="--group",
            fix="put {group} there, as in '{group}_{x_shot}'; or give folder, folder:1, column or none",
        )


def groups_of(paths: Iterable[str], rule: str) -> list[str | None]:
    """Return the group of each path by a rule, None where it says nothing of it.

    Raises: SourceError where it meets no path at all.
    """
    known = list(paths)
    if rule == FOLDER:
        found = [path.rpartition("/")[0] or None for path in known]
    elif level := _level(rule):
        found = ["/".join(parts[:level]) if len(parts := path.split("/")) > level else None for path in known]
    else:
        pattern = compile_pattern(rule)
        found = [(pattern.read(path) or {}).get("group") for path in known]
    if known and not any(found):
        examples = ", ".join(repr(path) for path in known[:EXAMPLES])
        raise SourceError(
            f"no image has a group by {shown(rule)}: {examples}",
            where="--group",
            fix="give a pattern that these names follow, folder, folder:1, or none",
        )
    return found


def _level(rule: str) -> int:
    word, colon, number = rule.partition(":")
    is_level = word == FOLDER and colon and number.isascii() and number.isdigit()
    return int(number) if is_level else 0


class _Columns:
    """What is read of the images, a batch of rows at a time, column by column."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        names = connection.execute("SELECT name FROM class WHERE retired")
        self._retired = {name for (name,) in names}
        self._ids, self._splits, self._locked = array("q"), array("b"), array("b")
        self._contents = bytearray()
        self._cells = _Numbers()
        self.pixels, self.groups = _Numbers(), _Numbers()
        self.cameras: list[str | None] = []
        self.times: list[str | None] = []
        self.paths: list[str] = []

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows: id, sha256, split, locked, labels, pixels, group, camera, time, path."""
        ids, contents, splits, locked, labels, pixels, groups, cameras, times, paths = zip(*rows, strict=True)
        self._ids.extend(ids)
        self._contents += b"".join(contents)
        self._splits.extend(map(SPLIT_PLACES.__getitem__, splits))
        self._locked.extend(locked)
        self._cells.add(labels)
        self.pixels.add(pixels)
        self.groups.add(groups)
        self.cameras.extend(cameras)
        self.times.extend(times)
        self.paths.extend(paths)

    def members(self) -> Members:
        """Return what was read; what a cell of labels says is looked up once, as most say the same few."""
        names = [tuple(dict.fromkeys(json.loads(cell))) for cell in self._cells.values()]
        kept = [tuple(name for name in some if name not in self._retired) for some in names]
        classes = tuple(sorted({name for some in kept for name in some}, key=natural_key))
        places = {name: place for place, name in enumerate(classes)}
        sizes = np.array([len(some) for some in kept], dtype=np.int64)
        flat = np.array([places[name] for some in kept for name in some], dtype=np.int64)
        cells = self._cells.all()
        ends = np.cumsum(sizes)
        lines = spans((ends - sizes)[cells], ends[cells])
        owners = np.repeat(np.arange(len(cells)), sizes[cells])
        return Members(
            ids=np.array(self._ids, dtype=np.int64),
            contents=np.frombuffer(bytes(self._contents), dtype=np.uint8).reshape(-1, CONTENT_BYTES),
            splits=np.array(self._splits, dtype=np.int64),
            locked=np.array(self._locked, dtype=bool),
            labels=np.column_stack((owners, flat[lines])),
            classes=classes,
        )


class _Numbers:
    """A number for each value, equal for equal ones; None gets -1."""

    def __init__(self) -> None:
        self._known: dict[Any, int] = {None: NONE}
        self._numbers = array("q")

    def add(self, values: Sequence[Any]) -> None:
        known = self._known
        for value in dict.fromkeys(values):
            known.setdefault(value, len(known) - 1)
        self._numbers.extend(map(known.__getitem__, values))

    def values(self) -> list[Any]:
        """Return the different values other than None, whose numbers count from 0."""
        return list(self._known)[1:]

    def all(self) -> Ints:
        """Return the numbers of all values, ``(n,)``."""
        return np.array(self._numbers, dtype=np.int64)


SPLIT_PLACES = {None: NONE, "train": 0, "val": 1, "test": 2}
