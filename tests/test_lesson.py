"""A lesson: its figures are those of the training itself, its proof can fail, both languages say the same."""

from __future__ import annotations

import math
import re
import shutil
from dataclasses import replace
from string import Formatter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from labelprep.errors import TrainingError, UsageError
from labelprep.manifest.store import open_store
from labelprep.ml.lesson import make_lesson
from labelprep.ml.lesson_gradients import Batch, Recorder, Weight, check_gradient, steepest
from labelprep.ml.networks.building import build
from labelprep.ml.optimizers import make_optimizer
from labelprep.ml.steps import Goal, goal_of, training_step
from labelprep.ml.training import train
from labelprep.progress import Silent
from labelprep.workflows.import_report import ImportOptions
from labelprep.workflows.importing import import_labels
from labelprep.workflows.lesson_page import page
from labelprep.workflows.lesson_sections import Prose, Section, Sections, Worked, number
from labelprep.workflows.lesson_words import WORDS
from labelprep.workflows.lessons import LessonRequest, Origin, Taught, teach
from ml_pictures import CLASSES, halves, recipe
from page_reading import Balance
from running import rows, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from labelprep.ml.backend import Tensor
    from labelprep.ml.lesson_values import FirstWeights, Lesson
    from labelprep.ml.recipes import Recipe
    from running import Command

IMAGES = 40


def plain(**options: object) -> Recipe:
    """Return a recipe of plain gradient descent."""
    settings = {"optimizer": "sgd", "schedule": "constant", "augment": "none", "precision": "float32"}
    return recipe(12, **(settings | options))


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return make_lesson(plain(), CLASSES, halves(IMAGES), halves(10, seed=1), Silent())


@pytest.fixture(scope="module")
def small() -> Lesson:
    """Return a lesson whose three batches are of three pictures each."""
    return make_lesson(plain(batch_size=3, epochs=1), CLASSES, halves(9), None, Silent())


@pytest.fixture(scope="module")
def taught(lesson: Lesson, tmp_path_factory: pytest.TempPathFactory) -> Taught:
    origins = tuple(
        Origin(number, answer.path, CLASSES[answer.label], None, "folder", "folder", "dog/", 1, 0)
        for number, answer in enumerate(lesson.answers)
    )
    return Taught(tmp_path_factory.mktemp("lesson") / "manifest.db", "宠物", lesson, origins, IMAGES)


def test_loss_of_a_picture_is_minus_the_log_of_its_label_s_probability(lesson: Lesson) -> None:
    assert [answer.loss for answer in lesson.answers] == pytest.approx(
        [-math.log(answer.probabilities[answer.label]) for answer in lesson.answers]
    )
    assert {answer.label for answer in lesson.answers} == {0, 1}


def test_loss_of_the_batch_is_the_mean_of_its_pictures(small: Lesson) -> None:
    mean = sum(answer.loss for answer in small.answers) / small.batch_images

    assert small.batch_images == 3
    assert small.update.loss_before == pytest.approx(mean, rel=1e-6)


def test_gradient_of_the_training_step_is_that_of_two_losses(lesson: Lesson) -> None:
    check = lesson.check

    assert check.agrees
    assert check.relative_difference < 1e-4
    assert check.by_difference == (check.loss_above - check.loss_below) / (2 * check.width)
    assert check.by_backpropagation == lesson.update.gradient
    assert abs(check.by_backpropagation) == pytest.approx(lesson.gradients[0].largest)


def first_step(goal: Goal) -> tuple[Any, Batch, list[np.ndarray]]:
    """Take a first step; return the network, at its first weights again, the batch and the gradients."""
    from labelprep.ml.backend import keras  # noqa: PLC0415 - loads TensorFlow

    chosen, samples = plain(), halves(8)
    keras.utils.set_random_seed(0)
    network = build(chosen, 2).trained
    first = network.get_weights()
    batch = Batch(samples.source.read(samples.rows), samples.labels, tuple(samples.paths))
    recorder = Recorder(make_optimizer(chosen, 1))
    recorder.optimizer.build(network.trainable_variables)
    training_step(network, recorder, goal)(*batch.tensors)
    network.set_weights(first)
    return network, batch, recorder.gradients


