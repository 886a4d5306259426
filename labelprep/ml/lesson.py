"""One training step and a few short epochs, taken by the training's own code and measured at each turn."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from labelprep.ml.backend import keras, tf
from labelprep.ml.batches import Feed, FeedOptions
from labelprep.ml.lesson_gradients import Batch, Recorder, Weight, check_gradient, steepest
from labelprep.ml.lesson_values import (
    Answer,
    EpochFigures,
    FirstWeights,
    GradientCheck,
    LayerFacts,
    LayerRange,
    Lesson,
    RateTrial,
    ShortTraining,
    TensorGradient,
    Update,
    Window,
)
from labelprep.ml.networks.building import build
from labelprep.ml.optimizers import make_optimizer
from labelprep.ml.options import LEARNING_RATES
from labelprep.ml.samples import Samples
from labelprep.ml.steps import Goal, Step, compiled, goal_of, training_step, validation_step

if TYPE_CHECKING:
    from labelprep.ml.backend import KerasModel
    from labelprep.ml.recipes import Recipe
    from labelprep.progress import Progress

ANSWERS: Final = 3
WINDOW_PX: Final = 8
MAPS: Final = 8
BINS: Final = 24
TRIAL_FACTORS: Final = (0.1, 1.0, 10.0)
TRIAL_STEPS: Final = 10
ORDERED_BATCHES: Final = 3
ORDERED_EPOCHS: Final = 2


def make_lesson(
    recipe: Recipe, classes: list[str], samples: Samples, val: Samples | None, progress: Progress
) -> Lesson:
    """Return the lesson of a recipe, whose optimizer is plain SGD, and of these pictures.

    The first weights and the order of the pictures are those of a training with the same recipe.

    Raises:
        TrainingError: the pictures are too small for the network.
        PixelsError: a picture can no longer be read.
    """
    keras.utils.set_random_seed(recipe.seed)
    network = build(recipe, len(classes)).trained
    goal = goal_of(recipe, len(classes), samples.labels)
    feed = _Ordered(samples, recipe)
    first = network.get_weights()
    step = _FirstStep(network, recipe, goal, feed.first_batch())
    chosen = _of_several_classes(step.batch.labels)
    maps, map_numbers = step.maps(chosen[0])
    gradients, check, update = step.taken()
    steps = _Steps(network, recipe, goal)
    trials = _trials(steps, step, progress)
    steps.begin(first, recipe.learning_rate)
    training = _ShortTraining(steps, feed, val).run(progress)
    network.set_weights(first)
    return Lesson(
        model=recipe.model,
        size_px=recipe.size_px,
        channels=recipe.channels,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        classes=tuple(classes),
        window=_window(step.batch, chosen[0]),
        layers=_layers(network),
        first_weights=_first_weights(network),
        batch_images=len(step.batch.labels),
        ranges=step.ranges(),
        answers=step.answers(chosen),
        gradients=gradients,
        check=check,
        update=update,
        trials=trials,
        training=training,
        pictures=step.batch.pictures[chosen],
        maps=maps,
        map_numbers=map_numbers,
    )


class _Ordered:
    """The batches of a training, whose labels are places in the samples: so the order can be seen."""

    def __init__(self, samples: Samples, recipe: Recipe) -> None:
        self.samples = samples
        places = Samples(samples.paths, np.arange(len(samples), dtype=np.int32), samples.rows, samples.source)
        options = FeedOptions(
            min(recipe.batch_size, len(samples)), shuffle=True, seed=recipe.seed, even=True, weighted=True
        )
        self.feed = Feed(places, options)

    def __len__(self) -> int:
        return len(self.feed)

    def epoch(self, number: int) -> Any:  # noqa: ANN401 - an iterator of tensors, which have no types
        """Yield (pictures, places, weights) of an epoch, which counts from 1."""
        self.feed.begin_at(number - 1)
        return iter(self.feed)

    def first_batch(self) -> Batch:
        """Return the first batch of the first epoch."""
        pictures, places, _ = next(self.epoch(1))
        positions = np.array(places)
        paths = tuple(self.samples.paths[position] for position in positions)
        return Batch(np.array(pictures), self.samples.labels[positions], paths)

    def order(self, epoch: int) -> tuple[tuple[str, ...], ...]:
        """Return the paths of the first batches of an epoch."""
        found = []
        for _, places, _ in self.epoch(epoch):
            found.append(tuple(self.samples.paths[int(place)] for place in places))
            if len(found) == ORDERED_BATCHES:
                break
        return tuple(found)


class _FirstStep:
    """The first batch and the first weights: what they give, and the step that follows."""

    def __init__(self, network: KerasModel, recipe: Recipe, goal: Goal, batch: Batch) -> None:
        self.network = network
        self.recipe = recipe
        self.goal = goal
        self.batch = batch
        self.first = network.get_weights()
        layers = network.layers[1:]
        whole = keras.Model(network.inputs, [layer.output for layer in layers])
        self.names = [layer.name for layer in layers]
        self.given = [np.array(output) for output in whole(batch.tensors[0], training=True)]
        network.set_weights(self.first)

    def ranges(self) -> tuple[LayerRange, ...]:
        """Return what each layer gives for the batch, the pictures first."""
        shown = [("pictures", self.batch.pictures), *zip(self.names, self.given, strict=True)]
        return tuple(
            LayerRange(name, values.shape, float(values.min()), float(values.mean()), float(values.max()))
            for name, values in shown
        )

    def answers(self, chosen: list[int]) -> tuple[Answer, ...]:
        """Return what the network says of these pictures of the batch."""
        found = []
        for place in chosen:
            scores = self.given[-1][place].astype(np.float64)
            powers = np.exp(scores - scores.max())
            probabilities = powers / powers.sum()
            label = int(self.batch.labels[place])
            found.append(
                Answer(
                    self.batch.paths[place],
                    label,
                    tuple(scores.tolist()),
                    tuple(probabilities.tolist()),
                    -math.log(max(probabilities[label], np.finfo(np.float64).tiny)),
                )
            )
        return tuple(found)

    def maps(self, place: int) -> tuple[np.ndarray, tuple[int, ...]]:
        """Return in which maps of the first convolution, after its ReLU, a picture differs most."""
        values = self.given[self.names.index("relu1")][place].transpose(2, 0, 1)
        liveliest = np.sort(np.argsort(-values.std(axis=(1, 2)), kind="stable")[:MAPS])
        shades = np.round(values[liveliest] * (255 / (float(values.max()) or 1.0)))
        return shades.astype(np.uint8), tuple(liveliest.tolist())

    def loss(self) -> float:
        """Return the batch's loss at the weights of now, without a step."""
        pictures, labels, _ = self.batch.tensors
        logits = tf.cast(self.network(pictures, training=True), tf.float32)
        return float(tf.reduce_mean(self.goal.loss_of(self.goal.targets(labels), logits)))

    def step_of(self, optimizer: str, rate: float) -> tuple[Step, Recorder]:
        """Return the training step with a new optimizer at the first weights, and what records it."""
        self.network.set_weights(self.first)
        recorder = Recorder(
            make_optimizer(replace(self.recipe, optimizer=optimizer, learning_rate=rate), TRIAL_STEPS)
        )
        recorder.optimizer.build(self.network.trainable_variables)
        return training_step(self.network, recorder, self.goal), recorder

    def taken(self) -> tuple[tuple[TensorGradient, ...], GradientCheck, Update]:
        """Take the step; return its gradients, the test of one of them, and what became of that weight."""
        rate = self.recipe.learning_rate
        step, recorder = self.step_of("sgd", rate)
        loss_before = float(step(*self.batch.tensors)[0])
        weight = steepest(self.network, recorder.gradients)
        new = self._value(weight)
        loss_after = self.loss()
        adam_rate = LEARNING_RATES["adam"]
        other, _ = self.step_of("adam", adam_rate)
        other(*self.batch.tensors)
        adam_new, adam_loss_after = self._value(weight), self.loss()
        self.network.set_weights(self.first)
        check = check_gradient(self.network, self.recipe, self.goal, self.batch, weight)
        old = self._value(weight)
        update = Update(
            rate=rate,
            old=old,
            gradient=weight.gradient,
            worked_out=old - rate * weight.gradient,
            new=new,
            loss_before=loss_before,
            loss_after=loss_after,
            adam_rate=adam_rate,
            adam_new=adam_new,
            adam_loss_after=adam_loss_after,
        )
        return self._gradients(recorder), check, update

    def _value(self, weight: Weight) -> float:
        """Return a weight as it is now."""
        return float(self.network.trainable_variables[weight.variable].value.numpy()[weight.index])

    def _gradients(self, recorder: Recorder) -> tuple[TensorGradient, ...]:
        """Return each tensor's gradient in figures, from input to output, beside its first weights."""
        return tuple(
            TensorGradient(
                variable.path,
                tuple(variable.shape),
                float(np.linalg.norm(variable.value.numpy())),
                float(np.linalg.norm(gradient)),
                float(np.abs(gradient).max()),
            )
            for variable, gradient in zip(self.network.trainable_variables, recorder.gradients, strict=True)
        )


