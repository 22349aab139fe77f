"""The usual method at full resolution: what the program is measured against.

Every frame is read. Gray, `GaussianBlur` by BLUR_SIZE, `absdiff` with the frame
checked before, threshold 25, two dilations by 3x3, outer contours, the sum of the
areas of those of at least MIN_CONTOUR_AREA; motion above MOTION_THRESHOLD. "Morphology"
here is those two dilations and nothing else: that is what the widespread tutorials do,
and an opening would only repeat what the blur and the least contour area are for.
Frames are compressed with optimised Huffman tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import cv2

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOTION_THRESHOLD_PIXELS = 500
MIN_CONTOUR_AREA_PIXELS = 100
BLUR_SIZE_PIXELS = 21
QUALITY = 80


def blurred_gray(
    image: NDArray[np.uint8], blur_size_pixels: int = BLUR_SIZE_PIXELS
) -> NDArray[np.uint8]:
    """Return the plane that two frames are compared by.

    Args:
        image: Pixels, shape (height, width, 3), uint8, BGR.
        blur_size_pixels: Kernel size of the blur, odd.

    Returns:
        Shape (height, width), uint8.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    blurred = cv2.GaussianBlur(gray, (blur_size_pixels, blur_size_pixels), 0)
    return cast("NDArray[np.uint8]", blurred)


def moved_area_pixels(
    plane: NDArray[np.uint8],
    previous: NDArray[np.uint8],
    min_contour_area_pixels: int = MIN_CONTOUR_AREA_PIXELS,
) -> float:
    """Return the moved area between two planes of `blurred_gray`, in pixels.

    Args:
        plane: The plane of this frame.
        previous: The plane of the frame checked before.
        min_contour_area_pixels: Contours below this area are left out.
    """
    _, mask = cv2.threshold(cv2.absdiff(plane, previous), 25, 255, cv2.THRESH_BINARY)
    mask = cv2.dilate(mask, None, iterations=2)  # type: ignore[call-overload]
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    areas = map(cv2.contourArea, contours)
    return sum(area for area in areas if area >= min_contour_area_pixels)


class ReferenceMethod:
    """The usual program's loop over frames, but for reading and sending."""

    def __init__(self) -> None:
        self._previous: NDArray[np.uint8] | None = None

    def area_pixels(self, image: NDArray[np.uint8]) -> float:
        """Return the moved area against the frame before, in pixels."""
        plane = blurred_gray(image)
        area = 0.0 if self._previous is None else moved_area_pixels(plane, self._previous)
        self._previous = plane
        return area

    def jpeg(self, image: NDArray[np.uint8]) -> bytes:
        """Return the frame as a JPEG with optimised Huffman tables."""
        options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        return cv2.imencode(".jpg", image, options)[1].tobytes()
