"""A lesson in words, tables and worked-out lines, in one language: what a terminal and a page both show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from labelprep.workflows.lesson_words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labelprep.ml.lesson_values import Answer, LayerFacts
    from labelprep.workflows.lessons import Origin, Taught

SHOWN_CLASSES: Final = 6
SHOWN_PATHS: Final = 3
SHOWN_STEPS: Final = 10
LEAST_FIXED: Final = 1e-4
LEAST_PLAIN: Final = 1e-3
MOST_PLAIN: Final = 1e4
MOST_FIXED: Final = 1e6


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph; words between backquotes are what can be typed."""

    text: str


@dataclass(frozen=True, slots=True)
class Worked:
    """A line of arithmetic."""

    text: str


@dataclass(frozen=True, slots=True)
class Cells:
    """A table; its last ``numbers`` columns hold numbers. ``is_drawn``: a page shows a picture instead."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int
    is_drawn: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """A place for a picture or chart, which a terminal leaves out."""

    name: str


Block = Prose | Worked | Cells | Drawn


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a lesson."""

    key: str
    title: str
    blocks: tuple[Block, ...]


class Sections:
    """Makes the sections of one lesson in one language."""

    def __init__(self, taught: Taught, language: str) -> None:
        """Take the figures, and ``en`` or ``zh``."""
        self.taught = taught
        self.lesson = taught.lesson
        self.language = language
        self.words = WORDS[language]

    def word(self, key: str, **values: object) -> str:
        """Return a word or sentence with its values."""
        return self.words[key].format(**values)

    def about(self) -> str:
        """Return in a paragraph what was taken and with which settings."""
        lesson = self.lesson
        return self.word(
            "about",
            name=self.taught.name,
            images=f"{self.taught.available:,}",
            classes=len(lesson.classes),
            model=lesson.model,
            side=lesson.size_px,
            colours=self._of_colour("grey", "colour"),
            batch=lesson.batch_size,
            rate=number(lesson.update.rate),
            seed=lesson.seed,
        )

    def all(self) -> tuple[Section, ...]:
        """Return the sections in the order in which they are read."""
        parts: dict[str, list[Block]] = {
            "labels": self._labels(),
            "pixels": self._pixels(),
            "network": self._network(),
            "forward": self._forward(),
            "loss": self._loss(),
            "gradient": self._gradient(),
            "update": self._update(),
            "size": self._size(),
            "epoch": self._epoch(),
            "epochs": self._epochs(),
        }
        return tuple(Section(key, self.word(key), tuple(blocks)) for key, blocks in parts.items())

    def _table(self, header: tuple[str, ...], rows: Sequence[tuple[str, ...]], numbers: int) -> Cells:
        return Cells(tuple(self.word(key) for key in header), tuple(rows), numbers)

    def _labels(self) -> list[Block]:
        rows = [
            (
                origin.path,
                origin.label,
                self.said_by(origin),
                origin.split or self.word("none"),
                f"{origin.agreeing:,}",
                f"{origin.overruled:,}",
            )
            for origin in self.taught.origins
        ]
        header = ("picture", "label", "said_by", "split", "agreeing", "overruled")
        return [
            Prose(self.word("labels_text")),
            Drawn("origins"),
            self._table(header, rows, 2),
            Prose(self.word("labels_end")),
        ]

    def said_by(self, origin: Origin) -> str:
        """Return who gave a label, and where."""
        return self.word("said", place=origin.place, who=self.words.get(origin.rank, origin.rank))

    def _pixels(self) -> list[Block]:
        lesson, window = self.lesson, self.lesson.window
        side = len(window.values)
        text = self.word(
            "pixels_text",
            side=lesson.size_px,
            channels=lesson.channels,
            total=f"{lesson.size_px**2 * lesson.channels:,}",
            path=window.path,
            top=window.top,
            bottom=window.top + side - 1,
            left=window.left,
            right=window.left + side - 1,
            channel=self._of_colour("grey_channel", "colour_channels"),
            shown=self._of_colour("grey_shown", "colour_shown"),
        )
        header = ("", *(str(window.left + column) for column in range(side)))
        rows = tuple((str(window.top + row), *map(str, values)) for row, values in enumerate(window.values))
        end = self.word(
            "pixels_end",
            row=window.row,
            column=window.column,
            pixel=_listed(str(value) for value in window.pixel),
            scaled=_listed(f"{value / 255:.3f}" for value in window.pixel),
        )
        return [Prose(text), Drawn("window"), Cells(header, rows, side, is_drawn=True), Prose(end)]

    def _of_colour(self, grey: str, colour: str) -> str:
        return self.word(grey if self.lesson.channels == 1 else colour)

    def _network(self) -> list[Block]:
        first = self.lesson.first_weights
        rows = [
            (layer.name, self._does(layer), shape(layer.shape), f"{layer.weights:,}" if layer.weights else "")
            for layer in self.lesson.layers
        ]
        start = self.word(
            "start_uniform" if first.initialiser.endswith("Uniform") else "start_normal",
            initialiser=first.initialiser,
            tensor=first.tensor,
            fan_in=first.fan_in,
            fan_out=first.fan_out,
            bound=number(first.bound or 0.0),
            deviation=number(first.deviation or 0.0),
        )
        drawn = self.word(
            "start_drawn",
            seed=self.lesson.seed,
            count=f"{sum(first.counts):,}",
            low=number(first.low),
            high=number(first.high),
            mean=number(first.mean),
        )
        return [
            Prose(self.word("network_text", weights=f"{self._weights():,}")),
            self._table(("layer", "what", "gives", "weights"), rows, 1),
            Prose(start),
            Drawn("histogram"),
            Prose(drawn),
        ]

    def _weights(self) -> int:
        return sum(layer.weights for layer in self.lesson.layers)

    def _does(self, layer: LayerFacts) -> str:
        return f"{layer.kind}: {self.words.get(layer.kind, '')}".rstrip(": ")

    def _forward(self) -> list[Block]:
        rows = [
            (item.name, shape(item.shape), number(item.low), number(item.mean), number(item.high))
            for item in self.lesson.ranges
        ]
        return [
            Prose(self.word("forward_text", batch=self.lesson.batch_images)),
            self._table(("layer", "shape", "lowest", "mean", "highest"), rows, 3),
            Drawn("maps"),
        ]

    def _loss(self) -> list[Block]:
        lesson, count = self.lesson, len(self.lesson.classes)
        blocks: list[Block] = [Prose(self.word("loss_text", classes=count, chance=f"{math.log(count):.4f}"))]
        for answer in lesson.answers:
            blocks += [
                Prose(self.word("loss_true", path=answer.path, label=lesson.classes[answer.label])),
                self._table(("class", "score", "probability"), self._scores(answer), 2),
                Worked(self._worked_loss(answer)),
            ]
        mean = f"{lesson.update.loss_before:.4f}"
        return [*blocks, Prose(self.word("loss_end", batch=lesson.batch_images, loss=mean))]

    def _scores(self, answer: Answer) -> list[tuple[str, str, str]]:
        """Return the true class and the likeliest, in class order; what the others have together."""
        ranked = sorted(range(len(answer.scores)), key=lambda item: (-answer.probabilities[item], item))
        most = SHOWN_CLASSES if len(ranked) <= SHOWN_CLASSES else SHOWN_CLASSES - 2
        chosen = sorted({answer.label, *ranked[:most]})
        rows = [
            (
                self.lesson.classes[item] + (f" ← {self.word('true')}" if item == answer.label else ""),
                f"{answer.scores[item]:.4f}",
                f"{answer.probabilities[item]:.4f}",
            )
            for item in chosen
        ]
        left = len(answer.scores) - len(chosen)
        rest = 1.0 - sum(answer.probabilities[item] for item in chosen)
        return [*rows, (self.word("others", count=left), "", f"{rest:.4f}")] if left else rows

    def _worked_loss(self, answer: Answer) -> str:
        score = answer.scores[answer.label]
        probability = answer.probabilities[answer.label]
        power = math.exp(min(score, 700.0))
        return self.word(
            "loss_line",
            label=self.lesson.classes[answer.label],
            score=f"{score:.4f}",
            power=f"{power:.4f}" if power < MOST_FIXED else number(power),
            sum=number(power / probability) if probability else "∞",
            p=f"{probability:.4f}" if probability >= LEAST_PLAIN else number(probability),
            loss=f"{answer.loss:.4f}",
        )

    def _gradient(self) -> list[Block]:
        check, rate = self.lesson.check, self.lesson.update.rate
        rows = [
            (
                item.tensor,
                shape(item.shape),
                number(item.norm),
                number(item.largest),
                f"{rate * item.norm / item.weights_norm:.2%}" if item.weights_norm else "",
            )
            for item in self.lesson.gradients
        ]
        place = f"[{', '.join(map(str, check.index))}]"
        text = self.word(
            "check_text",
            tensor=check.tensor,
            index=place,
            weight=f"{check.weight:.8f}",
            width=number(check.width),
        )
        line = self.word(
            "check_line",
            above=f"{check.loss_above:.14f}",
            below=f"{check.loss_below:.14f}",
            width=number(check.width),
            difference=precise(check.by_difference),
        )
        verdict = self.word(
            "check_agrees" if check.agrees else "check_differs",
            gradient=precise(check.by_backpropagation),
            relative=f"{check.relative_difference:.1e}",
        )
        return [
            Prose(self.word("gradient_text", weights=f"{self._weights():,}")),
            self._table(("tensor", "shape", "norm", "largest", "step_share"), rows, 3),
            Prose(text),
            Worked(line),
            Prose(verdict),
        ]

    def _update(self) -> list[Block]:
        update = self.lesson.update
        gradient = precise(update.gradient)
        line = self.word(
            "update_line",
            old=f"{update.old:.8f}",
            rate=number(update.rate),
            gradient=f"({gradient})" if update.gradient < 0 else gradient,
            new=f"{update.worked_out:.8f}",
        )
        losses = {"before": f"{update.loss_before:.4f}", "after": self._loss_or_none(update.loss_after)}
        adam = self.word(
            "update_adam",
            old=f"{update.old:.8f}",
            new=f"{update.adam_new:.8f}",
            rate=number(update.adam_rate),
            after=self._loss_or_none(update.adam_loss_after),
        )
        return [
            Prose(self.word("update_text")),
            Worked(line),
            Prose(self.word("update_real", new=f"{update.new:.8f}")),
            Prose(self.word("update_loss", **losses)),
            Prose(adam),
        ]

    def _loss_or_none(self, value: float | None) -> str:
        if value is None:
            return ""
        if not math.isfinite(value):
            return self.word("no_number")
        return f"{value:.4f}" if value < MOST_PLAIN else f"{value:.4g}"

    def _size(self) -> list[Block]:
        trials = self.lesson.trials
        steps = len(trials[0].losses) - 1
        shown = (0, 1, steps)
        rows = tuple(
            (
                number(trial.rate),
                *(self._loss_or_none(trial.losses[step]) for step in shown),
                self._loss_or_none(max(trial.losses, key=_or_infinite)),
            )
            for trial in trials
        )
        header = (
            *map(self.word, ("rate", "before", "after_one")),
            self.word("after_some", steps=steps),
            self.word("on_the_way"),
        )
        best = min(trials, key=lambda item: _or_infinite(item.losses[-1]))
        is_lower = _or_infinite(best.losses[-1]) < best.losses[0]
        found = self.word("size_found" if is_lower else "size_lost", rate=number(best.rate))
        return [
            Prose(self.word("size_text", rate=number(self.lesson.update.rate), steps=steps)),
            Cells(header, rows, 4),
            Drawn("trials"),
            Prose(found),
            Prose(self.word("size_end")),
        ]

    def _epoch(self) -> list[Block]:
        training = self.lesson.training
        counts = {"images": f"{training.images:,}", "available": f"{self.taught.available:,}"}
        limit = self.word("limit" if training.images < self.taught.available else "no_limit", **counts)
        text = self.word(
            "epoch_text",
            images=counts["images"],
            batch=self.lesson.batch_size,
            steps=training.steps,
            limit=limit,
        )
        rows = [
            (self.word("order", epoch=epoch, batch=batch), _first(paths))
            for epoch, order in enumerate(training.orders, start=1)
            for batch, paths in enumerate(order, start=1)
        ]
        losses = training.step_losses
        every = max(-(-len(losses) // SHOWN_STEPS), 1)
        steps = range(0, len(losses), every)
        table = Cells(
            (self.word("step"), *(str(step + 1) for step in steps)),
            ((self.word("batch_loss"), *(self._loss_or_none(losses[step]) for step in steps)),),
            len(steps),
        )
        ends = {"first": self._loss_or_none(losses[0]), "last": self._loss_or_none(losses[-1])}
        order = Cells(("", self.word("first_pictures")), tuple(rows), 0)
        return [Prose(text), order, Prose(self.word("epoch_losses", **ends)), table, Drawn("steps")]

    def _epochs(self) -> list[Block]:
        epochs = self.lesson.training.epochs
        judged = epochs[0].val_loss is not None
        header = ("round", "mean_loss", "right", *(("val_loss", "val_right") if judged else ()))
        rows = []
        for item in epochs:
            row = (str(item.number), self._loss_or_none(item.loss), f"{item.accuracy:.1%}")
            val = (self._loss_or_none(item.val_loss), f"{item.val_accuracy or 0.0:.1%}") if judged else ()
            rows.append((*row, *val))
        return [
            Prose(self.word("epochs_text", epochs=len(epochs))),
            self._table(header, rows, len(header) - 1),
            Drawn("epochs"),
            Prose(self.word("epochs_end")),
        ]


def number(value: float) -> str:
    """Return a number with four significant digits, without an exponent where that is short."""
    if not math.isfinite(value):
        return str(value)
    if value == 0 or (float(value).is_integer() and abs(value) < MOST_FIXED):
        return f"{value:.0f}"
    if LEAST_FIXED <= abs(value) < MOST_FIXED:
        digits = max(3 - math.floor(math.log10(abs(value))), 0)
        text = f"{value:.{digits}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.3g}"


def precise(value: float) -> str:
    """Return a number with eight significant digits."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = 7 - math.floor(math.log10(abs(value)))
    return f"{value:.{digits}f}" if digits <= 12 else f"{value:.7e}"  # noqa: PLR2004 - still readable


def shape(sides: tuple[int, ...]) -> str:
    """Return a shape as it is read: 28 × 28 × 32."""
    return " × ".join(str(side) for side in sides)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)


def _or_infinite(value: float) -> float:
    return value if math.isfinite(value) else math.inf


def _first(paths: tuple[str, ...]) -> str:
    """Return the first files by folder and name: enough to tell pictures apart."""
    names = ["/".join(path.split("/")[-2:]) for path in paths]
    return _listed(names if len(names) <= SHOWN_PATHS else [*names[:SHOWN_PATHS], "…"])
