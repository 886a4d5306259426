"""`split` on a manifest: what it writes, remembers, proves and says."""

from __future__ import annotations

import csv
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from labelprep.errors import SourceError, UsageError
from labelprep.library import Manifest
from labelprep.manifest.store import open_store
from labelprep.workflows.contents import RADIUS
from labelprep.workflows.editing import retire_class, undo
from labelprep.workflows.folding import folds_of
from labelprep.workflows.linking import groups_of, remembered
from labelprep.workflows.splitting import Asked, _text_order, split_images, verified
from pictures import draw, noise, tree
from running import Command, Place, rows, scan, splits_of

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.manifest.store import Store

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
HALVES = {"train": 0.5, "val": 0.5, "test": 0.0}
ALONE = Asked(near=False)
FRAMES = [f"cat/v{number // 4}_{number:02}.png" for number in range(40)]


@pytest.fixture
def frames(work: Path) -> Path:
    """Scan 40 frames of ten videos, all of one class, and return their manifest."""
    tree(work / "imgs", [*FRAMES, "dog/1.png", "dog/2.png"])
    scan(work / "imgs")
    return work / "manifest.db"


def set_facts(store: Store, path: str, **values: object) -> None:
    """Write facts of an image as a scan would."""
    with store.writing() as connection:
        settings = ", ".join(f"{name} = ?" for name in values)
        connection.execute(f"UPDATE image SET {settings} WHERE path = ?", (*values.values(), path))  # noqa: S608 - names of the test


def splits_by_video(manifest: Store | Path) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = {}
    for path, split in splits_of(manifest).items():
        if path.startswith("cat/"):
            found.setdefault(path.partition("_")[0], set()).add(split)
    return found


def test_a_split_is_reported_with_its_counts(store: Store) -> None:
    found = split_images(store, HALVES, asked=ALONE)

    assert found.as_json() == {
        "splits": {"train": 4, "val": 2},
        "classes": {
            "cat": {"train": 2, "val": 1, "test": 0},
            "dog": {"train": 1, "val": 1, "test": 0},
            "fox": {"train": 1, "val": 0, "test": 0},
        },
        "groups": 6,
        "assigned": 6,
        "moved": 0,
        "kept": 0,
        "locked": 0,
        "left_out": 0,
        "seed": 0,
        "ideal": HALVES,
        "class_shares": {
            "cat": {"train": 0.666667, "val": 0.333333, "test": 0.0},
            "dog": {"train": 0.5, "val": 0.5, "test": 0.0},
            "fox": {"train": 1.0, "val": 0.0, "test": 0.0},
        },
        "distance": {
            "cat": {"train": 0.5, "val": -0.5, "test": 0.0},
            "dog": {"train": 0.0, "val": 0.0, "test": 0.0},
            "fox": {"train": 0.5, "val": -0.5, "test": 0.0},
        },
        "rules": {"group": None, "burst": None, "near": False, "shares": HALVES},
        "linked": {"equal files": 0, "equal pixels": 0, "one group": 0},
        "pairs_across": {"equal files": 0, "equal pixels": 0, "one group": 0},
        "near_radius": None,
        "incomplete": {"fox": ["val"]},
        "large_group": None,
        "leaks": [],
    }


def test_splitting_again_keeps_all_and_is_no_command(store: Store) -> None:
    split_images(store, SHARES)
    before = splits_of(store)

    again = split_images(store, SHARES, seed=5)

    assert (again.assigned, again.kept) == (0, 6)
    assert splits_of(store) == before
    assert rows(store, "SELECT name FROM command ORDER BY number") == ["scan", "split"]


def test_a_split_is_the_same_in_another_manifest_of_the_same_images(store: Store, animals: Place) -> None:
    shares = {"train": 0.5, "val": 0.25, "test": 0.25}
    split_images(store, shares, seed=3)
    renamed = animals.root.with_name("renamed")
    for path in animals.root.rglob("*.png"):
        new = renamed / path.parent.name / f"x{path.name}"
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, new)
    other = scan(renamed, animals.root.parent / "other.db").manifest

    with open_store(other) as second:
        split_images(second, shares, seed=3)
        found = rows(second, "SELECT sha256, split FROM image ORDER BY sha256")

    assert found == rows(store, "SELECT sha256, split FROM image ORDER BY sha256")


def test_new_images_get_a_split_and_old_ones_keep_theirs(store: Store, animals: Place) -> None:
    split_images(store, SHARES)
    before = splits_of(store)
    for number in range(5):
        draw(animals.root / "cat" / f"new{number}.png", 60 + number)
    scan(animals.root)

    found = split_images(store, SHARES)

    after = splits_of(store)
    assert (found.assigned, found.kept) == (5, 6)
    assert {path: after[path] for path in before} == before
    assert None not in after.values()


