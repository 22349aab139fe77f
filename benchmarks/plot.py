"""Draws bars and lines as SVG: small, readable on light and dark pages."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WIDTH = 760
_MARGIN = 16
_TITLE = 32
_LEGEND = 24
_LABELS = 250
_LABEL_LETTERS = 34
_LINE = 15
_BAR, _BAR_GAP, _ROW_GAP = 15, 3, 14
_VALUES = 110
_PLOT_HEIGHT = 260
_TICKS_LEFT, _TICKS_BELOW = 64, 44
_COLOURS = ("#2f6fb0", "#c8773a", "#4c9a5f", "#8a5fb0", "#8a8a8a", "#b0455a")
_STYLE = """
text { font: 13px sans-serif; fill: #24292f }
.title { font-weight: bold; font-size: 15px }
.quiet { fill: #6a737d; font-size: 12px }
.grid { stroke: #d0d7de; stroke-width: 1 }
.page { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #d1d7de }
  .quiet { fill: #9aa4ae }
  .grid { stroke: #3b434b }
  .page { fill: #14191f }
}
"""


@dataclass(frozen=True, slots=True)
class Bars:
    """One quantity, with a bar for each series.

    Attributes:
        label: What was measured.
        values: One for each series, none negative; None where it was not measured.
        unit: Written after each value.
    """

    label: str
    values: tuple[float | None, ...]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One series of points.

    Attributes:
        name: Of the series.
        points: x and y, in the order in which they are joined.
    """

    name: str
    points: tuple[tuple[float, float], ...]


def bar_chart(
    title: str, series: Sequence[str], rows: Sequence[Bars], *, one_scale: bool = False
) -> str:
    """Return horizontal bars, one group for each row, as SVG.

    Args:
        title: Above everything.
        series: Names of the series, at most five.
        rows: What was measured. Each has a scale of its own: its longest bar fills the width.
        one_scale: All rows share one scale instead, which needs one unit.
    """
    group = len(series) * (_BAR + _BAR_GAP) + _ROW_GAP
    page = _page(title, _TITLE + _LEGEND + len(rows) * group)
    _add_legend(page, series)
    room = _WIDTH - 2 * _MARGIN - _LABELS - _VALUES
    overall = max((_longest(row) for row in rows), default=0.0)
    for number, row in enumerate(rows):
        top = _MARGIN + _TITLE + _LEGEND + number * group
        full = (overall if one_scale else _longest(row)) or 1.0
        middle = top + (group - _ROW_GAP) / 2 + 4
        lines = textwrap.wrap(row.label, _LABEL_LETTERS)
        for place, line in enumerate(lines):
            y = middle + (place - (len(lines) - 1) / 2) * _LINE
            _text(page, _MARGIN + _LABELS - 12, y, line, anchor="end")
        for place, (value, colour) in enumerate(zip(row.values, _COLOURS, strict=False)):
            y, left = top + place * (_BAR + _BAR_GAP), _MARGIN + _LABELS
            length = 0.0 if value is None else room * value / full
            if value:
                # What is there shows, however small.
                _rectangle(page, left, y, max(length, 1.5), _BAR, fill=colour)
            said = "not measured" if value is None else f"{number_text(value)} {row.unit}".strip()
            _text(page, left + length + 6, y + _BAR - 3, said, kind="quiet")
    return _written(page)


def line_chart(
    title: str, x_label: str, y_label: str, lines: Sequence[Line], *, y_from_zero: bool = True
) -> str:
    """Return lines through points, as SVG.

    Args:
        title: Above everything.
        x_label: What goes to the right, with its unit.
        y_label: What goes up, with its unit.
        lines: At most five.
        y_from_zero: The scale begins at 0, so that heights compare.

    Raises:
        ValueError: There is no point.
    """
    points = [point for line in lines for point in line.points]
    if not points:
        raise ValueError("a chart needs at least one point")
    page = _page(title, _TITLE + _LEGEND + _PLOT_HEIGHT + _TICKS_BELOW)
    _add_legend(page, [line.name for line in lines])
    top = _MARGIN + _TITLE + _LEGEND
    left, right = _MARGIN + _TICKS_LEFT, _WIDTH - 2 * _MARGIN
    bottom = top + _PLOT_HEIGHT - 12
    x_ticks = ticks(min(x for x, _ in points), max(x for x, _ in points))
    lowest = min(y for _, y in points)
    y_ticks = ticks(min(0.0, lowest) if y_from_zero else lowest, max(y for _, y in points))

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            left + (right - left) * _share(x, x_ticks),
            bottom - (bottom - top) * _share(y, y_ticks),
        )

    for tick in y_ticks:
        _, y = at(x_ticks[0], tick)
        _line(page, left, y, right, y)
        _text(page, left - 8, y + 4, number_text(tick), anchor="end", kind="quiet")
    for tick in x_ticks:
        x, _ = at(tick, y_ticks[0])
        _text(page, x, bottom + 18, number_text(tick), anchor="middle", kind="quiet")
    _text(page, (left + right) / 2, bottom + 38, x_label, anchor="middle", kind="quiet")
    _text(page, right, top - 8, y_label, anchor="end", kind="quiet")
    for line, colour in zip(lines, _COLOURS, strict=False):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in line.points))
        ET.SubElement(
            page,
            "polyline",
            {"points": path, "fill": "none", "stroke": colour, "stroke-width": "2"},
        )
    return _written(page)


def write_svg(path: Path, drawing: str) -> None:
    """Write a drawing, and the folder it belongs into."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(drawing, encoding="utf-8")


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers, evenly spaced, that enclose two others.

    Args:
        low: The lower one.
        high: The higher one.
        most: About how many there may be.

    Example:
        >>> ticks(0, 57)
        [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
        >>> ticks(3, 3)
        [3.0, 4.0]
    """
    if high <= low:
        return [float(low), float(low) + 1.0]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(number * step, 12) for number in range(first, last + 1)]


def number_text(value: float) -> str:
    """Return a number with three figures that count, and thousands set apart.

    Example:
        >>> [number_text(value) for value in (0, 0.0123456, 2.77, 57.3, 1234.5)]
        ['0', '0.0123', '2.77', '57.3', '1,234']
    """
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _longest(row: Bars) -> float:
    return max((value for value in row.values if value is not None), default=0.0)


def _share(value: float, scale: Sequence[float]) -> float:
    return (value - scale[0]) / (scale[-1] - scale[0])


def _page(title: str, height: float) -> ET.Element:
    whole = height + 2 * _MARGIN
    page = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {_WIDTH} {whole:g}",
            "width": str(_WIDTH),
            "role": "img",
        },
    )
    ET.SubElement(page, "title").text = title
    ET.SubElement(page, "style").text = _STYLE
    ET.SubElement(
        page, "rect", {"class": "page", "width": str(_WIDTH), "height": f"{whole:g}", "rx": "6"}
    )
    _text(page, _MARGIN, _MARGIN + 14, title, kind="title")
    return page


