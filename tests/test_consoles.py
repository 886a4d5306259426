"""What consoles and pipes get: nothing heavy loaded, any encoding, no escape that a terminal would obey."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from labelprep.cli.output import table, visible, width
from labelprep.cli.quoting import quoted
from pictures import tree

if TYPE_CHECKING:
    from pathlib import Path

    from running import Place

HEAVY = ("numpy", "pandas", "PIL", "rich", "tensorflow", "keras", "sqlite3", "psutil", "matplotlib")


def process(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run labelprep in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "labelprep", *arguments],
        cwd=cwd,
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_help_loads_nothing_heavy(work: Path) -> None:
    program = (
        "import sys\n"
        "from labelprep.cli.application import execute\n"
        "execute(['--help'])\n"
        f"print('loaded:', [name for name in {HEAVY} if name in sys.modules])\n"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=work, capture_output=True, check=True, text=True
    )

    assert ran.stdout.splitlines()[-1] == "loaded: []"


@pytest.mark.parametrize("encoding", ["gbk", "cp1252", "ascii"])
def test_a_pipe_of_another_encoding_takes_every_name(work: Path, encoding: str) -> None:
    tree(work / "图片", ["猫/一.png", "chien\u0301/🐱.png"])

    scanned = process("scan", "图片", cwd=work, PYTHONIOENCODING=encoding)
    shown = process("show", "--json", cwd=work, PYTHONIOENCODING=encoding)

    assert (scanned.returncode, scanned.stderr, shown.returncode) == (0, b"", 0)
    assert ("猫" in scanned.stdout.decode(encoding)) is (encoding == "gbk")
    assert list(json.loads(shown.stdout)["classes"]) == ["chien\u0301", "猫"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells a closed pipe in another way")
def test_a_reader_that_has_gone_is_no_error(animals: Place) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "labelprep", "log"],
        cwd=animals.root.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        said = running.stderr.read()

    assert (running.returncode, said) == (0, b"")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cat", "cat"),
        ("猫 é", "猫 é"),
        ("a\nb\t\x1b[31m", "a\\nb\\t\\x1b[31m"),
        ("photo_\u202egpj", "photo_\\u202egpj"),
        ("ca\u200bt", "ca\\u200bt"),
        ("bad\udcff", "bad\\xff"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("\u2028", "\\u2028"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(("text", "columns"), [("cat", 3), ("猫", 2), ("e\u0301", 1), ("ｃ", 2), ("", 0)])
def test_width_counts_terminal_columns(text: str, columns: int) -> None:
    assert width(text) == columns


def test_a_table_aligns_wide_characters_and_numbers() -> None:
    text = table(("class", "images"), [("猫", "1,000"), ("dog", "7")])

    assert text.splitlines() == ["  class  images", "  猫      1,000", "  dog         7"]


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("imgs", "imgs"),
        ("my imgs", '"my imgs"'),
        ("数据集/猫", "数据集/猫"),
        ("a&b", '"a&b"'),
        ("a(1)", '"a(1)"'),
    ],
)
def test_a_path_is_quoted_where_a_shell_would_take_it_apart(tmp_path: Path, path: str, typed: str) -> None:
    assert quoted((tmp_path / path).relative_to(tmp_path)) == typed.replace("/", os.sep)
