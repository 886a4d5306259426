"""Mixup and cutmix: each picture of a batch blended with another one, and its target with it.

Everything is drawn from (seed, step), so that a training that was interrupted goes on as it would have.

Source: Zhang et al., mixup: beyond empirical risk minimization, 2018; Yun et al., CutMix, 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelprep.ml.backend import tf

if TYPE_CHECKING:
    from labelprep.ml.backend import Tensor

_SALTS = {"order": 1, "first": 2, "second": 3, "place": 4, "which": 5}


@dataclass(frozen=True)
class Mixing:
    """How batches are mixed: alpha of each way's Beta distribution, 0 for not at all; both: one in two."""

    mixup: float
    cutmix: float
    seed: int

    def __bool__(self) -> bool:
        """Return whether anything is mixed."""
        return self.mixup > 0 or self.cutmix > 0


def mixed(pictures: Tensor, targets: Tensor, step: Tensor, mixing: Mixing) -> tuple[Tensor, Tensor]:
    """Return a batch blended with itself in another order.

    ``pictures`` ``(b, height, width, channels)`` come back as float32, ``targets`` ``(b, classes) float32``.
    """
    pictures = tf.cast(pictures, tf.float32)
    order = tf.argsort(tf.random.stateless_uniform((tf.shape(pictures)[0],), _seed(mixing, step, "order")))
    others, other_targets = tf.gather(pictures, order), tf.gather(targets, order)
    blended = _blended(pictures, others, _share(mixing.mixup or 1.0, mixing, step))
    pasted = _pasted(pictures, others, _share(mixing.cutmix or 1.0, mixing, step), mixing, step)
    if mixing.mixup and mixing.cutmix:
        coin = tf.random.stateless_uniform((), _seed(mixing, step, "which")) < 0.5  # noqa: PLR2004 - one in two
        result, share = tf.cond(coin, lambda: blended, lambda: pasted)
    else:
        result, share = blended if mixing.mixup else pasted
    return result, share * targets + (1.0 - share) * other_targets


def _seed(mixing: Mixing, step: Tensor, what: str) -> Tensor:
    """Return the seed of one draw of one step."""
    # 8 bits hold what is drawn, the rest the step: no two draws share a seed.
    return tf.stack([tf.constant(mixing.seed, tf.int64), tf.cast(step, tf.int64) * 256 + _SALTS[what]])


def _share(alpha: float, mixing: Mixing, step: Tensor) -> Tensor:
    """Return how much of the picture itself is kept: from Beta(alpha, alpha), the quotient of two gammas."""
    first, second = (
        tf.random.stateless_gamma((), _seed(mixing, step, what), alpha=alpha) for what in ("first", "second")
    )
    # Both round to 0 for a very small alpha.
    return tf.math.divide_no_nan(first, first + second)


def _blended(pictures: Tensor, others: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Return the weighted mean of two batches, and the first one's weight."""
    return share * pictures + (1.0 - share) * others, share


def _pasted(
    pictures: Tensor, others: Tensor, share: Tensor, mixing: Mixing, step: Tensor
) -> tuple[Tensor, Tensor]:
    """Return pictures with a rectangle of the others pasted in, and the share of the area that was kept."""
    shape = tf.shape(pictures)
    sides = tf.cast(shape[1:3], tf.float32)
    half = tf.sqrt(1.0 - share) * sides / 2
    centre = tf.random.stateless_uniform((2,), _seed(mixing, step, "place")) * sides
    low = tf.cast(tf.round(tf.maximum(centre - half, 0.0)), tf.int32)
    high = tf.cast(tf.round(tf.minimum(centre + half, sides)), tf.int32)
    rows, columns = tf.range(shape[1]), tf.range(shape[2])
    inside = ((rows >= low[0]) & (rows < high[0]))[:, None] & ((columns >= low[1]) & (columns < high[1]))
    kept = 1.0 - tf.reduce_mean(tf.cast(inside, tf.float32))
    return tf.where(inside[None, :, :, None], others, pictures), kept
