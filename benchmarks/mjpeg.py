"""An MJPEG camera, every frame: the camera's own bytes, and what looking for motion costs.

The reference decodes each JPEG, looks for motion at full resolution and compresses the
pixels again; "decode and compress" is that without the motion. This program sends the
camera's own bytes and decodes a quarter of the picture's width and height, gray, for motion.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import cv2
import numpy as np

from benchmarks import reference_method
from benchmarks.agreement import new_detector
from benchmarks.footage import sample_frames
from benchmarks.reference_method import ReferenceMethod
from benchmarks.result import Result, Row
from camerastream.encoding import JpegEncoder
from camerastream.frames import Frame

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = (1920, 1080)
CAMERA_QUALITY = 85
_FRAMES = 150
_OVER_HTTP = 40
_BAR_SHARE = 1 / 5


def _timed(seconds: list[float], work: Callable[[], object]) -> object:
    began = time.process_time()
    result = work()
    seconds.append(time.process_time() - began)
    return result


def _decoded_and_compressed(jpeg: bytes) -> bytes:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    options = [cv2.IMWRITE_JPEG_QUALITY, reference_method.QUALITY]
    return cv2.imencode(".jpg", image, options)[1].tobytes()


def identical_over_http() -> tuple[int, int]:
    """Return how many frames came over HTTP, and how many are a camera's JPEG byte by byte."""
    from benchmarks.stage import stage  # noqa: PLC0415 - loads PyAV
    from camerastream.capture import Reader, ReaderSettings, parse_source  # noqa: PLC0415

    came = same = 0
    with stage() as on:
        camera = on.camera(SIZE, jpegs=True)
        sent = set(camera.clip.jpegs)
        reader = Reader(parse_source(camera.http_url), ReaderSettings(interval_seconds=0))
        reader.start()
        while came < _OVER_HTTP and (frame := reader.take(timeout_seconds=30)) is not None:
            came += 1
            same += frame.jpeg in sent
        reader.stop(5)
    return came, same


def run() -> Result:
    """Put the same JPEGs to both, in turns within one process."""
    cv2.setNumThreads(1)
    method, detector, encoder = (
        ReferenceMethod(),
        new_detector(),
        JpegEncoder(reference_method.QUALITY),
    )
    seconds: dict[str, list[float]] = {
        name: [] for name in ("reference", "decode and compress", "ours", "without motion")
    }
    alike = 0
    for image in sample_frames("car", SIZE, limit=_FRAMES):
        options = [cv2.IMWRITE_JPEG_QUALITY, CAMERA_QUALITY]
        jpeg = cv2.imencode(".jpg", image, options)[1].tobytes()
        frame = Frame(None, jpeg, *SIZE, 0.0)

        def reference(jpeg: bytes = jpeg) -> float:
            pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            area = method.area_pixels(pixels)  # type: ignore[arg-type]
            method.jpeg(pixels)  # type: ignore[arg-type]
            return area

        area = _timed(seconds["reference"], reference)
        _timed(seconds["decode and compress"], lambda jpeg=jpeg: _decoded_and_compressed(jpeg))
        began = time.process_time()
        motion = detector.check(frame)
        checked = time.process_time()
        assert encoder.encode(frame, motion).data is jpeg
        ended = time.process_time()
        seconds["ours"].append(ended - began)
        seconds["without motion"].append(ended - checked)
        alike += motion.detected == (area > reference_method.MOTION_THRESHOLD_PIXELS)  # type: ignore[operator]
    milliseconds = {name: 1000 * statistics.median(each) for name, each in seconds.items()}
    came, same = identical_over_http()
    whole = Row("whole", milliseconds["ours"], "ms/frame", milliseconds["reference"])
    bar = Row(
        "against decode and compress alone",
        milliseconds["ours"],
        "ms/frame",
        milliseconds["decode and compress"],
    )
    bar.bar = "5 times less"
    bar.bar_met = bar.ours <= _BAR_SHARE * milliseconds["decode and compress"]
    agreement = 100 * alike / _FRAMES
    return Result(
        "mjpeg",
        "decodes every JPEG, full-resolution method, compresses again (quality 80, optimised)",
        f"{_FRAMES} JPEGs of {SIZE[0]}x{SIZE[1]} at quality {CAMERA_QUALITY}, process CPU time, "
        "medians, one thread, in turns",
        [
            whole,
            bar,
            Row(
                "without motion",
                milliseconds["without motion"],
                "ms/frame",
                milliseconds["decode and compress"],
            ),
            Row("same decision", agreement, "% of frames", None, "at least 99", agreement >= 99),
            Row("bytes identical over HTTP", same, f"of {came} frames", None, "all", same == came),
        ],
    )
