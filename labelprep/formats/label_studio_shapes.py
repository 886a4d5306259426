"""One result of Label Studio as an annotation; coordinates there are per cent of the picture's sides.

::

    {"id": "Xa1", "type": "rectanglelabels", "from_name": "label", "to_name": "image",
     "original_width": 640, "original_height": 480, "image_rotation": 0, "score": 0.9,
     "value": {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["dog"]},
     "meta": {"labelprep": {…}}}

================================  ==========================================================================
type                              annotation
================================  ==========================================================================
choices                           class of the whole image, one a choice
rectanglelabels, rectangle        box; rotated_box where it is turned clockwise about its upper left corner
polygonlabels, polygon            polygon; polyline where ``closed`` is false
ellipselabels, ellipse            circle where both radii are equal in pixels, else a polygon with
                                  the attribute ``label_studio:ellipse`` (x, y, radii, degrees)
brushlabels, brush                mask of the whole picture
keypointlabels, keypoint          points: one
================================  ==========================================================================

A shape with several labels becomes one annotation a label, with the same ``group_id``. What else shares the
``id`` of a shape (a text, a choice made for it) stays with it in ``label_studio:results``; other keys get
``label_studio:`` before theirs. What Label Studio cannot say stands under ``labelprep`` in its ``meta``:
``attributes``, ``kind`` of a shape drawn as a polygon, ``frame`` (left, top, width, height) of a mask cut out
of the picture, ``first`` (the id of the first) of further points of one annotation.

Source: labelstud.io, "Export annotations" (units of image annotations), and the tags' sample results.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import shown
from labelprep.formats import framed_masks
from labelprep.formats.json_files import is_plain
from labelprep.formats.label_studio_brush import LARGEST_MASK_PX, BadBrushError, counts_of
from labelprep.model import geometry
from labelprep.model.annotation import Annotation, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PREFIX: Final = "label_studio:"
OWN_KEY: Final = "labelprep"
GROUP: Final = "group_id"
ELLIPSE: Final = PREFIX + "ellipse"
RESULTS: Final = PREFIX + "results"
META: Final = PREFIX + "meta"
FORMS: Final = ("rectangle", "polygon", "ellipse", "brush", "keypoint")
LABELLED: Final = {f"{form}labels": form for form in FORMS}
DRAWN: Final = {**LABELLED, **{form: form for form in FORMS}}
"""The form of each type of result that is a shape."""
KNOWN: Final = frozenset(
    {
        "id", "type", "value", "from_name", "to_name", "original_width", "original_height", "image_rotation",
        "score", "meta", "origin", "source",
    }
)  # fmt: skip
FORM_KEYS: Final = frozenset(
    {
        "x", "y", "width", "height", "rotation", "points", "closed", "radiusX", "radiusY", "format", "rle",
        *LABELLED, "labels",
    }
)  # fmt: skip
NOTHING: Final[tuple[object, ...]] = (None, "", False, [], {})
SAME_RADII_PX: Final = 0.01
ELLIPSE_CORNERS: Final = 64
POINT_WIDTH: Final = 0.5
"""How wide points are drawn where nothing else is said."""
FULL_TURN: Final = 360.0

_NUMBERS: Final = frozenset({int, float})
_FRAME: Final = 4

Size = tuple[int, int]
Form = tuple[Kind, Any, dict[str, Any]]
"""Kind and geometry of a shape, and attributes that follow from how it was drawn."""


class BadResultError(Exception):
    """A result cannot be taken; the message is what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a result comes from, the picture's size, and who hears what was read otherwise than written."""

    locator: str
    size_wh: Size
    tell: Callable[[str], None]
    group: Callable[[], int]


def size_in(result: Mapping[str, Any]) -> Size | None:
    """Return the (width, height) in pixels that a result states."""
    sides: list[Any] = [result.get("original_width"), result.get("original_height")]
    for one in sides:
        if type(one) not in _NUMBERS or not 0 < one < geometry.FARTHEST_PX or one != int(one):
            return None
    return int(sides[0]), int(sides[1])


def form_of(result: Mapping[str, Any]) -> str | None:
    """Return which form a result draws, None where it draws none."""
    kind = result.get("type")
    if not isinstance(kind, str) or kind != "labels":
        return DRAWN.get(kind) if isinstance(kind, str) else None
    # The control "Labels" beside one that only draws: what it holds tells.
    value = result.get("value")
    keys: Any = value.keys() if isinstance(value, dict) else ()
    signs = (
        ("rle", "brush"),
        ("points", "polygon"),
        ("radiusX", "ellipse"),
        ("height", "rectangle"),
        ("x", "keypoint"),
    )
    return next((name for key, name in signs if key in keys), None)


