"""`check`: what a person sees, what a program reads, what is kept, accepted and mended."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labelprep.checks import CHECKS
from labelprep.manifest.store import open_store
from labelprep.progress import Silent
from labelprep.workflows.checking import CheckOptions, check_manifest, found_issues, kept
from pictures import draw, tree
from running import Command, rows, scan
from saying import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.checks.base import CheckContext, Finding
    from labelprep.manifest.store import Store

OWN = "LP238,LP3,LP401"


@pytest.fixture
def messy(work: Path) -> Path:
    """Return the manifest of three classes, two of which a person means as one, and a file twice."""
    tree(work / "imgs", [*(f"cat/{n}.png" for n in range(12)), *(f"Cat/{n}.png" for n in range(10))])
    draw(work / "imgs/dog/1.png", 0)
    scan(work / "imgs", labels="folder")
    return work / "manifest.db"


def test_a_person_sees_a_table_and_examples_and_what_to_do(messy: Path, command: Command) -> None:
    found = command("check", "-m", messy, "--select", OWN)

    assert found.code == 1
    assert (
        found.out
        == """\
           code   what                         times
  error    LP238  one picture with two labels      1
  warning  LP301  class names that look alike      1
  warning  LP304  classes with few images          1

LP238  one picture with two labels
  dog/1.png: the same file as cat/0.png, but it is labelled dog, not cat
  → labelprep resolve dog/1.png --label CLASS

LP301  class names that look alike
  classes: these names look alike: 'Cat', 'cat'
  → labelprep classes merge Cat cat

LP304  classes with few images
  dog: 1 image only; 10 are a beginning
  → add images of it, merge it into another class, or: labelprep classes retire CLASS

1 error, 2 warnings.

