"""The annotations of one image as COCO's, so that `coco_shapes` reads the same from them.

Polygons of one class that share a ``group_id`` and say the same besides become one annotation of several
parts; points go with the one box, polygon or mask of their group.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from labelprep.formats import coco_masks
from labelprep.formats.coco_files import IMAGE_KEY
from labelprep.formats.coco_shapes import (
    CROWD,
    GROUP,
    KNOWN,
    OWN_KEY,
    POINT_KEYS,
    PREFIX,
    SCORE,
    STATED_BOX,
    VISIBLE,
    is_share,
)
from labelprep.model import geometry
from labelprep.model.annotation import Annotation, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DRAWN: Final = frozenset({Kind.BOX, Kind.ROTATED_BOX, Kind.POLYGON, Kind.MASK, Kind.POINTS})
_PLACES: Final = (2, 4, 6, 9, 12)

Size = tuple[int, int]


@dataclass(slots=True)
class Keypoints:
    """What the categories say of keypoints: the names and skeleton that come first with each class."""

    names: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def are_those_of(self, label: str, said: Mapping[str, Any], number: int) -> bool:
        """Tell whether names and skeleton are those of the category; the first ones of a class are."""
        names, skeleton = said.get("keypoints"), said.get("skeleton", [])
        is_usable = isinstance(names, list) and len(names) == number and isinstance(skeleton, list)
        if not is_usable or not all(isinstance(name, str) for name in names or ()):
            return False
        return self.names.setdefault(label, (names, skeleton)) == (names, skeleton)


@dataclass(slots=True)
class _Object:
    """What becomes one annotation of COCO: shapes of one kind, and points perhaps."""

    shapes: list[Annotation]
    points: Annotation | None = None


def is_lost(item: Annotation, size_wh: Size | None) -> str:
    """Return the kind under which a shape counts as lost although COCO has its kind, or nothing."""
    if item.kind is Kind.MASK and _whole(item.geometry, size_wh) is None:
        return "masks that reach out of their picture"
    return ""


def objects_of(
    annotations: Iterable[Annotation], size_wh: Size | None, keypoints: Keypoints
) -> list[tuple[str, int, dict[str, Any]]]:
    """Return (label, number of shapes, values of the annotation) for all that COCO can hold."""
    kept = [
        item
        for item in annotations
        if item.kind in DRAWN and item.label is not None and not is_lost(item, size_wh)
    ]
    return [
        (
            str(one.shapes[0].label),
            len(one.shapes) + (one.points is not None),
            _values(one, size_wh, keypoints),
        )
        for one in _objects(kept)
    ]


def image_values(annotations: Iterable[Annotation]) -> dict[str, Any]:
    """Return what a COCO file has said of an image besides."""
    kept: dict[str, Any] = {}
    for item in annotations:
        more = item.attributes.get(IMAGE_KEY)
        kept |= more if isinstance(more, dict) else {}
    return {key: value for key, value in kept.items() if key not in _IMAGE_OWN}


_IMAGE_OWN: Final = frozenset({"id", "file_name", "width", "height"})


def _objects(items: list[Annotation]) -> list[_Object]:
    """Put together what is one object, in the order of the first shape of each."""
    made: list[_Object] = []
    polygons: dict[str, _Object] = {}
    alike: dict[str, list[_Object]] = {}
    for item in items:
        if GROUP in item.attributes and item.kind is Kind.POLYGON:
            part = polygons.get(_key(item, frozenset()))
            if part is not None:
                part.shapes.append(item)
                continue
        one = _Object([item])
        made.append(one)
        if GROUP in item.attributes:
            polygons.update({_key(item, frozenset()): one} if item.kind is Kind.POLYGON else {})
            left_out = POINT_KEYS if item.kind is Kind.POINTS else _box_key(item)
            alike.setdefault(_key(item, left_out), []).append(one)
    for pair in alike.values():
        points = [one for one in pair if one.shapes[0].kind is Kind.POINTS]
        bodies = [one for one in pair if one.shapes[0].kind is not Kind.POINTS]
        # Of several it would not be certain which the points belong to.
        is_one = len(points) == len(bodies) == 1 and bodies[0].shapes[0].kind is not Kind.ROTATED_BOX
        if is_one and not bodies[0].shapes[0].attributes.keys() & POINT_KEYS:
            bodies[0].points = points[0].shapes[0]
            made.remove(points[0])
    return made


def _key(item: Annotation, left_out: frozenset[str]) -> str:
    """Return what is the same in all parts of one object."""
    said = {key: value for key, value in item.attributes.items() if key not in left_out | {IMAGE_KEY}}
    return json.dumps([item.label, item.confidence, said], sort_keys=True)


def _box_key(item: Annotation) -> frozenset[str]:
    """Return the attribute of a shape that becomes its bbox, if it has one."""
    return frozenset({STATED_BOX} if _stated_box(item) is not None else ())


def _stated_box(item: Annotation) -> list[float] | None:
    """Return the bbox that a polygon or mask was given, as far as a reader would see that it is another."""
    box = item.attributes.get(STATED_BOX)
    if item.kind not in {Kind.POLYGON, Kind.MASK} or not isinstance(box, list) or len(box) != 4:  # noqa: PLR2004
        return None
    if not all(type(one) in {int, float} for one in box) or min(box[2:]) <= 0:
        return None
    return [tidy(number) for number in box]


def _values(one: _Object, size_wh: Size | None, keypoints: Keypoints) -> dict[str, Any]:
    """Return one annotation, without its ids."""
    first = one.shapes[0]
    attributes = {key: value for key, value in first.attributes.items() if key != IMAGE_KEY}
    own: dict[str, Any] = {}
    values: dict[str, Any] = _form(one.shapes, size_wh, own)
    stated = _stated_box(first)
    if stated is not None:
        values["bbox"] = stated
        del attributes[STATED_BOX]
    values["iscrowd"] = 1 if attributes.get(CROWD) is True else 0
    if values["iscrowd"]:
        del attributes[CROWD]
    points = one.points or (first if first.kind is Kind.POINTS else None)
    if points is not None:
        said: dict[str, Any] = {
            key: points.attributes[key] for key in sorted(POINT_KEYS) if key in points.attributes
        }
        values |= _keypoints(points, said, own, keypoints)
        attributes = {key: value for key, value in attributes.items() if key not in POINT_KEYS} | said
    if first.confidence is not None:
        values["score"] = first.confidence
    elif SCORE in attributes and not is_share(attributes[SCORE]):
        values["score"] = attributes.pop(SCORE)
    for key in [key for key in attributes if key.startswith(PREFIX)]:
        name = key.removeprefix(PREFIX)
        if name and name not in KNOWN and attributes[key] not in (None, ""):
            values[name] = attributes.pop(key)
    if attributes:
        values["attributes"] = attributes
    return {**values, OWN_KEY: own} if own else values


def _form(shapes: list[Annotation], size_wh: Size | None, own: dict[str, Any]) -> dict[str, Any]:
    """Return box, area and segmentation of shapes; into ``own`` what these cannot say."""
    kind, form = shapes[0].kind, shapes[0].geometry
    if kind is Kind.BOX:
        box = _stated(form)
        return {"bbox": box, "area": _area(box[2] * box[3]), "segmentation": []}
    if kind is Kind.MASK:
        counts = _whole(form, size_wh)
        assert counts is not None  # noqa: S101 - `is_lost` has told of the others
        width, height = size_wh or form["size_wh"]
        frame = [*form["offset"], *form["size_wh"]]
        own |= {} if frame == [0, 0, width, height] else {"frame": frame}
        return {
            "bbox": _stated(coco_masks.bounds_of(counts, height)),
            "area": geometry.mask_area(counts),
            "segmentation": {"size": [height, width], "counts": counts},
        }
    if kind is not Kind.POLYGON:
        own["kind"] = str(kind)
    if kind is Kind.POINTS:
        return {"bbox": _stated(geometry.box_of(form)), "area": 0, "segmentation": []}
    parts = [shape.geometry for shape in shapes]
    return {
        "bbox": _stated(geometry.box_of([point for part in parts for point in part])),
        "area": _area(sum(geometry.polygon_area(part) for part in parts)),
        "segmentation": [[tidy(number) for point in part for number in point] for part in parts],
    }


def _whole(mask: Mapping[str, Any], size_wh: Size | None) -> list[int] | None:
    """Return the run lengths of a mask in the frame of its picture; None where it does not fit in."""
    own = (mask["size_wh"][0], mask["size_wh"][1])
    left, top = mask["offset"]
    if (left, top) == (0, 0) and own == (size_wh or own):
        return list(mask["counts"])
    if size_wh is None or left != int(left) or top != int(top):
        return None
    return coco_masks.moved(mask["counts"], own, size_wh, (int(left), int(top)))


def _keypoints(
    points: Annotation, said: dict[str, Any], own: dict[str, Any], keypoints: Keypoints
) -> dict[str, Any]:
    """Return the keypoints; what they or their category say by themselves leaves ``said``."""
    form = points.geometry
    visibility = _visibility(said.get("visibility"), len(form))
    if visibility is None:
        visibility = [VISIBLE] * len(form)
    else:
        del said["visibility"]
    numbers: list[Any] = []
    rest = iter(form)
    for one in visibility:
        x, y = next(rest) if one > 0 else (0, 0)
        numbers += [tidy(x), tidy(y), one]
    if keypoints.are_those_of(str(points.label), said, len(numbers) // 3):
        said.pop("keypoints")
        said.pop("skeleton", None)
    else:
        own["unnamed"] = True
    return {"keypoints": numbers, "num_keypoints": len(form)}


def _visibility(value: object, labelled: int) -> list[float] | None:
    """Return COCO's visibility of every keypoint where it fits the number of labelled ones."""
    if not isinstance(value, list) or not all(type(one) in {int, float} for one in value):
        return None
    fits = sum(one > 0 for one in value) == labelled and any(one != VISIBLE for one in value)
    return value if fits else None


def _stated(box: Iterable[float]) -> list[float]:
    """Return ``[left, top, width, height]`` that adds up to a box again, with few digits where that is so."""
    left, top, right, bottom = box
    return [tidy(left), tidy(top), _length(left, right), _length(top, bottom)]


def _length(start: float, end: float) -> float:
    length = end - start
    for places in _PLACES:
        if start + round(length, places) == end:
            return tidy(round(length, places))
    return tidy(length)


def _area(area: float) -> float:
    return tidy(round(area, 2))


def tidy(number: float) -> float:
    """Return a whole number without its point."""
    return int(number) if isinstance(number, float) and number.is_integer() else number
