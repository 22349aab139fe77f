"""The way of a frame: take it, look for motion, compress it, hand it to delivery."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from camerastream.encoding import EncodingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from camerastream.capture.reader import Reader
    from camerastream.delivery.service import Delivery
    from camerastream.encoding import JpegEncoder
    from camerastream.motion import MotionDetector

_TAKE_SECONDS = 0.2
_STEP_SECONDS = 0.005
_FRAMES_IN_STEP = 100


class Pipeline:
    """Runs the frames of one camera on a thread of its own.

    Args:
        reader: Where frames come from.
        detector: Looks for motion.
        encoder: Makes JPEGs.
        delivery: Where they go.
        clock: Monotonic seconds.
        keep_last_frame: Keep the last sent JPEG for `/frame.jpg`.
        in_step: Wait for Kafka before taking more: for a file that is played as fast as
            can be, never for a camera.
    """

    def __init__(
        self,
        reader: Reader,
        detector: MotionDetector,
        encoder: JpegEncoder,
        delivery: Delivery,
        *,
        clock: Callable[[], float],
        keep_last_frame: bool,
        in_step: bool = False,
    ) -> None:
        self.heartbeat_seconds = clock()
        self.finished = threading.Event()
        self.crashed = threading.Event()
        self.last_jpeg: bytes | None = None
        self._reader = reader
        self._detector = detector
        self._encoder = encoder
        self._delivery = delivery
        self._clock = clock
        self._keep_last_frame = keep_last_frame
        self._in_step = in_step
        self._stopping = threading.Event()
        self._log = structlog.get_logger()
        self._thread = threading.Thread(target=self._run, name="pipeline", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, *, timeout_seconds: float) -> bool:
        """Stop after the frame in hand; return whether the thread has ended."""
        self._stopping.set()
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self.heartbeat_seconds = self._clock()
                if self._in_step and self._delivery.outstanding_frames >= _FRAMES_IN_STEP:
                    self._stopping.wait(_STEP_SECONDS)
                elif not self._one_frame() and self._reader.status().ended:
                    self.finished.set()
                    return
        except Exception:  # noqa: BLE001 - the supervisor ends the program in order
            self._log.exception("the pipeline failed unexpectedly")
            self.crashed.set()

    def _one_frame(self) -> bool:
        """Handle the next frame; return False when none came in time."""
        frame = self._reader.take(_TAKE_SECONDS)
        if frame is None:
            return False
        self._delivery.accounting.captured()
        try:
            motion = self._detector.check(frame)
            if not motion.detected:
                self._log.debug("no motion", motion_area_pixels=motion.area_pixels)
                return True
            encoded = self._encoder.encode(frame, motion)
        except (ValueError, EncodingError) as error:
            self._log.warning("a frame cannot be used and is skipped", error=str(error))
            return True
        self._delivery.submit(encoded)
        if self._keep_last_frame:
            self.last_jpeg = encoded.data
        self._log.debug(
            "frame selected",
            frame_width=encoded.width,
            frame_height=encoded.height,
            motion_area_pixels=encoded.motion_area_pixels,
            jpeg_quality=encoded.jpeg_quality,
            original_bytes=encoded.original_bytes,
            compressed_bytes=encoded.compressed_bytes,
            compression_ratio=encoded.compression_ratio,
        )
        return True
