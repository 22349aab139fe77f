"""What a stream says of itself at `/status`. Pure; reading it never fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_cam.look import Look

if TYPE_CHECKING:
    from datetime import datetime

HEALTHY = "healthy"


@dataclass(frozen=True, slots=True)
class Live:
    """A stream's figures; None or empty where it did not tell.

    Attributes:
        monitor_state: healthy, erroring or tripped.
        kafka_cause: What is wrong with Kafka, in a word.
        error_seconds: How long buffer errors have lasted.
        threshold_seconds: After how long they force a restart.
        queue_ratio: Use of the producer's queue, 0 to 1.
        oldest_unacked_seconds: Age of the oldest frame that Kafka has not acknowledged.
        spooled_frames: Frames that wait on disk.
        spool_bytes: Their size.
        camera_up: Whether pictures come.
        camera_cause: Why none come, in a word.
        last_frame_at: When the last picture came.
    """

    monitor_state: str = ""
    kafka_cause: str = ""
    error_seconds: float | None = None
    threshold_seconds: float | None = None
    queue_ratio: float | None = None
    oldest_unacked_seconds: float | None = None
    spooled_frames: int | None = None
    spool_bytes: int | None = None
    camera_up: bool | None = None
    camera_cause: str = ""
    last_frame_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking a pod.

    Attributes:
        live: Its figures, None when there are none.
        reason: Why there are none.
    """

    live: Live | None
    reason: str = ""


def read_live(data: object) -> Live | None:
    """Read the answer; None when it is not a stream's."""
    look = Look(data)
    monitor, queue = look.at("monitor"), look.at("queue")
    spool, source = look.at("spool"), look.at("source")
    if not monitor and not source:
        return None
    return Live(
        monitor_state=monitor.text("state"),
        kafka_cause=monitor.text("cause"),
        error_seconds=monitor.number("errorDurationSeconds"),
        threshold_seconds=monitor.number("thresholdSeconds"),
        queue_ratio=queue.number("utilizationRatio"),
        oldest_unacked_seconds=queue.number("oldestUnackedSeconds"),
        spooled_frames=spool.count("frames"),
        spool_bytes=spool.count("bytes"),
        camera_up=source.flag("up"),
        camera_cause=source.text("cause"),
        last_frame_at=source.time("lastFrameTime"),
    )
