"""Several views of one picture, whose probabilities are averaged: a little steadier than one look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelprep.ml.augmenting import usual_shift_px

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Likely = Callable[[Any], np.ndarray]

# Presets of training after which a mirrored picture is of the same class.
_MIRRORING = frozenset({"flip", "photo"})
_PLACES = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))


@dataclass(frozen=True)
class Views:
    """Which views: the picture as it is, and shifted by ``shift_px`` up, down, left and right.

    Where ``mirrored``, each of them with left and right exchanged too. What a shift uncovers is the edge
    seen in a mirror, as in training.
    """

    shift_px: int
    mirrored: bool

    def __len__(self) -> int:
        """Return the number of views."""
        return len(_PLACES) * (2 if self.mirrored else 1)

    def __str__(self) -> str:
        """Return the views in words."""
        also = ", as it is and mirrored" if self.mirrored else ""
        return f"{len(self)} views of each picture, shifted by {self.shift_px} px in each direction{also}"

    def of(self, pictures: np.ndarray) -> Iterator[np.ndarray]:
        """Yield ``(n, height, width, channels)`` pictures as each view shows them."""
        shift = self.shift_px
        _, height, width, _ = pictures.shape
        wide = np.pad(pictures, ((0, 0), (shift, shift), (shift, shift), (0, 0)), mode="reflect")
        for down, right in _PLACES:
            top, left = shift * (1 + down), shift * (1 + right)
            view = wide[:, top : top + height, left : left + width]
            yield view
            if self.mirrored:
                yield view[:, :, ::-1]


def views_for(side_px: int, recipe: Mapping[str, object]) -> Views:
    """Return the views for pictures of this side, by a network that was trained by this recipe.

    They go half as far as the pictures were shifted in training; they are mirrored where those were.
    """
    return Views(usual_shift_px(side_px) // 2, str(recipe.get("augment")) in _MIRRORING)


def averaged(likely: Likely, views: Views) -> Likely:
    """Return a function like ``likely`` that gives the mean of what it says of the views of each picture."""

    def mean(pictures: Any) -> np.ndarray:  # noqa: ANN401 - tensor or array
        shown = np.asarray(pictures)
        means: np.ndarray = np.mean([likely(view) for view in views.of(shown)], axis=0)
        return means

    return mean
