"""One annotation of a COCO file as annotations, of which several belong together where it has several parts.

::

    {"id": 7, "image_id": 3, "category_id": 18, "iscrowd": 0, "area": 400.0,
     "bbox": [left, top, width, height],
     "segmentation": [[x, y, x, y, …], […]]  or  {"size": [height, width], "counts": …},
     "keypoints": [x, y, visibility, …], "num_keypoints": 1,
     "score": 0.9, "attributes": {…}, …any other key}

===========================  =============================================================================
what it has                  annotations
===========================  =============================================================================
a bbox alone                 box
a polygon                    polygon
several polygons             a polygon each, with the same ``group_id``
run lengths                  mask of the whole picture
keypoints                    points (those that are labelled), besides the above with the same ``group_id``
none of them                 class of the whole image
===========================  =============================================================================

Attributes: ``crowd`` is true where iscrowd is 1; ``visibility`` lists COCO's number of every keypoint where
one is not 2, ``keypoints`` and ``skeleton`` are what the category says of them; those under ``attributes``
keep their names, other keys get ``coco:`` before theirs; ``coco:bbox`` is a bbox that is not around its
segmentation. ``area`` follows from the shape and is not kept.

What COCO cannot say stands under the key ``labelprep``: ``kind`` where the shape is a rotated box or points
alone, ``frame`` (left, top, width, height) of a mask cut out of the picture, ``unnamed`` for keypoints that
have not the names of their category.

Source: the COCO data format (cocodataset.org); CVAT's and Datumaro's ``attributes``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from labelprep.errors import shown
from labelprep.formats import coco_masks
from labelprep.formats.coco_boxes import BOX_NUMBERS, NOTHING, NUMBERS
from labelprep.formats.json_files import DUPLICATE, is_plain
from labelprep.model import geometry
from labelprep.model.annotation import Annotation, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Form = tuple[Kind, Any]

OWN_KEY: Final = "labelprep"
PREFIX: Final = "coco:"
CROWD: Final = "crowd"
GROUP: Final = "group_id"
STATED_BOX: Final = "coco:bbox"
SCORE: Final = "coco:score"
POINT_KEYS: Final = frozenset({"keypoints", "visibility", "skeleton"})
COMMON: Final = ("difficult", "truncated", "occluded")
KNOWN: Final = frozenset(
    {
        "id", "image_id", "category_id", "bbox", "area", "segmentation", "iscrowd", "keypoints",
        "num_keypoints", "score", "attributes", "file_name", OWN_KEY,
    }
)  # fmt: skip
VISIBLE: Final = 2
NEAR_PX: Final = 1.0
"""A bbox may be so far from the bounds of its segmentation: tools round."""

_KEYPOINT_NUMBERS: Final = 3


class BadShapeError(Exception):
    """An annotation cannot be taken; the message is what is wrong with it."""


class _NothingInsideError(Exception):
    """A segmentation encloses nothing; the message says why."""


@dataclass(frozen=True, slots=True)
class Category:
    """A category as a file gives it: ``problem`` says why it stands for no class."""

    given: object
    name: str | None
    problem: str = ""
    keypoints: tuple[str, ...] = ()
    skeleton: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where an annotation comes from, and who hears of it.

    ``tell`` hears what was read otherwise than written, ``refuse`` what of it was not taken although the rest
    was; ``group`` gives a group number that is free in the image. ``is_result``: a model says so. ``size_wh``
    is the size of the picture where the file states it.
    """

    locator: str
    tell: Callable[[str], None]
    refuse: Callable[[str], None]
    group: Callable[[], int]
    is_result: bool = False
    size_wh: tuple[int, int] | None = None


@dataclass(slots=True)
class _Body:
    """The shapes of an annotation but its keypoints, and what is to be kept of its bbox."""

    forms: list[Form] = field(default_factory=list)
    kept_box: Any = None


def corners(box: list[float]) -> list[float]:
    """Return ``[left, top, right, bottom]`` of ``[left, top, width, height]``."""
    x, y, width, height = box
    return [x, y, x + width, y + height]


def annotations_of(value: dict[Any, Any], category: Category, source: Source) -> list[Annotation]:
    """Return the annotations that one of COCO's is.

    Raises: BadShapeError.
    """
    if DUPLICATE in value:
        raise BadShapeError(f"the key {shown(value[DUPLICATE])} is there twice, with two values")
    own = value.get(OWN_KEY, {})
    if not isinstance(own, dict) or not is_plain(own):
        raise BadShapeError(f"the value of {OWN_KEY!r} is {shown(own)}, not what this program writes")
    attributes, confidence = _attributes(value, source)
    body = _body(value, own, source)
    points = _keypoints(value, category, source, is_unnamed=own.get("unnamed") is True)
    if not body.forms and points is None:
        if "bbox" in value or "segmentation" in value or "keypoints" in value:
            raise BadShapeError("it has neither a box nor a segmentation nor a labelled keypoint")
        return [Annotation(Kind.CLASS, category.name, None, attributes, source.locator, confidence)]
    if len(body.forms) + (points is not None) > 1 and GROUP not in attributes:
        attributes[GROUP] = source.group()
    apart: dict[str, Any] = {}
    if body.kept_box is not None:
        source.tell("its bbox is not around its segmentation: it is kept as an attribute")
        apart = {STATED_BOX: body.kept_box}
    found = [
        Annotation(kind, category.name, numbers, attributes | apart, source.locator, confidence)
        for kind, numbers in body.forms
    ]
    if points is not None:
        form, said = points
        given = said | attributes
        found.append(Annotation(Kind.POINTS, category.name, form, given, source.locator, confidence))
    return found


