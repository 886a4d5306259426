"""Hugging Face's image folders: every form of metadata file read, and written so that datasets reads them."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.errors import LabelprepError, SourceError, UsageError
from labelprep.formats.base import Export, Outgoing, ReadContext, Rejected
from labelprep.formats.huggingface import HuggingFace
from labelprep.formats.placing import Files
from labelprep.manifest.store import open_store
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.workflows.exporting import MARK
from labelprep.workflows.importing import import_labels
from pictures import draw, tree
from running import Command, Place, labels_of, scan, splits_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labelprep.formats.base import Item, Reading

PEERS = os.environ.get("LABELPREP_PEERS", "")
FUZZED = int(os.environ.get("LABELPREP_FUZZ", "200"))
LOAD = """
import json, sys
from datasets import load_dataset
found = load_dataset("imagefolder", data_dir=sys.argv[1], cache_dir=sys.argv[2])
rows = {
    split: [{key: value for key, value in row.items() if key != "image"} | {"size": row["image"].size}
            for row in rows]
    for split, rows in found.items()
}
print(json.dumps(rows))
"""


def read(source: Path, root: Path | None = None) -> Reading:
    return HuggingFace().read(source, ReadContext(root or source.parent, lambda _: True))


def items(source: Path, root: Path | None = None) -> list[Item]:
    return list(read(source, root).items)


def one(work: Path, row: dict[str, Any]) -> tuple[Item, list[tuple[str, str]]]:
    """Return what one row of JSON lines says, and what is told besides."""
    file = work / "metadata.jsonl"
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    reading = read(file)
    (item,) = reading.items
    return item, [(issue.code, issue.where) for issue in reading.issues]


def box(label: str | None, geometry: Sequence[float], at: int = 0, **attributes: Any) -> Annotation:  # noqa: ANN401 - free
    return Annotation(Kind.BOX, label, list(geometry), attributes, f"1:objects[{at}]")


def outgoing(
    root: Path, image: str, *annotations: Annotation, split: str | None = None, is_stated: bool = True
) -> Outgoing:
    return Outgoing(Record(image, "", annotations, split), root / image, is_stated)


def whole(label: str) -> Annotation:
    return Annotation(Kind.CLASS, label)


def written(target: Path, given_items: Sequence[Outgoing], **options: str) -> Export:
    for item in given_items:
        draw(item.file)
    export = Export(target.parent, (), lambda: iter(given_items), options=options)
    HuggingFace().write(export, target)
    return export


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


# Read.


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"label": "cat"}, [Annotation(Kind.CLASS, "cat", locator="1")]),
        ({"label": 3}, [Annotation(Kind.CLASS, "3", locator="1")]),
        ({"label": 3.0}, [Annotation(Kind.CLASS, "3", locator="1")]),
        ({"label": True}, [Annotation(Kind.CLASS, "true", locator="1")]),
        ({"label": "[x]"}, [Annotation(Kind.CLASS, "[x]", locator="1")]),
        ({"label": "'=x"}, [Annotation(Kind.CLASS, "'=x", locator="1")]),
        ({"labels": ["a", "b", "a", None]}, [Annotation(Kind.CLASS, name, locator="1") for name in "ab"]),
        ({"labels": []}, []),
        ({"objects": {"bbox": [], "categories": []}}, []),
        ({"objects": {"bbox": [[1, 2, 3, 4.5]], "categories": ["cat"]}}, [box("cat", [1, 2, 4, 6.5])]),
        ({"objects": {"bbox": [[1, 2, 3, 4]], "category": [0]}}, [box("0", [1, 2, 4, 6])]),
        ({"objects": {"bbox": [[1, 2, 3, 4]], "categories": [None]}}, [box(None, [1, 2, 4, 6])]),
        ({"objects": {"bbox": [[1, 2, 3, 4]]}}, [box(None, [1, 2, 4, 6])]),
        (
            {"objects": [{"bbox": [1, 2, 3, 4], "label": "a"}, {"bbox": [0, 0, 1, 1], "label": "b"}]},
            [box("a", [1, 2, 4, 6]), box("b", [0, 0, 1, 1], 1)],
        ),
        (
            {"objects": {"bbox": [[1, 2, 3, 4]], "categories": ["a"], "iscrowd": [1], "difficult": [True],
                         "id": [7], "scores": [0.5]}},
            [Annotation(Kind.BOX, "a", [1, 2, 4, 6], {"crowd": True, "difficult": True, "huggingface:id": 7},
                        "1:objects[0]", 0.5)],
        ),
        (
            {"label": "cat", "text": "a cat", "more": {"a": [1, None]}, "none": None},
            [Annotation(Kind.CLASS, "cat", locator="1",
                        attributes={"huggingface:row": {"text": "a cat", "more": {"a": [1, None]}}})],
        ),
    ],
)  # fmt: skip
def test_a_row_says_classes_and_boxes(work: Path, row: dict[str, Any], expected: list[Annotation]) -> None:
    item, issues = one(work, {"file_name": "x/a.png", **row})

    assert item == Record("x/a.png", "1", tuple(expected), beside="metadata.jsonl")
    assert issues == []


@pytest.mark.parametrize(
    ("row", "kept", "code"),
    [
        ({"objects": {"bbox": [[1, 2, 0, 4], [1, 2, 3, 4]], "categories": ["a", "b"]}}, ["b"], "LP332"),
        ({"objects": {"bbox": [[1, 2, 3], [1, 2, 3, 4]], "categories": ["a", "b"]}}, ["b"], "LP332"),
        ({"objects": {"bbox": [[1, 2, "x", 4], [1, 2, 3, 4]], "categories": ["a", "b"]}}, ["b"], "LP332"),
        ({"objects": {"bbox": [[1, 2, 1e300, 4], [1, 2, 3, 4]], "categories": ["a", "b"]}}, ["b"], "LP332"),
        ({"objects": {"bbox": [[1, 2, True, 4], [1, 2, 3, 4]], "categories": ["a", "b"]}}, ["b"], "LP332"),
        ({"objects": {"bbox": [[1, 2, 3, 4]], "categories": ["a", "b"]}}, [None], "LP332"),
        ({"objects": {"bbox": [[1, 2, 3, 4]], "categories": [["a"]]}}, [None], "LP333"),
        ({"objects": [{"label": "a"}, {"bbox": [1, 2, 3, 4], "label": "b"}]}, ["b"], "LP332"),
        ({"label": "cat", "objects": "much"}, ["cat"], "LP332"),
        ({"label": "cat", "objects": {"boxes": 3}}, ["cat"], "LP332"),
        ({"label": "cat", "objects": 7}, ["cat"], "LP332"),
        ({"labels": ["cat", 0.5]}, ["cat"], "LP333"),
    ],
)
def test_a_bad_object_is_told_and_loses_nothing_else(
    work: Path, row: dict[str, Any], kept: list[str | None], code: str
) -> None:
    item, issues = one(work, {"file_name": "a.png", **row})

    assert isinstance(item, Record)
    assert [annotation.label for annotation in item.annotations] == kept
    assert issues == [(code, "metadata.jsonl:1")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "bad_row"),
        ("[1]", "bad_row"),
        ('{"file_name": "a.png", "file_name": "b.png"}', "bad_row"),
        ('{"label": "cat"}', "no_file"),
        ('{"file_name": 3, "label": "cat"}', "no_file"),
        ('{"file_name": " ", "label": "cat"}', "no_file"),
        ('{"file_name": "a.png"}', "no_label"),
        ('{"file_name": "a.png", "label": null, "objects": null}', "no_label"),
        ('{"file_name": "a.png", "label": {"a": 1}}', "no_label"),
        ("[" * 100_000, "bad_row"),
    ],
)
def test_a_row_that_says_nothing_is_rejected(work: Path, line: str, reason: str) -> None:
    (work / "metadata.jsonl").write_text(
        '{"file_name": "first.png", "label": "cat"}\n\n' + line, encoding="utf-8"
    )

    _, item = items(work / "metadata.jsonl")

    assert isinstance(item, Rejected)
    assert (item.reason, item.issue.where) == (reason, "metadata.jsonl:3")


@pytest.mark.parametrize("value", ['{"a": 1e999}', '{"a": NaN}', '{"a": 1, "a": 2}'])
def test_values_that_cannot_be_kept_are_told(work: Path, value: str) -> None:
    text = f'{{"file_name": "a.png", "label": "cat", "more": {value}}}'
    (work / "metadata.jsonl").write_text(text, encoding="utf-8")

    reading = read(work / "metadata.jsonl")

    (item,) = reading.items
    assert isinstance(item, Record)
    assert item.annotations == (Annotation(Kind.CLASS, "cat", locator="1"),)
    assert [(issue.code, "'more' (1 rows)" in issue.problem) for issue in reading.issues] == [("LP334", True)]


def test_splits_come_from_folders_and_columns(work: Path) -> None:
    for folder in ("train", "validation", "other"):
        (work / "set" / folder).mkdir(parents=True)
        text = '{"file_name": "a.png", "label": "c"}\n{"file_name": "b.png", "label": "c", "split": "test"}\n'
        (work / "set" / folder / "metadata.jsonl").write_text(text, encoding="utf-8")
    top = "".join(f'{{"file_name": "{name}", "label": "cat"}}\n' for name in ("test/c.png", "train.png"))
    (work / "set/metadata.jsonl").write_text(top, encoding="utf-8")

    inside = items(work / "set", work)
    outside = items(work / "set", work / "set/train")

    assert [(item.image, item.split) for item in inside if isinstance(item, Record)] == [
        ("test/c.png", "test"),
        ("train.png", None),
        *[("a.png", None), ("b.png", "test")],
        *[("a.png", "train"), ("b.png", "test")],
        *[("a.png", "val"), ("b.png", "test")],
    ]
    assert [item.beside for item in inside if isinstance(item, Record)][2:4] == [
        "set/other/metadata.jsonl"
    ] * 2
    assert [item.locator for item in inside if isinstance(item, Record)][3] == "other/metadata.jsonl:2"
    # From elsewhere the folder is part of the name: it may tell images of one name apart.
    assert [item.image for item in outside if isinstance(item, Record)][2] == "other/a.png"


def test_csv_holds_texts_and_json(work: Path) -> None:
    file = work / "metadata.csv"
    rows = [
        "file_name,label,objects,note",
        'a.png,007,"{""bbox"": [[1, 2, 3, 4]], ""categories"": [""cat""]}",',
        "b.png,\"['x', 'y']\",,seen",
        "c.png,'=1+1,,",
        "d.png,,not json,",
        "e.png,cat,,,too much",
        "",
        "f.png,,,",
    ]
    file.write_text("\n".join(rows), encoding="utf-8")

    reading = read(file)
    found = list(reading.items)

    said = [[one.label for one in item.annotations] for item in found if isinstance(item, Record)]
    assert said == [["007", "cat"], ["x", "y"], ["=1+1"]]
    assert [item.reason for item in found if isinstance(item, Rejected)] == [
        "no_label",
        "bad_row",
        "no_label",
    ]
    assert [(issue.code, issue.where) for issue in reading.issues] == [("LP332", "metadata.csv:5")]


def test_parquet_brings_the_names_of_numbers(work: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    features = {
        "label": {"names": ["cat", "dog"], "_type": "ClassLabel"},
        "objects": {
            "bbox": {"feature": {"dtype": "float32", "_type": "Value"}, "_type": "List"},
            "categories": {"feature": {"names": ["eye", "ear"], "_type": "ClassLabel"}, "_type": "List"},
        },
    }
    table = arrow.table(
        {
            "file_name": ["a.png", "b.png", "c.png"],
            "label": [1, -1, 2],
            "image": [{"bytes": b"long", "path": "a.png"}] * 3,
            "objects": [
                {"bbox": [[1.0, 2.0, 3.0, 4.0]], "categories": [1]},
                {"bbox": [], "categories": []},
                {"bbox": [], "categories": []},
            ],
        }
    ).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    import_module("pyarrow.parquet").write_table(table, work / "metadata.parquet")

    reading = read(work / "metadata.parquet")
    found = [item for item in reading.items if isinstance(item, Record)]

    assert [[one.label for one in item.annotations] for item in found] == [["dog", "ear"], [], []]
    assert [(issue.code, issue.where) for issue in reading.issues] == [("LP333", "metadata.parquet:3")]


def test_an_image_column_of_another_name_is_the_file(work: Path) -> None:
    item, _ = one(work, {"photo_file_name": "a.png", "label": "cat", "width": 8, "height": 6})

    assert isinstance(item, Record)
    assert (item.image, item.size_wh) == ("a.png", (8, 6))


def test_one_bad_file_of_several_is_rejected(work: Path) -> None:
    for folder in ("train", "test"):
        (work / "set" / folder).mkdir(parents=True)
    (work / "set/train/metadata.jsonl").write_text('{"file_name": "a.png", "label": "c"}', encoding="utf-8")
    (work / "set/test/metadata.parquet").write_bytes(b"PAR1 and no more")

    bad, good = items(work / "set")

    assert isinstance(bad, Rejected)
    assert (bad.reason, bad.issue.where) == ("not_read", "test/metadata.parquet")
    assert isinstance(good, Record)


@pytest.mark.parametrize(
    ("name", "problem"),
    [("none", "no such file"), ("a.png", "no metadata file"), ("empty", "there is no metadata"),
     ("metadata.parquet", "damaged")],
)  # fmt: skip
def test_what_is_no_source_is_an_error(work: Path, name: str, problem: str) -> None:
    draw(work / "a.png")
    (work / "empty").mkdir()
    (work / "metadata.parquet").write_bytes(b"PAR1 and no more")

    with pytest.raises(SourceError, match=problem):
        items(work / name)


def test_it_is_detected(work: Path, command: Command) -> None:
    tree(work / "set", ("train/a.png", "test/b.png"))
    before = command("detect", "set", "--json").json["formats"]
    (work / "set/train/metadata.jsonl").write_text('{"file_name": "a.png", "label": "c"}', encoding="utf-8")
    folder = command("detect", "set", "--json").json["formats"][0]
    file = command("detect", "set/train/metadata.jsonl", "--json").json["formats"][0]
    (work / "metadata.csv").write_text("id,name\n", encoding="utf-8")

    assert before[0]["format"] != "huggingface"
    assert (folder["format"], file["format"]) == ("huggingface", "huggingface")
    assert command("detect", "metadata.csv", "--json").json["formats"][0]["format"] == "table"


# Written.


def test_an_export_reads_back(animals: Place, command: Command) -> None:
    command("split", "--train", "0.5", "--val", "0.25", "--test", "0.25")
    ran = command("export", "out", "--to", "huggingface", "--verify", "--json")

    assert (ran.code, ran.json["verified"], ran.json["lost"]) == (0, True, [])
    assert [ran.json[key] for key in ("images", "annotations", "files")] == [6, 6, 9]
    names = {"train": "train", "val": "validation", "test": "test"}
    wanted = {f"{names[str(split)]}/{path}" for path, split in splits_of(animals.manifest).items()}
    metadata = {f"{folder}/metadata.jsonl" for folder in names.values()}
    assert set(files(Path("out"))) == {MARK, *wanted, *metadata}


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_every_form_imports_again(animals: Place, command: Command, form: str) -> None:
    command("split", "--train", "0.5", "--val", "0.25", "--test", "0.25")
    ran = command("export", "out", "--to", "huggingface", "--metadata", form, "--verify", "--json")
    scan(Path("out"), Path("other.db"), labels="none")
    with open_store(Path("other.db")) as store:
        report = import_labels(store, Path("out"))

    assert (ran.code, ran.json["verified"], report.format, report.matched) == (0, True, "huggingface", 6)
    names = {"train": "train", "val": "validation", "test": "test"}
    splits = splits_of(animals.manifest)
    moved = {path: f"{names[str(split)]}/{path}" for path, split in splits.items()}
    labels = labels_of(animals.manifest)
    assert labels_of(Path("other.db")) == {moved[path]: labels[path] for path in moved}
    assert splits_of(Path("other.db")) == {moved[path]: splits[path] for path in moved}


def test_rows_hold_what_is_said_of_an_image(work: Path) -> None:
    given_items = [
        outgoing(work, "a.png", whole("cat"), box("dog", [1, 2, 4, 6.5]), box(None, [0, 0, 1, 1])),
        outgoing(work, "b.png"),
        outgoing(work, "c.png", is_stated=False),
    ]

    written(work / "out", given_items)

    assert lines(work / "out/metadata.jsonl") == [
        {
            "file_name": "a.png",
            "label": "cat",
            "objects": {"bbox": [[1.0, 2.0, 3.0, 4.5], [0.0, 0.0, 1.0, 1.0]], "categories": ["dog", None]},
        },
        {"file_name": "b.png", "label": None, "objects": {"bbox": [], "categories": []}},
        {"file_name": "c.png", "label": None, "objects": None},
    ]


def test_several_classes_make_lists_of_all(work: Path) -> None:
    given_items = [outgoing(work, "a.png", whole("cat"), whole("dog")), outgoing(work, "b.png", whole("cat"))]

    written(work / "out", given_items)

    assert [row["labels"] for row in lines(work / "out/metadata.jsonl")] == [["cat", "dog"], ["cat"]]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("test_1.png", "x/val/b.png"), ["x/xval/b.png", "xtest_1.png"]),
        (("contest.png", "Train/a.png"), ["contest.png", "xTrain/a.png"]),
        (("a-dev.png", "训练/a.png"), ["a-xdev.png", "x训练/a.png"]),
        (("=a.png", "con.png", "A.png", "a.png"), ["A.png", "_=a.png", "a_2.png", "con_.png"]),
    ],
)
def test_names_that_mean_splits_to_datasets_are_changed(
    work: Path, names: Sequence[str], expected: list[str]
) -> None:
    written(work / "out", [outgoing(work / "in", name, whole("cat")) for name in names])

    assert files(work / "out") == sorted([*expected, "metadata.jsonl"])
    assert [row["file_name"] for row in lines(work / "out/metadata.jsonl")] != []


def test_the_folder_of_the_own_split_is_not_repeated(work: Path) -> None:
    names = ("train/a.png", "a.png", "valid/b.png")
    splits = ("train", "train", "train")

    written(
        work / "out",
        [outgoing(work, name, whole("c"), split=split) for name, split in zip(names, splits, strict=True)],
    )

    assert files(work / "out/train") == ["a.png", "a_2.png", "metadata.jsonl", "xvalid/b.png"]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ([whole("cat")], []),
        ([box("cat", [0, 0, 1, 1])], []),
        ([whole("cat"), box("cat", [0, 0, 1, 1])], [whole("cat")]),
        ([whole("2024-01-02")], [whole("2024-01-03")]),
        ([box(None, [0, 0, 1, 1])], [box("cat", [0, 0, 1, 1])]),
    ],
)
def test_types_that_json_leaves_open_are_written_as_parquet(
    work: Path, train: list[Annotation], test: list[Annotation]
) -> None:
    given_items = [
        outgoing(work, "a.png", *train, split="train"),
        outgoing(work, "b.png", *test, split="test"),
    ]

    written(work / "out", given_items)
    written(work / "wished", given_items, metadata="jsonl")

    assert files(work / "out") == [
        "test/b.png",
        "test/metadata.parquet",
        "train/a.png",
        "train/metadata.parquet",
    ]
    assert "test/metadata.jsonl" in files(work / "wished")


def test_options_that_are_none_are_refused(work: Path) -> None:
    item = outgoing(work, "a.png", whole("cat"))
    leave = Export(work, (), lambda: iter([item]), files=Files.LEAVE)

    with pytest.raises(UsageError, match="is none of csv, jsonl, parquet"):
        written(work / "out", [item], metadata="xml")
    with pytest.raises(UsageError, match="only pictures below"):
        HuggingFace().write(leave, work / "out")
    assert not (work / "out").exists()


def test_parquet_without_pyarrow_names_what_to_install(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(SourceError, match="pip install"):
        written(work / "out", [outgoing(work, "a.png", whole("cat"))], metadata="parquet")
    assert not (work / "out").exists()


def test_what_metadata_cannot_hold_is_counted(work: Path) -> None:
    polygon = Annotation(Kind.POLYGON, "cat", [[0, 0], [1, 0], [1, 1]])
    item = outgoing(work, "a.png", polygon, box("cat", [0, 0, 1, 1], difficult=True))

    assert HuggingFace().lost(item) == {"polygon": 1, "attributes": 1}


@pytest.mark.skipif(not PEERS, reason="needs LABELPREP_PEERS, a python with datasets")
@pytest.mark.parametrize("form", ["auto", "csv", "jsonl", "parquet"])
def test_datasets_loads_what_is_written(work: Path, form: str) -> None:
    given_items = [
        outgoing(work / "in", "test/a.png", whole("cat"), box("eye", [1, 2, 4, 6.5]), split="train"),
        outgoing(work / "in", "b.png", whole("=dog"), box("eye", [0, 0, 1, 1]), split="train"),
        outgoing(work / "in", "train/x/猫.png", whole("cat"), box("eye", [0, 0, 1, 1]), split="val"),
    ]
    written(work / "out", given_items, metadata=form)

    found = loaded(work)

    text = form == "csv"
    objects = {"bbox": [[1.0, 2.0, 3.0, 4.5]], "categories": ["eye"]}
    first = {"label": "cat", "objects": json.dumps(objects) if text else objects, "size": [8, 8]}
    assert found["train"][0] == first
    assert [row["label"] for row in found["train"]] == ["cat", "'=dog" if text else "=dog"]
    assert [row["label"] for row in found["validation"]] == ["cat"]


@pytest.mark.skipif(not PEERS, reason="needs LABELPREP_PEERS, a python with datasets")
@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (("test_1.png", "train/b.png", "dev-x/c.png"), (None, None, None)),
        (("test_1.png", "train/b.png", "dev-x/c.png"), ("train", "train", "test")),
    ],
)
def test_datasets_finds_every_image_whatever_it_is_called(
    work: Path, names: Sequence[str], splits: Sequence[str | None]
) -> None:
    given_items = [
        outgoing(work / "in", name, *([whole("cat")] if number else []), split=split)
        for number, (name, split) in enumerate(zip(names, splits, strict=True))
    ]
    written(work / "out", given_items)

    found = loaded(work)

    assert {split: len(rows) for split, rows in found.items()} == (
        {"train": 3} if splits[0] is None else {"train": 2, "test": 1}
    )
    assert found["train"][0]["label"] is None


def loaded(work: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows that datasets gives by split, with the sizes of the pictures."""
    quiet = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(work / "home")}
    ran = subprocess.run(
        [PEERS, "-c", LOAD, str(work / "out"), str(work / "cache")],
        capture_output=True,
        check=True,
        env=os.environ | quiet,
        encoding="utf-8",
    )
    rows: dict[str, list[dict[str, Any]]] = json.loads(ran.stdout)
    return rows


