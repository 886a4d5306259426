"""What a source says about an image: a record with its annotations, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class Kind(StrEnum):
    """What an annotation is; all but ``class`` have a geometry."""

    CLASS = "class"
    BOX = "box"
    ROTATED_BOX = "rotated_box"
    POLYGON = "polygon"
    POLYLINE = "polyline"
    POINTS = "points"
    CIRCLE = "circle"
    MASK = "mask"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One item of a statement: a class, or a shape with or without one.

    ``geometry`` by kind, in pixels of the upright original, 0-based, edges continuous: box ``[left, top,
    right, bottom]``, rotated_box ``[[x, y] × 4]``, polygon, polyline and points ``[[x, y], …]``, circle ``[x,
    y, radius]``, mask ``{"size_wh": [w, h], "offset": [left, top], "counts": [run lengths, column by column,
    beginning with background]}``. ``attributes`` keep what a format knows besides (group_id, flags, occluded
    …). ``locator`` is the place inside the source, such as ``shapes[2]``.
    """

    kind: Kind
    label: str | None
    geometry: Any = None
    attributes: dict[str, Any] = field(default_factory=dict)
    locator: str = ""
    confidence: float | None = None

    def __reduce__(self) -> tuple[type[Annotation], tuple[Any, ...]]:
        """Pickle as a call: what a frozen dataclass with slots does by itself takes three times as long."""
        return Annotation, (
            self.kind,
            self.label,
            self.geometry,
            self.attributes,
            self.locator,
            self.confidence,
        )


@dataclass(frozen=True, slots=True)
class Record:
    """What one row, file or entry of a source says, with its image named as written there.

    ``image`` is a path, file name or id; ``beside`` the path (relative to the images' root, POSIX) the label
    file itself has, for sources that lie beside their images. ``locator`` is the place of the statement
    within the source, such as ``Sheet1!B17``. ``sha256`` identifies the image by content where the source
    has it; ``is_embedded`` says that it is that of a picture inside the label file itself.
    ``is_prediction``: a model says so, not a person; ``author`` is the person, where a source tells
    several apart. ``is_silent``: it names a split or group and says nothing of what is on the image,
    which is not the same as saying that nothing is on it.
    """

    image: str
    locator: str
    annotations: Sequence[Annotation] = ()
    split: str | None = None
    group: str | None = None
    beside: str | None = None
    sha256: bytes | None = None
    size_wh: tuple[int, int] | None = None
    is_embedded: bool = False
    is_prediction: bool = False
    is_silent: bool = False
    author: str | None = None

    def __reduce__(self) -> tuple[type[Record], tuple[Any, ...]]:
        """Pickle as a call, as annotations do."""
        return Record, (
            self.image,
            self.locator,
            self.annotations,
            self.split,
            self.group,
            self.beside,
            self.sha256,
            self.size_wh,
            self.is_embedded,
            self.is_prediction,
            self.is_silent,
            self.author,
        )
