"""Where one frame waits for the one who takes it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from camerastream.frames import Frame


class FrameSlot:
    """Room for one frame, between the reader's thread and the pipeline's."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._wanted = False
        self._finished = False
        self._closed = False

    @property
    def wanted(self) -> bool:
        """Whether someone has asked for a frame and not got it yet."""
        with self._changed:
            return self._wanted and self._frame is None

    @property
    def ended(self) -> bool:
        """Whether the last frame has been taken and no other will come."""
        with self._changed:
            return self._finished and self._frame is None

    def offer(self, frame: Frame) -> None:
        """Put a frame in, in place of one that nobody took."""
        with self._changed:
            self._frame = frame
            self._changed.notify_all()

    def offer_in_step(self, frame: Frame) -> bool:
        """Put a frame in once the one before was taken; return False when closed meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is None or self._closed)
            if self._closed:
                return False
            self._frame = frame
            self._changed.notify_all()
            return True

    def take(self, timeout_seconds: float) -> Frame | None:
        """Take the frame; wait for it; return None on time-out, at the end, or when closed."""
        with self._changed:
            self._wanted = True
            self._changed.wait_for(
                lambda: self._frame is not None or self._finished or self._closed, timeout_seconds
            )
            frame, self._frame = self._frame, None
            if frame is not None:
                self._wanted = False
                self._changed.notify_all()
            return frame

    def finish(self) -> None:
        """Say that no other frame will come."""
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def close(self) -> None:
        """Wake everyone who waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
