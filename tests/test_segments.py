"""Figures kept by content: what is there is taken, what is damaged or of another shape is made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labelprep.pixels.segments import keep, take

if TYPE_CHECKING:
    from pathlib import Path

KEYS = [bytes([number]) * 32 for number in range(4)]
ROWS = np.arange(4 * 2 * 3, dtype=np.uint8).reshape(4, 2, 3)


def test_what_was_kept_is_taken_wherever_it_is_asked_for(tmp_path: Path) -> None:
    keep(tmp_path / "way", KEYS[:2], ROWS[:2])
    keep(tmp_path / "way", KEYS[2:3], ROWS[2:3])
    asked = [KEYS[3], KEYS[1], KEYS[2], KEYS[1]]

    result = np.zeros((4, 2, 3), np.uint8)
    missing = take(tmp_path / "way", asked, result)

    assert missing.tolist() == [0]
    assert result.tolist() == [np.zeros((2, 3)).tolist(), *ROWS[[1, 2, 1]].tolist()]


def test_files_that_cannot_be_used_count_as_not_there(tmp_path: Path) -> None:
    keep(tmp_path, KEYS[:1], ROWS[:1, :1])
    keep(tmp_path, KEYS[1:2], ROWS[1:2])
    (tmp_path / "cut_off.npz").write_bytes(next(tmp_path.glob("*.npz")).read_bytes()[:50])
    (tmp_path / "empty.npz").touch()

    missing = take(tmp_path, KEYS[:2], np.zeros((2, 2, 3), np.uint8))

    assert missing.tolist() == [0]


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "way").touch()

    keep(tmp_path / "way" / "below", KEYS[:1], ROWS[:1])

    assert take(tmp_path / "way" / "below", KEYS[:1], ROWS[:1].copy()).tolist() == [0]
