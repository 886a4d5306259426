"""What a network is fed with: pictures as rows of a source, and their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np

    from labelprep.pixels.feeding import PixelSource


@runtime_checkable
class ReadsInto(Protocol):
    """A source that can write into memory it is given: half the cost for large pictures."""

    def read_into(self, rows: np.ndarray, out: np.ndarray) -> None:
        """Write the pictures of these rows into ``out``, ``(n, height, width, channels) uint8``."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Labelled pictures of one split, in the order of ``paths``.

    ``labels``: ``(n,) int32`` output numbers of the network, or ``(n, classes) float32`` of 0 and 1 where a
    picture may have several; ``rows``: ``(n,) int64`` rows of ``source``. ``weights``: ``(n,) float32``, how
    much a picture counts in the loss (None: each as much as any other).
    """

    paths: list[str]
    labels: np.ndarray
    rows: np.ndarray
    source: PixelSource
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.rows)
