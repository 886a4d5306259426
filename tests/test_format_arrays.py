"""Pictures in arrays, written out as PNG with labels: MNIST's IDX, CIFAR's two forms, NumPy's files."""

from __future__ import annotations

import csv
import gzip
import io
import os
import pickle
import random
import shutil
import struct
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from PIL import Image

from archive_files import tarred
from array_sources import PIXELS, every_form, grey, idx, mnist, npz, old_pickle, planes, text, upright
from labelprep.errors import LabelprepError, SourceError, UsageError
from labelprep.formats.array_files import COARSE, ArrayFiles, picture_sets
from labelprep.formats.array_names import said_by
from labelprep.formats.base import ReadContext
from labelprep.formats.bounded import HARMLESS_BYTES
from labelprep.manifest.store import open_store
from labelprep.model.annotation import Record
from labelprep.progress import Silent
from labelprep.workflows.array_pictures import write_arrays
from labelprep.workflows.converting import ConvertReport, convert
from labelprep.workflows.detecting import detect
from labelprep.workflows.exporting import ExportOptions
from labelprep.workflows.import_report import ImportOptions
from labelprep.workflows.importing import import_labels
from pictures import tree
from running import Command, labels_of, scan, splits_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from labelprep.formats.base import Reading
    from labelprep.model.issues import Issue
    from labelprep.progress import Track

SHARED = Path(__file__).parents[1].parent / "shared"
TORTURE = SHARED / "torture" / "labels"
MNIST = SHARED / "data" / "mnist.npz"
FUZZED = int(os.environ.get("LABELPREP_FUZZ", "200"))
NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def read(source: Path) -> Reading:
    return ArrayFiles().read(source, ReadContext(source.parent, lambda _: True))


def said(source: Path) -> list[tuple[str, str | None, tuple[str | None, ...], str]]:
    """Return image, split, classes and place of each record."""
    return [
        (item.image, item.split, tuple(one.label for one in item.annotations), item.locator)
        for item in read(source).items
        if isinstance(item, Record)
    ]


def pixels_of(source: Path, folder: Path) -> dict[str, NDArray[np.uint8]]:
    """Write the pictures of a source and return what they decode to, by path."""
    write_arrays(source, folder, Silent())
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): np.asarray(Image.open(path)) for path in files}


def refused(source: Path) -> str:
    with pytest.raises(SourceError) as raised:
        picture_sets(source, [])
    return f"{raised.value.where.removeprefix(str(source.parent) + os.sep)}: {raised.value.problem}"


def told(source: Path) -> list[Issue]:
    issues: list[Issue] = []
    picture_sets(source, issues)
    return issues


# IDX.


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("named", ["images-idx3", "labels-idx1"])
def test_either_file_of_an_idx_pair_gives_pictures_with_labels(
    named: str, ending: str, tmp_path: Path
) -> None:
    pictures = mnist(tmp_path / "in", (7, 2, 7), ending=ending)
    source = tmp_path / "in" / f"train-{named}-ubyte{ending}"

    found = said(source)
    pixels = pixels_of(source, tmp_path / "out")

    place = "" if named.startswith("labels") else f"train-labels-idx1-ubyte{ending}"
    assert found == [
        (f"train/train_0000{number + 1}.png", "train", (label,), f"{place}[{number}]")
        for number, label in enumerate("727")
    ]
    assert list(pixels) == [image for image, *_ in found]
    assert np.array_equal(list(pixels.values()), pictures)


def test_a_folder_gives_all_its_parts(tmp_path: Path) -> None:
    mnist(tmp_path, (0, 1), ending=".gz")
    mnist(tmp_path, (0, 1))  # the same, unpacked: taken once
    mnist(tmp_path, (3,), part="t10k")
    (tmp_path / "README.md").write_text("digits", encoding="utf-8")

    found = said(tmp_path)

    assert [(image, split, classes, place) for image, split, classes, place in found] == [
        ("test/t10k_00001.png", "test", ("3",), "t10k-labels-idx1-ubyte[0]"),
        ("train/train_00001.png", "train", ("0",), "train-labels-idx1-ubyte[0]"),
        ("train/train_00002.png", "train", ("1",), "train-labels-idx1-ubyte[1]"),
    ]
    assert read(tmp_path).class_ids == {"0": 0, "1": 1, "3": 3}


