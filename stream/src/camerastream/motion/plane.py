"""The small plane: a frame's brightness, blurred, one sample per few pixels.

Averaging by a whole factor is itself a blur. The factor is the largest that blurs
clearly less than the blur asked for, and the small plane is blurred by the rest, so
that the variances add up to the full blur's. At the default blur of 21 pixels the
factor is 4; below a blur of 9 pixels there is nothing to save and the plane is the
full frame, blurred as it always was.
"""

from __future__ import annotations

import math
from typing import TypeAlias, cast

import cv2
import numpy as np

from numpy.typing import NDArray

from camerastream.frames import Frame

Plane: TypeAlias = NDArray[np.float32] | NDArray[np.uint8]
"""Gray levels 0-255: unrounded at a factor above 1, rounded at full resolution."""

_LEAST_REMAINING_SIGMA_SAMPLES = 0.8
"""Below this blur the samples are too far apart to interpolate between; the default
blur of 21 pixels leaves 0.82 at factor 4."""

_SMALLEST_SIDE_SAMPLES = 16
"""No factor above 1 makes a side of the plane shorter."""

_DECODING = {
    1: cv2.IMREAD_GRAYSCALE,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}
"""How a JPEG is decoded to one sample per factor x factor pixels: by a smaller inverse
transform, at less than half of the full decoder's cost."""


def choose_factor(width: int, height: int, blur_size_pixels: int) -> int:
    """Choose how many pixels of the frame make one sample, in each direction.

    Args:
        width: Width of the frame in pixels.
        height: Height of the frame in pixels.
        blur_size_pixels: Size of the blur, odd, in pixels of the frame.

    Returns:
        1, 2, 4 or 8.
    """
    for factor in (8, 4, 2):
        long_enough = min(width, height) >= factor * _SMALLEST_SIDE_SAMPLES
        remaining = _remaining_sigma_samples(blur_size_pixels, factor, _box_variance(factor))
        if long_enough and remaining >= _LEAST_REMAINING_SIGMA_SAMPLES:
            return factor
    return 1


