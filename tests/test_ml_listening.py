from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from labelprep.cli.bars import Terminal
from labelprep.ml.listening import EpochReport, Narrator, StepReport, duration, sparkline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.progress import Track


class Written:
    """A progress that writes everything down in one list."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @contextmanager
    def track(self, name: str, total: int | None) -> Iterator[Track]:
        self.lines.append(f"open {name} of {total}")
        yield self
        self.lines.append("close")

    def say(self, text: str) -> None:
        self.lines.append(text)

    def advance(self, items: int = 1) -> None:
        self.lines.append(f"advance {items}")

    def note(self, text: str) -> None:
        self.lines.append(text)


def step(number: int, seconds_left: float | None) -> StepReport:
    """Return a report of this step of 20 in epoch 1 of 2."""
    return StepReport(1, 2, number, 20, 0.5, 0.75, 0.8, 1234.4, seconds_left)


def test_an_epoch_is_a_bar_with_figures_and_a_sentence() -> None:
    progress = Written()
    narrator = Narrator(progress)

    narrator.said("Seed 0.")
    narrator.stepped(step(1, None))
    narrator.estimated(75)
    narrator.stepped(step(20, 8.04))
    narrator.epoch_ended(EpochReport(1, 20, 0.75, 0.8, 0.6, 0.85, 61.0))
    narrator.close()

    assert progress.lines == [
        "Seed 0.",
        "open epoch 1/2 of 20",
        "advance 1",
        "loss 0.500, mean 0.750, accuracy 0.800, 1,234 images/s",
        "Training is going to take about 1 min 15 s.",
        "advance 19",
        "loss 0.500, mean 0.750, accuracy 0.800, 1,234 images/s, 8.0 s left",
        "close",
        "epoch 1: loss 0.7500, accuracy 0.8000, validation loss 0.6000, accuracy 0.8500 (1 min 01 s)",
    ]


def test_an_epoch_without_validation_says_nothing_of_it() -> None:
    progress = Written()

    Narrator(progress).epoch_ended(EpochReport(3, 20, 0.75, 0.8, None, None, 2.0))

    assert progress.lines == ["epoch 3: loss 0.7500, accuracy 0.8000 (2.0 s)"]


def test_on_a_terminal_epochs_are_a_table_with_the_best_marked(capsys: pytest.CaptureFixture[str]) -> None:
    narrator = Narrator(Terminal())

    narrator.epoch_ended(EpochReport(1, 20, 0.9, 0.5, 0.8, 0.5, 2.0))
    narrator.epoch_ended(EpochReport(2, 20, 0.4, 0.8, 0.6, 0.75, 61.0))
    narrator.epoch_ended(EpochReport(3, 20, 0.2, 0.9, 0.7, 0.75, 2.0))

    assert capsys.readouterr().err.splitlines() == [
        "epoch      loss  accuracy  val loss  val accuracy       took       left",
        "    1    0.9000     50.0%    0.8000         50.0%      2.0 s             best  ▁",
        "    2    0.4000     80.0%    0.6000         75.0%  1 min 01 s             best  █▁",
        "    3    0.2000     90.0%    0.7000         75.0%      2.0 s                   █▃▁",
    ]


def test_what_was_best_before_a_training_was_taken_up_is_not_guessed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Narrator(Terminal()).epoch_ended(EpochReport(3, 20, 0.2, 0.9, 0.7, 0.75, 2.0))

    assert "best" not in capsys.readouterr().err


def test_a_sparkline_goes_from_the_least_to_the_greatest() -> None:
    assert sparkline([8, 7, 6, 5, 4, 3, 2, 1]) == "█▇▆▅▄▃▂▁"
    assert sparkline([2, 2]) == "▁▁"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599.7, "1 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_durations_read_as_a_person_says_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said
