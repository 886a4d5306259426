"""Training takes a sheet with a folder of images, or a folder with label files in it: it imports first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from canonical import dump
from labelprep.errors import SourceError, TrainingError, UsageError
from labelprep.manifest.store import open_store
from labelprep.ml.options import TrainingOptions
from labelprep.progress import Silent, Track
from labelprep.workflows.import_report import ImportOptions
from labelprep.workflows.importing import import_labels
from labelprep.workflows.selecting import select
from labelprep.workflows.training import TrainRequest, open_target, train_network
from pictures import noise, tree
from running import Command, Place, labels_of, rows, scan

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

NAMES = ("a.png", "b.png", "c.png")


class Said:
    """Progress that remembers its sentences."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def track(self, name: str, total: int | None) -> AbstractContextManager[Track]:
        return Silent().track(name, total)

    def say(self, text: str) -> None:
        self.sentences.append(text)


@pytest.fixture
def photos(work: Path) -> Path:
    """Return a folder of three images, with a sheet beside it that labels two of them."""
    (work / "labels.csv").write_text("file,label\na,cat\nb,dog\nzz,dog\n", encoding="utf-8")
    return tree(work / "photos", NAMES)


def label_file(root: Path, name: str, label: str) -> None:
    """Write a LabelMe file that states the class of an image."""
    document: dict[str, Any] = {
        "version": "5.5.0",
        "flags": {label: True},
        "shapes": [],
        "imagePath": f"{name}.png",
        "imageData": None,
        "imageHeight": 8,
        "imageWidth": 8,
    }
    (root / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")


def test_a_sheet_with_images_is_scanned_and_imported_first(photos: Path, work: Path) -> None:
    said = Said()

    with open_target(TrainRequest(work / "labels.csv", images=photos), said) as store:
        assert labels_of(store) == {"a.png": "cat", "b.png": "dog", "c.png": None}

    assert said.sentences[0].startswith(f"Scanned {photos}: 3 images")
    assert said.sentences[1] == (
        f"Imported {work / 'labels.csv'}: 2 of 3 rows name an image, new classes: cat, dog."
    )
    assert said.sentences[2].startswith("1 of its rows were left out; those without an image are in")


def test_a_sheet_alone_labels_the_images_of_the_manifest_here(photos: Path, work: Path) -> None:
    scan(photos, work / "manifest.db")

    with open_target(TrainRequest(work / "labels.csv"), Silent()) as store:
        assert labels_of(store)["a.png"] == "cat"


def test_a_sheet_without_images_is_a_question(photos: Path, work: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_target(TrainRequest(work / "labels.csv"), Silent())

    assert (caught.value.fix, photos.exists()) == (
        f"labelprep train {work / 'labels.csv'} --images DIR",
        True,
    )


def test_a_folder_with_label_files_is_imported_after_the_scan(photos: Path) -> None:
    label_file(photos, "a", "cat")
    label_file(photos, "c", "fox")
    said = Said()

    with open_target(TrainRequest(photos), said) as store:
        assert labels_of(store) == {"a.png": "cat", "b.png": None, "c.png": "fox"}

    assert said.sentences[-1] == f"Imported {photos}: 2 of 2 rows name an image, new classes: cat, fox."


def test_training_again_imports_nothing_new(photos: Path) -> None:
    label_file(photos, "a", "cat")
    with open_target(TrainRequest(photos), Silent()) as store:
        before = rows(store, "SELECT count(*) FROM command WHERE name = 'import'")

    with open_target(TrainRequest(photos), Silent()) as store:
        assert rows(store, "SELECT count(*) FROM command WHERE name = 'import'") == before == [1]


def test_label_files_that_give_nothing_stop_no_training(animals: Place) -> None:
    label_file(animals.root, "gone", "cat")
    said = Said()

    with open_target(TrainRequest(animals.root, animals.manifest), said) as store:
        assert labels_of(store)["cat/1.png"] == "cat"

    assert said.sentences[-1].startswith(
        "The labelme files among the images give no labels: not one of 1 rows"
    )


def test_label_files_apart_from_their_images(photos: Path, work: Path) -> None:
    (work / "json").mkdir()
    label_file(work / "json", "a", "cat")

    with open_target(TrainRequest(work / "json", images=photos), Silent()) as store:
        assert labels_of(store)["a.png"] == "cat"


def test_what_is_no_label_source_costs_no_scan(photos: Path, work: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        open_target(TrainRequest(work / "label.csv", images=photos), Silent())
    with pytest.raises(SourceError, match="no label source"):
        open_target(TrainRequest(photos / "a.png", images=photos), Silent())

    assert not (work / "manifest.db").exists()


def test_a_network_is_trained_from_a_sheet(work: Path) -> None:
    names = [f"{number:02}.jpg" for number in range(24)]
    for number, name in enumerate(names):
        noise(work / "photos" / name, number, size_wh=(16, 16))
    lines = [f"{name},{('cat', 'dog')[number % 2]}" for number, name in enumerate(names)]
    (work / "labels.csv").write_text("\n".join(["image,class", *lines]), encoding="utf-8")
    options = TrainingOptions(model="simple", epochs=1, batch_size=8)

    report = train_network(
        TrainRequest(work / "labels.csv", options=options, images=work / "photos"), Silent()
    )

    assert (report.classes, sum(report.images.values())) == (("cat", "dog"), 24)


def test_the_command_takes_the_option(photos: Path, command: Command) -> None:
    ran = command("train", "label.csv", "--images", photos, "--json")

    assert (ran.code, ran.json["error"]["where"]) == (3, "label.csv")


def test_several_labels_an_image_stop_a_training_where_they_are_meant(photos: Path, work: Path) -> None:
    (work / "labels.csv").write_text("file,label\na,cat\na,dog\nb,dog\nc,cat\n", encoding="utf-8")
    manifest = scan(photos, work / "manifest.db").manifest
    with open_store(manifest) as store:
        import_labels(store, work / "labels.csv", ImportOptions(multi_label=True))
    before = dump(manifest)

    with pytest.raises(TrainingError) as caught:
        train_network(TrainRequest(manifest), Silent())

    assert str(caught.value) == (
        f"{manifest}: 1 image carries several labels, such as 'a.png'; a training takes one label an image — "
        "give each image one class: labelprep export labels.xlsx, edit it, import it again"
    )
    assert dump(manifest) == before


def test_the_images_that_a_training_leaves_out_are_counted_with_the_reason(work: Path) -> None:
    names = [f"{number:03}.png" for number in range(130)]
    lines = [f"{name},{('cat', 'dog')[number % 2]}" for number, name in enumerate(names[:-1])]
    lines += [f"{names[1]},cat", f"{names[2]},dog"]
    manifest = scan(tree(work / "photos", names), work / "manifest.db").manifest
    (work / "labels.csv").write_text("\n".join(["file,label", *lines[1:]]), encoding="utf-8")
    (work / "more.csv").write_text('file,label\n129.png,"[""cat"", ""dog""]"\n', encoding="utf-8")
    with open_store(manifest) as store:
        import_labels(store, work / "labels.csv")
        import_labels(store, work / "more.csv")
        store.connection.execute("UPDATE image SET split = 'train'")

        notes = select(store, 0).notes

    assert notes[:3] == (
        "1 image has several labels, left out (labelprep show)",
        "2 images have sources that disagree about their label, left out (labelprep explain IMAGE)",
        "1 image has no label, left out (labelprep template SHEET --unlabeled)",
    )
