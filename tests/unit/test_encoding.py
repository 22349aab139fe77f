"""The JPEG that goes to Kafka."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from camerastream.encoding import EncodingError, JpegEncoder
from camerastream.frames import Frame, Motion

MOTION = Motion(area_pixels=1234, area_percent=0.5, detected=True)


def image(width=64, height=48):
    across = np.linspace(0, 255, width, dtype=np.uint8)
    return np.ascontiguousarray(np.broadcast_to(across[None, :, None], (height, width, 3)))


def test_pixels_become_a_jpeg_of_the_same_picture():
    encoded = JpegEncoder(90).encode(Frame(image(), None, 64, 48, 17.5), MOTION)
    decoded = cv2.imdecode(np.frombuffer(encoded.data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == (48, 64, 3)
    assert cv2.PSNR(decoded, image()) > 35
    assert (encoded.width, encoded.height) == (64, 48)
    assert encoded.captured_at_seconds == 17.5
    assert encoded.motion_area_pixels == 1234
    assert encoded.jpeg_quality == 90
    assert encoded.original_bytes == 64 * 48 * 3
    assert encoded.compressed_bytes == len(encoded.data)


def test_a_lower_quality_is_smaller():
    noisy = np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    sizes = [
        JpegEncoder(quality).encode(Frame(noisy, None, 64, 48, 0.0), MOTION).compressed_bytes
        for quality in (1, 50, 80, 100)
    ]
    assert sizes == sorted(sizes)


def test_a_cameras_own_jpeg_passes_through_untouched():
    jpeg = cv2.imencode(".jpg", image())[1].tobytes()
    encoded = JpegEncoder(10).encode(Frame(None, jpeg, 64, 48, 1.0), MOTION)
    assert encoded.data is jpeg
    assert encoded.jpeg_quality is None
    assert encoded.original_bytes == len(jpeg)
    assert encoded.compression_ratio == 1.0


def test_a_view_of_a_larger_picture_can_be_encoded():
    view = image(128, 96)[::2, ::2]
    encoded = JpegEncoder(80).encode(Frame(view, None, 64, 48, 0.0), MOTION)
    assert cv2.imdecode(np.frombuffer(encoded.data, np.uint8), cv2.IMREAD_COLOR).shape == view.shape


@pytest.mark.parametrize(
    "frame",
    [
        Frame(None, None, 64, 48, 0.0),
        Frame(None, b"", 64, 48, 0.0),
        Frame(image().astype(np.float32), None, 64, 48, 0.0),
        Frame(image()[:, :, 0], None, 64, 48, 0.0),
        Frame(image(), None, 48, 64, 0.0),
        Frame(np.zeros((0, 0, 3), np.uint8), None, 0, 0, 0.0),
        Frame(np.zeros((1, 70_000, 3), np.uint8), None, 70_000, 1, 0.0),
    ],
    ids=["nothing", "empty jpeg", "float", "gray", "swapped", "no pixels", "too wide for JPEG"],
)
def test_what_cannot_be_encoded_is_said(frame):
    with pytest.raises(EncodingError):
        JpegEncoder(80).encode(frame, MOTION)


@pytest.mark.parametrize("quality", [0, 101, -5])
def test_a_quality_that_does_not_exist_is_refused(quality):
    with pytest.raises(ValueError, match="from 1 to 100"):
        JpegEncoder(quality)
