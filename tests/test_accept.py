"""What a network says is stored, wins over nothing, and becomes labels when it is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labelprep.errors import SourceError, TrainingError
from labelprep.manifest.store import open_store
from labelprep.workflows.accepting import Accepted, AcceptOptions, accept_predictions
from labelprep.workflows.editing import undo
from labelprep.workflows.predicted import Stored, store_predictions
from labelprep.workflows.predicting import Predicted, PredictReport
from pictures import tree
from running import labels_of, rows, scan

if TYPE_CHECKING:
    from pathlib import Path

    from running import Command

CLASSES = ("cat", "dog")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder: two labelled images, three without a label."""
    tree(tmp_path / "imgs", ["cat/1.png", "dog/2.png", "new/3.png", "new/4.png", "new/5.png"])
    scan(tmp_path / "imgs", tmp_path / "manifest.db", labels="none")
    monkeypatch.chdir(tmp_path)
    with open_store(tmp_path / "manifest.db") as store, store.writing() as connection:
        connection.execute("INSERT INTO class (id, name, added_by) VALUES (0, 'cat', 1), (1, 'dog', 1)")
    return tmp_path


def stored(place: Path, bundle: str = "runs/0001-compact", **said: tuple[str, float]) -> Stored:
    """Store what a network says, by the stem of the image."""
    paths = {path.stem: str(path) for path in (place / "imgs").rglob("*.png")}
    predictions = [
        Predicted(paths[stem.removeprefix("_")], label, confidence, ((label, confidence),))
        for stem, (label, confidence) in said.items()
    ]
    with open_store(place / "manifest.db") as store:
        return store_predictions(store, PredictReport(place / bundle, CLASSES, predictions))


def accepted(place: Path, options: AcceptOptions) -> Accepted:
    with open_store(place / "manifest.db") as store:
        return accept_predictions(store, options)


def test_predictions_are_told_and_change_no_label(place: Path, command: Command) -> None:
    done = stored(place, _3=("cat", 0.97), _4=("dog", 0.6))

    assert (done.stored, done.changed, done.issues) == (2, 2, ())
    assert set(labels_of(place / "manifest.db").values()) == {None}
    told = command("explain", "new/3.png").out
    assert "label: none — no source states a class" in told
    assert "cat              runs/0001-compact:predicted (rank model, confidence 0.970, command 2)" in told


def test_predicting_again_replaces_what_the_network_said(place: Path) -> None:
    stored(place, _3=("cat", 0.97), _4=("dog", 0.6))

    again = stored(place, _3=("cat", 0.97), _4=("cat", 0.9))

    assert (again.stored, again.changed) == (2, 1)
    assert rows(
        place / "manifest.db",
        "SELECT path, class.name, annotation.confidence FROM statement JOIN image ON image.id = image_id "
        "JOIN annotation ON statement_id = statement.id JOIN class ON class.id = class_id "
        "WHERE statement.removed_by IS NULL ORDER BY path",
    ) == [("new/3.png", "cat", 0.97), ("new/4.png", "cat", 0.9)]
    assert rows(
        place / "manifest.db", "SELECT rows, matched, unmatched FROM source WHERE kind = 'predict'"
    ) == [(2, 2, 0)]


def test_the_same_predictions_again_make_no_command(place: Path) -> None:
    stored(place, _3=("cat", 0.97))

    assert stored(place, _3=("cat", 0.97)).command is None


def test_a_picture_that_the_manifest_does_not_hold_is_told(place: Path) -> None:
    other = place / "elsewhere.png"
    tree(place, ["elsewhere.png"])
    report = PredictReport(place / "runs/0001", CLASSES, [Predicted(str(other), "cat", 0.9, (("cat", 0.9),))])

    with open_store(place / "manifest.db") as store:
        done = store_predictions(store, report)

    assert (done.stored, [issue.where for issue in done.issues]) == (0, [str(other)])


