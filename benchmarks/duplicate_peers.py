"""What other tools call near duplicates in a folder; run in an environment of theirs (``peers.txt``).

``PEERS/bin/python benchmarks/duplicate_peers.py FOLDER TOOL`` prints one JSON document: seconds, the greatest
memory, and pairs of paths below the folder. ``phash`` and ``dhash`` are ImageHash's 64 bits of each picture,
every one held against every other at the radius given; ``cleanvision`` is its near duplicates as it finds
them by default.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import sys
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 512


def main() -> None:
    """Run one tool and print what it found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("tool", choices=("phash", "dhash", "cleanvision"))
    parser.add_argument("--radius", type=int, default=8)
    arguments = parser.parse_args()
    began = time.perf_counter()
    if arguments.tool == "cleanvision":
        pairs = cleanvision(arguments.folder)
    else:
        pairs = hashed(arguments.folder, arguments.tool, arguments.radius)
    found = {
        "seconds": time.perf_counter() - began,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "pairs": pairs,
    }
    json.dump(found, sys.stdout)


def hashed(folder: Path, name: str, radius: int) -> list[tuple[str, str]]:
    """Return the pairs whose hashes differ by at most so many bits."""
    import imagehash  # noqa: PLC0415 - only in the peers' environment
    from PIL import Image  # noqa: PLC0415 - the same

    make = getattr(imagehash, name)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    bits = []
    for path in paths:
        with Image.open(path) as picture:
            bits.append(make(picture).hash.ravel())
    codes = np.packbits(np.array(bits), axis=1).view(np.uint64).ravel()
    names = [path.relative_to(folder).as_posix() for path in paths]
    pairs = []
    for at in range(0, len(codes), ROWS):
        apart = np.bitwise_count(codes[at : at + ROWS, None] ^ codes[None, at:])
        for row, column in zip(*np.nonzero(apart <= radius), strict=True):
            if column > row:
                pairs.append((names[at + row], names[at + column]))
    return pairs


def cleanvision(folder: Path) -> list[tuple[str, str]]:
    """Return the pairs of all sets of near and exact duplicates."""
    with contextlib.redirect_stdout(sys.stderr):
        from cleanvision import Imagelab  # noqa: PLC0415 - the same

        lab: Any = Imagelab(data_path=str(folder))
        lab.find_issues({"near_duplicates": {}, "exact_duplicates": {}}, n_jobs=2, verbose=False)
        sets = [one for kind in ("near_duplicates", "exact_duplicates") for one in lab.info[kind]["sets"]]
    return [
        (Path(a).relative_to(folder).as_posix(), Path(b).relative_to(folder).as_posix())
        for one in sets
        for a, b in combinations(sorted(one), 2)
    ]


if __name__ == "__main__":
    main()
