"""`audit`: the labels that are wrong, by networks that had not seen the images; nobody has to build folds."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import UsageError, shown
from labelprep.ml.options import TrainingOptions
from labelprep.ml.recipes import PictureFacts, Recipe, resolve
from labelprep.workflows import audited
from labelprep.workflows.audit_subject import Findings, Subject, one_label, several_labels, subject_of
from labelprep.workflows.checking import CheckOptions, check_manifest, kept_issues
from labelprep.workflows.feeding import Feeder, FeedPlan
from labelprep.workflows.out_of_fold import Folds, Judge, NetworkJudge, answers, dealt, opinions
from labelprep.workflows.training import array_shape

if TYPE_CHECKING:
    from labelprep.manifest.store import Store
    from labelprep.model.issues import Issue
    from labelprep.progress import Progress

FOLDS: Final = 5
MODELS: Final = ("auto", "simple", "compact")
CODE: Final = "LP701"
TWINS: Final = "LP238"
TINY_SHAPES: Final = "LP507"
LEAST_STEPS: Final = 150
STEPS_OF_EPOCH: Final = 10
SMALLEST_BATCH: Final = 8


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
    subject = subject_of(store)
    folds = dealt(store, subject.pictures, options.folds, options.seed, progress)
    judge, model, why = _judge(store, subject, folds, options, progress)
    progress.say(f"Judged by {model}: {why}.")
    found = _found(subject, judge, folds)
    how = audited.How(
        model=model,
        why=why,
        folds=options.folds,
        seed=options.seed,
        classes=subject.classes,
        judged=len(found.verdicts),
        estimated=found.estimated,
        mixed=found.mixed,
        not_judged=found.not_judged,
        seconds=round(time.perf_counter() - began, 1),
        command=int(store.connection.execute("SELECT ifnull(max(number), 0) FROM command").fetchone()[0]),
        is_multi_label=subject.is_multi_label,
    )
    with store.writing() as connection:
        audited.keep(connection, store, how, found.verdicts)
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


def _found(subject: Subject, judge: Judge, folds: Folds) -> Findings:
    """Let each picture be judged, and return what that amounts to."""
    if subject.is_multi_label:
        return several_labels(subject, answers(judge, subject.labels, folds))
    return one_label(subject, opinions(judge, subject.labels, len(subject.classes), folds))


def _judge(
    store: Store, subject: Subject, folds: Folds, options: AuditOptions, progress: Progress
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
