"""Whether a JSON file is LabelMe's: its bytes, the signs of it and of others, what it states of its image."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import shown
from labelprep.formats.json_files import DUPLICATE, NotReadableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LARGEST_FILE_BYTES: Final = 512 << 20
HEAD_BYTES: Final = 64 << 10
SIGNS: Final = (b'"imagePath"', b'"imageData"', b'"shapes"')
LARGEST_TEXT_BYTES: Final = 32 << 20
SAVE_AGAIN: Final = "mend it, or save it again in LabelMe"

_FOREIGN_KEYS: Final = {
    "annotations": "COCO",
    "categories": "COCO",
    "_via_settings": "VIA",
    "_via_img_metadata": "VIA",
    "regions": "VIA",
    "completions": "Label Studio",
    "predictions": "Label Studio",
    "asset": "VoTT",
}


def read_bytes(path: str) -> bytes:
    """Return the bytes of a file.

    Raises: NotReadableError where it cannot be read, is too large, or is large and plainly not LabelMe's.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a hundred thousand files: no Path for each
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST_FILE_BYTES:
                problem = f"{size:,} bytes are more than a label file has"
                raise NotReadableError("too_large", problem, "take it out of the folder")
            if size <= LARGEST_TEXT_BYTES:
                return file.read()
            head = file.read(HEAD_BYTES)
            if not any(sign in head for sign in SIGNS):
                raise not_labelme(_foreign({key for key in _FOREIGN_KEYS if f'"{key}"'.encode() in head}))
            file.seek(0)
            return file.read()
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        raise NotReadableError("unreadable", problem, "look at its permissions") from error


def check_is_labelme(document: object) -> None:
    """Check what must hold before shapes are read.

    Raises: NotReadableError.
    """
    if not isinstance(document, dict):
        keys = (
            {key for item in document if isinstance(item, dict) for key in item if isinstance(key, str)}
            if (isinstance(document, list))
            else set()
        )
        raise not_labelme(_foreign(keys) or ("a list" if isinstance(document, list) else shown(document)))
    if "shapes" not in document and not {"imagePath", "flags"} <= document.keys():
        raise not_labelme(_foreign(document.keys()))
    if DUPLICATE in document:
        problem = f"the key {shown(document[DUPLICATE])} is there twice, with two values"
        raise NotReadableError("duplicate_key", problem, "delete one of them")
    shapes = document.setdefault("shapes", [])
    if not isinstance(shapes, list):
        raise NotReadableError("bad_shapes", f"shapes is {shown(shapes)}, not a list", SAVE_AGAIN)


def _foreign(keys: Iterable[object]) -> str:
    """Name the format that a JSON file seems to be of, nothing where it shows no sign."""
    found = [name for key, name in _FOREIGN_KEYS.items() if key in set(keys)]
    return "Label Studio" if "Label Studio" in found else found[0] if found else ""


def not_labelme(what: str) -> NotReadableError:
    """Say that a JSON file is something else."""
    known = what in _FOREIGN_KEYS.values()
    reason = f"not_labelme_{what.lower().replace(' ', '_')}" if known else "not_labelme"
    return NotReadableError(
        reason,
        f"not LabelMe: {what}" if what else "not LabelMe: it has no shapes",
        "import it by itself" if known else "take it out of the folder, or leave it: it is not read",
    )


def labels_in(document: object) -> set[str]:
    """Return all labels and true flags of a file that may not be one."""
    if not isinstance(document, dict):
        return set()
    shapes, flags = document.get("shapes"), document.get("flags")
    said = (
        [shape.get("label") for shape in shapes if isinstance(shape, dict)]
        if isinstance(shapes, list)
        else []
    )
    true = [name for name, value in flags.items() if value is True] if isinstance(flags, dict) else []
    return {label for label in (*said, *true) if isinstance(label, str)}


def size_of(document: Mapping[Any, Any]) -> tuple[int, int] | None:
    """Return width and height where the file states them."""
    width, height = document.get("imageWidth"), document.get("imageHeight")
    if type(width) is int and type(height) is int and width > 0 and height > 0:
        return width, height
    return None
