"""From a pile of images, with labels in any form, to one checked label manifest and a trained CNN.

::

    import labelprep

    manifest = labelprep.scan("./images")
    report = manifest.train()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labelprep.errors import LabelprepError
    from labelprep.library import Manifest, ScanOptions, ScanReport, evaluate, predict, scan
    from labelprep.ml.options import TrainingOptions
    from labelprep.model.issues import Issue
    from labelprep.workflows.import_report import ImportOptions, ImportReport

__all__ = [
    "ImportOptions",
    "ImportReport",
    "Issue",
    "LabelprepError",
    "Manifest",
    "ScanOptions",
    "ScanReport",
    "TrainingOptions",
    "evaluate",
    "predict",
    "scan",
]

_HOMES = {
    "ImportOptions": "labelprep.workflows.import_report",
    "ImportReport": "labelprep.workflows.import_report",
    "Issue": "labelprep.model.issues",
    "LabelprepError": "labelprep.errors",
    "TrainingOptions": "labelprep.ml.recipes",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any export
    """Import an export when it is first asked for: `import labelprep` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only when something is asked for

    value = getattr(import_module(_HOMES.get(name, "labelprep.library")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the exports too that were not asked for yet."""
    return sorted({*globals(), *__all__})
