"""A CameraStream as the API server has it. Pure; reading one never fails."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kubectl_cam.look import Look

if TYPE_CHECKING:
    from datetime import datetime

_NO_HOLD = ("", "None")


class State(StrEnum):
    """Whether the camera runs, and whether buffer errors may restart it."""

    RUNNING = "Running"
    HELD = "Held"
    SUSPENDED = "Suspended"


@dataclass(frozen=True, slots=True)
class Camera:
    """What the resource says; None or empty where it does not say.

    Attributes:
        namespace: Its namespace.
        name: Its name.
        seen: Whether an operator has written a status.
        behind: Whether the status is about an older generation of the spec.
        ready: Status of the condition `Ready`.
        reason: Its reason.
        message: Its sentence.
        state: Whether it runs, is held, is suspended.
        hold: Why crossing the threshold restarts nothing; empty when it does.
        hold_until: When that ends by itself.
        simulating: Whether a buffer error is being simulated.
        restarts: Restarts of the container.
        last_reason: Reason of the last one.
        last_at: When it was.
        threshold_seconds: Buffer errors for this long force a restart.
        threshold_source: Default or Spec.
        budget_remaining: Restarts that buffer errors may still force.
        pod: Name of the pod.
        has_pod: Whether the operator sees that pod.
        serves_pictures: Whether the spec wants `/frame.jpg` served.
    """

    namespace: str
    name: str
    seen: bool
    behind: bool
    ready: str
    reason: str
    message: str
    state: State
    hold: str
    hold_until: datetime | None
    simulating: bool
    restarts: int | None
    last_reason: str
    last_at: datetime | None
    threshold_seconds: float | None
    threshold_source: str
    budget_remaining: int | None
    pod: str
    has_pod: bool
    serves_pictures: bool


def read_camera(resource: object) -> Camera:
    """Read a resource."""
    look = Look(resource)
    metadata, spec, status = look.at("metadata"), look.at("spec"), look.at("status")
    conditions = {item.text("type"): item for item in status.each("conditions")}
    ready = conditions.get("Ready", Look(None))
    effective, restarts = status.at("effectiveSettings"), status.at("restarts")
    name, pod = metadata.text("name"), status.at("pod").text("name")
    hold = effective.text("hold")
    hold = "" if hold in _NO_HOLD else hold
    observed, generation = status.count("observedGeneration"), metadata.count("generation")
    return Camera(
        namespace=metadata.text("namespace"),
        name=name,
        seen=bool(status),
        behind=observed is not None and generation is not None and observed < generation,
        ready=ready.text("status"),
        reason=ready.text("reason"),
        message=ready.text("message"),
        state=_state(spec, hold),
        hold=hold,
        hold_until=effective.time("holdUntil"),
        simulating=effective.text("simulateBufferError") == "Enabled",
        restarts=restarts.count("total"),
        last_reason=restarts.text("lastReason"),
        last_at=restarts.time("lastTime"),
        threshold_seconds=effective.number("thresholdSeconds"),
        threshold_source=effective.text("source"),
        budget_remaining=restarts.count("budgetRemaining"),
        # As the operator names the only pod of its StatefulSet.
        pod=pod or f"{name}-0",
        has_pod=bool(pod),
        serves_pictures=spec.at("diagnostics").text("frameEndpoint") == "Enabled",
    )


def _state(spec: Look, hold: str) -> State:
    if spec.text("state") == State.SUSPENDED:
        return State.SUSPENDED
    return State.HELD if hold else State.RUNNING
