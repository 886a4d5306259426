"""The page of a training: figures, choices, curves, mistakes, in one file that opens anywhere."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from labelprep.ml.evaluation import confused, interval
from labelprep.ml.listening import duration
from labelprep.pages.charts import curves, histogram, matrix
from labelprep.pages.document import Markup, document, joined, picture, table, tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labelprep.ml.bundle import Run
    from labelprep.ml.calibration import Calibration
    from labelprep.ml.evaluation import Evaluation
    from labelprep.ml.listening import EpochReport
    from labelprep.ml.samples import Samples
    from labelprep.workflows.slices import Slice

SHOWN_MISTAKES: Final = 48
SHOWN_PAIRS: Final = 20
SHOWN_CLASSES: Final = 25
SHOWN_ROWS: Final = 200
MOST_PX: Final = 200
LEAST_PX: Final = 112
# Recipe fields whose option has another name.
OPTION_OF: Final = {"size_px": "image_size"}
NO_CHOICES: Final = frozenset({"defaults", "why", "minutes"})
CONFIDENCES: Final = tuple(number / 10 for number in range(11))


@dataclass(frozen=True, eq=False)
class JudgedImages:
    """The images a network was judged by: ``likely`` is (n, classes), the order that of the samples."""

    samples: Samples
    likely: np.ndarray
    figures: Evaluation
    calibration: Calibration
    slices: Sequence[Slice]

    @property
    def right(self) -> np.ndarray:
        """Which images were predicted rightly, ``(n,) bool``."""
        result: np.ndarray = self.likely.argmax(axis=1) == self.samples.labels
        return result


@dataclass(frozen=True, eq=False)
class RunFacts:
    """All that a page tells of a training; ``judged`` is None where nothing validated."""

    run: Run
    history: Sequence[EpochReport]
    judged: JudgedImages | None
    rate_test: Sequence[tuple[float, float]] = field(default_factory=tuple)

    @property
    def names(self) -> list[str]:
        """Class names in the order of the network's outputs."""
        return [name for _, name in self.run.classes]


def run_page(name: str, facts: RunFacts) -> str:
    """Return the page of the run of this name."""
    judged = facts.judged
    parts = {"Choices": _choices(facts), "Epochs": _epochs(facts)}
    if judged is not None:
        parts |= {
            "Mistakes": _mistakes(judged, facts.names),
            "Confusion": _confusion(judged.figures, facts.names),
            "Classes": _classes(judged.figures),
            "Confidence": _confidence(judged),
            "Slices": _slices(judged),
        }
    run = facts.run
    images = ", ".join(f"{number:,} {split}" for split, number in run.splits.items())
    told = f"{run.model}, {len(run.classes)} classes; images: {images}; {run.val_rule}"
    return document(
        f"{name} – training report",
        tag("h1", name),
        tag("p", told, class_="soft"),
        _cards(facts),
        tag("nav", *(tag("a", title, href=f"#{title}") for title in parts)),
        *(tag("section", tag("h2", title, id=title), content) for title, content in parts.items()),
        tag("section", tag("h2", "What next"), _next(name, run)),
    )


def _cards(facts: RunFacts) -> Markup:
    run, judged = facts.run, facts.judged
    cards = [
        (f"{len(facts.history):,}", "epochs"),
        (f"{run.kept_epoch:,}", "the epoch whose weights were kept"),
        (duration(run.seconds), "from start to bundle"),
    ]
    if judged is not None:
        metrics, right, images = judged.figures.metrics, int(judged.right.sum()), len(judged.samples)
        low, high = interval(right, images)
        cards = [
            (f"{metrics['accuracy']:.1%}", f"validation accuracy; 95 % sure: {low:.1%} to {high:.1%}"),
            (f"{images - right:,} of {images:,}", "images predicted wrongly"),
            (f"{metrics['balanced_accuracy']:.1%}", "balanced accuracy: each class counts the same"),
            (f"{metrics['macro_f1']:.3f}", "macro F1"),
            (f"{metrics['loss']:.4f}", "loss"),
            (f"{judged.calibration.ece:.1%}", "mean gap of confidence and accuracy (ECE)"),
            *cards,
        ]
    return tag(
        "div", *(tag("div", tag("b", number), what, class_="card") for number, what in cards), class_="cards"
    )


