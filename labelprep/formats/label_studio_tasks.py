"""What a task of Label Studio says besides its results: which image it means, what is kept of the rest.

::

    {"id": 87, "data": {"image": "/data/upload/29/1a2b3c4d-a.png", "split": "train", "farm": "north"},
     "meta": {"labelprep": {…}}, "annotations": […], "predictions": […]}

The image is the value of ``data`` that results name (``source``), or ``image``, or the only one that looks
like an image. ``data.split`` is its split where it is called like one. What else is said is kept in the
attributes ``label_studio:task`` and ``label_studio:annotation`` of the first shape (or class).

JSON-MIN is the same in flat form, one entry an annotation::

    {"id": 87, "image": "/data/upload/29/1a2b3c4d-a.png", "annotation_id": 22, "annotator": 1,
     "lead_time": 8.6, "choice": "indoor", "label": [{"x": 10, …, "rectanglelabels": ["dog"],
                                                      "original_width": 640, "original_height": 480}]}
"""

from __future__ import annotations

import binascii
import posixpath
import re
from base64 import b64decode
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from labelprep.errors import shown
from labelprep.formats.json_files import is_plain
from labelprep.formats.label_studio_shapes import FORM_KEYS, NOTHING, OWN_KEY, PREFIX
from labelprep.model.annotation import Annotation, Kind
from labelprep.model.images import SPLIT_NAMES
from labelprep.pixels.sniffing import IMAGE_EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

TASK_KEY: Final = PREFIX + "task"
ANNOTATION_KEY: Final = PREFIX + "annotation"
IMAGE: Final = "image"
LABEL_NAMES: Final = frozenset({"choice", "choices", "label", "labels", "class", "category"})

_TASK_OWN: Final = frozenset(
    {
        "annotations", "completions", "predictions", "drafts", "data", "meta", "file_upload", "created_at",
        "updated_at", "inner_id", "project", "updated_by", "agreement", "is_labeled", "overlap",
        "total_annotations", "cancelled_annotations", "total_predictions", "comment_count",
        "unresolved_comment_count", "last_comment_updated_at", "comment_authors", "allow_skip",
    }
)  # fmt: skip
"""What Label Studio counts or notes anew by itself."""
_ANNOTATION_OWN: Final = frozenset(
    {
        "result", "prediction", "history", "reviews", "was_cancelled", "result_count", "task", "project",
        "draft_created_at", "last_action", "last_created_by", "updated_by", "parent_prediction",
        "parent_annotation", "import_id", "cluster", "neighbors", "mislabeling", "created_ago",
        "created_username", "bulk_created",
    }
)  # fmt: skip
_FLAT_OWN: Final = {
    "annotation_id": "id", "annotator": "completed_by", "created_at": "created_at",
    "updated_at": "updated_at", "lead_time": "lead_time",
}  # fmt: skip
_FLAT_SIGNS: Final = 2
_RESOLVED: Final = re.compile(r"[?&]fileuri=([^&#]+)")

Located = tuple[str, Any]
"""A result with its place."""


class NoImageError(Exception):
    """A task does not say which image it means; the message is why."""


class Image(NamedTuple):
    """The image of a task: the key of ``data`` that names it, and the name."""

    key: str
    name: str


def image_of(
    data: Mapping[str, Any], results: Iterable[Any], wished: object, looks: Callable[[str], bool]
) -> Image:
    """Return the image that a task means; ``looks`` tells whether a text names one that is known.

    Raises: NoImageError.
    """
    named = [result for result in results if isinstance(result, dict)]
    sources = {str(result["source"]).removeprefix("$") for result in named if "source" in result}
    texts = {key: value for key, value in data.items() if isinstance(value, str) and value.strip()}
    for keys in ({str(wished)}, sources, {IMAGE}):
        found = [key for key in texts if key in keys]
        if len(found) == 1:
            return _checked(found[0], texts[found[0]])
    likely = [key for key, value in texts.items() if _is_image(value) or looks(value)]
    if len(likely) > 1:
        likely = [key for key in likely if key in {str(result.get("to_name")) for result in named}] or likely
    if not likely and len(data) == 1:
        likely = [key for key, value in texts.items() if len(value.split()) == 1]
    if len(likely) == 1:
        return _checked(likely[0], texts[likely[0]])
    if likely:
        raise NoImageError(f"it names several images ({', '.join(likely)})")
    listed = [key for key, value in data.items() if isinstance(value, list) and value]
    if listed:
        raise NoImageError(f"its {listed[0]} are a list: tasks of several images are not read")
    raise NoImageError(f"nothing in its data is an image ({shown(sorted(data))})")


def _is_image(value: str) -> bool:
    if value.startswith("data:image/"):
        return True
    path = urlsplit(value).path if "//" in value else value.partition("?")[0]
    return posixpath.splitext(path)[1].lower() in IMAGE_EXTENSIONS or "?d=" in value or "fileuri=" in value


