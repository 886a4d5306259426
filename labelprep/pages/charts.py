"""Charts for pages: bars, histograms, curves and matrices as HTML and SVG, coloured by the page's style."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labelprep.pages.document import Markup, joined, tag, text

if TYPE_CHECKING:
    from collections.abc import Sequence

_SERIES: Final = 6
_WIDTH, _HEIGHT = 420, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 10, 8, 34
_TICKS: Final = 4
_DARKEST: Final = 70
_SHADE: Final = "background:color-mix(in srgb, var(--series-0) {}%, var(--ground))"


def legend(names: Sequence[str]) -> Markup:
    """Return what colour stands for which series."""
    entries = [
        tag("span", tag("i", class_=f"swatch fill-{number % _SERIES}"), name)
        for number, name in enumerate(names)
    ]
    return tag("div", *entries, class_="legend")


def bars(rows: Sequence[tuple[str, Sequence[float]]], *, told: Sequence[str] | None = None) -> Markup:
    """Return horizontal bars, a row a name with the parts of its bar; ``told`` is written at their ends."""
    longest = max((sum(parts) for _, parts in rows), default=0) or 1
    ends = told or [f"{sum(parts):,.0f}" for _, parts in rows]
    cells = []
    for (name, parts), end in zip(rows, ends, strict=True):
        pieces = [
            tag(
                "i",
                class_=f"fill-{number % _SERIES}",
                style=f"width:{100 * part / longest:.2f}%",
                title=f"{part:,.0f}",
            )
            for number, part in enumerate(parts)
            if part
        ]
        cells += [tag("span", name), tag("div", *pieces, class_="bar"), tag("span", end, class_="number")]
    return tag("div", *cells, class_="bars")


def histogram(
    title: str,
    edges: Sequence[float],
    series: Sequence[tuple[str, Sequence[int]]],
    *,
    unit: str = "",
    things: str = "images",
) -> Markup:
    """Return counts of things between edges, one more than counts; several series are stacked."""
    totals = [sum(column) for column in zip(*(counts for _, counts in series), strict=True)]
    frame = _Frame((0, len(totals) or 1), (0, max(totals, default=0) or 1))
    parts: list[Markup] = []
    below = [0] * len(totals)
    for number, (_, counts) in enumerate(series):
        for place, count in enumerate(counts):
            if count:
                low, high = frame.y(below[place]), frame.y(below[place] + count)
                span = f"{edges[place]:g}–{edges[place + 1]:g}{unit}: {count:,}"
                parts.append(
                    tag(
                        "rect", tag("title", span), x=_rounded(frame.x(place) + 1), y=_rounded(high),
                        width=_rounded(frame.x(place + 1) - frame.x(place) - 2), height=_rounded(low - high),
                        class_=f"fill-{number % _SERIES}",
                    )
                )  # fmt: skip
            below[place] += count
    marks = {float(place): f"{edges[place]:g}" for place in _spread(len(edges))}
    picture = frame.drawn(parts, marks, title=f"{title}: {sum(totals):,} {things}".rstrip())
    names = [name for name, _ in series]
    shown = legend(names) if len(names) > 1 else Markup("")
    return tag("div", tag("h3", f"{title}{f' ({unit.strip()})' if unit.strip() else ''}"), picture, shown)


def curves(title: str, series: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> Markup:
    """Return lines through points (x, y), a series a line."""
    points = [point for _, line in series for point in line]
    if not points:
        return Markup("")
    frame = _Frame(_span([x for x, _ in points]), _span([y for _, y in points]))
    parts = []
    for number, (_, line) in enumerate(series):
        way = " ".join(f"{_rounded(frame.x(x))},{_rounded(frame.y(y))}" for x, y in line)
        parts.append(tag("polyline", points=way, class_=f"curve line-{number % _SERIES}"))
        parts += [
            tag(
                "circle",
                cx=_rounded(frame.x(x)),
                cy=_rounded(frame.y(y)),
                r=2.5,
                class_=f"fill-{number % _SERIES}",
            )
            for x, y in (line if len(line) <= _WIDTH // 8 else ())
        ]
    marks = {x: f"{x:g}" for x in _ticks(*frame.across)}
    return tag(
        "div", tag("h3", title), frame.drawn(parts, marks, title=title), legend([name for name, _ in series])
    )


def matrix(names: Sequence[str], counts: Sequence[Sequence[int]], *, corner: str) -> Markup:
    """Return a matrix of counts; the darker, the larger the share of its row."""
    head = tag("tr", tag("th", corner), *(tag("th", name) for name in names))
    rows = []
    for name, row in zip(names, counts, strict=True):
        shares = [round(_DARKEST * count / (sum(row) or 1)) for count in row]
        cells = [
            tag("td", f"{count:,}" if count else "", style=_SHADE.format(share))
            for count, share in zip(row, shares, strict=True)
        ]
        rows.append(tag("tr", tag("th", name), *cells))
    return tag("div", tag("table", head, *rows, class_="matrix"), class_="scroll")


class _Frame:
    """The place of a chart: from values to pixels, with its axes."""

    def __init__(self, across: tuple[float, float], up: tuple[float, float]) -> None:
        self.across = across
        self.up = up

    def x(self, value: float) -> float:
        """Return where a value lies from the left."""
        low, high = self.across
        return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """Return where a value lies from the top."""
        low, high = self.up
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    def drawn(self, parts: Sequence[Markup], marks: dict[float, str], *, title: str) -> Markup:
        """Return the chart: a grid, what is shown, and the words at its axes."""
        grid, words = [], []
        for value in _ticks(*self.up):
            y = _rounded(self.y(value))
            grid.append(tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="grid"))
            words.append(_word(f"{value:,g}", _LEFT - 6, self.y(value) + 4, "end"))
        words += [
            _word(mark, self.x(value), _HEIGHT - _BOTTOM + 16, "middle") for value, mark in marks.items()
        ]
        inner = joined([*grid, *parts, *words])
        return tag("svg", inner, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=title)


def _word(word: str, x: float, y: float, anchor: str) -> Markup:
    return tag("text", text(word), x=_rounded(x), y=_rounded(y), text_anchor=anchor)


def _rounded(value: float) -> str:
    return f"{value:.1f}"


def _spread(count: int) -> list[int]:
    """Return up to five places spread evenly over so many."""
    steps = min(count - 1, _TICKS) or 1
    return sorted({round(step * (count - 1) / steps) for step in range(steps + 1)})


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ticks(low: float, high: float) -> list[float]:
    """Return round values between two, about four of them."""
    rough = (high - low) / _TICKS
    power = 10.0 ** _floor_log10(rough)
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough - 1e-12)
    first = -int(-low // step) if low >= 0 else int(low // step)
    found = [round((first + number) * step, 10) for number in range(2 * _TICKS + 2)]
    return [value for value in found if low <= value <= high]


def _floor_log10(value: float) -> int:
    return int(f"{value:e}".split("e")[1])
