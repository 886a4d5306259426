"""Which images of a manifest train, validate and test, and the classes of a network's outputs."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median_low
from typing import TYPE_CHECKING

import numpy as np

from labelprep.errors import TrainingError, shown
from labelprep.manifest import classes
from labelprep.model.images import SPLITS
from labelprep.progress import Silent
from labelprep.splits.assigning import hold_out
from labelprep.splits.components import Link, Reason, components, keys_of
from labelprep.workflows.linking import linked, near_of, remembered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labelprep.manifest.store import Store

HELD_OUT_SHARE = 0.1
MULTI_LABEL_SHARE = 0.01
NAMED = 5


@dataclass(frozen=True, slots=True)
class Picture:
    """One usable image: where its pixels are, and its label."""

    image_id: int
    path: str
    path_bytes: bytes | None
    sha256: bytes
    size_bytes: int
    mtime_ns: int
    own_proxy: bool
    short_side_px: int
    channels: int
    label: str
    split: str | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The images of a training by split, classes in output order, and sentences about what was left out."""

    classes: tuple[str, ...]
    class_ids: tuple[int, ...]
    by_split: dict[str, list[Picture]]
    val_rule: str
    notes: tuple[str, ...]

    def labels(self, pictures: Sequence[Picture]) -> np.ndarray:
        """Return the output numbers of pictures, ``(n,) int32``."""
        number = {name: index for index, name in enumerate(self.classes)}
        return np.array([number[picture.label] for picture in pictures], dtype=np.int32)

    @property
    def median_side_px(self) -> int:
        """The median of the training pictures' short sides."""
        return median_low([picture.short_side_px for picture in self.by_split["train"]])

    @property
    def is_grey(self) -> bool:
        """Whether all pictures are grey."""
        return all(picture.channels == 1 for part in self.by_split.values() for picture in part)


def usable(store: Store) -> list[Picture]:
    """Return the images that can be trained on, in path order: readable, with one label of a class in use.

    Raises: TrainingError where the manifest is multi-label.
    """
    require_one_label(store)
    rows = store.connection.execute(
        """
        SELECT path, path_bytes, sha256, size_bytes, mtime_ns, own_proxy, min(width_px, height_px), channels,
            label, split, image.id
        FROM image JOIN class ON class.name = label
        WHERE status IN ('ok', 'damaged') AND NOT retired ORDER BY path, path_bytes
        """
    )
    return [
        Picture(
            image_id=row[10],
            path=row[0],
            path_bytes=row[1],
            sha256=row[2],
            size_bytes=row[3],
            mtime_ns=row[4],
            own_proxy=bool(row[5]),
            short_side_px=row[6],
            channels=row[7],
            label=row[8],
            split=row[9],
        )
        for row in rows
    ]


def require_one_label(store: Store) -> None:
    """Refuse a manifest whose images may have several labels, and do.

    Raises: TrainingError where images carry several, and a person said so, or they are one of a hundred.
    """
    labelled, several = store.connection.execute(
        "SELECT count(*), ifnull(sum(json_array_length(labels) > 1), 0) FROM image "
        "WHERE labels <> '[]' AND status <> 'missing'"
    ).fetchone()
    is_meant = store.meta("multi_label") == "yes"
    if several and (is_meant or several >= MULTI_LABEL_SHARE * labelled):
        example = store.connection.execute(
            "SELECT path FROM image WHERE json_array_length(labels) > 1 AND status <> 'missing' ORDER BY path"
        ).fetchone()[0]
        number = "1 image carries" if several == 1 else f"{several:,} of {labelled:,} images carry"
        raise TrainingError(
            f"{number} several labels, such as {shown(example)}; a training takes one label an image",
            where=str(store.path),
            fix="give each image one class: labelprep export labels.xlsx, edit it, import it again",
        )


