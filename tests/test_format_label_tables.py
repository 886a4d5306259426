"""JSON lines and Parquet: a row an image, and the reader of tables gets back exactly what was written."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.formats import writer
from labelprep.formats.base import Export, Outgoing, ReadContext
from labelprep.formats.tables import Tables
from labelprep.manifest.store import open_store
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.workflows.importing import import_labels
from pictures import tree
from running import Command, Place, labels_of, rows, scan, splits_of
from saying import say

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMS = ("jsonl", "parquet")


def outgoing(image: str, *labels: str, split: str | None = None, group: str | None = None) -> Outgoing:
    stated = tuple(Annotation(Kind.CLASS, label) for label in labels)
    return Outgoing(Record(image, "", stated, split, group), Path(image), is_stated=True, labels=labels)


def written(target: Path, items: Sequence[Outgoing]) -> Path:
    target.unlink(missing_ok=True)
    writer(target.suffix[1:]).write(Export(target.parent, (), lambda: iter(items)), target)
    return target


def content(file: Path) -> list[dict[str, Any]]:
    """Return the rows as another program sees them."""
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    found: list[dict[str, Any]] = import_module("pyarrow.parquet").read_table(file).to_pylist()
    return found


def read(source: Path) -> list[tuple[str, tuple[str | None, ...], str | None, str | None]]:
    items = Tables().read(source, ReadContext(source.parent, lambda text: text.endswith(".png"))).items
    return [
        (item.image, tuple(one.label for one in item.annotations), item.split, item.group)
        for item in items
        if isinstance(item, Record)
    ]


@pytest.mark.parametrize("form", FORMS)
def test_the_ending_chooses_and_it_reads_back(animals: Place, command: Command, form: str) -> None:
    command("split", "--train", "0.5", "--val", "0.25", "--test", "0.25")
    ran = command("export", f"labels.{form}", "--verify", "--json")

    assert (ran.code, ran.json["format"], ran.json["verified"], ran.json["lost"]) == (0, form, True, [])
    assert [ran.json[key] for key in ("images", "annotations", "files")] == [6, 6, 1]
    splits = splits_of(animals.manifest)
    assert content(Path(f"labels.{form}")) == [
        {"file": path, "label": label, "split": splits[path]}
        for path, label in labels_of(animals.manifest).items()
    ]


@pytest.mark.parametrize("form", FORMS)
def test_images_without_a_label_have_their_row(work: Path, form: str) -> None:
    items = [outgoing("a.png", "cat"), outgoing("b.png"), outgoing("c.png", split="test", group="p7")]

    target = written(work / f"labels.{form}", items)

    assert content(target) == [
        {"file": "a.png", "label": "cat", "split": None, "group": None},
        {"file": "b.png", "label": None, "split": None, "group": None},
        {"file": "c.png", "label": None, "split": "test", "group": "p7"},
    ]


@pytest.mark.parametrize("form", FORMS)
def test_where_an_image_has_several_classes_all_rows_hold_lists(work: Path, form: str) -> None:
    target = written(work / f"labels.{form}", [outgoing("a.png", "cat", "dog"), outgoing("b.png", "cat")])

    assert [row["labels"] for row in content(target)] == [["cat", "dog"], ["cat"]]


@pytest.mark.parametrize("form", FORMS)
def test_an_import_elsewhere_gives_the_same_manifest(animals: Place, command: Command, form: str) -> None:
    command("split", "--train", "0.5", "--val", "0.25", "--test", "0.25")
    with open_store(animals.manifest) as store:
        say(store, "dog/1.png", "fox")
    command("export", f"labels.{form}")
    scan(animals.root, Path("other.db"), labels="none")

    with open_store(Path("other.db")) as store:
        report = import_labels(store, Path(f"labels.{form}"))

    assert (report.format, report.matched) == ("table", 6)
    assert labels_of(Path("other.db")) == labels_of(animals.manifest)
    assert splits_of(Path("other.db")) == splits_of(animals.manifest)


@pytest.mark.parametrize("form", FORMS)
def test_unlabelled_images_verify(work: Path, command: Command, form: str) -> None:
    tree(work / "photos", ("a.png", "b.png"))
    scan(work / "photos", work / "manifest.db", labels="none")
    with open_store(work / "manifest.db") as store:
        say(store, "a.png", "猫, 'big'")

    ran = command("export", f"labels.{form}", "--verify", "--json")

    assert (ran.code, ran.json["verified"], ran.json["images"]) == (0, True, 2)


@pytest.mark.parametrize("form", FORMS)
def test_shapes_are_lost_and_said_to_be(form: str) -> None:
    box = Annotation(Kind.BOX, "cat", [1, 1, 3, 3])
    item = Outgoing(Record("a.png", "", (box,)), Path("a.png"), is_stated=True, labels=("cat",))

    assert writer(form).lost(item) == {"box": 1}


def test_labels_of_shapes_stand_in_the_table(work: Path) -> None:
    box = Annotation(Kind.BOX, "cat", [1, 1, 3, 3])
    item = Outgoing(Record("a.png", "", (box,)), Path("a.png"), is_stated=True, labels=("cat",))

    assert content(written(work / "labels.jsonl", [item]))[0]["label"] == "cat"


def test_bytes_that_could_be_another_encoding_are_escaped(work: Path) -> None:
    target = written(work / "labels.jsonl", [outgoing("a.png", "\u00e8"), outgoing("b.png", "猫\u00e8")])

    first, second = target.read_bytes().splitlines()
    assert first.isascii()
    assert "猫\u00e8".encode() in second
    assert read(target) == [("a.png", ("\u00e8",), None, None), ("b.png", ("猫\u00e8",), None, None)]


@pytest.mark.parametrize("form", FORMS)
def test_an_export_without_images_of_a_kind_has_its_columns(work: Path, form: str) -> None:
    target = written(work / f"labels.{form}", [outgoing("a.png")])

    assert content(target) == [{"file": "a.png", "label": None, "split": None}]


def test_parquet_without_pyarrow_names_what_to_install(
    animals: Place, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    ran = command("export", "labels.parquet", "--json")

    assert ran.code == 3
    assert "pip install" in ran.json["error"]["fix"]
    assert rows(animals.manifest, "SELECT count(*) FROM image") == [6]
    assert not list(animals.root.parent.glob("*labels*"))


@pytest.mark.parametrize("form", FORMS)
def test_two_exports_have_the_same_bytes(work: Path, form: str) -> None:
    items = [outgoing(f"{number}.png", f"c{number % 7}", split="train") for number in range(20_000)]

    one, two = (written(work / f"{name}.{form}", items) for name in ("one", "two"))

    assert one.read_bytes() == two.read_bytes()
    assert len(content(one)) == 20_000


TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6),
    st.sampled_from(["'=x", "=x", "''+1", "[cat]", "['a', 'b']", '["a"]', "[1]", "a|b", "007", "null", "è"]),
).filter(str.strip)  # fmt: skip
ITEMS = st.lists(
    st.builds(
        outgoing,
        TEXT.map(lambda text: f"{text}.png"),
        *[TEXT],
        split=st.sampled_from([None, "train", "val", "test"]),
        group=st.none() | TEXT,
    )
    | st.builds(outgoing, TEXT.map(lambda text: f"{text}.png"), TEXT, st.just("second"), split=st.none()),
    min_size=1,
    max_size=6,
    unique_by=lambda item: item.record.image,
)


@pytest.mark.parametrize("form", FORMS)
@given(items=ITEMS)
def test_reading_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, form: str, items: list[Outgoing]
) -> None:
    target = written(tmp_path_factory.getbasetemp() / f"law.{form}", items)

    assert read(target) == [
        (item.record.image, tuple(dict.fromkeys(item.labels)), item.record.split, item.record.group)
        for item in items
    ]
