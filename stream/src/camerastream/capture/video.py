"""Cameras and files through OpenCV's own FFmpeg, devices through V4L2."""

from __future__ import annotations

import math
import os
import threading
from typing import TYPE_CHECKING, cast

import cv2

from camerastream.capture.arrays import PictureArrays
from camerastream.capture.inputs import PassthroughRefusedError, Picture
from camerastream.capture.jpeg import read_header
from camerastream.capture.source import SourceKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from camerastream.capture.inputs import OpenPlan
    from camerastream.capture.source import Source

_OPTIONS_VARIABLE = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_DEFAULT_FPS = 25.0
_FPS = (0.1, 240.0)
_MJPEG = "MJPG"
_UNKNOWN_FRAMES = 1e6
"""Beyond it a frame number was made of a time that the stream does not give."""
_LATEST_SECONDS = 0.15
"""How long a decoder may hold its first picture back and count as prompt."""
_DEPENDENT_TYPES = frozenset(map(ord, "PB"))
# OpenCV reads its options from the environment of the process while it opens.
_environment = threading.Lock()


def capture_options(plan: OpenPlan) -> str:
    """Return OpenCV's options for FFmpeg, `key;value` pairs separated by `|`.

    The transport is always named: setting the variable at all drops OpenCV's own default
    for it. Of the codec options only `avdiscard` has an effect (OpenCV 5.0.0).

    Raises:
        ValueError: The CA file's path holds a separator.
    """
    options = [f"rtsp_transport;{'udp' if plan.udp else 'tcp'}"]
    if plan.key_frames_only:
        options.append("avdiscard;nonkey")
    if plan.ca_file is not None:
        path = str(plan.ca_file)
        if ";" in path or "|" in path:
            raise ValueError("the path in CAMERA_CA_LOCATION holds ';' or '|'; rename the file")
        # Without tls_verify FFmpeg takes any certificate.
        options += ["tls_verify;1", f"ca_file;{path}"]
    return "|".join(options)


class Video:
    """An open `cv2.VideoCapture`. Belongs to the thread that opened it.

    Releasing it from another thread while a grab waits crashes the process (measured:
    four times of four).

    Args:
        capture: The open capture, nothing grabbed yet.
        passthrough: Give an MJPEG stream's own bytes, where it is one.
        kept_arrays: How many pictures' arrays are kept, to be filled again.
    """

    def __init__(self, capture: cv2.VideoCapture, *, passthrough: bool, kept_arrays: int) -> None:
        self._capture = capture
        self._grabbed = 0
        self._began_late = False
        self._seen_jpeg = False
        fps = capture.get(cv2.CAP_PROP_FPS)
        usable = math.isfinite(fps) and _FPS[0] <= fps <= _FPS[1]
        self._fps = fps if usable else _DEFAULT_FPS
        self._is_mjpeg = _fourcc(capture) == _MJPEG
        # Accepted only before the first grab; gives packets instead of pixels.
        self._passthrough = (
            passthrough and self._is_mjpeg and bool(capture.set(cv2.CAP_PROP_FORMAT, -1))
        )
        self._arrays = PictureArrays(0 if self._passthrough else kept_arrays)

    def grab(self) -> bool:
        """Wait for the next picture; return False when there is none any more."""
        grabbed = self._capture.grab()
        self._grabbed += grabbed
        if self._grabbed == 1:
            self._began_late = self._first_held_back_seconds() > _LATEST_SECONDS
        return grabbed

    def picture(self) -> Picture | None:
        """Return the grabbed picture, or None when it is damaged.

        Raises:
            PassthroughRefusedError: The first packet is no JPEG, or one has no Huffman tables.
        """
        done, data = self._capture.retrieve(self._arrays.free())
        if not done or data is None:
            return None
        if not self._passthrough:
            image = cast("NDArray[np.uint8]", data)
            self._arrays.keep(image)
            if image.ndim != 3:
                image = cast("NDArray[np.uint8]", cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
            return Picture(image, None, image.shape[1], image.shape[0])
        jpeg = data.tobytes()
        header = read_header(jpeg)
        if header is None and self._seen_jpeg:
            return None
        if header is None or not header.complete:
            raise PassthroughRefusedError
        self._seen_jpeg = True
        return Picture(None, jpeg, header.width, header.height)

    def release(self) -> None:
        """Close the capture."""
        self._capture.release()

    @property
    def is_key(self) -> bool:
        """Whether the grabbed picture is a key frame."""
        return bool(self._capture.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME))

    @property
    def media_seconds(self) -> float:
        """Time of the grabbed picture within the stream."""
        if self._is_mjpeg and self._passthrough:
            return (self._grabbed - 1) / self._fps
        return float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000

    @property
    def period_seconds(self) -> float:
        """Time between two pictures, as the stream claims."""
        return 1 / self._fps

    @property
    def media_times(self) -> bool:
        """Whether `media_seconds` comes from the stream: FFmpeg invents it for MJPEG."""
        return not self._is_mjpeg

    @property
    def key_frame_late(self) -> bool:
        """Whether the decoder holds key frames back until more frames have come.

        Seen where all frames are decoded: the packet is a key frame's and the picture another
        one. Seen where key frames alone are: the first picture came after a later packet.
        """
        return self._began_late or (
            self.is_key and int(self._capture.get(cv2.CAP_PROP_FRAME_TYPE)) in _DEPENDENT_TYPES
        )

    def _first_held_back_seconds(self) -> float:
        """Return how far the packet that gave the first picture lies behind it.

        OpenCV keeps that packet's time as the negative of a frame number. It alone says
        nothing: a connection that begins between two key frames counts from there (MediaMTX
        begins so).
        """
        frames = -self._capture.get(cv2.CAP_PROP_DTS_DELAY) - self._capture.get(cv2.CAP_PROP_PTS)
        return frames / self._fps if abs(frames) < _UNKNOWN_FRAMES else 0.0


def open_video(source: Source, plan: OpenPlan) -> Video | None:
    """Open a source, or return None; the reason is in what native code writes to stderr.

    Raises:
        ValueError: The plan cannot be told to OpenCV.
    """
    if source.kind is SourceKind.DEVICE:
        capture = cv2.VideoCapture(source.address, cv2.CAP_V4L2)
        return _opened(capture, plan, passthrough=False)
    address = source.address
    if source.kind is SourceKind.FILE:
        address = f"file:{address}"  # a colon in a file's name is no protocol
    parameters = [
        # With more threads frames are up to half a second older, and cost 93 MiB on a
        # node with 16 cores.
        *(cv2.CAP_PROP_N_THREADS, 1),
        *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(plan.timeout_seconds * 1000)),
        *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(plan.read_timeout_seconds * 1000)),
    ]
    options = capture_options(plan)
    with _environment:
        # Changing the environment is not safe against native threads that read it: only
        # when needed, which is on the first opening.
        if os.environ.get(_OPTIONS_VARIABLE) != options:
            os.environ[_OPTIONS_VARIABLE] = options
        # Never without CAP_FFMPEG: the next backend that OpenCV would try prints the
        # address to stderr, password and all.
        capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, parameters)
    return _opened(capture, plan, passthrough=plan.mjpeg_passthrough)


def _opened(capture: cv2.VideoCapture, plan: OpenPlan, *, passthrough: bool) -> Video | None:
    if capture.isOpened():
        return Video(capture, passthrough=passthrough, kept_arrays=plan.kept_arrays)
    capture.release()
    return None


def _fourcc(capture: cv2.VideoCapture) -> str:
    code = int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
    return code.to_bytes(4, "little").decode("latin-1").upper()
