"""`/status`: the program's view as one JSON object. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from camerastream.health.view import ProgramView


def status_of(view: ProgramView) -> dict[str, Any]:
    """Return the status object; field names are part of the contract with the operator."""
    monitor, queue, source = view.delivery.monitor, view.delivery.queue, view.source
    return {
        "camera": view.camera,
        "stream": view.delivery.stream,
        "monitor": {
            "state": monitor.state.value,
            "cause": view.delivery.cause,
            "lastError": monitor.last_error,
            "errorDurationSeconds": round(monitor.error_duration_seconds, 1),
            "consecutiveErrors": monitor.consecutive_errors,
            "thresholdSeconds": monitor.limits.threshold_seconds,
            "hold": monitor.limits.hold,
            "holdUntil": rfc3339(monitor.limits.hold_until_seconds),
            "settingsGeneration": monitor.limits.generation,
        },
        "frames": frames_of(view),
        "queue": {
            "utilizationRatio": round(queue.utilization, 4),
            "frames": queue.frames,
            "bytes": queue.size_bytes,
            "maxBytes": queue.max_bytes,
            "oldestUnackedSeconds": round(view.oldest_unacked_seconds, 1),
        },
        "spool": {"frames": view.counts.spooled, "bytes": view.delivery.spool_bytes},
        "source": {
            "up": source.up,
            "cause": source.cause,
            "detail": source.detail,
            "width": source.width,
            "height": source.height,
            "lastFrameTime": rfc3339(source.last_frame_seconds),
            "reconnects": dict(source.reconnects),
        },
    }


def frames_of(view: ProgramView) -> dict[str, Any]:
    """Return the counts of frames by place."""
    counts = view.counts
    return {
        "captured": counts.captured,
        "selected": counts.selected,
        "delivered": counts.delivered,
        "inFlight": counts.in_flight,
        "spooled": counts.spooled,
        "dropped": dict(counts.dropped),
        "nextSequence": view.delivery.next_sequence,
    }


def rfc3339(at_seconds: float | None) -> str | None:
    """Return Unix seconds as RFC 3339, UTC."""
    if at_seconds is None:
        return None
    return datetime.fromtimestamp(at_seconds, UTC).isoformat().replace("+00:00", "Z")