def test_a_wrong_gradient_is_told() -> None:
    from labelprep.ml.backend import tf  # noqa: PLC0415 - loads TensorFlow

    right = goal_of(plain(), 2, np.zeros(1, np.int32))

    @tf.custom_gradient  # type: ignore[untyped-decorator] # TensorFlow has no type information
    def loss_with_wrong_gradient(targets: Tensor, logits: Tensor) -> tuple[Tensor, Callable[[Tensor], Any]]:
        true = right.loss_of(targets, logits)
        wrong = 1.01 * (tf.nn.softmax(logits) - targets)
        return true, lambda upstream: (None, upstream[:, None] * wrong)

    broken = replace(right, loss_of=loss_with_wrong_gradient)
    network, batch, gradients = first_step(broken)

    found = check_gradient(network, plain(), broken, batch, steepest(network, gradients))

    assert not found.agrees
    assert found.relative_difference == pytest.approx(0.01 / 1.01, rel=1e-2)


def test_the_proof_takes_any_weight() -> None:
    right = goal_of(plain(), 2, np.zeros(1, np.int32))
    network, batch, gradients = first_step(right)
    place = (5, 1)

    found = check_gradient(network, plain(), right, batch, Weight(6, place, float(gradients[6][place])))

    assert found.tensor == "logits/kernel"
    assert found.agrees


def test_a_proof_that_fails_stands_in_both_languages(taught: Taught) -> None:
    failed = replace(taught.lesson.check, agrees=False, relative_difference=0.5)
    wrong = replace(taught, lesson=replace(taught.lesson, check=failed))

    said = {language: words_of(Sections(wrong, language)) for language in WORDS}

    assert "THEY DO NOT AGREE" in said["en"]
    assert "不一致" in said["zh"]


def test_update_is_old_minus_rate_times_gradient(lesson: Lesson) -> None:
    update = lesson.update

    assert update.worked_out == update.old - update.rate * update.gradient
    assert update.new == pytest.approx(update.worked_out, abs=1e-7)
    assert update.loss_after < update.loss_before
    assert abs(update.adam_new - update.old) == pytest.approx(update.adam_rate, rel=1e-2)


def test_trials_begin_at_the_same_weights_and_the_middle_one_is_the_update(lesson: Lesson) -> None:
    rates = [trial.rate for trial in lesson.trials]

    assert rates == pytest.approx([0.005, 0.05, 0.5])
    assert [trial.losses[0] for trial in lesson.trials] == pytest.approx([lesson.update.loss_before] * 3)
    assert lesson.trials[1].losses[1] == pytest.approx(lesson.update.loss_after, rel=1e-5)


def test_epochs_are_those_of_a_training_with_the_same_recipe(lesson: Lesson) -> None:
    trained = train(plain(), CLASSES, halves(IMAGES), halves(10, seed=1))

    shown = lesson.training.epochs
    assert [item.loss for item in shown] == pytest.approx([item.loss for item in trained.history], rel=1e-4)
    assert [item.val_loss for item in shown] == pytest.approx(
        [item.val_loss for item in trained.history], rel=1e-4
    )


def test_an_epoch_shows_every_picture_once_and_each_in_another_order(small: Lesson) -> None:
    once, again = ([path for batch in order for path in batch] for order in small.training.orders)

    assert sorted(once) == sorted(again) == sorted(halves(9).paths)
    assert once != again
    assert small.training.steps == len(small.training.step_losses) == 3


def test_the_same_seed_gives_the_same_figures_and_another_seed_others(small: Lesson) -> None:
    again, other = (
        make_lesson(plain(batch_size=3, epochs=1, seed=seed), CLASSES, halves(9), None, Silent())
        for seed in (0, 1)
    )

    assert (again.check, again.update, again.training) == (small.check, small.update, small.training)
    assert other.first_weights.counts != small.first_weights.counts
    assert other.training.orders != small.training.orders


