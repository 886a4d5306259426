"""The page of a training and its slices, from facts made by hand: nothing is trained here."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest

from labelprep.manifest.store import open_store
from labelprep.ml.bundle import Preprocessing, Run
from labelprep.ml.calibration import calibration
from labelprep.ml.evaluation import evaluate, interval
from labelprep.ml.listening import EpochReport
from labelprep.ml.samples import Samples
from labelprep.workflows.run_page import JudgedImages, RunFacts, run_page
from labelprep.workflows.scanning import scan_folder
from labelprep.workflows.slices import Slice, slices_of
from ml_pictures import CLASSES, Pictures, recipe
from page_reading import Balance
from pictures import draw

if TYPE_CHECKING:
    from pathlib import Path

HISTORY = [
    EpochReport(1, 5, 0.9, 0.5, 0.8, 0.5, 2.0, 1e-3),
    EpochReport(2, 5, 0.4, 0.9, 0.5, 0.75, 2.0, 1e-4),
]


def facts(judged: JudgedImages | None) -> RunFacts:
    """Return what is known of a training of two epochs."""
    run = Run(
        model="simple",
        classes=[(3, "猫"), (7, "dog")],
        preprocessing=Preprocessing(12, 1, "crop", 1, 256),
        recipe=recipe(),
        metrics={},
        splits={"train": 40, "val": 4},
        val_rule="the val split",
        kept_epoch=2,
        interrupted=False,
        seconds=12.3,
        manifest="manifest.db",
        notes=["Seed <0>."],
    )
    return RunFacts(run, HISTORY, judged)


def judged(likely: list[list[float]], labels: list[int], slices: list[Slice]) -> JudgedImages:
    """Return what a network says of pictures of noise; their channels are those of a grey picture."""
    count = len(labels)
    noise = np.random.default_rng(0).integers(0, 255, (count, 12, 12, 1), dtype=np.uint8)
    samples = Samples(
        [f"图/{at}.png" for at in range(count)], np.array(labels), np.arange(count), Pictures(noise)
    )
    shares = np.array(likely)
    figures = evaluate(shares, samples.labels, CLASSES)
    return JudgedImages(samples, shares, figures, calibration(shares, samples.labels), slices)


def words(page: str) -> str:
    """Return the words of a page, which must be balanced and ask for nothing outside itself."""
    found = Balance()
    found.feed(page)
    assert found.open == []
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    return " ".join(" ".join(found.words).split())


def test_a_page_tells_figures_choices_mistakes_classes_and_slices() -> None:
    likely = [[0.9, 0.1], [0.3, 0.7], [0.2, 0.8], [0.95, 0.05]]
    slices = [Slice("camera", "相机", 4, 2, is_worse=True)]

    page = run_page("0001-simple", facts(judged(likely, [0, 0, 1, 1], slices)))

    said = words(page)
    assert "50.0% validation accuracy; 95 % sure: 15.0% to 85.0%" in said
    assert "Set for this run: model simple, " in said
    assert "Seed <0>." in said
    assert page.index("图/3.png") < page.index("图/1.png")
    assert "图/0.png" not in page
    assert "dog taken for 猫 图/3.png 95.0% sure; of the label 5.0%" in said
    assert "2 ← kept 0.4000 90.0% 0.5000 75.0% 0.0001 2.0 s" in said
    assert "Learning rate by epoch" in said
    assert "4 images are too few to fit a temperature" in said
    assert '<span class="error">50.0%</span>' in page


def test_a_page_of_a_training_without_validation_tells_of_epochs_only() -> None:
    said = words(run_page("0001-simple", facts(None)))

    assert "Loss by epoch" in said
    assert "Mistakes" not in said


def test_a_faultless_network_has_no_mistakes_to_show() -> None:
    said = words(run_page("0001-simple", facts(judged([[0.9, 0.1], [0.3, 0.7]], [0, 1], []))))

    assert "Every validation image was predicted rightly." in said
    assert "No class was taken for another." in said


def test_many_classes_are_cut_to_those_that_are_mixed_up_most() -> None:
    count = 30
    likely = np.eye(count)
    likely[29] = likely[28]
    names = [f"class {at}" for at in range(count)]
    samples = Samples(
        [f"{at}.png" for at in range(count)],
        np.arange(count),
        np.arange(count),
        Pictures(np.zeros((count, 4, 4, 3), np.uint8)),
    )
    some = JudgedImages(
        samples, likely, evaluate(likely, samples.labels, names), calibration(likely, samples.labels), []
    )
    known = facts(some)
    known.run.classes[:] = list(enumerate(names))

    said = words(run_page("0001-simple", known))

    assert "The 25 of 30 classes that are mixed up most." in said
    assert "class 29 class 28 1 100.0%" in said


def test_slices_are_parts_by_size_brightness_and_group(tmp_path: Path) -> None:
    for at in range(6):
        draw(tmp_path / "set" / "cat" / f"{at}.png", at, size_wh=(10 + 10 * (at // 2), 80))
    scan_folder(tmp_path / "set", manifest=tmp_path / "m.db")
    with closing(sqlite3.connect(tmp_path / "m.db")) as database, database:
        database.execute("UPDATE image SET brightness = 0.5, group_key = CASE WHEN id < 3 THEN '甲' END")

    with open_store(tmp_path / "m.db") as store:
        ids = [row[0] for row in store.connection.execute("SELECT id FROM image ORDER BY path")]
        found = slices_of(store, ids, np.array([True, True, True, False, False, False]))

    assert found == [
        Slice("group", "(none)", 4, 1, is_worse=False),
        Slice("group", "甲", 2, 2, is_worse=False),
        Slice("short side", "10 px", 2, 2, is_worse=False),
        Slice("short side", "20 px", 2, 1, is_worse=False),
        Slice("short side", "30 px", 2, 0, is_worse=False),
    ]


def test_the_interval_of_an_accuracy_is_wilsons() -> None:
    assert interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert interval(0, 10)[0] == 0
    assert interval(0, 0) == (0, 1)
