"""How long the report of a large manifest takes, and how large the page is.

``python benchmarks/report.py [--images 100000] [--case usual …]``: the manifests of ``checks.py``, whose
images were never files, so that the page shows none; ``all`` has a finding an image. Told are seconds with
the check that a report makes first, the check alone, the greatest memory, the size of the page, and how many
pictures it would show: each takes about 4 KB more.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from checks import CASES, prepare
from machine import facts, peak_mb

from labelprep.manifest.store import open_store
from labelprep.progress import Silent
from labelprep.workflows import report_facts
from labelprep.workflows.checking import CheckOptions, check_manifest
from labelprep.workflows.reporting import write_report


def main() -> None:
    """Make manifests, and a report of each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--case", action="append", choices=CASES)
    arguments = parser.parse_args()
    print(facts())
    for case in arguments.case or CASES:
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as elsewhere:
            manifest = Path(folder) / "manifest.db"
            prepare(manifest, arguments.images, case)
            with open_store(manifest) as store:
                began = time.perf_counter()
                report = check_manifest(store, CheckOptions(), Silent())
                checked = time.perf_counter() - began
                shown = len(report_facts.gathered(store, report).shown_images())
                began = time.perf_counter()
                written = write_report(store, Path(elsewhere) / "report.html", Silent())
                seconds = time.perf_counter() - began
            print(
                f"{arguments.images:,} images, {case}: report {seconds:.1f} s (a check before it "
                f"{checked:.1f} s), {peak_mb():.0f} MB, page {written.bytes / 1e6:.2f} MB, "
                f"{written.issues:,} findings, {shown} pictures"
            )


if __name__ == "__main__":
    main()