def test_removed_and_renamed_images_move_no_other(store: Store, animals: Place) -> None:
    split_images(store, SHARES)
    before = splits_of(store)
    (animals.root / "cat" / "1.png").unlink()
    (animals.root / "dog" / "1.png").rename(animals.root / "dog" / "renamed.png")
    scan(animals.root)

    found = split_images(store, SHARES)

    after = splits_of(store)
    assert (found.assigned, found.kept) == (0, 5)
    assert after.pop("dog/renamed.png") == before.pop("dog/1.png")
    assert after == before


def test_splits_named_by_folders_are_kept_and_locked(work: Path, command: Command) -> None:
    tree(work / "imgs", ["train/cat/1.png", "val/cat/2.png", "train/dog/3.png", "val/dog/4.png"])
    scan(work / "imgs")
    before = splits_of(work / "manifest.db")

    ran = command("split", "--json")
    again = command("split", "--again", "--seed", "9", "--json")

    assert (ran.json["assigned"], ran.json["kept"]) == (0, 4)
    assert (again.json["moved"], again.json["kept"]) == (0, 4)
    assert splits_of(work / "manifest.db") == before
    assert rows(work / "manifest.db", "SELECT DISTINCT split_source, split_locked FROM image") == [
        ("folder", 1)
    ]


def test_a_leak_between_split_folders_is_reported_and_not_repaired(work: Path, command: Command) -> None:
    tree(work / "imgs", ["train/cat/1.png", "train/dog/3.png", "val/dog/4.png"])
    draw(work / "imgs" / "val" / "cat" / "same.png", 0)
    scan(work / "imgs")
    before = splits_of(work / "manifest.db")

    split = command("split", "--no-near", "--json")
    verified_ = command("split", "--verify", "--json")
    shown = command("split", "--verify")

    leak = {
        "reason": "equal files",
        "images": [
            {"path": "train/cat/1.png", "split": "train"},
            {"path": "val/cat/same.png", "split": "val"},
        ],
    }
    assert (split.code, split.json["leaks"]) == (0, [leak])
    assert (verified_.code, verified_.json["leaks"]) == (1, [leak])
    assert verified_.json["pairs_across"]["equal files"] == 1
    assert "  leak, equal files: train/cat/1.png (train), val/cat/same.png (val)\n" in shown.out
    assert splits_of(work / "manifest.db") == before


def test_what_cannot_be_trained_on_is_left_out(store: Store, animals: Place) -> None:
    (animals.root / "cat" / "empty.png").touch()
    draw(animals.root / "loose.png", 70)
    scan(animals.root)
    retire_class(store, "dog")

    found = split_images(store, SHARES)

    assert (found.assigned, found.left_out) == (4, 4)
    assert list(found.classes) == ["cat", "fox"]


def test_without_a_label_there_is_nothing_to_split(work: Path) -> None:
    tree(work / "imgs", ["1.png", "2.png"])
    scan(work / "imgs")

    with open_store(work / "manifest.db") as store, pytest.raises(SourceError, match="no image has a label"):
        split_images(store, SHARES)


def test_a_split_is_one_command_that_undo_takes_back_with_its_rules(store: Store) -> None:
    split_images(store, SHARES, seed=7, asked=Asked(group="folder", burst_seconds=3))

    undone = undo(store)

    assert (undone.name, len(undone.images)) == ("split", 6)
    assert verified(store).splits == {}
    assert remembered(store).as_json() == {"group": None, "burst": None, "near": True, "shares": None}


# What belongs together


def test_a_pattern_keeps_its_groups_whole_now_and_for_images_that_come_later(
    frames: Path, work: Path, command: Command
) -> None:
    first = command("split", "--group", "{group}_{x_frame}", "--json")
    draw(work / "imgs" / "cat" / "v3_99.png", 700)
    scan(work / "imgs")
    second = command("split", "--json")

    found = splits_by_video(frames)
    assert {len(splits) for splits in found.values()} == {1}
    assert len(found) == 10
    assert first.json["splits"] == {"train": 34, "val": 4, "test": 4}
    assert (first.json["linked"]["one group"], second.json["assigned"]) == (40, 1)
    assert second.json["rules"]["group"] == "{group}_{x_frame}"


