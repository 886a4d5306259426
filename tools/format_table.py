"""Write the table of formats into the READMEs: what each reads, writes and keeps, as the code says it.

To run after a format has been added or has learnt something:

    python tools/format_table.py

The table stands between two comments and is replaced as a whole; what stands around it is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labelprep.cli.export import SHEETS
from labelprep.formats import READ_BY, READERS, WRITERS, reader, writer
from labelprep.formats.base import Keeps

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

PROJECT = Path(__file__).parents[1]
BEGIN, END = "<!-- formats: made by tools/format_table.py -->", "<!-- formats: end -->"
SHEET = "table"
"""The format of sheets, which ``export`` writes without a name in ``WRITERS``."""
FEW = 4


@dataclass(frozen=True)
class Words:
    """What a README calls the columns, the cells and what a format keeps."""

    header: tuple[str, str, str, str]
    read_by: str
    all_but: str
    comma: str
    kept: Mapping[Keeps, str]


ENGLISH = Words(
    ("format", "reads", "writes", "keeps"),
    "as `{}`",
    "all but {}",
    ", ",
    {
        Keeps.CLASS: "one class",
        Keeps.CLASSES: "classes",
        Keeps.SPLIT: "split",
        Keeps.BOX: "boxes",
        Keeps.ROTATED_BOX: "rotated boxes",
        Keeps.POLYGON: "polygons",
        Keeps.POLYLINE: "lines",
        Keeps.POINTS: "points",
        Keeps.CIRCLE: "circles",
        Keeps.MASK: "masks",
        Keeps.ATTRIBUTES: "attributes",
        Keeps.CONFIDENCE: "confidence",
        Keeps.GROUP: "group",
        Keeps.UNNAMED: "shapes without a class",
    },
)
CHINESE = Words(
    ("格式", "读取", "写出", "保留"),
    "同 `{}`",
    "全部，除了{}",
    "、",
    {
        Keeps.CLASS: "一个类别",
        Keeps.CLASSES: "多个类别",
        Keeps.SPLIT: "划分",
        Keeps.BOX: "矩形框",
        Keeps.ROTATED_BOX: "旋转框",
        Keeps.POLYGON: "多边形",
        Keeps.POLYLINE: "折线",
        Keeps.POINTS: "点",
        Keeps.CIRCLE: "圆",
        Keeps.MASK: "掩码",
        Keeps.ATTRIBUTES: "属性",
        Keeps.CONFIDENCE: "置信度",
        Keeps.GROUP: "分组",
        Keeps.UNNAMED: "没有类别的形状",
    },
)
READMES = {"README.md": ENGLISH, "README.zh.md": CHINESE}


def formats() -> list[str]:
    """Return the names of all formats: those that are read, in the order they are tried, then the others."""
    return [*READERS, *(name for name in WRITERS if name not in READERS)]


def page_of(name: str) -> str:
    """Return the path of a format's page, from the READMEs."""
    return f"docs/formats/{name}.md"


def table(words: Words) -> str:
    """Return the table, a line a format."""
    rows = [words.header, ("---",) * len(words.header), *(_row(name, words) for name in formats())]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def with_table(text: str, words: Words) -> str:
    """Return the text of a README with the table of today.

    Raises: ValueError where the two comments do not stand in it, once each.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"put {BEGIN} and {END} where the table goes, once each")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table(words)}\n{END}{after}"


def _row(name: str, words: Words) -> tuple[str, ...]:
    return f"[{name}]({page_of(name)})", _reads(name, words), _writes(name, words), _kept(name, words)


def _reads(name: str, words: Words) -> str:
    if name in READERS:
        return "✓"
    return words.read_by.format(READ_BY[name]) if name in READ_BY else "–"


def _writes(name: str, words: Words) -> str:
    if name == SHEET:
        return words.comma.join(f"`{ending}`" for ending in sorted(SHEETS))
    return "✓" if name in WRITERS else "–"


def _kept(name: str, words: Words) -> str:
    keeps = (writer(name) if name in WRITERS else reader(name)).keeps
    lost = frozenset(Keeps) - keeps
    if lost and len(lost) < FEW:
        return words.all_but.format(_listed(lost, words))
    return _listed(keeps, words)


def _listed(some: Collection[Keeps], words: Words) -> str:
    """Name what is kept, in the order of `Keeps`; several classes include one."""
    implied = {Keeps.CLASS} if Keeps.CLASSES in some else set()
    return words.comma.join(words.kept[item] for item in Keeps if item in some and item not in implied)


def main() -> None:
    """Write the table into both READMEs, and say which has changed."""
    for name, words in READMES.items():
        readme = PROJECT / name
        before = readme.read_text(encoding="utf-8")
        after = with_table(before, words)
        readme.write_text(after, encoding="utf-8", newline="\n")
        print(f"{name}: {'unchanged' if after == before else 'written'}")


if __name__ == "__main__":
    main()