def _attributes(value: Mapping[str, Any], source: Source) -> tuple[dict[str, Any], float | None]:
    """Return what an annotation says besides its form, and its score."""
    attributes: dict[str, Any] = {}
    for key in [key for key in value if key not in KNOWN]:
        said = value[key]
        if said is None or said == "":
            continue
        if key in COMMON and said in (0, 1):
            attributes.update({key: True} if said else {})
        elif is_plain(said):
            attributes[PREFIX + key] = said
        else:
            source.tell(f"the value of {shown(key)} is not finite or nested too deep, and not kept")
    given = value.get("attributes")
    if isinstance(given, dict) and is_plain(given):
        attributes |= given
    elif given not in NOTHING:
        source.tell(f"its attributes are {shown(given)}, and not kept")
    crowd = value.get("iscrowd", 0)
    if crowd == 1:
        attributes[CROWD] = True
    elif crowd not in (0, None):
        source.tell(f"iscrowd is {shown(crowd)}, neither 0 nor 1: read as 0")
    return attributes, _confidence(value.get("score"), attributes, source)


def _confidence(score: Any, attributes: dict[str, Any], source: Source) -> float | None:  # noqa: ANN401 - JSON
    """Return a score as a confidence; one that is none goes into the attributes."""
    if score is None:
        return None
    if is_share(score):
        return float(score)
    if is_plain(score):
        attributes[SCORE] = score
    source.tell(f"its score is {shown(score)}, not from 0 to 1: it is no confidence")
    return None


