"""Which of the labels that were flipped at random are found, beside cleanlab on the same probabilities.

``python benchmarks/audit.py --peer peers/bin/python [--mnist mnist.npz] [--photos DIR…] [--seeds 3]``: a
tenth of the labels is flipped to another class, networks judge out of fold as `labelprep audit` lets them
(``compact`` for the digits, heads on EfficientNet-Lite0 for the photos), and both score the same
probabilities. The command itself takes the second round, which is measured for photos.

*found*: of as many as were flipped, the least likely, the share that was flipped. *AUROC*: how often a
flipped label scores below a right one. *flagged*: how many each takes for wrong by itself, and the share that
is. Photos are labelled by their folder, or by the word before the first dot of names such as ``cat.17.jpg``.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import tempfile
from collections import defaultdict
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from machine import facts, load
from mnist import NAMES, Labelled

from labelprep.manifest.store import open_store
from labelprep.ml.audit import flagged, noise_of, opinions_of
from labelprep.ml.options import TrainingOptions
from labelprep.ml.recipes import PHOTO_MODEL, PictureFacts, resolve
from labelprep.progress import Silent
from labelprep.workflows.audit_features import HeadJudge, of_backbone
from labelprep.workflows.audit_subject import subject_of
from labelprep.workflows.out_of_fold import Folds, NetworkJudge, dealt
from labelprep.workflows.scanning import ScanOptions, scan_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from labelprep.workflows.out_of_fold import Judge

FOLDS = 5
PEER = """
import sys
import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
with np.load(sys.argv[1]) as given:
    labels, likely = given["labels"], given["likely"]
np.savez(
    sys.argv[2], scores=get_label_quality_scores(labels, likely), flagged=find_label_issues(labels, likely)
)
"""


@dataclass(frozen=True)
class Found:
    """What one way of scoring finds."""

    found: float
    auroc: float
    flagged: int
    right: float


@dataclass(frozen=True, eq=False)
class Case:
    """A data set: its true labels, its folds, and who judges by given labels."""

    name: str
    truth: np.ndarray
    classes: int
    folds: Folds
    judge: Callable[[np.ndarray], Judge]


def main() -> None:
    """Measure each data set with each seed and print the means."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", type=Path, required=True, help="a Python that has cleanlab")
    parser.add_argument("--mnist", type=Path, help="mnist.npz")
    parser.add_argument("--images", type=int, default=10_000, help="of MNIST")
    parser.add_argument("--photos", type=Path, nargs="*", default=[])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.1, help="of the labels that are flipped")
    arguments = parser.parse_args()
    print(facts())
    with tempfile.TemporaryDirectory() as folder:
        cases = [photos(path, Path(folder)) for path in arguments.photos]
        if arguments.mnist:
            cases.append(digits(arguments.mnist, arguments.images))
        for case in cases:
            results: dict[str, list[Found]] = defaultdict(list)
            for seed in range(arguments.seeds):
                for way, found in measured(case, seed, arguments.share, arguments.peer, Path(folder)).items():
                    results[way].append(found)
                    print(f"  {case.name} seed {seed} {way:24} {found} (load {load()})", flush=True)
            for way, several in results.items():
                means = [statistics.mean(values) for values in zip(*map(astuple, several), strict=True)]
                print(
                    f"{case.name}, {len(case.truth):,} images: {way:24} found {means[0]:.3f}, AUROC "
                    f"{means[1]:.4f}, flagged {means[2]:,.0f} of which {means[3]:.3f} are"
                )


def digits(file: Path, images: int) -> Case:
    """Return MNIST, judged by networks."""
    with np.load(file) as arrays:
        pictures, labels = arrays["x_train"][..., None], arrays["y_train"]
    rows = np.sort(np.random.default_rng(0).permutation(len(labels))[:images])
    truth = labels[rows].astype(np.int32)
    fold = np.random.default_rng(0).permutation(images) % FOLDS
    recipe = resolve(
        TrainingOptions(model="compact", seed=0), PictureFacts(28, grey=True, images=images, classes=10)
    )

    def judge(given: np.ndarray) -> Judge:
        samples = Labelled(pictures[rows], given).samples(np.arange(images))
        return NetworkJudge(recipe, samples, NAMES, FOLDS, Silent())

    return Case("MNIST", truth, 10, Folds(fold, np.ones(images, bool), FOLDS), judge)


