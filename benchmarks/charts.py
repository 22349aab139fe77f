"""Draws the benchmarks' last results for docs/benchmarks.md: `python -m benchmarks.charts`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from benchmarks.footage import BUILD, ROOT
from benchmarks.plot import Bars, Line, bar_chart, line_chart, write_svg

if TYPE_CHECKING:
    from collections.abc import Callable

    RowOfResult: TypeAlias = dict[str, Any]

IMAGES = ROOT / "docs" / "images"
_SERIES = ("reference", "this program")

BAR_CHARTS = {
    # Benchmark: title, one scale for all rows, and what a row's name must begin with.
    "every_frame": (
        "1080p H.264, every frame: CPU per frame",
        True,
        ("decode", "motion", "encode", "whole"),
    ),
    "interval": ("1080p30 over RTSP, one frame per 5 s: % of a core", True, ("H.264", "HEVC")),
    "frame_age": ("How old a picture is at its consumer", True, ("every frame", "one frame")),
    "mjpeg": ("1080p MJPEG, every frame: CPU per frame", True, ("whole", "against", "without")),
    "memory": ("Memory of a stream pod", True, ("720p", "1080p", "4K")),
    "producer": (
        "100 kB frames into Kafka, flat out",
        True,
        ("speed, against the bare", "speed, against kafka"),
    ),
    "start": (
        "CPU time of starting",
        False,
        ("import the whole", "start to first frame in the topic: CPU"),
    ),
    "shutdown": ("SIGTERM with 128 MiB queued", False, ("SIGTERM",)),
}


def bars(name: str, rows: list[RowOfResult]) -> str:
    """Return a benchmark's chart of pairs of bars as SVG."""
    title, one_scale, wanted = BAR_CHARTS[name]
    drawn = []
    for row in rows:
        of_interest = row["what"].startswith(wanted) and row["unit"] != "%"
        if of_interest and (name != "memory" or row["what"].endswith(": RSS")):
            unit = row["unit"].removesuffix("/frame").removesuffix(" of a core")
            drawn.append(Bars(row["what"], (row["reference"], row["ours"]), unit))
    return bar_chart(title, _SERIES, drawn, one_scale=one_scale)


def slow_link(rows: list[RowOfResult]) -> str:
    """Return what each way of sending costs, link by link."""
    shares: dict[str, dict[str, float]] = {}
    for row in rows:
        link, _, rest = row["what"].partition(", ")
        way, is_share, _ = rest.partition(": share of a core")
        if is_share:
            shares.setdefault(link, {})[way] = row["ours"]
    ways = list(next(iter(shares.values())))
    return bar_chart(
        "30 fps on a slow link: % of a core",
        ["this program" if way == "ours" else way for way in ways],
        [Bars(link, tuple(by_way[way] for way in ways), "%") for link, by_way in shares.items()],
        one_scale=True,
    )


def cameras_per_core(rows: list[RowOfResult]) -> str:
    """Return how the load of one core grows with its streams."""
    lines = {"share of the core": [(0.0, 0.0)], "frames on time": []}
    for row in rows:
        streams, _, what = row["what"].partition(" streams: ")
        if what in lines:
            lines[what].append((float(streams), row["ours"]))
    return line_chart(
        "1080p30 streams on one core, one frame per 5 s",
        "streams",
        "%",
        [Line(name, tuple(points)) for name, points in lines.items()],
    )


CHARTS: dict[str, Callable[[list[RowOfResult]], str]] = {
    "slow_link": slow_link,
    "cameras_per_core": cameras_per_core,
}


def chart(name: str, rows: list[RowOfResult]) -> str:
    """Return one benchmark's chart as SVG."""
    return bars(name, rows) if name in BAR_CHARTS else CHARTS[name](rows)


def main() -> None:
    """Draw every benchmark that has been run."""
    for name in (*BAR_CHARTS, *CHARTS):
        path = BUILD / f"{name}.json"
        if path.exists():
            result = json.loads(path.read_text(encoding="utf-8"))
            write_svg(IMAGES / f"bench-{name.replace('_', '-')}.svg", chart(name, result["rows"]))
            print(f"docs/images/bench-{name.replace('_', '-')}.svg")


if __name__ == "__main__":
    main()