# Laws.

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5).filter(
    str.strip
) | st.sampled_from(["'=x", "[cat]", "['a', 'b']", "007", "è", "2024-01-02", "0\r", "1\n"])
NUMBER = st.floats(0, 1e5)
BOXES = st.lists(
    st.builds(
        lambda label, left, top, width, height: box(label, [left, top, left + width, top + height]),
        st.none() | TEXT, NUMBER, NUMBER, st.floats(0.01, 1e5), st.floats(0.01, 1e5),
    ),
    max_size=3,
)  # fmt: skip
SAID = st.lists(
    st.tuples(
        st.sampled_from(["a", "A", "x/b", "test", "train/c", "=d"]),
        st.lists(TEXT, max_size=2, unique=True),
        BOXES,
        st.sampled_from([None, "train", "val", "test"]),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda said: said[0],
)


@pytest.mark.parametrize("form", ["auto", "csv", "jsonl", "parquet"])
@given(said=SAID)
def test_reading_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    form: str,
    said: list[tuple[str, list[str], list[Annotation], str | None]],
) -> None:
    work = tmp_path_factory.mktemp("law")
    given_items = [
        outgoing(work / "in", f"{name}.png", *map(whole, labels), *boxes, split=split)
        for name, labels, boxes, split in said
    ]
    for item in given_items:
        item.file.parent.mkdir(parents=True, exist_ok=True)
        item.file.write_bytes(b"picture")
    export = Export(work, (), lambda: iter(given_items), options={"metadata": form})
    HuggingFace().write(export, work / "out")

    found = {
        f"{Path(str(item.beside)).parent.as_posix()}/{item.image}".removeprefix("./"): item
        for item in items(work / "out", work / "out")
        if isinstance(item, Record)
    }

    image_of = {path.relative_to(work / "out").as_posix(): image for path, image in export.placed.items()}
    wanted = {item.record.image: item.record for item in given_items}
    for path, image in image_of.items():
        expected = wanted[image]
        record = found.get(path, Record(image, ""))
        assert flat(record) == nearly(expected), path
        assert record.split == expected.split