def photos(path: Path, work: Path) -> Case:
    """Return a folder of photos, judged by heads on features of a backbone."""
    root = work / path.name
    for file in sorted(path.rglob("*.jp*g")):
        named = re.match(r"([a-z]+)\.\d+\.", file.name)
        label = named[1] if named else file.parent.name
        if named or file.parent.parent.name in {"train", "val"}:
            (root / label).mkdir(parents=True, exist_ok=True)
            shutil.copy(file, root / label / f"{file.parent.parent.name}-{file.name}")
    scan_folder(root, manifest=work / f"{path.name}.db", options=ScanOptions(labels="folder"))
    with open_store(work / f"{path.name}.db") as store:
        subject = subject_of(store)
        folds = dealt(store, subject.pictures, FOLDS, 0, Silent())
        recipe = resolve(TrainingOptions(model=PHOTO_MODEL, seed=0), subject.facts)
        features = of_backbone(store, subject, recipe, None, Silent())
    classes = len(subject.classes)
    return Case(
        path.name, subject.labels, classes, folds, lambda given: HeadJudge(features, given, classes, 0)
    )


def measured(case: Case, seed: int, share: float, peer: Path, work: Path) -> dict[str, Found]:
    """Flip labels, let them be judged, and score the probabilities in each way."""
    random = np.random.default_rng(seed)
    images = len(case.truth)
    wrong = np.zeros(images, bool)
    wrong[random.permutation(images)[: round(share * images)]] = True
    other = (case.truth + random.integers(1, case.classes, images)) % case.classes
    given = np.where(wrong, other, case.truth).astype(np.int32)
    judge = case.judge(given)
    likely = out_of_fold(judge, case.folds, (images, case.classes))
    results = {"labelprep": ours(likely, given, wrong), "cleanlab": theirs(likely, given, wrong, peer, work)}
    if isinstance(judge, HeadJudge):
        said = opinions_of(likely, given)
        rest = case.folds.without(flagged(said, round(noise_of(said).wrong)))
        likely = out_of_fold(judge, rest, likely.shape)
        results["labelprep, 2nd round"] = ours(likely, given, wrong)
        results["cleanlab, 2nd round"] = theirs(likely, given, wrong, peer, work)
    return results


def out_of_fold(judge: Judge, folds: Folds, shape: tuple[int, ...]) -> np.ndarray:
    """Return all probabilities, which an audit does not keep."""
    result = np.zeros(shape, np.float32)
    for train, asked in folds.parts():
        for rows, likely in judge.likely(train, asked):
            result[rows] = likely
    return result


def ours(likely: np.ndarray, given: np.ndarray, wrong: np.ndarray) -> Found:
    """Score as labelprep does."""
    said = opinions_of(likely, given)
    marked = np.zeros(len(given), bool)
    marked[flagged(said, round(noise_of(said).wrong))] = True
    return judged(said.own, marked, wrong)


def theirs(likely: np.ndarray, given: np.ndarray, wrong: np.ndarray, peer: Path, work: Path) -> Found:
    """Score as cleanlab does, in its own process."""
    before, after = work / "before.npz", work / "after.npz"
    np.savez(before, labels=given, likely=likely)
    subprocess.run([str(peer), "-c", PEER, str(before), str(after)], check=True, capture_output=True)
    with np.load(after) as found:
        return judged(found["scores"], found["flagged"], wrong)


def judged(scores: np.ndarray, marked: np.ndarray, wrong: np.ndarray) -> Found:
    """Return the figures of scores, the lower the worse, and of what was flagged."""
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(order))
    ranks[order] = np.arange(1, len(order) + 1)
    flips, rest = int(wrong.sum()), int((~wrong).sum())
    auroc = 1 - (ranks[wrong].sum() - flips * (flips + 1) / 2) / (flips * rest)
    right = float(wrong[marked].mean()) if marked.any() else 0.0
    return Found(float(wrong[order[:flips]].mean()), float(auroc), int(marked.sum()), right)


if __name__ == "__main__":
    main()
