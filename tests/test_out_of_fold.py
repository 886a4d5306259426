"""Nobody judges a picture that they were trained on, and what nobody could have learned is not judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from labelprep.manifest.store import open_store
from labelprep.ml.audit import ranked
from labelprep.progress import Silent
from labelprep.workflows.audit_features import HeadJudge
from labelprep.workflows.audit_subject import several_labels, subject_of
from labelprep.workflows.out_of_fold import Folds, answers, dealt, opinions
from pictures import draw
from running import scan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from running import Command


@dataclass
class Unsure:
    """Learns nothing, finds every class as likely as any, and remembers what it was asked."""

    classes: int
    asked: list[tuple[set[int], set[int]]] = field(default_factory=list)

    def likely(self, train: np.ndarray, asked: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        self.asked.append((set(train.tolist()), set(asked.tolist())))
        yield asked, np.full((len(asked), self.classes), 1 / self.classes, np.float32)


def folds_of(*fold: int) -> Folds:
    return Folds(np.array(fold), np.ones(len(fold), bool), max(fold) + 1)


def test_every_picture_is_judged_once_by_who_was_not_trained_on_it() -> None:
    judge = Unsure(2)

    said = opinions(judge, np.array([0, 1, 0, 1, 0, 1]), 2, folds_of(0, 0, 1, 1, 2, 2))

    assert judge.asked == [({2, 3, 4, 5}, {0, 1}), ({0, 1, 4, 5}, {2, 3}), ({0, 1, 2, 3}, {4, 5})]
    assert said.judged.all()


def test_a_picture_is_not_judged_where_its_class_is_in_no_other_fold() -> None:
    said = opinions(Unsure(3), np.array([0, 1, 2, 2, 0, 1]), 3, folds_of(0, 0, 0, 0, 1, 1))

    assert said.judged.tolist() == [True, True, False, False, True, True]


def test_a_class_of_several_that_none_or_all_of_the_other_folds_have_is_not_doubted() -> None:
    labels = np.array([[1, 0], [0, 0], [1, 1], [0, 1]], np.float32)

    said = answers(Unsure(2), labels, folds_of(0, 0, 1, 1))

    first = [dict(zip(said.places[row].tolist(), said.own[row].tolist(), strict=True)) for row in (0, 2)]
    assert first == [{0: 0.5, 1: 1.0}, {0: 0.5, 1: 1.0}]


def test_what_was_taken_out_trains_nobody_and_is_still_judged() -> None:
    judge = Unsure(2)

    opinions(judge, np.array([0, 1, 0, 1, 0, 1]), 2, folds_of(0, 0, 0, 1, 1, 1).without(np.array([3])))

    assert judge.asked == [({4, 5}, {0, 1, 2}), ({0, 1, 2}, {3, 4, 5})]


def test_pictures_of_the_test_split_are_judged_and_train_nobody(tmp_path: Path) -> None:
    for number in range(12):
        split = "test" if number % 3 == 0 else "train"
        draw(tmp_path / "imgs" / split / "ab"[number % 2] / f"{number}.png", 90 * number, size_wh=(20, 20))
    scan(tmp_path / "imgs", tmp_path / "manifest.db")
    with open_store(tmp_path / "manifest.db") as store:
        subject = subject_of(store)
        folds = dealt(store, subject.pictures, 2, 0, Silent())

    is_test = [picture.split == "test" for picture in subject.pictures]
    assert sum(is_test) == 4
    assert not folds.trains[is_test].any()
    assert set(folds.fold[is_test].tolist()) == {0, 1}


def blobs(labels: np.ndarray) -> np.ndarray:
    """Return features that tell classes apart."""
    random = np.random.default_rng(0)
    centres = 6 * random.normal(size=(int(labels.max()) + 1, 8))
    features: np.ndarray = centres[labels] + random.normal(size=(len(labels), 8))
    return features.astype(np.float32)


def test_heads_on_features_find_the_labels_that_were_flipped() -> None:
    truth = np.arange(90) % 3
    given = truth.astype(np.int32)
    given[:6] = (given[:6] + 1) % 3
    judge = HeadJudge(blobs(truth), given, 3, seed=0)

    said = opinions(judge, given, 3, Folds(np.arange(90) // 3 % 5, np.ones(90, bool), 5))

    assert sorted(ranked(said)[:6].tolist()) == [0, 1, 2, 3, 4, 5]
    assert said.top[:6, 0].tolist() == truth[:6].tolist()


def test_a_label_too_many_and_one_too_few_are_found_among_several(tmp_path: Path, command: Command) -> None:
    rows = ["file,labels"]
    for number in range(40):
        draw(tmp_path / "imgs" / f"{number:02d}.png", 37 * number, size_wh=(20, 20))
        labels = [name for name, has in (("sea", number % 2), ("sky", number // 2 % 2), ("sun", 1)) if has]
        rows.append(f'{number:02d}.png,"{" ".join(labels)}"')
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    manifest = tmp_path / "manifest.db"
    command("scan", tmp_path / "imgs", "-m", manifest, "--labels", "none")
    command("import", tmp_path / "labels.csv", "-m", manifest, "--multi-label", "--separator", " ")
    with open_store(manifest) as store:
        subject = subject_of(store)

    features = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32) + 5 * subject.labels[
        :, :2
    ] @ (np.eye(2, 6, dtype=np.float32))
    subject.labels[0, 0], subject.labels[3, 1] = 1, 0
    judge = HeadJudge(features, subject.labels, 3, seed=0)
    folds = Folds(np.arange(40) // 4 % 5, np.ones(40, bool), 5)
    found = several_labels(subject, answers(judge, subject.labels, folds))

    assert subject.classes == ("sea", "sky", "sun")
    said = {verdict[0]: verdict for verdict in found.verdicts}
    doubted = [said[subject.pictures[row].image_id] for row in (0, 3)]
    assert [verdict[2] for verdict in doubted] == ['["sun"]', '["sea", "sky", "sun"]']
    assert all(verdict[3] < 0.5 and verdict[5] for verdict in doubted)