def test_labels_of_wider_integers_and_colour_pictures_are_read(tmp_path: Path) -> None:
    colour = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 3), np.uint8)
    idx(tmp_path / "a.images.idx4", colour)
    idx(tmp_path / "a.labels.idx1", np.array([0, 300], np.int32))

    found = said(tmp_path / "a.images.idx4")

    assert [(image, classes) for image, _, classes, _ in found] == [
        ("a_00001.png", ("0",)),
        ("a_00002.png", ("300",)),
    ]
    assert np.array_equal(list(pixels_of(tmp_path / "a.images.idx4", tmp_path / "out").values()), colour)


@pytest.mark.parametrize(
    ("name", "pictures", "labels", "split", "stem"),
    [
        ("train-images-idx3-ubyte.gz", True, False, "train", "train"),
        ("t10k-labels.idx1-ubyte", False, True, "test", "t10k"),
        ("emnist-letters-test-images-idx3-ubyte", True, False, "test", "emnist_letters_test"),
        ("X_train", True, False, "train", "train"),
        ("val_labels", False, True, "val", "val"),
        ("y", False, True, None, ""),
        ("embeddings", False, False, None, "embeddings"),
    ],
)
def test_a_name_says_what_an_array_is(
    name: str, pictures: bool, labels: bool, split: str | None, stem: str
) -> None:
    found = said_by(name)

    assert (found.is_pictures, found.is_labels, found.split, found.stem) == (pictures, labels, split, stem)


def test_idx_files_that_do_not_fit_are_one_clear_error(tmp_path: Path) -> None:
    mnist(tmp_path, (1, 2, 3))
    idx(tmp_path / "few-images-idx3-ubyte", grey(3))
    idx(tmp_path / "few-labels-idx1-ubyte", np.array([1, 2], np.uint8))
    idx(tmp_path / "alone-images-idx3-ubyte", grey(3))
    idx(tmp_path / "only-labels-idx1-ubyte", np.array([1, 2], np.uint8))
    idx(tmp_path / "below-images-idx3-ubyte", grey(2))
    idx(tmp_path / "below-labels-idx1-ubyte", np.array([1, -2], np.int8))
    whole = (tmp_path / "train-images-idx3-ubyte").read_bytes()
    packed = idx(tmp_path / "cut-images-idx3-ubyte.gz", grey(30)).read_bytes()
    (tmp_path / "cut-images-idx3-ubyte.gz").write_bytes(packed[:-40])
    (tmp_path / "short-images-idx3-ubyte").write_bytes(whole[:-7])

    problems = {
        name: refused(tmp_path / f"{name}-ubyte")
        for name in (
            "few-images-idx3", "alone-images-idx3", "only-labels-idx1", "below-images-idx3",
            "short-images-idx3",
        )
    }  # fmt: skip

    assert problems == {
        "few-images-idx3": "few-labels-idx1-ubyte: 2 labels for 3 pictures (few-images-idx3-ubyte)",
        "alone-images-idx3": "alone-images-idx3-ubyte: there are no labels to these pictures",
        "only-labels-idx1": "only-labels-idx1-ubyte: there are no pictures to these labels",
        "below-images-idx3": "below-labels-idx1-ubyte[1]: label -2 is no class: classes are numbered from 0",
        "short-images-idx3": "short-images-idx3-ubyte: it is cut off: 76 bytes are stated, 69 are there",
    }
    assert "it is damaged or cut off" in refused(tmp_path / "cut-images-idx3-ubyte.gz")


def test_bytes_behind_the_last_picture_are_told(tmp_path: Path) -> None:
    mnist(tmp_path, (1, 2))
    with (tmp_path / "train-images-idx3-ubyte").open("ab") as file:
        file.write(b"xx")

    issues = told(tmp_path)

    assert [(issue.code, str(issue.severity), issue.where) for issue in issues] == [
        ("LP335", "warning", "train-images-idx3-ubyte"), ("LP337", "note", tmp_path.name),
    ]  # fmt: skip
    assert len(said(tmp_path)) == 2


