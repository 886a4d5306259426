"""How fast VOC files are read and imported, against a bare loop of expat over the same files.

``python benchmarks/voc.py [FOLDER…] [--files 100000]``: small generated files as LabelImg writes them, three
objects each, beside their pictures, then each folder's; see `label_files`. The bare loop parses with a
handler that counts elements.
"""

from __future__ import annotations

import random
from pathlib import Path
from xml.parsers import expat

from label_files import Subject, measure, picture

FILE = """<annotation>
\t<folder>JPEGImages</folder>
\t<filename>{number:06}.png</filename>
\t<path>D:\\photos\\JPEGImages\\{number:06}.png</path>
\t<source>
\t\t<database>Unknown</database>
\t</source>
\t<size>
\t\t<width>640</width>
\t\t<height>480</height>
\t\t<depth>3</depth>
\t</size>
\t<segmented>0</segmented>
{objects}</annotation>
"""
OBJECT = """\t<object>
\t\t<name>{name}</name>
\t\t<pose>Unspecified</pose>
\t\t<truncated>0</truncated>
\t\t<difficult>0</difficult>
\t\t<bndbox>
\t\t\t<xmin>{left}</xmin>
\t\t\t<ymin>{top}</ymin>
\t\t\t<xmax>{right}</xmax>
\t\t\t<ymax>{bottom}</ymax>
\t\t</bndbox>
\t</object>
"""


def main() -> None:
    """Measure and print every set of files."""
    measure(Subject("voc", ".xml", make, bare))


def bare(path: str) -> int:
    """Parse a file."""
    count = 0

    def start(_tag: str, _attributes: object) -> None:
        nonlocal count
        count += 1

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.Parse(Path(path).read_bytes(), True)  # noqa: FBT003 - its signature
    return 1


def make(folder: Path, count: int) -> None:
    """Write small VOC files."""
    chance = random.Random(0)  # noqa: S311 - pictures of nothing
    for number in range(count):
        objects = "".join(thing(chance) for _ in range(3))
        file = (folder / picture(number)).with_suffix(".xml")
        file.write_text(FILE.format(number=number, objects=objects), encoding="utf-8")


def thing(chance: random.Random) -> str:
    """Return one object somewhere in 640 × 480."""
    left, top = chance.randint(1, 500), chance.randint(1, 400)
    right, bottom = left + chance.randint(5, 140), top + chance.randint(5, 80)
    name = chance.choice(["cat", "dog", "猫"])
    return OBJECT.format(name=name, left=left, top=top, right=right, bottom=bottom)


if __name__ == "__main__":
    main()
