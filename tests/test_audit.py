"""`audit` finds the labels that are wrong, and takes back what a person decides about them."""

from __future__ import annotations

import csv
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from labelprep.errors import UsageError
from labelprep.manifest.store import open_store
from labelprep.progress import Silent
from labelprep.workflows.auditing import AuditOptions, audit_labels, kept_audit
from labelprep.workflows.deciding import apply_decisions
from running import labels_of, rows, scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from labelprep.workflows.deciding import Decided
    from running import Command

SIDE_PX = 16
EACH = 24
WRONG = {"猫/w0.png": "dog", "猫/w1.png": "dog", "dog/w2.png": "猫"}


def draw(path: Path, shown: str, number: int, side_px: int = SIDE_PX) -> None:
    """Draw noise that is bright on the left for 猫, on the right for dog."""
    pixels = np.random.default_rng(number).integers(0, 70, (side_px, side_px, 3), dtype=np.uint8)
    half = side_px // 2
    pixels[np.s_[:, :half] if shown == "猫" else np.s_[:, half:]] += 180
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with pictures, of which three are in the wrong folder, and their audited manifest."""
    place = tmp_path_factory.mktemp("audited")
    for number in range(EACH):
        for at, shown in enumerate(("猫", "dog")):
            draw(place / "imgs" / shown / f"{number:02d}.png", shown, 2 * number + at)
    for number, (path, shown) in enumerate(WRONG.items()):
        draw(place / "imgs" / path, shown, 1000 + number)
    draw(place / "imgs" / "dog" / "tiny.png", "dog", 2000, side_px=6)
    scan(place / "imgs", place / "manifest.db", labels="folder")
    with open_store(place / "manifest.db") as store:
        audit_labels(store, AuditOptions(model="simple", folds=2), Silent())
    return place


@pytest.fixture
def place(audited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of it as the working folder."""
    copy = tmp_path / "copy"
    shutil.copytree(audited, copy)
    monkeypatch.chdir(copy)
    return copy


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def sheet(path: Path, decisions: Iterable[Mapping[str, str]]) -> Path:
    """Write a sheet of decisions as Excel does in China: GBK, semicolons."""
    header = ("path", "given_label", "predicted_label", "label_score", "decision", "new_label")
    with path.open("w", encoding="gbk", newline="") as file:
        writer = csv.DictWriter(file, header, delimiter=";", restval="")
        writer.writeheader()
        writer.writerows(decisions)
    return path


def applied(place: Path, *decisions: Mapping[str, str], dry_run: bool = False) -> Decided:
    with open_store(place / "manifest.db") as store:
        return apply_decisions(store, sheet(place / "decided.csv", decisions), dry_run=dry_run)


def left(place: Path) -> list[str]:
    with open_store(place / "manifest.db") as store:
        return sorted(issue.path for issue in kept_audit(store).issues)


@pytest.mark.usefixtures("place")
def test_the_wrong_labels_are_the_least_likely(command: Command) -> None:
    found = command("audit", "--kept", "--json").json

    worst = found["issues"][:3]
    assert {issue["path"]: issue["predicted_label"] for issue in worst} == WRONG
    assert all(issue["given_label"] == issue["path"].split("/")[0] for issue in worst)
    assert all(0 <= issue["label_score"] < 0.5 and issue["margin"] < 0 for issue in worst)
    assert [issue["source"] for issue in worst if issue["path"] == "dog/w2.png"] == ["folder dog/"]
    assert (found["judged"], found["not_judged"]) == (2 * EACH + 3, {"too small to judge": 1})
    assert (found["model"], found["folds"], found["classes"]) == ("simple", 2, ["dog", "猫"])
    assert found["estimated"] >= 3


