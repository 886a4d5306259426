"""The public façade: what ``labelprep`` exports, and what the command line is the vocabulary of."""

from __future__ import annotations

from labelprep.workflows.scanning import ScanOptions, ScanReport, scan_folder

__all__ = ["ScanOptions", "ScanReport", "scan_folder"]
