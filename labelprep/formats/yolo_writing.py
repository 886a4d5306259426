"""A YOLO set as it is written: images and labels by split, ``data.yaml`` and ``classes.txt``.

::

    data.yaml                  classes.txt
    images/train/fox/1.jpg     labels/train/fox/1.txt
    images/train/fox/1_png.png labels/train/fox/1_png.txt     of two images with one stem
    images/unsplit/…           labels/unsplit/…               what is in no split

Numbers have 15 places, so that pixels read back to a millionth. An image that no source speaks of, and one of
which nothing fits into the lines, gets no label file: an empty one would say that nothing is on it.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from labelprep.formats import json_files
from labelprep.formats.base import Keeps, Written, not_kept
from labelprep.formats.placing import Files, fitting, parts_of
from labelprep.formats.yaml_files import quoted
from labelprep.formats.yolo_lines import FARTHEST, QUAD
from labelprep.model.annotation import Annotation, Kind
from labelprep.model.geometry import is_flat
from labelprep.model.images import SPLITS

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from labelprep.formats.base import Export, Outgoing
    from labelprep.model.annotation import Record

SUFFIX: Final = ".txt"
UNSPLIT: Final = "unsplit"
RESERVED: Final = frozenset({"images", "labels"})
PLACES: Final = 15
UNWRITTEN: Final = "shapes far outside the image, or that enclose nothing"
SHAPES: Final = frozenset({Kind.BOX, Kind.ROTATED_BOX, Kind.POLYGON})
TWICE: Final = "shapes that are there twice"


def write(export: Export, target: Path) -> Written:
    """Write a set; see `Writer.write`."""
    target.mkdir(parents=True)
    kinds = _kinds(export)
    names = Names(target, is_leaving=export.files is Files.LEAVE)
    numbers = export.numbers()
    images = annotations = files = 0
    splits: set[str] = set()
    for item in export.items():
        split = item.record.split or UNSPLIT
        splits.add(split)
        image, label = names.take(split, item.record.image)
        files += export.place(item, image)
        lines = list(_lines(item.record, numbers, closes_quads=Kind.ROTATED_BOX in kinds))
        if item.is_stated and (lines or not item.record.annotations):
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
            images += 1
            annotations += len(lines)
            files += 1
    return Written(images, annotations, files + _write_lists(target, numbers, splits, kinds))


def lost(outgoing: Outgoing, keeps: frozenset[Keeps]) -> Counter[str]:
    """Count, by kind, what of one image the lines cannot hold."""
    counts = not_kept(outgoing.record, keeps)
    shapes = [item for item in outgoing.record.annotations if item.kind in SHAPES and item.label is not None]
    size_wh = outgoing.record.size_wh
    written = [_shares(item, size_wh) for item in shapes]
    counts[UNWRITTEN] += written.count(None)
    told = [(item.kind, item.label, said) for item, said in zip(shapes, written, strict=True) if said]
    counts[TWICE] += len(told) - len({str(one) for one in told})
    return +counts


def _kinds(export: Export) -> frozenset[Kind]:
    """Return which kinds of four points there are: where both are, polygons are closed."""
    kinds = set()
    for item in export.items():
        for shape in item.record.annotations:
            if shape.kind is Kind.ROTATED_BOX or (
                shape.kind is Kind.POLYGON and len(shape.geometry) * 2 == QUAD
            ):
                kinds.add(shape.kind)
    return frozenset(kinds)


class Names:
    """Where images and their labels are written: no two labels share a name, even without case."""

    def __init__(self, target: Path, *, is_leaving: bool) -> None:
        """Take the folder of the export; where images are left, labels bear the names of the originals."""
        self._target = target
        self._is_leaving = is_leaving
        self._taken: set[str] = set()

    def take(self, split: str, image: str) -> tuple[Path, Path]:
        """Return the paths of an image and of its labels.

        Raises: UsageError where the image's path leads out.
        """
        *folders, name = parts_of(image)
        if not self._is_leaving:
            # Others put labels for the last `images` of a path.
            folders = [f"{folder}_" if folder.casefold() in RESERVED else folder for folder in folders]
        folder = "/".join((split, *folders))
        written, label = next(
            (written, label)
            for written, label in self._candidates(name, image)
            if f"{folder}/{label}".casefold() not in self._taken
        )
        self._taken.add(f"{folder}/{label}".casefold())
        return self._target / "images" / folder / written, self._target / "labels" / folder / label

    def _candidates(self, name: str, image: str) -> Iterator[tuple[str, str]]:
        stem, ending = posixpath.splitext(name)
        whole = fitting(stem, SUFFIX, image)
        yield name if whole == stem or self._is_leaving else whole + ending, whole + SUFFIX
        if self._is_leaving:
            yield name, fitting(name, SUFFIX, image) + SUFFIX
        mark, number = ending[1:].lower(), 1
        longest = max(ending, SUFFIX, key=lambda text: len(text.encode("utf-8")))
        while True:
            marked = fitting(stem, f"_{mark}{longest}", image)
            yield f"{marked}_{mark}{ending}", f"{marked}_{mark}{SUFFIX}"
            number += 1
            mark = f"{ending[1:].lower()}_{number}"


def _lines(record: Record, numbers: Mapping[str, int], *, closes_quads: bool) -> Iterator[str]:
    """Yield the lines of an image, each once."""
    seen = set()
    for item in record.annotations:
        shares = _shares(item, record.size_wh) if item.label in numbers else None
        if shares is None:
            continue
        if closes_quads and item.kind is Kind.POLYGON and len(shares) == QUAD:
            shares = [*shares, *shares[:2]]
        line = " ".join((str(numbers[item.label or ""]), *map(_text, shares)))
        if line not in seen:
            seen.add(line)
            yield line


def _shares(item: Annotation, size_wh: tuple[int, int] | None) -> list[float] | None:
    """Return the numbers of a shape, None where it has no line."""
    if item.kind not in SHAPES or size_wh is None:
        return None
    width, height = size_wh
    if item.kind is Kind.BOX:
        left, top, right, bottom = item.geometry
        ends = [left / width, top / height, right / width, bottom / height]
        shares = [(left + right) / 2 / width, (top + bottom) / 2 / height, (right - left) / width]
        shares.append((bottom - top) / height)
        is_empty = any(float(_text(share)) <= 0 for share in shares[2:])
    else:
        shares = ends = [share for x, y in item.geometry for share in (x / width, y / height)]
        is_empty = is_flat(item.geometry)
    least, most = FARTHEST
    return None if is_empty or not all(least <= share <= most for share in ends) else shares


def _text(share: float) -> str:
    text = f"{share:.{PLACES}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _write_lists(target: Path, numbers: Mapping[str, int], splits: set[str], kinds: frozenset[Kind]) -> int:
    """Write what describes the set; return how many files that makes."""
    by_number = {number: name for name, number in numbers.items()}
    names = [by_number.get(number, "") for number in range(max(by_number, default=-1) + 1)]
    text = _data_yaml(names, splits, kinds, is_ascii=False)
    # Where a reader would have to guess the encoding, it gets escapes.
    if len(json_files.readings(text.encode("utf-8"), None)) > 1:
        text = _data_yaml(names, splits, kinds, is_ascii=True)
    (target / "data.yaml").write_text(text, encoding="utf-8", newline="\n")
    if not all(name.isprintable() and name == name.strip() for name in names):
        return 1
    (target / "classes.txt").write_text(
        "".join(f"{name}\n" for name in names), encoding="utf-8", newline="\n"
    )
    return 2


def _data_yaml(names: list[str], splits: set[str], kinds: frozenset[Kind], *, is_ascii: bool) -> str:
    lines = [f"{split}: images/{split}" for split in SPLITS if split in splits]
    if not lines:
        lines.append(
            "# The images are in no split: name folders or lists under train and val to train on them."
        )
    if kinds:
        kind = Kind.ROTATED_BOX if Kind.ROTATED_BOX in kinds else Kind.POLYGON
        lines.append(f"four_points: {kind}  # what lines of four points are; read by labelprep alone")
    lines += [f"nc: {len(names)}", "names:" if names else "names: []"]
    lines += [f"  {number}: {quoted(name, is_ascii=is_ascii)}" for number, name in enumerate(names)]
    return "".join(f"{line}\n" for line in lines)
