"""Delivery as others may see it, from any thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from camerastream.delivery.monitor import MonitorSnapshot
    from camerastream.delivery.replay import QueueUse


@dataclass(frozen=True, slots=True)
class DeliverySnapshot:
    """Delivery at the end of its thread's last pass.

    Attributes:
        stream: Id of the stream.
        next_sequence: Number of the next frame.
        monitor: The monitor.
        cause: Most likely cause of errors, None while healthy.
        queue: Use of the producer's queue.
        spool_bytes: Bytes of JPEGs on disk.
        oldest_unacked_at_seconds: Capture time of the oldest frame without an
            acknowledgement, Unix seconds; None when there is none.
    """

    stream: str
    next_sequence: int
    monitor: MonitorSnapshot
    cause: str | None
    queue: QueueUse
    spool_bytes: int
    oldest_unacked_at_seconds: float | None
