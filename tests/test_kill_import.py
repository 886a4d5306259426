"""An import that is killed at any moment has happened as a whole, or not at all."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from labelprep.manifest.store import create, open_store
from labelprep.workflows.importing import import_labels
from running import rows

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 20
IMAGES = 6_000
# The command line; it says when the program has loaded, so that kills meet the import itself.
IMPORT = """
import sys
from labelprep.cli.application import run
from labelprep.workflows import importing
print("loaded", flush=True)
run(sys.argv[1:])
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Make a manifest of images that were never files: an import reads none."""
    place = tmp_path / "manifest.db"
    (tmp_path / "photos").mkdir()
    with create(place, tmp_path / "photos") as store, store.writing() as connection:
        connection.execute(
            "INSERT INTO command (name, arguments, at) VALUES ('scan', '{}', '2026-01-01T00:00:00+00:00')"
        )
        connection.executemany(
            "INSERT INTO image (path, status, added_by) VALUES (?, 'ok', 1)",
            ((f"{number % 7}/{number:05}.jpg",) for number in range(IMAGES)),
        )
    return place


def sheet(manifest: Path, number: int) -> Path:
    """Write the sheet of one round: every image is of that round's class and split."""
    place = manifest.parent / "labels.csv"
    split = ("train", "val", "test")[number % 3]
    lines = [f"{image % 7}/{image:05}.jpg,round {number},{split}" for image in range(IMAGES)]
    place.write_text("\n".join(["file,label,split", *lines]) + "\n", encoding="utf-8")
    return place


def state(manifest: Path) -> list[object]:
    """Return what an import changes, in a form in which half an import would show."""
    return [
        rows(manifest, "SELECT label, split, split_source, count(*) FROM image GROUP BY 1, 2, 3"),
        rows(manifest, "SELECT count(*) FROM statement WHERE removed_by IS NULL"),
        rows(
            manifest,
            """
            SELECT class.name, count(*) FROM annotation JOIN statement ON statement.id = statement_id
            JOIN class ON class.id = class_id WHERE statement.removed_by IS NULL GROUP BY 1
            """,
        ),
        rows(manifest, "SELECT location, rows, matched, sha256 FROM source"),
    ]


def whole(number: int) -> object:
    """Return the label, split and count of all images after one round."""
    return [(f"round {number}", ("train", "val", "test")[number % 3], "column", IMAGES)]


def started(manifest: Path) -> subprocess.Popen[bytes]:
    """Start an import in a process of its own; return when its program has loaded."""
    arguments = ["import", str(manifest.parent / "labels.csv"), "-m", str(manifest)]
    process = subprocess.Popen(
        [sys.executable, "-c", IMPORT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def killed_after(manifest: Path, seconds: float) -> bool:
    """Start an import and kill it so long after it has loaded; tell whether it was still running."""
    with started(manifest) as process:
        time.sleep(seconds)
        running = process.poll() is None
        process.send_signal(signal.SIGKILL)
    return running


def time_of_one(manifest: Path) -> float:
    """Return how many seconds an import takes that nobody kills."""
    with started(manifest) as process:
        began = time.monotonic()
        process.communicate()
    assert process.returncode == 0
    return time.monotonic() - began


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_an_import_killed_twenty_times_is_there_whole_or_not_at_all(manifest: Path) -> None:
    rng = random.Random(3)  # noqa: S311 - no secret
    sheet(manifest, 0)
    seconds = time_of_one(manifest)

    states, running = [state(manifest)], []
    for number in range(1, KILLS + 1):
        sheet(manifest, number)
        # Now and then so late that it has ended, also on a machine that others use.
        share = 3.0 if number % 7 == 0 else rng.uniform(0.2, 1.2)
        running.append(killed_after(manifest, share * seconds))
        states.append(state(manifest))

    for number, (before, after) in enumerate(pairwise(states), start=1):
        assert after == before or (after[0], after[1]) == (whole(number), [IMAGES]), number
        assert len(after[2]) == 1, number  # type: ignore[arg-type] # a list of rows
    assert sum(running) > KILLS // 3
    assert 0 < sum(before != after for before, after in pairwise(states)) < KILLS
    assert rows(manifest, "PRAGMA integrity_check") == ["ok"]
    with open_store(manifest) as store:
        import_labels(store, sheet(manifest, KILLS + 1))
    assert state(manifest)[0] == whole(KILLS + 1)
