"""`sources` and `remove-source`: what labels came from, and taking one of them away again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelprep.errors import UsageError, shown
from labelprep.manifest import columns, journal, resolving, sources, staging, statements
from labelprep.model.ranks import Rank

if TYPE_CHECKING:
    from collections.abc import Callable

    from labelprep.manifest.sources import KnownSource
    from labelprep.manifest.store import Store


@dataclass(frozen=True, slots=True)
class Removed:
    """A source taken away: the statements that went, and the images whose label is another now."""

    kind: str
    location: str
    statements: int
    images: int
    labels_changed: int

    def as_json(self) -> dict[str, Any]:
        """Return the removal as JSON values."""
        return {
            "kind": self.kind,
            "location": self.location,
            "statements": self.statements,
            "images": self.images,
            "labels_changed": self.labels_changed,
        }


def list_sources(store: Store) -> list[KnownSource]:
    """Return the sources of a manifest, those of the highest rank first."""
    return sources.listed(store.connection)


def as_json(source: KnownSource) -> dict[str, Any]:
    """Return a source as JSON values."""
    state = source.state
    return {
        "kind": source.kind,
        "location": source.location,
        "rank": Rank(state.rank).name.lower(),
        "rows": state.rows,
        "matched": state.matched,
        "unmatched": state.unmatched,
        "statements": source.statements,
        "images": source.images,
        "encoding": state.encoding,
        "sha256": state.sha256 or None,
        "options": state.options,
        "imported": source.imported,
    }


def remove_source(store: Store, named: str) -> Removed:
    """Take away all that a source says, as one undoable command; splits and groups it gave go too.

    ``named`` is its location, a path to it, its kind where only one is of that kind, or ``kind:location``.

    Raises: UsageError where no source or several are meant.
    """
    source = source_meant(store, named)
    origin = (source.kind, source.location)
    with store.writing() as connection:
        staging.Staging(connection)
        living = sources.living(connection, source.id)
        images = sorted({image for _, image in living})
        before = _labels(store, images)
        command = journal.begin(
            connection, "remove-source", {"source": source.location, "format": source.kind}
        )
        statements.remove(connection, command, [statement for statement, _ in living])
        for by in (columns.COLUMN, columns.PERSON):
            columns.give_splits(connection, command, origin, by=by)
        columns.give_groups(connection, command, origin)
        state = replace(source.state, sha256=None, rows=0, matched=0, unmatched=0)
        sources.write_state(connection, command, source.id, state)
        resolving.refresh(connection, images)
        after = _labels(store, images)
    changed = sum(before[image] != after[image] for image in images)
    return Removed(source.kind, source.location, len(living), len(images), changed)


def _labels(store: Store, images: list[int]) -> dict[int, str]:
    wanted = set(images)
    rows = store.connection.execute("SELECT id, labels FROM image")
    return {image: labels for image, labels in rows if image in wanted}


def source_meant(store: Store, named: str) -> KnownSource:
    """Find a source by kind and location, by location, by a path, or by its kind, whichever fits first.

    Raises: UsageError where no source or several are meant.
    """
    known = list_sources(store)
    place = sources.location_of(store.path, Path(named))
    ways: list[Callable[[KnownSource], bool]] = [
        lambda item: full_name(item) == named,
        lambda item: item.location == named,
        lambda item: item.location == place,
        lambda item: item.kind == named,
    ]
    found = next((fit for way in ways if (fit := list(filter(way, known)))), [])
    if len(found) == 1:
        return found[0]
    if not found:
        names = ", ".join(map(full_name, known)) or "none"
        raise UsageError(f"there is no source {shown(named)}", fix=f"the sources are: {names}")
    # A sheet and the edits made in it lie at one place.
    names = ", ".join(map(full_name, found))
    raise UsageError(f"{shown(named)} can mean several sources", fix=f"name one of: {names}")


def full_name(source: KnownSource) -> str:
    """Return what tells a source from every other."""
    return f"{source.kind}:{source.location}"