def test_a_class_that_the_manifest_does_not_have_is_refused(place: Path) -> None:
    with pytest.raises(TrainingError, match="no class 'fox'"):
        stored(place, _3=("fox", 0.9))


def test_sure_predictions_become_labels_and_undo_takes_them_back(place: Path) -> None:
    stored(place, _3=("cat", 0.97), _4=("dog", 0.6), _5=("dog", 0.95))

    done = accepted(place, AcceptOptions(0.95))

    assert (done.predicted, done.accepted, done.classes) == (3, 2, {"cat": 1, "dog": 1})
    assert done.left == {"not confident enough": 1}
    assert {path: label for path, label in labels_of(place / "manifest.db").items() if label} == {
        "new/3.png": "cat",
        "new/5.png": "dog",
    }
    with open_store(place / "manifest.db") as store:
        undo(store)
    assert set(labels_of(place / "manifest.db").values()) == {None}


def test_accepting_again_finds_nothing_new(place: Path) -> None:
    stored(place, _3=("cat", 0.97))
    accepted(place, AcceptOptions(0.95))

    again = accepted(place, AcceptOptions(0.95))

    assert (again.accepted, again.left, again.command) == (0, {"labelled so already": 1}, None)


def test_an_image_keeps_its_label_unless_it_is_overruled(place: Path, command: Command) -> None:
    command("resolve", "cat/1.png", "--label", "cat")
    stored(place, _1=("dog", 0.99))

    kept = accepted(place, AcceptOptions(0.9))
    overruled = accepted(place, AcceptOptions(0.9, overrule=True))

    assert kept.left == {"labelled otherwise": 1}
    assert overruled.accepted == 1
    assert labels_of(place / "manifest.db")["cat/1.png"] == "dog"


def test_only_the_classes_that_are_named_are_accepted(place: Path, command: Command) -> None:
    stored(place, _3=("cat", 0.97), _4=("dog", 0.97))

    ran = command("accept", "--classes", "dog", "--json")

    assert ran.json["classes"] == {"dog": 1}
    assert ran.json["left"] == {"of other classes": 1}


def test_where_networks_disagree_nothing_is_accepted(place: Path) -> None:
    stored(place, "runs/0001", _3=("cat", 0.97))
    stored(place, "runs/0002", _3=("dog", 0.98), _4=("dog", 0.98))

    done = accepted(place, AcceptOptions(0.9))
    of_one = accepted(place, AcceptOptions(0.9, source="predict:runs/0001", dry_run=True))

    assert (done.accepted, done.left) == (1, {"networks disagree": 1})
    assert (of_one.accepted, of_one.command) == (1, None)


def test_without_predictions_it_says_how_to_get_some(place: Path) -> None:
    with pytest.raises(SourceError, match="no network has said anything"):
        accepted(place, AcceptOptions(0.9))


def test_a_person_sees_what_was_left_and_why(place: Path, command: Command) -> None:
    stored(place, _3=("cat", 0.97), _4=("dog", 0.6))

    ran = command("accept", "--dry-run")

    assert ran.out.splitlines()[:2] == [
        "Would accept 1 of 2 predicted images, confidence 0.95 or more: 1 × cat.",
        "  left: 1, not confident enough",
    ]
    assert ran.last_line == "Next: labelprep accept"


@pytest.mark.usefixtures("place")
def test_a_class_that_is_not_there_is_wrong_use(command: Command) -> None:
    ran = command("accept", "--classes", "fox", "--json")

    assert ran.code == 2
    assert ran.json["error"]["where"] == "--classes"


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("target", ["labels.csv", "labels.jsonl"])
def test_how_sure_a_network_was_is_no_loss_of_what_was_accepted(command: Command, target: str) -> None:
    command("accept", "--classes", "dog")

    ran = command("export", target, "--json")

    assert (ran.code, ran.json["lost"]) == (0, [])
