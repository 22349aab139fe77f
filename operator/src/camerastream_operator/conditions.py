"""The conditions of a CameraStream. Pure: what was seen in, conditions out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camerastream_operator.diagnosis import apply_failed, diagnose, kafka_advice
from camerastream_operator.effective import Hold
from camerastream_operator.jsonview import items_at, text_at
from camerastream_operator.observation import Verdict
from camerastream_operator.times import read_time, write_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from camerastream_operator.observation import Observation

MAX_MESSAGE = 2000

_HELD = {
    Hold.REPORT_ONLY: "crossing the threshold restarts nothing, as spec.bufferMonitor.action is "
    "Report",
    Hold.BUDGET_EXHAUSTED: "crossing the threshold restarts nothing until the restart budget has "
    "room again",
    Hold.FLEET_OUTAGE: "most cameras have buffer errors at once, so that Kafka is down and no "
    "restart would help; frames wait in the spools until it is back",
}


def verdicts(seen: Observation) -> dict[str, Verdict]:
    """Return every condition by type; Ready first, which sums the others up."""
    available = diagnose(seen)
    buffer = buffer_healthy(seen)
    return {
        "Ready": ready(seen, available, buffer),
        "Available": available,
        "BufferHealthy": buffer,
        "RestartBudgetAvailable": restart_budget(seen),
        "Progressing": progressing(seen),
        "Suspended": suspended(seen),
    }


def ready(seen: Observation, available: Verdict, buffer: Verdict) -> Verdict:
    """Sum up: the first thing that is wrong, or that frames reach Kafka."""
    if seen.problems:
        return Verdict("False", "InvalidSpec", "; ".join(seen.problems))
    if seen.apply_error:
        return apply_failed(seen)
    if available.status != "True":
        return available
    if buffer.status == "False":
        return buffer
    return Verdict("True", "Streaming", "frames reach Kafka")


def buffer_healthy(seen: Observation) -> Verdict:
    """Say whether Kafka takes the frames."""
    if seen.suspended:
        return Verdict("Unknown", "Suspended", "nothing is sent while the camera is suspended")
    hold = seen.effective.wanted.hold if seen.effective is not None else Hold.NONE
    state = seen.stream.monitor_state if seen.stream is not None else ""
    if state in ("erroring", "tripped"):
        assert seen.stream is not None
        advice = kafka_advice(seen.stream.kafka_cause)
        if hold is not Hold.NONE:
            return Verdict("False", "Held", f"{advice}; {_HELD[hold]}")
        if state == "tripped":
            return Verdict("False", "ThresholdCrossed", f"{advice}; the container is restarted")
        return Verdict("False", "BufferErrors", advice)
    if state == "healthy" or (seen.pod is not None and seen.pod.ready):
        return Verdict("True", "Healthy", "Kafka acknowledges the frames")
    return Verdict("Unknown", "NotReported", "the stream has not told")


def restart_budget(seen: Observation) -> Verdict:
    """Say whether buffer errors may force a restart."""
    budget = seen.budget
    if budget is None:
        return Verdict("Unknown", "InvalidSpec", "the spec cannot be used")
    if not budget.exhausted:
        return Verdict(
            "True",
            "WithinBudget",
            f"{budget.remaining} of {budget.allowed} forced restarts are left in the window of "
            f"{budget.window_seconds} s",
        )
    assert budget.free_at is not None
    then = (
        "until then crossing the threshold restarts nothing"
        if budget.hold
        else "restarts go on all the same, as spec.restartPolicy.onExhausted is Ignore"
    )
    return Verdict(
        "False",
        "BudgetExhausted",
        f"buffer errors have forced {budget.allowed} restarts within {budget.window_seconds} s, "
        f"which did not help; there is room again at {write_time(budget.free_at)}, {then}; check "
        "Kafka",
    )


def progressing(seen: Observation) -> Verdict:
    """Say whether the operator or Kubernetes is at work on a change."""
    if seen.problems:
        return Verdict("False", "InvalidSpec", "nothing is changed until the spec can be used")
    if seen.apply_error:
        return Verdict(
            "False", "ApplyFailed", "nothing is changed until the StatefulSet can be written"
        )
    if seen.suspended:
        if seen.pod is not None:
            return Verdict("True", "Suspending", f"pod {seen.pod.name} is ending")
        return Verdict("False", "Suspended", "no pod runs, as asked")
    return _progress_of_pod(seen)


def _progress_of_pod(seen: Observation) -> Verdict:
    pod = seen.pod
    if seen.rolling_out:
        return Verdict("True", "RollingOut", "the pod is being replaced after a change")
    if pod is None:
        return Verdict("True", "CreatingPod", "a pod is being made")
    if pod.delete_by is not None:
        return Verdict("True", "ReplacingPod", f"pod {pod.name} is ending; another one follows")
    if pod.stream is None or not pod.stream.running:
        return Verdict("True", "StartingPod", f"pod {pod.name} is starting")
    return Verdict("False", "UpToDate", "the pod is as the spec wants it")


def suspended(seen: Observation) -> Verdict:
    """Say whether the camera is switched off by its spec."""
    if seen.suspended:
        return Verdict("True", "Suspended", "spec.state is Suspended; write Running to start it")
    return Verdict("False", "Running", "spec.state is Running")


def merge_conditions(
    status: Mapping[str, Any],
    verdicts_by_type: Mapping[str, Verdict],
    *,
    generation: int,
    now: datetime,
) -> list[dict[str, Any]]:
    """Return `status.conditions`; the time of a transition changes only with its status.

    Args:
        status: The status as it was last written.
        verdicts_by_type: The conditions now.
        generation: The generation of the resource that they are about.
        now: The time.
    """
    before = {text_at(item, "type"): item for item in items_at(status, "conditions")}
    conditions = []
    for kind, verdict in verdicts_by_type.items():
        old = before.get(kind, {})
        since = read_time(old.get("lastTransitionTime"))
        if since is None or text_at(old, "status") != verdict.status:
            since = now
        conditions.append(
            {
                "type": kind,
                "status": verdict.status,
                "observedGeneration": generation,
                "lastTransitionTime": write_time(since),
                "reason": verdict.reason,
                "message": verdict.message[:MAX_MESSAGE],
            }
        )
    return conditions
