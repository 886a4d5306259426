"""What belongs together in a manifest: equal and near pictures, groups, bursts, by the rules it remembers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats.patterns import compile_pattern
from labelprep.manifest.journal import set_value
from labelprep.progress import Progress, Silent
from labelprep.splits.bursts import burst_keys
from labelprep.splits.components import Link, Reason, content_keys, keys_of
from labelprep.splits.members import NONE, Members, columns
from labelprep.workflows.nearness import known_groups, near_groups, pairs_known

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

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
    kept = _Columns()
    query = (
        "SELECT id, sha256, split, split_locked, labels, pixel_sha256, group_key, camera, taken_at, path "
        "FROM image WHERE status IN ('ok', 'damaged') AND sha256 IS NOT NULL ORDER BY id"
    )
    names = _Names(connection)
    wants_path, wants_time = rules.group is not None, rules.burst_seconds is not None
    for row in _rows(connection, query):
        kept.ids.append(row[0])
        kept.contents.append(row[1])
        kept.splits.append(SPLIT_PLACES[row[2]])
        kept.locked.append(row[3])
        for name in names.of(row[4]):
            kept.owners.append((len(kept.ids) - 1, name))
        kept.pixels.append(row[5])
        kept.groups.append(row[6])
        if wants_time:
            kept.shots.append((row[7], row[8]))
        if wants_path:
            kept.paths.append(row[9])
    members = columns(kept.ids, kept.contents, kept.splits, kept.locked, kept.owners)
    return Linked(members, _links(kept, members, rules, near))


def _links(kept: _Columns, members: Members, rules: Rules, near: Mapping[int, int]) -> list[Link]:
    links = [Link(Reason.FILE, content_keys(members.contents)), Link(Reason.PIXELS, keys_of(kept.pixels))]
    if rules.near:
        links.append(Link(Reason.NEAR, keys_of(near.get(one) for one in kept.ids)))
    if rules.burst_seconds is not None:
        cameras, times = [shot[0] for shot in kept.shots], [shot[1] for shot in kept.shots]
        links.append(Link(Reason.BURST, burst_keys(cameras, times, rules.burst_seconds)))
    links.append(Link(Reason.GROUP, keys_of(kept.groups)))
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
    """Lists that grow together, a place an image."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.contents: list[bytes] = []
        self.splits: list[int] = []
        self.locked: list[bool] = []
        self.owners: list[tuple[int, str]] = []
        self.pixels: list[bytes | None] = []
        self.groups: list[str | None] = []
        self.shots: list[tuple[str | None, str | None]] = []
        self.paths: list[str] = []


class _Names:
    """The classes in use that a cell of ``labels`` names; most images say the same few."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute("SELECT name FROM class WHERE retired")
        self._retired = {name for (name,) in rows}
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, text: str) -> tuple[str, ...]:
        found = self._known.get(text)
        if found is None:
            names = dict.fromkeys(json.loads(text))
            found = self._known[text] = tuple(name for name in names if name not in self._retired)
        return found


def _rows(connection: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    cursor = connection.execute(query)
    while rows := cursor.fetchmany(BATCH):
        yield from rows


SPLIT_PLACES = {None: NONE, "train": 0, "val": 1, "test": 2}
