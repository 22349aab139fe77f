"""The small plane: a frame's brightness, one sample per few pixels.

The factor is the largest whose averaging blurs clearly less than the blur asked for. At the
default blur of 21 pixels it is 4, or 2 for frames less than 640 pixels high; below a blur
of 11 pixels there is nothing to save and the plane is the full frame, blurred as it always
was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from camerastream.motion.blur import Blur, box_variance, remaining_sigma_samples

if TYPE_CHECKING:
    from camerastream.frames import Frame

Samples: TypeAlias = NDArray[np.uint8]
"""Brightness, 0 to 255."""

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

_COLUMNS_VARIANCE = 2 * (0.3505 * 0.5**2 + 0.1495 * 1.5**2)
"""Variance in square pixels of the average of four columns: OpenCV's weights for red, green and
blue, 0.299, 0.587 and 0.114, on the first three and the other way round on the last three."""

_DECODING = {
    1: cv2.IMREAD_GRAYSCALE,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}
"""How a JPEG is decoded to one sample per factor x factor pixels: by a smaller inverse
transform, at less than half of the full decoder's cost."""


@dataclass(frozen=True, slots=True)
class Plane:
    """A frame's small plane.

    Attributes:
        samples: Shape `PlaneMaker.shape`.
        blur: What is left to do of the blur; None at factor 1, where it is done.
    """

    samples: Samples
    blur: Blur | None


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
        remaining = remaining_sigma_samples(blur_size_pixels, factor, box_variance(factor))
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
    """

    def __init__(self, width: int, height: int, blur_size_pixels: int) -> None:
        self.width = width
        self.height = height
        self.factor = factor = choose_factor(width, height, blur_size_pixels)
        self.shape = rows, columns = height // factor, width // factor
        self._blur_size_pixels = blur_size_pixels
        if factor == 1:
            self._gray = np.empty((height, width), np.uint8)
            self._blur = self._lines_blur = None
            return
        box = box_variance(factor)
        self._blur = Blur(blur_size_pixels, factor, box, box)
        if factor == _HALF:
            self._halved = np.empty((rows, columns, 3), np.uint8)
            return
        # What lies between the lines that are read has no part in the average.
        apart = box_variance(factor // _LINE_STEP) * _LINE_STEP**2
        self._lines_blur = Blur(blur_size_pixels, factor, apart + _COLUMNS_VARIANCE, apart)
        lines, quarters = rows * factor // _LINE_STEP, columns * factor // _LINE_STEP
        wide = np.empty((lines, (quarters + 1) * _LINE_STEP), np.uint8)
        self._gray = wide[:, :-_LINE_STEP]
        # Four columns each, from the first one on and from the second one on.
        self._fours = self._gray.reshape(lines, quarters, _LINE_STEP)
        self._next_fours = wide[:, 1 : 1 - _LINE_STEP].reshape(self._fours.shape)
        self._half, self._other_half = (np.empty((lines, quarters), np.uint8) for _ in range(2))

    def make(self, frame: Frame, into: Samples | None = None) -> Plane:
        """Make the small plane of a frame.

        Args:
            frame: A frame of this maker's size.
            into: The samples of an earlier call, to be overwritten; None makes new ones.

        Returns:
            The plane.

        Raises:
            ValueError: The frame's JPEG cannot be decoded or has another size than the
                frame says, or its pixels are not (height, width, 3) uint8.
        """
        samples = np.empty(self.shape, np.uint8) if into is None else into
        if frame.image is not None:
            return self._from_pixels(frame.image, samples)
        return self._from_jpeg(frame.jpeg or b"", samples)

    def _from_pixels(self, image: NDArray[np.uint8], into: Samples) -> Plane:
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
            cv2.cvtColor(self._halved, cv2.COLOR_BGR2GRAY, dst=into)
            return Plane(into, self._blur)
        cv2.cvtColor(whole[1::_LINE_STEP], cv2.COLOR_BGR2GRAY, dst=self._gray)
        # Four columns averaged, each four taken for one pixel of four channels, which takes less
        # time than adding columns up with numpy. The fourth channel counts for nothing.
        cv2.cvtColor(self._fours, cv2.COLOR_RGBA2GRAY, dst=self._half)
        cv2.cvtColor(self._next_fours, cv2.COLOR_BGRA2GRAY, dst=self._other_half)
        average = into if self.factor == _LINE_STEP else self._half
        cv2.addWeighted(self._half, 0.5, self._other_half, 0.5, 0, dst=average)
        if average is not into:
            cv2.resize(average, (columns, rows), dst=into, interpolation=cv2.INTER_AREA)
        return Plane(into, self._lines_blur)

    def _from_jpeg(self, jpeg: bytes, into: Samples) -> Plane:
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
        # Not into what was given: the decoder's picture is a new one anyway.
        return Plane(samples[:rows, :columns], self._blur)

    def _fully_blurred(self, gray: NDArray[np.uint8], into: Samples) -> Plane:
        size = (self._blur_size_pixels, self._blur_size_pixels)
        cv2.GaussianBlur(gray, size, 0, dst=into)
        return Plane(into, None)