def shapes_of(result: Mapping[str, Any], source: Source, labels: list[str]) -> list[Annotation]:
    """Return the annotations of one shape, one a label; one without a class where there is none.

    Raises: BadResultError.
    """
    value = result.get("value")
    form = form_of(result)
    if not isinstance(value, dict) or form is None:
        raise BadResultError(f"its value is {shown(value)}")
    own = own_of(result)
    kind, numbers, attributes = _READ[form](value, own, source)
    attributes |= _attributes(result, own, source)
    attributes |= _value_attributes(value, form)
    confidence = confidence_of(result, attributes, source.tell)
    if len(labels) > 1:
        attributes.setdefault(GROUP, source.group())
    return [
        Annotation(kind, label, numbers, dict(attributes), source.locator, confidence)
        for label in labels or (None,)
    ]


def labels_of(result: Mapping[str, Any]) -> list[str]:
    """Return the labels that a result gives its shape.

    Raises: BadResultError.
    """
    kind, value = result.get("type"), result.get("value")
    if not isinstance(value, dict) or not isinstance(kind, str) or not kind.endswith("labels"):
        return []
    given = value.get(kind)
    return [] if given is None else names_of(given, kind)


def names_of(given: object, what: str) -> list[str]:
    """Return the class names of a list; one name alone and whole numbers are names too.

    Raises: BadResultError.
    """
    found: dict[str, None] = {}
    for name in given if isinstance(given, list) else [given]:
        if type(name) not in {str, int}:
            raise BadResultError(f"its {what} are {shown(given)}, no list of names")
        if str(name).strip():
            found[str(name)] = None
    return list(found)


