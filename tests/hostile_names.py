"""Trees of file names that break programs, to be scanned, written out, shown and read back."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from pictures import draw, png

SHARED = Path(__file__).parents[1].parent / "shared"
CRAFT = SHARED / "torture" / "craft_names.py"
NEEDS_SHARED = pytest.mark.skipif(not CRAFT.is_file(), reason="needs the shared data, which is not here")
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="other systems hold fewer of these names")

HOSTILE = [
    b"plain/cat.png",
    b"new\nline/a\nb.png",
    b"tab\t/x\ty.png",
    b"cr\r/a\r.png",
    b"esc/\x1b[31mred\x1b[0m.png",
    b"bell/\x07.png",
    b'quote/it\'s "quoted", comma; pipe|.png',
    b"formula/=1+1.png",
    b"space/ lead.png",
    b"space/trail .png",
    b"class./x.png",
    b"cat /x.png",
    b"cat/x.png",
    b"Cat/x.png",
    b"dash/--help.png",
    b"glob/[a]*?.png",
    b"back\\slash/c:\\x.png",
    b"latin1/caf\xe9.png",
    b"latin1/caf\xe8.png",
    b"bad\xff\xfe/dir.png",
    b"case/IMG.png",
    b"case/img.png",
    "猫/一.png".encode(),
    "caf\u00e9/\u00e9.png".encode(),
    "cafe\u0301/e\u0301.png".encode(),
    "rtl/photo_\u202egnp.exe.png".encode(),
    "zw/ca\u200bt.png".encode(),
    "emoji/🐱👩\u200d👧.png".encode(),
    b"percent/a%20b%2F.png",
    b"long/" + b"a" * 251 + b".png",
]


def made(root: Path, names: list[bytes]) -> list[bytes]:
    """Write a picture under each name that this system can hold apart from the others; return those names."""
    held = []
    for number, name in enumerate(names):
        path = os.path.join(os.fsencode(root), name)  # noqa: PTH118 - bytes
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - bytes
            with open(path, "xb") as file:  # noqa: PTH123 - bytes
                file.write(png(number))
        except OSError:
            continue
        held.append(name)
    return held


def craft(root: Path, *, hazards: bool = False) -> dict[bytes, str]:
    """Build the shared tree of crafted names; return each name with what should become of it.

    ``hazards``: with a FIFO, a link to a device and a sparse file of 5 GiB.
    """
    picture = draw(root.parent / "good.jpg", 5)
    program = [sys.executable, str(CRAFT), str(root), str(picture), *(["--hazards"] if hazards else [])]
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL)
    with (root.parent / "names.csv").open(encoding="utf-8", newline="") as file:
        return {unquote_to_bytes(row["file_uri_bytes"]): row["expected"] for row in csv.DictReader(file)}
