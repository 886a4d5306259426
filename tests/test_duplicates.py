"""Images that show the same picture: found, told, excluded, and known afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from labelprep.manifest.store import open_store
from labelprep.workflows import nearness
from running import Command, ids_of, rows, scan

if TYPE_CHECKING:
    from pathlib import Path


def photo(number: int, size_wh: tuple[int, int] = (160, 120)) -> Image.Image:
    """Draw something smooth and colourful, another for each number."""
    cells = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(cells).resize(size_wh, Image.Resampling.BICUBIC)


def save(picture: Image.Image, path: Path, **options: int) -> None:
    """Write a picture, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, None, **options)


@pytest.fixture
def pictures(work: Path) -> Path:
    """Write five pictures and copies of two of them, and scan them."""
    root = work / "pictures"
    for number in range(5):
        save(photo(number), root / "cat" / f"{number}.png")
    (root / "cat" / "0_again.png").write_bytes((root / "cat" / "0.png").read_bytes())
    save(photo(0), root / "cat" / "0.bmp")
    save(photo(0).resize((80, 60)), root / "cat" / "0_small.png")
    save(photo(1), root / "dog" / "1.jpg", quality=40)
    scan(root, work / "manifest.db", labels="folder")
    return root


def test_groups_are_told_with_the_one_to_keep(pictures: Path, command: Command) -> None:
    found = command("duplicates", "--json").json

    assert pictures.is_dir()
    assert found["counts"] == {"near": 2}
    assert found["surplus"] == 4
    assert [
        (group["keep"], group["reason"], [(image["path"], image["kind"]) for image in group["images"][1:]])
        for group in found["groups"]
    ] == [
        (
            "cat/0.bmp",
            "it is compressed least",
            [
                ("cat/0.png", "equal pixels"),
                ("cat/0_again.png", "equal pixels"),
                ("cat/0_small.png", "near"),
            ],
        ),
        ("cat/1.png", "it is compressed least", [("dog/1.jpg", "near")]),
    ]


def test_one_picture_with_two_labels_is_a_list_of_its_own(pictures: Path, command: Command) -> None:
    found = command("duplicates").out

    assert pictures.is_dir()
    told = found[found.index("Same picture") :].splitlines()
    assert told[0] == "Same picture with two labels: 1 (never excluded: which label is right?)"
    assert told[1] == "       cat/1.png (cat)"
    assert told[2].startswith("       dog/1.jpg (dog): near, ")
    assert found.endswith("Next: labelprep duplicates --exclude\n")


def test_excluding_keeps_one_of_each_group_and_can_be_undone(pictures: Path, command: Command) -> None:
    excluded = command("duplicates", "--exclude", "--json").json
    kept = rows(pictures.parent / "manifest.db", "SELECT path FROM image WHERE status = 'ok' ORDER BY path")
    again = command("duplicates", "--json").json
    command("undo")
    after = rows(pictures.parent / "manifest.db", "SELECT count(*) FROM image WHERE status = 'ok'")

    assert (excluded["excluded"], excluded["left"]) == (3, 1)
    assert kept == ["cat/0.bmp", "cat/1.png", "cat/2.png", "cat/3.png", "cat/4.png", "dog/1.jpg"]
    assert [group["keep"] for group in again["groups"]] == ["cat/1.png"]
    assert after == [9]


def test_a_smaller_radius_finds_less(pictures: Path, command: Command) -> None:
    assert pictures.is_dir()
    refused = command("duplicates", "--near", "14")

    assert refused.code == 2
    assert "--near 14 is not in 0 to 13" in refused.err


def test_equal_pixels_count_whatever_the_radius(pictures: Path, command: Command) -> None:
    jpeg = pictures / "cat" / "2.jpg"
    save(photo(2, (900, 700)), jpeg)
    with Image.open(jpeg) as opened:
        opened.save(pictures / "cat" / "2_same.png")
    scan(pictures, pictures.parent / "manifest.db", labels="folder")
    command("duplicates")
    with open_store(pictures.parent / "manifest.db") as store, store.writing() as connection:
        connection.execute("UPDATE near_pair SET distance = 1 WHERE distance = 0")

    found = command("duplicates", "--near", "0", "--json").json

    kinds = {image["path"]: image["kind"] for group in found["groups"] for image in group["images"]}
    assert kinds["cat/2.jpg"] == "equal pixels"
    assert "cat/0_small.png" not in kinds


def test_the_next_step_names_the_picture_to_be_decided(pictures: Path, command: Command) -> None:
    assert pictures.is_dir()
    done = command("duplicates", "--exclude").out
    again = command("duplicates").out

    assert "1 group is left as it is: their labels differ." in done
    assert again.endswith("Next: labelprep resolve cat/1.png --label CLASS\n")


def test_groups_across_splits_are_counted(pictures: Path, command: Command) -> None:
    with open_store(pictures.parent / "manifest.db") as store, store.writing() as connection:
        connection.execute("UPDATE image SET split = iif(path LIKE '%.bmp', 'test', 'train')")

    found, told = command("duplicates", "--json").json, command("duplicates").out

    assert found["across_splits"] == 1
    assert "        1  of them in more than one split\n" in told


def test_what_was_compared_is_not_compared_again(pictures: Path) -> None:
    with open_store(pictures.parent / "manifest.db") as store:
        first = nearness.search(store, workers=1)
        second = nearness.search(store, workers=1)
        groups = nearness.known_groups(store)
        ids = ids_of(store)

    assert (first, second) == (8, 0)
    assert groups == {
        ids[path]: ids["cat/0.bmp"]
        for path in ("cat/0.bmp", "cat/0.png", "cat/0_again.png", "cat/0_small.png")
    } | {ids["cat/1.png"]: ids["cat/1.png"], ids["dog/1.jpg"]: ids["cat/1.png"]}


def test_new_images_are_compared_with_the_old_ones(pictures: Path) -> None:
    manifest = pictures.parent / "manifest.db"
    with open_store(manifest) as store:
        nearness.search(store, workers=1)
    save(photo(3).point(lambda value: value * 0.85), pictures / "cat" / "3_dark.png")
    scan(pictures, manifest, labels="folder")

    with open_store(manifest) as store:
        known = nearness.pairs_known(store)
        groups = nearness.near_groups(store, workers=1)
        ids = ids_of(store)

    assert not known
    assert groups[ids["cat/3_dark.png"]] == groups[ids["cat/3.png"]] == ids["cat/3.png"]


def test_flat_pictures_are_the_same_only_where_they_are_equal(work: Path) -> None:
    for number in range(4):
        save(Image.new("RGB", (20, 20), (number, 0, 0)), work / "flat" / f"{number}.png")
    save(Image.new("RGB", (20, 20), (2, 0, 0)), work / "flat" / "2_again.bmp")
    scan(work / "flat", work / "manifest.db")

    with open_store(work / "manifest.db") as store:
        groups = nearness.near_groups(store, workers=1)
        ids = ids_of(store)

    assert groups == dict.fromkeys((ids["2.png"], ids["2_again.bmp"]), min(ids["2.png"], ids["2_again.bmp"]))


def test_a_picture_that_is_gone_is_told_and_compared_later(work: Path) -> None:
    save(photo(1), work / "photos" / "1.png")
    save(photo(1).resize((80, 60)), work / "photos" / "2.png")
    scan(work / "photos", work / "manifest.db")
    (work / "photos" / "2.png").unlink()

    with open_store(work / "manifest.db") as store:
        groups = nearness.near_groups(store, workers=1)
        known = nearness.pairs_known(store)

    assert groups == {}
    assert not known
