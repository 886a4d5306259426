"""Networks that Keras has in its applications, under their names there: what they take.

Imports no TensorFlow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# What became of a picture in 0–255 when the weights were learned: ``inside`` has its own first layers for
# that, ``unit`` goes from -1 to 1, ``spread`` has mean 0 and spread 1, ``centred`` has mean 0, blue first.
Scale = Literal["inside", "unit", "spread", "centred"]


@dataclass(frozen=True)
class Published:
    """One network: its name in ``keras.applications``, the side its weights were learned at, its scale."""

    keras_name: str
    side_px: int = 224
    scale: Scale = "inside"
    least_px: int = 32


_SIDES_PX = {"B0": 224, "B1": 240, "B2": 260, "B3": 300, "B4": 380, "B5": 456, "B6": 528, "B7": 600}
_ALL = (
    *(Published(f"ConvNeXt{size}") for size in ("Tiny", "Small", "Base", "Large", "XLarge")),
    *(Published(f"DenseNet{depth}", scale="spread") for depth in (121, 169, 201)),
    *(Published(f"EfficientNet{size}", side_px) for size, side_px in _SIDES_PX.items()),
    *(Published(f"EfficientNetV2{size}", _SIDES_PX[size]) for size in ("B0", "B1", "B2", "B3")),
    Published("EfficientNetV2S", 384),
    Published("EfficientNetV2M", 480),
    Published("EfficientNetV2L", 480),
    Published("InceptionResNetV2", 299, "unit", 75),
    Published("InceptionV3", 299, "unit", 75),
    Published("MobileNet", scale="unit"),
    Published("MobileNetV2", scale="unit"),
    Published("MobileNetV3Large"),
    Published("MobileNetV3Small"),
    Published("NASNetLarge", 331, "unit"),
    Published("NASNetMobile", 224, "unit"),
    *(Published(f"ResNet{depth}", scale="centred") for depth in (50, 101, 152)),
    *(Published(f"ResNet{depth}V2", scale="unit") for depth in (50, 101, 152)),
    Published("VGG16", scale="centred"),
    Published("VGG19", scale="centred"),
    Published("Xception", 299, "unit", 71),
)
PUBLISHED = {network.keras_name.lower(): network for network in _ALL}
