"""The pictures and labels of ``sample_data/`` are what their script makes, as small as promised."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from running import Command

PROJECT = Path(__file__).parents[1]
SAMPLES = PROJECT / "sample_data"
PHOTOS = SAMPLES / "photos"
KINDS = ["cup", "fish", "house", "leaf", "star"]
PER_CLASS = 60


def draw(target: Path, per_class: int) -> None:
    script = PROJECT / "tools" / "make_sample_data.py"
    subprocess.run([sys.executable, script, target, "--per-class", str(per_class)], check=True)


def test_every_kind_has_its_sixty_pictures_and_nothing_else() -> None:
    names = {
        folder.name: sorted(file.stem for file in folder.iterdir()) for folder in sorted(PHOTOS.iterdir())
    }

    assert names == {kind: [f"{kind}_{number:03}" for number in range(1, PER_CLASS + 1)] for kind in KINDS}


def test_pictures_are_small_colour_squares_of_three_sizes_and_two_formats() -> None:
    seen = set()
    for file in sorted(PHOTOS.rglob("*.*")):
        with Image.open(file) as picture:
            seen.add((picture.format, picture.mode, picture.size))

    assert seen == {(kind, "RGB", (px, px)) for kind in ("JPEG", "PNG") for px in (96, 112, 128)}


def test_all_of_it_together_stays_under_four_megabytes() -> None:
    assert 2_000_000 < sum(file.stat().st_size for file in SAMPLES.rglob("*.*")) < 4_000_000


def test_two_runs_of_the_script_write_the_same_bytes(tmp_path: Path) -> None:
    draw(tmp_path / "first", 2)
    draw(tmp_path / "second", 2)

    first, second = (
        {file.relative_to(run).as_posix(): file.read_bytes() for file in sorted(run.rglob("*.*"))}
        for run in (tmp_path / "first", tmp_path / "second")
    )
    # Two pictures and one LabelMe file of each kind, a CSV, a workbook.
    assert len(first) == 3 * len(KINDS) + 2
    assert first == second


def test_the_script_writes_the_labels_that_are_kept(tmp_path: Path) -> None:
    draw(tmp_path, PER_CLASS)

    made, kept = (
        {
            file.relative_to(folder).as_posix(): file.read_bytes()
            for file in sorted(folder.glob("label*/*.json"))
        }
        | {file.name: file.read_bytes() for file in sorted(folder.glob("labels.*"))}
        for folder in (tmp_path, SAMPLES)
    )
    assert len(kept) == 12 * len(KINDS) + 2
    assert made == kept


def test_labels_say_the_same_of_the_same_pictures_in_three_ways(tmp_path: Path, command: Command) -> None:
    manifest = tmp_path / "manifest.db"
    command("scan", PHOTOS, "-m", manifest, "--labels", "none")

    csv, workbook, labelme = (
        command("import", SAMPLES / name, "-m", manifest, "--json").json
        for name in ("labels.csv", "labels.xlsx", "labelme")
    )

    named = dict.fromkeys(KINDS, PER_CLASS - 1)
    assert (csv["encoding"], csv["matched"], csv["classes"]) == ("gb18030", 295, named)
    assert (workbook["facts"]["header_line"], workbook["matched"], workbook["classes"]) == (3, 295, named)
    assert (labelme["matched"], labelme["facts"]["shape_types"]) == (60, {"polygon": 60})
    assert [one["unmatched"] + one["conflicts"] for one in (csv, workbook, labelme)] == [0, 0, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_script_draws_the_pictures_that_are_kept(tmp_path: Path, kind: str) -> None:
    draw(tmp_path, 1)

    with (
        Image.open(tmp_path / "photos" / kind / f"{kind}_001.jpg") as drawn,
        Image.open(PHOTOS / kind / f"{kind}_001.jpg") as kept,
    ):
        difference = np.asarray(drawn, dtype=np.int16) - np.asarray(kept, dtype=np.int16)

    # Another build of the JPEG encoder or of the C library may round a pixel otherwise, no more.
    assert np.abs(difference).mean() < 1
