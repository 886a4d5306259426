"""Every file of a collection that breaks such tools ends with the status that is expected of it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from labelprep.pixels.engine import Batch, LocalEngine, Work

TORTURE = Path(__file__).parents[1].parent / "shared" / "torture"
BATCH = 32

STRICT = "the strict decoder complains of a table or marker between two scans: trained on, and told"
DIFFERENCES: dict[str, tuple[str, str]] = {
    "jpegdecoder_fuzz/id_000182_src_000000_op_flip1_pos_503_+cov.jpg": ("damaged", STRICT),
    "jpegdecoder_fuzz/id_000223_src_000000_op_flip2_pos_503_+cov.jpg": ("damaged", STRICT),
    "jpegdecoder_fuzz/id_000227_src_000000_op_flip2_pos_503_+cov.jpg": ("damaged", STRICT),
}
"""File → the status it gets instead of the expected one, and why."""


@pytest.mark.skipif(not TORTURE.is_dir(), reason="needs the shared data, which is not here")
def test_every_file_ends_with_the_expected_status(tmp_path: Path) -> None:
    with (TORTURE / "images.csv").open(encoding="utf-8", newline="") as file:
        expected = {row["file"]: row["labelprep_status"].split("|") for row in csv.DictReader(file)}
    names = sorted(expected)

    found = statuses(names, tmp_path)

    assert sorted(found) == names
    assert all(problem for status, problem in found.values() if status != "ok")
    differences = {name: status for name, (status, _) in found.items() if status not in expected[name]}
    assert differences == {name: status for name, (status, _) in DIFFERENCES.items()}


def statuses(names: list[str], cache: Path) -> dict[str, tuple[str, str]]:
    """Scan the files and return status and problem of each."""
    batches = [Batch(at, names[at : at + BATCH]) for at in range(0, len(names), BATCH)]
    asked = [
        Batch(batch.number, [str(TORTURE / "images" / name) for name in batch.items]) for batch in batches
    ]
    found = {}
    with LocalEngine() as engine:
        for done in engine.run(asked, Work("scan", {"cache": str(cache)})):
            for name, result in zip(names[done.number : done.number + BATCH], done.results, strict=True):
                found[name] = (result.value["status"], result.value["problem"])
    return found
