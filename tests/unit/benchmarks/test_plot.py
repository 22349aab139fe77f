"""Charts: every number is in the picture, at its place, whatever the words hold."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.plot import Bars, Line, bar_chart, line_chart, ticks, write_svg

if TYPE_CHECKING:
    from pathlib import Path

_SVG = "{http://www.w3.org/2000/svg}"


def test_a_bar_is_as_long_as_its_value_and_says_it() -> None:
    drawing = bar_chart("Time", ["a & b", "c"], [Bars("all of <it>", (10.0, 40.0), "s")])

    one, four = _bars(drawing)
    assert four == pytest.approx(4 * one, rel=0.01)
    texts = _texts(drawing)
    assert {"a & b", "all of <it>", "10 s", "40 s"} <= set(texts)


def test_each_row_has_its_own_scale_unless_one_is_asked_for() -> None:
    rows = [Bars("small", (1.0,)), Bars("large", (100.0,))]

    assert len(set(_bars(bar_chart("t", ["a"], rows)))) == 1
    small, large = _bars(bar_chart("t", ["a"], rows, one_scale=True))
    assert small < large / 50


def test_what_was_not_measured_has_no_bar_and_says_so() -> None:
    drawing = bar_chart("t", ["a", "b"], [Bars("r", (None, 3.0))])

    assert len(_bars(drawing)) == 1
    assert "not measured" in _texts(drawing)


def test_nothing_is_shown_as_nothing() -> None:
    drawing = bar_chart("t", ["a", "b"], [Bars("r", (0.0, 3.0), "writes")])

    assert len(_bars(drawing)) == 1
    assert "0 writes" in _texts(drawing)


def test_a_line_goes_up_where_its_values_do() -> None:
    drawing = line_chart("t", "seconds", "MiB", [Line("ours", ((0, 1), (1, 2), (2, 8)))])

    (line,) = ET.fromstring(drawing).iter(f"{_SVG}polyline")
    places = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    # Down is more in SVG.
    assert [y for _, y in places] == sorted((y for _, y in places), reverse=True)


def test_a_chart_without_points_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one point"):
        line_chart("t", "x", "y", [Line("ours", ())])


@given(st.integers(-(10**9), 10**9), st.integers(0, 10**9))
def test_ticks_enclose_what_they_are_for(low_thousandths: int, width_thousandths: int) -> None:
    low, high = low_thousandths / 1000, (low_thousandths + width_thousandths) / 1000
    found = ticks(low, high)

    assert found[0] <= low
    assert found[-1] >= high
    assert 2 <= len(found) <= 9
    assert found == sorted(set(found))


def test_it_is_written_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "images" / "one.svg"
    write_svg(path, bar_chart("t", ["a"], [Bars("r", (1.0,))]))

    assert ET.parse(path).getroot().tag == f"{_SVG}svg"


def _bars(drawing: str) -> list[float]:
    """Return the lengths of all bars: what is coloured and no square of the legend."""
    return [
        float(item.attrib["width"])
        for item in ET.fromstring(drawing).iter(f"{_SVG}rect")
        if "fill" in item.attrib and item.attrib["height"] != "12.0"
    ]


def _texts(drawing: str) -> list[str]:
    return [item.text or "" for item in ET.fromstring(drawing).iter(f"{_SVG}text")]
