"""`resolve`: deciding where sources of one rank disagree, as a person's word in one undoable command."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import UsageError, shown
from labelprep.manifest import classes, journal, resolving, statements
from labelprep.model.ranks import Rank
from labelprep.workflows.showing import image_meant
from labelprep.workflows.sourcing import full_name, source_meant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from labelprep.manifest.store import Store

MAJORITY: Final = "majority"
KIND: Final = "resolve"

Classes = frozenset[int]


@dataclass(frozen=True, slots=True)
class Settled:
    """What was decided: conflicts before and after, and why the others stay, by reason."""

    conflicts: int
    resolved: int
    left: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return the counts under their contract names."""
        return {
            "conflicts": self.conflicts,
            "resolved": self.resolved,
            "left": self.left,
            "remaining": self.conflicts - self.resolved,
        }


@dataclass(frozen=True, slots=True)
class _Said:
    """The classes that one statement of a deciding source names."""

    source: int
    classes: Classes


def prefer(store: Store, preference: str) -> Settled:
    """Decide every conflict by the word of one source, or by the majority of the sources that decide.

    ``preference`` is ``majority``, or a source as `remove-source` names it.
    Raises: UsageError where no source or several are meant.
    """
    if preference == MAJORITY:
        return _settle(store, MAJORITY, _majority)
    source = source_meant(store, preference)
    return _settle(store, full_name(source), lambda said: _of_source(said, source.id))


def decide(store: Store, images: Sequence[str], labels: Sequence[str]) -> int:
    """Give images these classes by a person's word, whatever sources say; return how many images.

    Raises: UsageError for an image or class that is not known, or an image that is ambiguous.
    """
    known = classes.ids_of(store.connection)
    for label in labels:
        if label not in known:
            raise UsageError(
                f"there is no class {shown(label)}",
                where="--label",
                fix=f"name one of {', '.join(known) or 'none yet'}",
            )
    chosen = tuple(known[label] for label in labels)
    ids = sorted({image_meant(store, image)[0] for image in images})
    with store.writing() as connection:
        command = journal.begin(connection, KIND, {"images": list(images), "labels": list(labels)})
        source = statements.source_id(connection, "person", "", Rank.PERSON)
        statements.remove_of_rank(connection, command, ids, Rank.PERSON)
        claims = [statements.ClassClaim(image, f"{KIND} --label", chosen) for image in ids]
        statements.claim_classes(connection, source, command, claims)
        resolving.refresh(connection, ids)
    return len(ids)


def _settle(store: Store, name: str, choose: Callable[[list[_Said]], Classes | str]) -> Settled:
    with store.writing() as connection:
        open_images = [
            row[0] for row in connection.execute("SELECT id FROM image WHERE conflict ORDER BY id")
        ]
        said = _deciding(store)
        left: Counter[str] = Counter()
        claims = []
        for image in open_images:
            chosen = choose(said[image]) if image in said else "their shapes disagree"
            if isinstance(chosen, str):
                left[chosen] += 1
            else:
                claims.append(statements.ClassClaim(image, f"{KIND} --prefer {name}", tuple(sorted(chosen))))
        if claims:
            command = journal.begin(connection, KIND, {"prefer": name})
            source = statements.source_id(connection, KIND, name, Rank.PERSON)
            statements.claim_classes(connection, source, command, claims)
            resolving.refresh(connection, [claim.image_id for claim in claims])
    return Settled(len(open_images), len(claims), dict(sorted(left.items())))


def _deciding(store: Store) -> dict[int, list[_Said]]:
    """Return what the statements of the highest rank say of each image in conflict; people's are left out."""
    rows = store.connection.execute(
        """
        SELECT image_id, statement.id, source_id, source.rank, ifnull(class.merged_into, class.id)
        FROM statement
        JOIN source ON source.id = source_id
        JOIN annotation ON statement_id = statement.id AND annotation.kind = 'class'
        JOIN class ON class.id = annotation.class_id
        WHERE statement.removed_by IS NULL AND image_id IN (SELECT id FROM image WHERE conflict)
        ORDER BY image_id, statement.id
        """
    )
    found: dict[int, dict[tuple[int, int, int], set[int]]] = defaultdict(lambda: defaultdict(set))
    for image, statement, source, rank, class_id in rows:
        found[image][-rank, statement, source].add(class_id)
    deciding = {}
    for image, said in found.items():
        highest = min(key[0] for key in said)
        deciding[image] = [
            _Said(source, frozenset(ids)) for (rank, _, source), ids in said.items() if rank == highest
        ]
        if highest == -Rank.PERSON:
            deciding[image] = []
    return deciding


def _majority(said: Iterable[_Said]) -> Classes | str:
    votes = Counter(item.classes for item in said).most_common(2)
    if not votes:
        return "people disagree"
    return "no majority" if len(votes) > 1 and votes[0][1] == votes[1][1] else votes[0][0]


def _of_source(said: Sequence[_Said], source: int) -> Classes | str:
    own = {item.classes for item in said if item.source == source}
    if not said:
        return "people disagree"
    if not own:
        return "this source does not decide"
    return own.pop() if len(own) == 1 else "this source disagrees with itself"
