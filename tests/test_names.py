"""Hostile file names: kept exactly, shown harmlessly, and named where another system could not hold them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hostile_names import HOSTILE, NEEDS_SHARED, ON_LINUX, craft, made
from labelprep.checks.unportable_names import not_portable
from labelprep.manifest.paths import escaped, on_disk
from labelprep.workflows.scanning import ScanOptions, scan_folder
from running import Command, Place, issues_of, rows, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.workflows.scanning import ScanReport

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot hold these names")


@pytest.fixture(scope="module")
def hostile_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, list[bytes], ScanReport]:
    """Scan the hostile names once; nobody writes here."""
    work = tmp_path_factory.mktemp("hostile")
    names = made(work / "imgs", HOSTILE)
    report = scan(work / "imgs", work / "manifest.db")
    return Place(work / "imgs", work / "manifest.db"), names, report


@POSIX
def test_every_name_is_stored_exactly(hostile_once: tuple[Place, list[bytes], ScanReport]) -> None:
    place, names, _ = hostile_once

    stored = rows(place.manifest, "SELECT path, path_bytes FROM image")

    assert sorted(os.fsencode(on_disk(*row)) for row in stored) == sorted(names)


@ON_LINUX
def test_linux_holds_all_of_these_names(hostile_once: tuple[Place, list[bytes], ScanReport]) -> None:
    _, names, report = hostile_once

    assert names == HOSTILE
    assert report.status == {"ok": len(HOSTILE)}


@POSIX
def test_the_folders_are_classes_whatever_their_names(
    hostile_once: tuple[Place, list[bytes], ScanReport],
) -> None:
    _, names, report = hostile_once

    folders = Counter(escaped(os.fsdecode(name.split(b"/")[0])) for name in names)

    assert report.classes == folders


@pytest.mark.parametrize(
    "line", ["show", "classes list", "log", "explain cat/x.png", "scan {root}", "split --verify", "explain g"]
)
@POSIX
def test_nothing_a_terminal_would_obey_is_printed(
    hostile_once: tuple[Place, list[bytes], ScanReport], command: Command, line: str
) -> None:
    place, _, _ = hostile_once

    ran = command(*(part.format(root=place.root) for part in line.split()), "-m", place.manifest)

    printed = ran.out + ran.err
    assert ran.code in {0, 2}
    assert [one for one in printed if not one.isprintable() and one not in "\n\u200d"] == []


@pytest.mark.parametrize("line", ["show", "classes list", "explain cat/x.png", "scan {root}"])
@POSIX
def test_json_holds_every_name_and_is_ascii(
    hostile_once: tuple[Place, list[bytes], ScanReport], command: Command, line: str
) -> None:
    place, _, _ = hostile_once

    ran = command(*(part.format(root=place.root) for part in line.split()), "-m", place.manifest, "--json")

    assert (ran.code, ran.out.isascii()) == (0, True)
    assert isinstance(json.loads(ran.out), dict)


@ON_LINUX
def test_names_that_other_systems_cannot_hold_are_told(
    hostile_once: tuple[Place, list[bytes], ScanReport],
) -> None:
    _, _, report = hostile_once

    assert [where for where, _ in issues_of(report, "LP601")] == [
        "bad\\xff\\xfe/dir.png",
        "latin1/caf\\xe8.png",
        "latin1/caf\\xe9.png",
    ]
    assert {where for where, _ in issues_of(report, "LP602")} >= {
        "new\nline/a\nb.png",
        "class./x.png",
        "cat /x.png",
        "back\\slash/c:\\x.png",
    }
    assert issues_of(report, "LP603") == [
        ("Cat/x.png", "differs only in case or spelling from cat/x.png"),
        ("cafe\u0301/e\u0301.png", "differs only in case or spelling from caf\u00e9/\u00e9.png"),
        ("case/IMG.png", "differs only in case or spelling from case/img.png"),
    ]


@ON_LINUX
def test_a_name_that_is_no_utf8_is_found_by_its_escaped_form(
    hostile_once: tuple[Place, list[bytes], ScanReport], command: Command
) -> None:
    place, _, _ = hostile_once

    by_text = command("explain", "latin1/caf\\xe9.png", "-m", place.manifest, "--json")
    by_bytes = command("explain", os.fsdecode(b"latin1/caf\xe9.png"), "-m", place.manifest, "--json")

    assert by_text.json["path"] == by_bytes.json["path"] == "latin1/caf\\xe9.png"


@ON_LINUX
def test_folders_and_links_with_names_that_are_no_utf8_are_told_escaped(work: Path) -> None:
    root = os.fsencode(work / "imgs")
    os.makedirs(os.path.join(root, b"empty\xff"))  # noqa: PTH103, PTH118 - bytes
    os.symlink(b"nothing", os.path.join(root, b"gone\xff.png"))  # noqa: PTH118, PTH211 - bytes
    os.makedirs(os.path.join(root, b".git\xff"))  # noqa: PTH103, PTH118 - bytes

    report = scan(work / "imgs")

    assert [(issue.code, issue.where) for issue in report.issues] == [
        ("LP108", "gone\\xff.png"),
        ("LP110", "empty\\xff/"),
        ("LP111", ".git\\xff/"),
    ]


@ON_LINUX
def test_a_root_and_a_part_of_it_whose_names_are_no_utf8_are_scanned(work: Path, command: Command) -> None:
    root = os.fsdecode(os.path.join(os.fsencode(work), b"imgs\xff"))  # noqa: PTH118 - bytes
    assert made(Path(root), [b"cat\xfe/1.png", b"dog/2.png"])

    codes = [
        command(*line).code
        for line in (
            ("scan", root),
            ("scan", root + os.fsdecode(b"/cat\xfe")),
            ("relocate", root),
            ("show",),
            ("log",),
            ("scan", root, "--json"),
        )
    ]

    assert codes == [0] * 6
    assert rows(work / "manifest.db", "SELECT path FROM image") == ["cat\\xfe/1.png", "dog/2.png"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("cat/a.png", ""),
        ("数据集/猫.png", ""),
        ("..a/b..c.png", ""),
        ("win/CON.png", "'CON.png' is reserved"),
        ("aux/a.png", "'aux' is reserved"),
        ("lpt1.tar.gz", "'lpt1.tar.gz' is reserved"),
        ("console/com.png", ""),
        ("class./x.png", "'class.' ends with a dot or a space"),
        ("cat /x.png", "'cat ' ends with a dot or a space"),
        ("a:b?.png", "'a:b?.png' contains ':', '?'"),
        ("tab\t/a.png", "'tab\\t' contains '\\t'"),
    ],
)
def test_names_that_windows_cannot_hold_are_known(path: str, reason: str) -> None:
    assert not_portable(path.split("/")) == reason


# The shared tree of hostile names, with its list of what each should do

IMAGE, JUNK, FOLDER = "ok", "junk", "folder"
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
# What a scan does otherwise than the list says, and why.
EXCEPTIONS = {
    # Said: counted as unknown extension. They hold JPEG data, so they are taken as images, and told (LP109).
    b"space/end.jpg ": IMAGE,
    b"dots/trailing.": IMAGE,
    b"win/aux": IMAGE,
    # Said: unreadable, and so they are, but to the one user whom no permission stops.
    b"perm/unreadable.jpg": IMAGE if IS_ROOT else "corrupt",
    b"perm/dir_noread/x.jpg": IMAGE if IS_ROOT else "unreadable_folder",
}
# The list's words, in this scan's.
OUTCOMES = (
    ("skipped silently", JUNK),
    ("content check fails", "corrupt"),
    ("not a regular file", "not_a_file"),
    ("broken link", "broken_link"),
    ("not followed by default", "linked_folder"),
    ("followed once or not at all", "linked_folder"),
    ("size limit", "too_large"),
    ("no crash; ignored", FOLDER),
    ("class with 0 images", FOLDER),
)
STATUSES = ("ok", "corrupt", "too_large")


def expectation(name: bytes, said: str) -> str:
    """Return how a name should end: as an image of some status, or counted for some reason."""
    wanted = next((outcome for words, outcome in OUTCOMES if words in said), IMAGE)
    return EXCEPTIONS.get(name, wanted)


@pytest.fixture(scope="module")
def crafted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, ScanReport, dict[bytes, str]]]:
    """Build the tree with its hazards and scan it; yield it with what the list says of each name."""
    work = tmp_path_factory.mktemp("crafted")
    root = work / "tree"
    said = craft(root, hazards=True)
    report = scan_folder(root, manifest=work / "manifest.db", options=ScanOptions(workers=2))
    yield Place(root, work / "manifest.db"), report, said
    for folder in ("dir_noread", "ro_dir"):
        (root / "perm" / folder).chmod(0o700)
    shutil.rmtree(root)


@NEEDS_SHARED
@ON_LINUX
def test_every_crafted_name_ends_as_its_list_says(
    crafted: tuple[Place, ScanReport, dict[bytes, str]],
) -> None:
    place, report, said = crafted
    expected = {name: expectation(name, text) for name, text in said.items()}

    stored = rows(place.manifest, "SELECT path, path_bytes, status FROM image")

    counted = Counter(report.skipped)
    counted[JUNK] += counted.pop("junk_folder")
    counted[FOLDER] = len(issues_of(report, "LP110"))
    assert {os.fsencode(on_disk(path, raw)): status for path, raw, status in stored} == {
        name: outcome for name, outcome in expected.items() if outcome in STATUSES
    }
    assert counted == Counter(outcome for outcome in expected.values() if outcome not in STATUSES)


@NEEDS_SHARED
@ON_LINUX
@pytest.mark.parametrize(
    ("words", "code"), [("warn: not portable", "LP602"), ("content-sniffed as JPEG", "LP109")]
)
def test_crafted_names_that_need_a_warning_have_it(
    crafted: tuple[Place, ScanReport, dict[bytes, str]], words: str, code: str
) -> None:
    _, report, said = crafted
    wanted = {escaped(os.fsdecode(name)) for name, text in said.items() if words in text}

    told = {where for where, _ in issues_of(report, code)}

    assert wanted
    assert wanted <= told


@NEEDS_SHARED
@ON_LINUX
def test_crafted_classes_that_look_alike_are_told(
    crafted: tuple[Place, ScanReport, dict[bytes, str]],
) -> None:
    _, report, _ = crafted

    told = [problem for _, problem in issues_of(report, "LP301")]

    assert told == [
        "these names look alike: 'cafe\\u0301', 'caf\\xe9'",
        "these names look alike: 'Cat', 'cat', 'cat ', 'ca\\u200bt', '\uff43\uff41\uff54'",
    ]
