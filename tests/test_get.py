"""``get``: data sets become pictures in folders, from a file, from Keras's cache, or with a clear error."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from labelprep.cli.application import execute
from labelprep.errors import LabelprepError, SourceError, TrainingError, UsageError
from labelprep.formats.arrays import read_arrays
from labelprep.progress import Silent
from labelprep.workflows.getting import get_dataset

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIGITS = {"y_train": [7, 0, 7, 3], "y_test": [3, 7]}
MNIST_FILES = [
    "test/3/3_00001.png",
    "test/7/7_00002.png",
    "train/0/0_00002.png",
    "train/3/3_00004.png",
    "train/7/7_00001.png",
    "train/7/7_00003.png",
]


class Heard(Silent):
    """A progress that remembers the sentences."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def say(self, text: str) -> None:
        self.sentences.append(text)


def noise(count: int, *shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


def small_mnist() -> dict[str, NDArray[np.generic]]:
    return {
        "x_train": noise(4, 28, 28),
        "y_train": np.array(DIGITS["y_train"], dtype=np.uint8),
        "x_test": noise(2, 28, 28),
        "y_test": np.array(DIGITS["y_test"], dtype=np.uint8),
    }


def npz(file: Path, arrays: dict[str, NDArray[np.generic]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        for key, array in arrays.items():
            with archive.open(f"{key}.npy", "w") as stream:
                np.save(stream, array)
    return file


def files(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def pixels(file: Path) -> NDArray[np.uint8]:
    with Image.open(file) as picture:
        return np.asarray(picture)


def command(*arguments: str | Path, keras_home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "labelprep", "get", *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=os.environ | {"KERAS_HOME": str(keras_home), "PYTHONUTF8": "1"} | environment,
    )


def test_pictures_lie_by_split_and_class_numbered_as_in_the_arrays(tmp_path: Path) -> None:
    arrays = small_mnist()
    source = npz(tmp_path / "mnist.npz", arrays)

    got = get_dataset("mnist", tmp_path / "digits", source=source, progress=Silent())

    assert files(tmp_path / "digits") == MNIST_FILES
    assert np.array_equal(pixels(tmp_path / "digits/train/7/7_00003.png"), arrays["x_train"][2])
    assert np.array_equal(pixels(tmp_path / "digits/test/3/3_00001.png"), arrays["x_test"][0])
    assert (got.written, got.kept) == (6, 0)
    assert got.classes == {"0": 1, "3": 2, "7": 3}
    assert got.splits == {"train": 4, "test": 2}


def test_colour_pictures_and_labels_in_a_column_are_taken(tmp_path: Path) -> None:
    colour = noise(2, 32, 32, 3)
    source = npz(
        tmp_path / "c.npz",
        {
            "x_train": colour,
            "y_train": np.array([[3], [9]]),
            "x_test": colour[:1],
            "y_test": np.array([[0]]),
        },
    )

    get_dataset("cifar10", tmp_path / "cifar", source=source, progress=Silent())

    assert files(tmp_path / "cifar") == [
        "test/airplane/airplane_00001.png",
        "train/cat/cat_00001.png",
        "train/truck/truck_00002.png",
    ]
    assert np.array_equal(pixels(tmp_path / "cifar/train/truck/truck_00002.png"), colour[1])


def test_a_class_name_with_a_slash_is_made_fit_for_a_folder_and_that_is_said(tmp_path: Path) -> None:
    arrays = small_mnist() | {"y_train": np.array([0, 9, 9, 0]), "y_test": np.array([0, 0])}
    heard = Heard()

    got = get_dataset(
        "fashion_mnist", tmp_path / "clothes", source=npz(tmp_path / "f.npz", arrays), progress=heard
    )

    assert got.classes == {"T-shirt_top": 4, "Ankle boot": 2}
    assert heard.sentences == ["Class 'T-shirt/top' is written as folder 'T-shirt_top'."]
    assert (tmp_path / "clothes/train/T-shirt_top/T-shirt_top_00001.png").is_file()


def test_a_second_run_keeps_every_file_and_touches_none(tmp_path: Path) -> None:
    source = npz(tmp_path / "mnist.npz", small_mnist())
    target = tmp_path / "digits"
    get_dataset("mnist", target, source=source, progress=Silent())
    (target / ".DS_Store").write_bytes(b"left by a file manager")
    for file in target.rglob("*.png"):
        os.utime(file, (1_000_000_000, 1_000_000_000))

    got = get_dataset("mnist", target, source=source, progress=Silent())

    assert (got.written, got.kept) == (0, 6)
    assert {file.stat().st_mtime for file in target.rglob("*.png")} == {1_000_000_000}


def test_a_run_that_was_broken_off_is_gone_on_with(tmp_path: Path) -> None:
    arrays = small_mnist()
    source = npz(tmp_path / "mnist.npz", arrays)
    target = tmp_path / "digits"
    get_dataset("mnist", target, source=source, progress=Silent())
    (target / "test/3/3_00001.png").unlink()
    half = target / "train/7/7_00001.png"
    half.write_bytes(half.read_bytes()[:100])

    got = get_dataset("mnist", target, source=source, progress=Silent())

    assert (got.written, got.kept) == (2, 4)
    assert files(target) == MNIST_FILES
    assert np.array_equal(pixels(half), arrays["x_train"][0])


def test_a_picture_that_another_encoder_wrote_is_kept(tmp_path: Path) -> None:
    source = npz(tmp_path / "mnist.npz", small_mnist())
    target = tmp_path / "digits"
    get_dataset("mnist", target, source=source, progress=Silent())
    file = target / "train/7/7_00001.png"
    Image.fromarray(pixels(file)).save(file, compress_level=0)
    rewritten = file.read_bytes()

    got = get_dataset("mnist", target, source=source, progress=Silent())

    assert (got.written, got.kept) == (0, 6)
    assert file.read_bytes() == rewritten


@pytest.mark.parametrize(
    "name",
    [
        "holiday.jpg",
        "train/7/holiday.png",
        "train/7/7_00002.png",
        "train/cat/cat_00001.png",
        "train/7/a/b.png",
    ],
)
def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path, name: str) -> None:
    target = tmp_path / "digits"
    (target / name).parent.mkdir(parents=True)
    (target / name).write_bytes(b"mine")

    with pytest.raises(UsageError, match="what this command does not write") as raised:
        get_dataset("mnist", target, source=npz(tmp_path / "m.npz", small_mnist()), progress=Silent())

    assert raised.value.problem.endswith(str(Path(name)))
    assert files(target) == [name]


@pytest.mark.parametrize("content", [b"mine", None])
def test_a_file_of_the_same_name_with_another_picture_is_refused_and_left(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "digits/train/7/7_00001.png"
    file.parent.mkdir(parents=True)
    Image.new("L", (28, 28), 200).save(file)
    file.write_bytes(content or file.read_bytes())
    before = file.read_bytes()

    with pytest.raises(UsageError, match="holds something else"):
        get_dataset(
            "mnist",
            tmp_path / "digits",
            source=npz(tmp_path / "m.npz", small_mnist()),
            progress=Silent(),
        )

    assert file.read_bytes() == before
    assert files(tmp_path / "digits") == ["train/7/7_00001.png"]


def test_a_target_that_is_a_file_and_an_unknown_name_are_wrong_use(tmp_path: Path) -> None:
    source = npz(tmp_path / "m.npz", small_mnist())

    with pytest.raises(UsageError, match="this is a file"):
        get_dataset("mnist", source, source=source, progress=Silent())
    with pytest.raises(UsageError, match="mnist, fashion_mnist, cifar10"):
        get_dataset("imagenet", tmp_path / "new", source=source, progress=Silent())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets folders be written whatever their mode")
def test_a_target_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(SourceError, match="cannot be written: Not a directory"):
        get_dataset(
            "mnist",
            tmp_path / "file" / "digits",
            source=npz(tmp_path / "m.npz", small_mnist()),
            progress=Silent(),
        )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"x_train": None}, "x_train missing; the file holds ['x_test', 'y_test', 'y_train']"),
        ({"x_train": np.zeros((4, 28, 28))}, "float64 of shape (4, 28, 28) are no pictures"),
        ({"x_train": noise(4, 784)}, "uint8 of shape (4, 784) are no pictures"),
        ({"x_train": noise(4, 3, 32, 32)}, "uint8 of shape (4, 3, 32, 32) are no pictures"),
        ({"y_train": np.array([1, 2, 3])}, "int64 of shape (3,) are no class numbers of 4 pictures"),
        ({"y_train": np.eye(4)}, "float64 of shape (4, 4) are no class numbers of 4 pictures"),
        ({"y_test": np.array([1, -1])}, "int64 of shape (2,) are no class numbers of 2 pictures"),
        ({"y_test": np.array([1.0, 2.0])}, "float64 of shape (2,) are no class numbers of 2 pictures"),
        ({"x_test": noise(0, 28, 28)}, "uint8 of shape (0, 28, 28) are no pictures"),
        ({"y_test": np.array(["a", None])}, "cannot be read: Object arrays cannot be loaded"),
        (
            {"x_test": noise(2, 32, 32, 3)},
            "x_test holds pictures of (32, 32, 3), those of mnist are (28, 28)",
        ),
        ({"y_test": np.array([1, 10])}, "y_test holds class number 10, mnist has 10 classes"),
    ],
)
def test_arrays_that_do_not_fit_are_named(
    tmp_path: Path, change: dict[str, NDArray[np.generic] | None], problem: str
) -> None:
    arrays = {key: value for key, value in (small_mnist() | change).items() if value is not None}

    with pytest.raises(SourceError) as raised:
        get_dataset("mnist", tmp_path / "digits", source=npz(tmp_path / "m.npz", arrays), progress=Silent())

    assert raised.value.problem.startswith(problem)
    assert not (tmp_path / "digits").exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "there is no such file"),
        (b"<html>404</html>", "this is not an .npz file (a zip of NumPy arrays)"),
        (b"", "this is not an .npz file (a zip of NumPy arrays)"),
    ],
)
def test_a_file_that_is_no_archive_is_named(tmp_path: Path, content: bytes | None, problem: str) -> None:
    file = tmp_path / "mnist.npz"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SourceError) as raised:
        read_arrays(file)

    assert (raised.value.where, raised.value.problem) == (str(file), problem)


