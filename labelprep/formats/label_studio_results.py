"""The results of one annotation of Label Studio as annotations, and what is kept of those that are none."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import shown
from labelprep.formats.json_files import is_plain
from labelprep.formats.label_studio_shapes import (
    FORM_KEYS,
    GROUP,
    KNOWN,
    PREFIX,
    RESULTS,
    BadResultError,
    Source,
    confidence_of,
    form_of,
    joined,
    labels_of,
    names_of,
    own_of,
    plain_box,
    shapes_of,
)
from labelprep.model.annotation import Annotation, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from labelprep.formats.label_studio_shapes import Size
    from labelprep.formats.label_studio_tasks import Located

CHOICES: Final = "choices"
CONTROLS: Final = {
    "choices": "choice", "rectanglelabels": "box", "polygonlabels": "polygon", "ellipselabels": "ellipse",
    "brushlabels": "brush", "keypointlabels": "point", "rectangle": "plain_box", "polygon": "plain_polygon",
    "ellipse": "plain_ellipse", "brush": "plain_brush", "keypoint": "plain_point",
}  # fmt: skip
"""What the control of each type is called in an export; other names are kept."""
IMAGE_NAME: Final = "image"
_REFERENCES: Final = frozenset({"from_id", "to_id", "parentID"})
_PLAIN: Final = "rectanglelabels"
_PLAIN_KEYS: Final = KNOWN - {"score", "meta"}
_PLAIN_VALUES: Final = frozenset({"x", "y", "width", "height", "rotation", _PLAIN})
FROM_NAME: Final = PREFIX + "from_name"
TO_NAME: Final = PREFIX + "to_name"
ID: Final = PREFIX + "id"
REGION_KEYS: Final = frozenset(
    {"id", "original_width", "original_height", "image_rotation", "origin", "to_name", "source"}
)
"""What further results of a shape have because it has it."""


@dataclass(frozen=True, slots=True)
class Ears:
    """Who hears of what was read otherwise than written, was not taken, or is neither shape nor class."""

    tell: Callable[[str, str], None]
    refuse: Callable[[str, str], None]
    keep: Callable[[str, str], None]


@dataclass(slots=True)
class Names:
    """How the controls of a task are called.

    ``stated`` are the names that this program wrote for all of a task (a type of result, or ``to_name``);
    ``found`` the first one of each other type.
    """

    stated: dict[str, str] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)

    def usual(self, key: str) -> str | None:
        """Return the name of a type of result (or of the image), None before the first."""
        return self.stated.get(key) or self.found.get(key)

    def apart(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return as attributes what a result is called otherwise than others of its type."""
        attributes: dict[str, Any] = {}
        for key, name, attribute in (
            (result["type"], result.get("from_name"), FROM_NAME),
            ("to_name", result.get("to_name"), TO_NAME),
        ):
            if not isinstance(name, str) or not name:
                continue
            if self.usual(key) is None:
                self.found[key] = name
            elif self.usual(key) != name:
                attributes[attribute] = name
        return attributes

    def unusual(self) -> dict[str, str]:
        """Return the names that an export would not give by itself."""
        names = self.stated | self.found
        usual = CONTROLS | {"to_name": IMAGE_NAME}
        return {key: name for key, name in names.items() if usual.get(key) != name}


@dataclass(slots=True)
class Read:
    """What the results of one annotation are: annotations, and results that are kept as they stand."""

    annotations: list[Annotation] = field(default_factory=list)
    others: list[dict[str, Any]] = field(default_factory=list)
    kinds: Counter[Kind] = field(default_factory=Counter)
    bad: int = 0


