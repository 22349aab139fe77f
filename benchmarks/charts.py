"""Draws the benchmarks' last results for docs/benchmarks.md: `python -m benchmarks.charts`."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.footage import BUILD, ROOT
from benchmarks.plot import Bars, bar_chart, write_svg

IMAGES = ROOT / "docs" / "images"
_SERIES = ("reference", "this program")

CHARTS = {
    # Benchmark: title, one scale for all rows, and what a row's name must begin with.
    "every_frame": (
        "1080p H.264, every frame: CPU per frame",
        True,
        ("decode", "motion", "encode", "whole"),
    ),
    "mjpeg": ("1080p MJPEG, every frame: CPU per frame", True, ("whole", "against", "without")),
    "memory": ("Memory of a stream pod", True, ("720p", "1080p", "4K")),
    "start": ("CPU time of starting", False, ("import", "start to first frame delivered: CPU")),
    "shutdown": ("SIGTERM with 128 MiB queued", False, ("SIGTERM",)),
}


def chart(name: str, result: dict[str, Any]) -> str:
    """Return one benchmark's chart as SVG."""
    title, one_scale, wanted = CHARTS[name]
    rows = []
    for row in result["rows"]:
        of_interest = row["what"].startswith(wanted) and row["unit"] != "%"
        if of_interest and (name != "memory" or row["what"].endswith(": RSS")):
            unit = row["unit"].removesuffix("/frame")
            rows.append(Bars(row["what"], (row["reference"], row["ours"]), unit))
    return bar_chart(title, _SERIES, rows, one_scale=one_scale)


def main() -> None:
    """Draw every benchmark that has been run."""
    for name in CHARTS:
        path = BUILD / f"{name}.json"
        if path.exists():
            result = json.loads(path.read_text(encoding="utf-8"))
            write_svg(IMAGES / f"bench-{name.replace('_', '-')}.svg", chart(name, result))
            print(f"docs/images/bench-{name.replace('_', '-')}.svg")


if __name__ == "__main__":
    main()
