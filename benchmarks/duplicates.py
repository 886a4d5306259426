"""How fast near pairs are found among a million fingerprints, and how many copies `duplicates` finds.

``python benchmarks/duplicates.py [--count N] [--photos FOLDER…] [--small ZIP] [--pictures N]``: generated
fingerprints of smooth pictures (neighbouring bits go together, as in photos), a tenth of them copies with up
to 13 bits turned over and a hundredth of one black picture. With photos, a folder with planted copies is
scanned, and recall is printed by what was done to them, with the pairs of distinct pictures that were found:
look at those before calling them false.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

import machine
import numpy as np
import numpy.typing as npt
from duplicate_sets import make_set

from labelprep.manifest.store import open_store
from labelprep.pixels.neighbours import near_pairs
from labelprep.workflows.nearness import known_pairs, near_groups
from labelprep.workflows.scanning import ScanOptions, scan_folder

BATCH = 50_000
FIELD = 16


def main() -> None:
    """Measure the search, then the folder if one is given."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--photos", nargs="*", type=Path, default=[])
    parser.add_argument("--small", type=Path)
    parser.add_argument("--pictures", type=int, default=20_000)
    arguments = parser.parse_args()
    print(machine.facts())
    search(arguments.count)
    if arguments.photos:
        with tempfile.TemporaryDirectory() as folder:
            recall(Path(folder), arguments.photos, arguments.small, arguments.pictures)


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


def recall(folder: Path, photos: list[Path], small: Path | None, count: int) -> None:
    """Print which planted copies lie in the group of their original."""
    make_set(folder / "set", photos, small, count=count)
    manifest = folder / "manifest.db"
    began = time.perf_counter()
    scan_folder(folder / "set", manifest=manifest, options=ScanOptions(labels="none"))
    scanned = time.perf_counter() - began
    with open_store(manifest) as store:
        began = time.perf_counter()
        groups = near_groups(store)
        searched = time.perf_counter() - began
        began = time.perf_counter()
        near_groups(store)
        again = time.perf_counter() - began
        ids = dict(store.connection.execute("SELECT path, id FROM image"))
        pairs = known_pairs(store)
    paths = {identifier: path for path, identifier in ids.items()}
    originals = {Path(path).stem: identifier for path, identifier in ids.items() if "distinct/" in path}
    total: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for path, identifier in sorted(ids.items()):
        if path.startswith("planted/"):
            change = path.split("/")[1]
            total[change] += 1
            original = originals[Path(path).stem]
            found[change] += identifier in groups and groups.get(original) == groups[identifier]
    print(f"{len(ids):,} images: scan {scanned:.1f} s, duplicates {searched:.1f} s, again {again:.2f} s")
    for change, number in total.items():
        print(f"  {change:18} {found[change]:4} of {number}")
    for pair in pairs:
        names = (paths[pair.left], paths[pair.right])
        if all(name.startswith("distinct/") for name in names):
            print(f"  look at {names[0]} {names[1]}: {pair.distance} bits, {pair.likeness:.3f}")


if __name__ == "__main__":
    main()
