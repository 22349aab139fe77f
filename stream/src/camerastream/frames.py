"""The records that travel down the pipeline: Frame, Motion, EncodedFrame.

One direction only: capture makes a `Frame`, motion looks at it, encoding turns it
into an `EncodedFrame`, delivery sends that. Nothing here does any work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as the camera gave it: decoded pixels or the camera's own JPEG.

    Exactly one of `image` and `jpeg` is set.

    Attributes:
        image: Pixels, shape (height, width, 3), uint8, in OpenCV's BGR order.
            The reader does not write into it again while anybody holds the array or a
            part of it.
        jpeg: The bytes of an MJPEG camera's frame, untouched.
        width: Width in pixels of the full frame.
        height: Height in pixels of the full frame.
        captured_at_seconds: Wall-clock time of capture, seconds since the Unix epoch.
    """

    image: NDArray[np.uint8] | None
    jpeg: bytes | None
    width: int
    height: int
    captured_at_seconds: float


@dataclass(frozen=True, slots=True)
class Motion:
    """What moved between two consecutive checked frames.

    Attributes:
        area_pixels: Moved area in pixels of the full frame, whatever plane it was
            measured on; regions below the minimum contour area are left out.
        area_percent: The same area in per cent of the frame.
        detected: Whether the area is above the motion threshold.
    """

    area_pixels: int
    area_percent: float
    detected: bool


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """A frame as it goes to Kafka.

    Attributes:
        data: The JPEG.
        width: Width in pixels.
        height: Height in pixels.
        captured_at_seconds: Wall-clock time of capture, seconds since the Unix epoch.
        motion_area_pixels: Moved area in pixels of the full frame.
        jpeg_quality: 1-100, or None where the camera's own JPEG passed through.
        original_bytes: Size before compression: of the decoded pixels, or of the
            camera's own JPEG where that passed through.
    """

    data: bytes
    width: int
    height: int
    captured_at_seconds: float
    motion_area_pixels: int
    jpeg_quality: int | None
    original_bytes: int

    @property
    def compressed_bytes(self) -> int:
        """Size of the JPEG in bytes."""
        return len(self.data)

    @property
    def compression_ratio(self) -> float:
        """Original size over compressed size, rounded to two places."""
        return round(self.original_bytes / max(1, len(self.data)), 2)