@pytest.mark.usefixtures("place")
def test_a_person_sees_the_worst_first_and_what_to_type_next(command: Command) -> None:
    ran = command("audit", "--kept")

    assert ran.out.startswith("51 labels of 2 classes judged by simple in 2 folds (seed 0, ")
    assert "image" in ran.out
    assert all(path in ran.out for path in WRONG)
    assert "Not judged: 1 image too small to judge." in ran.out
    assert ran.last_line == "Next: labelprep audit --kept --html doubtful.html --csv doubtful.csv"


@pytest.mark.usefixtures("place")
def test_show_lists_what_the_audit_found(command: Command) -> None:
    found = command("show", "--code", "LP701", "--json").json

    assert {issue["where"] for issue in found["issues"][:3]} == set(WRONG)
    assert found["issues"][0]["severity"] == "warning"


def test_the_sheet_has_a_row_a_doubt_and_two_columns_to_decide_in(place: Path, command: Command) -> None:
    command("audit", "--kept", "--csv", "doubtful.csv")
    command("audit", "--kept", "--csv", "all.csv", "--all")

    doubtful, everything = rows_of(place / "doubtful.csv"), rows_of(place / "all.csv")
    assert {row["path"] for row in doubtful[:3]} == set(WRONG)
    assert {(row["is_label_issue"], row["decision"], row["new_label"]) for row in doubtful} == {("1", "", "")}
    assert len(everything) == 2 * EACH + 3
    scores = [float(row["label_score"]) for row in everything]
    assert scores == sorted(scores)


def test_the_page_shows_the_pictures_and_asks_for_nothing_outside(place: Path, command: Command) -> None:
    ran = command("audit", "--kept", "--html", "doubtful.html")

    text = (place / "doubtful.html").read_text(encoding="utf-8")
    assert ran.last_line == "Next: labelprep audit --kept --csv doubtful.csv, a sheet to decide in"
    assert text.count("data:image/jpeg;base64,") == len(left(place))
    assert "猫/w0.png" in text
    assert "http" not in text.replace("http-equiv", "")


def test_an_existing_sheet_is_not_written_over(place: Path, command: Command) -> None:
    (place / "doubtful.csv").write_text("decisions", encoding="utf-8")

    ran = command("audit", "--kept", "--csv", "doubtful.csv")

    assert ran.code == 2
    assert "maybe with decisions in it" in ran.err
    assert (place / "doubtful.csv").read_text(encoding="utf-8") == "decisions"


def test_decisions_become_labels_in_one_command_that_can_be_undone(place: Path, command: Command) -> None:
    before = labels_of(place / "manifest.db")
    decided = applied(
        place,
        {"path": "猫/w0.png", "given_label": "猫", "predicted_label": "dog", "decision": "Relabel"},
        {"path": "猫/w1.png", "given_label": "猫", "predicted_label": "dog", "new_label": "dog"},
        {"path": "dog/w2.png", "given_label": "dog", "predicted_label": "猫", "decision": "keep"},
        {"path": "dog/00.png", "given_label": "dog", "predicted_label": "猫", "decision": "exclude"},
        {"path": "dog/01.png", "given_label": "dog", "predicted_label": "猫"},
    )

    assert decided.counts == {"kept": 1, "relabelled": 2, "excluded": 1, "undecided": 1}
    after = labels_of(place / "manifest.db")
    assert {path: label for path, label in after.items() if before[path] != label} == {
        "猫/w0.png": "dog",
        "猫/w1.png": "dog",
    }
    assert rows(place / "manifest.db", "SELECT path FROM image WHERE status = 'excluded'") == ["dog/00.png"]
    assert set(left(place)).isdisjoint({*WRONG, "dog/00.png"})
    assert "decided.csv:4 (kept) (rank person" in command("explain", "dog/w2.png").out

    command("undo")
    assert labels_of(place / "manifest.db") == before
    assert rows(place / "manifest.db", "SELECT path FROM image WHERE status = 'excluded'") == []
    assert set(WRONG) <= set(left(place))


