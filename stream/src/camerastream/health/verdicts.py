"""Is the program alive, is it ready? Pure: a view in, a verdict with its reason out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from camerastream.delivery.monitor import MonitorState
from camerastream.health.view import STUCK_AFTER_SECONDS

if TYPE_CHECKING:
    from camerastream.health.view import ProgramView


STUCK = "Stuck"
"""The reason of a loop that does not come round."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer to a probe.

    Attributes:
        ok: Whether the probe succeeds.
        reason: A word for machines.
        message: A sentence for people.
    """

    ok: bool
    reason: str
    message: str


def liveness(view: ProgramView) -> Verdict:
    """Say whether a restart is called for.

    Only what a restart can help counts: never a camera that is away, never a Kafka
    outage below the threshold.
    """
    monitor = view.delivery.monitor
    if monitor.fatal:
        return Verdict(False, "KafkaFatalError", f"fatal producer error: {monitor.last_error}")
    if monitor.state is MonitorState.TRIPPED:
        return Verdict(
            False,
            "KafkaBufferError",
            f"Kafka buffer errors for {monitor.error_duration_seconds:.1f}s, threshold "
            f"{monitor.limits.threshold_seconds:g}s: {monitor.last_error}",
        )
    for name, age_seconds in (
        ("pipeline", view.pipeline_age_seconds),
        ("delivery", view.delivery_age_seconds),
    ):
        if age_seconds > STUCK_AFTER_SECONDS:
            return Verdict(False, STUCK, f"the {name} loop is stuck for {age_seconds:.0f}s")
    return Verdict(True, "Alive", "alive")


def readiness(view: ProgramView) -> Verdict:
    """Say whether frames arrive and can be sent."""
    alive = liveness(view)
    if not alive.ok:
        return alive
    if not view.source.up:
        detail = view.source.detail or "no frame yet"
        return Verdict(False, "CameraDown", f"camera {view.source.cause or 'unknown'}: {detail}")
    if view.delivery.monitor.state is not MonitorState.HEALTHY:
        return Verdict(
            False,
            "BufferErrors",
            f"Kafka buffer errors ({view.delivery.cause}): {view.delivery.monitor.last_error}",
        )
    return Verdict(True, "Ready", "frames arrive and the buffer is healthy")