def test_a_rule_that_comes_late_shows_leaks_and_again_mends_them(frames: Path, command: Command) -> None:
    command("split", "--no-near")

    late = command("split", "--group", "{group}_{x_frame}")
    proof = command("split", "--verify", "--json")
    again = command("split", "--again", "--json")
    after = command("split", "--verify", "--json")

    assert "leak, one group: " in late.out
    assert late.last_line.endswith("labelprep split --again moves what is not locked")
    assert (proof.code, proof.json["pairs_across"]["one group"] > 0) == (1, True)
    assert again.json["moved"] > 0
    assert again.json["leaks"] == []
    assert (after.code, after.json["pairs_across"]["one group"]) == (0, 0)
    assert {len(splits) for splits in splits_by_video(frames).values()} == {1}


def test_a_locked_split_keeps_its_images_when_the_rest_is_split_again(frames: Path, command: Command) -> None:
    command("split", "--no-near", "--lock", "test", "--json")
    before = {path for path, split in splits_of(frames).items() if split == "test"}

    command("split", "--again", "--seed", "3", "--train", "0.6", "--val", "0.3", "--test", "0.1")

    after = splits_of(frames)
    assert {path for path, split in after.items() if split == "test"} == before
    assert sum(split == "val" for split in after.values()) == 13


def test_a_group_column_counts_without_being_asked_for(frames: Path) -> None:
    with open_store(frames) as store:
        for path in FRAMES:
            set_facts(store, path, group_key=path.partition("_")[0])
        found = split_images(store, SHARES, asked=ALONE)

        assert found.linked["one group"] == 40
        assert {len(splits) for splits in splits_by_video(store).values()} == {1}


def test_equal_pixels_and_bursts_stay_together(frames: Path) -> None:
    with open_store(frames) as store:
        for number, path in enumerate(FRAMES):
            set_facts(
                store, path, camera="Canon EOS", taken_at=f"2024:05:01 10:{number // 4:02}:{number % 4:02}"
            )
        set_facts(store, "dog/1.png", pixel_sha256=b"same")
        set_facts(store, "dog/2.png", pixel_sha256=b"same")
        found = split_images(store, SHARES, asked=Asked(near=False, burst_seconds=1))

        assert found.linked == {"equal files": 0, "equal pixels": 2, "one burst": 40, "one group": 0}
        assert {len(splits) for splits in splits_by_video(store).values()} == {1}
        assert splits_of(store)["dog/1.png"] == splits_of(store)["dog/2.png"] == "train"


def test_near_duplicates_stay_together_and_their_leaks_are_proved(work: Path, command: Command) -> None:
    for number in range(10):
        noise(work / "imgs" / "cat" / f"{number}.jpg", number, size_wh=(64, 48))
        with Image.open(work / "imgs" / "cat" / f"{number}.jpg") as picture:
            picture.save(work / "imgs" / "cat" / f"{number}_again.jpg", quality=60)
    scan(work / "imgs")

    command("split", "--no-near")
    proof = command("split", "--verify", "--near", "--json")
    again = command("split", "--again", "--near", "--json")
    after = command("split", "--verify", "--json")

    splits = splits_of(work / "manifest.db")
    assert (proof.code, {leak["reason"] for leak in proof.json["leaks"]}) == (1, {"near duplicates"})
    assert again.json["linked"]["near duplicates"] == 20
    assert (after.code, after.json["pairs_across"]["near duplicates"]) == (0, 0)
    assert after.json["near_radius"] == RADIUS
    assert all(splits[f"cat/{n}.jpg"] == splits[f"cat/{n}_again.jpg"] for n in range(10))


