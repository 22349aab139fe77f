"""The moved area between two small planes, in pixels of the full frame.

The usual method, whose answer this reproduces, thresholds the difference at full
resolution, dilates it twice by 3x3, and sums the areas of the outer contours that are
large enough. Here the area is first estimated on the small plane. Far above the
threshold that is the answer. Otherwise every region of change is enlarged to full
resolution, alone, and measured in just that way: the blur lets the pixels between the
samples be interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
        self._change = _CHANGE_LEVELS * maker.units_per_level
        self._near_change = _NEAR_CHANGE_LEVELS * maker.units_per_level
        self._certain_pixels = max(
            _CERTAIN_RATIO * threshold_pixels, _CERTAIN_SHARE * maker.width * maker.height
        )
        self._budget_samples = rows * columns * _FINE_SHARE
        self._difference = maker.new_plane()
        self._mask = np.empty(maker.shape, np.uint8)

    def measure(self, plane: Plane, previous: Plane) -> float:
        """Return the moved area in pixels of the full frame.

        Args:
            plane: The plane of this frame.
            previous: The plane of the frame checked before.
        """
        cv2.absdiff(plane, previous, dst=self._difference)
        _above(self._difference, self._near_change, self._mask)
        left, top, width, height = cv2.boundingRect(self._mask)
        if not width:
            return 0.0
        whole = self._with_margin(left, top, width, height)
        if self._factor == 1:
            return self._fine_area_pixels(whole)
        estimate = self._estimated_area_pixels(whole)
        if estimate > self._certain_pixels:
            return estimate
        total = 0.0
        left_samples = self._budget_samples
        for region in self._regions(whole):
            left_samples -= region.samples + _REGION_COST_SAMPLES
            if left_samples >= 0:
                total += self._fine_area_pixels(region)
            else:
                total += self._estimated_area_pixels(region)
        return total

    def _with_margin(self, left: int, top: int, width: int, height: int) -> _Region:
        rows, columns = self._mask.shape
        return _Region(
            max(0, left - _MARGIN_SAMPLES),
            max(0, top - _MARGIN_SAMPLES),
            min(columns, left + width + _MARGIN_SAMPLES),
            min(rows, top + height + _MARGIN_SAMPLES),
        )

    def _regions(self, whole: _Region) -> list[_Region]:
        """Return the regions of change, disjoint, the smallest first."""
        contours = _outer_contours(self._mask)
        if len(contours) > _MOST_REGIONS:
            return [whole]
        regions: list[_Region] = []
        for contour in contours:
            left, top, width, height = cv2.boundingRect(contour)
            region = self._with_margin(left, top, width, height)
            while overlapping := [other for other in regions if region.overlaps(other)]:
                for other in overlapping:
                    regions.remove(other)
                    region = region.joined(other)
            regions.append(region)
        return sorted(regions, key=lambda region: region.samples)

    def _part(self, region: _Region) -> Plane:
        return self._difference[region.top : region.bottom, region.left : region.right]

    def _fine_area_pixels(self, region: _Region) -> float:
        """Measure a region as the usual method does, at full resolution."""
        part = self._part(region)
        if self._factor > 1:
            size = (part.shape[1] * self._factor, part.shape[0] * self._factor)
            part = cast("Plane", cv2.resize(part, size, interpolation=cv2.INTER_CUBIC))
        mask = _above(part, self._change)
        cv2.dilate(mask, _SQUARE, dst=mask, iterations=_DILATIONS)
        areas = map(cv2.contourArea, _outer_contours(mask))
        return sum(area for area in areas if area >= self._min_contour_area_pixels)

    def _estimated_area_pixels(self, region: _Region) -> float:
        """Estimate on the small plane what the usual method measures in a region.

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
        mask = _above(self._part(region), self._change)
        for contour in _outer_contours(mask):
            inner = factor**2 * cv2.contourArea(contour)
            area = inner + outward * factor * cv2.arcLength(contour, closed=True) + single
            if area >= self._min_contour_area_pixels:
                total += area
        return total


def _outer_contours(mask: NDArray[np.uint8]) -> Sequence[NDArray[np.int32]]:
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return cast("Sequence[NDArray[np.int32]]", contours)


def _above(plane: Plane, level: float, into: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Return 255 where the plane is above the level, else 0."""
    # OpenCV's type stubs know only arrays here, not the numbers that it accepts.
    compare = cast("Callable[..., NDArray[np.uint8]]", cv2.compare)
    return compare(plane, level, cv2.CMP_GT, dst=into)
