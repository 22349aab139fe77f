"""The blur that is left to do once a small plane has been averaged.

Averaging by a whole factor is itself a blur. What is left of the blur asked for is done on
the small plane, so that the variances add up to the full blur's; and not on the planes but
on their difference, which is the same, since blurring is linear, and needed only where
something has changed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIFFERENCE_UNITS_PER_LEVEL = 128
"""A blurred difference is in 1/128 of a gray level: 255 levels just fit into int16, and it need
not be rounded to whole levels, which would move the edge of what counts as changed. int16 is
half of float32 to read and write."""


class Blur:
    """What is left of a blur for planes of one kind.

    Args:
        size_pixels: Size of the whole blur, odd, in pixels of the frame.
        factor: Pixels per sample of the planes, in each direction.
        variance_across: What the planes' averaging has done in a row, in square pixels.
        variance_down: What it has done in a column.

    Attributes:
        reach_samples: How far from a sample the blur looks.
    """

    def __init__(
        self, size_pixels: int, factor: int, variance_across: float, variance_down: float
    ) -> None:
        self._across = _kernel(remaining_sigma_samples(size_pixels, factor, variance_across))
        down = _kernel(remaining_sigma_samples(size_pixels, factor, variance_down))
        self._down = down * DIFFERENCE_UNITS_PER_LEVEL
        self.reach_samples = max(len(self._across), len(down)) // 2

    def difference(self, part: NDArray[np.uint8], previous: NDArray[np.uint8]) -> NDArray[np.int16]:
        """Return how much two parts of planes differ, blurred.

        Args:
            part: Samples of a plane.
            previous: As many samples of the plane before. Both are mirrored at their edges.

        Returns:
            Absolute differences in 1/`DIFFERENCE_UNITS_PER_LEVEL` of a gray level.
        """
        difference = cv2.subtract(part, previous, dtype=cv2.CV_16S)
        blurred = cv2.sepFilter2D(difference, cv2.CV_16S, self._across, self._down)
        return cast("NDArray[np.int16]", np.abs(blurred, out=blurred))


def box_variance(factor: int) -> float:
    """Return the variance in square pixels of an average of `factor` neighbours."""
    return (factor**2 - 1) / 12


def remaining_sigma_samples(size_pixels: int, factor: int, variance_square_pixels: float) -> float:
    """Return the sigma that completes a blur on the small plane.

    Args:
        size_pixels: Size of the whole blur, odd, in pixels of the frame.
        factor: Pixels per sample.
        variance_square_pixels: The blur that averaging has done already.
    """
    left = _variance(cv2.getGaussianKernel(size_pixels, 0)) - variance_square_pixels
    return math.sqrt(max(0.0, left)) / factor


def _kernel(sigma_samples: float) -> NDArray[np.float32]:
    """Return a column of Gaussian weights of this sigma, their sum 1."""
    size = 2 * round(sigma_samples * 2.5) + 1
    # Cut off at 2.5 sigma a kernel blurs less than its sigma says: at factor 2 that alone
    # made small areas 3 % larger. So the sigma is raised until the variance is right.
    sigma = sigma_samples
    for _ in range(20):
        sigma *= sigma_samples / math.sqrt(_variance(cv2.getGaussianKernel(size, sigma)))
    return cast("NDArray[np.float32]", cv2.getGaussianKernel(size, sigma, cv2.CV_32F))


def _variance(kernel: NDArray[Any]) -> float:
    """Return the variance of a symmetric column of weights."""
    weights = kernel[:, 0].astype(np.float64)
    distances = np.arange(len(weights)) - len(weights) // 2
    return float((weights * distances**2).sum() / weights.sum())
