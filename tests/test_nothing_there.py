"""That nothing is on an image is a statement, also beside a split; a split alone is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictures import tree
from running import Command, rows

if TYPE_CHECKING:
    from pathlib import Path


def test_a_negative_image_with_a_split_is_stated_and_goes_out_again(work: Path, command: Command) -> None:
    tree(work / "set/images/train", ("a.png", "b.png"))
    tree(work / "set/images/val", ("c.png", "d.png"))
    for name, text in (("train/a", "0 0.5 0.5 0.5 0.5\n"), ("train/b", ""), ("val/c", "")):
        file = work / f"set/labels/{name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (work / "set/data.yaml").write_text(
        "train: images/train\nval: images/val\nnames: [cat]\n", encoding="utf-8"
    )
    command("scan", "set", "--labels", "none")

    ran = command("import", "set", "--json")
    command("export", "out", "--to", "yolo", "--verify", "--json")

    query = (
        "SELECT path FROM image JOIN statement ON image_id = image.id WHERE removed_by IS NULL ORDER BY path"
    )
    stated = [path.rpartition("/")[2] for path in rows(work / "manifest.db", query)]
    assert (ran.json["format"], ran.json["matched"]) == ("yolo", 3)
    assert stated == ["a.png", "b.png", "c.png"]
    assert sorted(path.name for path in (work / "out").rglob("?.txt")) == ["a.txt", "b.txt", "c.txt"]


def test_a_sheet_that_gives_only_splits_says_nothing_of_labels(work: Path, command: Command) -> None:
    tree(work / "photos", ("a.png", "b.png"))
    command("scan", "photos", "--labels", "none")
    (work / "s.csv").write_text("file,label,split\na.png,,train\nb.png,cat,test\n", encoding="utf-8")

    command("import", "s.csv")

    assert rows(work / "manifest.db", "SELECT split FROM image ORDER BY path") == ["train", "test"]
    assert rows(work / "manifest.db", "SELECT count(*) FROM statement") == [1]
