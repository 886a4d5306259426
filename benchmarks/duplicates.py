"""How fast near pairs are found among a million fingerprints, and how many copies `duplicates` finds.

``python benchmarks/duplicates.py [--count N] [--photos FOLDER… --small ZIP --pictures N] [--peers PYTHON]``:
generated fingerprints of smooth pictures (neighbouring bits go together, as in photos), a tenth of them
copies with up to 13 bits turned over and a hundredth of one black picture (``--count 0`` leaves that out).
With photos, a folder with planted copies is scanned, and recall and precision are printed for near
duplicates, ``--crops`` and ``--turns``; with ``--peers`` also those of ImageHash, all pairs, and cleanvision
on the same folder. A pair of other pictures counts as right where their pixels correlate: see ``alike``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import machine
import numpy as np
import numpy.typing as npt
from duplicate_sets import LEVEL_1, LEVEL_2, TURNS, make_set
from PIL import Image

from labelprep.manifest.store import open_store
from labelprep.pixels.neighbours import near_pairs
from labelprep.workflows.duplicates import find_duplicates
from labelprep.workflows.nearness import NEAR, known_pairs
from labelprep.workflows.scanning import ScanOptions, scan_folder
from labelprep.workflows.views import CROP, TURN

if TYPE_CHECKING:
    from collections.abc import Collection

BATCH = 50_000
FIELD = 16
LEAST_CORRELATION = 0.9
CORNERS = (0.0, 0.05, 0.1)
PEERS = str(Path(__file__).with_name("duplicate_peers.py"))


def main() -> None:
    """Measure the search, then the folder if one is given."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--photos", nargs="*", type=Path, default=[])
    parser.add_argument("--small", type=Path)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--peers", type=Path, help="the Python of an environment with peers.txt")
    arguments = parser.parse_args()
    print(machine.facts())
    if arguments.count:
        search(arguments.count)
    if arguments.photos:
        with tempfile.TemporaryDirectory() as folder:
            recall(Path(folder), arguments.photos, arguments.small, arguments.pictures, arguments.peers)


def search(count: int) -> None:
    """Time the search among generated fingerprints; every planted copy must be found."""
    fingerprints, copies = generated(count)
    began = time.perf_counter()
    pairs = near_pairs(fingerprints)
    seconds = time.perf_counter() - began
    found = set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
    missed = sum(pair not in found for pair in copies)
    print(f"{count:,} fingerprints: {seconds:.1f} s, peak {machine.peak_mb():,.0f} MB, {len(pairs):,} pairs")
    print(f"  {len(copies):,} planted, {missed:,} missed")


