"""One pass over a tree: what is an image, what is not, and that all of it is counted."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from labelprep.pixels.sniffing import IMAGE_EXTENSIONS
from labelprep.workflows.walking import Found, Walk, walk
from pictures import draw

if TYPE_CHECKING:
    from pathlib import Path

ON_WINDOWS = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot hold such names or links")


def put(root: Path, *names: str) -> None:
    """Write a small file for each name."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def walked(root: Path, start: str = "") -> tuple[list[Found], Walk]:
    """Return what a walk yields, and what it counts."""
    seen = Walk()
    return list(walk(str(root), start, IMAGE_EXTENSIONS, seen)), seen


def names(found: list[Found]) -> list[str]:
    """Return the paths with slashes."""
    return [one.path.replace(os.sep, "/") for one in found]


def test_files_come_sorted_folder_by_folder(tmp_path: Path) -> None:
    put(tmp_path, "b/2.png", "b/10.png", "a.png", "c.png", "a/z.png", "a/b/y.png")

    found, _ = walked(tmp_path)

    assert names(found) == ["a.png", "c.png", "a/z.png", "a/b/y.png", "b/10.png", "b/2.png"]


def test_a_found_file_carries_its_size_and_time(tmp_path: Path) -> None:
    draw(tmp_path / "cat" / "a.png")
    os.utime(tmp_path / "cat" / "a.png", ns=(5, 1_234_567_890_123_456_700))

    found, _ = walked(tmp_path)

    size = (tmp_path / "cat" / "a.png").stat().st_size
    assert found == [Found(os.path.join("cat", "a.png"), size, 1_234_567_890_123_456_700, is_image=True)]  # noqa: PTH118 - as the system spells it


def test_endings_count_in_any_case(tmp_path: Path) -> None:
    put(tmp_path, "a.JPG", "b.Jpeg", "c.PnG")

    found, seen = walked(tmp_path)

    assert [one.is_image for one in found] == [True, True, True]
    assert seen.skipped == {}


@pytest.mark.parametrize(
    "name",
    [
        "Thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        ".DS_Store",
        "._cat.jpg",
        ".hidden.jpg",
        "cat.jpg~",
        "#cat.jpg#",
        "cat.jpg.part",
        "cat.jpg.crdownload",
        "cat.jpg.tmp",
        "~$labels.xlsx",
        "THUMBS.DB",
    ],
)
def test_litter_of_systems_and_editors_is_counted_as_junk(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)

    found, seen = walked(tmp_path)

    assert (found, seen.skipped) == ([], {"junk": 1})


@pytest.mark.parametrize(
    "folder",
    [
        "__MACOSX",
        "@eaDir",
        ".ipynb_checkpoints",
        ".git",
        "$RECYCLE.BIN",
        "lost+found",
        "@Recycle",
        ".thumbnails",
    ],
)
def test_folders_of_systems_are_named_and_not_entered(tmp_path: Path, folder: str) -> None:
    put(tmp_path, f"cat/{folder}/a.jpg", "cat/b.jpg")

    found, seen = walked(tmp_path)

    assert names(found) == ["cat/b.jpg"]
    assert (seen.skipped, seen.junk_folders) == ({"junk_folder": 1}, [os.path.join("cat", folder)])  # noqa: PTH118 - as the system spells it


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("labels.csv", "label_file"),
        ("a.xml", "label_file"),
        ("a.txt", "label_file"),
        ("x.npz", "array_file"),
        ("x.zip", "archive"),
        ("x.mp4", "video"),
        ("readme.md", "document"),
        ("train.py", "code"),
        ("net.keras", "model_file"),
        ("manifest.db", "manifest"),
        ("x.CR2", "raw_photo"),
    ],
)
def test_other_files_are_counted_by_kind_and_ending(tmp_path: Path, name: str, reason: str) -> None:
    put(tmp_path, name)

    found, seen = walked(tmp_path)

    assert (found, seen.skipped) == ([], {reason: 1})
    assert seen.extensions == {f".{name.split('.')[1].lower()}": 1}


def test_files_of_unknown_ending_are_handed_out_to_be_looked_into(tmp_path: Path) -> None:
    put(tmp_path, "a", "b.xyz", "c.jpg.bin")

    found, seen = walked(tmp_path)

    assert [(one.path, one.is_image) for one in found] == [
        ("a", False),
        ("b.xyz", False),
        ("c.jpg.bin", False),
    ]
    assert seen.skipped == {}


def test_a_name_that_begins_with_two_dots_is_an_image(tmp_path: Path) -> None:
    put(tmp_path, "..cat..jpg", "a..b.jpg")

    found, _ = walked(tmp_path)

    assert names(found) == ["..cat..jpg", "a..b.jpg"]


def test_empty_folders_are_named_and_the_root_is_not(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "dir.jpg").mkdir()

    found, seen = walked(tmp_path)

    assert (found, seen.empty_folders) == ([], ["cat", "dir.jpg"])
    assert walked(tmp_path / "cat")[1].empty_folders == []


def test_a_walk_can_begin_below_the_root(tmp_path: Path) -> None:
    put(tmp_path, "cat/a.jpg", "dog/b.jpg", "dog/old/c.jpg")

    found, _ = walked(tmp_path, "dog")

    assert names(found) == ["dog/b.jpg", "dog/old/c.jpg"]


def test_a_folder_that_is_gone_or_forbidden_is_named_with_the_reason(tmp_path: Path) -> None:
    found, seen = walked(tmp_path, "nowhere")

    assert (found, seen.skipped) == ([], {"unreadable_folder": 1})
    assert [folder for folder, reason in seen.unreadable_folders if reason] == ["nowhere"]


@ON_WINDOWS
def test_links_to_files_are_followed_and_links_to_folders_counted(tmp_path: Path) -> None:
    put(tmp_path, "cat/a.jpg", "dog/b.jpg")
    (tmp_path / "dog" / "alias.jpg").symlink_to(tmp_path / "cat" / "a.jpg")
    (tmp_path / "dog" / "loop").symlink_to("..", target_is_directory=True)

    found, seen = walked(tmp_path)

    assert names(found) == ["cat/a.jpg", "dog/alias.jpg", "dog/b.jpg"]
    assert seen.skipped == {"linked_folder": 1}


@ON_WINDOWS
def test_links_to_nothing_are_named(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "self.jpg").symlink_to("self.jpg")

    found, seen = walked(tmp_path)

    assert (found, seen.skipped) == ([], {"broken_link": 2})
    assert seen.broken_links == ["gone.jpg", "self.jpg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_and_devices_are_counted_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")

    found, seen = walked(tmp_path)

    assert (found, seen.skipped) == ([], {"not_a_file": 2})


def test_every_file_is_either_yielded_or_counted(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "b", "c.csv", "c.zip", ".d", "e/f.jpg", "e/g.tmp", "h/i/j.png")

    found, seen = walked(tmp_path)

    assert len(found) + sum(seen.skipped.values()) == 8
