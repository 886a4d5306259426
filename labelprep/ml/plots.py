"""Curves and confusion matrix of a training as PNG, readable in whatever script the classes are named."""

from __future__ import annotations

import io
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labelprep.ml.listening import EpochReport

_MOST_NUMBERED_CLASSES = 25
_MOST_NAMED_CLASSES = 60
_NAME_LENGTH = 24
_DPI = 120
# Asked first, in this order, where the usual font lacks characters: one for each large system.
_WIDE_FONTS = (
    "notosanscjk",
    "notosanssc",
    "sourcehansans",
    "msyh",
    "pingfang",
    "hiragino sans gb",
    "simhei",
    "wqy",
    "arialuni",
    "droidsansfallback",
    "malgun",
    "yugoth",
    "meiryo",
)
_MISSING_FONT = """A number stands for a class whose name no font here can show.
A font such as Noto Sans CJK would; the names are in bundle.json."""
_USUAL_FONT = "DejaVu Sans"


def curves_png(history: Sequence[EpochReport], kept_epoch: int) -> bytes:
    """Return loss and accuracy by epoch as a PNG, the epoch whose weights were kept marked."""
    from matplotlib.ticker import MaxNLocator

    figure = _figure(10, 4)
    epochs = [report.epoch for report in history]
    for place, (name, train, val) in enumerate(
        (
            ("loss", [r.loss for r in history], [r.val_loss for r in history]),
            ("accuracy", [r.accuracy for r in history], [r.val_accuracy for r in history]),
        ),
        start=1,
    ):
        axes = figure.add_subplot(1, 2, place)
        axes.plot(epochs, train, marker="o", markersize=4, label="training")
        validated = [(epoch, value) for epoch, value in zip(epochs, val, strict=True) if value is not None]
        if validated:
            axes.plot(*zip(*validated, strict=True), marker="s", markersize=4, label="validation")
        if kept_epoch:
            axes.axvline(kept_epoch, color="0.6", linestyle=":", zorder=0, label=f"kept: epoch {kept_epoch}")
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(visible=True, alpha=0.3)
        axes.legend()
    return _png(figure)


def confusion_png(confusion: np.ndarray, names: Sequence[str]) -> bytes:
    """Return a confusion matrix as a PNG: colours are shares of the true class, cells hold counts.

    ``confusion``: ``(classes, classes)`` counts, rows the true class. Above 25 classes the cells stay
    without numbers, above 60 the axes without names.
    """
    count = len(names)
    side = min(max(4.5, 0.42 * count + 2.5), 16)
    figure = _figure(side + 1, side)
    axes = figure.add_subplot(1, 1, 1)
    true = confusion.sum(axis=1, keepdims=True)
    shares = np.divide(confusion, true, out=np.zeros(confusion.shape), where=true > 0)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, fraction=0.046, pad=0.04, label="share of the true class")
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    if count <= _MOST_NUMBERED_CLASSES:
        for row, column in np.ndindex(count, count):
            colour = "white" if shares[row, column] > 0.5 else "0.25"  # noqa: PLR2004 - half dark
            text = f"{confusion[row, column]}" if confusion[row, column] else ""
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    if count <= _MOST_NAMED_CLASSES:
        _name_axes(figure, axes, names)
    return _png(figure)


def _name_axes(figure: Any, axes: Any, names: Sequence[str]) -> None:  # noqa: ANN401 - matplotlib's objects
    """Write the class names at both axes; a number and a note where no font can show a name."""
    shown = [_shortened(name) for name in names]
    families, missing = font_families("".join(shown))
    if missing:
        shown = [f"#{at}" if missing.intersection(name) else name for at, name in enumerate(shown)]
        figure.suptitle(_MISSING_FONT, fontsize=7)
    size = 9 if len(names) <= _MOST_NUMBERED_CLASSES else 6
    # parse_math off: a "$" in a class name is a dollar sign.
    style = {"fontsize": size, "family": families, "parse_math": False}
    upright = max(map(len, shown)) <= 2  # noqa: PLR2004 - two characters stand side by side
    axes.set_xticks(range(len(names)), shown, rotation=0 if upright else 90, **style)
    axes.set_yticks(range(len(names)), shown, **style)


def _shortened(name: str) -> str:
    """Return a name in one line, without control characters, at most 24 characters long."""
    clean = "".join(" " if unicodedata.category(letter).startswith("C") else letter for letter in name)
    return clean if len(clean) <= _NAME_LENGTH else clean[: _NAME_LENGTH - 1] + "…"


def font_families(text: str) -> tuple[list[str], set[str]]:
    """Return font families that together show a text, and the characters that no font here has.

    matplotlib's own font comes first, then as few others as it takes.
    """
    from matplotlib import font_manager

    families = [_USUAL_FONT]
    usual = font_manager.findfont(font_manager.FontProperties(family=_USUAL_FONT))
    missing = {letter for letter in text if not letter.isspace()} - _characters(usual)
    others = sorted(font_manager.findSystemFonts(), key=_font_order) if missing else []
    for path in others:
        covered = missing & _characters(path)
        if covered:
            font_manager.fontManager.addfont(path)
            families.append(font_manager.FontProperties(fname=path).get_name())
            missing -= covered
        if not missing:
            break
    return families, missing


def _font_order(path: str) -> tuple[int, int, str]:
    """Return the place of a font file: well-known wide fonts first, their regular weight before others."""
    name = path.replace("\\", "/").rsplit("/", 1)[-1].lower()
    compact = name.replace(" ", "").replace("-", "")
    rank = next(
        (at for at, font in enumerate(_WIDE_FONTS) if font.replace(" ", "") in compact), len(_WIDE_FONTS)
    )
    return rank, 0 if "regular" in compact or "medium" in compact else 1, path


def _characters(path: str) -> set[str]:
    """Return the characters a font file has a glyph for; none where it cannot be read."""
    from matplotlib.ft2font import FT2Font

    try:
        return {chr(code) for code in FT2Font(path).get_charmap()}
    except (OSError, RuntimeError):  # not every file in a font folder is one
        return set()


def _figure(width_inches: float, height_inches: float) -> Any:  # noqa: ANN401 - matplotlib's Figure
    """Return a figure of its own, outside pyplot's state, so that a notebook's plots stay untouched."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_inches, height_inches), dpi=_DPI, layout="constrained")


def _png(figure: Any) -> bytes:  # noqa: ANN401 - matplotlib's Figure
    """Draw a figure by Agg, which needs no screen: a figure outside pyplot has no other canvas."""
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
