"""How fast names find their images, and in how much memory.

``python benchmarks/matching.py [--images 1000000]``: as many names as images, in a shuffled order;
each set in a process of its own, so that its memory is its own. Given are seconds for the whole set with its
indexes, the process's greatest memory with what the paths alone take, and the rows by rule. The first line is
a bare dictionary of the same paths, asked for the same names.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from machine import facts, peak_mb

from labelprep.matching import Match, Matcher

if TYPE_CHECKING:
    from collections.abc import Callable

MISSES = 300


def main() -> None:
    """Measure one set, or start a process for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--set", choices=[*SETS, "dictionary", "nearest"])
    arguments = parser.parse_args()
    if arguments.set:
        print(json.dumps(measured(arguments.set, arguments.images)))
        return
    print(f"{facts()}, {arguments.images:,} images")
    for name in ("dictionary", *SETS, "nearest"):
        command = [sys.executable, __file__, "--set", name, "--images", str(arguments.images)]
        result = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        print(
            f"{name:11} {result['seconds']:6.1f} s  {result['peak_mb']:6.0f} MB "
            f"(paths {result['paths_mb']:.0f} MB)  {result['rows']}"
        )


def path_of(number: int) -> str:
    """Return the path of one image among many: 1,000 folders, numbered names."""
    return f"class_{number % 7}/batch_{number % 1000:03}/IMG_{number:07}.jpg"


def base(path: str) -> str:
    """Return the base name."""
    return path[path.rfind("/") + 1 :]


def stem(path: str) -> str:
    """Return the base name without its extension."""
    return base(path)[:-4]


def mixed(path: str) -> str:
    """Return a base name, a stem or another case, by turns."""
    return (base, stem, str.upper)[int(stem(path)[4:]) % 3](path)


SETS: dict[str, Callable[[str], str]] = {
    "exact": str,
    "mix": mixed,
    "case": str.upper,
    "windows": lambda path: "D:\\old\\" + path.replace("/", "\\"),
    "base": base,
    "stem": stem,
    "upload": lambda path: f"1a2b3c4d-{base(path)}",
    "number": lambda path: f"IMG_{int(stem(path)[4:])}",
    "spelling": lambda path: f"IMG ({stem(path)[4:]})",
    "missing": lambda path: f"DSC_{stem(path)[4:]}.jpg",
}


def measured(name: str, count: int) -> dict[str, object]:
    """Return what one set takes; names are made one at a time, as a sheet is read."""
    paths = [path_of(number) for number in range(count)]
    order = random.Random(0).sample(range(count), count)  # noqa: S311 - no secret
    paths_mb = peak_mb()
    began = time.perf_counter()
    if name == "dictionary":
        known = {path: number for number, path in enumerate(paths)}
        rows = Counter(path_of(number) in known for number in order)
        found = {str(key): value for key, value in rows.items()}
    elif name == "nearest":
        matcher = Matcher(enumerate(paths))
        near = Counter(len(matcher.nearest(f"IMH_{number:07}")) for number in order[:MISSES])
        found = {f"{key} nearest": value for key, value in near.items()}
    else:
        matcher = Matcher(enumerate(paths))
        found = dict(Counter(answer(matcher, SETS[name](path_of(number))) for number in order))
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "peak_mb": peak_mb(), "paths_mb": paths_mb, "rows": found}


def answer(matcher: Matcher, name: str) -> str:
    """Return the rule by which a name finds an image, or why it finds none."""
    found = matcher.find(name)
    return found.rule.name if isinstance(found, Match) else found.why.name


if __name__ == "__main__":
    main()
