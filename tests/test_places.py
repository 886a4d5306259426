"""Where a manifest lies, how it is found again, and which file systems hold it how."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from labelprep.errors import ManifestError
from labelprep.manifest import places
from labelprep.manifest.paths import escaped, on_disk, stored

POSIX_NAMES = pytest.mark.skipif(sys.platform == "win32", reason="on Windows every name is UTF-16")
MOUNTS = """\
sysfs /sys sysfs rw 0 0
/dev/vda / ext4 rw,relatime 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
//nas/my\\040photos /mnt/my\\040photos cifs rw 0 0
tmpfs /home/lin/local tmpfs rw 0 0
broken line
"""


def test_a_new_manifest_lies_in_the_working_folder() -> None:
    assert places.place_for_new(Path("/data/imgs"), Path("/data")) == Path("/data/manifest.db")


@pytest.mark.parametrize("working", ["/data/imgs", "/data/imgs/cat", "/data/imgs/cat/old"])
def test_a_manifest_never_lies_inside_the_images_but_beside_them(working: str) -> None:
    place = places.place_for_new(Path("/data/imgs"), Path(working))

    assert place == Path("/data/imgs.labelprep/manifest.db")


def test_a_folder_whose_name_only_begins_alike_is_not_inside() -> None:
    assert not places.is_inside(Path("/data/imgs2"), Path("/data/imgs"))
    assert places.is_inside(Path("/data/imgs"), Path("/data/imgs"))


def test_the_manifest_of_the_working_folder_comes_first(tmp_path: Path) -> None:
    (tmp_path / "imgs.labelprep").mkdir()
    (tmp_path / "imgs.labelprep" / "manifest.db").touch()
    (tmp_path / "imgs").mkdir()
    (tmp_path / "imgs" / "manifest.db").touch()

    assert places.find(tmp_path / "imgs") == tmp_path / "imgs" / "manifest.db"


@pytest.mark.parametrize("inside", ["imgs", "imgs/cat", "imgs/cat/old"])
def test_a_manifest_beside_the_images_is_found_from_inside_them(tmp_path: Path, inside: str) -> None:
    (tmp_path / "imgs.labelprep").mkdir()
    (tmp_path / "imgs.labelprep" / "manifest.db").touch()

    assert places.find(tmp_path / inside) == tmp_path / "imgs.labelprep" / "manifest.db"


def test_no_manifest_is_an_error_that_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        places.find(tmp_path)

    assert caught.value.where == str(tmp_path / "manifest.db")
    assert caught.value.fix == "make one with `labelprep scan DIR`, or name one with -m FILE"


def test_caches_and_runs_lie_beside_the_manifest() -> None:
    assert places.cache_of(Path("/data/other.db")) == Path("/data/other.db.cache")
    assert places.runs_of(Path("/data/other.db")) == Path("/data/runs")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data/manifest.db", "ext4"),
        ("/home/lin/manifest.db", "nfs4"),
        ("/home/lin/local/manifest.db", "tmpfs"),
        ("/home/linda/manifest.db", "nfs4"),
        ("/mnt/my photos/manifest.db", "cifs"),
    ],
)
def test_the_longest_mount_point_above_a_path_counts(path: str, kind: str) -> None:
    assert places.file_system_of(Path(path), MOUNTS) == kind


@pytest.mark.parametrize(("kind", "is_share"), [("nfs4", True), ("cifs", True), ("ext4", False)])
def test_network_file_systems_are_known(kind: str, is_share: bool) -> None:
    assert (kind in places.NETWORK_TYPES) is is_share


def test_a_name_of_utf8_is_stored_as_it_is() -> None:
    assert stored("数据集/猫 1.png") == ("数据集/猫 1.png", None)


@POSIX_NAMES
def test_a_name_that_is_no_utf8_is_shown_escaped_and_kept_as_bytes() -> None:
    name = b"bad\xff\xfe/caf\xe9.jpg".decode("utf-8", "surrogateescape")

    path, path_bytes = stored(name)

    assert (path, path_bytes) == ("bad\\xff\\xfe/caf\\xe9.jpg", b"bad\xff\xfe/caf\xe9.jpg")
    assert escaped(name) == path
    assert on_disk(path, path_bytes) == name


@POSIX_NAMES
def test_names_that_look_the_same_but_are_not_stay_apart() -> None:
    real = "a\\xff.jpg"
    bad = b"a\xff.jpg".decode("utf-8", "surrogateescape")

    assert stored(real) == (real, None)
    assert stored(bad) == (real, b"a\xff.jpg")
