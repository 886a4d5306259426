"""What a VOC file holds besides its objects: its bytes, its size, its image, and what is kept of the rest."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import shown
from labelprep.formats.json_files import NotReadableError
from labelprep.formats.json_files import is_plain as is_json
from labelprep.formats.voc_counting import DEVKIT
from labelprep.formats.voc_objects import OWN_TAG
from labelprep.formats.xml_files import grouped, plain, text_in

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST_FILE_BYTES: Final = 32 << 20
ROOT_TAG: Final = "annotation"
SIZE: Final = re.compile(r"[0-9]{1,9}")
_CORNERS: Final = (b"xmin", b"ymin", b"xmax", b"ymax")
_SIDES: Final = frozenset({"width", "height"})
_READ_ELSEWHERE: Final = frozenset({"folder", "filename", "path", "object", OWN_TAG})


_BOX = re.compile(
    rb"<bndbox>\s*" + rb"\s*".join(rb"<%b>\s*(\d{1,9})\s*</%b>" % (side, side) for side in _CORNERS)
)
_STATED_SIZE = re.compile(rb"<size>\s*<width>\s*(\d{1,9})\s*</width>\s*<height>\s*(\d{1,9})\s*</height>")
_NEEDS_PARSING = re.compile(rb"<!|<part|<labelprep|\x00")

Size = tuple[int, int]


def glanced(data: bytes) -> tuple[list[tuple[int, ...]], Size | None] | None:
    """Return the boxes and the size in a file without parsing it; None where that takes a parser.

    It does for all that is not as LabelImg and the devkit write it. Parsing would give the same.
    """
    if _NEEDS_PARSING.search(data):
        return None
    boxes = _BOX.findall(data)
    size = _STATED_SIZE.search(data)
    if size is None or len(boxes) != data.count(b"<bndbox"):
        return None
    width, height = int(size[1]), int(size[2])
    size_wh = (width, height) if width > 0 and height > 0 else None
    return [tuple(map(int, box)) for box in boxes], size_wh


def read_bytes(path: str) -> bytes:
    """Return the bytes of a file.

    Raises: NotReadableError where it cannot be read, or is too large.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a hundred thousand files: no Path for each
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST_FILE_BYTES:
                problem = f"{size:,} bytes are more than a label file has"
                raise NotReadableError("too_large", problem, "take it out of the folder")
            return file.read()
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        raise NotReadableError("unreadable", problem, "look at its permissions") from error


def check_is_voc(root: Element) -> None:
    """Check what must hold before objects are read.

    Raises: NotReadableError.
    """
    tags = {one.tag for one in root}
    if root.tag == ROOT_TAG and tags & {"object", "filename", "size", "folder", "path"}:
        return
    what = f"its root is <{root.tag}>" if root.tag != ROOT_TAG else "it has no filename and no object"
    fix = "take it out of the folder, or leave it: it is not read"
    raise NotReadableError("not_voc", f"not VOC: {shown(what)[1:-1]}", fix)


def size_of(root: Element) -> Size | None:
    """Return width and height where the file states them."""
    size = root.find("size")
    tags = ("width", "height")
    if size is None:
        size, tags = root.find("imagesize"), ("ncols", "nrows")
    if size is None:
        return None
    texts = [text_in(size, tag) for tag in tags]
    if not all(map(SIZE.fullmatch, texts)):
        return None
    width, height = map(int, texts)
    return (width, height) if width > 0 and height > 0 else None


def is_of_devkit(root: Element) -> bool:
    """Tell whether a file itself says that it counts as the devkit does."""
    own = root.find(OWN_TAG)
    return own is not None and text_in(own, "counted_from") == str(DEVKIT.first)


def own_of(root: Element) -> dict[str, Any]:
    """Return what this program has written with a file: what it keeps, its image."""
    found = root.find(OWN_TAG)
    if found is None:
        return {}
    own: dict[str, Any] = {}
    for key, kind in (("file", dict), ("image", list)):
        try:
            value = json.loads(text_in(found, key) or "null")
        except (ValueError, RecursionError):
            continue
        if isinstance(value, kind) and is_json(value):
            own[key] = value
    if "image" in own and [type(one) for one in own["image"]] != [str, str]:
        del own["image"]
    return own


def kept_of(root: Element) -> dict[str, Any]:
    """Return what a file holds besides what is read, and besides what tools write of every file alike."""
    kept: dict[str, Any] = {
        f"@{name}": value for name, value in root.attrib.items() if (name, value) != ("verified", "no")
    }
    for tag, found in grouped(root).items():
        if tag in _READ_ELSEWHERE or (len(found) == 1 and _is_usual(found[0])):
            continue
        values = [plain(one, without=_SIDES if tag == "size" else frozenset()) for one in found]
        kept[tag] = values[0] if len(values) == 1 else values
    return kept


def _is_usual(one: Element) -> bool:
    if one.tag == "size":
        return all(side.tag in _SIDES or (side.tag, side.text) == ("depth", "3") for side in one)
    if one.tag == "source":
        return [(inner.tag, inner.text) for inner in one] == [("database", "Unknown")]
    return one.tag == "segmented" and one.text in {None, "0"}


def first_word(root: Element) -> str:
    """Return the first text of a document that is not plain ASCII."""
    texts = (one.text for one in root.iter() if one.text is not None)
    return next((text.strip() for text in texts if not text.isascii()), "")