class _Steps:
    """The training step of plain SGD as one graph, to begin anew from any weights with any rate."""

    def __init__(self, network: KerasModel, recipe: Recipe, goal: Goal) -> None:
        self.network = network
        self.recipe = recipe
        self.goal = goal
        self.optimizer = make_optimizer(recipe, TRIAL_STEPS)
        self.optimizer.build(network.trainable_variables)
        self.step = compiled(training_step(network, self.optimizer, goal), recipe.shape)

    def begin(self, weights: list[np.ndarray], rate: float) -> None:
        """Go back to these weights; the steps to come have this rate."""
        self.network.set_weights(weights)
        self.optimizer.learning_rate.assign(rate)


def _trials(steps: _Steps, first: _FirstStep, progress: Progress) -> tuple[RateTrial, ...]:
    """Take a few steps on the first batch alone, from the first weights, with a rate and others about it."""
    trials = []
    with progress.track("steps of other sizes", len(TRIAL_FACTORS)) as bar:
        for factor in TRIAL_FACTORS:
            rate = steps.recipe.learning_rate * factor
            steps.begin(first.first, rate)
            losses = [float(steps.step(*first.batch.tensors)[0]) for _ in range(TRIAL_STEPS)]
            trials.append(RateTrial(rate, (*losses, first.loss())))
            bar.advance()
    return tuple(trials)


