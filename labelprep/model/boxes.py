"""Boxes of one image without anything besides, kept as lists: millions of them are read in this form.

An `Annotation` for each would take as long to make as all that is done with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, overload

from labelprep.model.annotation import Annotation, Kind

Reach = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Boxes(Sequence[Annotation]):
    """Annotations of kind box, each made when it is asked for.

    ``labels`` and ``corners`` (left, top, right, bottom) are by box, ``numbers`` their places in the list
    called ``listed``; ``reach`` is the least left and top and the greatest right and bottom of all. Only the
    first may have attributes. There is at least one box.
    """

    labels: list[str]
    corners: list[list[float]]
    numbers: list[int]
    listed: str
    reach: Reach
    attributes: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.labels)

    def __iter__(self) -> Iterator[Annotation]:
        """Make one after the other."""
        attributes = self.attributes
        for label, box, number in zip(self.labels, self.corners, self.numbers, strict=True):
            yield Annotation(Kind.BOX, label, box, attributes, f"{self.listed}[{number}]")
            attributes = {}

    @overload
    def __getitem__(self, at: int) -> Annotation: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Annotation, ...]: ...
    def __getitem__(self, at: int | slice) -> Annotation | tuple[Annotation, ...]:
        """Make one, or some."""
        return tuple(self)[at]

    def __eq__(self, other: object) -> bool:
        """Tell whether other annotations say the same, in whichever form."""
        return tuple(self) == tuple(other) if isinstance(other, (Boxes, tuple)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type[tuple[Any, ...]], tuple[tuple[Annotation, ...]]]:
        """Pickle as what it stands for."""
        return tuple, (tuple(self),)

    def with_attributes(self, attributes: dict[str, Any]) -> Boxes:
        """Return the same, the first with these attributes."""
        return replace(self, attributes=attributes)