def test_the_same_decisions_again_change_nothing(place: Path) -> None:
    row = {"path": "猫/w0.png", "given_label": "猫", "predicted_label": "dog", "decision": "relabel"}
    first = applied(place, row)

    again = applied(place, row)

    assert (first.counts, again.counts) == ({"relabelled": 1}, {"already so": 1})
    assert again.command is None


def test_a_dry_run_says_what_would_be_done_and_does_nothing(place: Path) -> None:
    before = labels_of(place / "manifest.db")

    decided = applied(
        place, {"path": "猫/w0.png", "predicted_label": "dog", "decision": "relabel"}, dry_run=True
    )

    assert (decided.counts, decided.command) == ({"relabelled": 1}, None)
    assert labels_of(place / "manifest.db") == before


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"decision": "wat"}, "'wat' is no decision: write keep, relabel, exclude, or leave it empty"),
        ({"new_label": "dgo"}, "there is no class 'dgo': did you mean dog?"),
        ({"new_label": "fox"}, "there is no class 'fox': the classes are dog, 猫"),
        ({"path": "nope.png", "decision": "keep"}, "there is no image 'nope.png'"),
        ({"decision": "keep", "new_label": "dog"}, "keep, or 'dog'? leave one of them empty"),
        ({"decision": "relabel"}, "relabel to what? fill in new_label"),
        (
            {"decision": "keep", "given_label": "dog"},
            "its label is not what the sheet says any more, but 猫: run the audit again",
        ),
    ],
)
def test_a_row_that_cannot_be_is_left_out_and_says_why(
    place: Path, row: dict[str, str], problem: str
) -> None:
    decided = applied(place, {"path": "猫/w0.png", **row}, {"path": "猫/w1.png", "new_label": "dog"})

    assert decided.counts == {"relabelled": 1, "left out": 1}
    assert [answer.problem for answer in decided.answers] == [problem, ""]


def test_an_image_is_decided_on_once_in_a_sheet(place: Path) -> None:
    decided = applied(
        place, {"path": "猫/w0.png", "new_label": "dog"}, {"path": "猫/w0.png", "decision": "exclude"}
    )

    assert [answer.problem for answer in decided.answers] == ["", "row 2 has decided on it already"]


def test_a_sheet_without_the_columns_says_how_to_get_one(place: Path, command: Command) -> None:
    (place / "other.csv").write_text("file,label\na.png,cat\n", encoding="utf-8")

    ran = command("audit", "--apply", "other.csv", "--json")

    assert ran.code == 3
    assert "labelprep audit --csv FILE" in ran.json["error"]["fix"]


def test_a_label_that_was_changed_since_is_not_doubted_any_more(place: Path, command: Command) -> None:
    command("resolve", "猫/w0.png", "--label", "dog")

    assert "猫/w0.png" not in left(place)
    assert "猫/w1.png" in left(place)


def test_without_an_audit_there_is_nothing_kept(tmp_path: Path, command: Command) -> None:
    draw(tmp_path / "imgs" / "a" / "1.png", "猫", 0)
    scan(tmp_path / "imgs", tmp_path / "manifest.db", labels="folder")

    ran = command("audit", "--kept", "-m", tmp_path / "manifest.db", "--json")

    assert ran.code == 2
    assert ran.json["error"]["problem"] == "no audit was made of this manifest yet"


def test_one_class_alone_cannot_be_audited(tmp_path: Path, command: Command) -> None:
    draw(tmp_path / "imgs" / "a" / "1.png", "猫", 0)
    scan(tmp_path / "imgs", tmp_path / "manifest.db", labels="folder")

    ran = command("audit", "-m", tmp_path / "manifest.db", "--json")

    assert ran.code == 3
    assert ran.json["error"]["problem"] == "all 1 images are labelled 'a', so no label can be doubted"


def test_a_network_that_is_not_known_is_refused(place: Path) -> None:
    with (
        open_store(place / "manifest.db") as store,
        pytest.raises(UsageError, match="'magic' is not known"),
    ):
        audit_labels(store, AuditOptions(model="magic"), Silent())
