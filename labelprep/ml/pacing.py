"""How far a training is, and how long the rest takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labelprep.ml.backend import Tensor

_ESTIMATE_STEPS = 20
# Before an epoch has been validated: a forward pass costs about a third of a training step.
VALIDATION_COST = 1 / 3


@dataclass
class Sums:
    """Loss and accuracy summed over images."""

    steps: int = 0
    images: int = 0
    loss_sum: float = 0.0
    right: float = 0.0

    def take(self, values: list[tuple[int, Tensor]]) -> float:
        """Add (batch size, step result) pairs, fetching them; return the last batch's mean loss."""
        loss = 0.0
        for images, value in values:
            loss, right = (float(part) for part in value.numpy())
            self.steps += 1
            self.images += images
            self.loss_sum += loss * images
            self.right += right
        return loss

    @property
    def loss(self) -> float:
        """Mean loss an image."""
        return self.loss_sum / max(self.images, 1)

    @property
    def accuracy(self) -> float:
        """Share of the images that were right."""
        return self.right / max(self.images, 1)


class Clock:
    """How fast it goes and how long the rest takes."""

    def __init__(self, images: int, val_images: int, epochs: int) -> None:
        """Know the work: images of an epoch, images validated after each, epochs left."""
        self._images_left = images * epochs
        self._val_images = val_images
        self._validations_left = epochs if val_images else 0
        self._val_seconds: float | None = None
        self._seconds = 0.0
        self._images = 0
        self._steps = 0
        self._last: float | None = None
        self._estimated = False

    def stepped(self, images: int, now: float) -> None:
        """Count a step; the first after a pause is not timed, it holds tracing or validation."""
        self._images_left -= images
        self._steps += 1
        if self._last is not None:
            self._seconds += now - self._last
            self._images += images
        self._last = now

    def paused(self) -> None:
        """Hear that what comes before the next step is no part of it."""
        self._last = None

    def validated(self, seconds: float) -> None:
        """Count a validation."""
        self._validations_left -= 1
        self._val_seconds = seconds
        self._last = None

    def estimate_is_due(self) -> bool:
        """Return True once, when enough steps were timed."""
        due = not self._estimated and self._steps >= _ESTIMATE_STEPS
        self._estimated = self._estimated or due
        return due

    @property
    def images_per_second(self) -> float:
        """Training images a second, 0 before the second step."""
        return self._images / self._seconds if self._seconds else 0.0

    def seconds_left(self) -> float | None:
        """Return the time the remaining steps and validations take at this rate, None before it is known."""
        if not self.images_per_second:
            return None
        validation = self._val_seconds
        if validation is None:
            validation = self._val_images * VALIDATION_COST / self.images_per_second
        return self._images_left / self.images_per_second + self._validations_left * validation