def require_within_bound(first: FirstWeights) -> None:
    """Require that the first weights fill the range of their initialiser, and do not leave it."""
    assert first.bound is not None
    assert -first.bound <= first.low < first.high <= first.bound
    assert first.high > 0.8 * first.bound
    assert sum(first.counts) == math.prod(first.shape)


def test_first_weights_lie_within_the_bound_of_their_initialiser(lesson: Lesson) -> None:
    require_within_bound(lesson.first_weights)


def test_the_compact_network_has_a_whole_lesson(taught: Taught) -> None:
    found = make_lesson(plain(model="compact", epochs=1), CLASSES, halves(9), None, Silent())

    require_within_bound(found.first_weights)
    assert found.first_weights.initialiser == "HeNormal"
    assert found.check.agrees
    assert "BatchNormalization: " in page(Sections(replace(taught, lesson=found), "zh"))


def test_layers_give_what_they_say_for_each_picture_of_the_batch(lesson: Lesson) -> None:
    said = [(layer.name, (lesson.batch_images, *layer.shape)) for layer in lesson.layers]

    assert [(item.name, item.shape) for item in lesson.ranges[1:]] == said
    assert sum(layer.weights for layer in lesson.layers) == sum(
        math.prod(item.shape) for item in lesson.gradients
    )
    assert next(item.low for item in lesson.ranges if item.name == "relu1") == 0


def test_window_holds_pixels_of_the_picture(lesson: Lesson) -> None:
    window = lesson.window
    rows_, columns = slice(window.top, window.top + 8), slice(window.left, window.left + 8)

    assert window.values == tuple(map(tuple, lesson.pictures[0][rows_, columns, 0].tolist()))


def words_of(sections: Sections) -> str:
    """Return all sentences and lines of a lesson."""
    blocks = [block for section in sections.all() for block in section.blocks]
    return "\n".join(block.text for block in blocks if isinstance(block, (Prose, Worked)))


def test_both_languages_have_the_same_words_with_the_same_values() -> None:
    english, chinese = WORDS["en"], WORDS["zh"]

    fields = {
        language: {
            key: sorted({part[1] for part in Formatter().parse(word) if part[1]})
            for key, word in table.items()
        }
        for language, table in WORDS.items()
    }
    assert list(english) == list(chinese)
    assert fields["en"] == fields["zh"]


def test_both_languages_hold_the_same_sections_and_figures(taught: Taught) -> None:
    english, chinese = (Sections(taught, language).all() for language in ("en", "zh"))

    def form(sections: Sequence[Section]) -> list[tuple[str, list[str]]]:
        return [(part.key, [type(block).__name__ for block in part.blocks]) for part in sections]

    def numbers(sections: Sequence[Section]) -> list[list[str]]:
        lines = [block.text for part in sections for block in part.blocks if isinstance(block, Worked)]
        return [re.findall(r"\d+\.\d+", line) for line in lines]

    assert form(english) == form(chinese)
    assert numbers(english) == numbers(chinese)
    assert [part.title for part in english] != [part.title for part in chinese]


def test_every_question_of_a_student_has_its_section(taught: Taught) -> None:
    sections = {part.key: part.title for part in Sections(taught, "en").all()}

    assert list(sections) == [
        "labels", "pixels", "network", "forward", "loss", "gradient", "update", "size", "epoch", "epochs",
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
def test_page_is_whole_asks_for_nothing_and_escapes_names(taught: Taught, language: str) -> None:
    hostile = replace(taught, origins=(replace(taught.origins[0], path="<script>alert(1)</script>.png"),))
    balance = Balance()

    written = page(Sections(hostile, language))
    balance.feed(written)

    assert balance.open == []
    assert "<script" not in written
    assert not re.search(r"(src|href)=\"(?!data:|#)", written)
    assert written.count("<svg") == 4
    assert "宠物" in written


def test_a_loss_that_is_lost_is_told_and_is_null_for_programs(taught: Taught) -> None:
    trials = tuple(replace(trial, losses=(0.7, math.inf, math.nan)) for trial in taught.lesson.trials)
    lost = replace(taught, lesson=replace(taught.lesson, trials=trials))

    english = page(Sections(lost, "en"))

    assert "no number any more" in english
    assert "take a smaller one" in english
    assert lost.as_json()["trials"][0]["losses"] == [0.7, None, None]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"), (255.0, "255"), (1 / 255, "0.003922"), (-0.06524, "-0.06524"), (1.2, "1.2"),
        (4.5494, "4.549"), (1e-6, "1e-06"), (153.44, "153.4"), (0.0001, "0.0001"), (9.99996, "10"),
    ],
)  # fmt: skip
def test_numbers_have_four_digits(value: float, shown: str) -> None:
    assert number(value) == shown