def _left_out(store: Store) -> list[str]:
    """Return in words how many readable images have no label to train on, and why."""
    several, disagreeing, unlabeled = store.connection.execute(
        """
        SELECT ifnull(sum(json_array_length(labels) > 1), 0), ifnull(sum(conflict), 0),
            ifnull(sum(labels = '[]' AND NOT conflict), 0)
        FROM image WHERE status IN ('ok', 'damaged')
        """
    ).fetchone()
    reasons = (
        (several, "several labels", "labelprep show"),
        (disagreeing, "sources that disagree about their label", "labelprep explain IMAGE"),
        (unlabeled, "no label", "labelprep template SHEET --unlabeled"),
    )
    return [
        f"{number:,} {'image has' if number == 1 else 'images have'} {what}, left out ({command})"
        for number, what, command in reasons
        if number
    ]


def select(store: Store, seed: int) -> Selection:
    """Return what trains and what validates; where nothing validates, train lends a stratified tenth.

    Raises: TrainingError where nothing trains, or there is only one class.
    """
    pictures = usable(store)
    parts = {name: [picture for picture in pictures if picture.split == name] for name in SPLITS}
    _require_training(store, pictures, parts)
    names = {picture.label for picture in parts["train"]}
    known = [item for item in classes.listed(store.connection) if item.name in names]
    if len(known) == 1:
        raise TrainingError(
            f"all {len(parts['train']):,} training images are of one class, {known[0].name!r}",
            where="train",
            fix="a network learns to tell classes apart: add images of another class",
        )
    notes = _left_out(store)
    for split in SPLITS[1:]:
        strange = sorted({picture.label for picture in parts[split]} - names)
        if strange:
            left = sum(picture.label in strange for picture in parts[split])
            notes.append(
                f"{left:,} {split} images left out: no training image has their class "
                f"({', '.join(strange[:NAMED])})"
            )
            parts[split] = [picture for picture in parts[split] if picture.label in names]
    waiting = sum(picture.split is None for picture in pictures)
    if waiting:
        notes.append(f"{waiting:,} labelled images are in no split and were left out (labelprep split)")
    val_rule = "the val split"
    if not parts["val"]:
        parts, val_rule = _lent(store, parts, seed)
        notes.append(f"There is no val split: {val_rule}.")
    return Selection(
        classes=tuple(item.name for item in known),
        class_ids=tuple(item.id for item in known),
        by_split=parts,
        val_rule=val_rule,
        notes=tuple(notes),
    )


def _require_training(store: Store, pictures: Sequence[Picture], parts: dict[str, list[Picture]]) -> None:
    if not pictures:
        raise TrainingError(
            "no readable image has a label",
            where=str(store.path),
            fix="put the images into a folder a class and scan again, or pass --labels folder to scan",
        )
    if not parts["train"]:
        used = ", ".join(f"{len(parts[name]):,} in {name}" for name in SPLITS if parts[name])
        raise TrainingError(
            f"the training split is empty ({used})",
            where=str(store.path),
            fix="see `labelprep show`; put images into train",
        )


def _lent(store: Store, parts: dict[str, list[Picture]], seed: int) -> tuple[dict[str, list[Picture]], str]:
    """Take a stratified tenth of the training images for validation, for this run only."""
    train = parts["train"]
    number = {name: index for index, name in enumerate(sorted({picture.label for picture in train}))}
    marks = hold_out(
        [number[picture.label] for picture in train],
        [picture.sha256 for picture in train],
        _links(store, train),
        HELD_OUT_SHARE,
        seed,
    )
    kept = [picture for picture, held in zip(train, marks, strict=True) if not held]
    lent = [picture for picture, held in zip(train, marks, strict=True) if held]
    rule = f"a stratified tenth of train ({len(lent):,} images) validates, for this run only"
    return {**parts, "train": kept, "val": lent}, rule


def _links(store: Store, pictures: Sequence[Picture]) -> list[Link]:
    """Return what else than equal content holds pictures together, by the rules of the last split."""
    rules = remembered(store)
    near = near_of(store, rules, Silent())
    found = linked(store.connection, rules, near)
    whole = components(found.links, len(found.members.ids))
    head = dict(zip(found.members.ids.tolist(), whole.tolist(), strict=True))
    return [Link(Reason.CHAIN, keys_of(head[picture.image_id] for picture in pictures))]
