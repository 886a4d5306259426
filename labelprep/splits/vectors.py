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
        return self.at(np.flatnonzero(chosen[self.component]))

    def totals(self) -> Ints:
        """Return the images of each class, ``(classes,)``."""
        sums = np.bincount(self.label, weights=self.count, minlength=self.classes)
        return sums.astype(np.int64)

    def spread(self, parts: Ints, number: int) -> Ints:
        """Return the images of each class in each part ``(classes, number)``, given each component's part."""
        codes = self.label * number + parts[self.component]
        sums = np.bincount(codes, weights=self.count, minlength=self.classes * number)
        return sums.astype(np.int64).reshape(self.classes, number)

    def edges(self) -> Ints:
        """Return where the lines of each component begin and the last end, ``(components + 1,)``."""
        sizes = np.bincount(self.component, minlength=self.components)
        return np.concatenate(([0], np.cumsum(sizes)))

    def at(self, lines: Ints) -> Vectors:
        """Return some lines, given by their places."""
        return Vectors(
            self.component[lines], self.label[lines], self.count[lines], self.components, self.classes
        )


def spans(starts: Ints, ends: Ints) -> Ints:
    """Return all numbers from each start to before its end, one range after the other."""
    sizes = ends - starts
    before = np.cumsum(sizes) - sizes
    return np.repeat(starts - before, sizes) + np.arange(int(sizes.sum()))


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
