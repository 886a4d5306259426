"""One shape of a LabelMe file as an annotation, and the other way round.

::

    {"label": "cat", "shape_type": "polygon", "points": [[x, y], …], "group_id": null, "description": "",
     "flags": {"occluded": true}, "mask": null, …any other key}

=========================  ==========================  ================================================
shape_type                 points                      annotation
=========================  ==========================  ================================================
polygon, none (before 3)   3 or more                   polygon
rectangle                  2 corners in any order      box
rectangle                  4 corners                   box; rotated_box where they do not stand upright
oriented_rectangle         4 corners                   rotated_box
rotation, quadrilateral    4 corners                   rotated_box, polygon: X-AnyLabeling's
circle                     centre, a point on it       circle
line, linestrip            2 or more                   polyline
point, points              1 or more                   points
mask                       2 corners, both inside      mask, from the PNG in base64 under ``mask``
any other                  1 or more                   points, with its ``shape_type`` as an attribute
=========================  ==========================  ================================================

``score`` is the confidence. What is null or empty in a file is no attribute. X-AnyLabeling's own keys
(``direction`` in radians, ``difficult``, ``attributes``, ``kie_linking``) are attributes; what it fills in
where nothing was said (``score`` null, ``difficult`` false, the other two empty) is none. What an
annotation has and this form cannot hold is written under the key ``labelprep``, which LabelMe keeps.

Source: labelme's label file and shape modules; X-AnyLabeling's user guide.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from labelprep.errors import shown
from labelprep.formats.json_files import DUPLICATE, is_plain
from labelprep.model import geometry
from labelprep.model.annotation import Annotation, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Points = list[list[float]]
Form = tuple[Kind, Any]

OWN_KEY: Final = "labelprep"
FILE_KEY: Final = "labelme:file"
"""The attribute of a file's first annotation that keeps what the file holds besides."""
LARGEST_MASK_PX: Final = 64_000_000
PNG: Final = b"\x89PNG\r\n\x1a\n"
HEADER_BYTES: Final = 24
NEAR_PX: Final = 1e-6

_EMPTY: Final[dict[str, tuple[object, ...]]] = {
    "group_id": (None,),
    "description": (None, ""),
    "flags": (None, {}),
    "score": (None,),
    "difficult": (None, False),
    "attributes": (None, {}),
    "kie_linking": (None, []),
}
"""Values that say nothing: those with which LabelMe and X-AnyLabeling fill every shape."""
_READ_ELSEWHERE: Final = frozenset({"label", "points", "shape_type", OWN_KEY, FILE_KEY})


SHAPE_KEYS: Final = frozenset({"group_id", "description", "flags", "shape_type"})
"""The attributes that come from keys of LabelMe's own."""


class BadShapeError(Exception):
    """A shape cannot be taken; the message is what is wrong with it."""


def annotation_of(shape: object, locator: str, tell: Callable[[str], None]) -> Annotation:
    """Return the annotation that a shape is; ``tell`` hears what was read otherwise than written.

    Raises: BadShapeError.
    """
    if not isinstance(shape, dict):
        raise BadShapeError(f"{shown(shape)} is no shape")
    if DUPLICATE in shape:
        raise BadShapeError(f"the key {shown(shape[DUPLICATE])} is there twice, with two values")
    own = shape.get(OWN_KEY, {})
    if not isinstance(own, dict) or not is_plain(own):
        raise BadShapeError(f"the value of {OWN_KEY!r} is {shown(own)}, not what this program writes")
    label = _label(shape.get("label"), own, tell)
    points = geometry.points_of(shape.get("points"))
    if not points:
        raise BadShapeError(_why_no_points(shape.get("points")))
    given = _given_type(shape.get("shape_type"), tell)
    form = _FORMS.get(given)
    if form is None:
        tell(f"shape_type {shown(given)} is not known: its points and its type are kept")
        form = _points
    kind, numbers = form(points, shape, tell)
    attributes, confidence = _attributes(shape, own, tell)
    if given != _usual_type(kind, len(points)) and _is_other_type(kind, given):
        attributes = {"shape_type": given, **attributes}
    return Annotation(kind, label, numbers, attributes, locator, confidence)


