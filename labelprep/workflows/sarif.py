"""Findings as SARIF, the form in which code hosts and editors take them.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) 2.1.0.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from labelprep.model.issues import Severity
from labelprep.workflows.checking import found_places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.checks.base import Check
    from labelprep.manifest.store import Store
    from labelprep.workflows.checking import CheckReport, Placed

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
IMAGES: Final = "IMAGES"
MANIFEST: Final = "MANIFEST"
LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
FOLDERS: Final = {
    IMAGES: {"description": {"text": "The folder of the images."}},
    MANIFEST: {"description": {"text": "The folder of the manifest."}},
}


def sarif(store: Store, report: CheckReport, *, version: str) -> Iterator[str]:
    """Yield the text of a log of one run, piece by piece, so that a million results need no memory.

    An image is named by its path below the folder of the images, percent-encoded; what is wrong with the
    set as a whole is placed in the manifest.
    """
    checks = report.checks()
    driver = {"name": "labelprep", "semanticVersion": version, "rules": [_rule(check) for check in checks]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": FOLDERS,
        "results": [],
    }
    log = json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)
    head, _, tail = log.rpartition("[]")
    yield f"{head}["
    index = {check.code: number for number, check in enumerate(checks)}
    for number, placed in enumerate(found_places(store, report)):
        yield f"{',' if number else ''}\n{json.dumps(_result(placed, index, store.path.name))}"
    yield f"\n]{tail}"


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": check.code,
        "name": "".join(part.capitalize() for part in check.name.split("-")),
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.why},
        "help": {"text": check.fix},
        "defaultConfiguration": {"level": LEVELS[check.severity]},
    }


def _result(placed: Placed, index: dict[str, int], manifest: str) -> dict[str, Any]:
    issue = placed.issue
    if placed.path is None:
        place: dict[str, Any] = {
            "physicalLocation": {"artifactLocation": {"uri": quote(manifest), "uriBaseId": MANIFEST}},
            "logicalLocations": [{"name": issue.where}],
        }
    else:
        uri = quote(placed.path if placed.path_bytes is None else placed.path_bytes, safe="/")
        place = {"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": IMAGES}}}
    known_by = f"{issue.code}\x00{issue.where}\x00{placed.key}"
    return {
        "ruleId": issue.code,
        "ruleIndex": index[issue.code],
        "level": LEVELS[issue.severity],
        "message": {"text": f"{issue.where}: {issue.problem}. What to do: {issue.fix}"},
        "locations": [place],
        "partialFingerprints": {"place/v1": sha256(known_by.encode("utf-8", "surrogatepass")).hexdigest()},
    }
