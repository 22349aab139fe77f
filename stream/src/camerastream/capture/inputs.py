"""What the reader's loops need of anything that gives pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture; exactly one of `image` and `jpeg` is set.

    Attributes:
        image: Pixels, shape (height, width, 3), uint8, BGR; not written to again while
            anybody holds it or a part of it.
        jpeg: The bytes of an MJPEG source's picture, untouched.
        width: Width in pixels.
        height: Height in pixels.
    """

    image: NDArray[np.uint8] | None
    jpeg: bytes | None
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class OpenPlan:
    """How a source is to be opened.

    Attributes:
        timeout_seconds: How long opening may take.
        read_timeout_seconds: How long a picture may take.
        udp: Whether RTP packets travel by UDP instead of TCP.
        key_frames_only: Whether only key frames are decoded.
        mjpeg_passthrough: Whether an MJPEG source's bytes are given instead of pixels.
        ca_file: CA certificates (PEM) that TLS servers are checked against.
        kept_arrays: How many pictures' arrays are kept, to be filled again once nobody holds
            them any more. That takes less time, and memory between pictures.
    """

    timeout_seconds: float
    read_timeout_seconds: float
    udp: bool = False
    key_frames_only: bool = False
    mjpeg_passthrough: bool = True
    ca_file: Path | None = None
    kept_arrays: int = 0


class PassthroughRefusedError(Exception):
    """The packets of an MJPEG source are no JPEGs that everyone can read."""


class Input(Protocol):
    """An open source. All calls come from one thread."""

    def grab(self) -> bool:
        """Wait for the next picture; return False when there is none any more."""

    def picture(self) -> Picture | None:
        """Return the grabbed picture, or None when it is damaged.

        Raises:
            PassthroughRefusedError: The source must be opened with decoding.
        """

    def release(self) -> None:
        """Close the source."""

    @property
    def is_key(self) -> bool:
        """Whether the grabbed picture is a key frame."""

    @property
    def media_seconds(self) -> float:
        """Time of the grabbed picture within the stream."""

    @property
    def period_seconds(self) -> float:
        """Time between two pictures, as the stream claims."""

    @property
    def media_times(self) -> bool:
        """Whether `media_seconds` comes from the stream and is not invented."""

    @property
    def key_frame_late(self) -> bool:
        """Whether the decoder holds key frames back to bring pictures into order."""
