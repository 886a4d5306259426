"""What all tests share: quiet surroundings, a working folder, a command line, one scan to start from."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import hypothesis
import pytest

from labelprep.manifest.store import open_store
from pictures import tree
from running import ANIMALS, Command, Place, scan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labelprep.manifest.store import Store

# A shared machine is slow at times: that is no failure.
hypothesis.settings.register_profile(
    "labelprep", deadline=None, max_examples=60, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("labelprep")


@pytest.fixture(autouse=True)
def _no_manifest_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a manifest that the person running the tests has named out of them."""
    monkeypatch.delenv("LABELPREP_MANIFEST", raising=False)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, which is the working folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Return what runs a command line in this process."""
    return Command(capsys)


@pytest.fixture(scope="session")
def animals_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scan the tree of animals once; nobody writes here."""
    folder = tmp_path_factory.mktemp("animals")
    tree(folder / "animals", ANIMALS)
    scan(folder / "animals", folder / "manifest.db")
    return folder


@pytest.fixture
def animals(animals_once: Path, work: Path) -> Place:
    """Return a copy of the scanned animals in the working folder: 3 cats, 2 dogs, 1 fox."""
    shutil.copytree(animals_once, work, dirs_exist_ok=True)
    return Place(work / "animals", work / "manifest.db")


@pytest.fixture
def store(animals: Place) -> Iterator[Store]:
    """Return the manifest of the animals, open."""
    with open_store(animals.manifest) as opened:
        yield opened
