"""What the READMEs show is what happens: their sessions and their Python run as they stand there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from labelprep.cli.application import execute
from table_files import workbook

ROOT = Path(__file__).parents[1]
ENGLISH, CHINESE = (
    (ROOT / name).read_text(encoding="utf-8").replace("\r\n", "\n") for name in ("README.md", "README.zh.md")
)
KINDS = ("cup", "fish", "house")
EACH = 30
SHOWN_WITH_STDERR = ("train", "evaluate")


@dataclass(frozen=True)
class Tutorial:
    """The names that a README's tutorial uses, and what is wrong with its sheet at first."""

    readme: str
    folder: str
    sheet: str
    header: tuple[str, str]
    stem: str
    ending: str
    classes: tuple[str, str]
    mistyped: str

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The rows of the sheet as they should be."""
        return [
            (f"{self.stem.format(number)}{self.ending}", self.classes[(number + 1) % 2])
            for number in range(1, IN_TUTORIAL + 1)
        ]


IN_TUTORIAL = 24
SLIP = 7
IN_ENGLISH = Tutorial(
    ENGLISH, "photos", "labels.xlsx", ("photo", "class"), "{:03}", "", ("house", "leaf"), "huose"
)
IN_CHINESE = Tutorial(
    CHINESE, "照片", "标签.xlsx", ("文件名", "类别"), "IMG_{:04}", ".jpg", ("房子", "树叶"), "房了"
)


def blocks(language: str, readme: str = ENGLISH) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)


def session(block: str) -> list[tuple[str, str]]:
    """Return the commands of a session with what they print."""
    parts = re.split(r"^\$ labelprep (.*)\n", block, flags=re.MULTILINE)
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


def follow(block: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Type the commands of a session and compare what they print."""
    for command, expected in session(block):
        code = execute(command.split())
        printed = capfd.readouterr()

        assert code == 0, printed.err
        shown = printed.err + printed.out if command.startswith(SHOWN_WITH_STDERR) else printed.out
        assert re.fullmatch(as_pattern(expected), masked(shown)), shown


def take_photos(tutorial: Tutorial) -> None:
    Path(tutorial.folder).mkdir()
    for number in range(1, IN_TUTORIAL + 1):
        kind = ("house", "leaf")[(number + 1) % 2]
        picture = ROOT / "sample_data" / "photos" / kind / f"{kind}_{(number + 1) // 2:03}.jpg"
        shutil.copy(picture, Path(tutorial.folder) / f"{tutorial.stem.format(number)}.jpg")


def test_session_of_the_readme_prints_what_it_shows(photos: Path, capfd: pytest.CaptureFixture[str]) -> None:
    follow(blocks("console")[0], capfd)

    assert (photos / "runs/0001-efficientnet-lite0/cnn_model.h5").stat().st_size > 0


@pytest.mark.parametrize("tutorial", [IN_ENGLISH, IN_CHINESE], ids=["README.md", "README.zh.md"])
def test_tutorial_leads_from_a_sheet_with_slips_to_a_network(
    tutorial: Tutorial, work: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _, before, after = blocks("console", tutorial.readme)
    missing = tutorial.stem.format(IN_TUTORIAL + 1) + tutorial.ending
    wrong = [*tutorial.rows, (missing, tutorial.classes[0])]
    wrong[SLIP - 1] = (wrong[SLIP - 1][0], tutorial.mistyped)
    take_photos(tutorial)
    workbook(work, [tutorial.header, *wrong], tutorial.sheet)

    follow(before, capfd)
    unmatched = (work / "unmatched.csv").read_text(encoding="utf-8-sig").splitlines()
    workbook(work, [tutorial.header, *tutorial.rows], tutorial.sheet)
    follow(after, capfd)

    assert [line.split(",")[:3] for line in unmatched[1:]] == [
        [f"Sheet1!A{IN_TUTORIAL + 2}", missing, "no image has this name"]
    ]
    assert not (work / "unmatched.csv").exists()
    assert (work / "runs/0001-efficientnet-lite0/cnn_model.h5").stat().st_size > 0


@pytest.mark.parametrize("readme", [ENGLISH, CHINESE], ids=["README.md", "README.zh.md"])
def test_sessions_need_no_option_and_each_command_ends_with_the_next(readme: str) -> None:
    commands = [item for block in blocks("console", readme) for item in session(block)]

    assert len(commands) == 8
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


def translated(text: str) -> str:
    """Return a text with the names of the Chinese tutorial as the English one has them."""
    return text.replace(IN_CHINESE.folder, IN_ENGLISH.folder).replace(IN_CHINESE.sheet, IN_ENGLISH.sheet)


def sections(readme: str) -> list[str]:
    """Return the parts of a README between its headings, without the blocks in them."""
    prose = re.sub(r"^```.*?^```$", "", readme, flags=re.DOTALL | re.MULTILINE)
    return re.split(r"^## .*$", prose, flags=re.MULTILINE)


def typed(section: str) -> list[str]:
    """Return what a section sets in code, options and all, once each."""
    return sorted(set(re.findall(r"`([^`]+)`", section)))


def test_both_readmes_have_the_same_sections_links_and_tables() -> None:
    english, chinese = sections(ENGLISH), sections(CHINESE)
    shape = [
        [(part.count("\n\n"), part.count("\n- "), part.count("\n|"), part.count(" | ")) for part in parts]
        for parts in (english, chinese)
    ]
    links = [re.findall(r"\]\(([^)]+)\)", readme) for readme in (ENGLISH, CHINESE)]

    assert shape[0] == shape[1]
    assert (links[0][0], links[1][0]) == ("README.zh.md", "README.md")
    assert links[0][1:] == links[1][1:]


@pytest.mark.parametrize("language", ["sh", "bat", "python"])
def test_both_readmes_have_the_same_blocks(language: str) -> None:
    assert blocks(language, CHINESE) == blocks(language, ENGLISH) != []


def test_both_readmes_type_the_same_commands_and_show_the_same_first_session() -> None:
    english, chinese = blocks("console", ENGLISH), blocks("console", CHINESE)

    assert chinese[0] == english[0]
    assert [[translated(command) for command, _ in session(block)] for block in chinese] == [
        [command for command, _ in session(block)] for block in english
    ]


def test_both_readmes_name_the_same_commands_and_options_in_each_section() -> None:
    english, chinese = ([typed(part) for part in sections(readme)] for readme in (ENGLISH, CHINESE))
    tutorial = 3
    commands = [
        [translated(text) for text in parts.pop(tutorial) if text.startswith("labelprep ")]
        for parts in (english, chinese)
    ]

    assert chinese == english
    assert commands[0] == commands[1] != []
