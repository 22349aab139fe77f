"""When the idempotent producer may get the next frame, so that it never burns a core.

Where a partition has five *messages* under way, librdkafka creates no further request for
it (`rdkafka_broker.c`, `RD_KAFKA_IDEMP_MAX_INFLIGHT` against `rktp_msgs_inflight`), but its
thread wakes up again at once as long as another one has lingered for long enough: a whole
core, until the broker answers. It happens where frames per second times the seconds that an
acknowledgement takes exceed five: a fast camera far away from its brokers, or a broker that
has fallen silent.

So frames wait here instead while the producer has five or more, and go in one batch as soon
as it has fewer, which costs no throughput: a request is all that the producer would have
under way either way. Pure: the clock's readings come in as arguments.
"""

from __future__ import annotations

IDEMPOTENT_WINDOW_FRAMES = 5
"""librdkafka's `RD_KAFKA_IDEMP_MAX_INFLIGHT`."""
FAST_SECONDS = 0.05
"""Acknowledged so soon, frames need not wait: the thread could spin for no longer."""
_MESSAGE_OVERHEAD_BYTES = 1024
"""More than headers, key and framing of a frame take in a batch."""
_SMOOTHING = 0.25


class HandoverGate:
    """Decides how many frames the producer may get now.

    Args:
        batch_bytes: The producer's largest batch.
        patience_seconds: A producer that has acknowledged nothing for so long gets every
            frame: by then librdkafka has given up the silent broker's connection, and no
            longer spins.

    Example:
        >>> gate = HandoverGate(batch_bytes=1_000_000, patience_seconds=10)
        >>> for _ in range(5):
        ...     gate.handed_over(now=0.0)
        >>> gate.room_bytes(now=0.3)
        0
        >>> for _ in range(5):
        ...     gate.reported(handed_over_at=0.0, alone=True, now=0.3)
        >>> gate.room_bytes(now=0.3)
        1000000
    """

    def __init__(self, *, batch_bytes: int, patience_seconds: float) -> None:
        self._batch_bytes = batch_bytes
        self._patience_seconds = patience_seconds
        self._under_way_frames = 0
        self._progress_at = 0.0
        self._latency_seconds = 0.0

    @property
    def few_under_way(self) -> bool:
        """Whether a frame handed over now would be sent at once."""
        return self._under_way_frames < IDEMPOTENT_WINDOW_FRAMES

    def handed_over(self, *, now: float) -> None:
        """A frame has gone to the producer.

        Args:
            now: Monotonic seconds.
        """
        if self._under_way_frames == 0:
            self._progress_at = now
        self._under_way_frames += 1

    def refused(self) -> None:
        """The producer has not taken the frame after all."""
        self._under_way_frames -= 1

    def reported(self, *, handed_over_at: float, alone: bool, now: float) -> None:
        """The producer has told what became of a frame.

        Args:
            handed_over_at: When it went to the producer.
            alone: Whether few others were under way then (`few_under_way`): only such a
                frame's time is the link's; that of others holds their wait in a queue.
            now: Monotonic seconds.
        """
        self._under_way_frames -= 1
        self._progress_at = now
        if alone:
            took_seconds = now - handed_over_at
            self._latency_seconds += _SMOOTHING * (took_seconds - self._latency_seconds)

    def room_bytes(self, *, now: float) -> int | None:
        """Return how many bytes of frames may go now: one batch, 0, or None for all.

        Args:
            now: Monotonic seconds.
        """
        if self.few_under_way:
            return self._batch_bytes
        quiet_seconds = now - self._progress_at
        if quiet_seconds >= self._patience_seconds:
            return None
        fast = self._latency_seconds < FAST_SECONDS and quiet_seconds < FAST_SECONDS
        return None if fast else 0


def size_in_batch(value_bytes: int) -> int:
    """Return what a frame takes of a batch, at most.

    Args:
        value_bytes: Size of its value.
    """
    return value_bytes + _MESSAGE_OVERHEAD_BYTES