Next: labelprep check --fix --dry-run
"""
    )


def test_a_program_reads_issues_and_counts(messy: Path, command: Command) -> None:
    found = command("check", "-m", messy, "--select", OWN, "--json")

    assert found.code == 1
    assert [issue["code"] for issue in found.json["issues"]] == ["LP238", "LP301", "LP304"]
    assert found.json["counts"] == {
        "error": 1,
        "warning": 2,
        "note": 0,
        "known": 0,
        "codes": {"LP238": 1, "LP301": 1, "LP304": 1},
    }


def test_warnings_exit_1_only_where_that_is_asked_for(messy: Path, command: Command) -> None:
    assert command("check", "-m", messy, "--select", "LP3").code == 0
    assert command("check", "-m", messy, "--select", "LP3", "--strict").code == 1


def test_codes_are_chosen_and_left_out_by_their_beginning(messy: Path, command: Command) -> None:
    found = command("check", "-m", messy, "--select", "LP3", "--ignore", "lp304", "--json")

    assert found.json["checked"] == [
        check.code for check in CHECKS if check.code.startswith("LP3") and check.code != "LP304"
    ]


@pytest.mark.parametrize("option", ["--select", "--ignore", "--explain"])
def test_a_code_that_no_check_has_is_wrong_use(messy: Path, command: Command, option: str) -> None:
    found = command("check", "-m", messy, option, "LP999")

    assert found.code == 2
    assert "no check has the code 'LP999'" in found.err


@pytest.mark.usefixtures("work")
def test_a_code_is_explained(command: Command) -> None:
    found = command("check", "--explain", "lp304")

    assert found.code == 0
    assert found.out.startswith("LP304 few-images (warning): classes with few images\n")


@pytest.mark.usefixtures("animals")
def test_nothing_found_says_so(command: Command) -> None:
    found = command("check", "--select", "LP203,LP4")

    assert found.code == 0
    assert found.out.startswith("Nothing found by 9 checks.\n")
    assert found.last_line == "Next: labelprep split"


def test_ten_thousand_findings_are_three_lines_and_a_number(store: Store, command: Command) -> None:
    with store.writing() as connection:
        connection.execute(
            """
            INSERT INTO image (path, status, added_by)
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
            SELECT printf('gone/%05d.png', i), 'missing', 1 FROM n
            """
        )

    found = command("check", "--select", "LP106")

    assert len(found.out.splitlines()) < 15
    assert "… and 9,997 more" in found.out


def test_a_baseline_leaves_only_what_is_new(messy: Path, command: Command) -> None:
    written = command("check", "-m", messy, "--select", OWN, "--write-baseline", "accepted.json")
    with open_store(messy) as store:
        say(store, "cat/1.png", "wolf")

    found = command("check", "-m", messy, "--select", OWN, "--baseline", "accepted.json", "--json")

    assert written.code == 0
    assert [(issue["code"], issue["where"]) for issue in found.json["issues"]] == [("LP304", "wolf")]
    assert found.json["counts"]["known"] == 3


@pytest.mark.parametrize("content", [None, "no json", '{"labelprep": "else"}', "[]"])
def test_a_file_that_is_no_baseline_is_wrong_use(
    messy: Path, command: Command, work: Path, content: str | None
) -> None:
    if content is not None:
        (work / "b.json").write_text(content, encoding="utf-8")

    assert command("check", "-m", messy, "--baseline", "b.json").code == 2


def test_sarif_names_rules_levels_and_places(messy: Path, command: Command) -> None:
    found = command("check", "-m", messy, "--select", OWN, "--format", "sarif")

    log = json.loads(found.out)
    [run] = log["runs"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]][:2] == ["LP238", "LP301"]
    first = run["results"][0]
    assert (first["ruleId"], first["level"]) == ("LP238", "error")
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "dog/1.png"
    assert first["message"]["text"].startswith("dog/1.png: the same file as cat/0.png")


def test_a_page_holds_every_code_and_asks_for_nothing(messy: Path, command: Command) -> None:
    found = command("check", "-m", messy, "--select", OWN, "--format", "html")

    assert found.out.startswith("<!doctype html>")
    assert all(f'id="{code}"' in found.out for code in ("LP238", "LP301", "LP304"))
    assert "http" not in found.out.replace("http-equiv", "")


def test_mending_is_said_first_then_done_and_undone(messy: Path, command: Command) -> None:
    planned = command("check", "-m", messy, "--select", "LP301", "--fix", "--dry-run")
    before = rows(messy, "SELECT name FROM class WHERE merged_into IS NOT NULL")
    mended = command("check", "-m", messy, "--select", "LP301", "--fix")
    after = rows(messy, "SELECT name FROM class WHERE merged_into IS NOT NULL")
    command("undo", "-m", messy)

    assert "would be mended  LP301  'Cat' becomes 'cat'" in planned.out
    assert before == []
    assert "mended  LP301" in mended.out
    assert "Nothing found by 1 check." in mended.out
    assert after == ["Cat"]
    assert rows(messy, "SELECT name FROM class WHERE merged_into IS NOT NULL") == []


def test_findings_are_kept_and_known_to_be_old_after_a_change(store: Store) -> None:
    options = CheckOptions(select=("LP304",))

    report = check_manifest(store, options, Silent())

    stored = store.connection.execute('SELECT code, "where" FROM issue ORDER BY id').fetchall()
    assert stored == [("LP304", "fox"), ("LP304", "dog"), ("LP304", "cat")]
    assert [issue.where for issue in found_issues(store, report)] == ["fox", "dog", "cat"]
    assert kept(store).totals == {"LP304": 3}
    assert kept(store).stale == ()
    say(store, "cat/1.png", "cat")
    assert kept(store).stale == ("LP304",)


def test_a_later_check_takes_the_place_of_the_former(store: Store) -> None:
    check_manifest(store, CheckOptions(select=("LP304",)), Silent())
    check_manifest(store, CheckOptions(select=("LP3",)), Silent())

    assert kept(store).totals == {"LP304": 3}


def test_checking_changes_nothing_but_the_findings(store: Store) -> None:
    def others() -> list[object]:
        return [
            store.connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()  # noqa: S608 - tables
            for name in ("image", "class", "statement", "annotation", "command", "change", "source")
        ]

    before = others()

    check_manifest(store, CheckOptions(), Silent())

    assert others() == before


@pytest.mark.usefixtures("work")
def test_a_set_without_a_readable_picture_is_checked(work: Path, command: Command) -> None:
    (work / "imgs").mkdir()
    (work / "imgs/a.jpg").write_bytes(b"no picture")
    scan(work / "imgs")

    found = command("check", "--json")

    assert found.code in {0, 1}
    assert found.json["near_known"] is True


def test_the_limits_of_checks_are_options(messy: Path, command: Command) -> None:
    found = command("check", "-m", messy, "--select", "LP304", "--limit", "few-images=11", "--json")
    unknown = command("check", "-m", messy, "--limit", "few=11")
    no_number = command("check", "-m", messy, "--limit", "few_images=some")

    assert [issue["where"] for issue in found.json["issues"]] == ["dog", "Cat"]
    assert (unknown.code, no_number.code) == (2, 2)
    assert "the limits are: few_images=10, imbalance=20.0" in unknown.err


def test_a_dry_run_of_nothing_is_wrong_use(messy: Path, command: Command) -> None:
    assert command("check", "-m", messy, "--dry-run").code == 2


def test_a_baseline_knows_names_that_look_alike_by_the_names(messy: Path, command: Command) -> None:
    command("check", "-m", messy, "--select", "LP301", "--write-baseline", "accepted.json")
    with open_store(messy) as store:
        say(store, "cat/1.png", "Dog")

    found = command("check", "-m", messy, "--select", "LP301", "--baseline", "accepted.json", "--json")

    assert [issue["problem"] for issue in found.json["issues"]] == ["these names look alike: 'Dog', 'dog'"]


def test_a_baseline_that_is_written_again_keeps_what_it_accepts(messy: Path, command: Command) -> None:
    arguments = ("check", "-m", messy, "--select", OWN, "--write-baseline", "accepted.json")
    command(*arguments)
    first = Path("accepted.json").read_text(encoding="utf-8")

    command(*arguments, "--baseline", "accepted.json")

    assert Path("accepted.json").read_text(encoding="utf-8") == first
    assert first.splitlines()[0] == '{"labelprep": "baseline", "version": 1}'


@pytest.mark.parametrize("name", ["notes.txt", "imgs/new.json"])
def test_a_baseline_is_not_written_over_another_file_nor_among_the_images(
    messy: Path, command: Command, name: str
) -> None:
    Path("notes.txt").write_text("mine", encoding="utf-8")

    found = command("check", "-m", messy, "--select", OWN, "--write-baseline", name)

    assert found.code == 2
    assert Path("notes.txt").read_text(encoding="utf-8") == "mine"


def test_what_is_kept_is_listed_by_code(messy: Path, command: Command) -> None:
    command("check", "-m", messy, "--select", OWN)

    found = command("show", "-m", messy, "--code", "lp30")
    as_json = command("show", "-m", messy, "--code", "LP301,LP304", "--json")

    assert (
        found.out
        == """\
