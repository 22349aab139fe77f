"""Programs that watch a camera, each as a process whose CPU time is taken from outside."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

from benchmarks.footage import ROOT
from benchmarks.operator_process import process_cpu_seconds
from benchmarks.stage import IMAGE_ENVIRONMENT
from tests.integration.program.harness import Program
from tests.testbed import requirement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INTERVAL_SECONDS = 5
_START_SECONDS = 120.0
_MOTION_CONFIGURATION = """\
daemon off
log_level 4
setup_mode off
webcontrol_port 0
stream_port 0
netcam_url {url}
netcam_use_tcp on
width 1920
height 1080
framerate 2
minimum_frame_time {interval_seconds}
picture_output on
movie_output off
target_dir {folder}
"""


def pod(folder: Path, url: str, bootstrap_servers: str) -> Program:
    """Start this program as its pod runs it; the caller closes it.

    Args:
        folder: Its state and log.
        url: The camera.
        bootstrap_servers: Kafka.
    """
    folder.mkdir(parents=True)
    return Program(
        folder,
        RTSP_CAMERA_URL=url,
        INTERVAL_SECONDS=INTERVAL_SECONDS,
        KAFKA_BOOTSTRAP_SERVERS=bootstrap_servers,
        CAMERA_STREAM_TOPIC="camera-stream",
        KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS=60,
        **IMAGE_ENVIRONMENT,
    )


def metric(program: Program, name: str) -> float:
    """Return one of a running program's metrics, 0 before there is one."""
    address = f"http://127.0.0.1:{program.port}/metrics"
    with urllib.request.urlopen(address, timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith((f"{name} ", f"{name}{{")):
                return float(line.rpartition(" ")[2])
    return 0.0


def wait_for_frames(program: Program, frames: int) -> None:
    """Wait until a program has checked so many frames.

    Raises:
        TimeoutError: It has not.
    """
    deadline = time.monotonic() + _START_SECONDS
    while metric(program, "camerastream_frames_captured_total") < frames:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no frame came:\n{program.text()[-2000:]}")
        time.sleep(0.2)


@contextlib.contextmanager
def loop(which: str, url: str) -> Iterator[subprocess.Popen[str]]:
    """Run one of the loops of `reference_loop` and wait until it is under way."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.reference_loop", which, url, str(INTERVAL_SECONDS)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            for _ in range(2):
                if not process.stdout.readline():
                    raise RuntimeError(f"the loop {which!r} has ended")
            yield process
        finally:
            process.kill()


@contextlib.contextmanager
def debian_motion(folder: Path, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run Debian's `motion` on a camera.

    Raises:
        Refusal: It is not there and cannot be installed.
    """
    requirement.tools({"motion": "motion"})
    folder.mkdir(parents=True)
    configuration = folder / "motion.conf"
    configuration.write_text(
        _MOTION_CONFIGURATION.format(url=url, interval_seconds=INTERVAL_SECONDS, folder=folder)
    )
    with (
        (folder / "motion.log").open("wb") as log,
        subprocess.Popen(
            ["motion", "-n", "-c", str(configuration)], stdout=log, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            deadline = time.monotonic() + _START_SECONDS
            while process_cpu_seconds(process.pid) < 1 and time.monotonic() < deadline:
                if process.poll() is not None:
                    raise RuntimeError(f"motion has ended:\n{(folder / 'motion.log').read_text()}")
                time.sleep(0.2)
            yield process
        finally:
            process.kill()


def core_share(pid: int, seconds: float) -> float:
    """Return the part of a core that a process uses, measured for so long from now on."""
    cpu_seconds, began = process_cpu_seconds(pid), time.monotonic()
    time.sleep(seconds)
    return (process_cpu_seconds(pid) - cpu_seconds) / (time.monotonic() - began)