def test_a_packed_file_that_grows_beyond_measure_is_refused(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "bomb-images-idx3-ubyte.gz", "wb", compresslevel=1) as file:
        file.write(struct.pack(">IIII", 0x803, 1 << 20, 1 << 10, 1 << 10))
        for _ in range((HARMLESS_BYTES >> 20) + 1):
            file.write(bytes(1 << 20))

    assert "it would unpack to more than" in refused(tmp_path / "bomb-images-idx3-ubyte.gz")


# CIFAR.


def test_cifar10_in_its_binary_form(tmp_path: Path) -> None:
    rows = planes(3)
    records = [bytes([label]) + row.tobytes() for label, row in zip((3, 0, 9), rows, strict=True)]
    (tmp_path / "data_batch_1.bin").write_bytes(b"".join(records))
    (tmp_path / "test_batch.bin").write_bytes(records[0])
    (tmp_path / "batches.meta.txt").write_text("\n".join(NAMES) + "\n\n", encoding="utf-8")

    found = said(tmp_path)
    pixels = pixels_of(tmp_path, tmp_path / "out")

    assert found == [
        ("test/test_batch_00001.png", "test", ("cat",), "test_batch.bin[0]"),
        ("train/data_batch_1_00001.png", "train", ("cat",), "data_batch_1.bin[0]"),
        ("train/data_batch_1_00002.png", "train", ("airplane",), "data_batch_1.bin[1]"),
        ("train/data_batch_1_00003.png", "train", ("truck",), "data_batch_1.bin[2]"),
    ]
    assert np.array_equal(list(pixels.values())[1:], upright(rows))


def test_cifar100_keeps_the_group_of_each_class(tmp_path: Path) -> None:
    rows = planes(2)
    data = b"".join(bytes(pair) + row.tobytes() for pair, row in zip(((4, 51), (19, 99)), rows, strict=True))
    (tmp_path / "train.bin").write_bytes(data)
    for name, word, count in (("fine", "class", 100), ("coarse", "group", 20)):
        lines = "\n".join(f"{word} {number}" for number in range(count))
        (tmp_path / f"{name}_label_names.txt").write_text(lines, encoding="utf-8")

    items = [item for item in read(tmp_path / "train.bin").items if isinstance(item, Record)]

    assert [(item.image, item.annotations[0].label, item.annotations[0].attributes) for item in items] == [
        ("train/train_00001.png", "class 51", {COARSE: "group 4"}),
        ("train/train_00002.png", "class 99", {COARSE: "group 19"}),
    ]
    assert np.array_equal(list(pixels_of(tmp_path / "train.bin", tmp_path / "out").values()), upright(rows))


@pytest.mark.parametrize("protocol", ["python 2", "2", "4"])
def test_pickles_of_cifar_are_read_without_being_run(protocol: str, tmp_path: Path) -> None:
    rows, files = planes(2), ["frog_s_000001.png", "truck_s_000002.png"]
    held: dict[Any, Any] = {b"batch_label": b"training batch 1 of 5", b"labels": [6, 9], b"data": rows}
    held[b"filenames"] = [name.encode() for name in files]
    data = old_pickle(rows, (6, 9), files) if protocol == "python 2" else pickle.dumps(held, int(protocol))
    (tmp_path / "data_batch_1").write_bytes(data)
    (tmp_path / "batches.meta").write_bytes(pickle.dumps({"label_names": list(NAMES), "num_vis": PIXELS}, 2))

    found = said(tmp_path)
    pixels = pixels_of(tmp_path, tmp_path / "out")

    assert found == [
        ("train/frog_s_000001.png", "train", ("frog",), "data_batch_1[0]"),
        ("train/truck_s_000002.png", "train", ("truck",), "data_batch_1[1]"),
    ]
    assert np.array_equal(list(pixels.values()), upright(rows))


