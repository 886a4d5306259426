"""Writers whose bytes do not depend on the order of sets, which Python draws anew for each process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from labelprep.formats import WRITERS, writer
from labelprep.manifest.store import open_store
from labelprep.workflows.importing import import_labels
from labelprep.workflows.splitting import split_images
from pictures import tree
from running import ANIMALS, scan
from table_files import biff2, workbook

if TYPE_CHECKING:
    from pathlib import Path

EXPORTING = """
import hashlib, sys
from pathlib import Path
from labelprep.formats import WRITERS, writer
from labelprep.manifest.store import open_store
from labelprep.workflows.exporting import ExportOptions, export_labels
from labelprep.workflows.sheet_copying import copy_sheet
from labelprep.workflows.templating import TemplateOptions, write_export, write_template

out = Path(sys.argv[2])
sheets = Path(sys.argv[1]).parent
with open_store(Path(sys.argv[1]), for_writing=False) as store:
    for name in WRITERS:
        export_labels(store, out / (name + writer(name).suffix), ExportOptions(name, allow_loss=True))
    write_export(store, out / "sheet.csv", allow_loss=True)
    write_export(store, out / "sheet.xlsx", allow_loss=True)
    write_template(store, out / "template.xlsx", TemplateOptions(thumbnails=True))
    copy_sheet(store, sheets / "labels.xlsx", out / "copy.xlsx")
    copy_sheet(store, sheets / "labels.xls", out / "copy-of-old.xlsx")
for path in sorted(out.rglob("*")):
    if path.is_file():
        print(path.relative_to(out).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest())
"""

SHEETS = {"sheet.csv", "sheet.xlsx", "template.xlsx", "copy.xlsx", "copy-of-old.xlsx"}


def shape(label: str, kind: str, *points: tuple[float, float], **attributes: Any) -> dict[str, Any]:  # noqa: ANN401 - as JSON
    return {
        "label": label,
        "shape_type": kind,
        "points": points,
        "group_id": None,
        "flags": {"sharp": True, "night": False, "wet": True},
        "attributes": attributes,
    }


def labelled(root: Path) -> None:
    """Write a label file of several shapes beside each animal."""
    for image in ANIMALS:
        shapes = [
            shape(
                image.split("/", maxsplit=1)[0], "rectangle", (1, 1), (6, 6), age="old", coat="red", size="s"
            ),
            shape("蛇", "polygon", (0, 0), (5, 0), (5, 5)),
            shape("eye", "point", (2, 3)),
        ]
        document = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": image.rpartition("/")[2]}
        file = (root / image).with_suffix(".json")
        file.write_text(json.dumps(document | {"imageData": None}), encoding="utf-8")


def exported(manifest: Path, out: Path, seed: str) -> list[str]:
    """Export all formats in a process of its own; return the path and the sha256 of each file."""
    ran = subprocess.run(
        [sys.executable, "-c", EXPORTING, str(manifest), str(out)],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return ran.stdout.splitlines()


def test_every_writer_gives_the_same_bytes_whatever_the_seed_of_hashes(work: Path) -> None:
    tree(work / "animals", ANIMALS)
    labelled(work / "animals")
    scan(work / "animals", work / "manifest.db")
    with open_store(work / "manifest.db") as store:
        import_labels(store, work / "animals")
        split_images(store, {"train": 0.5, "val": 0.25, "test": 0.25})
    rows = [["photo", "class"], *([image, image.split("/", maxsplit=1)[0]] for image in ANIMALS)]
    workbook(work, rows)
    biff2(work, rows)

    one = exported(work / "manifest.db", work / "one", "1")
    other = exported(work / "manifest.db", work / "other", "2")

    tops = {line.split(" ")[0].split("/")[0] for line in one}
    assert tops == {name + writer(name).suffix for name in WRITERS} | SHEETS
    assert one == other
