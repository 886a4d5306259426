"""One image as a task of Label Studio, so that `label_studio_reading` reads the same from it."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from labelprep.formats.label_studio_forms import form_of, is_lost, stated_ellipse
from labelprep.formats.label_studio_results import (
    CHOICES,
    CONTROLS,
    FROM_NAME,
    ID,
    IMAGE_NAME,
    REGION_KEYS,
    TO_NAME,
)
from labelprep.formats.label_studio_shapes import (
    DRAWN,
    ELLIPSE,
    FORM_KEYS,
    KNOWN,
    META,
    NOTHING,
    OWN_KEY,
    POINT_WIDTH,
    PREFIX,
    RESULTS,
)
from labelprep.formats.label_studio_tasks import ANNOTATION_KEY, IMAGE, TASK_KEY
from labelprep.model.annotation import Annotation, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from labelprep.formats.base import Outgoing

SERVED: Final = "/data/local-files/?d="
ID_BYTES: Final = 5
VALUE: Final = PREFIX + "value"

_OWN_ATTRIBUTES: Final = frozenset(
    {TASK_KEY, ANNOTATION_KEY, RESULTS, META, FROM_NAME, TO_NAME, ID, ELLIPSE, VALUE}
)
Size = tuple[int, int]


class Controls:
    """How the controls are called, and the key of ``data`` that names the image, in most of an export."""

    def __init__(self) -> None:
        """Begin with none."""
        self._names: dict[str, Counter[str]] = {}

    def look(self, item: Outgoing) -> None:
        """Take what the task of an image was called like."""
        for key, name in _controls_of(item).items():
            self._names.setdefault(key, Counter())[name] += 1

    def names(self, item: Outgoing) -> dict[str, str]:
        """Return the names for the task of one image."""
        most = {key: counts.most_common(1)[0][0] for key, counts in sorted(self._names.items())}
        return {**CONTROLS, "to_name": IMAGE_NAME, "image": IMAGE} | most | _controls_of(item)


def _controls_of(item: Outgoing) -> dict[str, str]:
    found: dict[str, str] = {}
    for said in _carried(item.record.annotations, ANNOTATION_KEY):
        controls = said.get("controls")
        for key, name in controls.items() if isinstance(controls, dict) else ():
            if isinstance(name, str) and name and (key in CONTROLS or key == "to_name"):
                found.setdefault(key, name)
    for said in _carried(item.record.annotations, TASK_KEY):
        if isinstance(said.get("image"), str):
            key = said.get("key", IMAGE)
            found.setdefault("image", key if isinstance(key, str) and key else IMAGE)
    return found


def _carried(annotations: Iterable[Annotation], key: str) -> Iterator[dict[str, Any]]:
    for item in annotations:
        said = item.attributes.get(key)
        if isinstance(said, dict):
            yield said


def task_of(item: Outgoing, controls: Controls) -> tuple[dict[str, Any], int]:
    """Return the task of one image, and how many annotations are in it."""
    record = item.record
    names = controls.names(item)
    made = _Results(record.image, record.size_wh, names)
    written = made.add(record.annotations) if item.is_stated else 0
    said = next(_carried(record.annotations, TASK_KEY), {})
    data, meta = said.get("data"), said.get("meta")
    url = said.get("image")
    own: dict[str, Any] = {"controls": made.used, "image": names["image"]}
    if record.group is not None:
        own["group"] = record.group
    task = {
        "data": {
            **(
                {key: value for key, value in data.items() if key != "split"}
                if isinstance(data, dict)
                else {}
            ),
            names["image"]: url if isinstance(url, str) and url else served(record.image),
            **({} if record.split is None else {"split": record.split}),
        },
        "meta": {**(meta if isinstance(meta, dict) else {}), OWN_KEY: own},
        "annotations": [{"result": made.results}] if item.is_stated else [],
    }
    return task, written


def served(image: str) -> str:
    """Return the address under which Label Studio serves a local file, given below its document root."""
    # A backslash in a name would be read as a slash once it is escaped.
    return SERVED + quote(image, safe="/\\" if "\\" in image else "/")


class _Results:
    """The results of one annotation under writing; ``used`` are the names of controls by type."""

    def __init__(self, image: str, size_wh: Size | None, names: Mapping[str, str]) -> None:
        self._image = image
        self._size_wh = size_wh
        self._names = names
        self._ids: set[str] = set()
        self.used: dict[str, str] = {"to_name": names["to_name"]}
        self.results: list[dict[str, Any]] = []

    def add(self, annotations: Sequence[Annotation]) -> int:
        """Add annotations; return how many there is a form for."""
        number = 0
        for is_class, run in groupby(annotations, lambda item: item.kind is Kind.CLASS):
            if is_class:
                number += self._classes([item for item in run if item.label is not None])
                continue
            for item in run:
                if not is_lost(item, self._size_wh):
                    self._shape(item)
                    number += 1
        self._others(annotations)
        return number

    def _classes(self, items: list[Annotation]) -> int:
        for (attributes, score), run in groupby(items, lambda item: (item.attributes, item.confidence)):
            result = self._result(CHOICES, self._id(None), attributes)
            result["value"] = {CHOICES: [item.label for item in run]}
            if score is not None:
                result["score"] = score
            spoken = self._said_by_names(CHOICES, attributes)
            own = {key: said for key, said in attributes.items() if key not in spoken}
            if own:
                result["meta"] = {OWN_KEY: {"attributes": own}}
            self.results.append(result)
        return len(items)

    def _result(self, kind: str, identifier: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """Return a result without its value."""
        usual = self.used.setdefault(kind, self._names[kind])
        return {
            "id": identifier,
            "type": kind,
            "from_name": attributes[FROM_NAME] if _is_name(attributes.get(FROM_NAME)) else usual,
            "to_name": attributes[TO_NAME] if _is_name(attributes.get(TO_NAME)) else self.used["to_name"],
        }

    def _said_by_names(self, kind: str, attributes: Mapping[str, Any]) -> list[str]:
        """Return which attributes the names of a result say, since they are not those of its type."""
        usual = {FROM_NAME: self.used[kind], TO_NAME: self.used["to_name"]}
        return [
            key
            for key, name in usual.items()
            if attributes.get(key) != name and _is_name(attributes.get(key))
        ]

    def _id(self, wished: object) -> str:
        """Return the id wished for where it is free, else one that follows from the image and the place."""
        if isinstance(wished, str) and wished and wished not in self._ids:
            made = wished
        else:
            text = f"{self._image}\0{len(self._ids)}".encode("utf-8", "surrogatepass")
            made = blake2b(text, digest_size=ID_BYTES).hexdigest()
        self._ids.add(made)
        return made

    def _shape(self, item: Annotation) -> None:
        assert self._size_wh is not None  # noqa: S101 - `is_lost` has told of the others
        width, height = self._size_wh
        first = self._id(item.attributes.get(ID))
        points = item.geometry if item.kind is Kind.POINTS else [None]
        for number, point in enumerate(points):
            form, value, own = form_of(item, self._size_wh, point)
            kind = form if item.label is None else f"{form}labels"
            attributes = {} if number else dict(item.attributes)
            result = self._result(kind, self._id(None) if number else first, item.attributes)
            result |= {"original_width": width, "original_height": height, "image_rotation": 0}
            if item.label is not None:
                value[kind] = [item.label]
            if number:
                own["first"] = first
            for key in self._said_by_names(kind, attributes):
                del attributes[key]
            if stated_ellipse(item) is not None:
                del attributes[ELLIPSE]
            further = self._further(attributes, first)
            result |= _natural(attributes, value, form)
            result["value"] = value
            if item.confidence is not None:
                result["score"] = item.confidence
            meta = _meta(attributes)
            own |= {"attributes": attributes} if attributes else {}
            if meta or own:
                result["meta"] = {**meta, **({OWN_KEY: own} if own else {})}
            self.results += [result, *further]

    def _further(self, attributes: dict[str, Any], identifier: str) -> list[dict[str, Any]]:
        """Take out of attributes what stood beside a shape as results of their own."""
        given = attributes.get(RESULTS)
        if not isinstance(given, list) or not given or not all(map(_is_further, given)):
            return []
        del attributes[RESULTS]
        return [{"id": identifier, "to_name": self.used["to_name"], **one} for one in given]

    def _others(self, annotations: Iterable[Annotation]) -> None:
        """Add results that are neither classes nor shapes, once each; relations of shapes that are there."""
        for said in _carried(annotations, ANNOTATION_KEY):
            given = said.get("result")
            for one in given if isinstance(given, list) else ():
                if not isinstance(one, dict) or not isinstance(one.get("type"), str):
                    continue
                ends = [one[key] for key in ("from_id", "to_id") if key in one]
                if one not in self.results and all(end in self._ids for end in ends):
                    self.results.append(one)


def _is_further(value: object) -> bool:
    """Tell whether a value reads back as a further result of a shape."""
    if not isinstance(value, dict) or not REGION_KEYS.isdisjoint(value):
        return False
    kind, said = value.get("type"), value.get("value")
    return (
        isinstance(kind, str)
        and kind not in DRAWN
        and kind != "labels"
        and (said is None or (isinstance(said, dict) and FORM_KEYS.isdisjoint(said)))
    )


def _natural(attributes: dict[str, Any], value: dict[str, Any], form: str) -> dict[str, Any]:
    """Take out of attributes what Label Studio has a place for; return keys of the result, fill its value."""
    result: dict[str, Any] = {}
    more = attributes.get(VALUE)
    taken = FORM_KEYS - {"width"} if form == "keypoint" else FORM_KEYS
    if isinstance(more, dict) and more and taken.isdisjoint(more) and more.get("width") != POINT_WIDTH:
        value |= attributes.pop(VALUE)
    for key in [key for key in attributes if key.startswith(PREFIX) and key not in _OWN_ATTRIBUTES]:
        name = key.removeprefix(PREFIX)
        if name and name not in KNOWN and attributes[key] not in NOTHING:
            result[name] = attributes.pop(key)
    return result


def _meta(attributes: dict[str, Any]) -> dict[str, Any]:
    """Take out of attributes what stood in the ``meta`` of a shape."""
    meta = attributes.get(META)
    if not isinstance(meta, dict) or not meta or OWN_KEY in meta:
        return {}
    del attributes[META]
    return meta


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""
