"""What the README shows is what happens: its session and its Python run as they stand there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from labelprep.cli.application import execute

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
KINDS = ("cup", "fish", "house")
EACH = 30


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def session() -> list[tuple[str, str]]:
    """Return the commands of the session with what they print."""
    parts = re.split(r"^\$ labelprep (.*)\n", blocks("console")[0], flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def as_pattern(text: str) -> str:
    """Turn expected output into a pattern: numbers are any numbers, … is anything, spaces may vary."""
    lines = masked(text).splitlines()
    return "".join(
        r"(?:.*\n)*?" if line == "…" else ".*".join(re.escape(part) for part in line.split("…")) + r"\n"
        for line in lines
    )


def masked(text: str) -> str:
    text = re.sub(r"(\d+ min )?\d+(\.\d+)? s\b", "# s", text)
    text = re.sub(r"(?<![\w/])\d[\d,.]*%?", "#", text)
    return re.sub(r" +", " ", text)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in KINDS:
        (tmp_path / "photos" / kind).mkdir(parents=True)
        pictures = sorted((ROOT / "sample_data" / "photos" / kind).iterdir())
        for picture in pictures[:EACH]:
            shutil.copy(picture, tmp_path / "photos" / kind)
        if kind == KINDS[0]:
            shutil.copy(pictures[EACH], tmp_path / f"new_photo{pictures[EACH].suffix}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_session_of_the_readme_prints_what_it_shows(photos: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for command, expected in session():
        code = execute(command.split())
        printed = capfd.readouterr()

        assert code == 0, printed.err
        shown = printed.err + printed.out if command.startswith(("train", "evaluate")) else printed.out
        assert re.fullmatch(as_pattern(expected), masked(shown)), shown
    assert (photos / "runs/0001-compact/cnn_model.h5").stat().st_size > 0


def test_session_of_the_readme_needs_no_option_and_ends_with_the_next_command() -> None:
    commands = session()

    assert len(commands) <= 4
    assert not [command for command, _ in commands if " -" in command]
    assert all(re.search(r"^Next: labelprep \w+", shown, re.MULTILINE) for _, shown in commands)


def test_python_of_the_readme_runs_as_a_script(photos: Path) -> None:
    (photos / "script.py").write_text(blocks("python")[0], encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=photos,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "(32, 64, 64, 3) <dtype: 'uint8'> <dtype: 'int32'>",
        "['cup', 'fish', 'house']",
        "{'cup': 30, 'fish': 30, 'house': 30}",
    ]


def test_windows_commands_stand_beside_the_unix_ones() -> None:
    assert len(blocks("sh")) == 2
    assert "py -3.13 -m venv .venv" in blocks("bat")[0]
