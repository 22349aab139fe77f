"""Whether a frame shows motion against the frame checked before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from camerastream.frames import Frame, Motion
from camerastream.motion.area import AreaMeter
from camerastream.motion.plane import PlaneMaker

if TYPE_CHECKING:
    from camerastream.motion.plane import Plane, Samples


@dataclass(slots=True)
class _Pair:
    """What is kept for frames of one size.

    Attributes:
        maker: Makes the planes.
        meter: Compares them.
        previous: The plane of the frame checked before, None before the first.
        spare: The samples of the plane before that one, to be overwritten by the next.
    """

    maker: PlaneMaker
    meter: AreaMeter
    previous: Plane | None = None
    spare: Samples | None = None

    def fits(self, frame: Frame) -> bool:
        return (self.maker.width, self.maker.height) == (frame.width, frame.height)


class MotionDetector:
    """Compares each checked frame with the one checked before.

    Keeps the small plane of the last frame, never a frame. For one thread.

    Args:
        threshold_pixels: Moved area above which there is motion, in pixels of the full
            frame; 0 finds motion in every frame.
        min_contour_area_pixels: Smaller moving regions are left out, in pixels of the
            full frame.
        blur_size_pixels: Size of the blur against noise, odd, in pixels of the full
            frame: the kernel size that `cv2.GaussianBlur` would be given.

    Raises:
        ValueError: A negative threshold or area, or a blur that is not odd and positive.
    """

    def __init__(
        self, threshold_pixels: int, min_contour_area_pixels: int, blur_size_pixels: int
    ) -> None:
        if threshold_pixels < 0 or min_contour_area_pixels < 0:
            raise ValueError("the motion threshold and the contour area must not be negative")
        if blur_size_pixels < 1 or blur_size_pixels % 2 == 0:
            raise ValueError(f"the blur size must be odd and positive, not {blur_size_pixels}")
        self._threshold_pixels = threshold_pixels
        self._min_contour_area_pixels = min_contour_area_pixels
        self._blur_size_pixels = blur_size_pixels
        self._pair: _Pair | None = None

    def check(self, frame: Frame) -> Motion:
        """Compare a frame with the one before and remember it for the next.

        The first frame, and the first after a change of size, has nothing to be
        compared with: its area is 0.

        Args:
            frame: Decoded pixels or a camera's own JPEG; the two may alternate.

        Returns:
            What moved.

        Raises:
            ValueError: The frame is malformed (see `PlaneMaker.make`). It leaves no
                trace: the next frame is compared with the one before it.
        """
        if frame.width < 1 or frame.height < 1:
            raise ValueError(f"a frame of {frame.width}x{frame.height} has no pixels")
        pair = self._pair if self._pair and self._pair.fits(frame) else self._new_pair(frame)
        plane = pair.maker.make(frame, pair.spare)
        self._pair = pair
        area = 0.0
        if pair.previous is not None:
            area = pair.meter.measure(plane, pair.previous)
            pair.spare = pair.previous.samples
        pair.previous = plane
        frame_pixels = frame.width * frame.height
        area_pixels = min(round(area), frame_pixels)
        return Motion(
            area_pixels=area_pixels,
            area_percent=100 * area_pixels / frame_pixels,
            detected=self._threshold_pixels == 0 or area_pixels > self._threshold_pixels,
        )

    def _new_pair(self, frame: Frame) -> _Pair:
        maker = PlaneMaker(frame.width, frame.height, self._blur_size_pixels)
        meter = AreaMeter(maker, self._threshold_pixels, self._min_contour_area_pixels)
        return _Pair(maker, meter)