class _ShortTraining:
    """A real training on the lesson's pictures, from the first weights."""

    def __init__(self, steps: _Steps, feed: _Ordered, val: Samples | None) -> None:
        self.step = steps.step
        self.recipe = steps.recipe
        self.feed = feed
        self.val_step = compiled(validation_step(steps.network, steps.goal), self.recipe.shape)
        options = FeedOptions(self.recipe.batch_size, weighted=True)
        self.val = Feed(val, options) if val is not None and len(val) else None

    def run(self, progress: Progress) -> ShortTraining:
        """Train, and return the figures."""
        orders = tuple(self.feed.order(number + 1) for number in range(ORDERED_EPOCHS))
        step_losses: list[float] = []
        epochs = []
        with progress.track("short training", self.recipe.epochs * len(self.feed)) as bar:
            for number in range(1, self.recipe.epochs + 1):
                sums = np.zeros(2)
                for pictures, places, weights in self.feed.epoch(number):
                    labels = tf.constant(self.feed.samples.labels[np.array(places)])
                    loss, right = (float(value) for value in self.step(pictures, labels, weights))
                    sums += (loss * len(labels), right)
                    if number == 1:
                        step_losses.append(loss)
                    bar.advance()
                mean_loss, accuracy = (float(value) for value in sums / len(self.feed.samples))
                epochs.append(EpochFigures(number, mean_loss, accuracy, *self._validated()))
        images = len(self.feed.samples)
        return ShortTraining(images, len(self.feed), orders, tuple(step_losses), tuple(epochs))

    def _validated(self) -> tuple[float | None, float | None]:
        """Return loss and accuracy on the validation pictures."""
        if self.val is None:
            return None, None
        sums = np.zeros(2)
        for batch in self.val:
            loss, right = (float(value) for value in self.val_step(*batch))
            sums += (loss * len(batch[1]), right)
        mean_loss, accuracy = (float(value) for value in sums / len(self.val.samples))
        return mean_loss, accuracy