def generated(count: int) -> tuple[npt.NDArray[np.uint8], list[tuple[int, int]]]:
    """Return fingerprints (count, 24) uint8 and which (first, copy) were planted."""
    random = np.random.default_rng(0)
    frequencies = np.hypot(np.fft.fftfreq(FIELD)[:, None], np.fft.rfftfreq(FIELD)[None, :])
    strength = 1 / np.maximum(frequencies, 1 / FIELD)
    parts = []
    for at in range(0, count, BATCH):
        number = min(BATCH, count - at)
        noise = random.normal(size=(number, FIELD, FIELD)).astype(np.float32)
        field = np.fft.irfft2(np.fft.rfft2(noise) * strength, s=(FIELD, FIELD))
        wide, tall, some = field[:, :8, :9], field[:, :9, :8], field[:, 8:, 8:]
        bits = [wide[:, :, 1:] > wide[:, :, :-1], tall[:, 1:] > tall[:, :-1], some > 0]
        parts.append(np.packbits(np.concatenate([part.reshape(number, -1) for part in bits], axis=1), axis=1))
    rows = np.concatenate(parts)
    rows[: count // 100] = 0
    firsts = np.arange(count // 100, count // 100 + count // 10)
    copies = firsts + count // 2
    changed = np.unpackbits(rows[firsts], axis=1)
    for _ in range(13):
        changed[np.arange(len(firsts)), random.integers(0, 128, len(firsts))] ^= 1
    rows[copies] = np.packbits(changed, axis=1)
    return rows, list(zip(firsts.tolist(), copies.tolist(), strict=True))


def recall(folder: Path, photos: list[Path], small: Path | None, count: int, peers: Path | None) -> None:
    """Print which planted copies are found, and whether what else is found shows the same picture."""
    make_set(folder / "set", photos, small, count=count)
    manifest = folder / "manifest.db"
    began = time.perf_counter()
    scan_folder(folder / "set", manifest=manifest, options=ScanOptions(labels="none"))
    print(f"scan {time.perf_counter() - began:.1f} s")
    with open_store(manifest) as store:
        paths = dict(store.connection.execute("SELECT id, path FROM image"))
        equal = store.connection.execute(
            "SELECT min(path) OVER (PARTITION BY sha256), path FROM image WHERE sha256 IS NOT NULL"
        ).fetchall()
        copies = [(first, path) for first, path in equal if first != path]
        judge = Judge(folder / "set", list(paths.values()))
        for name, changes, level in (
            ("labelprep", LEVEL_1, NEAR),
            ("labelprep --crops", LEVEL_2, CROP),
            ("labelprep --turns", TURNS, TURN),
        ):
            seconds = []
            for _ in range(2):
                began = time.perf_counter()
                find_duplicates(store, views=() if level == NEAR else (level,))
                seconds.append(time.perf_counter() - began)
            pairs = [(paths[pair.left], paths[pair.right]) for pair in known_pairs(store, level)]
            judge.tell(f"{name}: {seconds[0]:.1f} s, again {seconds[1]:.1f} s", [*copies, *pairs], changes)
    if peers is None:
        return
    for tool, radius in (("phash", 8), ("dhash", 8), ("dhash", 3), ("cleanvision", 0)):
        command = [str(peers), PEERS, str(folder / "set"), tool, "--radius", str(radius)]
        done = subprocess.run(command, check=True, capture_output=True)
        found = json.loads(done.stdout)
        title = tool if tool == "cleanvision" else f"imagehash {tool}, all pairs, radius {radius}"
        print(f"{title}: {found['seconds']:.1f} s with its own reading, {found['peak_mb']:,.0f} MB")
        for name, changes in (("level 1", LEVEL_1), ("crops", LEVEL_2), ("turns", TURNS)):
            judge.tell(f"  {name}", [tuple(pair) for pair in found["pairs"]], changes)


class Judge:
    """Knows which copy is of which picture, and looks at pairs that are not."""

    def __init__(self, folder: Path, paths: list[str]) -> None:
        """Take the folder and the paths below it."""
        self._folder = folder
        self._copies = [path for path in paths if path.startswith("planted/")]
        self._originals = {Path(path).stem: path for path in paths if path.startswith("distinct/")}
        self._same: dict[tuple[str, str], bool] = {}

    def tell(self, title: str, pairs: list[tuple[str, str]], changes: Collection[str]) -> None:
        """Print recall by change, and the precision, among distinct pictures and copies of these kinds.

        A copy is found where it is in one group with its original.
        """
        kept = [pair for pair in pairs if all(_change(path) in {*changes, ""} for path in pair)]
        group = _groups(kept)
        total = Counter(_change(path) for path in self._copies if _change(path) in changes)
        found = Counter(
            _change(path)
            for path in self._copies
            if path in group and group[path] == group.get(self._originals[Path(path).stem])
        )
        good = sum(self._is_same(one, other) for one, other in kept)
        share = sum(found[change] for change in changes) / max(sum(total.values()), 1)
        precise = good / max(len(kept), 1)
        print(f"{title}: recall {share:.3f}, precision {precise:.4f} of {len(kept):,} pairs")
        print("    " + ", ".join(f"{change} {found[change]}/{total[change]}" for change in sorted(total)))

    def _is_same(self, left: str, right: str) -> bool:
        """Tell whether two files show one picture: by their names, else by holding their pixels together."""
        if Path(left).stem == Path(right).stem:
            return True
        first, second = sorted((Path(left).stem, Path(right).stem))
        stems = first, second
        if stems not in self._same:
            one, other = (self._folder / self._originals[stem] for stem in stems)
            self._same[stems] = alike(one, other)
        return self._same[stems]


def _groups(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return the smallest path that each path of a pair is joined to."""
    head: dict[str, str] = {}

    def top(path: str) -> str:
        while head.setdefault(path, path) != path:
            path = head[path]
        return path

    for one, other in pairs:
        first, second = sorted((top(one), top(other)))
        head[second] = first
    return {path: top(path) for path in list(head)}


def _change(path: str) -> str:
    """Return what was done to a copy, nothing for a picture as it was."""
    return path.split("/")[1] if path.startswith("planted/") else ""


def alike(one: Path, other: Path) -> bool:
    """Tell whether two pictures show the same, however turned and whichever tenth is cut off.

    Pearson's correlation of 32 by 32 grey pixels is at least 0.9 for one of the eight ways to turn one of
    them and one of the windows of 90 % of either.
    """
    first, second = _windows(one), _windows(other)
    whole = _normal(first[:1]), _normal(second[:1])
    best = 0.0
    for views, against in ((second, whole[0]), (first, whole[1])):
        for turns in range(4):
            for flipped in (views, views[:, :, ::-1]):
                turned = _normal(np.rot90(flipped, turns, axes=(1, 2)))
                best = max(best, float((turned @ against.T).max()))
    return best >= LEAST_CORRELATION


def _windows(path: Path) -> npt.NDArray[np.float32]:
    """Return ``(10, 32, 32)``: the whole picture, and nine windows of 90 % of its sides."""
    with Image.open(path) as opened:
        picture = opened.convert("L")
    width, height = picture.size
    corners = [(across * width, down * height) for across in CORNERS for down in CORNERS]
    boxes = [
        (0.0, 0.0, float(width), float(height)),
        *((left, top, left + 0.9 * width, top + 0.9 * height) for left, top in corners),
    ]
    return np.stack(
        [np.asarray(picture.resize((32, 32), Image.Resampling.BOX, box), np.float32) for box in boxes]
    )


def _normal(views: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return views as rows of mean 0 and length 1."""
    rows = views.reshape(len(views), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    normal: npt.NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return normal


if __name__ == "__main__":
    main()
