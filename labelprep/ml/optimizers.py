"""From a recipe to the optimizer of a training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.ml.backend import keras
from labelprep.ml.schedules import scheduled

if TYPE_CHECKING:
    from labelprep.ml.backend import KerasOptimizer
    from labelprep.ml.recipes import Recipe

# Pulling the scale of a normalisation to 0 only turns the learning rate up.
_UNDECAYED = ["gamma", "beta", "bias"]
# Muon is for the matrices within a network; the last one, like convolutions and vectors, is AdamW's.
_ADAMS = ["logits"]


def make_optimizer(recipe: Recipe, steps: int) -> KerasOptimizer:
    """Return the recipe's optimizer, its schedule laid over ``steps`` steps."""
    rate, optimizers = scheduled(recipe, steps), keras.optimizers
    if recipe.optimizer in {"momentum", "nesterov"}:
        return optimizers.SGD(learning_rate=rate, momentum=0.9, nesterov=recipe.optimizer == "nesterov")
    if recipe.optimizer == "adamw":
        made = optimizers.AdamW(learning_rate=rate, weight_decay=recipe.weight_decay)
    elif recipe.optimizer == "muon":
        # Source: Jordan, Muon: an optimizer for hidden layers in neural networks, 2024.
        made = optimizers.Muon(
            learning_rate=rate,
            weight_decay=recipe.weight_decay,
            adam_weight_decay=recipe.weight_decay,
            exclude_layers=_ADAMS,
        )
    else:
        plain = {"sgd": optimizers.SGD, "adam": optimizers.Adam, "rmsprop": optimizers.RMSprop}
        return plain[recipe.optimizer](learning_rate=rate, weight_decay=recipe.weight_decay or None)
    made.exclude_from_weight_decay(var_names=_UNDECAYED)
    return made
