"""The small plane: a frame's brightness, blurred, one sample per few pixels.

Averaging by a whole factor is itself a blur. The factor is the largest that blurs
clearly less than the blur asked for, and the small plane is blurred by the rest, so
that the variances add up to the full blur's. At the default blur of 21 pixels the
factor is 4, or 2 for frames less than 640 pixels high; below a blur of 11 pixels there
is nothing to save and the plane is the full frame, blurred as it always was.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from camerastream.frames import Frame

Plane: TypeAlias = NDArray[np.int16] | NDArray[np.uint8]
"""Brightness in units of `PlaneMaker.units_per_level`."""

_UNITS_PER_LEVEL = 128
"""A small plane is kept in 1/128 of a gray level: 255 levels just fit into int16, and
the averages need not be rounded to whole levels, which would move the edge of what
counts as changed. int16 is half of float32 to read and write."""

_LEAST_REMAINING_SIGMA_SAMPLES = 0.8
"""Below this blur the samples are too far apart to interpolate between; the default
blur of 21 pixels leaves 0.82 at factor 4."""

_SMALLEST_SIDE_SAMPLES = 160
"""No factor above 1 makes a side of the plane shorter. Small frames are cheap anyway,
and what moves in them is few samples across: of the sample clips' pairs 1 s apart, 768x432
at factor 4 decided 0.9 % otherwise than the full resolution did, at factor 2 0.5 %."""

_HALF = 2
"""At this factor every pixel is averaged; OpenCV has a fast way for just that."""

_LINE_STEP = 4
"""At larger factors one line of so many is read, the second: the nearest to the middle of the
four. With the first one 1.4 % of the decisions on `car` at 720p, 1 s apart, differed from the
usual method's, with the second 0.5 %."""

