"""What the delivery looks like at one moment: what recovery is judged by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BacklogTrend(StrEnum):
    """How the spool develops."""

    EMPTY = "empty"
    SHRINKING = "shrinking"
    GROWING = "growing"


@dataclass(frozen=True, slots=True)
class DeliveryCondition:
    """What the delivery looks like at a tick.

    Attributes:
        queue_utilization: 0.0 empty to 1.0 full, of the producer's queue.
        backlog: How the spool develops.
        outstanding_frames: Frames queued, in flight or spooled.
        oldest_in_flight_seconds: How long the producer has had the frame that it has had
            for longest; 0 when it has none.
    """

    queue_utilization: float
    backlog: BacklogTrend
    outstanding_frames: int
    oldest_in_flight_seconds: float = 0.0
