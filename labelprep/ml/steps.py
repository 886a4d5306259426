"""The training step, in one place that a ``tf.distribute`` strategy can wrap, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelprep.ml.backend import tf
from labelprep.ml.mixing import Mixing, mixed

if TYPE_CHECKING:
    import numpy as np

    from labelprep.ml.averaging import Average
    from labelprep.ml.backend import KerasModel, KerasOptimizer, Tensor
    from labelprep.ml.recipes import Recipe

_FOCAL_POWER = 2.0
_LIKELY = 0.5

Step = Callable[[Any, Any, Any], Any]
Loss = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Goal:
    """What a step learns from logits: the loss, and how a batch's labels become targets.

    Targets are ``(b, classes) float32``: 1 for the label, or ``smoothing`` of it spread over all classes.
    ``several`` says that labels are such rows already, of 0 and 1.
    """

    loss_of: Loss
    classes: int
    several: bool = False
    smoothing: float = 0.0

    def targets(self, labels: Tensor) -> Tensor:
        """Return the targets of labels."""
        hard = labels if self.several else tf.one_hot(labels, self.classes)
        if not self.smoothing:
            return hard
        # Each class of several is a choice of its own between two.
        spread = _LIKELY if self.several else 1.0 / self.classes
        return hard * (1.0 - self.smoothing) + self.smoothing * spread

    def number_right(self, labels: Tensor, logits: Tensor) -> Tensor:
        """Return how many of the batch are right: the highest score at the label, or the whole set."""
        if self.several:
            right = tf.reduce_all((logits > 0) == (labels > _LIKELY), axis=-1)
        else:
            right = tf.argmax(logits, axis=-1, output_type=tf.int32) == labels
        return tf.reduce_sum(tf.cast(right, tf.float32))


def goal_of(recipe: Recipe, classes: int, labels: np.ndarray) -> Goal:
    """Return the goal of a recipe for labels of this shape: one a picture, or several."""
    several = labels.ndim > 1
    name = "binary-" + recipe.loss if several else recipe.loss
    return Goal(loss_function(name), classes, several, recipe.label_smoothing)


def training_step(
    model: KerasModel,
    optimizer: KerasOptimizer,
    goal: Goal,
    mixing: Mixing | None = None,
    average: Average | None = None,
) -> Step:
    """Return a function of (pictures, labels, weights) that learns from one batch.

    It returns a ``(2,) float32`` tensor: the batch's mean loss and how many it got right, both from
    before the weights moved. ``model`` gives logits.
    """

    def step(pictures: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        targets = goal.targets(labels)
        if mixing:
            pictures, targets = mixed(pictures, targets, optimizer.iterations.value, mixing)
        with tf.GradientTape() as tape:
            logits = tf.cast(model(pictures, training=True), tf.float32)
            loss = tf.reduce_mean(goal.loss_of(targets, logits) * weights)
            scaled = optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        if average is not None:
            average.update(optimizer.iterations.value)
        return tf.stack([loss, goal.number_right(labels, logits)])

    return step


def validation_step(model: KerasModel, goal: Goal) -> Step:
    """Return a function of (pictures, labels, weights) that gives ``(2,) float32``: mean loss, number right.

    The loss is that of the labels themselves, without smoothing or weights.
    """
    plain = Goal(goal.loss_of, goal.classes, goal.several)

    def step(pictures: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        del weights
        logits = tf.cast(model(pictures, training=False), tf.float32)
        loss = tf.reduce_mean(plain.loss_of(plain.targets(labels), logits))
        return tf.stack([loss, plain.number_right(labels, logits)])

    return step


def compiled(step: Step, shape: tuple[int, int, int], *, classes_of_several: int = 0) -> Step:
    """Return a step as one graph that takes batches of any size, traced once.

    ``classes_of_several`` is the number of classes where labels are rows of 0 and 1, else 0.
    """
    labels = (
        tf.TensorSpec((None, classes_of_several), tf.float32)
        if classes_of_several
        else tf.TensorSpec((None,), tf.int32)
    )
    signature = [tf.TensorSpec((None, *shape), tf.uint8), labels, tf.TensorSpec((None,), tf.float32)]
    graph: Step = tf.function(step, input_signature=signature, autograph=False)
    return graph


def loss_function(name: str) -> Loss:
    """Return the loss of this name: a function of (targets, logits) that gives ``(batch,) float32``.

    Those that begin with ``binary-`` take each class as a choice of its own; they are means over the classes.
    """
    return {
        "cross-entropy": _cross_entropy,
        "focal": _focal,
        "mse": _squared,
        "binary-cross-entropy": _binary_cross_entropy,
        "binary-focal": _binary_focal,
        "binary-mse": _binary_squared,
    }[name]


def _cross_entropy(targets: Tensor, logits: Tensor) -> Tensor:
    """Return minus the log of the probabilities, by their targets."""
    return tf.nn.softmax_cross_entropy_with_logits(labels=targets, logits=logits)


def _focal(targets: Tensor, logits: Tensor) -> Tensor:
    """Return the cross-entropy, weighted down where the label is already likely.

    Source: Lin et al., Focal loss for dense object detection, 2017, equation 4, with gamma 2.
    """
    logs = tf.nn.log_softmax(logits)
    return -tf.reduce_sum(targets * (1.0 - tf.exp(logs)) ** _FOCAL_POWER * logs, axis=-1)


def _squared(targets: Tensor, logits: Tensor) -> Tensor:
    """Return the mean squared distance between the probabilities and their targets."""
    return tf.reduce_mean(tf.square(tf.nn.softmax(logits) - targets), axis=-1)


def _binary_cross_entropy(targets: Tensor, logits: Tensor) -> Tensor:
    """Return the mean over the classes of the cross-entropy of yes and no."""
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits), axis=-1)


def _binary_focal(targets: Tensor, logits: Tensor) -> Tensor:
    """Return the mean over the classes of the focal loss of yes and no."""
    likely = tf.sigmoid(logits)
    yes = targets * (1.0 - likely) ** _FOCAL_POWER * tf.math.log_sigmoid(logits)
    no = (1.0 - targets) * likely**_FOCAL_POWER * tf.math.log_sigmoid(-logits)
    return -tf.reduce_mean(yes + no, axis=-1)


def _binary_squared(targets: Tensor, logits: Tensor) -> Tensor:
    """Return the mean squared distance between each class's probability and its target."""
    return tf.reduce_mean(tf.square(tf.sigmoid(logits) - targets), axis=-1)
