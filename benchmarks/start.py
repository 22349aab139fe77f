"""From nothing to the first frame that Kafka has: where the time goes.

CPU time is given, as it is disturbed least by what else the machine does; seconds of the
clock are of the machine at hand. Both programs have their bytecode, as in the image.
"""

from __future__ import annotations

import os
import resource
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from typing import TYPE_CHECKING

from benchmarks.footage import ROOT
from benchmarks.operator_process import process_cpu_seconds
from benchmarks.result import Result, Row
from benchmarks.stage import IMAGE_ENVIRONMENT, stage, wait_for_word

if TYPE_CHECKING:
    from benchmarks.stage import Stage

_RUNS = 5
_LIVE_RUNS = 3
_ASK_EVERY_SECONDS = 0.02
_IMPORTS = {
    "nothing": "pass",
    "settings and command line": "import camerastream.cli.app",
    "numpy, OpenCV and librdkafka alone": "import numpy, cv2, confluent_kafka",
    "the whole program": (
        "from camerastream.logs.lean import load_structlog_without_rich as l; l(); "
        "import camerastream.cli.app, camerastream.cli.supervise"
    ),
}


def import_milliseconds(line: str) -> float:
    """Return the least CPU time of a few processes that run one line and end."""
    environment = {**os.environ, **IMAGE_ENVIRONMENT, "OPENBLAS_NUM_THREADS": "1"}
    found = []
    for _ in range(_RUNS + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", line], cwd=ROOT, env=environment, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    # The first one may have to write bytecode.
    return 1000 * min(found[1:])


def ours(on: Stage, url: str) -> tuple[float, float]:
    """Return seconds by the clock and of CPU until the first frame is with Kafka."""
    began = time.monotonic()
    program = on.program(url, INTERVAL_SECONDS=5)
    program.wait_for_delivered(1)
    taken = time.monotonic() - began, process_cpu_seconds(program.process.pid)
    program.close()
    return taken


def livez(on: Stage, url: str) -> tuple[float, float]:
    """Return when `/livez` first answers and the longest wait for it from then on, in seconds.

    It is asked until the first frame is with Kafka, in a start of its own: asking costs CPU.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    began = time.monotonic()
    program = on.program(url, INTERVAL_SECONDS=5, HTTP_PORT=port)
    first, longest = None, 0.0
    delivered = threading.Thread(target=program.wait_for_delivered, args=(1,), daemon=True)
    delivered.start()
    while delivered.is_alive():
        asked = time.monotonic()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=10).close()
        except OSError:
            if first is not None:
                raise
        else:
            first = time.monotonic() - began if first is None else first
            longest = max(longest, time.monotonic() - asked)
        time.sleep(_ASK_EVERY_SECONDS)
    program.close()
    return first or float("nan"), longest


def customary(on: Stage, url: str) -> tuple[float, float]:
    """Return the same of the customary program."""
    began = time.monotonic()
    process = on.reference(url, 5)
    wait_for_word(process, "delivered")
    taken = time.monotonic() - began, process_cpu_seconds(process.pid)
    process.kill()
    return taken


def run() -> Result:
    """Measure imports, then whole starts in turns."""
    floor = import_milliseconds(_IMPORTS["numpy, OpenCV and librdkafka alone"])
    rows = [
        Row(f"import {what}: CPU", import_milliseconds(line), "ms", floor)
        for what, line in _IMPORTS.items()
    ]
    with stage() as on:
        url = on.camera().rtsp_url
        starts = [(ours(on, url), customary(on, url)) for _ in range(_LIVE_RUNS)]
        answers, longest = livez(on, url)
    for place, what, unit in (
        (1, "start to first frame delivered: CPU", "s"),
        (0, "start to first frame delivered: clock", "s"),
    ):
        rows.append(
            Row(
                what,
                statistics.median(mine[place] for mine, _ in starts),
                unit,
                statistics.median(theirs[place] for _, theirs in starts),
            )
        )
    rows += [
        Row("/livez answers after", answers, "s"),
        Row("... and until the first frame is delivered within", 1000 * longest, "ms"),
    ]
    return Result(
        "start",
        "imports: numpy, OpenCV and librdkafka alone; whole: the customary program "
        "(benchmarks/reference_program.py)",
        f"1080p30 over RTSP, a fresh state directory, {_LIVE_RUNS} starts each in turns; "
        f"imports: the least of {_RUNS}",
        rows,
    )
