"""The READMEs' table of formats says what the code says, and every format has its page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import format_table
from format_table import BEGIN, CHINESE, END, ENGLISH, READMES, formats, page_of, table, with_table
from labelprep import formats as known
from labelprep.formats.base import Keeps

if TYPE_CHECKING:
    from format_table import Words

PROJECT = Path(__file__).parents[1]


@pytest.mark.parametrize("readme", READMES)
def test_table_in_the_readme_is_what_the_code_says(readme: str) -> None:
    text = (PROJECT / readme).read_text(encoding="utf-8")

    renewed = with_table(text, READMES[readme])

    assert renewed == text, "run: python tools/format_table.py"


def test_every_format_has_a_line_and_a_page_that_is_about_it() -> None:
    linked = re.findall(r"^\| \[(.+?)\]\((.+?)\) ", table(ENGLISH), re.MULTILINE)
    pages = {path.stem for path in (PROJECT / "docs" / "formats").glob("*.md")}

    lacking = [name for name, page in linked if not (PROJECT / page).is_file()]

    assert [name for name, _ in linked] == formats()
    assert lacking == [], "write docs/formats/<name>.md"
    assert set(known.READERS) | set(known.WRITERS) <= pages
    assert all(_is_page_of(name) for name in formats())


def _is_page_of(name: str) -> bool:
    """Tell whether a page has a title, a drawing, and a command that reads or writes a format."""
    page = (PROJECT / page_of(name)).read_text(encoding="utf-8")
    return page.startswith("# ") and page.count("```") > 1 and "labelprep " in page


def test_what_is_read_and_written_follows_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(format_table, "READERS", {"table": known.READERS["table"]})
    monkeypatch.setattr(
        format_table, "WRITERS", {name: known.WRITERS[name] for name in ("jsonl", "crops", "labelme")}
    )

    lines = table(ENGLISH).splitlines()

    assert lines[:4] == [
        "| format | reads | writes | keeps |",
        "| --- | --- | --- | --- |",
        "| [table](docs/formats/table.md) | ✓ | `.csv`, `.xlsx` | classes, split, group |",
        "| [jsonl](docs/formats/jsonl.md) | as `table` | ✓ | classes, split, group |",
    ]
    assert lines[4].startswith("| [crops](docs/formats/crops.md) | – | ✓ | split, boxes, rotated boxes,")
    assert lines[5] == "| [labelme](docs/formats/labelme.md) | – | ✓ | all but split, group |"


@pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_everything_a_format_can_keep_has_a_word_of_its_own(words: Words) -> None:
    assert set(words.kept) == set(Keeps)
    assert len(set(words.kept.values())) == len(Keeps)


def test_script_replaces_the_table_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in READMES:
        (tmp_path / name).write_text(f"# Über\n\n{BEGIN}\nold\n{END}\n\nafter\n", encoding="utf-8")
    monkeypatch.setattr(format_table, "PROJECT", tmp_path)

    format_table.main()
    format_table.main()

    assert (tmp_path / "README.md").read_text(encoding="utf-8") == (
        f"# Über\n\n{BEGIN}\n\n{table(ENGLISH)}\n{END}\n\nafter\n"
    )
    assert capsys.readouterr().out.splitlines() == [
        "README.md: written",
        "README.zh.md: written",
        "README.md: unchanged",
        "README.zh.md: unchanged",
    ]


def test_readme_without_the_place_for_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="where the table goes"):
        with_table("# labelprep\n", ENGLISH)
