"""Every kind of defect that is planted into a clean set is reported at its place; without them nothing is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from defects import DEFECTS, Defect, clean, planted

if TYPE_CHECKING:
    from pathlib import Path

    from running import Command

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="some of the names cannot be written on other systems"
)


SOURCES = (
    ("sheet.csv", "--encoding", "utf-8"),
    ("other.csv", "--encoding", "utf-8"),
    ("imgs", "--from", "labelme"),
)


def issues_of(work: Path, command: Command) -> list[dict[str, Any]]:
    """Return all that `check` lists after a scan and the imports of sheets and shapes."""
    command("scan", "imgs", "--json")
    for source, option, value in SOURCES:
        if (work / source).exists():
            assert command("import", source, option, value, "--json").code == 0
    issues: list[dict[str, Any]] = command("check", "--json-full").json["issues"]
    return issues


def test_a_set_without_defects_is_left_in_peace(work: Path, command: Command) -> None:
    clean(work)

    found = issues_of(work, command)

    assert found == []


@pytest.fixture(scope="module")
def reported() -> dict[str, list[dict[str, Any]]]:
    """Return what is kept between the tests of one set, which is planted once."""
    return {}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_each_defect_is_reported_at_its_place(
    defect: Defect, reported: dict[str, list[dict[str, Any]]], work: Path, command: Command
) -> None:
    if not reported:
        planted(work)
        reported["all"] = issues_of(work, command)

    found = [issue for issue in reported["all"] if issue["code"] == defect.code]

    assert defect.where in [issue["where"] for issue in found if defect.says in issue["problem"]], found


def test_there_are_at_least_forty_kinds() -> None:
    assert len({defect.name for defect in DEFECTS}) >= 40