def test_names_that_lead_out_are_not_taken_from_a_pickle(tmp_path: Path) -> None:
    (tmp_path / "data_batch_1").write_bytes(old_pickle(planes(2), (6, 9), ["../../evil.png", "a.png"]))

    assert [image for image, *_ in said(tmp_path)] == [
        "train/data_batch_1_00001.png",
        "train/data_batch_1_00002.png",
    ]


def test_a_pickle_of_cifar100_has_groups(tmp_path: Path) -> None:
    held = {"data": planes(1), "fine_labels": [7], "coarse_labels": [2]}
    (tmp_path / "test").write_bytes(pickle.dumps(held, 4))
    meta = {
        "fine_label_names": [f"f{n}" for n in range(100)],
        "coarse_label_names": [f"c{n}" for n in range(20)],
    }
    (tmp_path / "meta").write_bytes(pickle.dumps(meta, 4))

    (item,) = list(read(tmp_path).items)

    assert isinstance(item, Record)
    assert (item.split, item.annotations[0].label, item.annotations[0].attributes) == (
        "test",
        "f7",
        {COARSE: "c2"},
    )


def hostile(canary: Path) -> dict[str, bytes]:
    """Return pickles that would make a file, each in another way, by what is said of them."""
    touch = f"open({str(canary)!r}, 'w')"
    whole = old_pickle(planes(1), (1,))
    argument = b"(" + text(touch) + b"t"
    return {
        "REDUCE": b"\x80\2}(" + text("data") + b"cbuiltins\neval\n" + argument + b"Ru.",
        "STACK_GLOBAL": b"\x80\4}(\x8c\4data\x8c\x08builtins\x8c\4eval\x93" + argument + b"Ru.",
        "INST": b"(" + text(touch) + b"i__builtin__\neval\n.",
        "OBJ": b"\x80\2(cbuiltins\neval\n" + text(touch) + b"o.",
        "NEWOBJ": b"\x80\2cbuiltins\neval\n" + argument + b"\x81.",
        "EXT1": b"\x80\2\x82\1.",
        "PERSID": b"P1\n.",
        "dotted": b"\x80\4}(\x8c\4data\x8c\x05numpy\x8c\x12core.os.system.name\x93" + argument + b"Ru.",
        "subclass": whole.replace(b"cnumpy\nndarray\n", b"cnumpy\nmemmap_\n"),
        "objects": whole.replace(text("u1"), text("O8")),
        "too much": whole.replace(struct.pack("<i", PIXELS), struct.pack("<i", 1 << 30)),
        "no end": whole[:-400],
        "loop": b"\x80\2]q\0h\0a.",
        "deep": b"\x80\2" + b"(" * 50_000 + b".",
        "twice": b"\x80\2" + b"]q\1(h\1h\1e" * 20_000 + b".",
        "steps": b"\x80\2" + b"N0" * 1_100_000 + b".",
        "memory": b"\x80\2}r\xff\xff\xff\xff.",
        "long": b"\x80\2\x8b\xff\xff\xff\x7f.",
        "bytes": b"\x80\4\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
        "empty": b"\x80\2}.",
        "key": b"\x80\2}(K\1K\2u.",
        "nothing": b"\x80",
    }


@pytest.mark.parametrize("way", sorted(hostile(Path("x"))))
def test_nothing_in_a_pickle_can_run(way: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    source = tmp_path / "data_batch_1"
    source.write_bytes(hostile(canary)[way])

    problem = refused(source)

    assert not canary.exists()
    assert problem.startswith("data_batch_1: ")
    assert len(problem) < 200


def test_code_in_a_pickle_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_batch").write_bytes(hostile(tmp_path / "canary")["REDUCE"])

    assert refused(tmp_path / "test_batch") == (
        "test_batch: it would run code (builtins.eval), which no file of CIFAR does"
    )


# NumPy.


def test_an_npz_as_keras_has_it(tmp_path: Path) -> None:
    x, y = grey(3), np.array([[1], [0], [1]])
    source = npz(tmp_path / "set.npz", x_train=x, y_train=y, x_test=x[:1, ..., None], y_test=y[:1, 0])

    found = said(source)
    pixels = pixels_of(source, tmp_path / "out")

    assert found == [
        ("test/test_00001.png", "test", ("1",), "y_test[0]"),
        ("train/train_00001.png", "train", ("1",), "y_train[0]"),
        ("train/train_00002.png", "train", ("0",), "y_train[1]"),
        ("train/train_00003.png", "train", ("1",), "y_train[2]"),
    ]
    assert np.array_equal(list(pixels.values()), [x[0], *x])


def test_an_npz_as_medmnist_has_it_with_several_classes_a_picture(tmp_path: Path) -> None:
    x = np.random.default_rng(1).integers(0, 256, (3, 2, 2, 3), np.uint8)
    y = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]], np.uint8)
    source = npz(tmp_path / "set.npz", val_images=x, val_labels=y, class_names=np.array(["a", "b", "c"]))

    found = said(source)

    assert [(split, classes) for _, split, classes, _ in found] == [
        ("val", ("a", "c")),
        ("val", ()),
        ("val", ("b",)),
    ]
    assert read(source).class_ids == {"a": 0, "b": 1, "c": 2}


