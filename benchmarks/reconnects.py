"""A camera that goes away and comes back a thousand times: does memory stay flat?

One process opens the camera, takes a picture and closes it again, by the functions that the
program's reader uses. It waits for nothing in between, unlike the reader.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import cast

from benchmarks.footage import ROOT
from benchmarks.plot import Line, line_chart, write_svg
from benchmarks.process_memory import memory_of
from benchmarks.result import Result, Row
from benchmarks.stage import IMAGE_ENVIRONMENT, stage

RECONNECTS = int(os.environ.get("RECONNECTS", "1000"))
BAR_MEBIBYTES = 5.0
_SETTLED = 100
_SAMPLE_EVERY = 10


def reconnect(url: str, times: int) -> list[tuple[int, float]]:
    """Open and close so often; return the memory in MiB by the number of times."""
    from camerastream.logs.native_stderr import prepare_native_environment  # noqa: PLC0415

    prepare_native_environment()
    from camerastream.capture.inputs import OpenPlan  # noqa: PLC0415
    from camerastream.capture.opening import open_input  # noqa: PLC0415
    from camerastream.capture.source import parse_source  # noqa: PLC0415

    source, plan = parse_source(url), OpenPlan(timeout_seconds=20, read_timeout_seconds=20)
    samples = []
    for count in range(1, times + 1):
        camera = open_input(
            source, plan, lines_since=None, clock=time.monotonic, wait=lambda _: False
        )
        assert camera.grab()
        assert camera.picture() is not None
        camera.release()
        if count % _SAMPLE_EVERY == 0:
            samples.append((count, memory_of().rss))
    return samples


def run() -> Result:
    """Reconnect in a process of its own, to a camera in this one."""
    with stage() as on:
        url = on.camera().rtsp_url
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.reconnects", url, str(RECONNECTS)],
            cwd=ROOT,
            env={**os.environ, **IMAGE_ENVIRONMENT},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=True,
        )
    samples = cast("list[tuple[int, float]]", json.loads(done.stdout.splitlines()[-1]))
    line = Line("RSS", tuple((count, rss) for count, rss in samples))
    write_svg(
        ROOT / "docs" / "images" / "reconnects.svg",
        line_chart("A camera opened again and again, 1080p", "times", "MiB", [line]),
    )
    settled = [rss for count, rss in samples if count >= min(_SETTLED, RECONNECTS // 2)]
    half = len(settled) // 2
    growth = max(settled[half:]) - max(settled[:half])
    return Result(
        "reconnects",
        "the first half of the same run",
        f"{RECONNECTS} times over RTSP; the first {_SETTLED} left out",
        [
            Row("highest RSS, second half", max(settled[half:]), "MiB", max(settled[:half])),
            Row(
                "growth",
                growth,
                "MiB",
                None,
                f"at most {BAR_MEBIBYTES:g}",
                growth <= BAR_MEBIBYTES,
            ),
        ],
    )


if __name__ == "__main__":
    print(json.dumps(reconnect(sys.argv[1], int(sys.argv[2]))))
