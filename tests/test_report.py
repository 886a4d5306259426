"""`report`: one page about a manifest, with what is wrong and how it looks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from labelprep.manifest.store import open_store
from labelprep.model.ranks import Rank
from labelprep.progress import Silent
from labelprep.workflows.splitting import split_images
from labelprep.workflows.thumbnails import thumbnails
from pictures import draw, fingerprint, tree
from running import Command, Place, scan
from saying import say

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def written(work: Path, command: Command) -> str:
    """Return the page of a set with a conflict, a copy, a damaged file and a Chinese class."""
    tree(work / "imgs", [*(f"猫/{n}.png" for n in range(6)), *(f"dog/{n}.png" for n in range(5))])
    draw(work / "imgs/dog/copy.png", 0)
    (work / "imgs/dog/empty.png").write_bytes(b"")
    scan(work / "imgs")
    with open_store(work / "manifest.db") as store:
        say(store, "dog/1.png", "dog", rank=Rank.SHEET, location="a.csv")
        say(store, "dog/1.png", "猫", rank=Rank.SHEET, location="b.csv")
        split_images(store, {"train": 0.6, "val": 0.4, "test": 0.0})
    found = command("report", "out.html")
    assert found.code == 0, found.err
    return (work / "out.html").read_text(encoding="utf-8")


def test_the_page_is_one_file_that_asks_for_nothing(written: str) -> None:
    assert not re.search(r"(src|href)=\"(?!data:|#)", written)
    assert "<script" not in written
    assert "url(" not in written


@pytest.mark.parametrize("section", ["issues", "classes", "splits", "pictures", "conflicts", "duplicates"])
def test_the_page_has_all_its_parts(written: str, section: str) -> None:
    assert f'<h2 id="{section}">' in written


def test_classes_conflicts_and_copies_are_told_with_pictures(written: str) -> None:
    assert "<span>猫</span>" in written
    assert "1 image has sources that disagree" in written
    assert "dog: sheet a.csv" in written
    assert "2 images, equal files, with different labels" in written
    assert written.count("data:image/jpeg;base64,") >= 4


def test_issues_stand_with_their_code_and_what_to_do(written: str) -> None:
    assert 'id="LP203"' in written
    assert "labelprep resolve --prefer SOURCE" in written
    assert 'id="LP238"' in written


def test_the_report_changes_nothing_of_the_originals(animals: Place, command: Command) -> None:
    before = fingerprint(animals.root)

    assert command("report", "out.html").code == 0

    assert fingerprint(animals.root) == before


def test_two_reports_are_equal(animals: Place, command: Command, work: Path) -> None:
    del animals

    command("report", "a.html")
    command("report", "b.html")

    assert (work / "a.html").read_bytes() == (work / "b.html").read_bytes()


def test_a_program_reads_where_the_page_is(animals: Place, command: Command, work: Path) -> None:
    del animals

    found = command("report", "out.html", "--json").json

    assert found["report"] == "out.html"
    assert found["bytes"] == (work / "out.html").stat().st_size


@pytest.mark.parametrize(
    ("target", "said"),
    [("imgs.html", "the file exists"), (".", "this is a folder"), ("animals/out.html", "among the images")],
)
def test_a_target_that_cannot_be_is_refused(
    animals: Place, command: Command, work: Path, target: str, said: str
) -> None:
    del animals
    (work / "imgs.html").write_text("mine", encoding="utf-8")

    found = command("report", target)

    assert found.code == 2
    assert said in found.err
    assert (work / "imgs.html").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_is_not_there_is_told(animals: Place, command: Command) -> None:
    del animals

    found = command("report", "nowhere/out.html")

    assert found.code == 3
    assert "it cannot be written" in found.err


def test_many_images_are_samples_with_counts(work: Path, command: Command) -> None:
    tree(work / "imgs", [f"cat/{number}.png" for number in range(3)])
    for number in range(40):
        draw(work / f"imgs/cat/copy{number}.png", 0)
    scan(work / "imgs")

    command("report", "out.html")

    page = (work / "out.html").read_text(encoding="utf-8")
    assert "41 images, equal files" in page
    assert "… and 33 more" in page
    assert page.count("data:image/jpeg;base64,") == 8 + 8, "eight copies, eight pictures of one colour"


def test_a_picture_that_cannot_be_had_is_left_blank(animals: Place) -> None:
    (animals.root / "cat/1.png").unlink()

    with open_store(animals.manifest) as store:
        made = thumbnails(store, [1, 2, 99], 16, Silent())

    assert sorted(made) == [2]
    assert made[2].startswith(b"\xff\xd8")
