"""How good a network is on parts of the images: of one source, of one size, of one group."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from labelprep.ml.evaluation import interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from labelprep.manifest.store import Store

MOST_PARTS: Final = 12
NUMBER_PARTS: Final = 3
WITHOUT: Final = "(none)"
OTHERS: Final = "(others)"
NAMED: Final = (
    ("source of the label", "label_source"),
    ("group", "group_key"),
    ("camera", "camera"),
    ("file format", "format"),
)
MEASURED: Final[tuple[tuple[str, str, Callable[[float], str]], ...]] = (
    ("short side", "min(width_px, height_px)", lambda value: f"{value:.0f} px"),
    ("brightness", "brightness", lambda value: f"{value:.2f}"),
)


@dataclass(frozen=True, slots=True)
class Slice:
    """The images of which something is the same; ``is_worse`` where that is hardly chance."""

    by: str
    value: str
    images: int
    right: int
    is_worse: bool

    @property
    def accuracy(self) -> float:
        """The share that was predicted rightly."""
        return self.right / self.images

    @property
    def between(self) -> tuple[float, float]:
        """Between which shares the accuracy lies with a probability of 95 %."""
        return interval(self.right, self.images)


def slices_of(store: Store, image_ids: Sequence[int], right: np.ndarray) -> list[Slice]:
    """Return the parts of images by what the manifest knows of them; ``right``: ``(n,) bool``.

    What is the same for all images is left out. Of names the most frequent ones are parts, the rest one
    together; numbers are cut into thirds.
    """
    expressions = [expression for _, expression in NAMED] + [expression for _, expression, _ in MEASURED]
    rows = store.connection.execute(
        f"SELECT id, {', '.join(expressions)} FROM image WHERE id IN (SELECT value FROM json_each(?))",  # noqa: S608 - constants
        (json.dumps(list(image_ids)),),
    )
    known = {row[0]: row[1:] for row in rows}
    columns = list(zip(*(known[identifier] for identifier in image_ids), strict=True))
    found: list[Slice] = []
    for (by, _), column in zip(NAMED, columns, strict=False):
        found += _parts(by, *_names(column), right)
    for (by, _, told), column in zip(MEASURED, columns[len(NAMED) :], strict=True):
        found += _parts(by, *_thirds(column, told), right)
    return found


def _parts(by: str, names: Sequence[str], order: Sequence[str], right: np.ndarray) -> Iterator[Slice]:
    """Yield the parts that images belong to by name, in order, where there are several."""
    values = np.array(names, dtype=object)
    parts = [name for name in order if name in set(names)]
    if len(parts) < 2:  # noqa: PLR2004 - one part is the whole
        return
    overall = float(right.mean())
    for name in parts:
        inside = values == name
        count, hits = int(inside.sum()), int(right[inside].sum())
        yield Slice(by, name, count, hits, is_worse=interval(hits, count)[1] < overall)


def _names(column: Sequence[str | None]) -> tuple[list[str], list[str]]:
    """Return what parts these belong to, and their order: the most frequent by name, the rest together."""
    texts = [WITHOUT if value is None else str(value) for value in column]
    counts = Counter(texts)
    kept = sorted(counts, key=lambda text: (-counts[text], text))[:MOST_PARTS]
    return [text if text in kept else OTHERS for text in texts], [*kept, OTHERS]


def _thirds(column: Sequence[float | None], told: Callable[[float], str]) -> tuple[list[str], list[str]]:
    """Return between which values each lies, in parts of about as many, and their order: rising."""
    numbers = np.array([np.nan if value is None else value for value in column], dtype=float)
    known = np.sort(numbers[~np.isnan(numbers)])
    if not len(known):
        return [WITHOUT] * len(numbers), [WITHOUT]
    cuts = np.unique(known[[len(known) * part // NUMBER_PARTS for part in range(1, NUMBER_PARTS)]])
    places = np.searchsorted(cuts, numbers, side="right")
    names = {}
    for place in np.unique(places[~np.isnan(numbers)]):
        inside = numbers[(places == place) & ~np.isnan(numbers)]
        low, high = told(float(inside.min())), told(float(inside.max()))
        names[int(place)] = low if low == high else f"{low} to {high}"
    belongs = [
        WITHOUT if np.isnan(number) else names[int(place)]
        for number, place in zip(numbers, places, strict=True)
    ]
    return belongs, [*dict.fromkeys(names.values()), WITHOUT]
