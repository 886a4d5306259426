"""What an audit judges: the pictures with a label, and what each verdict on them amounts to."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from statistics import median_low
from typing import TYPE_CHECKING, Final

import numpy as np

from labelprep.errors import TrainingError
from labelprep.manifest import classes
from labelprep.ml import audit, several_audit
from labelprep.ml.recipes import PictureFacts
from labelprep.workflows.audited import Mixed, Verdict
from labelprep.workflows.selecting import MULTI_LABEL_SHARE, Picture, usable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from labelprep.manifest.store import Store
    from labelprep.ml.audit import Opinions
    from labelprep.ml.several_audit import Answers

LEAST_SIDE_PX: Final = 8
"""Nobody can say what a smaller picture shows."""
MIXED: Final = 1_000
TOO_SMALL: Final = "too small to judge"
ALONE: Final = "of a class that is in one fold only"
NOTHING: Final = "nothing"


@dataclass(frozen=True, eq=False)
class Subject:
    """The pictures to judge with their labels.

    ``labels``: ``(n,) int32`` places in ``classes``, or ``(n, classes) float32`` of 0 and 1 where there may
    be several.
    """

    pictures: list[Picture]
    given: list[str]
    labels: np.ndarray
    classes: tuple[str, ...]
    too_small: int

    @property
    def is_multi_label(self) -> bool:
        """Whether a picture may have several labels."""
        return self.labels.ndim > 1

    @property
    def facts(self) -> PictureFacts:
        """What defaults depend on."""
        return PictureFacts(
            median_side_px=median_low([picture.short_side_px for picture in self.pictures]),
            grey=all(picture.channels == 1 for picture in self.pictures),
            images=len(self.pictures),
            classes=len(self.classes),
        )


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of judging: a verdict a picture, and how labels are estimated to be wrong, most first."""

    verdicts: list[Verdict]
    estimated: int
    mixed: tuple[Mixed, ...]
    not_judged: dict[str, int]


def subject_of(store: Store) -> Subject:
    """Return what can be judged.

    Raises: TrainingError where no image or only one class is left.
    """
    is_multi_label = _has_several(store)
    everything = _with_several(store) if is_multi_label else [(item, (item.label,)) for item in usable(store)]
    kept = [item for item in everything if item[0].short_side_px >= LEAST_SIDE_PX]
    used = {name for _, names in kept for name in names}
    known = tuple(item.name for item in classes.listed(store.connection) if item.name in used)
    if len(known) < 2:  # noqa: PLR2004 - a choice needs two
        found = f"all {len(kept):,} images are labelled {known[0]!r}" if known else "no image has a label"
        raise TrainingError(
            f"{found}, so no label can be doubted",
            where=str(store.path),
            fix="label images of at least two classes",
        )
    place = {name: number for number, name in enumerate(known)}
    if is_multi_label:
        labels = np.zeros((len(kept), len(known)), np.float32)
        for row, (_, names) in enumerate(kept):
            labels[row, [place[name] for name in names]] = 1
    else:
        labels = np.array([place[names[0]] for _, names in kept], np.int32)
    pictures = [picture for picture, _ in kept]
    given = [_listed(names) for _, names in kept]
    return Subject(pictures, given, labels, known, len(everything) - len(kept))


def _listed(names: Iterable[str]) -> str:
    return json.dumps(list(names), ensure_ascii=False)


def _has_several(store: Store) -> bool:
    """Tell whether images may have several labels: a person said so, or enough of them do."""
    labelled, several = store.connection.execute(
        "SELECT count(*), ifnull(sum(json_array_length(labels) > 1), 0) FROM image "
        "WHERE labels <> '[]' AND status <> 'missing'"
    ).fetchone()
    return bool(several) and (store.meta("multi_label") == "yes" or several >= MULTI_LABEL_SHARE * labelled)


def _with_several(store: Store) -> list[tuple[Picture, tuple[str, ...]]]:
    """Return the readable images with labels, all of classes in use, in path order."""
    retired = {item.name for item in classes.listed(store.connection) if item.retired}
    rows = store.connection.execute(
        """
        SELECT image.id, path, path_bytes, sha256, size_bytes, mtime_ns, own_proxy,
            min(width_px, height_px), channels, split, labels
        FROM image WHERE status IN ('ok', 'damaged') AND labels <> '[]' ORDER BY path, path_bytes
        """
    )
    found = []
    for image, path, path_bytes, sha256, size_bytes, mtime_ns, own, side_px, channels, split, labels in rows:
        names = tuple(json.loads(labels))
        if retired.isdisjoint(names):
            picture = Picture(
                image, path, path_bytes, sha256, size_bytes, mtime_ns, bool(own), side_px, channels, names[0],
                split,
            )  # fmt: skip
            found.append((picture, names))
    return found


def one_label(subject: Subject, said: Opinions) -> Findings:
    """Return what opinions on pictures of one label each amount to."""
    noise = audit.noise_of(said)
    estimated = round(noise.wrong)
    texts = [_listed([name]) for name in subject.classes]
    margins = audit.log_margins(said)
    marked = np.zeros(len(said.given), bool)
    marked[audit.flagged(said, estimated)] = True
    verdicts = [
        (
            subject.pictures[row].image_id,
            subject.given[row],
            texts[said.top[row, 0]],
            float(said.own[row]),
            float(margins[row]),
            int(marked[row]),
        )
        for row in np.flatnonzero(said.judged).tolist()
    ]
    mixed = (
        Mixed(subject.classes[given], subject.classes[meant], images)
        for given, meant, images in noise.worst()[:MIXED]
    )
    return Findings(verdicts, estimated, tuple(mixed), _not_judged(subject, said.judged))


def several_labels(subject: Subject, said: Answers) -> Findings:
    """Return what answers on pictures of several labels amount to."""
    flagged: np.ndarray = np.any(several_audit.doubted(said), axis=1)
    margins = several_audit.log_margins(said)
    verdicts = []
    for row in np.flatnonzero(said.judged).tolist():
        seen = several_audit.proposed(said, row, subject.labels[row])
        names = [name for name, is_seen in zip(subject.classes, seen, strict=True) if is_seen]
        score, margin = float(said.own[row, 0]), float(margins[row])
        picture = subject.pictures[row]
        verdicts.append(
            (picture.image_id, subject.given[row], _listed(names), score, margin, int(flagged[row]))
        )
    mixed = sorted(_several_mixed(several_audit.wrong_of(said), subject.classes), key=_most_first)
    return Findings(verdicts, int(flagged.sum()), tuple(mixed[:MIXED]), _not_judged(subject, said.judged))


def _several_mixed(wrong: np.ndarray, names: Sequence[str]) -> Iterator[Mixed]:
    for place, name in enumerate(names):
        for has, (given, meant) in enumerate(((NOTHING, name), (name, NOTHING))):
            if wrong[place, has] > 0:
                yield Mixed(given, meant, float(wrong[place, has]))


def _most_first(pair: Mixed) -> tuple[float, str, str]:
    return -pair.images, pair.given, pair.meant


def _not_judged(subject: Subject, judged: np.ndarray) -> dict[str, int]:
    reasons = Counter({TOO_SMALL: subject.too_small, ALONE: int((~judged).sum())})
    return {reason: number for reason, number in reasons.items() if number}