def _checked(key: str, value: str) -> Image:
    if value.startswith("data:"):
        raise NoImageError("its image is embedded, and has no name")
    resolved = _RESOLVED.search(value)
    if resolved is not None:
        coded = unquote(resolved[1]).replace("-", "+").replace("_", "/")
        try:
            return Image(key, b64decode(coded + "=" * (-len(coded) % 4), validate=True).decode("utf-8"))
        except (binascii.Error, UnicodeDecodeError):
            pass
    return Image(key, value)


def task_said(task: Mapping[str, Any], image: Image) -> dict[str, Any]:
    """Return what a task says besides its annotations: from it an export makes the same task."""
    data = task["data"]
    split = split_of(data)
    rest = {key: said for key, said in data.items() if key not in {image.key, *(("split",) if split else ())}}
    meta = task.get("meta")
    more = {key: said for key, said in meta.items() if key != OWN_KEY} if isinstance(meta, dict) else meta
    said = {key: value for key, value in task.items() if key not in _TASK_OWN}
    said |= {"image": data[image.key], "key": image.key if image.key != IMAGE else None}
    said |= {"data": rest, "meta": more}
    return {key: value for key, value in said.items() if value not in NOTHING and is_plain(value)}


def annotation_said(annotation: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an annotation says besides its results: who made it, when."""
    said = {key: value for key, value in annotation.items() if key not in _ANNOTATION_OWN}
    return {key: value for key, value in said.items() if value not in NOTHING and is_plain(value)}


def author_of(annotation: Mapping[str, Any]) -> str | None:
    """Return who completed an annotation: a number, or an address or name where the export has it."""
    person = annotation.get("completed_by")
    if isinstance(person, dict):
        person = next((person[key] for key in ("email", "username", "id") if person.get(key)), None)
    is_told = type(person) is int or (isinstance(person, str) and person.strip())
    return str(person).strip() if is_told else None


def split_of(data: Mapping[str, Any]) -> str | None:
    """Return the split that the data of a task name."""
    named = data.get("split")
    return SPLIT_NAMES.get(named.strip().casefold()) if isinstance(named, str) else None


def is_flat(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry is one of JSON-MIN."""
    return "data" not in entry and sum(key in entry for key in _FLAT_OWN) >= _FLAT_SIGNS


def unflattened(
    entry: Mapping[str, Any], label_columns: Iterable[str]
) -> tuple[dict[str, Any], list[Located]]:
    """Return the task that an entry of JSON-MIN stands for, with its one annotation, and its located results.

    Which text is a choice and which is a column of the task, the form does not say: a choice is what
    ``label_columns`` name, else what is called like one, else the only text that is no image.
    """
    results: list[Located] = []
    data: dict[str, Any] = {}
    for key, value in entry.items():
        if key in _FLAT_OWN or key == "id":
            continue
        if isinstance(value, list) and value and all(map(_is_drawn, value)):
            results += [(f"{key}[{at}]", _result(key, one)) for at, one in enumerate(value)]
        elif isinstance(value, dict) and "choices" in value:
            results.append((key, {"type": "choices", "from_name": key, "value": value}))
        else:
            data[key] = value
    for key in _choices(data, tuple(label_columns)):
        results.append((key, {"type": "choices", "from_name": key, "value": {"choices": [data.pop(key)]}}))
    annotation = {_FLAT_OWN[key]: entry[key] for key in _FLAT_OWN if key in entry}
    return {"id": entry.get("id"), "data": data, "annotations": [annotation]}, results


def _is_drawn(value: object) -> bool:
    return isinstance(value, dict) and not FORM_KEYS.isdisjoint(value)


def _result(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    kind = next((key for key in value if key.endswith("labels")), "labels")
    sizes = {key: value[key] for key in ("original_width", "original_height") if key in value}
    rest = {key: said for key, said in value.items() if key not in sizes}
    return {"type": kind, "from_name": name, **sizes, "value": rest}


def _choices(data: Mapping[str, Any], wished: tuple[str, ...]) -> list[str]:
    texts = [key for key, value in data.items() if isinstance(value, str) and not _is_image(value)]
    if wished:
        return [key for key in texts if key in wished]
    named = [key for key in texts if key.casefold() in LABEL_NAMES]
    others = [key for key in texts if key not in {IMAGE, "split"}]
    return named or (others if len(others) == 1 else [])


def with_said(annotations: list[Annotation], key: str, said: dict[str, Any]) -> list[Annotation]:
    """Return annotations of which the first shape, or class, keeps what is said besides."""
    bare = [
        replace(item, attributes={name: value for name, value in item.attributes.items() if name != key})
        if key in item.attributes
        else item
        for item in annotations
    ]
    if not bare or not said:
        return bare
    # What is resolved to a class of the image keeps no attributes.
    host = next((at for at, item in enumerate(bare) if item.kind is not Kind.CLASS), 0)
    bare[host] = replace(bare[host], attributes={**bare[host].attributes, key: said})
    return bare
