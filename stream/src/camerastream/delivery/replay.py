"""How many spooled frames may be under way at once: paced by acknowledgements.

Pure. It begins with a single probe frame, so that a broker that is still silent gets
one frame and not a queue full of duplicates-to-be, and opens with every
acknowledgement, as TCP's slow start does. The cap keeps replay from ever filling the
queue: replay by itself can never cause a buffer error.
"""

from __future__ import annotations

from dataclasses import dataclass

REPLAY_QUEUE_SHARE = 0.25
"""The part of the producer's queue that replay may use."""


@dataclass(frozen=True, slots=True)
class QueueUse:
    """How full the producer's queue is.

    Attributes:
        frames: Frames in it.
        size_bytes: Bytes of their values; librdkafka's limit counts values only.
        max_frames: Its limit in frames, 0 for none.
        max_bytes: Its limit in bytes.
    """

    frames: int
    size_bytes: int
    max_frames: int
    max_bytes: int

    @property
    def utilization(self) -> float:
        """0.0 empty to 1.0 full, by whichever limit is nearer."""
        by_count = self.frames / self.max_frames if self.max_frames else 0.0
        return max(by_count, self.size_bytes / self.max_bytes)

    def with_frame(self, size_bytes: int) -> QueueUse:
        """Return the use with one more frame."""
        return QueueUse(
            self.frames + 1, self.size_bytes + size_bytes, self.max_frames, self.max_bytes
        )


class ReplayWindow:
    """The number of replayed frames that may be unacknowledged at once."""

    def __init__(self, *, max_frames: int = 1000) -> None:
        self._max_frames = max_frames
        self._window_frames = 1

    def acknowledged(self) -> None:
        """Open by one frame: with all acknowledged the window doubles each round trip."""
        self._window_frames = min(self._max_frames, self._window_frames + 1)

    def failed(self) -> None:
        """Fall back to a single probe."""
        self._window_frames = 1

    def admits(self, *, replaying_frames: int, queue: QueueUse, frame_bytes: int) -> bool:
        """Say whether one more spooled frame may be handed to the producer.

        A frame larger than the share may go alone: else it would wait for ever.
        """
        if replaying_frames >= self._window_frames:
            return False
        if queue.frames == 0:
            return True
        return queue.with_frame(frame_bytes).utilization <= REPLAY_QUEUE_SHARE
