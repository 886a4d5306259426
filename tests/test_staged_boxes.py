"""Boxes that go down many in one statement are the rows that they would be one by one."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from labelprep.manifest import staged_boxes
from labelprep.model.boxes import Boxes


def test_boxes_become_a_row_each_in_their_order() -> None:
    number = 2 * staged_boxes.ROWS + 3
    corners = [[0.5, 1.0, float(at + 1), 2.25] for at in range(number)]
    boxes = Boxes(["猫"] * number, corners, list(range(number)), "annotations", (0.5, 1.0, number, 2.25))
    rows = list(staged_boxes.rows(7, boxes.with_attributes({"a": "ü"}), "annotations[1]"))

    with closing(sqlite3.connect("")) as connection:
        connection.execute("CREATE TEMP TABLE meaning (place, kind, label, geometry, attributes, locator, c)")
        staged_boxes.insert(connection, rows)
        found = connection.execute("SELECT * FROM temp.meaning ORDER BY rowid").fetchall()

    assert found[0] == (7, "box", "猫", "[0.5,1.0,1.0,2.25]", '{"a":"ü"}', "annotations[0]", None)
    assert found[1] == (8, "box", "猫", "[0.5,1.0,2.0,2.25]", None, None, None)
    assert [row[3] for row in found] == [f"[0.5,1.0,{at + 1}.0,2.25]" for at in range(number)]
    assert [row[5] for row in found[2:]] == [f"annotations[{at}]" for at in range(2, number)]
