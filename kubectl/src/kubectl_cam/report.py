"""The same as the tables, as JSON for programs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubectl_cam.times import rfc3339, seconds_between

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from kubectl_cam.live import Live
    from kubectl_cam.row import Row
    from kubectl_cam.timeline import Entry, Timeline


def status_report(rows: Iterable[Row], now: datetime) -> dict[str, Any]:
    """Return all cameras, with trouble first as in the table."""
    return {"time": rfc3339(now), "cameras": [_camera(row, now) for row in rows]}


def timeline_report(timeline: Timeline) -> dict[str, Any]:
    """Return a camera's restarts."""
    return {
        "namespace": timeline.namespace,
        "name": timeline.name,
        "created": rfc3339(timeline.created),
        "total": timeline.total,
        "byReason": timeline.by_reason,
        "sidecar": timeline.sidecar,
        "podReplacements": timeline.pod_replacements,
        "unobservedReplacements": timeline.unobserved_replacements,
        "budget": {
            "restarts": timeline.budget_restarts,
            "windowSeconds": timeline.budget_window_seconds,
            "inWindow": timeline.in_window,
            "remaining": timeline.budget_remaining,
        },
        "hold": timeline.hold or None,
        "holdUntil": rfc3339(timeline.hold_until),
        "unlisted": timeline.unlisted,
        "restarts": [_entry(entry) for entry in timeline.entries],
        "secondsSinceLast": timeline.since_last_seconds,
    }


def _camera(row: Row, now: datetime) -> dict[str, Any]:
    camera = row.camera
    return {
        "namespace": camera.namespace,
        "name": camera.name,
        "rank": row.rank.name.capitalize(),
        "trouble": row.sentence or None,
        "ready": camera.ready or None,
        "reason": camera.reason or None,
        "message": camera.message or None,
        "state": camera.state.value,
        "hold": camera.hold or None,
        "holdUntil": rfc3339(camera.hold_until),
        "restarts": {
            "total": camera.restarts,
            "lastReason": camera.last_reason or None,
            "lastTime": rfc3339(camera.last_at),
            "budgetRemaining": camera.budget_remaining,
        },
        "threshold": {
            "seconds": camera.threshold_seconds,
            "source": camera.threshold_source or None,
        },
        "live": None if row.answer.live is None else _live(row.answer.live, now),
        "liveReason": row.answer.reason or None,
    }


def _live(live: Live, now: datetime) -> dict[str, Any]:
    return {
        "monitorState": live.monitor_state or None,
        "kafkaCause": live.kafka_cause or None,
        "errorSeconds": live.error_seconds,
        "queueRatio": live.queue_ratio,
        "oldestUnackedSeconds": live.oldest_unacked_seconds,
        "spooledFrames": live.spooled_frames,
        "spoolBytes": live.spool_bytes,
        "cameraUp": live.camera_up,
        "cameraCause": live.camera_cause or None,
        "lastFrameTime": rfc3339(live.last_frame_at),
        "frameAgeSeconds": seconds_between(live.last_frame_at, now),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "time": rfc3339(entry.at),
        "reason": entry.reason or None,
        "cause": entry.cause or None,
        "exitCode": entry.exit_code,
        "durationSeconds": entry.duration_seconds,
        "message": entry.message or None,
        "frames": entry.frames or None,
        "pod": entry.pod or None,
        "secondsSinceBefore": entry.gap_seconds,
    }
