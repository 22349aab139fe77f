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
import tempfile
import threading
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from benchmarks.footage import ROOT
from benchmarks.operator_process import process_cpu_seconds
from benchmarks.result import Result, Row
from benchmarks.stage import IMAGE_ENVIRONMENT, TOPIC, Stage
from benchmarks.topic_end import TopicEnd

_RUNS = 5
_LIVE_RUNS = 3
_ASK_EVERY_SECONDS = 0.02
_PATIENCE_SECONDS = 60.0
_WHOLE = "the whole program"
_IMPORTS = {
    "nothing": "pass",
    "settings and command line": "import camerastream.cli.app",
    "numpy, OpenCV and librdkafka alone": "import numpy, cv2, confluent_kafka",
    _WHOLE: (
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


def wait_for_frame(topic: TopicEnd) -> None:
    """Wait for a frame after the mark.

    Raises:
        TimeoutError: None came.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while topic.message() is None:
        if time.monotonic() > deadline:
            raise TimeoutError("no frame came")


def ours(on: Stage, topic: TopicEnd, url: str) -> tuple[float, float]:
    """Return seconds by the clock and of CPU until the first frame is in the topic."""
    topic.mark()
    began = time.monotonic()
    program = on.program(url, INTERVAL_SECONDS=5)
    wait_for_frame(topic)
    taken = time.monotonic() - began, process_cpu_seconds(program.process.pid)
    program.close()
    return taken


def livez(on: Stage, topic: TopicEnd, url: str) -> tuple[float, float]:
    """Return when `/livez` first answers and the longest wait for it from then on, in seconds.

    It is asked until the first frame is with Kafka, in a start of its own: asking costs CPU.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    topic.mark()
    began = time.monotonic()
    program = on.program(url, INTERVAL_SECONDS=5, HTTP_PORT=port)
    first, longest = None, 0.0
    delivered = threading.Thread(target=wait_for_frame, args=(topic,), daemon=True)
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


def customary(on: Stage, topic: TopicEnd, url: str) -> tuple[float, float]:
    """Return the same of the customary program."""
    topic.mark()
    began = time.monotonic()
    process = on.reference(url, 5)
    wait_for_frame(topic)
    taken = time.monotonic() - began, process_cpu_seconds(process.pid)
    process.kill()
    return taken


def run() -> Result:
    """Measure imports, then whole starts in turns."""
    from tests.testbed.kafka import KafkaCluster  # noqa: PLC0415 - the testbed is needed here only
    from tests.testbed.lease import Lease  # noqa: PLC0415

    floor = import_milliseconds(_IMPORTS["numpy, OpenCV and librdkafka alone"])
    rows = [
        Row(
            f"import {what}: CPU",
            import_milliseconds(line),
            "ms",
            floor if what == _WHOLE else None,
        )
        for what, line in _IMPORTS.items()
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        Lease.take("start", unique=True) as lease,
        KafkaCluster(lease) as kafka,
        ExitStack() as stack,
    ):
        kafka.create_topic(TOPIC)
        topic = TopicEnd(kafka.bootstrap_servers)
        stack.callback(topic.close)
        on = Stage(Path(folder), kafka.bootstrap_servers, stack)
        url = on.camera().rtsp_url
        starts = [(ours(on, topic, url), customary(on, topic, url)) for _ in range(_LIVE_RUNS)]
        answers, longest = livez(on, topic, url)
    for place, what, unit in (
        (1, "start to first frame in the topic: CPU", "s"),
        (0, "start to first frame in the topic: clock", "s"),
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
        "1080p30 over RTSP, Apache Kafka on this machine, a fresh state directory, "
        f"{_LIVE_RUNS} starts each in turns; imports: the least of {_RUNS}",
        rows,
    )
