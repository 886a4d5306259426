"""Annotations as a VOC file; see `voc_objects` for a drawing of the elements.

Boxes are those of the devkit: counted from 1, the far edge the last pixel, exact where there are fractions
too. The file says so (``<labelprep><counted_from>1…``): nothing has to be inferred when it is read again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from labelprep.formats.turned_boxes import corners_of, turned_of
from labelprep.formats.voc_counting import DEVKIT
from labelprep.formats.voc_objects import (
    BOX_KEY,
    FILE_KEY,
    FLAGS,
    NO_NAME,
    NOTHING,
    OWN_TAG,
    SIDES,
    TURNED,
    is_near,
    number_text,
)
from labelprep.formats.xml_files import element, is_plain, is_writable, writable
from labelprep.model import geometry
from labelprep.model.annotation import Annotation, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from labelprep.formats.voc_counting import Counting

CLOSE_PX: Final = 1e-6
DRAWN: Final = frozenset({Kind.BOX, Kind.POLYGON, Kind.ROTATED_BOX})
_OWN_FILE_KEYS: Final = frozenset({"folder", "filename", "path", "object", OWN_TAG})


def document_of(
    folder: str, filename: str, size_wh: tuple[int, int] | None, annotations: Iterable[Annotation]
) -> str:
    """Return the text of a VOC file; what it cannot hold is left out.

    ``folder`` and ``filename`` name the image.
    """
    drawn = [item for item in annotations if item.kind in DRAWN and item.label is not None]
    kept: dict[str, Any] = {}
    for item in reversed(drawn):
        if isinstance(item.attributes.get(FILE_KEY), dict):
            kept |= item.attributes[FILE_KEY]
    own: dict[str, Any] = {"counted_from": str(DEVKIT.first)}
    shown_keys = {key: value for key, value in kept.items() if _is_shown(key, value)}
    hidden = {key: value for key, value in kept.items() if key not in shown_keys}
    held: dict[str, Any] = {"folder": writable(folder), "filename": writable(filename)}
    if (held["folder"], held["filename"]) != (folder, filename):
        own["image"] = json.dumps([folder, filename])
    held |= shown_keys
    size = held.pop("size", {})
    if size_wh is not None:
        held["size"] = {"width": str(size_wh[0]), "height": str(size_wh[1]), **size}
    elif size:
        held["size"] = size
    if hidden:
        own["file"] = json.dumps(hidden)
    attributes = "".join(f' {key[1:]}="{_quoted(held.pop(key))}"' for key in tuple(held) if key[0] == "@")
    held.setdefault("segmented", "0")
    lines = [f"<annotation{attributes}>"]
    for key, value in {**held, OWN_TAG: own}.items():
        for one in value if isinstance(value, list) else [value]:
            lines += element(key, one, "\t")
    for item in drawn:
        lines += lines_of(item, DEVKIT)
    return "\n".join([*lines, "</annotation>", ""])


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _is_shown(key: str, value: object) -> bool:
    """Tell whether what is kept of a file can be an element (or attribute) of it again."""
    if key == "size":
        return isinstance(value, dict) and is_plain(value) and not value.keys() & {"width", "height"}
    return key not in _OWN_FILE_KEYS and key != "#text" and is_plain({key: value})


def lines_of(item: Annotation, counting: Counting, indent: str = "\t") -> Iterator[str]:
    """Yield the lines of the object that `annotations_of` reads as this annotation."""
    left = {key: value for key, value in item.attributes.items() if key != FILE_KEY}
    own: dict[str, Any] = {}
    label = item.label or ""
    name = writable(label) or NO_NAME
    if name != label:
        own["label"] = label
    held: dict[str, Any] = {"type": "robndbox"} if item.kind is Kind.ROTATED_BOX else {}
    held["name"] = name
    held["pose"] = left.pop("pose") if _is_pose(left.get("pose")) else "Unspecified"
    flags = {flag: "1" if left.get(flag) is True else "0" for flag in FLAGS}
    held |= {flag: word for flag, word in flags.items() if word == "1" or flag != "occluded"}
    left = {key: value for key, value in left.items() if flags.get(key) != "1"}
    if item.confidence is not None:
        held["confidence"] = repr(float(item.confidence))
    held |= _drawn(item, left, counting, own)
    if _are_parts(left.get("parts")):
        held["part"] = [_part(part, counting) for part in left.pop("parts")]
    named = {key: value for key, value in left.items() if key and is_writable(key)}
    if named:
        held["attributes"] = {"attribute": [_attribute(key, value) for key, value in named.items()]}
    hidden = {key: value for key, value in left.items() if key not in named}
    if hidden:
        own["attributes"] = hidden
    if own:
        held[OWN_TAG] = json.dumps(own)
    yield from element("object", held, indent)


def _is_pose(value: object) -> bool:
    return isinstance(value, str) and is_writable(value) and value.lower() not in NOTHING["pose"]


def _attribute(key: str, value: object) -> dict[str, Any]:
    if isinstance(value, str) and is_writable(value):
        return {"name": key, "value": value}
    return {"name": key, "value": {"@type": "json", "#text": json.dumps(value)}}


def _drawn(
    item: Annotation, left: dict[str, Any], counting: Counting, own: dict[str, Any]
) -> dict[str, dict[str, str]]:
    """Return the elements of a shape; attributes that go into them are taken out of ``left``."""
    if item.kind is Kind.BOX:
        return {"bndbox": _bndbox(item.geometry, counting)}
    around = geometry.box_of(item.geometry)
    other = left.get(BOX_KEY)
    if _is_box(other) and not is_near(other, around):
        around = left.pop(BOX_KEY)
    elements = {"bndbox": _bndbox(around, counting)}
    if item.kind is Kind.POLYGON:
        points = enumerate(item.geometry, start=1)
        shift = counting.first
        sides = (((f"x{at}", x), (f"y{at}", y)) for at, (x, y) in points)
        elements["polygon"] = {tag: number_text(value, shift) for pair in sides for tag, value in pair}
        return elements
    turned = turned_of(item.geometry)
    elements["robndbox"] = dict(zip(TURNED, map(number_text, turned), strict=True))
    pairs = zip(corners_of(turned), item.geometry, strict=True)
    if any(abs(one[0] - two[0]) > CLOSE_PX or abs(one[1] - two[1]) > CLOSE_PX for one, two in pairs):
        own["points"] = [[float(x), float(y)] for x, y in item.geometry]
    return elements


def _bndbox(box: Sequence[float], counting: Counting) -> dict[str, str]:
    first, last = counting.first, counting.first - counting.inclusive
    return {
        side: number_text(value, shift)
        for side, value, shift in zip(SIDES, box, (first, first, last, last), strict=True)
    }


def _is_box(value: object) -> TypeGuard[list[float]]:
    if not isinstance(value, list) or len(value) != len(SIDES):
        return False
    points = geometry.points_of([value[:2], value[2:]])
    return points is not None and points[0][0] < points[1][0] and points[0][1] < points[1][1]


def _are_parts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_part, value))


def _is_part(value: object) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not _is_box(value.get("box")):
        return False
    more = {key: one for key, one in value.items() if key not in {"name", "box"}}
    is_taken = "bndbox" in more or any(key == "#text" or not isinstance(key, str) for key in more)
    return is_writable(value["name"]) and not is_taken and (not more or is_plain(more))


def _part(part: Mapping[str, Any], counting: Counting) -> dict[str, Any]:
    more = {key: value for key, value in part.items() if key not in {"name", "box"}}
    return {**more, "name": part["name"], "bndbox": _bndbox(part["box"], counting)}
