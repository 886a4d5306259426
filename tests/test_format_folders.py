"""Class folders: pictures sorted by class and split, read and written, with names that any disk can hold."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.errors import SourceError, UsageError
from labelprep.formats import writer
from labelprep.formats.base import Export, Outgoing, ReadContext, Rejected
from labelprep.formats.class_folders import ClassFolders
from labelprep.formats.folder_names import LIST_NAME, Names, safe_name
from labelprep.formats.placing import Files
from labelprep.manifest.store import open_store
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.workflows.exporting import MARK, ExportOptions, export_labels
from labelprep.workflows.importing import import_labels
from labelprep.workflows.outgoing import Chosen
from labelprep.workflows.outgoing import outgoing as outgoing_of
from labelprep.workflows.verifying import Verification
from pictures import draw, tree
from running import Command, Place, labels_of, rows, scan, splits_of
from saying import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labelprep.formats.base import Reading

DATA = Path(__file__).parents[1].parent / "shared" / "data"
FUZZED = int(os.environ.get("LABELPREP_FUZZ", "200"))


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def read(source: Path, root: Path | None = None) -> Reading:
    return ClassFolders().read(source, ReadContext(root or source, lambda _: True))


def said(source: Path) -> list[tuple[str, str | None, str | None]]:
    """Return path, class and split of each picture that states any."""
    return [
        (item.image, item.annotations[0].label if item.annotations else None, item.split)
        for item in read(source).items
        if isinstance(item, Record)
    ]


def outgoing(root: Path, image: str, *labels: str, split: str | None = None) -> Outgoing:
    stated = tuple(Annotation(Kind.CLASS, label) for label in labels)
    return Outgoing(Record(image, "", stated, split=split), root / image, is_stated=True, labels=labels)


def written(target: Path, items: Sequence[Outgoing], classes: Sequence[str]) -> Export:
    export = Export(target.parent, tuple(classes), lambda: iter(items))
    ClassFolders().write(export, target)
    return export


# Written.


def test_each_class_gets_a_folder_and_reads_back(animals: Place, command: Command) -> None:
    ran = command("export", "out", "--to", "folders", "--verify", "--json")

    assert (ran.code, ran.json["verified"], ran.json["lost"]) == (0, True, [])
    assert [ran.json[key] for key in ("images", "annotations", "files")] == [6, 6, 7]
    out = animals.root.parent / "out"
    pictures = ["cat/1.png", "cat/2.png", "cat/3.png", "dog/1.png", "dog/2.png", "fox/1.png"]
    assert files(out) == [MARK, *pictures[:3], LIST_NAME, *pictures[3:]]
    assert json.loads((out / LIST_NAME).read_text(encoding="utf-8")) == {
        "splits": {},
        "classes": {"cat": "cat", "dog": "dog", "fox": "fox"},
    }


def test_splits_are_folders_above_the_classes(animals: Place, command: Command) -> None:
    command("split", "--train", "0.5", "--val", "0.25", "--test", "0.25")
    ran = command("export", "out", "--to", "folders", "--verify", "--json")

    assert (ran.code, ran.json["verified"], ran.json["lost"]) == (0, True, [])
    wanted = {f"{split}/{path}" for path, split in splits_of(animals.manifest).items()}
    assert {path for path in files(animals.root.parent / "out") if path.endswith(".png")} == wanted


def test_a_scan_of_an_export_finds_the_same_classes_and_splits(animals: Place, command: Command) -> None:
    command("split", "--train", "0.5", "--val", "0.25", "--test", "0.25")
    command("export", "out", "--to", "folders")

    scan(Path("out"), Path("again.db"))

    before = splits_of(animals.manifest)
    assert labels_of(Path("again.db")) == {
        f"{before[path]}/{path}": label for path, label in labels_of(animals.manifest).items()
    }
    assert splits_of(Path("again.db")) == {f"{split}/{path}": split for path, split in before.items()}


def test_images_without_a_split_are_kept_apart(work: Path) -> None:
    items = [
        outgoing(work, "a.png", "cat", split="train"),
        outgoing(work, "b.png", "cat"),
    ]
    tree(work, ("a.png", "b.png"))

    written(work / "out", items, ["cat"])

    assert files(work / "out") == [LIST_NAME, "train/cat/a.png", "unsplit/cat/b.png"]
    assert said(work / "out") == [("train/cat/a.png", "cat", "train"), ("unsplit/cat/b.png", "cat", None)]


def test_equal_names_are_told_apart_in_the_order_of_paths(work: Path) -> None:
    names = ("a/1.png", "b/1.PNG", "c/1.png", "d/1_2.png")
    tree(work, names)

    written(work / "out", [outgoing(work, name, "cat") for name in names], ["cat"])

    assert files(work / "out") == ["cat/1.png", "cat/1_2.PNG", "cat/1_2_2.png", "cat/1_3.png", LIST_NAME]
    assert (work / "out/cat/1_3.png").read_bytes() == (work / "c/1.png").read_bytes()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("猫 cat", "猫 cat"),
        ("con", "con_"),
        ("NUL.tar.gz", "NUL_.tar.gz"),
        ("console", "console"),
        ("com1", "com1_"),
        ('a/b\\c:d*e?f"g<h>i|j', "a_b_c_d_e_f_g_h_i_j"),
        ("end.", "end_"),
        ("end. .", "end___"),
        (".hidden", "_hidden"),
        ("..", "__"),
        (" a ", "_a_"),
        ("", "_"),
        ("tab\there", "tab_here"),
        ("長" * 100, "長" * 80),
        ("長" * 100 + ".png", "長" * 78 + ".png"),
    ],
)  # fmt: skip
def test_names_that_a_disk_cannot_hold_are_written_safely(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_odd_class_names_read_back_exactly(work: Path) -> None:
    classes = ["con", "a/b", "a:b", "Cat", "cat", "caf\u00e9", "cafe\u0301", "end.", LIST_NAME, "train"]
    items = [outgoing(work, f"{number}.png", name) for number, name in enumerate(classes)]
    tree(work, [f"{number}.png" for number in range(len(classes))])

    written(work / "out", items, classes)

    assert sorted(path.name for path in (work / "out").iterdir()) == sorted(
        [*("con_", "a_b", "a_b_2", "Cat", "cat_2", "caf\u00e9", "cafe\u0301_2", "end_", "train"),
         LIST_NAME, "classes_2.json"]
    )  # fmt: skip
    assert {label for _, label, _ in said(work / "out")} == set(classes)


def test_what_folders_cannot_hold_is_counted_in_plain_words(work: Path, command: Command) -> None:
    tree(work / "photos", ("a.png", "b.png", "c.png"))
    scan(work / "photos", work / "manifest.db", labels="none")
    with open_store(work / "manifest.db") as store:
        say(store, "a.png", "cat")
        say(store, "b.png", "cat", "dog")
    with open_store(work / "manifest.db") as store, store.writing() as connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('multi_label', 'yes')")

    refused = command("export", "out", "--to", "folders", "--json")
    allowed = command("export", "out", "--to", "folders", "--allow-loss", "--verify", "--json")

    assert refused.code == 2
    assert "1 × images with several classes, 1 × images without a label" in refused.json["error"]["problem"]
    assert (allowed.code, allowed.json["images"], allowed.json["verified"]) == (0, 1, True)
    assert files(work / "out") == [MARK, "cat/a.png", LIST_NAME]


def test_labels_of_shapes_make_folders_too(work: Path) -> None:
    box = Annotation(Kind.BOX, "cat", [1, 1, 3, 3])
    item = Outgoing(Record("a.png", "", (box,)), draw(work / "a.png"), is_stated=True, labels=("cat",))
    lost = ClassFolders().lost(item)

    written(work / "out", [item], ["cat"])

    assert lost == {"box": 1}
    assert said(work / "out") == [("cat/a.png", "cat", None)]


def test_folders_without_pictures_are_refused(animals: Place, command: Command) -> None:
    ran = command("export", "new/out", "--to", "folders", "--files", "leave", "--json")

    assert (ran.code, ran.json["error"]["where"]) == (2, "--files")
    assert not (animals.root.parent / "new/out").exists()


@pytest.mark.parametrize("choice", [Files.LINK, Files.SYMLINK])
def test_pictures_are_linked_where_asked(animals: Place, command: Command, choice: Files) -> None:
    ran = command("export", "out", "--to", "folders", "--files", choice, "--verify")

    picture = animals.root.parent / "out/cat/1.png"
    assert ran.code == 0
    assert picture.is_symlink() is (choice is Files.SYMLINK)
    assert picture.samefile(animals.root / "cat/1.png")


def test_what_reads_back_otherwise_is_named(animals: Place) -> None:
    target = animals.root.parent / "out"
    with open_store(animals.manifest) as store:
        export_labels(store, target, ExportOptions("folders"))
        (target / "cat/2.png").rename(target / "dog/4.png")
        export = Export(animals.root, ("cat", "dog", "fox"), lambda: outgoing_of(store, Chosen()))
        placed = {path: path for path in labels_of(animals.manifest)}
        found = list(Verification(store, export, writer("folders"), target, placed).differences())

    assert found == ["cat/2.png: not there", "dog/4.png: not one of the images that were to be written"]


# Read.


@pytest.mark.parametrize(
    ("names", "layout", "expected"),
    [
        (("cat/a.png", "dog/x/b.png"), "<class>/", [("cat", None), ("dog", None)]),
        (("train/cat/a.png", "valid/dog/b.png"), "<split>/<class>/", [("cat", "train"), ("dog", "val")]),
        (
            ("cat/test/a.png", "cat/train/b.png", "dog/train/c.png"),
            "<class>/<split>/",
            [("cat", "test"), ("cat", "train"), ("dog", "train")],
        ),
        (("2024-01-02/a.png", "2024-01-03/b.png"), "<class>/", [("2024-01-02", None), ("2024-01-03", None)]),
    ],
)
def test_folders_state_classes_and_splits(
    work: Path, names: tuple[str, ...], layout: str, expected: list[tuple[str | None, str | None]]
) -> None:
    tree(work / "sorted", names)

    reading = read(work / "sorted")

    assert [found[1:] for found in said(work / "sorted")] == expected
    assert reading.facts == {"layout": layout, "pictures": len(names), "list": False}


def test_a_record_names_its_folder(work: Path) -> None:
    tree(work / "photos", ("more/cat/a.png", "more/dog/b.png"))

    first, _ = read(work / "photos/more", work / "photos").items

    label = Annotation(Kind.CLASS, "cat", locator="folder cat/")
    assert first == Record("cat/a.png", "folder cat/", (label,), beside="more/cat/a.png")


def test_pictures_in_no_class_folder_are_told(work: Path) -> None:
    tree(work / "sorted", ("cat/a.png", "dog/b.png", "loose.png"))

    (loose,) = [item for item in read(work / "sorted").items if isinstance(item, Rejected)]

    assert (loose.reason, loose.issue.code, loose.issue.where) == ("no_class_folder", "LP351", "loose.png")


def test_pictures_directly_in_a_split_state_it(work: Path) -> None:
    tree(work / "sorted", ("train/cat/a.png", "train/dog/b.png", "test/c.png"))

    assert said(work / "sorted")[-1] == ("train/dog/b.png", "dog", "train")
    assert ("test/c.png", None, "test") in said(work / "sorted")


@pytest.mark.parametrize(
    "text",
    [
        '["cat", "dog"]',
        '{"classes": {"cat": 1}, "splits": {}}',
        '{"classes": {"cat": " "}, "splits": {}}',
        '{"classes": {}, "splits": {"a": ["train"]}}',
        '{"classes": {}, "splits": {"a": "holdout"}}',
        "[" * 10_000,
        "{",
        "",
        "\udcff",
    ],
)
def test_a_list_of_others_is_told_and_not_used(work: Path, text: str) -> None:
    tree(work / "sorted", ("cat/a.png", "dog/b.png"))
    (work / "sorted" / LIST_NAME).write_bytes(text.encode("utf-8", "surrogateescape"))

    reading = read(work / "sorted")

    assert [(issue.code, issue.where) for issue in reading.issues] == [("LP350", LIST_NAME)]
    assert [label for _, label, _ in said(work / "sorted")] == ["cat", "dog"]


def test_folders_made_after_the_export_are_classes_too(work: Path) -> None:
    tree(work, ("a.png",))
    written(work / "out", [outgoing(work, "a.png", "a/b", split="test")], ["a/b"])
    tree(work / "out", ("test/new/b.png", "aside/c/d.png"))

    assert said(work / "out") == [("test/a_b/a.png", "a/b", "test"), ("test/new/b.png", "new", "test")]


def test_sniffing_is_modest(work: Path, command: Command) -> None:
    tree(work / "sorted", ("cat/a.png", "dog/b.png"))
    tree(work / "flat", ("a.png", "b.png"))
    tree(work / "dates", ("2024-01-02/a.png", "2024-01-03/b.png"))
    alone = command("detect", "sorted", "--json").json["formats"]
    document: dict[str, Any] = {
        "version": "5.0.0",
        "flags": {},
        "shapes": [],
        "imagePath": "a.png",
        "imageData": None,
    }
    (work / "sorted/cat/a.json").write_text(json.dumps(document), encoding="utf-8")
    beside = command("detect", "sorted", "--json").json["formats"]

    assert (alone[0]["format"], alone[0]["confidence"]) == ("folders", 0.3)
    assert beside[0]["format"] == "labelme"
    for folder in ("flat", "dates"):
        assert ClassFolders().sniff(work / folder).confidence == 0
    assert ClassFolders().sniff(work / "flat/a.png").confidence == 0


@pytest.mark.parametrize(
    ("source", "problem"),
    [("flat", "all images lie in one folder"), ("empty", "no pictures"), ("flat/a.png", "no folder")],
)
def test_a_folder_without_class_folders_is_an_error(work: Path, source: str, problem: str) -> None:
    tree(work / "flat", ("a.png", "b.png"))
    (work / "empty").mkdir()

    with pytest.raises(SourceError, match=problem):
        read(work / source)


def test_another_tree_labels_the_images_with_the_rank_of_folders(work: Path) -> None:
    tree(work / "photos", ("1.png", "2.png", "3.png"))
    tree(work / "sorted", ("cat/1.png", "dog/2.png", "dog/9.png"))
    scan(work / "photos", work / "manifest.db")
    with open_store(work / "manifest.db") as store:
        report = import_labels(store, work / "sorted")

    assert (report.format, report.rows, report.matched, report.unmatched) == ("folders", 3, 2, 1)
    assert labels_of(work / "manifest.db") == {"1.png": "cat", "2.png": "dog", "3.png": None}
    assert rows(work / "manifest.db", "SELECT rank FROM source WHERE kind = 'folders'") == [20]


# Laws.

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda text: text.strip() and text.isprintable()
)
STEMS = st.sampled_from(["1", "2", "A", "a", "con", "x.y", "训练"])
ITEMS = st.lists(
    st.tuples(st.sampled_from("pqr"), STEMS, TEXT, st.sampled_from([None, "train", "val", "test"])),
    min_size=1,
    max_size=8,
    unique_by=lambda item: item[:2],
)


@given(ITEMS)
def test_reading_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[str, str, str, str | None]]
) -> None:
    work = tmp_path_factory.mktemp("law")
    items = [
        outgoing(work, f"{folder}/{stem}.png", label, split=split) for folder, stem, label, split in found
    ]
    for item in items:
        item.file.parent.mkdir(exist_ok=True)
        item.file.write_bytes(b"picture")

    export = written(work / "out", items, [label for _, _, label, _ in found])

    image_of = {path.relative_to(work / "out").as_posix(): image for path, image in export.placed.items()}
    assert {(image_of[path], label, split) for path, label, split in said(work / "out")} == {
        (item.record.image, item.labels[0], item.record.split) for item in items
    }


@given(st.lists(TEXT, max_size=20))
def test_no_two_names_are_one_on_any_disk(texts: list[str]) -> None:
    names = Names()

    given_names = [names.free("", safe_name(text)) for text in texts]

    assert len({name.upper() for name in given_names}) == len(texts)
    assert all(safe_name(name) == name for name in given_names)


@pytest.mark.drawn
def test_broken_lists_lose_no_picture(work: Path) -> None:
    tree(work / "out", ("train/cat/a.png", "val/dog/b.png"))
    text = b'{"splits": {"train": "train", "val": null}, "classes": {"cat": "c/at", "dog": "dog"}}'
    chance = random.Random(4)  # noqa: S311 - the same mutations every time
    rows_read = 0
    for _ in range(FUZZED):
        data = bytearray(text)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.choice(b'{}[]",:\x00\xff nul0')
        (work / "out" / LIST_NAME).write_bytes(data)
        rows_read += len(list(read(work / "out").items))

    assert rows_read == 2 * FUZZED


def test_leaving_the_pictures_is_refused_by_the_writer(work: Path) -> None:
    export = Export(work, ("cat",), lambda: iter([]), files=Files.LEAVE)

    with pytest.raises(UsageError, match="say nothing"):
        ClassFolders().write(export, work / "out")
    assert not (work / "out").exists()


@pytest.mark.skipif(not DATA.exists(), reason="needs the shared data, which is not here")
def test_a_real_tree_gives_the_counts_of_a_plain_walk() -> None:
    source = DATA / "ants_bees"
    expected = [
        (path.parts[-3], path.parts[-2])
        for path in sorted(source.glob("*/*/*"))
        if path.suffix.lower() in {".jpg", ".jpeg", ".gif", ".png"}
    ]

    found = said(source)

    assert len(found) == len(expected) == 398
    assert sorted((str(split), str(label)) for _, label, split in found) == sorted(expected)