def _label(value: object, own: Mapping[str, Any], tell: Callable[[str], None]) -> str | None:
    if isinstance(value, str):
        if value.strip():
            return value
        if "label" in own and (own["label"] is None or isinstance(own["label"], str)):
            kept: str | None = own["label"]
            return kept
        raise BadShapeError("its label is empty")
    if isinstance(value, (int, float)) and not isinstance(value, bool) and is_plain(value):
        tell("its label is a number, read as text")
        return str(value)
    raise BadShapeError("it has no label" if value is None else f"its label is {shown(value)}, not a text")


def _why_no_points(value: object) -> str:
    if not isinstance(value, list):
        return "it has no points" if value is None else f"its points are {shown(value)}, not a list"
    if not value:
        return "it has no points"
    bad = next(point for point in value if geometry.points_of([point]) is None)
    return f"{shown(bad)} is not a point of two finite numbers"


def _given_type(value: object, tell: Callable[[str], None]) -> str:
    if value is None:
        tell("it has no shape_type, as in files of version 2: read as a polygon")
        return "polygon"
    if not isinstance(value, str) or not value:
        raise BadShapeError(f"its shape_type is {shown(value)}")
    return value


def _usual_type(kind: Kind, count: int) -> str:
    """Return the shape_type that goes without saying for a kind and its number of points."""
    if kind is Kind.POLYLINE:
        return "line" if count == 2 else "linestrip"  # noqa: PLR2004 - two ends
    if kind is Kind.POINTS:
        return "point" if count == 1 else "points"
    return _USUAL[kind]


def _is_other_type(kind: Kind, shape_type: object) -> bool:
    """Tell whether a shape_type other than the usual one can be kept for a kind."""
    if kind is Kind.POINTS:
        return isinstance(shape_type, str) and (
            shape_type in {"point", "points"} or (shape_type != "" and shape_type not in _FORMS)
        )
    return shape_type in _OTHERS.get(kind, ())


def _attributes(
    shape: Mapping[str, Any], own: Mapping[str, Any], tell: Callable[[str], None]
) -> tuple[dict[str, Any], float | None]:
    """Return what a shape holds besides its form, and its score."""
    attributes: dict[str, Any] = {}
    confidence = None
    for key, value in shape.items():
        if key in _READ_ELSEWHERE or value in _EMPTY.get(key, ()):
            continue
        if key == "mask" and (value is None or shape.get("shape_type") == "mask"):
            continue
        if key == "score" and is_share(value):
            confidence = float(value)
            continue
        if not is_plain(value):
            raise BadShapeError(f"the value of {shown(key)} is not finite, or nested too deep")
        attributes[key] = value
    if FILE_KEY in shape:
        tell(f"the key {FILE_KEY!r} has a meaning of its own here and is left out")
    kept = own.get("attributes")
    if isinstance(kept, dict):
        attributes.update((key, value) for key, value in kept.items() if key != FILE_KEY)
    return attributes, confidence


