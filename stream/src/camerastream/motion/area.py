"""The moved area between two small planes, in pixels of the full frame.

The usual method, whose answer this reproduces, thresholds the difference at full
resolution, dilates it twice by 3x3, and sums the areas of the outer contours that are
large enough. Here nothing has moved where no sample has changed enough: a blurred difference
is nowhere more than the difference itself. Around what has changed the difference is
blurred, and the area estimated on the small plane. Far above the threshold that is the
answer. Otherwise every region of change is enlarged to full resolution, alone, and measured
as the usual method does: the blur lets the pixels between the samples be interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from camerastream.motion.blur import DIFFERENCE_UNITS_PER_LEVEL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from camerastream.motion.plane import Plane, PlaneMaker

_CHANGE_LEVELS = 25.5
"""Gray levels that count as a change. The usual method compares rounded planes with
`> 25`; on planes that are not rounded this is the same."""

_NEAR_CHANGE_LEVELS = 20.0
"""Interpolating between samples that are all below this does not reach a change."""

_DILATIONS = 2
"""Dilations by `_SQUARE`, at full resolution."""

_SQUARE = np.ones((3, 3), np.uint8)

_MARGIN_SAMPLES = 3
"""Border around a region: room for the dilations, and for the interpolation, which
looks two samples far."""

_CERTAIN_RATIO = 4
"""An estimate above this many thresholds decides; estimates are a few per cent off,
small scattered regions up to a half."""

_CERTAIN_SHARE = 1 / 200
"""An estimate below this part of the frame is never the answer, so that small areas
are reported exactly whatever the threshold."""

_FINE_SHARE = 1 / 8
"""Part of the frame that is measured finely at most, smallest regions first. It bounds
the cost and the memory; the whole frame agreed hardly better with the usual method."""

_REGION_COST_SAMPLES = 400
"""What measuring a region finely costs beside its size, in samples: about 30
microseconds of calls."""

_MOST_REGIONS = 100
"""More regions than this (rain, noise) are measured as one."""


@dataclass(frozen=True, slots=True)
class _Region:
    """A rectangle of the small plane, right and bottom excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def samples(self) -> int:
        return (self.right - self.left) * (self.bottom - self.top)

    def of(self, plane: NDArray[Any]) -> NDArray[Any]:
        return plane[self.top : self.bottom, self.left : self.right]

    def overlaps(self, other: _Region) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def joined(self, other: _Region) -> _Region:
        return _Region(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


class AreaMeter:
    """Measures the moved area between the planes of one maker.

    Args:
        maker: The maker of the planes.
        threshold_pixels: The area that decides, in pixels of the full frame.
        min_contour_area_pixels: Contours below this area, in pixels of the full frame,
            are left out.
    """

    def __init__(
        self, maker: PlaneMaker, threshold_pixels: int, min_contour_area_pixels: int
    ) -> None:
        rows, columns = maker.shape
        self._factor = maker.factor
        self._min_contour_area_pixels = min_contour_area_pixels
        units = 1 if maker.factor == 1 else DIFFERENCE_UNITS_PER_LEVEL
        self._change = _CHANGE_LEVELS * units
        self._near_change = _NEAR_CHANGE_LEVELS * units
        self._certain_pixels = max(
            _CERTAIN_RATIO * threshold_pixels, _CERTAIN_SHARE * maker.width * maker.height
        )
        self._budget_samples = rows * columns * _FINE_SHARE

    def measure(self, plane: Plane, previous: Plane) -> float:
        """Return the moved area in pixels of the full frame.

        Args:
            plane: The plane of this frame. Its blur is done on both: a camera's JPEG and
                pixels differ a little in what is left of it.
            previous: The plane of the frame checked before.
        """
        if cv2.norm(plane.samples, previous.samples, cv2.NORM_INF) <= _NEAR_CHANGE_LEVELS:
            return 0.0
        difference = blurred_difference(plane, previous)
        near = _above(difference, self._near_change)
        if not near.any():
            return 0.0
        whole = _around(cv2.boundingRect(near), _MARGIN_SAMPLES, near.shape)
        if self._factor == 1:
            return self._fine_area_pixels(whole.of(difference))
        estimate = self._estimated_area_pixels(whole.of(difference))
        if estimate > self._certain_pixels:
            return estimate
        total = 0.0
        left_samples = self._budget_samples
        for region in _regions(near, whole):
            left_samples -= region.samples + _REGION_COST_SAMPLES
            if left_samples >= 0:
                total += self._fine_area_pixels(region.of(difference))
            else:
                total += self._estimated_area_pixels(region.of(difference))
        return total

    def _fine_area_pixels(self, part: NDArray[Any]) -> float:
        """Measure a part of a difference as the usual method does, at full resolution."""
        if self._factor > 1:
            size = (part.shape[1] * self._factor, part.shape[0] * self._factor)
            part = cv2.resize(part, size, interpolation=cv2.INTER_CUBIC)
        mask = _above(part, self._change)
        cv2.dilate(mask, _SQUARE, dst=mask, iterations=_DILATIONS)
        areas = map(cv2.contourArea, _outer_contours(mask))
        return sum(area for area in areas if area >= self._min_contour_area_pixels)

    def _estimated_area_pixels(self, part: NDArray[Any]) -> float:
        """Estimate on the small plane what the usual method measures in a part.

        A contour runs through the centres of its outermost samples. The usual method's
        contour lies further out: by half a sample less half a pixel, since it runs
        through pixel centres itself, and by the dilations. Both push an edge less or
        more when it is slanted: averaged over all directions by 0.9, the half sample,
        and by 1.27 = 4/pi, the square dilation.
        """
        factor = self._factor
        outward = 0.9 * (factor - 1) / 2 + 1.27 * _DILATIONS
        # What a single sample becomes: a square of this side, by its pixel centres.
        single = (factor - 1 + 2 * _DILATIONS) ** 2
        total = 0.0
        mask = _above(part, self._change)
        for contour in _outer_contours(mask):
            inner = factor**2 * cv2.contourArea(contour)
            area = inner + outward * factor * cv2.arcLength(contour, closed=True) + single
            if area >= self._min_contour_area_pixels:
                total += area
        return total


def blurred_difference(plane: Plane, previous: Plane) -> NDArray[Any]:
    """Return the blurred difference where samples have changed, and far enough around them.

    Args:
        plane: A plane. Its blur is done on both.
        previous: The plane before, in which some samples are clearly different.

    Returns:
        A rectangle out of the difference of the whole planes, without anything near a change
        being left out: int16 as `Blur.difference` gives it, or uint8 gray levels of planes
        that are blurred already.
    """
    changed = cv2.absdiff(plane.samples, previous.samples)
    if plane.blur is None:
        return changed
    near = _above(changed, _NEAR_CHANGE_LEVELS)
    # One reach until the blurred change has faded; another one, whose samples are wrong
    # because the edge is mirrored there, but as faded.
    margin = _MARGIN_SAMPLES + 2 * plane.blur.reach_samples
    region = _around(cv2.boundingRect(near), margin, near.shape)
    return plane.blur.difference(region.of(plane.samples), region.of(previous.samples))


def _around(rectangle: Sequence[int], margin: int, shape: tuple[int, ...]) -> _Region:
    """Return an OpenCV rectangle with a margin around it, as far as there is room."""
    left, top, width, height = rectangle
    rows, columns = shape
    return _Region(
        max(0, left - margin),
        max(0, top - margin),
        min(columns, left + width + margin),
        min(rows, top + height + margin),
    )


def _regions(near: NDArray[np.uint8], whole: _Region) -> list[_Region]:
    """Return the regions of change, disjoint, the smallest first."""
    contours = _outer_contours(near)
    if len(contours) > _MOST_REGIONS:
        return [whole]
    regions: list[_Region] = []
    for contour in contours:
        region = _around(cv2.boundingRect(contour), _MARGIN_SAMPLES, near.shape)
        while overlapping := [other for other in regions if region.overlaps(other)]:
            for other in overlapping:
                regions.remove(other)
                region = region.joined(other)
        regions.append(region)
    return sorted(regions, key=lambda region: region.samples)


def _outer_contours(mask: NDArray[np.uint8]) -> Sequence[NDArray[np.int32]]:
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return cast("Sequence[NDArray[np.int32]]", contours)


def _above(difference: NDArray[Any], level: float) -> NDArray[np.uint8]:
    """Return 255 where the difference is above the level, else 0."""
    # OpenCV's type stubs know only arrays here, not the numbers that it accepts.
    compare = cast("Callable[..., NDArray[np.uint8]]", cv2.compare)
    return compare(difference, level, cv2.CMP_GT)
