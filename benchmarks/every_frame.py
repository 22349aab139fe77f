"""A 1080p H.264 file, every frame: what each stage costs, and whether it is worth it."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from benchmarks import reference_method
from benchmarks.footage import camera_clip
from benchmarks.reference_method import ReferenceMethod
from benchmarks.result import Result, Row
from camerastream.encoding import JpegEncoder
from camerastream.frames import Frame, Motion
from camerastream.motion import MotionDetector

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

CLIP_SECONDS = 20
FRAMES_PER_ROUND = 50
_QUALITY_EVERY = 25

STAGES = ("decode", "motion", "encode")


@dataclass(slots=True)
class Side:
    """One of the two programs: its two stages after decoding, and what they cost."""

    capture: cv2.VideoCapture
    motion: Callable[[NDArray[np.uint8]], bool]
    encode: Callable[[NDArray[np.uint8]], bytes]
    seconds: dict[str, list[float]] = field(default_factory=lambda: {s: [] for s in STAGES})
    decisions: list[bool] = field(default_factory=list)
    sizes_bytes: list[int] = field(default_factory=list)
    psnr_db: list[float] = field(default_factory=list)

    def play(self, frames: int) -> int:
        """Handle some frames; return how many there were."""
        for done in range(frames):
            at = [time.process_time()]
            read, pixels = self.capture.read()
            if not read:
                return done
            image = cast("NDArray[np.uint8]", pixels)
            at.append(time.process_time())
            self.decisions.append(self.motion(image))
            at.append(time.process_time())
            # Encoded whether or not there is motion, so that every frame has every stage.
            jpeg = self.encode(image)
            at.append(time.process_time())
            for stage, (begin, end) in zip(STAGES, pairwise(at), strict=True):
                self.seconds[stage].append(end - begin)
            if len(self.decisions) % _QUALITY_EVERY == 0:
                self.sizes_bytes.append(len(jpeg))
                decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
                assert decoded is not None
                self.psnr_db.append(cv2.PSNR(image, decoded))
        return frames

    def milliseconds(self, stage: str) -> float:
        """Return the median CPU time of a stage per frame."""
        return statistics.median(self.seconds[stage]) * 1000

    def pipeline_milliseconds(self) -> float:
        """Return the median CPU time of a whole frame."""
        return statistics.median(map(sum, zip(*self.seconds.values(), strict=True))) * 1000


def _open(path: Path) -> cv2.VideoCapture:
    return cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])


def ours(path: Path) -> Side:
    """Return this program on a file."""
    detector = MotionDetector(
        reference_method.MOTION_THRESHOLD_PIXELS,
        reference_method.MIN_CONTOUR_AREA_PIXELS,
        reference_method.BLUR_SIZE_PIXELS,
    )
    encoder = JpegEncoder(reference_method.QUALITY)
    still = Motion(area_pixels=0, area_percent=0.0, detected=False)

    def frame(image: NDArray[np.uint8]) -> Frame:
        return Frame(image, None, image.shape[1], image.shape[0], 0.0)

    return Side(
        _open(path),
        lambda image: detector.check(frame(image)).detected,
        lambda image: encoder.encode(frame(image), still).data,
    )


def reference(path: Path) -> Side:
    """Return the usual method on a file."""
    method = ReferenceMethod()
    threshold = reference_method.MOTION_THRESHOLD_PIXELS
    return Side(_open(path), lambda image: method.area_pixels(image) > threshold, method.jpeg)


def run() -> Result:
    """Play the same file through both, in turns within one process."""
    cv2.setNumThreads(1)
    path = camera_clip("car", CLIP_SECONDS)
    mine, usual = ours(path), reference(path)
    while mine.play(FRAMES_PER_ROUND) and usual.play(FRAMES_PER_ROUND):
        pass
    rows = [
        Row(stage, mine.milliseconds(stage), "ms/frame", usual.milliseconds(stage))
        for stage in STAGES
    ]
    whole = Row("whole", mine.pipeline_milliseconds(), "ms/frame", usual.pipeline_milliseconds())
    whole.bar, whole.bar_met = "1.6 times faster", (whole.ratio or 0) >= 1.6
    share = 100 * mine.milliseconds("motion")
    share /= mine.milliseconds("decode") + mine.milliseconds("encode")
    same = sum(map(bool.__eq__, mine.decisions, usual.decisions))
    agreement = 100 * same / len(mine.decisions)
    rows += [
        whole,
        Row("motion, of decode + encode", share, "%", None, "at most 5", share <= 5),
        Row("same decision", agreement, "% of frames", None, "at least 99", agreement >= 99),
        Row("frames with motion", sum(mine.decisions), "frames", sum(usual.decisions)),
        Row(
            "JPEG size",
            statistics.mean(mine.sizes_bytes) / 1000,
            "kB",
            statistics.mean(usual.sizes_bytes) / 1000,
        ),
        Row("PSNR", statistics.mean(mine.psnr_db), "dB", statistics.mean(usual.psnr_db)),
    ]
    return Result(
        "every_frame",
        "the full-resolution method with optimised JPEG (benchmarks/reference_method.py)",
        f"{path.name}, {len(mine.decisions)} frames, process CPU time, medians, one thread, "
        f"in turns of {FRAMES_PER_ROUND} frames",
        rows,
    )
