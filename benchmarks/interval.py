"""A 1080p30 RTSP camera, one frame per 5 s: CPU seconds per minute of stream.

A simulated camera plays in this process. Two child processes watch it, one after the
other: the usual program's loop, which reads every frame to use one in 150, and this
program's reader, detector and encoder. A child's own CPU time is taken from its first
checked frame on, so that starting and opening do not count.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, cast

from benchmarks.footage import ROOT, camera_clip
from benchmarks.result import Result, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

INTERVAL_SECONDS = 5.0
MEASURED_SECONDS = 30
_CLIP_SECONDS = 20
_SIZE = (1920, 1080)


def _reference_frames(url: str) -> Iterator[int]:
    """Yield the JPEG's size of each checked frame: every frame is read."""
    import os  # noqa: PLC0415 - must be set before OpenCV is loaded

    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
    import cv2  # noqa: PLC0415

    from benchmarks.reference_method import ReferenceMethod  # noqa: PLC0415

    method = ReferenceMethod()
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    due = time.monotonic()
    while True:
        read, pixels = capture.read()
        if not read:
            raise SystemExit("the camera went away")
        image = cast("NDArray[np.uint8]", pixels)
        if time.monotonic() >= due:
            due += INTERVAL_SECONDS
            method.area_pixels(image)
            yield len(method.jpeg(image))


def _our_frames(url: str) -> Iterator[int]:
    """Yield the JPEG's size of each checked frame: this program's own parts."""
    from camerastream.logs.native_stderr import prepare_native_environment  # noqa: PLC0415

    prepare_native_environment()

    from benchmarks.agreement import new_detector  # noqa: PLC0415
    from benchmarks.reference_method import QUALITY  # noqa: PLC0415
    from camerastream.capture import Reader, ReaderSettings, parse_source  # noqa: PLC0415
    from camerastream.encoding import JpegEncoder  # noqa: PLC0415

    reader = Reader(parse_source(url), ReaderSettings(interval_seconds=INTERVAL_SECONDS))
    detector, encoder = new_detector(), JpegEncoder(QUALITY)
    reader.start()
    while True:
        frame = reader.take(timeout_seconds=30)
        if frame is None:
            raise SystemExit(f"no frame came: {reader.status()}")
        yield encoder.encode(frame, detector.check(frame)).compressed_bytes


def _watch(frames: Iterator[int]) -> dict[str, float]:
    next(frames)
    # The second interval too is spent on starting: a reader first learns how far apart
    # the key frames are.
    next(frames)
    began_seconds, cpu_seconds = time.monotonic(), time.process_time()
    checked = 0
    while time.monotonic() - began_seconds < MEASURED_SECONDS - INTERVAL_SECONDS / 2:
        next(frames)
        checked += 1
    return {
        "wall_seconds": time.monotonic() - began_seconds,
        "cpu_seconds": time.process_time() - cpu_seconds,
        "checked": checked,
    }


def _child(which: str, url: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.interval", which, url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=MEASURED_SECONDS * 4,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the {which} side failed: {done.stderr[-2000:]}")
    # Native libraries may write to stdout as well; the numbers come last.
    return cast("dict[str, float]", json.loads(done.stdout.splitlines()[-1]))


def run() -> Result:
    """Watch the same simulated camera with both."""
    from tests.simulators import camera_clip as simulated  # noqa: PLC0415 - loads PyAV
    from tests.simulators.camera import CameraSimulator  # noqa: PLC0415

    path = camera_clip("car", _CLIP_SECONDS, _SIZE)
    with CameraSimulator(simulated.load(path)) as camera:
        reference = _child("reference", camera.rtsp_url)
        ours = _child("ours", camera.rtsp_url)

    def per_minute(side: dict[str, float]) -> float:
        return 60 * side["cpu_seconds"] / side["wall_seconds"]

    cpu = Row("CPU per minute of stream", per_minute(ours), "s", per_minute(reference))
    cpu.bar, cpu.bar_met = "8 times less", (cpu.ratio or 0) >= 8
    core = Row(
        "share of a core", 100 * per_minute(ours) / 60, "%", 100 * per_minute(reference) / 60
    )
    core.bar, core.bar_met = "at most 3 %", core.ours <= 3
    checked = Row("frames checked", ours["checked"], "frames", reference["checked"])
    return Result(
        "interval",
        "reads every frame, checks one per interval (benchmarks/reference_method.py)",
        f"{path.name} over RTSP/TCP from a simulated camera, one frame per "
        f"{INTERVAL_SECONDS:g} s, {MEASURED_SECONDS} s each, the child's own CPU time",
        [cpu, core, checked],
    )


def main() -> None:
    """Be one of the two children."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("which", choices=["reference", "ours"])
    parser.add_argument("url")
    given = parser.parse_args()
    frames = _our_frames(given.url) if given.which == "ours" else _reference_frames(given.url)
    print(json.dumps(_watch(frames)))


if __name__ == "__main__":
    main()