def photos(folder: Path, each: int = 6) -> Path:
    """Draw two classes of tiny pictures."""
    for name, columns in (("猫", np.s_[:, :8]), ("dog", np.s_[:, 8:])):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for place in range(each):
            pixels = np.random.default_rng((place, len(name))).integers(0, 70, (16, 16, 3), dtype=np.uint8)
            pixels[columns] += 180
            Image.fromarray(pixels).save(folder / name / f"{place}.png")
    return folder


def test_the_command_scans_a_folder_writes_a_page_and_speaks_chinese(
    work: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    photos(work / "photos")

    told = command("lesson", "photos", "--html", "lesson.html")
    again = command("lesson", "photos", "--html", "lesson.html", "--language", "en")
    figures = command("lesson", "photos", "--json")

    assert "6. 梯度：每个权重该往哪个方向变" in told.out
    assert told.last_line == "Next: open lesson.html in a browser"
    assert (work / "lesson.html").read_text(encoding="utf-8").count("data:image/jpeg") == 3
    assert (again.code, "the file exists" in again.err) == (2, True)
    assert figures.json["check"]["agrees"]
    assert len(figures.json["answers"]) == 3


def test_training_pictures_are_learned_from_and_only_caches_are_written(work: Path) -> None:
    for split in ("train", "val"):
        photos(work / "photos" / split, 4 if split == "train" else 2)
    scan(work / "photos", work / "m.db")
    tables = ("statement", "command", "class", "source", "image")
    queries = [f"SELECT * FROM {table}" for table in tables]  # noqa: S608 - constants
    before = [rows(work / "m.db", query) for query in queries]

    found = teach(LessonRequest(work / "m.db"), Silent())

    assert [rows(work / "m.db", query) for query in queries] == before
    assert found.available == found.lesson.training.images == 8
    assert {(item.label, item.place, item.rank, item.split) for item in found.origins} == {
        ("猫", "train/猫/", "folder", "train"), ("dog", "train/dog/", "folder", "train"),
    }  # fmt: skip
    assert found.lesson.training.epochs[0].val_loss is not None


def test_a_sheet_that_overrules_the_folder_is_named_with_its_cell(work: Path) -> None:
    scan(photos(work / "photos"), work / "m.db")
    table = "".join(
        f"{name}/{place}.png,{other}\n"
        for name, other in (("猫", "dog"), ("dog", "猫"))
        for place in range(6)
    )
    (work / "labels.csv").write_text(f"file,label\n{table}", encoding="utf-8")
    with open_store(work / "m.db") as store:
        import_labels(store, work / "labels.csv", ImportOptions(), Silent())

    found = teach(LessonRequest(work / "m.db"), Silent()).origins[0]

    assert (found.rank, found.agreeing, found.overruled) == ("sheet", 1, 1)
    assert found.label != found.path.split("/", maxsplit=1)[0]
    assert re.fullmatch(r"labels\.csv:\d+", found.place)


def test_what_is_no_manifest_is_refused_with_what_to_do(work: Path) -> None:
    (work / "labels.csv").write_text("file,label\n", encoding="utf-8")

    with pytest.raises(UsageError, match="no manifest") as refused:
        teach(LessonRequest(work / "labels.csv"), Silent())

    assert "labelprep import" in refused.value.fix


def test_one_class_is_no_lesson(work: Path) -> None:
    shutil.rmtree(photos(work / "photos") / "猫")
    scan(work / "photos", work / "m.db", labels="folder")

    with pytest.raises(TrainingError, match="of one class, 'dog'"):
        teach(LessonRequest(work / "m.db"), Silent())