class Results:
    """Reads the results of one annotation."""

    def __init__(self, results: Sequence[Located], size_wh: Size | None, names: Names, ears: Ears) -> None:
        """Find which results are shapes, and what belongs to them."""
        self._results = results
        self._size_wh = size_wh
        self._names = names
        self._ears = ears
        self._shapes: dict[str, int] = {}
        self._referred: set[str] = set()
        self._groups: Iterator[int] | None = None
        for at, (_, result) in enumerate(results):
            if not isinstance(result, dict):
                continue
            if isinstance(result.get("id"), str) and form_of(result) is not None:
                self._shapes.setdefault(result["id"], at)
            for key in _REFERENCES & result.keys():
                if isinstance(result[key], str):
                    self._referred.add(result[key])

    def read(self) -> Read:
        """Return what they are; what is wrong with one goes to the ears and loses nothing else."""
        made = Read()
        further = self._further()
        belonging = {at for places in further.values() for at in places}
        points: dict[str, int] = {}
        for at, (place, result) in enumerate(self._results):
            if at in belonging:
                continue
            if at not in further and (box := self._plain(place, result)) is not None:
                made.annotations.append(box)
                continue
            try:
                found = self._one(place, result, further.get(at, ()), made)
            except BadResultError as error:
                made.bad += 1
                self._ears.refuse(place, str(error))
                continue
            first = own_of(result).get("first") if found and found[0].kind is Kind.POINTS else None
            if isinstance(first, str) and first in points and len(found) == 1:
                held = points[first]
                made.annotations[held] = joined(made.annotations[held], found[0])
                continue
            if found and found[0].kind is Kind.POINTS and isinstance(result.get("id"), str):
                points[result["id"]] = len(made.annotations)
            made.annotations += found
        made.kinds.update(item.kind for item in made.annotations)
        return made

    def _plain(self, place: str, result: Any) -> Annotation | None:  # noqa: ANN401 - JSON
        """Return what most results are, a box and nothing besides, by a short way; None for all others."""
        if self._size_wh is None or type(result) is not dict or not result.keys() <= _PLAIN_KEYS:
            return None
        value, usual = result.get("value"), self._names.usual
        if (
            result.get("type") != _PLAIN
            or type(value) is not dict
            or not value.keys() <= _PLAIN_VALUES
            or result.get("from_name") != usual(_PLAIN)
            or result.get("to_name") != usual("to_name")
            or result.get("image_rotation")
            or value.get("rotation")
            or (self._referred and result.get("id") in self._referred)
        ):
            return None
        labels = value.get(_PLAIN)
        if (
            type(labels) is not list
            or len(labels) != 1
            or type(labels[0]) is not str
            or not labels[0].strip()
        ):
            return None
        box = plain_box(value, self._size_wh)
        return None if box is None else Annotation(Kind.BOX, labels[0], box, {}, place)

    def _further(self) -> dict[int, list[int]]:
        """Return, by the place of a shape, the places of other results that share its id."""
        found: dict[int, list[int]] = {}
        if len(self._shapes) == len(self._results):
            return found
        for at, (_, result) in enumerate(self._results):
            identifier = result.get("id") if isinstance(result, dict) else None
            shape = self._shapes.get(identifier) if isinstance(identifier, str) else None
            if shape is None or shape == at or not isinstance(result.get("type"), str):
                continue
            # A second shape of the same type is one of its own, whatever its id.
            if form_of(result) is None or result["type"] != self._results[shape][1]["type"]:
                found.setdefault(shape, []).append(at)
        return found

    def _one(self, place: str, result: Any, further: Sequence[int], made: Read) -> list[Annotation]:  # noqa: ANN401 - JSON
        if not isinstance(result, dict) or not isinstance(result.get("type"), str):
            raise BadResultError(f"{shown(result)} is no result")
        if form_of(result) is not None:
            return self._shape(place, result, [self._results[other][1] for other in further])
        kind = result["type"]
        value = result.get("value")
        if kind == CHOICES and isinstance(value, dict) and not _is_drawn(value):
            return self._classes(place, result, value)
        if kind.endswith("labels") or (isinstance(value, dict) and _is_drawn(value)):
            raise BadResultError(f"results of the type {kind} are not read")
        self._ears.keep(place, kind)
        if is_plain(result):
            made.others.append(result)
        return []

    def _classes(self, place: str, result: Mapping[str, Any], value: Mapping[str, Any]) -> list[Annotation]:
        names = names_of(value.get(CHOICES), CHOICES)
        given = own_of(result).get("attributes")
        attributes = self._names.apart(result) | (given if isinstance(given, dict) else {})

        def tell(problem: str) -> None:
            self._ears.tell(place, problem)

        score = confidence_of(result, attributes, tell)
        return [Annotation(Kind.CLASS, name, None, dict(attributes), place, score) for name in names]

    def _shape(
        self, place: str, result: Mapping[str, Any], further: Sequence[dict[str, Any]]
    ) -> list[Annotation]:
        if self._size_wh is None:
            raise BadResultError("neither it nor an image of the manifest says how many pixels 100 % are")
        labels = dict.fromkeys(labels_of(result))
        kept = []
        for other in further:
            if form_of(other) is not None:
                labels |= dict.fromkeys(labels_of(other))
            else:
                kept.append(_bare(other))
        source = Source(place, self._size_wh, lambda problem: self._ears.tell(place, problem), self._group)
        found = shapes_of(result, source, list(labels))
        more = self._names.apart(result)
        if isinstance(result.get("id"), str) and result["id"] in self._referred:
            more[ID] = result["id"]
        if kept and is_plain(kept):
            more[RESULTS] = kept
        if not more:
            return found
        return [replace(item, attributes={**more, **item.attributes}) for item in found]

    def _group(self) -> int:
        """Return a group number that no shape of this annotation has."""
        if self._groups is None:
            owns = [own_of(result) for _, result in self._results if isinstance(result, dict)]
            given = [own.get("attributes") for own in owns]
            taken = [one.get(GROUP) for one in given if isinstance(one, dict)]
            self._groups = (number for number in count(1) if number not in taken)
        return next(self._groups)


def _is_drawn(value: Mapping[str, Any]) -> bool:
    return not FORM_KEYS.isdisjoint(value)


def _bare(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a further result of a shape without what it has from the shape."""
    value = result.get("value")
    kept = {key: said for key, said in result.items() if key not in REGION_KEYS}
    if isinstance(value, dict):
        kept["value"] = {key: said for key, said in value.items() if key not in FORM_KEYS}
    return kept
