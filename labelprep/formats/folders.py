"""Labels and splits that folder names state.

::

    <class>/a.jpg            <split>/<class>/a.jpg        <class>/<split>/a.jpg
    cat/a.jpg                train/cat/a.jpg              cat/train/a.jpg
    dog/2024/b.jpg           val/dog/b.jpg                dog/val/b.jpg

Folders above the first level that branches (``images/`` around everything) are looked through. Deeper folders
belong to the class folder above them. Split names count only where train and another one stand side by side.
Names that are rarely classes (dates, cameras, numbers with a common prefix, ``test1``) are proposed, not
taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from labelprep.model.classes import natural_key
from labelprep.model.images import SPLIT_NAMES
from labelprep.model.namings import CAMERA, DATE, GENERIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CLASS_PREFIXES = frozenset({"class", "cls", "c", "label", "category", "类", "类别", "标签", "第"})
SPLIT_LIKE = re.compile(
    r"(train|training|val|valid|validation|dev|test|testing)[ _-]?\d*|(训练|验证|测试)集?\d*", re.IGNORECASE
)
NUMBERED = re.compile(r"(?P<prefix>.*?\D)(?P<number>\d+)")
WORDNET = re.compile(r"n\d{8}")
COMPACT_DATE_DIGITS = 6

Parts = tuple[str, ...]


class Kind(StrEnum):
    """How folders are laid out, as the scan report names it."""

    FLAT = "flat"
    CLASS = "<class>/"
    SPLIT = "<split>/"
    SPLIT_CLASS = "<split>/<class>/"
    CLASS_SPLIT = "<class>/<split>/"


@dataclass(frozen=True, slots=True)
class Layout:
    """Which folder level states the class and which the split, and why labels were not taken (``doubt``).

    Levels count from 0 below the root; None where no level does. ``aside`` are folders at the class level
    whose names look like splits.
    """

    kind: Kind
    class_level: int | None
    split_level: int | None
    doubt: str = ""
    proposed: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stated:
    """What the folder of an image states."""

    label: str | None
    split: str | None
    locator: str


def find_layout(folders: Mapping[Parts, int], labels: str = "auto") -> Layout:
    """Return the layout of a tree, given how many images lie directly in each folder.

    ``labels`` is ``auto``, ``folder`` (take the class level whatever its names) or ``none``.
    """
    filled = {parts: count for parts, count in folders.items() if count}
    top = _first_branching(filled)
    split_level = _split_level(filled, top)
    class_level = _class_level(filled, top, split_level)
    if class_level is None:
        kind = Kind.FLAT if split_level is None else Kind.SPLIT
        return Layout(kind, None, split_level, doubt=_why_flat(filled, split_level))
    kind = _kind(class_level, split_level)
    names = sorted({parts[class_level] for parts in filled if len(parts) > class_level}, key=natural_key)
    return _judged(Layout(kind, class_level, split_level), names, labels)


def _first_branching(filled: Mapping[Parts, int]) -> int:
    """Return the first level at which the folders differ: those above it wrap everything."""
    level = 0
    while (
        filled
        and all(len(parts) > level + 1 for parts in filled)
        and len({parts[level] for parts in filled}) == 1
    ):
        level += 1
    return level


def _split_level(filled: Mapping[Parts, int], top: int) -> int | None:
    """Return the level where train and another split stand side by side; below the top with most images."""
    for level in (top, top + 1):
        siblings: dict[Parts, set[str]] = {}
        inside = 0
        for parts, count in filled.items():
            if len(parts) > level and parts[level].casefold() in SPLIT_NAMES:
                siblings.setdefault(parts[:level], set()).add(SPLIT_NAMES[parts[level].casefold()])
                inside += count
        together = any("train" in names and len(names) > 1 for names in siblings.values())
        # A folder `train` among the pictures of one class is no split of the whole.
        if together and (level == top or inside * 2 >= sum(filled.values())):
            return level
    return None


def _class_level(filled: Mapping[Parts, int], top: int, split_level: int | None) -> int | None:
    if split_level is not None and split_level > top:
        deeper = sum(count for parts, count in filled.items() if len(parts) > split_level + 1)
        # images/train/cat beside another folder: the classes lie below the splits, not above them.
        return split_level + 1 if deeper * 2 > sum(filled.values()) else top
    level = top if split_level is None else split_level + 1
    return level if any(len(parts) > level for parts in filled) else None


def _kind(class_level: int, split_level: int | None) -> Kind:
    if split_level is None:
        return Kind.CLASS
    return Kind.SPLIT_CLASS if split_level < class_level else Kind.CLASS_SPLIT


def _why_flat(filled: Mapping[Parts, int], split_level: int | None) -> str:
    if not filled:
        return "there are no images"
    if split_level is not None:
        return "the split folders hold images directly, not folders of classes"
    return "all images lie in one folder"


def _judged(layout: Layout, names: Sequence[str], labels: str) -> Layout:
    """Keep the class level, or give it up with the reason where the names are rarely classes."""
    if labels == "none":
        return Layout(
            layout.kind, None, layout.split_level, doubt="--labels none was given", proposed=tuple(names)
        )
    if labels == "folder":
        return layout
    aside = tuple(name for name in names if SPLIT_LIKE.fullmatch(name))
    others = [name for name in names if name not in aside]
    doubt = _doubt(others) if others else "the folder names look like splits"
    if doubt:
        return Layout(layout.kind, None, layout.split_level, doubt=doubt, proposed=tuple(names))
    return Layout(layout.kind, layout.class_level, layout.split_level, aside=aside)


def _doubt(names: Sequence[str]) -> str:
    """Return why these folder names are hardly class names, or nothing."""
    if all(_is_date(name) for name in names):
        return "the folder names look like dates"
    if all(CAMERA.fullmatch(name) for name in names):
        return "the folder names look like a camera's"
    if len(names) == 1:
        return "all images lie in one folder" if names[0].casefold() in GENERIC else ""
    matches = [NUMBERED.fullmatch(name) for name in names]
    prefixes = {match["prefix"].casefold() if match else "" for match in matches}
    if len(prefixes) == 1 and prefixes != {""}:
        prefix = prefixes.pop().strip(" _-")
        if prefix not in CLASS_PREFIXES and not all(WORDNET.fullmatch(name) for name in names):
            return "the folder names are numbers with a common prefix"
    return ""


def _is_date(name: str) -> bool:
    digits = sum(character.isdigit() for character in name)
    return DATE.fullmatch(name) is not None and (digits >= COMPACT_DATE_DIGITS or "月" in name)


def stated(layout: Layout, parts: Parts) -> Stated:
    """Return what a layout reads from the folder of an image, given as its parts below the root."""
    label = split = None
    if layout.class_level is not None and len(parts) > layout.class_level:
        name = parts[layout.class_level]
        label = None if name in layout.aside else name
    if layout.split_level is not None and len(parts) > layout.split_level:
        split = SPLIT_NAMES.get(parts[layout.split_level].casefold())
    # Below <split>/<class>/ a folder beside the splits states no class: it may be anything.
    if layout.kind is Kind.SPLIT_CLASS and split is None:
        label = None
    end = (layout.class_level if layout.class_level is not None else -1) + 1
    return Stated(label, split, f"folder {'/'.join(parts[:end])}/")
