"""The training step, in one place that a ``tf.distribute`` strategy can wrap, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from labelprep.ml.backend import keras, tf

if TYPE_CHECKING:
    from labelprep.ml.backend import KerasModel, KerasOptimizer, Tensor
    from labelprep.ml.recipes import Recipe

_FOCAL_POWER = 2.0
_WARM_UP_SHARE = 0.25

Step = Callable[[Any, Any], Any]
Loss = Callable[[Any, Any], Any]


def training_step(model: KerasModel, optimizer: KerasOptimizer, loss_of: Loss) -> Step:
    """Return a function of (pictures, labels) that learns from one batch.

    It returns a ``(2,) float32`` tensor: the batch's mean loss and how many it got right, both from
    before the weights moved. ``model`` gives logits.
    """

    def step(pictures: Tensor, labels: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            logits = model(pictures, training=True)
            loss = tf.reduce_mean(loss_of(labels, logits))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return tf.stack([loss, _number_right(labels, logits)])

    return step


def validation_step(model: KerasModel, loss_of: Loss) -> Step:
    """Return a function of (pictures, labels) that gives ``(2,) float32``: mean loss, number right."""

    def step(pictures: Tensor, labels: Tensor) -> Tensor:
        logits = model(pictures, training=False)
        return tf.stack([tf.reduce_mean(loss_of(labels, logits)), _number_right(labels, logits)])

    return step


def compiled(step: Step, shape: tuple[int, int, int]) -> Step:
    """Return a step as one graph that takes batches of any size, traced once."""
    signature = [tf.TensorSpec((None, *shape), tf.uint8), tf.TensorSpec((None,), tf.int32)]
    graph: Step = tf.function(step, input_signature=signature, autograph=False)
    return graph


def _number_right(labels: Tensor, logits: Tensor) -> Tensor:
    """Return how many of the batch have their highest score at the label."""
    best = tf.argmax(logits, axis=-1, output_type=tf.int32)
    return tf.reduce_sum(tf.cast(best == labels, tf.float32))


def loss_function(name: str) -> Loss:
    """Return the loss of this name: a function of (labels, logits) that gives ``(batch,) float32``."""
    return {"cross-entropy": _cross_entropy, "focal": _focal, "mse": _squared}[name]


def _cross_entropy(labels: Tensor, logits: Tensor) -> Tensor:
    """Return minus the log of the label's probability."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def _focal(labels: Tensor, logits: Tensor) -> Tensor:
    """Return the cross-entropy, weighted down where the label is already likely.

    Source: Lin et al., Focal loss for dense object detection, 2017, equation 4, with gamma 2.
    """
    entropy = _cross_entropy(labels, logits)
    return (1.0 - tf.exp(-entropy)) ** _FOCAL_POWER * entropy


def _squared(labels: Tensor, logits: Tensor) -> Tensor:
    """Return the mean squared distance between the probabilities and 1 for the label, 0 elsewhere."""
    wanted = tf.one_hot(labels, tf.shape(logits)[-1])
    return tf.reduce_mean(tf.square(tf.nn.softmax(logits) - wanted), axis=-1)


class WarmUp(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc] # Keras has no type information
    """Linear up to the peak over the first quarter of the steps, then linear down to 0 at the last."""

    def __init__(self, peak: float, steps: int) -> None:
        """Lay the schedule over this many steps."""
        super().__init__()
        self.peak = peak
        self.steps = steps

    def __call__(self, step: Tensor) -> Tensor:
        """Return the learning rate of a step, counted from 0."""
        done = (tf.cast(step, tf.float32) + 1.0) / float(self.steps + 1)
        return self.peak * tf.minimum(done / _WARM_UP_SHARE, (1.0 - done) / (1.0 - _WARM_UP_SHARE))

    def get_config(self) -> dict[str, Any]:
        """Return what makes this schedule again."""
        return {"peak": self.peak, "steps": self.steps}


def make_optimizer(recipe: Recipe, steps: int) -> KerasOptimizer:
    """Return the recipe's optimizer, its schedule laid over ``steps`` steps."""
    rate = WarmUp(recipe.learning_rate, steps) if recipe.schedule == "warm-up" else recipe.learning_rate
    optimizers = keras.optimizers
    if recipe.optimizer == "adamw":
        adamw = optimizers.AdamW(learning_rate=rate, weight_decay=recipe.weight_decay)
        # Pulling the scale of a normalisation to 0 only turns the learning rate up.
        adamw.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        return adamw
    if recipe.optimizer == "momentum":
        return optimizers.SGD(learning_rate=rate, momentum=0.9)
    plain = {"sgd": optimizers.SGD, "adam": optimizers.Adam, "rmsprop": optimizers.RMSprop}
    return plain[recipe.optimizer](learning_rate=rate)