def flat(record: Record) -> list[tuple[str, str | None, Any]]:
    return [(one.kind, one.label, one.geometry) for one in record.annotations]


def nearly(record: Record) -> list[tuple[str, str | None, Any]]:
    """Return annotations with boxes to 1e-6 px: widths are differences, and added again."""
    return [(kind, label, form and pytest.approx(form, abs=1e-6)) for kind, label, form in flat(record)]


@pytest.mark.drawn
def test_mutated_files_raise_declared_errors_only(work: Path) -> None:
    pytest.importorskip("pyarrow")
    given_items = [
        outgoing(work, "a.png", whole("cat"), box("dog", [1, 2, 4, 6])),
        outgoing(work, "b.png", whole("猫"), box("dog", [1, 2, 4, 6])),
    ]
    chance = random.Random(4)  # noqa: S311 - the same mutations every time
    seen = 0
    for form in ("csv", "jsonl", "parquet"):
        written(work / form, given_items, metadata=form)
        file = work / form / f"metadata.{form}"
        good = file.read_bytes()
        for _ in range(FUZZED // 3 + 1):
            data = bytearray(good)
            for _ in range(chance.randint(1, 6)):
                data[chance.randrange(len(data))] = chance.choice(b'{}[]",:\x00\xff nul0\n')
            file.write_bytes(data[: chance.choice([len(data), len(data), chance.randrange(len(data))])])
            try:
                seen += len(items(file))
            except LabelprepError:
                seen += 1

    assert seen >= FUZZED
