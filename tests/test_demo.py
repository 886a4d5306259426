"""The demo has its sample data in hand, and its labels come to the pictures without a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.cli.application import execute
from labelprep.cli.demo import COMMANDS, prepared

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KINDS = ["cup", "fish", "house", "leaf", "star"]


def test_new_pictures_are_kept_apart_from_those_that_are_scanned(tmp_path: Path) -> None:
    place = prepared(tmp_path / "work")

    assert sorted(path.name for path in place.iterdir()) == [
        "labelme",
        "labels.csv",
        "labels.xlsx",
        "new",
        "photos",
    ]
    assert sorted(path.name for path in (place / "new").iterdir()) == [
        f"new_{kind}_001.jpg" for kind in KINDS
    ]
    assert len(list((place / "photos").rglob("*_*.*"))) == 295


def test_labels_of_the_demo_agree_and_explain_shows_all_four_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(prepared(tmp_path / "work"))
    before_training = COMMANDS[: [command[0] for command in COMMANDS].index("train")]

    codes = [execute(list(command)) for command in before_training]

    out = capsys.readouterr().out
    assert [command[0] for command in before_training] == ["scan", "import", "import", "import", "explain"]
    assert codes == [0] * len(before_training)
    assert out.count(" 0 unmatched, 0 skipped\n") == out.count("\n  0 conflicts\n") == 3
    assert [line.split()[-5].split(":")[0] for line in out.splitlines() if "(rank " in line] == [
        "labels.csv",
        "labels.xlsx",
        "labelme",
        "cup/",
    ]