@pytest.mark.parametrize(
    ("names", "stem"), [(("arr_0", "arr_1"), "few"), (("X", "y"), "few"), (("images", "labels"), "few")]
)
def test_two_arrays_are_told_apart(names: tuple[str, str], stem: str, tmp_path: Path) -> None:
    x, y = np.asfortranarray(grey(2)), np.array(["cat", "dog"])
    source = npz(tmp_path / "few.npz", **dict(zip(names, (x, y), strict=True)))

    assert [(image, classes) for image, _, classes, _ in said(source)] == [
        (f"{stem}_00001.png", ("cat",)), (f"{stem}_00002.png", ("dog",)),
    ]  # fmt: skip
    assert np.array_equal(list(pixels_of(source, tmp_path / "out").values()), x)


def test_a_pair_of_npy_files(tmp_path: Path) -> None:
    x = np.random.default_rng(1).integers(0, 256, (2, 3, 3, 4), np.uint8)
    np.save(tmp_path / "train_images.npy", x)
    np.save(tmp_path / "train_labels.npy", np.array([5, 6]))
    np.save(tmp_path / "test_labels.npy", np.array([5, 6, 7]))

    assert [image for image, *_ in said(tmp_path / "train_images.npy")] == [
        "train/train_00001.png",
        "train/train_00002.png",
    ]
    assert np.array_equal(list(pixels_of(tmp_path / "train_labels.npy", tmp_path / "out").values()), x)
    assert [issue.code for issue in told(tmp_path)] == ["LP336", "LP337"]


def test_numpy_files_that_cannot_be_used_are_one_clear_error(tmp_path: Path) -> None:
    x, y = grey(2), np.array([0, 1])
    np.save(tmp_path / "objects.npy", np.array([{}, {}]), allow_pickle=True)
    sources: dict[str, dict[str, NDArray[Any]]] = {
        "floats": {"x": x / 255, "y": y},
        "flat": {"x": x.reshape(2, -1), "y": y},
        "real": {"x": x, "y": y / 2},
        "two": {"x_train": x, "x_test": x, "y_train": y},
        "odd": {"x": x, "y": np.array([[0, 2], [1, 1]])},
        "channels": {"x": np.zeros((2, 3, 8, 8), np.uint8), "y": y},
    }
    problems = {name: refused(npz(tmp_path / f"{name}.npz", **arrays)) for name, arrays in sources.items()}
    (tmp_path / "no.npz").write_bytes(b"PK\x03\x04 no")

    assert problems == {
        "floats": "floats.npz:x: its values are float64: pictures are read as bytes (uint8) alone",
        "flat": "flat.npz:x: an array of shape (2, 20) holds no pictures",
        "real": "real.npz:y: float64 of shape (2,) are no classes",
        "two": "two.npz:x_test: there are no labels to these pictures",
        "odd": "odd.npz:y: labels of shape (2, 2) are neither class numbers nor a 0 or 1 for each class",
        "channels": "channels.npz:x: an array of shape (2, 3, 8, 8) holds no pictures",
    }
    assert refused(tmp_path / "objects.npy").startswith("objects.npy: it holds Python objects")
    assert "damaged or cut off" in refused(tmp_path / "no.npz")


