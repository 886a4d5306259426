"""The command line: contract keys, exit codes, errors for people and programs, and what to type next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from labelprep.cli.commands import COMMANDS
from labelprep.cli.output import emit_json
from labelprep.manifest import images
from labelprep.workflows.editing import rename_class
from pictures import tree
from saying import say

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.manifest.store import Store
    from running import Command, Place

ERROR_KEYS = {"code", "where", "problem", "fix"}


# What programs read


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        (
            "scan animals",
            (
                "manifest images added changed moved missing unchanged skipped status layout classes splits "
                "seconds"
            ),
        ),
        ("show", "manifest root images labelled conflicts classes splits status sources issues"),
        ("explain cat/1.png", "path status label labels conflict split reason statements"),
        ("split", "splits classes groups leaks assigned kept seed"),
        ("split --verify", "splits classes groups leaks"),
        ("classes list", "classes"),
        ("classes rename cat feline", "images"),
        ("classes merge fox dog", "images"),
        ("classes retire dog", "images"),
        ("log", "commands"),
        ("relocate animals", "root looked_for present"),
        ("clean", "removed_files removed_bytes kept_files kept_bytes"),
    ],
)
@pytest.mark.usefixtures("animals")
def test_each_command_prints_one_document_with_the_contracts_keys(
    command: Command, line: str, keys: str
) -> None:
    ran = command(*line.split(), "--json")

    assert ran.code == 0
    assert ran.json.keys() >= set(keys.split())


def test_undo_prints_what_it_took_back(store: Store, command: Command) -> None:
    rename_class(store, "cat", "feline")

    ran = command("undo", "--json")

    assert ran.json == {
        "undone": 2,
        "name": "classes rename",
        "command": 3,
        "changes": 2,
        "statements": 0,
        "classes_removed": [],
        "images": 0,
    }


@pytest.mark.usefixtures("animals")
def test_progress_and_sentences_never_mix_with_the_document(command: Command) -> None:
    ran = command("scan", "animals", "--json")

    assert ran.out.startswith("{\n")
    assert ran.err == ""


def test_a_list_over_a_thousand_is_cut_and_its_length_told(store: Store, command: Command) -> None:
    with store.writing() as connection:
        connection.execute(
            """
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)
            INSERT INTO image (path, status, added_by) SELECT printf('gone/%04d.png', i), 'missing', 1 FROM n
            """
        )

    cut = command("show", "--json").json
    full = command("show", "--json-full").json

    assert (len(cut["issues"]), cut["issues_total"]) == (1000, 1001)
    assert (len(full["issues"]), "issues_total" in full) == (1001, False)
    assert full["issues"][:1000] == cut["issues"]


def test_a_list_of_a_thousand_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    emit_json({"a": [1] * 1000, "b": {"c": [1] * 1001}})

    document = json.loads(capsys.readouterr().out)
    assert (len(document["a"]), "a_total" in document) == (1000, False)
    assert (len(document["b"]["c"]), document["b"]["c_total"]) == (1000, 1001)


def test_classes_over_a_thousand_can_be_had_in_full(store: Store, command: Command) -> None:
    say(store, "cat/1.png", *(f"class {number}" for number in range(1000)))

    cut = command("classes", "list", "--json").json
    full = command("classes", "list", "--json-full").json

    assert (len(cut["classes"]), cut["classes_total"]) == (1000, 1003)
    assert len(full["classes"]) == 1003


# Errors


@pytest.mark.parametrize(
    ("line", "exit_code", "code"),
    [
        ("scan nowhere", 3, "source"),
        ("scan plants", 2, "usage"),
        ("show -m no.db", 3, "manifest"),
        ("explain cow.png", 2, "usage"),
        ("split --train 0.9", 2, "usage"),
        ("classes rename cow ox", 2, "usage"),
        ("classes merge cat", 2, "usage"),
        ("undo", 3, "manifest"),
        ("undo 7", 2, "usage"),
        ("log --prune yesterday", 2, "usage"),
        ("relocate plants", 3, "source"),
    ],
)
def test_an_error_is_a_document_on_stdout_and_an_exit_code(
    animals: Place, command: Command, line: str, exit_code: int, code: str
) -> None:
    tree(animals.root.parent / "plants", ["oak/1.png"])

    ran = command(*line.split(), "--json")

    assert ran.code == exit_code
    assert ran.json.keys() == {"error"}
    assert ran.json["error"].keys() == ERROR_KEYS
    assert (ran.json["error"]["code"], ran.err) == (code, "")
    assert ran.json["error"]["problem"]
    assert ran.json["error"]["fix"]


def test_an_error_is_two_lines_for_a_person(work: Path, command: Command) -> None:
    ran = command("scan", "nowhere")

    assert work.is_dir()
    assert (ran.code, ran.out) == (3, "")
    assert ran.err == "error: nowhere: there is no such folder\n  fix: check the spelling of the path\n"


@pytest.mark.parametrize(
    "line",
    [
        "scan",
        "scan a b",
        "frobnicate",
        "show --colour",
        "scan . --labels maybe",
        "scan . --workers none",
        "scan . --workers 0",
        "explain",
        "classes",
        "classes frobnicate",
        "classes rename cat",
        "split --seed x",
        "",
    ],
)
def test_wrong_use_is_exit_two(work: Path, command: Command, line: str) -> None:
    ran = command(*line.split())

    assert (ran.code, ran.out, list(work.iterdir())) == (2, "", [])
    assert ran.err


@pytest.mark.parametrize("line", ["scan", "frobnicate", "show --colour", "scan . --labels maybe", "explain"])
def test_wrong_use_is_a_document_with_json(command: Command, line: str) -> None:
    ran = command(*line.split(), "--json")

    assert ran.code == 2
    assert ran.json["error"].keys() == ERROR_KEYS
    assert ran.json["error"]["code"] == "usage"
    assert "--help" in ran.json["error"]["fix"]


@pytest.mark.parametrize("as_json", [True, False])
def test_an_interrupted_scan_leaves_with_130(
    work: Path, command: Command, monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    tree(work / "imgs", ["cat/1.png"])
    monkeypatch.setattr(images, "write_facts", interrupted)

    ran = command("scan", "imgs", *(["--json"] if as_json else []))

    assert (ran.code, "Interrupted: what was finished is kept." in ran.err) == (130, not as_json)
    assert ('"code": "interrupted"' in ran.out) is as_json


def test_strict_makes_findings_exit_one(animals: Place, command: Command) -> None:
    clean = command("scan", "animals", "--strict").code
    (animals.root / "cat" / "empty.png").touch()

    assert (clean, command("scan", "animals").code, command("scan", "animals", "--strict").code) == (0, 0, 1)


def test_notes_are_no_findings(animals: Place, command: Command) -> None:
    (animals.root / "owl").mkdir()

    assert command("scan", "animals", "--strict").code == 0


# What people read


@pytest.mark.parametrize(
    ("line", "following"),
    [
        ("scan animals", "labelprep train animals"),
        ("show", "labelprep split"),
        ("explain cat/1.png", "labelprep show"),
        ("split", "labelprep train"),
        ("classes list", "labelprep show"),
        ("classes rename cat feline", "labelprep classes list"),
        ("log", "labelprep undo"),
        ("relocate animals", "labelprep scan animals"),
        ("clean", "labelprep show"),
    ],
)
@pytest.mark.usefixtures("animals")
def test_the_last_line_is_the_next_command(command: Command, line: str, following: str) -> None:
    ran = command(*line.split())

    assert (ran.code, ran.last_line) == (0, f"Next: {following}")


def test_undo_names_how_to_do_it_again(store: Store, command: Command) -> None:
    rename_class(store, "cat", "feline")

    ran = command("undo")

    assert ran.out.splitlines()[1:] == ["`labelprep undo 3` does it again.", "", "Next: labelprep show"]


@pytest.mark.parametrize(
    ("names", "following"),
    [
        ([], "labelprep scan DIR, with a folder that holds images"),
        (["1.png", "2.png"], "labelprep template labels.xlsx, a sheet to fill in"),
        (["train/cat.1.png", "test1/2.png"], "labelprep import --pattern suggest"),
        (["batch1/1.png", "batch2/2.png"], "labelprep scan imgs --labels folder"),
        (["cat/1.png"], "labelprep train imgs"),
    ],
)
def test_a_scan_leads_on_whatever_it_found(
    work: Path, command: Command, names: list[str], following: str
) -> None:
    (work / "imgs").mkdir()
    tree(work / "imgs", names)

    assert command("scan", "imgs").last_line == f"Next: {following}"


def test_a_path_with_spaces_is_quoted_in_the_next_command(work: Path, command: Command) -> None:
    tree(work / "my photos", ["cat/1.png", "dog/2.png"])

    scanned = command("scan", "my photos").last_line
    relocated = command("relocate", "my photos").last_line

    assert scanned == 'Next: labelprep train "my photos"'
    assert relocated == 'Next: labelprep scan "my photos"'


def test_a_scan_reads_well(work: Path, command: Command) -> None:
    tree(work / "imgs", ["train/猫/1.png", "train/狗/2.png", "val/猫/3.png", "val/狗/4.jpg"])
    (work / "imgs" / "labels.csv").touch()
    (work / "imgs" / "val" / "猫" / "empty.png").touch()

    ran = command("scan", "imgs")

    lines = ran.out.splitlines()
    assert lines[0].startswith("5 images in imgs (")
    assert lines[1:] == [
        "  5 added",
        "  status: 1 corrupt, 4 ok",
        "  no images, counted and skipped: 1 label file",
        "",
        "Labels from folders <split>/<class>/: 2 classes; splits: 2 train, 3 val",
        "  class  images",
        "  狗          2",
        "  猫          3",
        "",
        "1 error",
        "  error   LP101  val/猫/empty.png: zero bytes: the file is empty",
        "                 → replace the file; it is left out until then",
        "",
        f"Manifest: {work / 'manifest.db'} (made)",
        "",
        "Next: labelprep train imgs",
    ]


@pytest.mark.usefixtures("animals")
def test_the_version_is_printed(command: Command) -> None:
    ran = command("--version")

    assert (ran.code, ran.out.split()[0]) == (0, "labelprep")


def test_help_lists_the_commands_in_their_order(command: Command) -> None:
    ran = command("--help")

    listed = [line.split()[0] for line in ran.out.split("Commands:")[1].splitlines() if line.strip()]
    assert (ran.code, ran.err) == (0, "")
    assert listed == list(COMMANDS)
    assert "..." not in ran.out.split("Commands:")[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_help_page_is_there(name: str, command: Command) -> None:
    ran = command(name, "--help")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: labelprep {name} ")


def test_the_named_manifest_of_the_environment_is_used(
    animals: Place, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    animals.manifest.rename(animals.manifest.with_name("other.db"))
    monkeypatch.setenv("LABELPREP_MANIFEST", "other.db")

    assert command("show", "--json").json["images"] == 6


@pytest.mark.usefixtures("animals")
def test_a_wrong_word_is_told_with_those_allowed(command: Command) -> None:
    ran = command("import", "x.csv", "--frame", "sideways")

    assert ran.code == 2
    assert ran.err.splitlines()[0] == (
        "error: Invalid value for '--frame': 'sideways' is not one of 'auto', 'upright', 'raw'."
    )
