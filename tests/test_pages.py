"""Pages: text is escaped, charts add up, and a page asks for nothing outside itself."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.pages.charts import bars, curves, histogram, legend, matrix
from labelprep.pages.document import Markup, document, picture, table, tag, text
from page_reading import Balance


def read(markup: str) -> Balance:
    """Parse markup, which must be balanced."""
    found = Balance()
    found.feed(markup)
    assert found.open == []
    return found


@given(st.text())
def test_any_text_is_text_and_no_markup(words: str) -> None:
    found = read(tag("p", words, title=words))

    assert "<" not in text(words)
    assert found.open == []


def test_what_nobody_sees_is_shown() -> None:
    assert text("a\u202eb\x07c\udce9") == "a\\u202eb\\x07c\\xe9"


def test_markup_is_not_escaped_twice() -> None:
    assert tag("b", tag("i", "<")) == "<b><i>&lt;</i></b>"


def test_attributes_take_the_names_of_html() -> None:
    made = tag("a", class_="x", data_code="1", href=None, aria_label='"')

    assert made == '<a class="x" data-code="1" aria-label="&quot;"></a>'


def test_a_page_is_whole_and_asks_for_nothing() -> None:
    page = document("猫 <b>", tag("p", "狗"), picture(b"\xff\xd8", described="a"), language="zh")

    assert page.startswith('<!doctype html>\n<html lang="zh">')
    assert "default-src &#x27;none&#x27;" in page
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    assert "url(" not in page
    assert "prefers-color-scheme: dark" in page
    assert "猫 &lt;b&gt;" in page
    read(page)


def test_a_table_aligns_its_numbers() -> None:
    made = table(("class", "images"), [("猫", "1,234")], numbers=1)

    assert '<td>猫</td><td class="number">1,234</td>' in made


def test_bars_share_one_scale() -> None:
    made = bars([("a", [3.0, 1.0]), ("b", [2.0, 0.0])])

    assert re.findall(r"width:([\d.]+)%", made) == ["75.00", "25.00", "50.00"]
    assert read(made).words == ["a", "4", "b", "2"]


def test_bars_of_nothing_are_no_error() -> None:
    assert read(bars([("a", [0.0])])).words == ["a", "0"]


@given(st.lists(st.lists(st.integers(0, 1000), min_size=3, max_size=3), min_size=1, max_size=4))
def test_the_heights_of_a_histogram_are_in_the_ratio_of_its_counts(series: list[list[int]]) -> None:
    named = [(f"s{number}", counts) for number, counts in enumerate(series)]

    made = histogram("x", (0, 1, 2, 4), named)

    heights = [float(found) for found in re.findall(r'height="([\d.]+)" class', made)]
    counts = [count for counts in series for count in counts if count]
    assert len(heights) == len(counts)
    highest = max(map(sum, zip(*series, strict=True)), default=0)
    assert heights == pytest.approx([148 * count / highest for count in counts if highest], abs=0.11)
    read(made)


def test_a_histogram_names_what_a_bar_holds() -> None:
    made = histogram("Short side", (0, 32, 64), [("train", (5, 7))], unit=" px")

    assert "0–32 px: 5" in made
    assert "32–64 px: 7" in made


@pytest.mark.parametrize("points", [[(1.0, 2.0)], [(1.0, 2.0), (2.0, 2.0)], [(0.0, -1e-9), (9.0, 1e9)]])
def test_curves_stay_inside_their_frame(points: list[tuple[float, float]]) -> None:
    made = curves("loss", [("train", points)])

    ways = [tuple(map(float, pair.split(","))) for pair in re.findall(r"[\d.]+,[\d.]+", made)]
    assert all(48 <= x <= 410.1 and 7.9 <= y <= 156.1 for x, y in ways)
    read(made)


def test_curves_of_nothing_are_nothing() -> None:
    assert curves("loss", [("train", [])]) == Markup("")


def test_a_matrix_is_dark_where_its_row_is() -> None:
    made = matrix(["猫", "狗"], [[9, 1], [0, 0]], corner="true")

    assert re.findall(r"series-0\) (\d+)%", made) == ["63", "7", "0", "0"]


def test_a_legend_names_its_colours() -> None:
    assert read(legend(["train", "验证"])).words == ["train", "验证"]