def is_share(value: object) -> TypeGuard[float]:
    """Tell whether a value is a number from 0 to 1, as a confidence is."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


def _polygon(points: Points, _: object, __: object) -> Form:
    if len(points) < geometry.TRIANGLE:
        raise BadShapeError(f"a polygon of {len(points)} points encloses nothing")
    if geometry.is_flat(points):
        raise BadShapeError("a polygon whose points lie on one line encloses nothing")
    return Kind.POLYGON, points


def _rectangle(points: Points, _: object, tell: Callable[[str], None]) -> Form:
    if len(points) not in {2, geometry.QUADRILATERAL}:
        raise BadShapeError(f"a rectangle has 2 or 4 corners, not {len(points)}")
    if len(points) == geometry.QUADRILATERAL and not geometry.are_box_corners(points):
        tell("the four corners of a rectangle do not stand upright: read as an oriented rectangle")
        return _oriented(points, None, None)
    left, top, right, bottom = geometry.box_of(points)
    if left == right or top == bottom:
        raise BadShapeError(f"a rectangle of {right - left:g} × {bottom - top:g} pixels encloses nothing")
    return Kind.BOX, [left, top, right, bottom]


def _oriented(points: Points, _: object, __: object) -> Form:
    if len(points) != geometry.QUADRILATERAL:
        raise BadShapeError(f"an oriented rectangle has 4 corners, not {len(points)}")
    if geometry.is_flat(points):
        raise BadShapeError("an oriented rectangle whose corners lie on one line encloses nothing")
    return Kind.ROTATED_BOX, points


def _circle(points: Points, shape: Mapping[str, Any], _: object) -> Form:
    if len(points) != 2:  # noqa: PLR2004 - centre and rim
        raise BadShapeError(f"a circle has 2 points, its centre and one on it, not {len(points)}")
    radius = geometry.radius_of(*points)
    # The radius as it was before rounding counts, unless somebody has moved the point since.
    exact = shape.get(OWN_KEY, {}).get("radius")
    if isinstance(exact, float) and abs(exact - radius) <= NEAR_PX:
        radius = exact
    if radius <= 0:
        raise BadShapeError("a circle without a radius encloses nothing")
    return Kind.CIRCLE, [*points[0], radius]


def _polyline(points: Points, _: object, __: object) -> Form:
    if len(points) < 2:  # noqa: PLR2004 - two ends
        raise BadShapeError("a line has 2 points or more, not 1")
    return Kind.POLYLINE, points


def _points(points: Points, _: object, __: object) -> Form:
    return Kind.POINTS, points


def _mask(points: Points, shape: Mapping[str, Any], _: object) -> Form:
    if len(points) != 2:  # noqa: PLR2004 - two corners
        raise BadShapeError(f"a mask has 2 corners, not {len(points)}")
    # LabelMe cuts the fractions off as well; the pixels of both corners belong to the mask.
    left, top, right, bottom = (int(value) for value in geometry.box_of(points))
    png = _png_of(shape.get("mask"))
    size_wh = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    stated = right - left + 1, bottom - top + 1
    if any(abs(one - other) > 1 for one, other in zip(size_wh, stated, strict=True)):
        raise BadShapeError(
            f"its mask is {size_wh[0]} × {size_wh[1]} pixels, its corners state {stated[0]} × {stated[1]}"
        )
    if not 0 < size_wh[0] * size_wh[1] <= LARGEST_MASK_PX:
        raise BadShapeError(f"its mask is {size_wh[0]} × {size_wh[1]} pixels: not read past 64 million")
    counts = geometry.mask_counts(_rows_of(png, size_wh), size_wh)
    if not geometry.mask_area(counts):
        raise BadShapeError("its mask is empty")
    return Kind.MASK, {"size_wh": list(size_wh), "offset": [left, top], "counts": counts}


def _png_of(value: object) -> bytes:
    """Return the bytes of a PNG in base64; no pixel is decoded yet."""
    if not isinstance(value, str):
        raise BadShapeError(
            "it is a mask without pixels" if value is None else f"its mask is {shown(value)}, not a text"
        )
    try:
        png = b64decode(value)
    except ValueError as error:
        raise BadShapeError(f"its mask {shown(value)} is not base64") from error
    if len(png) < HEADER_BYTES or png[:8] != PNG or png[12:16] != b"IHDR":
        raise BadShapeError(f"its mask {shown(value)} is not a PNG in base64")
    return png


def _rows_of(png: bytes, size_wh: tuple[int, int]) -> bytes:
    """Decode a PNG of one value a pixel: one byte a pixel, row by row, 0 where the value is 0."""
    import numpy as np  # noqa: PLC0415 - most files have no mask
    from PIL import Image  # noqa: PLC0415 - the same

    try:
        with Image.open(BytesIO(png), formats=("PNG",)) as image:
            values = np.asarray(image) if image.size == size_wh else np.zeros((0, 0, 0))
    except Exception as error:  # plug-ins raise whatever their decoding trips over
        raise BadShapeError(f"its mask cannot be decoded: {error}") from error
    if values.ndim != 2:  # noqa: PLR2004 - rows and columns
        raise BadShapeError("its mask is a picture in colour, not one of one value a pixel")
    rows: bytes = (values != 0).tobytes()
    return rows


_FORMS: Final[dict[str, Callable[[Points, Mapping[str, Any], Callable[[str], None]], Form]]] = {
    "polygon": _polygon,
    "rectangle": _rectangle,
    "quadrilateral": _polygon,
    "oriented_rectangle": _oriented,
    "rotation": _oriented,
    "circle": _circle,
    "line": _polyline,
    "linestrip": _polyline,
    "point": _points,
    "points": _points,
    "mask": _mask,
}
_USUAL: Final = {
    Kind.POLYGON: "polygon",
    Kind.BOX: "rectangle",
    Kind.ROTATED_BOX: "oriented_rectangle",
    Kind.CIRCLE: "circle",
    Kind.MASK: "mask",
}
_OTHERS: Final = {
    Kind.POLYGON: ("quadrilateral",),
    Kind.ROTATED_BOX: ("rotation",),
    Kind.POLYLINE: ("line", "linestrip"),
}


def shape_of(annotation: Annotation) -> dict[str, Any]:
    """Return the shape that `annotation_of` reads as this annotation, in LabelMe's order of keys."""
    points, own = _points_of(annotation)
    attributes = {key: value for key, value in annotation.attributes.items() if key != FILE_KEY}
    shape_type = _usual_type(annotation.kind, len(points))
    other = attributes.get("shape_type")
    if other != shape_type and _is_other_type(annotation.kind, other):
        shape_type = attributes.pop("shape_type")
    label = annotation.label
    if label is None or not label.strip():
        own["label"], label = label, ""
    shape = {
        "label": label,
        "points": points,
        "group_id": _taken(attributes, "group_id", lambda value: type(value) is int),
        "description": _taken(attributes, "description", lambda value: isinstance(value, str) and value)
        or "",
        "shape_type": shape_type,
        "flags": _taken(attributes, "flags", _are_flags) or {},
        "mask": _base64_of(annotation.geometry) if annotation.kind is Kind.MASK else None,
    }
    if annotation.confidence is not None:
        shape["score"] = annotation.confidence
    elif attributes.get("score") is not None and not is_share(attributes["score"]):
        shape["score"] = attributes.pop("score")
    hidden = {
        key: attributes.pop(key)
        for key, value in tuple(attributes.items())
        if key in shape or key in _HIDDEN or value in _EMPTY.get(key, ())
    }
    shape.update(attributes)
    if hidden:
        own["attributes"] = hidden
    return {**shape, OWN_KEY: own} if own else shape


