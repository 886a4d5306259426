"""The type of number a network computes with: float32, or a mixture that graphics processors are fast at."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from labelprep.ml.backend import keras, tf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.ml.backend import KerasOptimizer

FLOAT32 = "float32"
# From here on (Volta) a graphics processor multiplies half-precision matrices several times as fast.
_CAPABILITY = (7, 0)


def policy_of(precision: str) -> str:
    """Return Keras's name for ``auto``, ``float32`` or ``mixed`` on this machine.

    A mixture is float16 on a graphics processor and bfloat16 elsewhere; ``auto`` mixes on a graphics
    processor that gains by it and nowhere else: processors compute slower in half precision.
    """
    devices = tf.config.list_physical_devices("GPU")
    if precision == "auto":
        details = [tf.config.experimental.get_device_details(device) for device in devices]
        gains = bool(details) and all(
            (found.get("compute_capability") or (0, 0)) >= _CAPABILITY for found in details
        )
        precision = "mixed" if gains else FLOAT32
    if precision == FLOAT32:
        return FLOAT32
    return "mixed_float16" if devices else "mixed_bfloat16"


@contextmanager
def computing_with(policy: str) -> Iterator[None]:
    """Make the layers that are built meanwhile compute with this policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def guarded(optimizer: KerasOptimizer, policy: str) -> KerasOptimizer:
    """Return an optimizer that scales the loss where small gradients would vanish in float16."""
    return keras.optimizers.LossScaleOptimizer(optimizer) if policy == "mixed_float16" else optimizer