def test_sizes_that_a_header_claims_cost_nothing(tmp_path: Path) -> None:
    file = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": (1 << 40, 1 << 10, 1 << 10)}
    np.lib.format.write_array_header_1_0(file, header)
    with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
        archive.writestr("x.npy", file.getvalue())
        archive.writestr("y.npy", b"")

    assert refused(tmp_path / "set.npz").startswith(
        "set.npz:x: it is cut off: its 1,152,921,504,606,846,976 bytes"
    )


@given(
    arrays_of.arrays(
        np.uint8,
        st.one_of(
            st.tuples(*[st.integers(1, 5)] * 3),
            st.tuples(*[st.integers(1, 5)] * 3, st.sampled_from((3, 4))),
        ),
    ),
    st.data(),
)
def test_pictures_and_labels_come_out_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, pictures: NDArray[np.uint8], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("any")
    labels = data.draw(st.lists(st.integers(0, 70_000), min_size=len(pictures), max_size=len(pictures)))
    source = npz(folder / "set.npz", x_test=pictures, y_test=np.array(labels))

    pixels = pixels_of(source, folder / "out")

    assert np.array_equal(list(pixels.values()), pictures)
    assert {image: classes for image, _, classes, _ in said(source)} == dict(
        zip(pixels, ((str(label),) for label in labels), strict=True)
    )


# Commands.


def test_import_says_how_pictures_in_arrays_become_files(tmp_path: Path, command: Command) -> None:
    mnist(tmp_path / "in", (1, 2))
    scan(tree(tmp_path / "images", ["a.png"]), tmp_path / "manifest.db")

    ran = command("import", tmp_path / "in", "-m", tmp_path / "manifest.db", "--json")

    assert ran.code == 2
    assert (
        ran.json["error"]["problem"]
        == "its pictures are inside the array, and the manifest has no files of them"
    )
    assert "labelprep convert in OUT --to folders" in ran.json["error"]["fix"]


def test_detect_names_arrays(tmp_path: Path, command: Command) -> None:
    mnist(tmp_path / "in", (1, 2))
    source = npz(tmp_path / "set.npz", x=grey(2), y=np.array([0, 1]))

    looks = [
        detect(path)[0] for path in (tmp_path / "in", tmp_path / "in" / "train-images-idx3-ubyte", source)
    ]
    ran = command("detect", source)

    assert [(look.format, look.is_likely) for look in looks] == [("arrays", True)] * 3
    assert ran.last_line.endswith("set.npz OUT --to folders")


def test_convert_writes_pictures_into_class_folders(tmp_path: Path, command: Command) -> None:
    x = grey(4)
    source = npz(
        tmp_path / "set.npz", x_train=x, y_train=np.array([0, 1, 1, 0]), x_test=x[:1], y_test=np.array([1])
    )
    out = tmp_path / "out"

    ran = command("convert", source, out, "--to", "folders", "--verify", "--json")
    linked = command("convert", source, tmp_path / "no", "--to", "folders", "--files", "symlink", "--json")

    assert (ran.code, ran.json["images"], ran.json["verified"], ran.json["lost"]) == (0, 5, True, [])
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png")) == [
        "test/1/test_00001.png",
        "train/0/train_00001.png", "train/0/train_00004.png",
        "train/1/train_00002.png", "train/1/train_00003.png",
    ]  # fmt: skip
    assert np.array_equal(np.asarray(Image.open(out / "train/1/train_00003.png")), x[2])
    assert (linked.code, linked.json["error"]["where"]) == (2, "--files")