def test_a_group_of_most_images_is_said(frames: Path, command: Command) -> None:
    ran = command("split", "--no-near", "--group", "folder", "-m", frames)

    assert (
        "  40 of 42 images are one group, such as cat/v0_00.png: no split can have its share; "
        "check --group and --burst\n"
    ) in ran.out
    assert "  2 classes are not in every split: cat (not in val, test), dog (not in val, test)\n" in ran.out


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("folder", ["a/b", "a", None]),
        ("folder:1", ["a", "a", None]),
        ("folder:2", ["a/b", None, None]),
        ("{group}_{x_n}", ["v1", "v2", None]),
        ("re:v(?P<group>\\d)", ["1", "2", None]),
    ],
)
def test_a_group_rule_reads_paths(rule: str, expected: list[str | None]) -> None:
    assert groups_of(["a/b/v1_1.png", "a/v2_1.png", "x.png"], rule) == expected


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (Asked(group="{label}_{id}"), "'{label}_{id}' does not say where the group stands"),
        (Asked(group="folders"), "'folders' has none of the fields that say something"),
        (Asked(burst_seconds=-1), "--burst -1 is no time"),
        (Asked(burst_seconds=float("nan")), "--burst nan is no time"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(store: Store, asked: Asked, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        split_images(store, SHARES, asked=asked)

    assert caught.value.problem == problem


def test_a_group_pattern_that_meets_no_name_changes_nothing(store: Store) -> None:
    with pytest.raises(SourceError, match="no image has a group by"):
        split_images(store, SHARES, asked=Asked(group="{group}_{id}_{x_n}"))

    assert verified(store, asked=ALONE).splits == {}


def test_none_and_zero_end_a_rule(store: Store) -> None:
    split_images(store, SHARES, asked=Asked(group="folder", burst_seconds=2, near=False))

    split_images(store, SHARES, asked=Asked(group="none", burst_seconds=0, near=True))

    assert remembered(store).as_json() == {"group": None, "burst": None, "near": True, "shares": SHARES}


# Folds


def test_folds_leave_test_out_and_are_written_as_a_sheet(frames: Path, work: Path, command: Command) -> None:
    command("split", "--no-near", "--group", "{group}_{x_frame}")
    before = rows(frames, "SELECT count(*) FROM command")

    ran = command("split", "--kfold", "3", "--to", "folds.csv", "--json")
    again = command("split", "--kfold", "3", "--to", "folds.csv")

    with (work / "folds.csv").open(encoding="utf-8-sig", newline="") as file:
        written = {row["file"]: (row["label"], int(row["fold"])) for row in csv.DictReader(file)}
    splits = splits_of(frames)
    assert written.keys() == {path for path, split in splits.items() if split != "test"}
    assert {item["path"]: item["fold"] for item in ran.json["folds"]} == {
        path: fold for path, (_, fold) in written.items()
    }
    assert ran.json["sizes"] == [13, 13, 12]
    assert ran.json["few"] == {"dog": 2}
    assert {len({fold for path, (_, fold) in written.items() if path.startswith(f"cat/v{number}_")})
            for number in range(10)} <= {0, 1}  # fmt: skip
    assert (again.code, "there is such a file already" in again.err) == (2, True)
    assert rows(frames, "SELECT count(*) FROM command") == before


def test_folds_in_the_library(frames: Path) -> None:
    with Manifest.open(frames) as manifest:
        report = manifest.folds(4, seed=1)

    assert sorted(report.sizes) == [10, 10, 11, 11]
    assert list(report.folds) == sorted(report.folds)
    assert set(report.folds.values()) == {0, 1, 2, 3}


@pytest.mark.parametrize(("number", "error"), [(1, UsageError), (43, SourceError)])
def test_folds_that_cannot_be_are_refused(frames: Path, number: int, error: type[Exception]) -> None:
    with open_store(frames) as store, pytest.raises(error):
        folds_of(store, number, asked=ALONE)


@pytest.mark.parametrize(
    "arguments",
    ["--kfold 3 --verify", "--verify --again", "--to x.csv", "--kfold 3 --lock test"],
)
def test_options_that_contradict_each_other_are_refused(
    animals: Place, command: Command, arguments: str
) -> None:
    assert animals.manifest.exists()

    assert command("split", *arguments.split()).code == 2


def test_the_proof_for_a_person(frames: Path, command: Command) -> None:
    assert frames.exists()
    command("split", "--no-near")

    ran = command("split", "--verify")

    assert ran.out == (
        "42 images in splits, 42 groups that stay together\n"
        "\n"
        "  pairs across splits  pairs\n"
        "  equal files              0\n"
        "  equal pixels             0\n"
        "  one group                0\n"
        "  near duplicates were not looked at (--no-near)\n"
        "\n"
        "  class  train          val         test         images off\n"
        "  cat       32   80.0%    4  10.0%     4  10.0%         0.0\n"
        "  dog        2  100.0%    0   0.0%     0   0.0%         0.4\n"
        "  all       34   81.0%    4   9.5%     4   9.5%\n"
        "  ideal: train 80.0%, val 10.0%, test 10.0% of each class, as asked for; "
        "`images off` is the farthest from it\n"
        "  1 class is not in every split: dog (not in val, test)\n"
        "\n"
        "Leaks between splits: none\n"
        "\n"
        "Next: labelprep train\n"
    )


@given(st.lists(st.integers(1, 10**15), unique=True))
def test_changes_are_written_in_the_order_of_their_rows_as_text(numbers: list[int]) -> None:
    order = _text_order(np.array(numbers, dtype=np.int64))

    assert [str(numbers[place]) for place in order.tolist()] == sorted(map(str, numbers))