def _of_several_classes(labels: np.ndarray) -> list[int]:
    """Return places of up to three pictures of a batch, of as many classes as can be."""
    _, firsts = np.unique(labels, return_index=True)
    rest = sorted(set(range(len(labels))) - set(firsts.tolist()))
    return [*sorted(firsts.tolist()), *rest][:ANSWERS]


def _window(batch: Batch, place: int) -> Window:
    """Return the part of a picture in which its first channel differs most."""
    picture = batch.pictures[place]
    side = min(WINDOW_PX, picture.shape[0])
    places = range(0, picture.shape[0] - side + 1, max(side // 2, 1))
    top, left = max(
        ((top, left) for top in places for left in places),
        key=lambda corner: float(
            picture[corner[0] : corner[0] + side, corner[1] : corner[1] + side, 0].std()
        ),
    )
    part = picture[top : top + side, left : left + side, 0]
    row, column = (int(place) for place in np.unravel_index(int(part.argmax()), part.shape))
    row, column = top + row, left + column
    return Window(
        path=batch.paths[place],
        top=top,
        left=left,
        values=tuple(map(tuple, part.tolist())),
        row=row,
        column=column,
        pixel=tuple(picture[row, column].tolist()),
    )


def _layers(network: KerasModel) -> tuple[LayerFacts, ...]:
    return tuple(
        LayerFacts(
            layer.name,
            type(layer).__name__,
            tuple(layer.output.shape[1:]),
            sum(int(np.prod(variable.shape)) for variable in layer.trainable_variables),
        )
        for layer in network.layers[1:]
    )


def _first_weights(network: KerasModel) -> FirstWeights:
    """Return what the first convolution's kernel was drawn from, and what was drawn."""
    layer = next(layer for layer in network.layers if hasattr(layer, "kernel"))
    values = layer.kernel.value.numpy()
    field = int(np.prod(values.shape[:-2]))
    fan_in, fan_out = field * values.shape[-2], field * values.shape[-1]
    name = str(keras.initializers.serialize(layer.kernel_initializer)["class_name"])
    bound, deviation = _spread(name, fan_in, fan_out)
    counts, edges = np.histogram(values, bins=BINS)
    return FirstWeights(
        tensor=layer.kernel.path,
        shape=tuple(values.shape),
        initialiser=name,
        fan_in=fan_in,
        fan_out=fan_out,
        bound=bound,
        deviation=deviation,
        low=float(values.min()),
        high=float(values.max()),
        mean=float(values.mean()),
        counts=tuple(counts.tolist()),
        edges=tuple(edges.tolist()),
    )


def _spread(name: str, fan_in: int, fan_out: int) -> tuple[float | None, float | None]:
    """Return the bound and the standard deviation of an initialiser of the lesson's networks.

    Source: Glorot and Bengio, 2010, equation 16; He et al., 2015, equation 10. Keras cuts He's normal
    distribution off at two of its deviations, which it widens for that.
    """
    if name == "GlorotUniform":
        bound = math.sqrt(6 / (fan_in + fan_out))
        return bound, bound / math.sqrt(3)
    if name == "HeNormal":
        deviation = math.sqrt(2 / fan_in)
        return 2 * deviation / _CUT_DEVIATION, deviation
    return None, None


# The standard deviation of a normal distribution of deviation 1 that is cut off at −2 and 2.
_CUT_DEVIATION: Final = 0.87962566103423978