_EVEN_BYTES = np.uint32(0x00FF00FF)

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

    Args:
        width: Width of the frames in pixels.
        height: Height of the frames in pixels.
        blur_size_pixels: Size of the blur, odd, in pixels of the frame.

    Attributes:
        width: Width of the frames in pixels.
        height: Height of the frames in pixels.
        factor: Pixels per sample, in each direction.
        shape: (rows, columns) of the planes. Up to factor - 1 pixels at the right and
            lower edges of the frame are left out.
        units_per_level: What one gray level is in the planes.
    """

    def __init__(self, width: int, height: int, blur_size_pixels: int) -> None:
        self.width = width
        self.height = height
        self.factor = factor = choose_factor(width, height, blur_size_pixels)
        self.shape = rows, columns = height // factor, width // factor
        self.units_per_level = 1 if factor == 1 else _UNITS_PER_LEVEL
        self._blur_size_pixels = blur_size_pixels
        if factor == 1:
            self._gray = np.empty((height, width), np.uint8)
            return
        box = _box_variance(factor)
        self._across = _kernel(blur_size_pixels, factor, box)
        self._down = _kernel(blur_size_pixels, factor, box) * _UNITS_PER_LEVEL
        if factor == _HALF:
            self._halved = np.empty((rows, columns, 3), np.uint8)
            self._gray = np.empty(self.shape, np.uint8)
            return
        lines, quarters = rows * factor // _LINE_STEP, columns * factor // _LINE_STEP
        self._gray = np.empty((lines, quarters * _LINE_STEP), np.uint8)
        self._pairs = np.empty((lines, quarters), np.uint32)
        self._sums = np.empty((lines, quarters), np.uint16)
        self._samples = self._sums if factor == _LINE_STEP else np.empty(self.shape, np.uint16)
        # A single line has no variance of its own, the average of two has their distance's.
        lines_apart = _LINE_STEP if factor > _LINE_STEP else 0
        self._down_sums = _kernel(blur_size_pixels, factor, lines_apart**2 / 4) * (
            _UNITS_PER_LEVEL / _LINE_STEP
        )

    def new_plane(self) -> Plane:
        """Return an empty plane of this maker's shape and type."""
        if self.factor == 1:
            return np.empty(self.shape, np.uint8)
        return np.empty(self.shape, np.int16)

    def make(self, frame: Frame, into: Plane | None = None) -> Plane:
        """Make the small plane of a frame.

        Args:
            frame: A frame of this maker's size.
            into: A plane of an earlier call, to be overwritten; None makes a new one.

        Returns:
            The plane, shape `shape`: int16 at a factor above 1, else uint8.

        Raises:
            ValueError: The frame's JPEG cannot be decoded or has another size than the
                frame says, or its pixels are not (height, width, 3) uint8.
        """
        if frame.image is not None:
            return self._from_pixels(frame.image, into)
        return self._from_jpeg(frame.jpeg or b"", into)

    def _from_pixels(self, image: NDArray[np.uint8], into: Plane | None) -> Plane:
        wanted = (self.height, self.width, 3)
        if image.dtype != np.uint8 or image.shape != wanted:
            raise ValueError(
                f"a frame of {self.width}x{self.height} needs pixels of shape {wanted} and type "
                f"uint8, not {image.shape} and {image.dtype}"
            )
        if self.factor == 1:
            cv2.cvtColor(image, cv2.COLOR_BGR2GRAY, dst=self._gray)
            return self._fully_blurred(self._gray, into)
        rows, columns = self.shape
        whole = image[: rows * self.factor, : columns * self.factor]
        if self.factor == _HALF:
            cv2.resize(whole, (columns, rows), dst=self._halved, interpolation=cv2.INTER_AREA)
            cv2.cvtColor(self._halved, cv2.COLOR_BGR2GRAY, dst=self._gray)
            return self._filtered(self._gray, self._down, into)
        cv2.cvtColor(whole[1::_LINE_STEP], cv2.COLOR_BGR2GRAY, dst=self._gray)
        self._sum_across()
        if self._samples is not self._sums:
            size = (columns, rows)
            cv2.resize(self._sums, size, dst=self._samples, interpolation=cv2.INTER_AREA)
        # At most 4 x 255: the sign bit is never set. The filter takes no uint16 to int16.
        return self._filtered(self._samples.view(np.int16), self._down_sums, into)

    def _sum_across(self) -> None:
        """Add four neighbouring columns."""
        # Four bytes read as one word: a third of the time of strided reads.
        words = self._gray.view(np.uint32)
        np.right_shift(words, 8, out=self._pairs)
        np.bitwise_and(self._pairs, _EVEN_BYTES, out=self._pairs)
        np.bitwise_and(words, _EVEN_BYTES, out=words)
        np.add(self._pairs, words, out=self._pairs)
        halves = self._pairs.view(np.uint16)
        np.add(halves[:, ::2], halves[:, 1::2], out=self._sums)

    def _from_jpeg(self, jpeg: bytes, into: Plane | None) -> Plane:
        # A picture turned by its EXIF entry is the same picture for this purpose, and
        # its frame's size is that of the coded picture.
        flags = _DECODING[self.factor] | cv2.IMREAD_IGNORE_ORIENTATION
        try:
            gray = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flags)
        except cv2.error:
            gray = None
        if gray is None:
            raise ValueError(f"the camera's JPEG of {len(jpeg)} bytes cannot be decoded")
        if gray.shape != (-(-self.height // self.factor), -(-self.width // self.factor)):
            raise ValueError(
                f"the camera's JPEG is not of {self.width}x{self.height} pixels, as its frame says"
            )
        samples = cast("NDArray[np.uint8]", gray)
        if self.factor == 1:
            return self._fully_blurred(samples, into)
        rows, columns = self.shape
        return self._filtered(samples[:rows, :columns], self._down, into)

    def _fully_blurred(self, gray: NDArray[np.uint8], into: Plane | None) -> Plane:
        size = (self._blur_size_pixels, self._blur_size_pixels)
        return cast("Plane", cv2.GaussianBlur(gray, size, 0, dst=into))

    def _filtered(
        self,
        samples: NDArray[np.uint8] | NDArray[np.int16],
        down: NDArray[np.float32],
        into: Plane | None,
    ) -> Plane:
        return cast("Plane", cv2.sepFilter2D(samples, cv2.CV_16S, self._across, down, dst=into))


def _blur_variance(size_pixels: int) -> float:
    """Return the variance in square pixels of the blur of that kernel size."""
    return _variance(cv2.getGaussianKernel(size_pixels, 0))


def _box_variance(factor: int) -> float:
    """Return the variance in square pixels of an average of `factor` neighbours."""
    return (factor**2 - 1) / 12


def _remaining_sigma_samples(
    blur_size_pixels: int, factor: int, variance_square_pixels: float
) -> float:
    """Return the sigma that completes the blur on the small plane."""
    left = _blur_variance(blur_size_pixels) - variance_square_pixels
    return math.sqrt(max(0.0, left)) / factor


def _kernel(
    blur_size_pixels: int, factor: int, variance_square_pixels: float
) -> NDArray[np.float32]:
    """Return a column of Gaussian weights, their sum 1, that completes the blur."""
    wanted = _remaining_sigma_samples(blur_size_pixels, factor, variance_square_pixels)
    size = 2 * round(wanted * 2.5) + 1
    # Cut off at 2.5 sigma a kernel blurs less than its sigma says: at factor 2 that alone
    # made small areas 3 % larger. So the sigma is raised until the variance is right.
    sigma = wanted
    for _ in range(20):
        sigma *= wanted / math.sqrt(_variance(cv2.getGaussianKernel(size, sigma)))
    return cast("NDArray[np.float32]", cv2.getGaussianKernel(size, sigma, cv2.CV_32F))


def _variance(kernel: NDArray[Any]) -> float:
    """Return the variance of a symmetric column of weights."""
    weights = kernel[:, 0].astype(np.float64)
    distances = np.arange(len(weights)) - len(weights) // 2
    return float((weights * distances**2).sum() / weights.sum())
