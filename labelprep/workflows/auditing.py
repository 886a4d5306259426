"""`audit`: the labels that are wrong, by networks that had not seen the images; nobody has to build folds."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from statistics import median_low
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from labelprep.errors import TrainingError, UsageError, shown
from labelprep.manifest import classes
from labelprep.ml import audit
from labelprep.ml.options import TrainingOptions
from labelprep.ml.recipes import PictureFacts, Recipe, resolve
from labelprep.workflows import audited
from labelprep.workflows.checking import CheckOptions, check_manifest, kept_issues
from labelprep.workflows.feeding import Feeder, FeedPlan
from labelprep.workflows.out_of_fold import Folds, Judge, NetworkJudge, dealt, opinions
from labelprep.workflows.selecting import Picture, usable
from labelprep.workflows.training import array_shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labelprep.manifest.store import Store
    from labelprep.ml.audit import Noise, Opinions
    from labelprep.model.issues import Issue
    from labelprep.progress import Progress

FOLDS: Final = 5
LEAST_SIDE_PX: Final = 8
"""Nobody can say what a smaller picture shows."""
MODELS: Final = ("auto", "simple", "compact")
CODE: Final = "LP701"
TWINS: Final = "LP238"
TINY_SHAPES: Final = "LP507"
MIXED: Final = 1_000
LEAST_STEPS: Final = 150
STEPS_OF_EPOCH: Final = 10
SMALLEST_BATCH: Final = 8
TOO_SMALL: Final = "too small to judge"
ALONE: Final = "of a class that is in one fold only"


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """Who judges, in how many folds."""

    model: str = "auto"
    folds: int = FOLDS
    seed: int = 0
    cache_limit_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What looks wrong: labels by doubt, one picture with two labels, what could not be judged.

    ``tiny_shapes``: how many shapes are too small to judge.
    """

    manifest: str
    how: audited.How
    issues: tuple[audited.LabelIssue, ...]
    duplicates: tuple[Issue, ...] = field(default=())
    tiny_shapes: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        how = self.how
        return {
            "manifest": self.manifest,
            "model": how.model,
            "why": how.why,
            "folds": how.folds,
            "seed": how.seed,
            "classes": list(how.classes),
            "multi_label": how.is_multi_label,
            "judged": how.judged,
            "not_judged": how.not_judged,
            "estimated": how.estimated,
            "issues": [issue.as_json(is_multi_label=how.is_multi_label) for issue in self.issues],
            "noise": [pair.as_json() for pair in how.mixed],
            "duplicates": [issue.as_json() for issue in self.duplicates],
            "tiny_shapes": self.tiny_shapes,
            "seconds": how.seconds,
            "notes": list(how.notes),
        }


def audit_labels(store: Store, options: AuditOptions, progress: Progress) -> AuditReport:
    """Judge every labelled image by networks that had not seen it, keep what they say, and return it.

    Raises: UsageError for a model or a number of folds that cannot be; TrainingError where there is nothing
    to tell apart; SourceError where there are fewer groups of images than folds; Interrupted.
    """
    began = time.perf_counter()
    if options.model not in MODELS:
        raise UsageError(
            f"{shown(options.model)} is not known", where="--model", fix=f"choose {', '.join(MODELS)}"
        )
    subject = _subject(store)
    folds = dealt(store, subject.pictures, options.folds, options.seed, progress)
    judge, model, why = _judge(store, subject, folds, options, progress)
    progress.say(f"Judged by {model}: {why}.")
    said = opinions(judge, subject.labels, len(subject.classes), folds)
    noise = audit.noise_of(said)
    how = audited.How(
        model=model,
        why=why,
        folds=options.folds,
        seed=options.seed,
        classes=subject.classes,
        judged=int(said.judged.sum()),
        estimated=round(noise.wrong),
        mixed=tuple(_mixed(noise, subject.classes)),
        not_judged=_not_judged(subject, said),
        seconds=round(time.perf_counter() - began, 1),
        command=int(store.connection.execute("SELECT ifnull(max(number), 0) FROM command").fetchone()[0]),
    )
    with store.writing() as connection:
        audited.keep(connection, store, how, _verdicts(subject, said, how.estimated))
    check_manifest(store, CheckOptions(select=(CODE, TWINS, TINY_SHAPES)), progress)
    return kept_audit(store)


