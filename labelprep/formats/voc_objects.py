"""One object of a VOC file as annotations.

::

    <object>
        <name>cat</name>                                    class; blanks around it are cut off
        <pose>Left</pose>                                   attribute; Unspecified is none
        <truncated>0</truncated> <difficult>1</difficult>   attributes, true where 1; <occluded> too
        <confidence>0.9</confidence>                        or <score>: confidence
        <bndbox> <xmin>1</xmin> <ymin>1</ymin> <xmax>160</xmax> <ymax>120</ymax> </bndbox>
        <polygon> <x1>1</x1> <y1>1</y1> <x2>9</x2> … </polygon>        or <pt> <x>1</x> <y>1</y> </pt> …
        <robndbox> <cx>50</cx> <cy>50</cy> <w>20</w> <h>10</h> <angle>0.5</angle> </robndbox>
        <part> <name>head</name> <bndbox> … </bndbox> </part>          attribute "parts"
        <attributes> <attribute> <name>colour</name> <value>red</value> </attribute> </attributes>
    </object>

What is drawn most closely is the annotation: rotated box, else polygon (each one), else box. A box around
those goes without saying; one that does not fit them is the attribute ``voc:bndbox``. Boxes and polygons
count their pixels as the set does (see `voc_counting`); rotated boxes are continuous and counted from 0,
their angle is in radians, clockwise. Elements that are not known are attributes under their tag. What an
annotation has and none of these elements can hold is JSON: in a ``<value type="json">`` or ``<labelprep>``.

Source: VOC2012 development kit; roLabelImg's README; the VOC exports of Roboflow and CVAT.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import shown
from labelprep.formats.json_files import is_plain as is_json
from labelprep.formats.turned_boxes import corners_of, turned_of
from labelprep.formats.xml_files import grouped, plain, text_in, text_of, writable
from labelprep.model import geometry
from labelprep.model.annotation import Annotation, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from xml.etree.ElementTree import Element

    from labelprep.formats.voc_counting import Counting, Number

OWN_TAG: Final = "labelprep"
FILE_KEY: Final = "voc:file"
BOX_KEY: Final = "voc:bndbox"
OBJECT_KEY: Final = "voc:object"
"""The attribute that several polygons of one object share: its number in the file."""
Inside = dict[str, list["Element"]]
"""The children of an object by tag."""

FLAGS: Final = ("truncated", "difficult", "occluded")
NO_NAME: Final = "_"
BLUNT_PX: Final = 2.0
"""So far a box may lie from the shape in it and still be the box around it: tools round."""

SIDES: Final = ("xmin", "ymin", "xmax", "ymax")
TURNED: Final = ("cx", "cy", "w", "h", "angle")
_SCORES: Final = ("confidence", "score")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_LONGEST_NUMBER: Final = 64
_SHORT: Final = 10
"""Whole numbers of fewer digits are no larger than pictures."""
_VERTEX = re.compile(r"([xy])(\d{1,6})", re.ASCII)
NOTHING: Final = {
    **dict.fromkeys(FLAGS, ("", "0", "false", "unspecified")),
    "pose": ("", "0", "unspecified"),
    "type": ("", "0", "bndbox", "robndbox", "unspecified"),
}
"""What says nothing, as an attribute that is not there."""
_PART_TAGS: Final = frozenset({"name", "bndbox"})
_USUAL: Final = (None, "0", "Unspecified")
_TRUE: Final = ("1", "true")
_READ_ELSEWHERE: Final = frozenset({"name", "bndbox", "polygon", "robndbox", "part", "attributes", OWN_TAG})


class BadShapeError(Exception):
    """A shape cannot be taken; the message is what is wrong with it."""


def written_box(source: Element) -> list[Number] | None:
    """Return the box of an object or part as written, [xmin, ymin, xmax, ymax]; None where it has none.

    Raises: BadShapeError.
    """
    box = source.find("bndbox")
    if box is None:
        return None
    return [_number(box.findtext(side), side) for side in SIDES]


def texts_in(source: Element) -> dict[str, str]:
    """Return the texts of the children by tag, without blanks around them."""
    return {one.tag: (one.text or "").strip() for one in source}


def _number(text: str | None, what: str) -> Number:
    if text is not None and len(text) < _SHORT and text.isdecimal() and text.isascii():
        return int(text)
    text = (text or "").strip()
    if not text:
        raise BadShapeError(f"{what} is missing")
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise BadShapeError(f"{what} is {shown(text)}, not a finite number")
    value = Decimal(text)
    if abs(value) > geometry.FARTHEST_PX:
        raise BadShapeError(f"{what} is {shown(text)}: no picture reaches that far")
    return value


def box_of(corners: list[Number], counting: Counting, tell: Callable[[str], None]) -> list[float]:
    """Return [left, top, right, bottom] of a box as written; corners in another order are put right.

    Raises: BadShapeError where it encloses nothing.
    """
    xmin, ymin, xmax, ymax = corners
    left, right, across = _edges(xmin, xmax, counting)
    top, bottom, down = _edges(ymin, ymax, counting)
    if left >= right or top >= bottom:
        raise BadShapeError(f"a box of {right - left:g} × {bottom - top:g} pixels encloses nothing")
    if across or down:
        tell("the corners of a box are not in order: read as the box between them")
    return [left, top, right, bottom]


def _edges(low: Number, high: Number, counting: Counting) -> tuple[float, float, bool]:
    """Return both edges along one axis, and whether they had to be exchanged.

    They are held against each other as edges: a box of a fraction of a pixel has xmin > xmax where the last
    pixel is named.
    """
    shift = counting.first - counting.inclusive
    near, far = float(low - counting.first), float(high - shift)
    if near < far or low == high:
        return near, far, False
    return float(high - counting.first), float(low - shift), True


def annotations_of(
    source: Element, number: int, counting: Counting, tell: Callable[[str], None]
) -> tuple[list[Annotation], list[str]]:
    """Return the annotations that an object is, and what of it is not taken, as sentences.

    ``number`` is its place among the objects of the file; ``tell`` hears what was read otherwise than
    written. Raises: BadShapeError where nothing is taken.
    """
    inside = grouped(source)
    own = _own(inside)
    name = _name(inside, own, tell)
    refused = [
        f"it has {len(inside[tag])} elements {tag}: the first is taken"
        for tag in ("name", "bndbox", "robndbox")
        if len(inside) < len(source) and len(inside.get(tag, ())) > 1
    ]
    attributes, confidence = _attributes(source, inside, own)
    if "part" in inside:
        parts = _parts(inside["part"], counting, tell, refused)
        attributes = {"parts": parts, **attributes} if parts else attributes
    shapes = _shapes(source, inside, own, counting, (tell, refused))
    locator = f"object[{number}]"
    if len(shapes) == 1 and shapes[0][0] is Kind.BOX:
        return [Annotation(Kind.BOX, name, shapes[0][1], attributes, locator, confidence)], refused
    if len(shapes) > 1:
        attributes = {OBJECT_KEY: number, **attributes}
    made = []
    for at, (kind, form) in enumerate(shapes):
        place = f"{locator}.polygon[{at}]" if len(shapes) > 1 else locator
        made.append(Annotation(kind, name, form, dict(attributes), place, confidence))
    box = _box_besides(source, shapes, counting, refused)
    if box is not None:
        tell(f"a bndbox is not the box around its {shapes[0][0]}: it is kept as {BOX_KEY}")
        made[0].attributes[BOX_KEY] = box
    return made, refused


def _name(inside: Inside, own: Mapping[str, Any], tell: Callable[[str], None]) -> str:
    found = inside.get("name")
    text = "" if found is None else found[0].text or ""
    name = text.strip()
    label = own.get("label")
    if isinstance(label, str) and (writable(label) or NO_NAME) == name:
        return label
    if not name:
        raise BadShapeError("it has no name" if found is None else "its name is empty")
    if name != text:
        tell("blanks around the name of a class are cut off")
    return name


def _own(inside: Inside) -> dict[str, Any]:
    """Return what this program has written with an object besides; nothing where it is not that."""
    if OWN_TAG not in inside:
        return {}
    try:
        own = json.loads(text_of(inside[OWN_TAG][0]))
    except (ValueError, RecursionError):
        return {}
    return own if isinstance(own, dict) and is_json(own) else {}


def _shapes(
    source: Element,
    inside: Inside,
    own: Mapping[str, Any],
    counting: Counting,
    telling: tuple[Callable[[str], None], list[str]],
) -> list[tuple[Kind, Any]]:
    """Return kind and geometry of each shape.

    ``telling``: who hears what was read otherwise, and the list that what is not taken goes into.
    """
    tell, refused = telling
    if "robndbox" in inside:
        try:
            return [(Kind.ROTATED_BOX, _turned_box(inside["robndbox"][0], own))]
        except BadShapeError as error:
            refused.append(f"its rotated box is not taken: {error}")
    polygons = []
    for one in inside.get("polygon", ()):
        try:
            polygons.append((Kind.POLYGON, _polygon(one, counting)))
        except BadShapeError as error:
            refused.append(f"a polygon of it is not taken: {error}")
    if polygons:
        return polygons
    corners = written_box(source)
    if corners is not None:
        return [(Kind.BOX, box_of(corners, counting, tell))]
    raise BadShapeError(refused.pop() if refused else "it has no bndbox, polygon or robndbox")


def _turned_box(source: Element, own: Mapping[str, Any]) -> list[list[float]]:
    texts = texts_in(source)
    cx, cy, width, height, angle = (float(_number(texts.get(tag), tag)) for tag in TURNED)
    if width <= 0 or height <= 0:
        raise BadShapeError(f"it is {width:g} × {height:g} pixels")
    points = geometry.points_of(own.get("points"))
    # The corners as they were, unless somebody has turned the box since.
    if points is not None and len(points) == geometry.QUADRILATERAL:
        written = dict(zip(TURNED, map(number_text, turned_of(points)), strict=True))
        if all(texts.get(tag) == text for tag, text in written.items()):
            return points
    return corners_of((cx, cy, width, height, angle))


def _polygon(source: Element, counting: Counting) -> list[list[float]]:
    pairs = source.findall("pt")
    if pairs:
        texts = [(text_in(pair, "x"), text_in(pair, "y")) for pair in pairs]
    else:
        sides: dict[str, dict[int, str]] = {"x": {}, "y": {}}
        for one in source:
            vertex = _VERTEX.fullmatch(one.tag)
            if vertex is not None:
                sides[vertex[1]][int(vertex[2])] = text_of(one)
        if sides["x"].keys() != sides["y"].keys():
            raise BadShapeError("not each x has its y")
        texts = [(sides["x"][at], sides["y"][at]) for at in sorted(sides["x"])]
    first = counting.first
    points = [[float(_number(x, "x") - first), float(_number(y, "y") - first)] for x, y in texts]
    if len(points) < geometry.TRIANGLE:
        raise BadShapeError(f"a polygon of {len(points)} points encloses nothing")
    if geometry.is_flat(points):
        raise BadShapeError("a polygon whose points lie on one line encloses nothing")
    return points


def _box_besides(
    source: Element, shapes: Sequence[tuple[Kind, Any]], counting: Counting, refused: list[str]
) -> list[float] | None:
    """Return the box of an object whose other shapes it is not the box around."""
    try:
        corners = written_box(source)
        if corners is None:
            return None
        box = box_of(corners, counting, lambda _: None)
    except BadShapeError as error:
        refused.append(f"its box is not taken: {error}")
        return None
    around = geometry.box_of([point for _, points in shapes for point in points])
    return None if is_near(box, around) else box


def is_near(box: Sequence[float], other: Sequence[float]) -> bool:
    """Tell whether a box can be that around a shape."""
    return all(abs(one - two) <= BLUNT_PX for one, two in zip(box, other, strict=True))


def _parts(
    found: Sequence[Element], counting: Counting, tell: Callable[[str], None], refused: list[str]
) -> list[dict[str, Any]]:
    """Return the parts of an object: name, box in pixels counted from 0, and what else they hold."""
    parts = []
    for at, one in enumerate(found):
        try:
            corners = written_box(one)
            if corners is None:
                raise BadShapeError("it has no bndbox")  # noqa: TRY301 - beside the others
            box = box_of(corners, counting, tell)
        except BadShapeError as error:
            refused.append(f"part[{at}] is not taken: {error}")
            continue
        held = plain(one, without=_PART_TAGS)
        more = {key: value for key, value in held.items() if key != "#text"}
        parts.append({**more, "name": text_in(one, "name"), "box": box})
    return parts


def _attributes(
    source: Element, inside: Inside, own: Mapping[str, Any]
) -> tuple[dict[str, Any], float | None]:
    """Return what an object holds besides its shapes, and its confidence."""
    attributes: dict[str, Any] = {f"@{name}": value for name, value in source.attrib.items()}
    confidence = None
    for tag, found in inside.items():
        if tag in NOTHING:
            if found[0].text not in _USUAL:
                _note(tag, text_of(found[0]), attributes)
        elif tag in _SCORES:
            text = text_of(found[0])
            share = _share(text)
            if share is not None and confidence is None:
                confidence = share
            elif text:
                attributes[tag] = text
        elif tag not in _READ_ELSEWHERE:
            values = [plain(one) for one in found]
            attributes[tag] = values[0] if len(values) == 1 else values
    if "attributes" in inside:
        attributes |= _named(inside["attributes"][0])
    said = own.get("attributes")
    if isinstance(said, dict):
        attributes |= said
    attributes.pop(FILE_KEY, None)
    return attributes, confidence


def _note(tag: str, text: str, attributes: dict[str, Any]) -> None:
    """Put what a flag or the like says among the attributes, unless it says nothing."""
    word = text.lower()
    if word not in NOTHING[tag]:
        attributes[tag] = True if tag in FLAGS and word in _TRUE else text


def number_text(value: float, shift: int = 0) -> str:
    """Return a number plus a shift, exactly, in as few characters as that takes."""
    if float(value).is_integer():
        return str(int(value) + shift)
    return repr(float(value)) if not shift else str(Decimal(repr(float(value))) + shift)


def _share(text: str) -> float | None:
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if 0 <= value <= 1 else None


def _named(source: Element) -> dict[str, Any]:
    """Return the attributes of an ``<attributes>`` element; all of it under that key where it is no list."""
    found: dict[str, Any] = {}
    for one in source:
        name, value = text_in(one, "name"), one.find("value")
        if one.tag != "attribute" or not name or name in found or value is None or len(value):
            return {"attributes": plain(source)}
        text = text_of(value)
        found[name] = _from_json(text) if value.attrib == {"type": "json"} else text
    return found


def _from_json(text: str) -> object:
    """Return the value that a JSON text is, the text itself where it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if is_json(value) else text
