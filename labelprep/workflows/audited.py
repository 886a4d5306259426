"""What an audit found, kept with the manifest: `show --code LP701`, lists, sheets and pages read it here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from labelprep.checks.doubtful_labels import DECIDED, OPEN, WORST_FIRST
from labelprep.errors import UsageError
from labelprep.model.ranks import Rank

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from labelprep.manifest.store import Store

AUDIT: Final = "audit"
CHUNK: Final = 2_000

Verdict = tuple[int, str, str, float, float, int]
"""Image, given and predicted classes as JSON lists, score, margin, whether it is flagged."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """So many images of one label are estimated to be of another class."""

    given: str
    meant: str
    images: float

    def as_json(self) -> dict[str, Any]:
        """Return the pair as JSON values."""
        return {"given_label": self.given, "meant": self.meant, "images": round(self.images, 1)}


@dataclass(frozen=True, slots=True)
class How:
    """How an audit was made: by which network and why, how many images it judged, what it estimates.

    ``command``: the newest command of the manifest then. ``estimated``: how many labels are wrong. ``mixed``:
    what is labelled as what, most first. ``not_judged``: images left out, by reason.
    """

    model: str
    why: str
    folds: int
    seed: int
    classes: tuple[str, ...]
    judged: int
    estimated: int
    mixed: tuple[Mixed, ...]
    not_judged: dict[str, int]
    seconds: float
    command: int
    is_multi_label: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelIssue:
    """One label with what a network that had not seen the image says; ``score`` 0–1, the lower the worse.

    ``margin``: the logarithm of the label's probability over that of the likeliest other class. ``source``:
    where the label was stated, as `explain` writes it.
    """

    image_id: int
    path: str
    given: tuple[str, ...]
    predicted: tuple[str, ...]
    score: float
    margin: float
    is_flagged: bool
    split: str | None
    source: str

    def as_json(self, *, is_multi_label: bool) -> dict[str, Any]:
        """Return the issue under its contract names; the labels of a multi-label manifest are lists."""
        given, predicted = (
            list(names) if is_multi_label else next(iter(names), None)
            for names in (self.given, self.predicted)
        )
        return {
            "path": self.path,
            "given_label": given,
            "predicted_label": predicted,
            "label_score": round(self.score, 6),
            "margin": round(self.margin, 4),
            "split": self.split,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Undecided:
    """How an audit was made, and the labels it flagged that nobody has decided on, most doubtful first."""

    how: How
    issues: tuple[LabelIssue, ...] = field(default=())


def keep(connection: sqlite3.Connection, store: Store, how: How, verdicts: Iterable[Verdict]) -> None:
    """Put an audit in the place of the last one; inside `Store.writing`."""
    connection.execute("DELETE FROM audit")
    connection.executemany("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)", verdicts)
    store.set_meta(AUDIT, json.dumps(asdict(how), ensure_ascii=False))


def undecided(store: Store) -> Undecided:
    """Return what the last audit flagged and nobody has decided on since.

    Raises: UsageError where there was no audit.
    """
    return Undecided(how_of(store), tuple(_issues(store, OPEN)))


def everything(store: Store) -> Iterator[LabelIssue]:
    """Yield all that the last audit judged and whose label is still the same, most doubtful first."""
    return _issues(
        store,
        f"""
        FROM audit JOIN image ON image.id = audit.image_id
        WHERE image.labels = audit.given AND image.status IN ('ok', 'damaged') AND NOT EXISTS ({DECIDED})
        """,
    )


def how_of(store: Store) -> How:
    """Return how the last audit was made.

    Raises: UsageError where there was none.
    """
    kept = store.meta(AUDIT)
    if kept is None:
        raise UsageError(
            "no audit was made of this manifest yet", where=str(store.path), fix="labelprep audit"
        )
    fields = json.loads(kept)
    mixed = tuple(Mixed(**pair) for pair in fields.pop("mixed"))
    for name in ("classes", "notes"):
        fields[name] = tuple(fields[name])
    return How(mixed=mixed, **fields)


def _issues(store: Store, chosen: str) -> Iterator[LabelIssue]:
    rows = store.connection.execute(
        "SELECT image.id, image.path, audit.given, audit.predicted, audit.score, audit.margin, "
        f"audit.flagged, image.split {chosen} {WORST_FIRST}"
    )
    while part := rows.fetchmany(CHUNK):
        stated = _sources(store.connection, [row[0] for row in part])
        for image, path, given, predicted, score, margin, flagged, split in part:
            yield LabelIssue(
                image_id=image,
                path=path,
                given=tuple(json.loads(given)),
                predicted=tuple(json.loads(predicted)),
                score=score,
                margin=margin,
                is_flagged=bool(flagged),
                split=split,
                source=stated.get(image, ""),
            )


def _sources(connection: sqlite3.Connection, images: Sequence[int]) -> dict[int, str]:
    """Return where the label of each image was stated: the first of the statements that decide."""
    rows = connection.execute(
        f"""
        SELECT image_id, location, locator FROM (
            SELECT image_id, location, statement.locator, row_number() OVER (
                PARTITION BY image_id
                ORDER BY max(annotation.kind = 'class') DESC, source.rank DESC, statement.id
            ) AS place
            FROM statement JOIN source ON source.id = source_id AND source.rank > {int(Rank.MODEL)}
            JOIN annotation ON statement_id = statement.id AND class_id IS NOT NULL
            WHERE removed_by IS NULL AND image_id IN ({",".join("?" * len(images))})
            GROUP BY statement.id
        ) WHERE place = 1
        """,  # noqa: S608 - question marks and a constant
        images,
    )
    return {
        image: locator if location in {".", ""} else f"{location}:{locator}"
        for image, location, locator in rows
    }
