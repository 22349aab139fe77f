"""Whether a frame shows motion against the frame checked before it."""

from __future__ import annotations

from camerastream.frames import Frame, Motion
from camerastream.motion.area import AreaMeter
from camerastream.motion.plane import Plane, PlaneMaker


class MotionDetector:
    """Compares each checked frame with the one checked before."""

    def __init__(self, threshold_pixels: int, min_contour_area_pixels: int, blur_size_pixels: int) -> None:
        self._threshold_pixels = threshold_pixels
        self._min_contour_area_pixels = min_contour_area_pixels
        self._blur_size_pixels = blur_size_pixels
        self._maker = None
        self._previous = None
        self._spare = None

    def check(self, frame: Frame) -> Motion:
        m = self._maker
        if m is None or (m.width, m.height) != (frame.width, frame.height):
            m = self._maker = PlaneMaker(frame.width, frame.height, self._blur_size_pixels)
            self._meter = AreaMeter(m.shape, m.factor, self._min_contour_area_pixels)
            self._previous = self._spare = None
        plane = m.make(frame, self._spare)
        self._spare = None
        area = 0.0 if self._previous is None else self._meter.measure(plane, self._previous)
        self._spare, self._previous = self._previous, plane
        total = frame.width * frame.height
        area = min(round(area), total)
        return Motion(area, 100 * area / total, self._threshold_pixels == 0 or area > self._threshold_pixels)
