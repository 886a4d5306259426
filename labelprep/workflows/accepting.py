"""`accept`: what networks said becomes labels, by the word of the person who accepts it, in one command."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import SourceError, UsageError, shown
from labelprep.manifest import classes, journal, resolving, statements
from labelprep.model.classes import natural_key
from labelprep.model.ranks import Rank
from labelprep.workflows.sourcing import full_name, source_meant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from labelprep.manifest.store import Store

KIND: Final = "accept"
UNSURE: Final = "not confident enough"
OTHER: Final = "of other classes"
ALREADY: Final = "labelled so already"
OTHERWISE: Final = "labelled otherwise"
CONFLICT: Final = "their sources disagree"
DIVIDED: Final = "networks disagree"


@dataclass(frozen=True, slots=True)
class AcceptOptions:
    """What is accepted: from which confidence on, of which classes (all where empty), of which source.

    ``overrule``: also where the image has another label, or its sources disagree.
    """

    min_confidence: float
    classes: tuple[str, ...] = ()
    source: str | None = None
    overrule: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of the images with predictions: accepted by class, and the others by reason."""

    predicted: int
    accepted: int
    classes: dict[str, int]
    left: dict[str, int]
    command: int | None
    dry_run: bool

    def as_json(self) -> dict[str, Any]:
        """Return the counts under their contract names."""
        return {
            "predicted": self.predicted,
            "accepted": self.accepted,
            "classes": self.classes,
            "left": self.left,
            "command": self.command,
            "dry_run": self.dry_run,
        }


@dataclass(frozen=True, slots=True)
class _Said:
    """What one network says of an image; ``confidence`` is the least of its classes, -1 without one."""

    classes: frozenset[str]
    confidence: float
    source: str


@dataclass(frozen=True, slots=True)
class _Case:
    """An image with its labels now and what networks say of it."""

    image: int
    labels: frozenset[str]
    conflict: bool
    said: tuple[_Said, ...]


def accept_predictions(store: Store, options: AcceptOptions) -> Accepted:
    """Turn predictions into labels, as a person's word.

    Raises: UsageError for a confidence, class or source that cannot be; SourceError without predictions.
    """
    _check(store, options)
    left: Counter[str] = Counter()
    taken: list[tuple[int, _Said]] = []
    with store.writing() as connection:
        predicted = 0
        for case in _cases(store, options.source):
            predicted += 1
            chosen = _chosen(case, options)
            if isinstance(chosen, str):
                left[chosen] += 1
            else:
                taken.append((case.image, chosen))
        if not predicted:
            raise SourceError(
                "no network has said anything about these images",
                where=str(store.path),
                fix="labelprep predict BUNDLE FOLDER --to manifest",
            )
        command = None
        if taken and not options.dry_run:
            command = _write(store, options, taken)
            resolving.refresh(connection, [image for image, _ in taken])
    counts = Counter(name for _, said in taken for name in said.classes)
    return Accepted(
        predicted=predicted,
        accepted=len(taken),
        classes={name: counts[name] for name in sorted(counts, key=natural_key)},
        left=dict(sorted(left.items())),
        command=command,
        dry_run=options.dry_run,
    )


def _check(store: Store, options: AcceptOptions) -> None:
    if not 0 <= options.min_confidence <= 1:
        raise UsageError(
            f"{options.min_confidence} is no confidence", where="--min-confidence", fix="give 0 to 1"
        )
    known = classes.ids_of(store.connection)
    for name in options.classes:
        if name not in known:
            raise UsageError(
                f"there is no class {shown(name)}",
                where="--classes",
                fix=f"name some of {', '.join(known) or 'none yet'}",
            )


def _cases(store: Store, source: str | None) -> Iterator[_Case]:
    """Yield the usable images of which networks say a class, in the order of their ids."""
    only = None if source is None else source_meant(store, source)
    if only is not None and only.state.rank != Rank.MODEL:
        raise UsageError(
            f"{full_name(only)} is no network: what it says counts already",
            where="--source",
            fix="see `labelprep sources`",
        )
    rows = store.connection.execute(
        """
        SELECT image.id, image.labels, image.conflict, statement.id, final.name,
            ifnull(annotation.confidence, ifnull(statement.confidence, -1)), source.kind, source.location
        FROM statement
        JOIN source ON source.id = source_id AND source.rank = ?1 AND (?2 IS NULL OR source.id = ?2)
        JOIN annotation ON statement_id = statement.id AND annotation.kind = 'class'
        JOIN class ON class.id = class_id
        JOIN class AS final ON final.id = ifnull(class.merged_into, class.id) AND NOT final.retired
        JOIN image ON image.id = image_id AND status IN ('ok', 'damaged')
        WHERE statement.removed_by IS NULL ORDER BY image.id, statement.id, annotation.id
        """,
        (int(Rank.MODEL), None if only is None else only.id),
    ).fetchall()
    for (image, labels, conflict), group in groupby(rows, key=itemgetter(0, 1, 2)):
        yield _Case(image, frozenset(json.loads(labels)), bool(conflict), tuple(_said(group)))


def _said(rows: Iterable[tuple[Any, ...]]) -> Iterator[_Said]:
    for _, group in groupby(rows, key=itemgetter(3)):
        parts = list(group)
        source = f"{parts[0][6]}:{parts[0][7]}"
        yield _Said(frozenset(part[4] for part in parts), min(part[5] for part in parts), source)


def _chosen(case: _Case, options: AcceptOptions) -> _Said | str:
    """Return the prediction that is accepted, or why none is."""
    sure = [said for said in case.said if said.confidence >= options.min_confidence]
    if not sure:
        return UNSURE
    if len({said.classes for said in sure}) > 1:
        return DIVIDED
    best = max(sure, key=lambda said: said.confidence)
    if options.classes and not best.classes <= set(options.classes):
        return OTHER
    against = _against(case, best)
    return best if against is None or (options.overrule and against != ALREADY) else against


def _against(case: _Case, best: _Said) -> str | None:
    """Return what the image's own label has against a prediction."""
    if case.labels == best.classes:
        return ALREADY
    if case.conflict:
        return CONFLICT
    return OTHERWISE if case.labels else None


def _write(store: Store, options: AcceptOptions, taken: Sequence[tuple[int, _Said]]) -> int:
    connection = store.connection
    known = classes.ids_of(connection)
    arguments = {
        "min_confidence": options.min_confidence,
        "classes": list(options.classes),
        "images": len(taken),
    }
    command = journal.begin(connection, KIND, arguments)
    if options.overrule:
        statements.remove_of_rank(connection, command, [image for image, _ in taken], Rank.PERSON)
    for name in sorted({said.source for _, said in taken}):
        source = statements.source_id(connection, KIND, name, Rank.PERSON)
        claims = [
            statements.ClassClaim(
                image,
                f"{KIND} --min-confidence {options.min_confidence:g}",
                tuple(sorted(known[one] for one in said.classes)),
                confidence=said.confidence if said.confidence >= 0 else None,
            )
            for image, said in taken
            if said.source == name
        ]
        statements.claim_classes(connection, source, command, claims)
    return command
