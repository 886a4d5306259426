"""The page of a lesson: its sections with pictures, charts and pixels, as one file."""

from __future__ import annotations

import base64
import math
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from labelprep.pages.charts import curves, histogram
from labelprep.pages.document import Markup, document, joined, picture, table, tag
from labelprep.workflows.lesson_sections import Cells, Drawn, Prose, Worked, number
from labelprep.workflows.reporting import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labelprep.workflows.lesson_sections import Block, Section, Sections

LANGUAGES: Final = {"en": "en", "zh": "zh-CN"}
BRIGHT: Final = 128
EDGE_DIGITS: Final = 4


def write_page(target: Path, sections: Sections) -> None:
    """Write the page of a lesson.

    Raises: SourceError where it cannot be written.
    """
    write_whole(target, page(sections).encode("utf-8", "backslashreplace"))


def page(sections: Sections) -> str:
    """Return the whole page."""
    parts = sections.all()
    links = [tag("a", f"{place}. {part.title}", href=f"#{part.key}") for place, part in enumerate(parts, 1)]
    return document(
        f"{sections.taught.name} – {sections.word('title')}",
        tag("h1", sections.word("title")),
        tag("p", sections.about(), class_="soft"),
        tag("nav", *links),
        *(_section(sections, place, part) for place, part in enumerate(parts, 1)),
        language=LANGUAGES[sections.language],
    )


def _section(sections: Sections, place: int, part: Section) -> Markup:
    blocks = [_block(sections, block) for block in part.blocks]
    return tag("section", tag("h2", f"{place}. {part.title}", id=part.key), *blocks)


def _block(sections: Sections, block: Block) -> Markup:
    match block:
        case Prose(text):
            return tag("p", *_with_code(text))
        case Worked(text):
            return tag("div", text, class_="command")
        case Cells(header, rows, numbers, is_drawn):
            return Markup("") if is_drawn else table(header, rows, numbers=numbers)
        case Drawn(name):
            return _DRAWINGS[name](sections)


def _with_code(text: str) -> list[object]:
    """Return text in which words between backquotes are code."""
    return [tag("code", part) if place % 2 else part for place, part in enumerate(text.split("`"))]


def _origins(sections: Sections) -> Markup:
    small = sections.taught.thumbnails
    figures = [
        _figure(
            picture(small[origin.image_id], described=origin.path)
            if origin.image_id in small
            else tag("div", origin.path, class_="blank"),
            tag("b", origin.label),
            tag("br"),
            origin.path,
        )
        for origin in sections.taught.origins
    ]
    return tag("div", *figures, class_="pictures")


def _window(sections: Sections) -> Markup:
    """Return the picture as the network sees it, the window marked, beside the window's own pixels."""
    lesson = sections.lesson
    window, pixels = lesson.window, lesson.pictures[0]
    side = len(window.values)
    share = 100 / lesson.size_px
    mark = tag(
        "i",
        class_="mark",
        style=f"left:{window.left * share:.3f}%;top:{window.top * share:.3f}%;"
        f"width:{side * share:.3f}%;height:{side * share:.3f}%",
    )
    cells = [tag("b", ""), *(tag("b", window.left + column) for column in range(side))]
    for place, values in enumerate(window.values, start=window.top):
        shades = [f"background:rgb({value},{value},{value});color:{_ink(value)}" for value in values]
        cells.append(tag("b", place))
        cells += [tag("i", value, style=shade) for value, shade in zip(values, shades, strict=True)]
    whole = tag("div", _png(pixels, described=window.path), mark, class_="marked")
    grid = tag("div", *cells, class_="grey-cells", style=f"--columns:{side + 1}")
    return tag("div", whole, grid, class_="side-by-side")


def _ink(value: int) -> str:
    return "#000" if value >= BRIGHT else "#fff"


def _histogram(sections: Sections) -> Markup:
    first = sections.lesson.first_weights
    title = sections.word("histogram", tensor=first.tensor)
    # Adding 0 turns −0 into 0.
    edges = [round(edge, EDGE_DIGITS) + 0.0 for edge in first.edges]
    return tag("div", histogram(title, edges, [(title, first.counts)], things=""), class_="one-chart")


def _maps(sections: Sections) -> Markup:
    lesson = sections.lesson
    title = sections.word(
        "maps",
        layer="conv1 + relu1",
        path=lesson.answers[0].path,
        count=len(lesson.maps),
        all=lesson.first_weights.shape[-1],
    )
    shown = [
        _figure(_png(values, described=f"{place}"), f"{place}")
        for place, values in zip(lesson.map_numbers, lesson.maps, strict=True)
    ]
    source = _figure(_png(lesson.pictures[0], described=lesson.answers[0].path), sections.word("picture"))
    return joined([tag("p", title), tag("div", source, *shown, class_="pictures maps")])


def _trials(sections: Sections) -> Markup:
    lines = [
        (sections.word("rate_is", rate=number(trial.rate)), _line(trial.losses, first=0))
        for trial in sections.lesson.trials
    ]
    return _chart(sections.word("trials"), lines)


def _steps(sections: Sections) -> Markup:
    losses = sections.lesson.training.step_losses
    return _chart(sections.word("step_curve"), [(sections.word("batch_loss"), _line(losses, first=1))])


def _epochs(sections: Sections) -> Markup:
    epochs = sections.lesson.training.epochs
    lines = [(sections.word("training"), _line([item.loss for item in epochs], first=1))]
    judged = [item.val_loss for item in epochs if item.val_loss is not None]
    if judged:
        lines.append((sections.word("validation"), _line(judged, first=1)))
    return _chart(sections.word("epoch_curve"), lines)


def _chart(title: str, lines: list[tuple[str, list[tuple[float, float]]]]) -> Markup:
    return tag("div", curves(title, lines), class_="one-chart")


def _line(losses: Sequence[float], *, first: int) -> list[tuple[float, float]]:
    """Return points by number; what is no number any more ends the line."""
    points = []
    for place, loss in enumerate(losses, start=first):
        if not math.isfinite(loss):
            break
        points.append((float(place), loss))
    return points


def _figure(shown: Markup, *caption: object) -> Markup:
    return tag("figure", shown, tag("figcaption", *caption))


def _png(pixels: np.ndarray, *, described: str) -> Markup:
    """Return pixels as part of the page: ``(height, width)`` or ``(height, width, 1 or 3) uint8``."""
    flat = pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels  # noqa: PLR2004 - channels
    file = BytesIO()
    Image.fromarray(np.ascontiguousarray(flat)).save(file, "PNG")
    source = Markup(f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}")
    return tag("img", src=source, alt=described, class_="pixels")


_DRAWINGS: Final = {
    "origins": _origins,
    "window": _window,
    "histogram": _histogram,
    "maps": _maps,
    "trials": _trials,
    "steps": _steps,
    "epochs": _epochs,
}
