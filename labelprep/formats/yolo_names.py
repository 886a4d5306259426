"""The lists of class names that lie with YOLO labels, and what a ``data.yaml`` says besides.

::

    classes.txt, obj.names, …    a name a line; the first is class 0; a blank line leaves its number free
    data.yaml                    names: [cat, dog]     or     names: {0: cat, 2: dog}
                                 nc: 2                 how many, if stated
                                 path: ..              folder of the set, from here
                                 train: images/train   a folder, a list of image paths, or several
                                 kpt_shape: [17, 3]    key points a shape, and numbers for each
                                 task: obb             four_points: rotated_box is what we write
    obj.data                     names = data/obj.names, train = data/train.txt, valid = …

Source: the documented data set files of Ultralytics and Darknet.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats import json_files, yaml_files
from labelprep.formats.json_files import NotReadableError
from labelprep.model.annotation import Kind
from labelprep.model.images import SPLIT_NAMES
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

LARGEST_BYTES: Final = 1 << 20
MOST_CLASSES: Final = 100_000
LIST_NAMES: Final = frozenset({"classes.txt", "predefined_classes.txt", "labels.names", "_darknet.labels"})
LIST_ENDINGS: Final = (".names", ".labels")
YAML_ENDINGS: Final = (".yaml", ".yml")
DATA_ENDINGS: Final = (".data",)
USUAL_NAMES: Final = (
    "data.yaml", "data.yml", "dataset.yaml", "classes.txt", "obj.names", "obj.data", "_darknet.labels",
)  # fmt: skip
WANTED: Final = frozenset(
    {"names", "nc", "path", "kpt_shape", "task", "four_points", *(name for name in SPLIT_NAMES)}
)
_SPEAKS_OF_CLASSES: Final = re.compile(r"""(?m)^\ufeff?(?:['"]?(?:names|nc)['"]?[ \t]*:|\{)""")
CLASSES = "LP292"  # of class lists: gaps, twins, other lengths, none
FOUR_POINTS: Final = {
    "rotated_box": Kind.ROTATED_BOX,
    "obb": Kind.ROTATED_BOX,
    "polygon": Kind.POLYGON,
    "segment": Kind.POLYGON,
}


@dataclass(frozen=True, slots=True)
class Described:
    """What one file says of a set.

    ``names`` by number, None where it does not speak of classes; a number whose name is blank is free.
    ``splits`` are folders and lists by split, as written; ``base`` is the folder they are seen from.
    """

    place: str
    folder: str
    names: dict[int, str] | None = None
    count: int | None = None
    base: str = ""
    splits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    keypoints: tuple[int, int] | None = None
    four_points: Kind | None = None
    readings: tuple[dict[int, str], ...] = ()


def kind_of(name: str) -> str:
    """Return what a file is by its name: list, yaml, data, or nothing of these."""
    lower = name.lower()
    if lower in LIST_NAMES or lower.endswith(LIST_ENDINGS):
        return "list"
    if lower.endswith(YAML_ENDINGS):
        return "yaml"
    return "data" if lower.endswith(DATA_ENDINGS) else ""


def described(path: str, place: str, encoding: str | None) -> Described | None:
    """Return what a file says of a set; None where it says nothing of one.

    Raises: SourceError where it cannot be read.
    """
    kind = kind_of(os.path.basename(path)) or "list"  # noqa: PTH119 - as the walk gives it
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - the same
            data = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise SourceError(
            f"it cannot be read: {error.strerror or error}", where=place, fix="look at its permissions"
        ) from error
    if len(data) > LARGEST_BYTES:
        if kind == "data":
            return None
        raise SourceError(
            "it is too large for a list of classes", where=place, fix="take it out of the folder"
        )
    folder = os.path.dirname(path)  # noqa: PTH120 - the same
    if not data.strip(b"\x00 \t\r\n"):
        return None if kind != "list" else Described(place, folder, {})
    try:
        texts = [reading.text for reading in json_files.readings(data, encoding)]
    except NotReadableError as error:
        if kind == "data":
            return None
        raise SourceError(error.problem, where=place, fix=error.fix) from error
    if kind == "yaml":
        return _of_yaml(texts, place, folder)
    if kind == "data":
        return _of_data(texts[0], place, folder)
    readings = tuple(_listed(text) for text in texts)
    return Described(place, folder, readings[0], readings=readings)


def _listed(text: str) -> dict[int, str]:
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    names = [line.strip() for line in lines]
    while names and not names[-1]:
        names.pop()
    return dict(enumerate(names))


def _of_yaml(texts: Sequence[str], place: str, folder: str) -> Described | None:
    if not any(map(_SPEAKS_OF_CLASSES.search, texts)):
        return None
    found = []
    for text in texts:
        try:
            found.append(yaml_files.values(text, WANTED))
        except yaml_files.YamlError as error:
            raise SourceError(
                error.problem, where=f"{place}:{error.line}", fix="write names: as a plain list"
            ) from error
    said = found[0]
    if "names" not in said and "nc" not in said:
        return None
    readings = tuple(_names(values.get("names"), place) for values in found)
    path = said.get("path")
    task = said.get("four_points") or said.get("task")
    count = said.get("nc")
    return Described(
        place,
        folder,
        readings[0] if "names" in said else None,
        int(count) if isinstance(count, str) and count.isascii() and count.isdigit() else None,
        path if isinstance(path, str) else "",
        _splits(said),
        _keypoints(said.get("kpt_shape")),
        FOUR_POINTS.get(task) if isinstance(task, str) else None,
        readings,
    )


def _names(value: yaml_files.Value | None, place: str) -> dict[int, str]:
    """Return the names of a ``data.yaml`` by number.

    Raises: SourceError where they are something else.
    """
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        value = [value]
    pairs = enumerate(value) if isinstance(value, list) else value.items()
    names: dict[int, str] = {}
    for key, name in pairs:
        number = key if isinstance(key, int) else int(key) if _is_number(key) else -1
        if not 0 <= number < MOST_CLASSES or not isinstance(name, str):
            problem = f"names holds {shown(key)}: {shown(name)}, which is no number with a name"
            raise SourceError(problem, where=place, fix="write names: as a list, or as number: name")
        names[number] = name if name.strip() else ""
    return dict(sorted(names.items()))


def _is_number(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) < len(str(MOST_CLASSES))


def _splits(said: Mapping[str, yaml_files.Value]) -> dict[str, tuple[str, ...]]:
    splits: dict[str, tuple[str, ...]] = {}
    for key, value in said.items():
        split = SPLIT_NAMES.get(key)
        if split is None:
            continue
        places = value if isinstance(value, list) else [value]
        own = tuple(place for place in places if isinstance(place, str) and place)
        splits[split] = splits.get(split, ()) + own
    return splits


def _keypoints(value: yaml_files.Value | None) -> tuple[int, int] | None:
    if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004 - points, and numbers for each
        return None
    points, numbers = (int(one) if isinstance(one, str) and _is_number(one) else 0 for one in value)
    return (points, numbers) if points and numbers in {2, 3} else None


def _of_data(text: str, place: str, folder: str) -> Described | None:
    """Return what Darknet's ``obj.data`` says: its paths are seen from where Darknet was started."""
    splits: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        split = SPLIT_NAMES.get(key.strip().casefold())
        if split is not None and value.strip():
            splits[split] = (value.strip(),)
    return Described(place, folder, splits=splits) if splits else None


class ClassLists:
    """The names of the classes, of all lists that lie with a set."""

    def __init__(self, found: Sequence[Described], classes: Collection[str]) -> None:
        """Take the lists, and the classes that are known already."""
        self.issues: list[Issue] = []
        lists = [item for item in found if item.names]
        self.place = ""
        self.names: dict[int, str] | None = None
        if lists:
            chosen = _one_reading(lists, classes)
            self.place, self.names = self._agreed(chosen)
            self._tell(lists)

    def _agreed(self, lists: Sequence[tuple[str, dict[int, str]]]) -> tuple[str, dict[int, str]]:
        """Return the longest list.

        Raises: UsageError where another says something else.
        """
        place, names = max(lists, key=lambda item: len(item[1]))
        for other, its in lists:
            at = next((number for number in its if its[number] and its[number] != names.get(number)), None)
            if at is not None:
                raise UsageError(
                    f"class {at} is {shown(its[at])} here and {shown(names.get(at))} in {place}",
                    where=other,
                    fix=f"say which list is right with --class-names, such as --class-names {place}",
                )
            if len(its) < len(names):
                problem = f"{len(its):,} classes, of {len(names):,} in {place}; the longer list is used"
                self.issues.append(Issue(CLASSES, Severity.NOTE, other, problem, ""))
        return place, names

    def _tell(self, lists: Sequence[Described]) -> None:
        names = self.names or {}
        numbers: dict[str, int] = {}
        for number, name in names.items():
            if name and name in numbers:
                problem = (
                    f"classes {numbers[name]} and {number} are both called {shown(name)}: they become one"
                )
                self._warn(self.place, problem, "give them different names, if they differ")
            numbers.setdefault(name, number)
        free = [number for number in range(max(names, default=-1) + 1) if not names.get(number)]
        if free:
            some = ", ".join(map(str, free[:5])) + ("…" if len(free) > 5 else "")  # noqa: PLR2004 - enough
            fix = "nothing, if no shape has this number"
            self.issues.append(Issue(CLASSES, Severity.NOTE, self.place, f"no name for class {some}", fix))
        for item in lists:
            sizes = {len(item.names or ()), max(item.names or (), default=-1) + 1}
            if item.count is not None and item.count not in sizes:
                problem = f"nc is {item.count}, but there are {len(item.names or ())} names"
                self._warn(item.place, problem, "correct the one that is wrong")

    def _warn(self, place: str, problem: str, fix: str) -> None:
        self.issues.append(Issue(CLASSES, Severity.WARNING, place, problem, fix))


def _one_reading(lists: Sequence[Described], classes: Collection[str]) -> list[tuple[str, dict[int, str]]]:
    """Return each list in the one encoding that it can have, or that other lists or known classes speak for.

    Raises: UsageError where both are possible.
    """
    sure = [item.readings[0] for item in lists if len(item.readings) == 1]
    known = {name for names in sure for name in names.values()} | set(classes)
    chosen = []
    for item in lists:
        fits = [names for names in item.readings if len(item.readings) == 1 or known >= set(names.values())]
        if len(fits) != 1:
            one, other = json_files.samples(*(" ".join(names.values()) for names in item.readings[:2]))
            raise UsageError(
                f"in UTF-8 it says {one}, in GB18030 {other}",
                where=item.place,
                fix="say which with --encoding utf-8 or --encoding gb18030",
            )
        chosen.append((item.place, fits[0]))
    return chosen
