"""Components as vectors of classes, and what is wanted of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from labelprep.splits.members import Ints


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """Images of each class in each component, as lines (component, label, count) in the order of the first.

    ``components`` and ``classes`` are how many there are, those without a line among them.
    """

    component: Ints
    label: Ints
    count: Ints
    components: int
    classes: int

    def only(self, chosen: npt.NDArray[np.bool_]) -> Vectors:
        """Return the lines of some components ``(components,)``."""
        lines = chosen[self.component]
        return Vectors(
            self.component[lines], self.label[lines], self.count[lines], self.components, self.classes
        )

    def totals(self) -> Ints:
        """Return the images of each class, ``(classes,)``."""
        sums = np.bincount(self.label, weights=self.count, minlength=self.classes)
        return sums.astype(np.int64)

    def spread(self, parts: Ints, number: int) -> Ints:
        """Return the images of each class in each part ``(classes, number)``, given each component's part."""
        codes = self.label * number + parts[self.component]
        sums = np.bincount(codes, weights=self.count, minlength=self.classes * number)
        return sums.astype(np.int64).reshape(self.classes, number)

    def several(self) -> dict[int, list[tuple[int, int]]]:
        """Return the (label, count) of each component that has more than one."""
        if not len(self.component):
            return {}
        repeated = self.component[1:] == self.component[:-1]
        is_mixed = np.concatenate((repeated, [False])) | np.concatenate(([False], repeated))
        found: dict[int, list[tuple[int, int]]] = {}
        for one, label, count in zip(
            self.component[is_mixed].tolist(),
            self.label[is_mixed].tolist(),
            self.count[is_mixed].tolist(),
            strict=True,
        ):
            found.setdefault(one, []).append((label, count))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is to be placed, and what is wanted.

    ``vectors`` are those of the components that are free. ``hashes`` (components, 2) uint64 are theirs, and
    ``order`` (components,) the place of each by its hash. ``placed`` and ``wanted`` (classes, parts) count
    images: those that have a part, and those it should have in the end. With ``keeps_training`` no class that
    has a free component may be without an image in the first part.
    """

    vectors: Vectors
    hashes: npt.NDArray[np.uint64]
    order: Ints
    placed: Ints
    wanted: Ints
    shares: npt.NDArray[np.float64]
    keeps_training: bool