def _choices(facts: RunFacts) -> Markup:
    recipe = facts.run.recipe
    settings = {
        OPTION_OF.get(key, key): value for key, value in asdict(recipe).items() if key not in NO_CHOICES
    }
    by_default = {name: value for name, value in settings.items() if name in recipe.defaults}
    by_person = {
        name: value
        for name, value in settings.items()
        if name not in by_default and value not in (None, False, "auto")
    }
    said = [f"Network {recipe.model}: {recipe.why}."] if recipe.why else []
    said += [f"Set for this run: {_listed(by_person)}.", f"Defaults: {_listed(by_default)}."]
    return tag("ul", *(tag("li", note) for note in [*said, *facts.run.notes]))


def _listed(settings: Mapping[str, object]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items()) or "nothing"


def _epochs(facts: RunFacts) -> Markup:
    history = facts.history
    if not history:
        return tag("p", "No epoch was finished.")

    def line(of: str) -> list[tuple[float, float]]:
        values = [(float(report.epoch), getattr(report, of)) for report in history]
        return [(epoch, value) for epoch, value in values if value is not None]

    charts = [
        curves(title, [(name, line(of)) for name, of in series if line(of)])
        for title, series in (
            ("Loss by epoch", (("training", "loss"), ("validation", "val_loss"))),
            ("Accuracy by epoch", (("training", "accuracy"), ("validation", "val_accuracy"))),
        )
    ]
    if len({report.learning_rate for report in history}) > 1:
        charts.append(curves("Learning rate by epoch", [("at its last step", line("learning_rate"))]))
    if facts.rate_test:
        points = [(math.log10(rate), loss) for rate, loss in facts.rate_test if math.isfinite(loss)]
        charts.append(curves("Range test: loss by power of ten of the rate", [("loss", points)]))
    rows = [
        (
            f"{report.epoch}{' ← kept' if report.epoch == facts.run.kept_epoch else ''}",
            f"{report.loss:.4f}",
            f"{report.accuracy:.1%}",
            "" if report.val_loss is None else f"{report.val_loss:.4f}",
            "" if report.val_accuracy is None else f"{report.val_accuracy:.1%}",
            f"{report.learning_rate:.2g}",
            duration(report.seconds),
        )
        for report in history
    ]
    header = ("epoch", "loss", "accuracy", "validation loss", "accuracy", "learning rate", "took")
    return joined(
        [
            tag("div", *charts, class_="charts"),
            tag("details", tag("summary", "Every epoch"), table(header, rows, numbers=6)),
        ]
    )


def _mistakes(judged: JudgedImages, names: Sequence[str]) -> Markup:
    """Show the wrong predictions that the network was surest of: mistakes, or labels that are wrong."""
    wrong = np.flatnonzero(~judged.right)
    if not len(wrong):
        return tag("p", "Every validation image was predicted rightly.")
    order = wrong[np.argsort(-judged.likely[wrong].max(axis=1), kind="stable")][:SHOWN_MISTAKES]
    pixels = judged.samples.source.read(judged.samples.rows[order])
    figures = [_mistake(judged, int(at), seen, names) for at, seen in zip(order, pixels, strict=True)]
    told = "The surest first, as the network saw them: each is a mistake of the network, or a wrong label."
    parts: list[object] = [tag("p", told), tag("div", *figures, class_="pictures")]
    if len(wrong) > len(order):
        more = f"… and {len(wrong) - len(order):,} more in predictions.csv"
        parts.append(tag("p", more, class_="soft"))
    return joined(parts)


def _mistake(judged: JudgedImages, at: int, pixels: np.ndarray, names: Sequence[str]) -> Markup:
    path, label, likely = judged.samples.paths[at], int(judged.samples.labels[at]), judged.likely[at]
    said = int(likely.argmax())
    shares = f"{likely[said]:.1%} sure; of the label {likely[label]:.1%}"
    return tag(
        "figure",
        picture(_jpeg(pixels), described=path, class_="pixels" if len(pixels) < LEAST_PX else None),
        tag(
            "figcaption",
            tag("div", names[label], " taken for ", tag("b", names[said])),
            tag("div", path),
            tag("div", shares, class_="soft"),
        ),
    )


def _jpeg(pixels: np.ndarray) -> bytes:
    """Return ``(height, width, 1 or 3) uint8`` as JPEG; small pictures stay in squares when enlarged."""
    flat = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    image, side = Image.fromarray(np.ascontiguousarray(flat)), max(flat.shape[:2])
    if side > MOST_PX:
        image.thumbnail((MOST_PX, MOST_PX))
    elif side < LEAST_PX:
        times = math.ceil(LEAST_PX / side)
        image = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    file = BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()


