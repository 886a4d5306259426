"""Learning-rate schedules: the size of each step, from the first to the last."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from labelprep.ml.backend import keras, tf

if TYPE_CHECKING:
    from labelprep.ml.backend import Tensor
    from labelprep.ml.recipes import Recipe

WARM_UP_SHARES = {"one-cycle": 0.25, "cosine": 0.05}
PLATEAU_FACTOR = 0.2
PLATEAU_EPOCHS = 2
# A rate this far below the first moves nothing any more.
PLATEAU_LEAST_SHARE = 1e-3


class Ending(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc] # Keras has no type information
    """Linear up to the peak over the warm-up, then down to 0 at the last step: linear, or along a cosine.

    Source: Smith & Topin, Super-convergence, 2018 (one-cycle); Loshchilov & Hutter, SGDR, 2017 (cosine).
    """

    def __init__(self, kind: str, peak: float, steps: int) -> None:
        """Lay the schedule of this kind over this many steps."""
        super().__init__()
        self.kind = kind
        self.peak = peak
        self.steps = steps

    def __call__(self, step: Tensor) -> Tensor:
        """Return the learning rate of a step, counted from 0."""
        share = WARM_UP_SHARES[self.kind]
        done = (tf.cast(step, tf.float32) + 1.0) / float(self.steps + 1)
        left = (1.0 - done) / (1.0 - share)
        if self.kind == "cosine":
            left = 0.5 * (1.0 - tf.cos(math.pi * tf.clip_by_value(left, 0.0, 1.0)))
            return self.peak * tf.where(done < share, done / share, left)
        return self.peak * tf.minimum(done / share, left)

    def get_config(self) -> dict[str, Any]:
        """Return what makes this schedule again."""
        return {"kind": self.kind, "peak": self.peak, "steps": self.steps}


def scheduled(recipe: Recipe, steps: int) -> Any:  # noqa: ANN401 - a number or a schedule of Keras
    """Return what an optimizer takes as its rate: a schedule over ``steps`` steps, or the rate itself."""
    if recipe.schedule in WARM_UP_SHARES:
        return Ending(recipe.schedule, recipe.learning_rate, steps)
    return recipe.learning_rate


class Plateau:
    """Lowers the rate when validation has not got better for a few epochs; a rate it has lowered stays."""

    def __init__(self, first_rate: float) -> None:
        """Begin with the recipe's rate."""
        self.first_rate = first_rate
        self.rate = first_rate
        self.best = math.inf
        self.waited = 0

    def next_rate(self, loss: float) -> float:
        """Return the rate of the next epoch, after one that came to this loss."""
        if loss < self.best:
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        if self.waited > PLATEAU_EPOCHS:
            self.rate = max(self.rate * PLATEAU_FACTOR, self.first_rate * PLATEAU_LEAST_SHARE)
            self.waited = 0
        return self.rate