_HIDDEN: Final = frozenset({OWN_KEY, "score"})


def _taken(attributes: dict[str, Any], key: str, fits: Callable[[Any], object]) -> object:
    """Take an attribute out and return it, where LabelMe would open its value."""
    return attributes.pop(key) if key in attributes and fits(attributes[key]) else None


def _are_flags(value: object) -> bool:
    return isinstance(value, dict) and value != {} and all(type(flag) is bool for flag in value.values())


def _points_of(annotation: Annotation) -> tuple[Points, dict[str, Any]]:
    """Return the points of a shape, and what they cannot say."""
    form = annotation.geometry
    if annotation.kind is Kind.BOX:
        left, top, right, bottom = form
        return [[left, top], [right, bottom]], {}
    if annotation.kind is Kind.CIRCLE:
        x, y, radius = form
        points = [[x, y], [x + radius, y]]
        return points, {} if geometry.radius_of(*points) == radius else {"radius": float(radius)}
    if annotation.kind is Kind.MASK:
        (left, top), (width, height) = form["offset"], form["size_wh"]
        return [[left, top], [left + width - 1, top + height - 1]], {}
    return [[x, y] for x, y in form], {}


def _base64_of(mask: Mapping[str, Any]) -> str:
    """Return a mask as a grey PNG in base64: 0 is background, 255 the shape."""
    from PIL import Image  # noqa: PLC0415 - most files have no mask

    width, height = mask["size_wh"]
    rows = geometry.mask_rows(mask["counts"], (width, height))
    file = BytesIO()
    Image.frombytes("L", (width, height), rows.translate(bytes((0, *[255] * 255)))).save(file, "PNG")
    return b64encode(file.getvalue()).decode("ascii")