def kept_audit(store: Store) -> AuditReport:
    """Return what the last audit found, as far as nobody has decided on it since.

    Raises: UsageError where there was none.
    """
    found = audited.undecided(store)
    _, duplicates = kept_issues(store, [TWINS])
    totals, _ = kept_issues(store, [TINY_SHAPES])
    return AuditReport(
        str(store.path), found.how, found.issues, tuple(duplicates), totals.get(TINY_SHAPES, 0)
    )


@dataclass(frozen=True, eq=False)
class _Subject:
    """The pictures to judge with their labels, ``(n,) int32`` places in ``classes``."""

    pictures: list[Picture]
    labels: np.ndarray
    classes: tuple[str, ...]
    too_small: int

    @property
    def facts(self) -> PictureFacts:
        """What defaults depend on."""
        return PictureFacts(
            median_side_px=median_low([picture.short_side_px for picture in self.pictures]),
            grey=all(picture.channels == 1 for picture in self.pictures),
            images=len(self.pictures),
            classes=len(self.classes),
        )


def _subject(store: Store) -> _Subject:
    """Return what can be judged.

    Raises: TrainingError where no image or only one class is left.
    """
    everything = usable(store)
    pictures = [picture for picture in everything if picture.short_side_px >= LEAST_SIDE_PX]
    used = {picture.label for picture in pictures}
    names = tuple(item.name for item in classes.listed(store.connection) if item.name in used)
    if len(names) < 2:  # noqa: PLR2004 - a choice needs two
        found = f"all {len(pictures):,} images are labelled {names[0]!r}" if names else "no image has a label"
        raise TrainingError(
            f"{found}, so no label can be doubted",
            where=str(store.path),
            fix="label images of at least two classes",
        )
    place = {name: number for number, name in enumerate(names)}
    labels = np.array([place[picture.label] for picture in pictures], np.int32)
    return _Subject(pictures, labels, names, len(everything) - len(pictures))


def _judge(
    store: Store, subject: _Subject, folds: Folds, options: AuditOptions, progress: Progress
) -> tuple[Judge, str, str]:
    """Return who judges, its name, and why it was chosen."""
    recipe, why = _recipe(subject.facts, options)
    feeder = Feeder(
        store, subject.pictures, FeedPlan(array_shape(recipe), options.cache_limit_bytes), progress
    )
    samples = feeder.samples(subject.pictures, subject.labels)
    return NetworkJudge(recipe, samples, subject.classes, folds.number, progress), recipe.model, why


def _recipe(facts: PictureFacts, options: AuditOptions) -> tuple[Recipe, str]:
    """Return how a network is trained for each fold: the usual way, but no fewer steps than it needs."""
    wished = TrainingOptions(model=options.model, seed=options.seed)
    recipe = resolve(wished, facts)
    images = facts.images - facts.images // options.folds
    if recipe.epochs * math.ceil(images / recipe.batch_size) < LEAST_STEPS:
        batch_size = max(SMALLEST_BATCH, min(recipe.batch_size, images // STEPS_OF_EPOCH))
        epochs = math.ceil(LEAST_STEPS / math.ceil(images / batch_size))
        recipe = resolve(replace(wished, batch_size=batch_size, epochs=epochs), facts)
    if options.model != "auto":
        return recipe, "it was asked for"
    return recipe, recipe.why or "it is the usual one"


def _mixed(noise: Noise, names: Sequence[str]) -> Iterator[audited.Mixed]:
    for given, meant, images in noise.worst()[:MIXED]:
        yield audited.Mixed(names[given], names[meant], images)


def _not_judged(subject: _Subject, said: Opinions) -> dict[str, int]:
    reasons = Counter({TOO_SMALL: subject.too_small, ALONE: int((~said.judged).sum())})
    return {reason: number for reason, number in reasons.items() if number}


def _verdicts(subject: _Subject, said: Opinions, number: int) -> Iterator[audited.Verdict]:
    """Yield what is kept of each picture that was judged."""
    texts = [json.dumps([name], ensure_ascii=False) for name in subject.classes]
    margins = audit.log_margins(said)
    marked = np.zeros(len(said.given), bool)
    marked[audit.flagged(said, number)] = True
    for row in np.flatnonzero(said.judged).tolist():
        yield (
            subject.pictures[row].image_id,
            texts[said.given[row]],
            texts[said.top[row, 0]],
            float(said.own[row]),
            float(margins[row]),
            int(marked[row]),
        )
