"""Scans and command lines as tests run them, and what a manifest then holds."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from labelprep.cli.application import run
from labelprep.workflows.scanning import ScanOptions, ScanReport, scan_folder

if TYPE_CHECKING:
    from labelprep.manifest.store import Store

ANIMALS = ("cat/1.png", "cat/2.png", "cat/3.png", "dog/1.png", "dog/2.png", "fox/1.png")
COUNTS = ("images", "added", "changed", "moved", "missing", "unchanged")


@dataclass(frozen=True, slots=True)
class Place:
    """A working folder with images in it and their manifest."""

    root: Path
    manifest: Path


@dataclass(frozen=True, slots=True)
class Ran:
    """What one command line left: its exit code and its two outputs."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The document on stdout."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def last_line(self) -> str:
        """The last line of stdout."""
        return self.out.rstrip("\n").splitlines()[-1]


class Command:
    """Runs command lines in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Take pytest's hold on the two outputs."""
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Ran:
        """Run ``labelprep ARGUMENTS``."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            run([str(argument) for argument in arguments])
        captured = self._capsys.readouterr()
        return Ran(int(left.value.code or 0), captured.out, captured.err)


def scan(folder: Path, manifest: Path | None = None, *, labels: str = "auto") -> ScanReport:
    """Scan with one worker, which is enough for a handful of files."""
    return scan_folder(folder, manifest=manifest, options=ScanOptions(labels=labels, workers=1))


def counts(report: ScanReport) -> dict[str, int]:
    """Return the counts of a scan that are not zero."""
    found = {name: getattr(report, name) for name in COUNTS}
    return {name: number for name, number in found.items() if number}


def issues_of(report: ScanReport, code: str) -> list[tuple[str, str]]:
    """Return where and what the issues of one code are."""
    return [(issue.where, issue.problem) for issue in report.issues if issue.code == code]


def rows(source: Store | Path, query: str, *values: object) -> list[Any]:
    """Return the rows of a query; single columns without their tuple."""
    if isinstance(source, Path):
        with closing(sqlite3.connect(source)) as connection:
            found = connection.execute(query, values).fetchall()
    else:
        found = source.connection.execute(query, values).fetchall()
    return [row[0] if len(row) == 1 else row for row in found]


def labels_of(source: Store | Path) -> dict[str, str | None]:
    """Return the label of every image that is not missing, by path."""
    return dict(rows(source, "SELECT path, label FROM image WHERE status <> 'missing' ORDER BY path"))


def splits_of(source: Store | Path) -> dict[str, str | None]:
    """Return the split of every image, by path."""
    return dict(rows(source, "SELECT path, split FROM image ORDER BY path"))


def ids_of(source: Store | Path) -> dict[str, int]:
    """Return the id of every image, by path."""
    return dict(rows(source, "SELECT path, id FROM image ORDER BY path"))
