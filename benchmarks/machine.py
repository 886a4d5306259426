"""What the benchmarks tell of the machine and of their own memory."""

from __future__ import annotations

import platform
import sys

import psutil

from labelprep.pixels.cores import usable_cores


def facts() -> str:
    """Return the system, Python, the cores and the load, on one line."""
    return f"{platform.platform()}, Python {platform.python_version()}, {usable_cores()} cores, load {load()}"


def load() -> str:
    """Return the load average of the last 1, 5 and 15 minutes."""
    return ", ".join(f"{value:.1f}" for value in psutil.getloadavg())


def peak_mb() -> float:
    """Return the greatest memory of this process so far; where that is not told, its memory now."""
    memory = psutil.Process().memory_info()
    if sys.platform == "win32":
        return float(memory.peak_wset / 1e6)
    import resource  # noqa: PLC0415 - Windows has none

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