def _confusion(figures: Evaluation, names: Sequence[str]) -> Markup:
    pairs = confused(figures, names)
    if not pairs:
        return tag("p", "No class was taken for another.")
    counts, shown = figures.confusion, list(range(len(names)))
    parts: list[object] = []
    if len(names) > SHOWN_CLASSES:
        off = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
        shown = sorted(np.argsort(-off, kind="stable")[:SHOWN_CLASSES].tolist())
        told = f"The {SHOWN_CLASSES} of {len(names):,} classes that are mixed up most."
        parts.append(tag("p", told, class_="soft"))
    cells = counts[np.ix_(shown, shown)].tolist()
    parts.append(matrix([names[at] for at in shown], cells, corner="true ↓ predicted →"))
    true = dict(zip(names, counts.sum(axis=1).tolist(), strict=True))
    rows = [(a, b, f"{number:,}", f"{number / true[a]:.1%}") for a, b, number in pairs[:SHOWN_PAIRS]]
    header = ("true", "taken for", "images", "of the class")
    parts += [tag("h3", "Most confused"), table(header, rows, numbers=2)]
    if len(pairs) > SHOWN_PAIRS:
        parts.append(tag("p", f"… and {len(pairs) - SHOWN_PAIRS:,} more pairs", class_="soft"))
    return joined(parts)


def _classes(figures: Evaluation) -> Markup:
    """Return the classes, the worst first: there is where to look."""
    ordered = sorted(figures.classes, key=lambda row: (row.support == 0, row.f1))
    rows = [
        (row.name, f"{row.support:,}", f"{row.precision:.1%}", f"{row.recall:.1%}", f"{row.f1:.3f}")
        for row in ordered[:SHOWN_ROWS]
    ]
    header = ("class, the worst first", "images", "precision", "recall", "F1")
    parts: list[object] = [table(header, rows, numbers=4)]
    if len(ordered) > SHOWN_ROWS:
        parts.append(tag("p", f"… and {len(ordered) - SHOWN_ROWS:,} better ones", class_="soft"))
    return joined(parts)


def _confidence(judged: JudgedImages) -> Markup:
    found = judged.calibration
    series = [("as sure as right", [(0.0, 0.0), (1.0, 1.0)])]
    series += [("network", [(one.confidence, one.accuracy) for one in found.bins])]
    if found.temperature != 1:
        scaled = [(one.confidence, one.accuracy) for one in found.bins_scaled]
        series.append((f"with temperature {found.temperature:.2f}", scaled))
    sure, right = judged.likely.max(axis=1), judged.right
    edges = np.array(CONFIDENCES)
    counts = [
        (name, np.histogram(np.clip(sure[part], 0, 1), edges)[0].tolist())
        for name, part in (("right", right), ("wrong", ~right))
    ]
    charts = [
        curves("Reliability: accuracy by confidence", series),
        histogram("How sure the network was", CONFIDENCES, counts),
    ]
    return joined([tag("p", _told(found)), tag("div", *charts, class_="charts")])


def _told(found: Calibration) -> str:
    gap = f"Confidence and accuracy differ by {found.ece:.1%} on average (ECE)."
    if found.temperature == 1:
        return f"{gap} No temperature is stored: {found.why}."
    way = "too sure" if found.temperature > 1 else "not sure enough"
    return (
        f"{gap} The network is {way}: with the temperature {found.temperature:.2f}, {found.why}, it is "
        f"{found.ece_scaled:.1%} (images it was not fitted to). It is kept in bundle.json; predict tells the "
        "network's own confidences unless --calibrated is given."
    )


def _slices(judged: JudgedImages) -> Markup:
    if not judged.slices:
        return tag("p", "All validation images are alike in what the manifest knows of them.")
    rows = [
        (
            part.by,
            part.value,
            f"{part.images:,}",
            tag("span", f"{part.accuracy:.1%}", class_="error" if part.is_worse else None),
            f"{part.between[0]:.1%} to {part.between[1]:.1%}",
        )
        for part in judged.slices
    ]
    told = "Red: even the upper end of what is 95 % sure lies below the accuracy over all."
    header = ("by", "part", "images", "accuracy", "95 % sure")
    return joined([tag("p", told, class_="soft"), table(header, rows, numbers=3)])


def _next(name: str, run: Run) -> Markup:
    steps: Mapping[str, str] = {
        f"labelprep evaluate runs/{name}": "Judge it by images that had no part in choosing the weights:"
        if run.splits.get("test")
        else "There is no test split; this judges by the validation images again:",
        "labelprep audit": "Find out which labels are wrong before the network is made larger:",
        "labelprep runs list": "Hold it against other trainings:",
    }
    return joined(
        part
        for command, why in steps.items()
        for part in (tag("p", why), tag("code", command, class_="command"))
    )
