"""What the doctor says of a machine and of a manifest."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labelprep.workflows import examining
from labelprep.workflows.examining import Finding, synced_by

if TYPE_CHECKING:
    from running import Command, Place


def by_topic(findings: list[Finding]) -> dict[str, Finding]:
    """Return findings by their topic."""
    return {finding.topic: finding for finding in findings}


def test_the_doctor_looks_at_the_machine_and_at_the_manifest(animals: Place, command: Command) -> None:
    ran = command("doctor", "--json")

    findings = {finding["topic"]: finding for finding in ran.json["findings"]}
    assert ran.code == 0
    assert findings.keys() >= {
        "Python", "labelprep", "numpy", "pillow", "keras", "training", "GPU", "machine", "code page", "disk",
        "write access", "manifest", "caches",
    }  # fmt: skip
    assert all(finding.keys() == {"topic", "state", "seen", "advice"} for finding in findings.values())
    assert ran.json["problems"] == sum(finding["state"] == "problem" for finding in findings.values())
    assert findings["manifest"]["seen"] == f"{animals.manifest}, 6 images of {animals.root}"
    assert findings["caches"]["seen"] == "0 files, 0 B"


def test_images_that_are_not_where_they_were_are_a_problem_with_its_cure(animals: Place) -> None:
    shutil.rmtree(animals.root)

    findings = by_topic(list(examining._manifest(animals.manifest)))

    assert findings["images"] == Finding(
        "images", "problem", f"{animals.root} is not there", "labelprep relocate DIR"
    )


def test_a_manifest_that_cannot_be_opened_is_a_problem_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "manifest.db").write_bytes(b"file,label\n")

    findings = list(examining._manifest(tmp_path / "manifest.db"))

    assert [(finding.topic, finding.state) for finding in findings] == [
        ("manifest", "problem"),
        ("caches", "ok"),
    ]
    assert findings[0].seen.endswith("this file is not a manifest")


def test_a_damaged_manifest_is_a_problem_and_no_error(animals: Place) -> None:
    with animals.manifest.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xa5" * 4096 * 4)

    findings = list(examining._manifest(animals.manifest))

    damaged = [finding for finding in findings if finding.state == "problem"]
    assert [finding.topic for finding in damaged] == ["manifest"]
    assert "damaged" in damaged[0].seen


@pytest.mark.parametrize(
    ("folder", "part"),
    [
        ("/home/lin/OneDrive/imgs", "OneDrive"),
        ("/home/lin/OneDrive - Uni/imgs", "OneDrive - Uni"),
        ("/Users/lin/Library/Mobile Documents/com~apple~CloudDocs/imgs", "Mobile Documents"),
        ("/Users/lin/Google Drive/imgs", "Google Drive"),
        ("/home/lin/坚果云/imgs", "坚果云"),
        ("/home/lin/Dropbox", "Dropbox"),
        ("/home/lin/imgs", ""),
        ("/home/lin/my onedrive", ""),
    ],
)
def test_folders_of_synchronising_services_are_known(folder: str, part: str) -> None:
    assert synced_by(Path(folder)) == part


def test_a_synchronised_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "OneDrive").mkdir()

    findings = by_topic(list(examining._place(tmp_path / "OneDrive")))

    assert findings["synchronised folder"].state == "note"
    assert findings["write access"] == Finding("write access", "ok", str(tmp_path / "OneDrive"))


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KB"), (5 << 30, "5.0 GB"), (3 << 40, "3.0 TB")],
)
def test_sizes_read_well(number: int, text: str) -> None:
    assert examining._size(number) == text
