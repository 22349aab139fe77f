"""The moved area between two small planes, in pixels of the full frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from camerastream.motion.plane import Plane

_CHANGE = 25.5
"""Gray levels that count as a change. The usual method compares rounded planes with
`> 25`; on planes that are not rounded this is the same."""

_NEAR_CHANGE = 20.0
"""Interpolating between samples that are all below this does not reach `_CHANGE`."""

_DILATIONS = 2
"""Dilations by 3x3, at full resolution."""

_MARGIN_SAMPLES = 3
"""Border around the region that is measured finely: room for the dilations, and for
the interpolation, which looks two samples far."""

_FINE_SHARE = 1 / 32
"""The largest part of the frame that is measured finely. It bounds the cost."""


class AreaMeter:
    """Measures the moved area between planes of one size.

    A small region, where the decision may be close, is enlarged to full resolution,
    dilated and measured there. A large region is measured on the small plane, and what
    the dilations would have added is computed.
    """

    def __init__(self, shape: tuple[int, int], factor: int, min_contour_area_pixels: int) -> None:
        self._factor = factor
        self._min_contour_area_pixels = min_contour_area_pixels
        self._difference = np.empty(shape, np.uint8 if factor == 1 else np.float32)
        self._mask = np.empty(shape, np.uint8)
        rows, columns = shape
        share = 1.0 if factor == 1 else _FINE_SHARE
        self._fine_limit_samples = int(rows * columns * share)
        

    def measure(self, plane: Plane, previous: Plane) -> float:
        """Return the moved area in pixels of the full frame.

        Args:
            plane: The plane of this frame, as `PlaneMaker.make` returns it.
            previous: The plane of the frame checked before.
        """
        difference = cv2.absdiff(plane, previous, dst=self._difference)
        near = cv2.compare(difference, _NEAR_CHANGE, cv2.CMP_GT, dst=self._mask)
        left, top, width, height = cv2.boundingRect(near)
        if not width:
            return 0.0
        rows, columns = difference.shape
        m=_MARGIN_SAMPLES
        y0=max(0,top-m); x0=max(0,left-m); y1=min(rows,top+height+m); x1=min(columns,left+width+m)
        region=difference[y0:y1,x0:x1]
        if (y1-y0)*(x1-x0) <= self._fine_limit_samples:
            return self._finely(region)
        return self._coarsely(region)

    def _finely(self, region) -> float:
        if self._factor > 1:
            region = cv2.resize(region, None, fx=self._factor, fy=self._factor, interpolation=cv2.INTER_CUBIC)
        mask = cv2.compare(region, _CHANGE, cv2.CMP_GT)
        mask = cv2.dilate(mask, None, iterations=_DILATIONS)
        cs,_=cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        return sum(a for a in map(cv2.contourArea,cs) if a>=self._min_contour_area_pixels)

    def _coarsely(self, region) -> float:
        k=self._factor
        mask = cv2.compare(region, _CHANGE, cv2.CMP_GT)
        cs,_=cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        tot=0.
        e=k*(0.9*(k/2-.5)+1.27*2)
        for c in cs:
            a=k*k*cv2.contourArea(c)+e*cv2.arcLength(c,True)+(k+3)**2
            if a>=self._min_contour_area_pixels: tot+=a
        return tot