class Steps(Silent):
    """Keeps the names of the steps that were begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def track(self, name: str, total: int | None) -> AbstractContextManager[Track]:
        self.begun.append(name)
        return super().track(name, total)


def test_a_loss_is_told_before_the_pictures_are_written(tmp_path: Path) -> None:
    source = npz(tmp_path / "set.npz", x_train=grey(3), y_train=np.array([0, 1, 1]))
    watching = Steps()

    def convert_it(*, allow_loss: bool) -> ConvertReport:
        writing = ExportOptions("labelme", allow_loss=allow_loss)
        return convert(
            source, tmp_path / "out", images=None, reading=ImportOptions(), writing=writing, progress=watching
        )

    with pytest.raises(UsageError, match="labelme cannot hold all of it; this would be lost: 3 × split"):
        convert_it(allow_loss=False)
    before = list(watching.begun)
    allowed = convert_it(allow_loss=True)

    assert "write" not in before
    assert "write" in watching.begun
    assert allowed.exported.lost == {"split": 3}


def test_labels_join_pictures_that_were_written_before(tmp_path: Path, command: Command) -> None:
    source = npz(tmp_path / "set.npz", x_train=grey(3), y_train=np.array([0, 1, 1]))
    command("convert", source, tmp_path / "out", "--to", "folders")
    scan(tmp_path / "out", tmp_path / "manifest.db", labels="none")

    with open_store(tmp_path / "manifest.db") as store:
        import_labels(store, source)

    assert labels_of(tmp_path / "manifest.db") == {
        "train/0/train_00001.png": "0", "train/1/train_00002.png": "1", "train/1/train_00003.png": "1",
    }  # fmt: skip
    assert {*splits_of(tmp_path / "manifest.db").values()} == {"train"}


def test_arrays_in_an_archive_are_converted(tmp_path: Path, command: Command) -> None:
    meta = pickle.dumps({"label_names": list(NAMES)}, 2)
    batches = [(f"cifar-10-batches-py/data_batch_{n}", old_pickle(planes(2), (3, n))) for n in (1, 2)]
    source = tarred(tmp_path / "cifar-10-python.tar.gz", *batches, ("cifar-10-batches-py/batches.meta", meta))

    ran = command("convert", source, tmp_path / "out", "--to", "folders", "--json")

    assert (ran.code, ran.json["images"], ran.json["import"]["format"]) == (0, 4, "arrays")
    assert Counter(path.parent.name for path in (tmp_path / "out").rglob("*.png")) == {
        "cat": 2,
        "automobile": 1,
        "bird": 1,
    }


def test_two_files_of_pictures_of_the_same_names_are_refused(tmp_path: Path) -> None:
    mnist(tmp_path / "a", (1,))
    mnist(tmp_path / "b", (2,))

    with pytest.raises(UsageError, match="pictures of the same names"):
        picture_sets(tmp_path, [])


# Files that break such tools, and real ones.

EXPECTED: dict[str, int | str] = {
    "idx/ok-labels-idx1-ubyte": 10,
    "idx/ok-images-idx3-ubyte.gz": 10,
    "idx/notgz-idx3-ubyte.gz": 10,
    "idx/trunc-images-idx3-ubyte": "it is cut off: 7,856 bytes are stated, 7,756 are there",
    "idx/extra-images-idx3-ubyte": 10,
    "idx/magic-images-idx3-ubyte": "it begins with b'\\x124Vx\\x00\\x00\\x00\\n', which is no header",
    "idx/swapped-idx1-ubyte": "uint8 of shape (10, 28, 28) are no class numbers",
    "idx/count-mismatch-labels-idx1-ubyte": "9 labels for 10 pictures",
    "idx/zero-images-idx3-ubyte": "an array of shape (0, 28, 28) holds no pictures",
    "idx/bomb-images-idx3-ubyte": "it is cut off: 9,223,090,559,730,712,591 bytes are stated, 16 are there",
    "idx/float-idx": "its values are float32",
    "idx/html-idx3-ubyte.gz": "which is no header of an IDX file: it looks like html",
    "cifar/data_batch_ok.bin": 5,
    "cifar/trunc.bin": "its 15,358 bytes are no whole number of pictures",
    "cifar/label_oob.bin": "label 250 is no class: they are 0 to 9",
    "cifar/data_batch_1": "it would run code (posix.system)",
    "cifar/mnist.npz_obj.npy": "it holds Python objects",
}
OTHER_HALF = {
    "notgz-idx3-ubyte.gz": ("ok-labels-idx1-ubyte", "notgz-idx1-ubyte"),
    "extra-images-idx3-ubyte": ("ok-labels-idx1-ubyte", "extra-labels-idx1-ubyte"),
    "count-mismatch-labels-idx1-ubyte": ("ok-images-idx3-ubyte.gz", "count-mismatch-images-idx3-ubyte.gz"),
    "ok-labels-idx1-ubyte": ("ok-images-idx3-ubyte.gz", "ok-images-idx3-ubyte.gz"),
    "ok-images-idx3-ubyte.gz": ("ok-labels-idx1-ubyte", "ok-labels-idx1-ubyte"),
}
"""Pictures have labels: which file is put beside one, under which name."""
needs_torture = pytest.mark.skipif(not TORTURE.is_dir(), reason="needs the shared data, which is not here")


@needs_torture
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_each_broken_file_is_taken_or_refused_as_expected(
    name: str, tmp_path: Path, command: Command
) -> None:
    source = Path(shutil.copy(TORTURE / name, tmp_path))
    if source.name in OTHER_HALF:
        original, called = OTHER_HALF[source.name]
        shutil.copy(TORTURE / "idx" / original, tmp_path / called)

    ran = command("convert", source, tmp_path / "out", "--to", "folders", "--json")

    expected = EXPECTED[name]
    found = ran.json["images"] if ran.code == 0 else ran.json["error"]["problem"]
    assert found == expected if isinstance(expected, int) else expected in found
    assert (tmp_path / "out").exists() is isinstance(expected, int)
    assert not list(Path("/tmp").glob("pwned*"))  # noqa: S108 - where such files want to write


@needs_torture
def test_every_broken_file_is_expected() -> None:
    with (TORTURE.parent / "labels.csv").open(encoding="utf-8", newline="") as file:
        listed = {row["file"] for row in csv.DictReader(file)}

    assert {name for name in listed if name.startswith(("idx/", "cifar/"))} == set(EXPECTED)


@pytest.mark.skipif(not MNIST.is_file(), reason="needs the shared data, which is not here")
def test_mnist_is_read_whole(tmp_path: Path) -> None:
    with np.load(MNIST) as file:
        wanted = {split: np.bincount(file[f"y_{split}"]).tolist() for split in ("train", "test")}
        pictures = file["x_train"][:300]
        npz(tmp_path / "slice.npz", x_train=pictures, y_train=file["y_train"][:300])

    found = Counter((split, classes[0]) for _, split, classes, _ in said(MNIST))
    pixels = pixels_of(tmp_path / "slice.npz", tmp_path / "out")

    assert {split: [found[split, str(digit)] for digit in range(10)] for split in wanted} == wanted
    assert np.array_equal(list(pixels.values()), pictures)


@pytest.mark.drawn
def test_arrays_broken_at_random_are_read_or_refused(tmp_path: Path) -> None:
    whole = every_form(tmp_path / "seeds")
    chance = random.Random(4)  # noqa: S311 - a seed gives the same files again
    outcomes: set[str] = set()

    for number in range(FUZZED):
        folder = tmp_path / "broken"
        folder.mkdir()
        for name, data in whole.items():
            (folder / name).write_bytes(data)
        name = sorted(whole)[number % len(whole)]
        (folder / name).write_bytes(changed(whole[name], chance))
        outcomes.add(outcome(folder / name, tmp_path / "out"))
        shutil.rmtree(folder)

    assert outcomes == {"read", "refused"}


def changed(data: bytes, chance: random.Random) -> bytes:
    """Return bytes with a few changed, mostly near the beginning, where headers are; or cut."""
    broken = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(min(len(broken), chance.choice((40, 300, len(broken)))))
        pieces: Sequence[bytes] = (
            b"\0",
            b"\xff\xff\xff\xff",
            b"R",
            b"c",
            b"\x93",
            b"b",
            bytes([chance.randrange(256)]),
        )
        piece = chance.choice(pieces)
        broken[at : at + len(piece)] = piece
    return bytes(broken[: chance.choice((len(broken), len(broken), chance.randrange(len(broken))))])


def outcome(source: Path, target: Path) -> str:
    try:
        write_arrays(source, target, Silent())
    except LabelprepError:
        return "refused"
    finally:
        shutil.rmtree(target, ignore_errors=True)
    return "read"
