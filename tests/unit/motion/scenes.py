"""Frames to test motion with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from camerastream.frames import Frame

if TYPE_CHECKING:
    from numpy.typing import NDArray


def frame(image: NDArray[np.uint8]) -> Frame:
    return Frame(image, None, image.shape[1], image.shape[0], 0.0)


def jpeg_frame(image: NDArray[np.uint8], quality: int = 95) -> Frame:
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    return Frame(None, data, image.shape[1], image.shape[0], 0.0)


def background(width: int, height: int) -> NDArray[np.uint8]:
    """A soft colour gradient: nothing to confuse motion with."""
    across = np.linspace(40, 140, width, dtype=np.float32)[None, :]
    down = np.linspace(0, 40, height, dtype=np.float32)[:, None]
    gray = across + down
    return np.stack([gray, gray * 0.9, gray * 0.8], axis=2).astype(np.uint8)


def with_box(
    image: NDArray[np.uint8], left: int, top: int, width: int, height: int
) -> NDArray[np.uint8]:
    copy = image.copy()
    copy[top : top + height, left : left + width] = (220, 230, 240)
    return copy
