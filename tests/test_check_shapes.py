"""What is measured of shapes, and the checks of shapes that no format lets through as they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from labelprep.checks import BY_CODE
from labelprep.checks.base import CheckContext
from labelprep.checks.figures import Figures, figures
from labelprep.model.annotation import Kind

if TYPE_CHECKING:
    from labelprep.manifest.store import Store

SIZE_WH = (100, 80)
CASES = [
    (Kind.BOX, [10, 10, 30, 50], Figures(800.0, 0.0, 20, 40, crosses=False, lacking=False)),
    (Kind.BOX, [90, 10, 130, 50], Figures(1600.0, 30.0, 40, 40, crosses=False, lacking=False)),
    (Kind.BOX, [30, 10, 10, 50], Figures(800.0, 0.0, -20, 40, crosses=False, lacking=False)),
    (Kind.POLYGON, [[0, 0], [10, 0], [0, 10]], Figures(50.0, 0.0, 10, 10, crosses=False, lacking=False)),
    (
        Kind.POLYGON,
        [[0, 0], [10, 10], [10, 0], [0, 10]],
        Figures(0.0, 0.0, 10, 10, crosses=True, lacking=False),
    ),
    (Kind.POLYGON, [[0, 0], [10, 10]], Figures(None, 0.0, 0.0, 0.0, crosses=False, lacking=True)),
    (Kind.POLYLINE, [[0, 0], [10, 90]], Figures(None, 10.0, 10, 90, crosses=False, lacking=False)),
    (
        Kind.MASK,
        {"size_wh": [4, 2], "offset": [97, 0], "counts": [0, 3, 5]},
        Figures(3.0, 1.0, 4, 2, crosses=False, lacking=False),
    ),
]


@pytest.mark.parametrize(("kind", "geometry", "expected"), CASES)
def test_a_shape_is_measured_by_its_kind(kind: Kind, geometry: object, expected: Figures) -> None:
    assert figures(kind, geometry, SIZE_WH) == expected


SHAPES = [
    ("LP502", "box", [5, 5, 5, 9], "cat", "the box encloses nothing (0 × 4 px)"),
    ("LP508", "box", [1, 1, 9, 9], None, "the box has no class"),
    ("LP509", "box", [6, 1, 2, 5], "cat", "its left side lies right of its right side"),
    ("LP510", "polygon", [[1, 1], [4, 4]], "cat", "too few points for a polygon"),
]


@pytest.mark.parametrize(("code", "kind", "geometry", "name", "problem"), SHAPES)
def test_a_shape_that_is_wrong_is_told_with_its_place(  # noqa: PLR0913, PLR0917 - the columns of the cases
    store: Store, code: str, kind: str, geometry: object, name: str | None, problem: str
) -> None:
    draw_shape(store, kind, geometry, name)

    found = list(BY_CODE[code].find(CheckContext(store.connection)))

    assert [(one.where, one.problem) for one in found] == [("cat/1.png: shapes[0]", problem)]


def test_shapes_are_measured_again_after_a_command(store: Store) -> None:
    draw_shape(store, "box", [1, 1, 5, 5], "cat")
    before = list(BY_CODE["LP502"].find(CheckContext(store.connection)))
    draw_shape(store, "box", [5, 5, 5, 9], "cat")

    after = list(BY_CODE["LP502"].find(CheckContext(store.connection)))

    assert (len(before), len(after)) == (0, 1)


def draw_shape(store: Store, kind: str, geometry: object, name: str | None) -> None:
    """Write a shape on one picture, as a command."""
    with store.writing() as connection:
        command = connection.execute(
            "INSERT INTO command (name, arguments, at) VALUES ('import', '{}', '') RETURNING number"
        ).fetchone()[0]
        connection.execute("INSERT OR IGNORE INTO source (id, kind, location, rank) VALUES (9, 'x', 'x', 30)")
        image = connection.execute("SELECT id FROM image WHERE path = 'cat/1.png'").fetchone()[0]
        statement = connection.execute(
            "INSERT INTO statement (image_id, source_id, locator, added_by) VALUES (?, 9, 'a.json', ?) "
            "RETURNING id",
            (image, command),
        ).fetchone()[0]
        connection.execute(
            "INSERT INTO annotation (statement_id, kind, class_id, geometry, locator) "
            "VALUES (?, ?, (SELECT id FROM class WHERE name = ?), ?, 'shapes[0]')",
            (statement, kind, name, json.dumps(geometry)),
        )