def _add_legend(page: ET.Element, names: Sequence[str]) -> None:
    x, y = float(_MARGIN), _MARGIN + _TITLE
    for name, colour in zip(names, _COLOURS, strict=False):
        _rectangle(page, x, y - 6, 12, 12, fill=colour)
        _text(page, x + 18, y + 5, name)
        # The width of letters is the reader's font's; this leaves room for any.
        x += 36 + 7.5 * len(name)


def _text(
    page: ET.Element, x: float, y: float, text: str, *, anchor: str = "start", kind: str = ""
) -> None:
    attributes = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    if kind:
        attributes["class"] = kind
    ET.SubElement(page, "text", attributes).text = text


def _rectangle(
    page: ET.Element, x: float, y: float, width: float, height: float, *, fill: str
) -> None:
    sizes = {"x": x, "y": y, "width": width, "height": height}
    ET.SubElement(
        page, "rect", {**{name: f"{size:.1f}" for name, size in sizes.items()}, "fill": fill}
    )


def _line(page: ET.Element, x1: float, y1: float, x2: float, y2: float) -> None:
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    ET.SubElement(page, "line", {"class": "grid"} | {k: f"{v:.1f}" for k, v in ends.items()})


def _written(page: ET.Element) -> str:
    ET.indent(page)
    return ET.tostring(page, encoding="unicode") + "\n"