def test_an_archive_with_damaged_bytes_is_named(tmp_path: Path) -> None:
    file = npz(tmp_path / "mnist.npz", small_mnist())
    data = bytearray(file.read_bytes())
    data[1000:1100] = bytes(100)
    file.write_bytes(data)

    with pytest.raises(SourceError, match="cannot be read: Bad CRC-32"):
        read_arrays(file)


def test_a_file_in_the_cache_of_keras_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npz(tmp_path / "keras/datasets/mnist.npz", small_mnist())
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))

    got = get_dataset("mnist", tmp_path / "digits", progress=Silent())

    assert got.written == 6
    assert files(tmp_path / "digits") == MNIST_FILES


def test_an_archive_that_keras_would_delete_is_left_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "keras/datasets/cifar-10-batches-py-target_archive"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"repacked")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))

    with pytest.raises(TrainingError, match="not the file Keras expects there"):
        get_dataset("cifar10", tmp_path / "cifar", progress=Silent())

    assert archive.read_bytes() == b"repacked"


def test_fashion_mnist_comes_out_of_the_cache_through_keras(tmp_path: Path) -> None:
    folder = tmp_path / "keras/datasets/fashion-mnist"
    folder.mkdir(parents=True)
    pictures = noise(2, 28, 28)
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(16) + pictures.tobytes()))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(8) + bytes([1, 8])))

    done = command("fashion_mnist", tmp_path / "clothes", "--json", keras_home=tmp_path / "keras")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["splits"] == {"train": 2, "test": 2}
    assert np.array_equal(pixels(tmp_path / "clothes/test/Bag/Bag_00002.png"), pictures[1])