class PlaneMaker:
    """Makes the small planes of frames of one size.

    Holds the buffers of the steps between: allocating them for every frame would cost
    page faults, which at 1080p are as dear as the arithmetic.

    Attributes:
        width: Width of the frames in pixels.
        height: Height of the frames in pixels.
        factor: Pixels per sample, in each direction.
        shape: (rows, columns) of the plane; up to factor - 1 pixels at the right and
            lower edges are left out.
    """

    def __init__(self, width: int, height: int, blur_size_pixels: int) -> None:
        self.width = width
        self.height = height
        self.factor = factor = choose_factor(width, height, blur_size_pixels)
        self.shape = rows, columns = height // factor, width // factor
        self._blur_size_pixels = blur_size_pixels
        if factor == 1:
            self._gray = np.empty((height, width), np.uint8)
            return
        # Two of each `factor` rows are read, half a factor apart. The average of two
        # such rows has a variance of its own, smaller than the box's.
        self._row_step = factor // 2
        self._gray = np.empty((rows * 2, columns * factor), np.uint8)
        self._halved = np.empty((rows, columns * self._row_step), np.uint8)
        self._sums = [
            np.empty((rows, columns * pixels), np.uint16)
            for pixels in (4, 2, 1)
            if pixels < self._row_step
        ]
        across = _kernel(blur_size_pixels, factor, _box_variance(factor))
        down = _kernel(blur_size_pixels, factor, (factor / 4) ** 2)
        self._kernel_across = across
        self._kernel_down_sums = down / self._row_step
        self._kernel_down_decoded = across

    def make(self, frame: Frame, into: Plane | None) -> Plane:
        """Make the small plane of a frame.

        Args:
            frame: A frame of this maker's size.
            into: An array of an earlier call, to be overwritten; None makes a new one.

        Returns:
            The plane, shape `shape`, gray levels 0-255: float32, not rounded, at a
            factor above 1; uint8 at factor 1.

        Raises:
            ValueError: The frame's JPEG cannot be decoded or has another size than the
                frame says, or its pixels are not (height, width, 3) uint8.
        """
        if frame.image is not None:
            return self._from_pixels(self._checked(frame.image), into)
        return self._from_jpeg(frame.jpeg or b"", into)

    def _checked(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        wanted = (self.height, self.width, 3)
        if image.dtype != np.uint8 or image.shape != wanted:
            raise ValueError(
                f"a frame of {self.width}x{self.height} needs pixels of shape {wanted} and type "
                f"uint8, not {image.shape} and {image.dtype}"
            )
        return image

    def _from_pixels(self, image: NDArray[np.uint8], into: Plane | None) -> Plane:
        factor = self.factor
        if factor == 1:
            return self._blurred(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY, dst=self._gray), into)
        rows, columns = self.shape
        # Half the rows are half the cost of the dearest step, gray from BGR.
        some_rows = image[: rows * factor : self._row_step, : columns * factor]
        cv2.cvtColor(some_rows, cv2.COLOR_BGR2GRAY, dst=self._gray)
        # INTER_AREA by exactly 2 is vectorised; by 4 it is several times slower than
        # this and the following steps together (measured with OpenCV 5.0.0).
        halved = cv2.resize(
            self._gray,
            (self._halved.shape[1], self._halved.shape[0]),
            dst=self._halved,
            interpolation=cv2.INTER_AREA,
        )
        summed: NDArray[np.uint8] | NDArray[np.uint16] = cast("NDArray[np.uint8]", halved)
        for sums in self._sums:
            if summed.dtype == np.uint8:
                # Two neighbouring bytes read as one word: twice as fast as two strided reads.
                words = summed.view(np.uint16)
                np.right_shift(words, 8, out=sums)
                words &= 255
                sums += words
            else:
                np.add(summed[:, ::2], summed[:, 1::2], out=sums)
            summed = sums
        return self._filtered(summed, self._kernel_down_sums, into)

    def _from_jpeg(self, jpeg: bytes, into: Plane | None) -> Plane:
        flags = _DECODING[self.factor] | cv2.IMREAD_IGNORE_ORIENTATION
        gray = None
        if jpeg:
            gray = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flags)
        if gray is None:
            raise ValueError(f"the camera's JPEG of {len(jpeg)} bytes cannot be decoded")
        rows, columns = self.shape
        if gray.shape != (-(-self.height // self.factor), -(-self.width // self.factor)):
            raise ValueError(
                f"the camera's JPEG is not {self.width}x{self.height} pixels, as its frame says"
            )
        if self.factor == 1:
            return self._blurred(cast("NDArray[np.uint8]", gray), into)
        return self._filtered(gray[:rows, :columns], self._kernel_down_decoded, into)

    def _blurred(self, gray: NDArray[np.uint8], into: Plane | None) -> Plane:
        size = (self._blur_size_pixels, self._blur_size_pixels)
        return cast("Plane", cv2.GaussianBlur(gray, size, 0, dst=into))

    def _filtered(self, samples: NDArray, kernel_down: NDArray, into: Plane | None) -> Plane:
        return cv2.sepFilter2D(
            samples, cv2.CV_32F, self._kernel_across, kernel_down, dst=into
        )


def _blur_sigma_pixels(size_pixels: int) -> float:
    """Return the sigma that `cv2.GaussianBlur` derives from a kernel's size."""
    return 0.3 * ((size_pixels - 1) * 0.5 - 1) + 0.8


def _box_variance(factor: int) -> float:
    """Return the variance in square pixels of an average of `factor` neighbours."""
    return (factor**2 - 1) / 12


def _remaining_sigma_samples(
    blur_size_pixels: int, factor: int, variance_square_pixels: float
) -> float:
    left = _blur_sigma_pixels(blur_size_pixels) ** 2 - variance_square_pixels
    return math.sqrt(max(0.0, left)) / factor


def _kernel(blur_size_pixels: int, factor: int, variance_square_pixels: float) -> NDArray:
    """Return the column of a Gaussian that does the rest of the blur on the plane."""
    sigma = _remaining_sigma_samples(blur_size_pixels, factor, variance_square_pixels)
    # Five samples at the default, 99 % of the Gaussian's weight.
    size = 2 * round(sigma * 2.5) + 1
    return cv2.getGaussianKernel(size, sigma, cv2.CV_32F)
