"""How fast VOC files are read, against a bare loop of expat over the same files.

``python benchmarks/voc.py [FOLDER…] [--files 100000]``: small generated files as LabelImg writes them, three
objects each, then each folder's. The bare loop parses with a handler that counts elements. Given is the
median over the runs, by the wall clock and per CPU-second, with the most memory each process held.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from label_files import measure

if TYPE_CHECKING:
    from pathlib import Path

FILES_A_FOLDER = 10_000
BARE = """
from xml.parsers import expat

def bare(path):
    count = [0]
    def start(tag, attributes):
        count[0] += 1
    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    with open(path, "rb") as file:
        parser.Parse(file.read(), True)
"""
FILE = """<annotation>
\t<folder>JPEGImages</folder>
\t<filename>{number:06}.jpg</filename>
\t<path>D:\\photos\\JPEGImages\\{number:06}.jpg</path>
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
    measure("voc", ".xml", BARE, make)


def make(folder: Path, count: int) -> None:
    """Write small VOC files, 10,000 a folder."""
    chance = random.Random(0)  # noqa: S311 - pictures of nothing
    for number in range(count):
        file = folder / f"{number // FILES_A_FOLDER:03}" / f"{number:06}.xml"
        if number % FILES_A_FOLDER == 0:
            file.parent.mkdir(parents=True)
        objects = "".join(thing(chance) for _ in range(3))
        file.write_text(FILE.format(number=number, objects=objects), encoding="utf-8")


def thing(chance: random.Random) -> str:
    """Return one object somewhere in 640 × 480."""
    left, top = chance.randint(1, 500), chance.randint(1, 400)
    right, bottom = left + chance.randint(5, 140), top + chance.randint(5, 80)
    name = chance.choice(["cat", "dog", "猫"])
    return OBJECT.format(name=name, left=left, top=top, right=right, bottom=bottom)


if __name__ == "__main__":
    main()