LP301  1 time
  classes: these names look alike: 'Cat', 'cat'
  → labelprep classes merge Cat cat

LP304  1 time
  dog: 1 image only; 10 are a beginning
  → add images of it, merge it into another class, or: labelprep classes retire CLASS


Next: labelprep check --explain LP301
"""
    )
    assert as_json.json["codes"] == {"LP301": 1, "LP304": 1}
    assert [issue["where"] for issue in as_json.json["issues"]] == ["classes", "dog"]


def test_what_is_kept_says_when_it_is_old(messy: Path, command: Command) -> None:
    command("check", "-m", messy, "--select", "LP304")
    with open_store(messy) as store:
        say(store, "cat/1.png", "Cat")

    found = command("show", "-m", messy, "--code", "LP304")

    assert "The manifest has changed since." in found.out
    assert command("show", "-m", messy, "--code", "LP9").code == 2


def test_sarif_holds_what_its_schema_requires(messy: Path, command: Command) -> None:
    found = command("check", "-m", messy, "--format", "sarif")

    log = json.loads(found.out)
    [run] = log["runs"]
    driver = run["tool"]["driver"]
    codes = [rule["id"] for rule in driver["rules"]]
    assert set(log) == {"$schema", "version", "runs"}
    assert driver["name"] == "labelprep"
    for result in run["results"]:
        [place] = result["locations"]
        assert result["message"]["text"]
        assert codes[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert place["physicalLocation"]["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
    prints = [result["partialFingerprints"]["place/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints) > 2


def test_sarif_names_a_set_by_its_manifest_and_a_file_by_its_bytes(store: Store, command: Command) -> None:
    with store.writing() as connection:
        connection.execute(
            "UPDATE image SET path = ?, path_bytes = ?, status = 'missing' WHERE path = 'cat/1.png'",
            ("cat/caf\\xe9 #1.png", b"cat/caf\xe9 #1.png"),
        )

    found = command("check", "--select", "LP106,LP304", "--format", "sarif")

    results = json.loads(found.out)["runs"][0]["results"]
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in results]
    assert [result["ruleId"] for result in results] == ["LP304", "LP304", "LP304", "LP106"]
    assert places[0] == {"uri": "manifest.db", "uriBaseId": "MANIFEST"}
    assert results[0]["locations"][0]["logicalLocations"] == [{"name": "fox"}]
    assert places[3] == {"uri": "cat/caf%E9%20%231.png", "uriBaseId": "IMAGES"}


def test_a_page_is_ascii_whatever_the_names_are(store: Store, command: Command) -> None:
    say(store, "cat/1.png", "猫")

    found = command("check", "--select", "LP304", "--format", "html")

    assert found.out.isascii()
    assert "&#29483;" in found.out


def test_all_checks_see_the_state_at_the_beginning(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(context: CheckContext) -> Iterator[Finding]:
        with open_store(store.path) as other:
            say(other, "cat/1.png", f"late {len(context.counts)}")
        return iter(())

    first = replace(CHECKS[0], find=late)
    monkeypatch.setattr("labelprep.workflows.checking.CHECKS", (first, *CHECKS[1:]))

    report = check_manifest(store, CheckOptions(select=(first.code, "LP304"), near=False), Silent())

    assert [issue.where for issue in found_issues(store, report)] == ["fox", "dog", "cat"]
    assert "LP304" in kept(store).stale
