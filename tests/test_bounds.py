"""Shapes stay inside their picture where only rounding led out of it; more is told."""

from __future__ import annotations

from typing import Any

import pytest

from labelprep.model.annotation import Annotation, Kind
from labelprep.model.bounds import are_inside, bounded


@pytest.mark.parametrize(
    ("kind", "before", "after", "over"),
    [
        (Kind.BOX, [0, 0, 10, 8], [0, 0, 10, 8], 0),
        (Kind.BOX, [-0.4, 1, 10.6, 8], [0, 1, 10, 8], 0.6),
        (Kind.BOX, [-5, 1, 10, 8], [-5, 1, 10, 8], 5),
        (Kind.POLYGON, [[-1, 0], [5, 9], [5, 3]], [[0, 0], [5, 8], [5, 3]], 1),
        (Kind.POINTS, [[10.5, 8]], [[10, 8]], 0.5),
        (Kind.CIRCLE, [9, 4, 6], [9, 4, 6], 0),
        (Kind.CIRCLE, [12, 4, 1], [12, 4, 1], 2),
        (Kind.ROTATED_BOX, [[5, -3], [12, 4], [5, 11], [-2, 4]], [[5, -3], [12, 4], [5, 11], [-2, 4]], 0),
    ],
)
def test_rounding_is_cut_and_more_is_told(kind: Kind, before: Any, after: Any, over: float) -> None:  # noqa: ANN401 - geometry by kind
    shape = Annotation(kind, "a", before)
    found = bounded(shape, (10, 8))

    assert found.item.geometry == after
    assert found.over_px == pytest.approx(over)
    assert are_inside([Annotation(Kind.CLASS, "a"), shape], (10, 8)) is (over == 0)


def test_a_mask_outside_is_told() -> None:
    mask = {"size_wh": [4, 4], "offset": [8, 0], "counts": [0, 16]}

    assert bounded(Annotation(Kind.MASK, "a", mask), (10, 8)).over_px == 2
