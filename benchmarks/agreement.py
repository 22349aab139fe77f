"""Whether the small plane decides as the full-resolution method does.

Every pair of sample frames that lie an interval apart is put to both, at the customary
settings, at several sizes. Then a still scene with noise is put to the detector, which
must find no motion in it.
"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from benchmarks import reference_method
from benchmarks.footage import SAMPLE_FRAMES_PER_SECOND, sample_frames
from benchmarks.result import Result, Row
from camerastream.frames import Frame
from camerastream.motion import MotionDetector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SIZES = ((768, 432), (1280, 720), (1920, 1080))
INTERVALS_SECONDS = (0.0, 1.0, 5.0)
NOISE_SIGMAS = (8, 15)
_NOISY_FRAMES = 200


@dataclass(slots=True)
class Comparison:
    """Pairs of frames one interval apart, judged by both.

    Attributes:
        step: The interval in frames.
        detectors: One for each phase, so that every pair of frames `step` apart is seen.
        ours_pixels: The detector's areas.
        reference_pixels: The full-resolution method's areas.
    """

    step: int
    detectors: list[MotionDetector]
    ours_pixels: list[float] = field(default_factory=list)
    reference_pixels: list[float] = field(default_factory=list)

    def agreement_percent(self, threshold_pixels: int) -> float:
        """Return the share of pairs decided alike."""
        pairs = zip(self.ours_pixels, self.reference_pixels, strict=True)
        same = [(a > threshold_pixels) == (b > threshold_pixels) for a, b in pairs]
        return 100 * statistics.fmean(same)

    def area_error_percent(self, threshold_pixels: int) -> float:
        """Return the median error of the area, of pairs with motion."""
        pairs = zip(self.ours_pixels, self.reference_pixels, strict=True)
        errors = [100 * abs(a - b) / b for a, b in pairs if b > threshold_pixels]
        return statistics.median(errors) if errors else 0.0


def new_detector(
    threshold_pixels: int = reference_method.MOTION_THRESHOLD_PIXELS,
) -> MotionDetector:
    """Return a detector with the same settings as the reference."""
    return MotionDetector(
        threshold_pixels,
        reference_method.MIN_CONTOUR_AREA_PIXELS,
        reference_method.BLUR_SIZE_PIXELS,
    )


def compare(
    images: Iterator[NDArray[np.uint8]],
    steps: list[int],
    threshold_pixels: int = reference_method.MOTION_THRESHOLD_PIXELS,
) -> list[Comparison]:
    """Put every pair of frames `step` apart to both methods.

    Args:
        images: Frames, shape (height, width, 3), uint8, BGR, all of one size.
        steps: Intervals in frames.
        threshold_pixels: Moved area above which there is motion.
    """
    comparisons = [
        Comparison(step, [new_detector(threshold_pixels) for _ in range(step)]) for step in steps
    ]
    planes: deque[NDArray[np.uint8]] = deque(maxlen=max(steps) + 1)
    for index, image in enumerate(images):
        frame = Frame(image, None, image.shape[1], image.shape[0], 0.0)
        planes.append(reference_method.blurred_gray(image))
        for comparison in comparisons:
            step = comparison.step
            motion = comparison.detectors[index % step].check(frame)
            if index >= step:
                area = reference_method.moved_area_pixels(planes[-1], planes[-1 - step])
                comparison.ours_pixels.append(motion.area_pixels)
                comparison.reference_pixels.append(area)
    return comparisons


def false_alarms(image: NDArray[np.uint8], sigma: float, frames: int) -> int:
    """Return in how many frames of a still scene with noise motion is found.

    Args:
        image: The scene.
        sigma: Standard deviation of the noise in gray levels; the same in all three
            colours, which is the worst case for brightness.
        frames: How many.
    """
    detector = new_detector()
    random = np.random.default_rng(1)
    height, width, _ = image.shape
    found = 0
    for _ in range(frames):
        noise = random.standard_normal((height, width, 1), dtype=np.float32) * sigma
        noisy = np.clip(image + noise, 0, 255).astype(np.uint8)
        found += detector.check(Frame(noisy, None, width, height, 0.0)).detected
    return found


def run() -> Result:
    """Compare on both sample clips, at all sizes and intervals."""
    cv2.setNumThreads(1)
    threshold = reference_method.MOTION_THRESHOLD_PIXELS
    rows = []
    same_pairs = all_pairs = 0.0
    for name, rate in SAMPLE_FRAMES_PER_SECOND.items():
        for size in SIZES:
            steps = [max(1, int(seconds * rate)) for seconds in INTERVALS_SECONDS]
            for seconds, done in zip(
                INTERVALS_SECONDS, compare(sample_frames(name, size), steps), strict=True
            ):
                pairs = len(done.ours_pixels)
                agreement = done.agreement_percent(threshold)
                same_pairs += agreement * pairs / 100
                all_pairs += pairs
                every = f"every {seconds:g} s" if seconds else "every frame"
                what = (
                    f"{name} {size[0]}x{size[1]} {every}, {pairs} pairs, "
                    f"area {done.area_error_percent(threshold):.1f} % off"
                )
                rows.append(Row(what, agreement, "% alike", None, "at least 99", agreement >= 99))
    total = 100 * same_pairs / all_pairs
    rows.append(
        Row(f"all {all_pairs:.0f} pairs", total, "% alike", None, "at least 99", total >= 99)
    )
    image = next(sample_frames("person", (1920, 1080)))
    for sigma in NOISE_SIGMAS:
        found = false_alarms(image, sigma, _NOISY_FRAMES)
        rows.append(
            Row(
                f"false motion, still 1920x1080, noise sigma {sigma}",
                found,
                f"of {_NOISY_FRAMES} frames",
                None,
                "none",
                found == 0,
            )
        )
    return Result(
        "agreement",
        "the full-resolution method (benchmarks/reference_method.py)",
        "MOTION_THRESHOLD 500, MIN_CONTOUR_AREA 100, BLUR_SIZE 21; sample clips, larger sizes "
        "by bicubic enlargement; the area's error is the median over pairs with motion",
        rows,
    )
