"""The little of YAML that is read: as text, without tags and aliases, in any of the usual spellings."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.formats.yaml_files import YamlError, quoted, values

WANTED = {"names", "nc", "train", "path"}

READ = {
    "names: [cat, 'it''s', \"b\\u0041\", no, 007]\nnc: 3 # x\n": {
        "names": ["cat", "it's", "bA", "no", "007"],
        "nc": "3",
    },
    "names: {0: cat, 2: dog,}\n": {"names": {"0": "cat", "2": "dog"}},
    "names:\n- cat\n- a dog # c\n-\n- 'x: y'\nnc: 2": {"names": ["cat", "a dog", "", "x: y"], "nc": "2"},
    "names:\r\n  0: cat\r\n  '2': \"do#g\"\r\n  3: a#b\r\n": {"names": {"0": "cat", "2": "do#g", "3": "a#b"}},
    "names: [\n 'a',\n b, # one\n c\n]\nnc: 3": {"names": ["a", "b", "c"], "nc": "3"},
    "names:\n  [a,\n   b]\n": {"names": ["a", "b"]},
    '\ufeff{"names": {"0": "cat"}, "other": [1]}': {"names": {"0": "cat"}},
    "# c\n---\ntrain:\n  - a\n  - b\ndownload: |\n  import os\n  names: [x]\n...\nnames: [y]\n": {
        "train": ["a", "b"]
    },
    "x: &a [1]\ny: *a\nz: !!python/object/apply:os.system [ls]\nnames: [猫]": {"names": ["猫"]},
    "train: https://x.org/d.zip\npath: C:\\data": {"train": "https://x.org/d.zip", "path": "C:\\data"},
    'names: ["a\\\n  b", "c\n  d"]': {"names": ["ab", "c d"]},
    "names:\nnc:\n": {"names": "", "nc": ""},
    'names: ["\\ud83d\\ude00", "\\U0001f600"]': {"names": ["😀", "😀"]},
    "": {},
}
REFUSED = {
    "names: *i": (1, "an alias"),
    "a: 1\nnames: !!python/object [1]": (2, "a tag"),
    "names:\n  0: !!x a": (2, "a tag"),
    "names: [*a]": (1, "an alias"),
    "names: &a [1]": (1, "an anchor"),
    "names: |\n  a": (1, "a block of text"),
    "names:\n  - a: b": (2, "within an item"),
    "names: [a": (1, "the end"),
    'names: "a': (1, "not closed"),
    'names: ["\\q"]': (1, "means nothing"),
    'names: ["\\UFFFFFFFF"]': (1, "no character"),
    'names: ["\\ud83d"]': (1, "half a character"),
    "names: [a] b": (1, "behind a value"),
    "names:\n    a\n": (2, "neither a key nor an item"),
    "names:\n    0: a\n  1: b\n": (3, "not as far in"),
    "names:\n  0: a\n    1: b\n": (3, "goes on"),
    "names: [a]\nnames: [b]": (2, "twice"),
    "names: {0: a, 0: b}": (1, "twice"),
    "names:\n  0: a\n  0: b": (3, "twice"),
    "names: {a, b}": (1, "a colon is missing"),
    "names: " + "[" * 1000: (1, "nested too deep"),
    "names:\n" + "".join(f"{' ' * depth}a:\n" for depth in range(1, 20)): (10, "nested too deep"),
}


@pytest.mark.parametrize("text", sorted(READ))
def test_what_is_wanted_is_read_as_text(text: str) -> None:
    assert values(text, WANTED) == READ[text]


@pytest.mark.parametrize("text", sorted(REFUSED))
def test_what_is_not_read_is_refused_with_its_line(text: str) -> None:
    line, problem = REFUSED[text]

    with pytest.raises(YamlError, match=problem) as refused:
        values(text, WANTED)

    assert refused.value.line == line


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_quoted_names_read_back(names: list[str]) -> None:
    flow = f"names: [{', '.join(map(quoted, names))}]\n"
    block = "names:\n" + "".join(f"  {at}: {quoted(name)}\n" for at, name in enumerate(names)) + "nc: 1\n"

    assert values(flow, WANTED) == {"names": names}
    assert values(block, WANTED)["names"] == ({str(at): name for at, name in enumerate(names)} or "")


def test_broken_text_is_read_or_refused() -> None:
    chance = random.Random(1)  # noqa: S311 - a seed makes it the same each time
    pieces = [*"[]{},:#'\"-?!&*|> \n\t\\", "names:", "\n  ", "cat", "0: ", "- ", "\\u12"]
    read = refused = 0
    for _ in range(3000):
        text = "names: " + "".join(chance.choices(pieces, k=chance.randrange(20)))
        try:
            read += set(values(text, WANTED)) <= WANTED
        except YamlError as error:
            refused += 1 <= error.line <= text.count("\n") + 1

    assert read + refused == 3000
    assert min(read, refused) > 500