def test_without_network_the_error_says_where_to_put_the_file(tmp_path: Path) -> None:
    home = tmp_path / "keras"
    home.mkdir()

    # Port 9 of this machine answers nobody: as good as no network, also where there is one.
    done = command(
        "cifar10",
        tmp_path / "cifar",
        "--json",
        keras_home=home,
        https_proxy="http://127.0.0.1:9",
        no_proxy="",
    )

    error = json.loads(done.stdout)["error"]
    assert done.returncode == LabelprepError.exit_code
    assert (error["code"], error["where"]) == ("training", "cifar10")
    assert str(home / "datasets" / "cifar-10-batches-py-target_archive") in error["fix"]
    assert "--from FILE.npz" in error["fix"]
    assert not (tmp_path / "cifar").exists()


def test_a_file_given_needs_neither_keras_nor_tensorflow(tmp_path: Path) -> None:
    source = npz(tmp_path / "mnist.npz", small_mnist())
    program = (
        "import sys; from pathlib import Path; from labelprep.progress import Silent\n"
        "from labelprep.workflows.getting import get_dataset\n"
        "get_dataset('mnist', Path(sys.argv[2]), source=Path(sys.argv[1]), progress=Silent())\n"
        "print([name for name in ('tensorflow', 'keras', 'pandas') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, source, tmp_path / "digits"],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )

    assert done.stdout == "[]\n"


def test_the_command_prints_one_document_with_the_promised_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = npz(tmp_path / "mnist.npz", small_mnist())

    code = execute(["get", "mnist", str(tmp_path / "digits"), "--from", str(source), "--json"])

    document = json.loads(capsys.readouterr().out)
    assert code == 0
    assert document.pop("seconds") >= 0
    assert document == {
        "dataset": "mnist",
        "dir": str(tmp_path / "digits"),
        "written": 6,
        "kept": 0,
        "classes": {"0": 1, "3": 2, "7": 3},
        "splits": {"train": 4, "test": 2},
    }


def test_a_person_reads_counts_and_the_next_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = small_mnist() | {"x_train": noise(4, 32, 32, 3), "x_test": noise(2, 32, 32, 3)}
    npz(tmp_path / "cifar10.npz", arrays)
    monkeypatch.chdir(tmp_path)

    code = execute(["get", "cifar10", "cifar", "--from", "cifar10.npz"])

    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        "6 pictures written to cifar.",
        "  split  pictures",
        "  train         4",
        "  test          2",
        "  class     pictures",
        "  airplane         1",
        "  cat              2",
        "  horse            3",
        "",
        "Next: labelprep scan cifar",
    ]
