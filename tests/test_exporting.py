"""Exports: losses told first, nothing half-written or replaced that is not ours, and all of it reads back."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from labelprep.errors import UsageError
from labelprep.formats import writer
from labelprep.formats.base import Export
from labelprep.manifest.store import open_store
from labelprep.workflows.editing import undo
from labelprep.workflows.exporting import MARK, ExportOptions, export_labels
from labelprep.workflows.importing import import_labels
from labelprep.workflows.outgoing import Chosen, outgoing
from labelprep.workflows.verifying import Verification
from pictures import tree
from running import Command, Place, rows, scan

if TYPE_CHECKING:
    from pathlib import Path

SQUARE: dict[str, Any] = {
    "label": "cat",
    "points": [[1, 1], [6, 6]],
    "shape_type": "rectangle",
    "flags": {},
    "group_id": None,
}


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def label_file(image: Path, *shapes: dict[str, Any], folder: Path | None = None) -> None:
    document: dict[str, Any] = {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": image.name,
        "imageData": None,
    }
    target = (folder or image.parent) / f"{image.stem}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(document | {"imageHeight": 8, "imageWidth": 8}), encoding="utf-8")


def test_labels_go_out_with_their_images_and_read_back(animals: Place, command: Command) -> None:
    ran = command("export", "out", "--to", "labelme", "--verify", "--json")

    assert ran.code == 0
    assert (ran.json["written"], ran.json["format"], ran.json["lost"]) == ("out", "labelme", [])
    assert [ran.json[key] for key in ("images", "annotations", "files")] == [6, 6, 12]
    assert ran.json["verified"] is True
    out = animals.root.parent / "out"
    assert json.loads((out / "fox/1.json").read_text(encoding="utf-8"))["flags"] == {"fox": True}
    assert (out / "fox/1.png").read_bytes() == (animals.root / "fox/1.png").read_bytes()


def test_a_person_sees_what_was_written(animals: Place, command: Command) -> None:
    ran = command("export", "out", "--to", "labelme")

    first, _, last = ran.out.splitlines()
    assert first.startswith("6 images with 6 annotations as labelme in out (12 files, ")
    assert last == "Next: labelprep detect out"
    assert animals.root.is_dir()


def test_a_loss_stops_it_unless_it_is_allowed(animals: Place, command: Command) -> None:
    command("split")
    refused = command("export", "out", "--to", "labelme", "--json")
    there = (animals.root.parent / "out").exists()
    allowed = command("export", "out", "--to", "labelme", "--allow-loss", "--json")

    assert (refused.code, there) == (2, False)
    assert "6 × split" in refused.json["error"]["problem"]
    assert "--allow-loss" in refused.json["error"]["fix"]
    assert (allowed.code, allowed.json["lost"]) == (0, [{"kind": "split", "n": 6}])


def test_the_same_labels_give_the_same_bytes_and_change_nothing(animals: Place, command: Command) -> None:
    before = rows(animals.manifest, "SELECT count(*), max(number) FROM command")
    originals = contents(animals.root)
    command("export", "one", "--to", "labelme")
    command("export", "two", "--to", "labelme")

    work = animals.root.parent
    assert contents(work / "one") == contents(work / "two")
    assert contents(animals.root) == originals
    assert rows(animals.manifest, "SELECT count(*), max(number) FROM command") == before


def test_only_an_export_is_replaced_by_an_export(animals: Place, command: Command) -> None:
    work = animals.root.parent
    (work / "mine").mkdir()
    (work / "mine/letter.txt").write_text("dear", encoding="utf-8")
    command("export", "out", "--to", "labelme")
    (work / "out/stale.txt").write_text("old", encoding="utf-8")

    again = command("export", "out", "--to", "labelme")
    replaced = command("export", "out", "--to", "labelme", "--overwrite")
    foreign = command("export", "mine", "--to", "labelme", "--overwrite")
    around = command("export", ".", "--to", "labelme", "--overwrite")

    assert [ran.code for ran in (again, replaced, foreign, around)] == [2, 0, 2, 2]
    assert not (work / "out/stale.txt").exists()
    assert (work / "out" / MARK).is_file()
    assert (work / "mine/letter.txt").is_file()
    assert sorted(path.name for path in work.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize(("files", "linked"), [("link", False), ("symlink", True)])
def test_images_are_linked_where_asked(animals: Place, command: Command, files: str, *, linked: bool) -> None:
    ran = command("export", "out", "--to", "labelme", "--files", files, "--verify")

    copy = animals.root.parent / "out/cat/1.png"
    assert ran.code == 0
    assert copy.is_symlink() is linked
    assert copy.samefile(animals.root / "cat/1.png")


def test_images_stay_where_asked_and_are_still_found(animals: Place, command: Command) -> None:
    ran = command("export", "out", "--to", "labelme", "--files", "leave", "--verify", "--json")

    out = animals.root.parent / "out"
    assert (ran.code, ran.json["verified"], ran.json["files"]) == (0, True, 6)
    assert not list(out.rglob("*.png"))
    named = json.loads((out / "cat/1.json").read_text(encoding="utf-8"))["imagePath"]
    assert (out / "cat" / named).resolve() == (animals.root / "cat/1.png").resolve()


def test_splits_and_classes_narrow_it_down(animals: Place, command: Command) -> None:
    command("split", "--train", "0.5", "--val", "0.25", "--test", "0.25")
    (wanted,) = rows(animals.manifest, "SELECT count(*) FROM image WHERE split = 'train'")

    by_split = command("export", "a", "--to", "labelme", "--split", "train", "--allow-loss", "--json")
    by_class = command("export", "b", "--to", "labelme", "--class", "dog", "--allow-loss", "--json")
    unknown = command("export", "c", "--to", "labelme", "--class", "cow", "--json")

    assert (by_split.json["images"], by_class.json["images"]) == (wanted, 2)
    assert unknown.code == 2
    assert unknown.json["error"]["where"] == "--class"


@pytest.mark.parametrize(
    ("arguments", "fix"),
    [
        (("out",), "--to labelme"),
        (("out", "--to", "nonsense"), "name one of them"),
        (("images.labels",), "--to"),
    ],
)
def test_a_format_that_is_not_clear_is_asked_for(
    animals: Place, command: Command, arguments: tuple[str, ...], fix: str
) -> None:
    ran = command("export", *arguments, "--json")

    assert ran.code == 2
    assert fix in ran.json["error"]["fix"]
    assert animals.manifest.is_file()


def test_shapes_of_two_sources_that_say_the_same_go_out_once(work: Path) -> None:
    tree(work / "photos", ("a.png",))
    scan(work / "photos", work / "manifest.db", labels="none")
    nearly = SQUARE | {"points": [[1, 1], [6, 6.2]]}
    label_file(work / "photos/a.png", SQUARE, folder=work / "one")
    label_file(work / "photos/a.png", nearly, SQUARE | {"points": [[2, 2], [4, 4]]}, folder=work / "two")
    with open_store(work / "manifest.db") as store:
        import_labels(store, work / "one")
        import_labels(store, work / "two")
        (both,) = outgoing(store, Chosen())
        undo(store)
        (one,) = outgoing(store, Chosen())

    assert [item.geometry for item in both.record.annotations] == [[1, 1, 6, 6], [2, 2, 4, 4]]
    assert [item.geometry for item in one.record.annotations] == [[1, 1, 6, 6]]
    # The label follows from the shapes: nobody names a class for the whole image.
    assert both.labels == ("cat",)


def test_shapes_that_two_annotators_of_one_source_drew_alike_go_out_once(
    work: Path, command: Command
) -> None:
    tree(work / "photos", ("a.png",))
    scan(work / "photos", work / "manifest.db", labels="none")

    def drawn(width: float, person: object) -> dict[str, Any]:
        value = {"x": 12.5, "y": 12.5, "width": width, "height": 62.5, "rectanglelabels": ["cat"]}
        result = {"type": "rectanglelabels", "from_name": "label", "to_name": "image", "value": value}
        sizes = {"original_width": 8, "original_height": 8}
        return {"result": [result | sizes, result | sizes], "completed_by": person}

    people = [drawn(62.5, 7), drawn(60, {"id": 8, "email": "li@example.org"}), drawn(30, 9)]
    tasks = [{"data": {"image": "a.png"}, "annotations": people}]
    (work / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    with open_store(work / "manifest.db") as store:
        import_labels(store, work / "tasks.json")
        import_labels(store, work / "tasks.json")
        (item,) = outgoing(store, Chosen())
    ran = command("explain", "a.png", "--json")
    seen = command("explain", "a.png")

    # What one person drew twice stays twice.
    assert [one.geometry[2] for one in item.record.annotations] == [6, 6, 3.4, 3.4]
    assert rows(work / "manifest.db", "SELECT count(*) FROM statement") == [3]
    assert [said["author"] for said in ran.json["statements"]] == ["7", "li@example.org", "9"]
    assert " by li@example.org, " in seen.out


@pytest.mark.usefixtures("animals")
@pytest.mark.parametrize("target", ["out", "labels.csv", "labels.jsonl"])
def test_what_is_said_of_a_class_besides_is_told_before_it_is_lost(command: Command, target: str) -> None:
    command("import", "--pattern", "{label}/{x_number}")
    command("import", "--pattern", "{label}/{x_count}")
    options = ("--to", "folders") if target == "out" else ()

    refused = command("export", target, *options, "--json")
    allowed = command("export", target, *options, "--allow-loss", "--json")

    assert refused.code == 2
    assert "× attributes of whole-image labels" in refused.json["error"]["problem"]
    assert [loss["kind"] for loss in allowed.json["lost"]] == ["attributes of whole-image labels"]


@pytest.mark.parametrize(("target", "form"), [("out", "labelme"), ("out.json", "label-studio")])
def test_what_is_said_of_a_class_besides_goes_out_where_it_can(work: Path, target: str, form: str) -> None:
    tree(work / "photos", ("a.png", "b.png"))
    scan(work / "photos", work / "manifest.db", labels="none")
    document = {"version": "5.5.0", "flags": {"cat": True, "dog": False}, "shapes": [], "imagePath": "a.png"}
    own = {"classes": {"cat": {"attributes": {"age": "old"}, "confidence": 0.5}}}
    (work / "a.json").write_text(json.dumps(document | {"labelprep": own}), encoding="utf-8")
    with open_store(work / "manifest.db") as store:
        import_labels(store, work / "a.json")

        report = export_labels(store, work / target, ExportOptions(form, verify=True))
        (first, _) = outgoing(store, Chosen())

    assert report.differences == ()
    assert [item.confidence for item in first.record.annotations] == [0.5]
    assert first.record.annotations[0].attributes["age"] == "old"


def test_a_flag_that_is_false_is_no_loss(work: Path) -> None:
    tree(work / "photos", ("a.png",))
    scan(work / "photos", work / "manifest.db", labels="none")
    document = {"version": "5.5.0", "flags": {"cat": True, "dog": False}, "shapes": [], "imagePath": "a.png"}
    (work / "a.json").write_text(json.dumps(document), encoding="utf-8")
    with open_store(work / "manifest.db") as store:
        import_labels(store, work / "a.json")

        report = export_labels(store, work / "out", ExportOptions("folders"))

    assert report.lost == {}


@pytest.mark.skipif(os.name == "nt", reason="paths of Windows end after 260 characters")
@pytest.mark.parametrize("form", ["labelme", "voc", "yolo", "huggingface", "folders"])
def test_the_longest_names_of_images_do_not_stop_an_export(work: Path, form: str) -> None:
    names = [f"{'x' * 251}.jpg", f"{'x' * 251}.png", f"{'猫' * 83}.png", "short.png"]
    tree(work / "photos", [f"cat/{name}" for name in names])
    for at, name in enumerate(names):
        label_file(work / f"{at}.png", SQUARE | {"points": [[at, at], [8, 8]]}, folder=work / "labels")
        file = work / f"labels/{at}.json"
        document = json.loads(file.read_text(encoding="utf-8")) | {"imagePath": f"../photos/cat/{name}"}
        file.write_text(json.dumps(document), encoding="utf-8")
    scan(work / "photos", work / "manifest.db")
    with open_store(work / "manifest.db") as store:
        import_labels(store, work / "labels")

        reports = [
            export_labels(store, work / target, ExportOptions(form, allow_loss=True, verify=True))
            for target in ("out", "again")
        ]

    assert [(report.images, report.differences) for report in reports] == [(4, ()), (4, ())]
    written = [file.name for file in (work / "out").rglob("*")]
    assert max(len(name.encode()) for name in written) <= 255
    assert contents(work / "out") == contents(work / "again")


def test_what_reads_back_otherwise_is_named(animals: Place) -> None:
    target = animals.root.parent / "out"
    with open_store(animals.manifest) as store:
        export_labels(store, target, ExportOptions("labelme"))
        changed = target / "cat/2.json"
        changed.write_text(changed.read_text(encoding="utf-8").replace('"cat"', '"dog"'), encoding="utf-8")
        (target / "dog/1.json").unlink()
        export = Export(animals.root, ("cat", "dog", "fox"), lambda: outgoing(store, Chosen()))
        placed = {
            f"{name}.png": f"{name}.png" for name in ("cat/1", "cat/2", "cat/3", "dog/1", "dog/2", "fox/1")
        }
        found = list(Verification(store, export, writer("labelme"), target, placed).differences())

    assert found == ["cat/2.png: without class cat null {} , with class dog null {} ", "dog/1.png: not there"]


def test_verifying_needs_a_reader(animals: Place) -> None:
    with open_store(animals.manifest) as store, pytest.raises(UsageError, match="nothing reads"):
        export_labels(
            store, animals.root.parent / "out", ExportOptions("crops", verify=True, allow_loss=True)
        )

    assert not (animals.root.parent / "out").exists()


def test_formats_are_detected_with_reasons(animals: Place, command: Command) -> None:
    label_file(animals.root / "cat/1.png", SQUARE)
    ran = command("detect", animals.root, "--json")
    seen = command("detect", animals.root)

    looks = {look["format"]: look for look in ran.json["formats"]}
    assert ran.json["formats"][0]["format"] == "labelme"
    assert (looks["labelme"]["likely"], looks["table"]["likely"]) == (True, False)
    assert all(look["reason"] for look in looks.values())
    assert seen.last_line == f"Next: labelprep import {animals.root}"


def test_converting_needs_no_manifest(work: Path, command: Command) -> None:
    tree(work / "photos", ("a.png", "b.png"))
    label_file(work / "photos/a.png", SQUARE)
    ran = command("convert", "photos", "out", "--to", "labelme", "--verify", "--json")
    apart = command("convert", "empty", "out2", "--to", "labelme", "--json")

    assert (ran.code, ran.json["import"]["matched"], ran.json["verified"]) == (0, 1, True)
    assert not (work / "manifest.db").exists()
    assert (work / "out/b.png").is_file()
    assert apart.code == 3
