"""Memory of a stream pod: by stage while it starts, by picture size, and in an outage.

Not disturbed by what else the machine does. "RSS" is what a memory limit and `kubectl top`
are near to; of it only the anonymous part is added by each further pod of a node, since
the pages of libraries are shared by all.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.footage import ROOT
from benchmarks.process_memory import memory_of
from benchmarks.result import Result, Row
from benchmarks.stage import IMAGE_ENVIRONMENT, stage, wait_for_word, watch_memory

if TYPE_CHECKING:
    from benchmarks.stage import MockStage, Stage
    from tests.integration.program.harness import Program

SIZES = {"720p": (1280, 720), "1080p": (1920, 1080), "4K": (3840, 2160)}
INTERVAL_SECONDS = 5
BAR_MEBIBYTES = 90
QUEUE_MEBIBYTES = 32
QUEUE_BAR_MEBIBYTES = 20
_WATCHED_SECONDS = 20

# Each line is run after the ones before it in one fresh process.
_IMPORTS = (
    ("Python", "pass"),
    ("+ command line and settings", "import camerastream.cli.app"),
    (
        "+ logs",
        "from camerastream.logs.lean import load_structlog_without_rich as l; l()",
    ),
    ("+ librdkafka", "import confluent_kafka"),
    ("+ numpy", "import numpy"),
    ("+ OpenCV", "import cv2"),
    ("+ the rest of the program", "import camerastream.cli.supervise"),
)


def import_rows() -> list[Row]:
    """Return what is in memory after each group of imports."""
    script = "import json; from benchmarks.process_memory import memory_of\n"
    for what, line in _IMPORTS:
        script += f"{line}\nm = memory_of(); print(json.dumps([{what!r}, m.rss, m.anonymous]))\n"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={
            **os.environ,
            **IMAGE_ENVIRONMENT,
            "OPENBLAS_NUM_THREADS": "1",
            "OPENCV_FOR_THREADS_NUM": "1",
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    rows = []
    for what, rss, anonymous in map(json.loads, done.stdout.splitlines()):
        rows += [Row(f"{what}: RSS", rss, "MiB"), Row(f"{what}: anonymous", anonymous, "MiB")]
    return rows


def live_rows(on: Stage, name: str, url: str, interval_seconds: float) -> list[Row]:
    """Return what both programs keep while they watch a camera, Kafka connected."""
    program = on.program(url, INTERVAL_SECONDS=interval_seconds)
    program.line("started")
    begun = memory_of(program.process.pid)
    program.wait_for_delivered(2)
    watched = watch_memory(program.process.pid, _WATCHED_SECONDS)
    program.close()
    customary = on.reference(url, interval_seconds)
    wait_for_word(customary, "delivered")
    theirs = watch_memory(customary.pid, _WATCHED_SECONDS)
    customary.kill()
    every = f"one frame per {interval_seconds:g} s" if interval_seconds else "every frame"
    steady = Row(
        f"{name}, {every}: RSS",
        statistics.median(each.rss for each in watched),
        "MiB",
        statistics.median(each.rss for each in theirs),
    )
    if name == "1080p" and interval_seconds:
        steady.bar = f"at most {BAR_MEBIBYTES}"
        steady.bar_met = steady.ours <= BAR_MEBIBYTES
    return [
        Row(f"{name}, {every}: RSS when started, before the camera", begun.rss, "MiB"),
        steady,
        Row(
            f"{name}, {every}: highest RSS",
            max(each.rss for each in watched),
            "MiB",
            max(each.rss for each in theirs),
        ),
        Row(
            f"{name}, {every}: anonymous",
            statistics.median(each.anonymous for each in watched),
            "MiB",
            statistics.median(each.anonymous for each in theirs),
        ),
    ]


def outage_rows(on: MockStage) -> list[Row]:
    """Return what Kafka's silence adds once the producer's queue is full."""
    program = on.program(
        "test:1920x1080@30",
        INTERVAL_SECONDS=0,
        KAFKA_CONFIG_BUFFER_MEMORY=QUEUE_MEBIBYTES * 1024 * 1024,
    )
    program.wait_for_delivered(30)
    before = max(each.rss for each in watch_memory(program.process.pid, 5))
    on.broker.freeze()
    _wait_for_full_queue(program)
    # What does not fit goes to the spool: that, too, must not grow the process.
    full = max(each.rss for each in watch_memory(program.process.pid, _WATCHED_SECONDS))
    spooled = program.frames()["spooled"]
    on.broker.thaw()
    program.close()
    over = Row(
        "Kafka silent, queue full: RSS above what it was plus the queue's limit",
        full - before - QUEUE_MEBIBYTES,
        "MiB",
    )
    over.bar = f"at most {QUEUE_BAR_MEBIBYTES}"
    over.bar_met = over.ours <= QUEUE_BAR_MEBIBYTES
    return [
        Row(f"Kafka silent, queue of {QUEUE_MEBIBYTES} MiB full: highest RSS", full, "MiB", before),
        over,
        Row("... frames in the spool by then", spooled, "frames"),
    ]


def _wait_for_full_queue(program: Program) -> None:
    end = time.monotonic() + 300
    while program.status()["queue"]["utilizationRatio"] < 0.9 or not program.frames()["spooled"]:
        if time.monotonic() > end:
            raise RuntimeError(f"the queue did not fill: {program.status()['queue']}")
        time.sleep(0.5)


def run() -> Result:
    """Measure all of it."""
    rows = import_rows()
    with stage() as on:
        for name, size in SIZES.items():
            rows += live_rows(on, name, on.camera(size).rtsp_url, INTERVAL_SECONDS)
        camera = on.camera(SIZES["1080p"], jpegs=True)
        rows += live_rows(on, "1080p", camera.rtsp_url, 0)
        rows += live_rows(on, "1080p MJPEG", camera.http_url, INTERVAL_SECONDS)
        rows += outage_rows(on)
    return Result(
        "memory",
        "the customary program (benchmarks/reference_program.py): no monitor, spool or endpoints; "
        "in an outage: the same process before it",
        f"whole processes, allocator set as in the image, {_WATCHED_SECONDS} s of samples; "
        "medians unless said otherwise",
        rows,
    )