def is_share(value: object) -> TypeGuard[float]:
    """Tell whether a value is a number from 0 to 1, as a confidence is."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


def _body(value: Mapping[str, Any], own: Mapping[str, Any], source: Source) -> _Body:
    """Return the shapes of an annotation: those of its segmentation, else its box.

    Raises: BadShapeError.
    """
    if own.get("kind") == Kind.POINTS:
        return _Body()
    stated = value.get("segmentation")
    try:
        forms = [] if stated in NOTHING else _segments(stated, own, source)
    except _NothingInsideError as error:
        box = _box(value)
        if box is None:
            raise BadShapeError(str(error)) from error
        source.refuse(f"{error}: only its box is taken")
        return _Body([(Kind.BOX, corners(box))])
    if forms:
        return _Body(forms, _box_apart(value, forms, source))
    box = _box_or_none(value, source)
    return _Body([] if box is None else [(Kind.BOX, corners(box))])


def _box_or_none(value: Mapping[str, Any], source: Source) -> list[float] | None:
    """Return the box; where keypoints stand for a bad one, say so only."""
    try:
        return _box(value)
    except BadShapeError as error:
        if value.get("keypoints") in NOTHING:
            raise
        source.tell(f"{error}: only its keypoints are taken")
        return None


def _box(value: Mapping[str, Any]) -> list[float] | None:
    """Return ``[left, top, width, height]``, None where there is none.

    Raises: BadShapeError.
    """
    box = value.get("bbox", [])
    if box == []:
        return None
    if type(box) is not list or len(box) != BOX_NUMBERS or not _are_finite(box):
        raise BadShapeError(f"its bbox is {shown(box)}, not 4 finite numbers")
    if box[2] <= 0 or box[3] <= 0:
        raise BadShapeError(f"a box of {box[2]:g} × {box[3]:g} pixels encloses nothing")
    return [float(number) for number in box]


def _are_finite(numbers: list[Any]) -> bool:
    most = geometry.FARTHEST_PX
    return all(type(number) in NUMBERS and -most <= number <= most for number in numbers)


def _box_apart(value: Mapping[str, Any], forms: list[Form], source: Source) -> list[float] | None:
    """Return the bbox where it says something else than the segmentation."""
    try:
        box = _box(value)
    except BadShapeError as error:
        source.tell(f"{error}: its segmentation is taken")
        return None
    if box is None:
        return None
    around = geometry.box_of(
        [
            corner
            for kind, form in forms
            for left, top, right, bottom in [_bounds(kind, form)]
            for corner in ((left, top), (right, bottom))
        ]
    )
    apart = max(abs(one - other) for one, other in zip(corners(box), around, strict=True))
    return box if apart > NEAR_PX else None


def _bounds(kind: Kind, form: Any) -> list[float]:  # noqa: ANN401 - by kind
    if kind is not Kind.MASK:
        return geometry.box_of(form)
    left, top = form["offset"]
    inside = coco_masks.bounds_of(form["counts"], form["size_wh"][1])
    return [number + (left, top)[at % 2] for at, number in enumerate(inside)]


def _segments(value: object, own: Mapping[str, Any], source: Source) -> list[Form]:
    """Return the shapes of a segmentation.

    Raises: BadShapeError; _NothingInsideError.
    """
    if isinstance(value, dict):
        return [_mask(value, own, source)]
    if not isinstance(value, list):
        raise BadShapeError(f"its segmentation is {shown(value)}")
    parts = _parts(value, source)
    forms: list[Form] = []
    empty = []
    for number, part in enumerate(parts):
        if type(part) is not list or not _are_finite(part) or len(part) % 2:
            raise BadShapeError(
                f"part {number} of its segmentation is {shown(part)}, no list of x, y, x, y …"
            )
        points = [[float(x), float(y)] for x, y in zip(part[::2], part[1::2], strict=True)]
        if len(points) < geometry.TRIANGLE or geometry.is_flat(points):
            empty.append(f"part {number} of its segmentation, {len(points)} points, encloses nothing")
        else:
            forms.append((Kind.POLYGON, points))
    if not forms:
        raise _NothingInsideError(empty[0] if len(empty) == 1 else "its segmentation encloses nothing")
    for problem in empty:
        source.refuse(problem)
    is_rotated = own.get("kind") == Kind.ROTATED_BOX and len(parts) == 1
    if is_rotated and len(forms[0][1]) == geometry.QUADRILATERAL:
        return [(Kind.ROTATED_BOX, forms[0][1])]
    return forms


def _parts(value: list[Any], source: Source) -> list[Any]:
    """Return the parts of a segmentation; two ways of writing one part wrongly are put right."""
    if all(type(part) in NUMBERS for part in value):
        source.tell("its segmentation is one list of numbers, read as one polygon")
        return [value]
    pairs = all(type(part) is list and len(part) == 2 for part in value)  # noqa: PLR2004 - x and y
    if pairs and len(value) >= geometry.TRIANGLE:
        source.tell("its segmentation is a list of points, read as one polygon")
        return [[number for part in value for number in part]]
    return value


def _mask(value: dict[str, Any], own: Mapping[str, Any], source: Source) -> Form:
    """Return a mask; cut out of the picture where its own frame is known.

    Raises: BadShapeError; _NothingInsideError.
    """
    try:
        size_wh, counts, is_filled = coco_masks.mask_of(value)
    except coco_masks.EmptyMaskError as error:
        raise _NothingInsideError(str(error)) from error
    except coco_masks.BadMaskError as error:
        raise BadShapeError(str(error)) from error
    if source.size_wh is not None and source.size_wh != size_wh:
        width, height = source.size_wh
        raise BadShapeError(f"its mask is {size_wh[0]} × {size_wh[1]} pixels, its picture {width} × {height}")
    if is_filled:
        source.tell("its run lengths end before the picture does: the rest is background")
    frame = own.get("frame")
    if type(frame) is list and len(frame) == BOX_NUMBERS and all(type(one) is int for one in frame):
        left, top, width, height = frame
        cut = None
        if width > 0 and height > 0 and width * height <= coco_masks.LARGEST_MASK_PX:
            cut = coco_masks.moved(counts, size_wh, (width, height), (-left, -top))
        if cut is not None:
            return Kind.MASK, {"size_wh": [width, height], "offset": [left, top], "counts": cut}
    return Kind.MASK, {"size_wh": list(size_wh), "offset": [0, 0], "counts": counts}


def _keypoints(
    value: Mapping[str, Any], category: Category, source: Source, *, is_unnamed: bool
) -> tuple[list[list[float]], dict[str, Any]] | None:
    """Return the labelled keypoints and what is said of them, None where there is none."""
    given = value.get("keypoints")
    if given in NOTHING:
        return None
    if type(given) is not list or len(given) % _KEYPOINT_NUMBERS or not _are_finite(given):
        source.refuse(f"its keypoints are {shown(given)}, no list of x, y, visibility …")
        return None
    visibility = given[2::3]
    # What a model says of visibility is no more than a place holder.
    is_taken = [number > 0 or source.is_result for number in visibility]
    points = [
        [float(x), float(y)] for x, y, taken in zip(given[::3], given[1::3], is_taken, strict=True) if taken
    ]
    if not points:
        return None
    said: dict[str, Any] = {}
    if any(number != VISIBLE for number in visibility):
        said["visibility"] = visibility
    if category.keypoints and not is_unnamed:
        if len(category.keypoints) == len(visibility):
            said["keypoints"] = list(category.keypoints)
            said |= {"skeleton": list(category.skeleton)} if category.skeleton else {}
        else:
            source.tell("it has not as many keypoints as its category names: they stay without names")
    return points, said