def own_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what this program has written of a result besides."""
    meta = result.get("meta")
    own = meta.get(OWN_KEY) if isinstance(meta, dict) else None
    return own if isinstance(own, dict) and is_plain(own) else {}


def _attributes(result: Mapping[str, Any], own: Mapping[str, Any], source: Source) -> dict[str, Any]:
    """Return what is said of a shape besides its form."""
    attributes: dict[str, Any] = {}
    for key in [key for key in result if key not in KNOWN]:
        said = result[key]
        if said not in NOTHING:
            _keep(attributes, PREFIX + key, said, source)
    meta = result.get("meta")
    if isinstance(meta, dict):
        rest = {key: said for key, said in meta.items() if key != OWN_KEY}
        if rest:
            _keep(attributes, META, rest, source)
    turned = result.get("image_rotation")
    if turned not in (None, 0):
        _keep(attributes, PREFIX + "image_rotation", turned, source)
        source.tell("the picture was turned in the editor (image_rotation): shapes are taken as they stand")
    given = own.get("attributes")
    return attributes | given if isinstance(given, dict) else attributes


def _keep(attributes: dict[str, Any], key: str, said: Any, source: Source) -> None:  # noqa: ANN401 - JSON
    if is_plain(said):
        attributes[key] = said
    else:
        source.tell(f"the value of {shown(key)} is not finite or nested too deep, and not kept")


def _value_attributes(value: Mapping[str, Any], form: str) -> dict[str, Any]:
    """Return what the value of a shape holds besides its form; of a point also how wide it is drawn."""
    left = value.keys() - FORM_KEYS
    if form == "keypoint" and value.get("width", POINT_WIDTH) != POINT_WIDTH:
        left |= {"width"}
    kept = {key: value[key] for key in sorted(left) if is_plain(value[key])}
    return {PREFIX + "value": kept} if kept else {}


def confidence_of(
    result: Mapping[str, Any], attributes: dict[str, Any], tell: Callable[[str], None]
) -> float | None:
    """Return a score as a confidence; one that is none goes into the attributes."""
    score = result.get("score")
    if score is None:
        return None
    if type(score) in _NUMBERS and 0 <= score <= 1:
        return float(score)
    if is_plain(score):
        attributes[PREFIX + "score"] = score
    tell(f"its score is {shown(score)}, not from 0 to 1: it is no confidence")
    return None


def _pixels(value: Mapping[str, Any], keys: tuple[str, ...], sides: tuple[int, ...]) -> list[float]:
    """Return numbers in per cent as pixels of the sides given.

    Raises: BadResultError.
    """
    made = []
    for key, side in zip(keys, sides, strict=True):
        share: Any = value.get(key)
        if type(share) not in _NUMBERS or not abs(share * side) <= geometry.FARTHEST_PX * 100:
            raise BadResultError(f"its {key} is {shown(share)}, no number")
        made.append(share * side / 100)
    return made


def plain_box(value: Mapping[str, Any], size_wh: Size) -> list[float] | None:
    """Return the box of a rectangle that is not turned, where four numbers say so; else None."""
    width, height = size_wh
    x, y, wide, high = value.get("x"), value.get("y"), value.get("width"), value.get("height")
    if not {type(x), type(y), type(wide), type(high)} <= _NUMBERS:
        return None
    most = geometry.FARTHEST_PX * 100 / max(size_wh)
    if -most <= x <= most and -most <= y <= most and 0 < wide <= most and 0 < high <= most:  # type: ignore[operator]  # numbers
        left, top = x * width / 100, y * height / 100  # type: ignore[operator]  # the same
        return [left, top, left + wide * width / 100, top + high * height / 100]  # type: ignore[operator]  # the same
    return None


def _degrees(value: Mapping[str, Any]) -> float:
    degrees = value.get("rotation") or 0
    if type(degrees) not in _NUMBERS or not math.isfinite(degrees):
        raise BadResultError(f"its rotation is {shown(degrees)}, no number")
    return float(degrees)


def _rectangle(value: Mapping[str, Any], _: Mapping[str, Any], source: Source) -> Form:
    width, height = source.size_wh
    left, top, wide, high = _pixels(value, ("x", "y", "width", "height"), (width, height, width, height))
    if wide <= 0 or high <= 0:
        raise BadResultError(f"a box of {wide:g} × {high:g} pixels encloses nothing")
    degrees = _degrees(value)
    if degrees % FULL_TURN == 0:
        return Kind.BOX, [left, top, left + wide, top + high], {}
    return Kind.ROTATED_BOX, corners_of(left, top, wide, high, degrees), {}


def corners_of(left: float, top: float, wide: float, high: float, degrees: float) -> list[list[float]]:
    """Return the corners of a box turned clockwise about its upper left one, beginning with that."""
    angle = math.radians(degrees)
    along, down = math.cos(angle), math.sin(angle)
    return [
        [left, top],
        [left + wide * along, top + wide * down],
        [left + wide * along - high * down, top + wide * down + high * along],
        [left - high * down, top + high * along],
    ]


def _polygon(value: Mapping[str, Any], own: Mapping[str, Any], source: Source) -> Form:
    width, height = source.size_wh
    points = geometry.points_of(value.get("points"))
    if not points:
        raise BadResultError(f"its points are {shown(value.get('points'))}, no list of x, y")
    pixels = [[x * width / 100, y * height / 100] for x, y in points]
    if own.get("kind") == Kind.ROTATED_BOX and len(pixels) == geometry.QUADRILATERAL:
        return Kind.ROTATED_BOX, pixels, {}
    if value.get("closed") is False:
        if len(pixels) == 1:
            raise BadResultError("one point is no line")
        return Kind.POLYLINE, pixels, {}
    if len(pixels) < geometry.TRIANGLE or geometry.is_flat(pixels):
        raise BadResultError(f"a polygon of {len(pixels)} points in a line encloses nothing")
    return Kind.POLYGON, pixels, {}


def _ellipse(value: Mapping[str, Any], _: Mapping[str, Any], source: Source) -> Form:
    width, height = source.size_wh
    x, y, across, down = _pixels(value, ("x", "y", "radiusX", "radiusY"), (width, height, width, height))
    if across <= 0 or down <= 0:
        raise BadResultError(f"an ellipse with the radii {across:g} and {down:g} encloses nothing")
    if abs(across - down) <= SAME_RADII_PX:
        return Kind.CIRCLE, [x, y, across], {}
    stated = [x, y, across, down, _degrees(value)]
    return Kind.POLYGON, ellipse_points(stated), {ELLIPSE: stated}


def ellipse_points(stated: list[float]) -> list[list[float]]:
    """Return points on an ellipse (x, y, both radii, degrees clockwise) from the end of its first radius."""
    x, y, across, down, degrees = stated
    turn = math.radians(degrees)
    cosine, sine = math.cos(turn), math.sin(turn)
    points = []
    for number in range(ELLIPSE_CORNERS):
        angle = math.tau * number / ELLIPSE_CORNERS
        along, off = across * math.cos(angle), down * math.sin(angle)
        points.append([x + along * cosine - off * sine, y + along * sine + off * cosine])
    return points


def _brush(value: Mapping[str, Any], own: Mapping[str, Any], source: Source) -> Form:
    if value.get("format", "rle") != "rle":
        raise BadResultError(f"its format is {shown(value.get('format'))}, not rle")
    size_wh = source.size_wh
    try:
        counts = counts_of(value.get("rle"), size_wh)
    except BadBrushError as error:
        raise BadResultError(str(error)) from error
    frame = own.get("frame")
    if type(frame) is list and len(frame) == _FRAME and all(type(one) is int for one in frame):
        left, top, width, height = frame
        cut = None
        if width > 0 and height > 0 and width * height <= LARGEST_MASK_PX:
            cut = framed_masks.moved(counts, size_wh, (width, height), (-left, -top))
        if cut is not None:
            return Kind.MASK, {"size_wh": [width, height], "offset": [left, top], "counts": cut}, {}
    return Kind.MASK, {"size_wh": list(size_wh), "offset": [0, 0], "counts": counts}, {}


def _keypoint(value: Mapping[str, Any], _: Mapping[str, Any], source: Source) -> Form:
    return Kind.POINTS, [_pixels(value, ("x", "y"), source.size_wh)], {}


_READ: Final[dict[str, Callable[[Mapping[str, Any], Mapping[str, Any], Source], Form]]] = {
    "rectangle": _rectangle,
    "polygon": _polygon,
    "ellipse": _ellipse,
    "brush": _brush,
    "keypoint": _keypoint,
}


def joined(before: Annotation, further: Annotation) -> Annotation:
    """Return points with those of a further result of the same annotation."""
    return replace(before, geometry=[*before.geometry, *further.geometry])
