"""The fleet guard: when most cameras have buffer errors at once, Kafka is down, not a pod.

A restart of every camera would help none, and would leave them in the kubelet's back-off
when Kafka is back. So all are held: they report, capture on and fill their spools. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


QUICK_THRESHOLD_SECONDS = 30
"""A pod is no longer ready some 10 s after its errors began. Below this threshold it is worth
not to wait for that: it may be crossed before most are heard of."""


class Delivery(StrEnum):
    """How a camera's deliveries go."""

    FLOWING = "flowing"
    ERRORING = "erroring"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FleetPolicy:
    """When the guard acts.

    Attributes:
        min_cameras: So many cameras at least must have errors.
        start_share: More than this share of the cameras begins a hold.
        end_share: At most this share lets it end; the distance keeps it from flapping.
        settle_seconds: For so long the share must stay that low.
        hold_seconds: A hold lapses after so long unless it is still called for.
        recent_seconds: A camera restarted by buffer errors so recently still counts as having
            them: it has just begun to try.
    """

    min_cameras: int = 3
    start_share: float = 0.5
    end_share: float = 0.25
    settle_seconds: int = 30
    hold_seconds: int = 600
    recent_seconds: int = 120


@dataclass(frozen=True, slots=True)
class FleetState:
    """What the guard remembers.

    Attributes:
        hold_until: When the hold lapses; None when there is none.
        calm_since: Since when so few cameras have errors that the hold may end.
    """

    hold_until: datetime | None = None
    calm_since: datetime | None = None

    @property
    def holding(self) -> bool:
        """Whether all cameras are held."""
        return self.hold_until is not None


@dataclass(frozen=True, slots=True)
class FleetDecision:
    """What the guard decided.

    Attributes:
        state: What it remembers.
        erroring: Cameras with buffer errors.
        cameras: All running cameras.
        look_again_at: When to decide again even if nothing is heard; None when not needed.
        hurry: Ask the others how they are, rather than wait for them to be heard of.
    """

    state: FleetState
    erroring: int
    cameras: int
    look_again_at: datetime | None = None
    hurry: bool = False


@dataclass(frozen=True, slots=True)
class CameraDelivery:
    """How one camera's deliveries go.

    Attributes:
        delivery: What was last heard.
        last_buffer_restart: When a buffer error last forced a restart.
        threshold_seconds: Errors for so long force one.
    """

    delivery: Delivery
    last_buffer_restart: datetime | None = None
    threshold_seconds: float = 60


def guard_fleet(
    state: FleetState,
    cameras: Iterable[CameraDelivery],
    now: datetime,
    policy: FleetPolicy = FleetPolicy(),
) -> FleetDecision:
    """Decide whether all cameras are held.

    Args:
        state: What the guard remembers.
        cameras: All running cameras; those held too.
        now: The time.
        policy: When it acts.
    """
    cameras = list(cameras)
    deliveries = [_delivery(camera, now, policy) for camera in cameras]
    erroring = deliveries.count(Delivery.ERRORING)
    known = len(deliveries) - deliveries.count(Delivery.UNKNOWN)
    # What is not known neither begins a hold nor ends one.
    outage = erroring >= policy.min_cameras and erroring > policy.start_share * len(deliveries)
    calm = known > 0 and erroring <= policy.end_share * known
    if not state.holding:
        after = FleetState(now + timedelta(seconds=policy.hold_seconds)) if outage else state
    else:
        after = _while_holding(state, now, policy, outage=outage, calm=calm)
    quick = any(
        delivery is Delivery.ERRORING and camera.threshold_seconds < QUICK_THRESHOLD_SECONDS
        for delivery, camera in zip(deliveries, cameras, strict=True)
    )
    return FleetDecision(
        after,
        erroring,
        len(deliveries),
        _look_again(after, now, policy),
        hurry=quick and not after.holding and len(deliveries) >= policy.min_cameras,
    )


def fleet_from_holds(holds: Iterable[datetime | None], now: datetime) -> FleetState:
    """Return what the guard remembers after a start of the operator, from the cameras' status.

    Args:
        holds: `status.effectiveSettings.holdUntil` of cameras that are held by the guard.
        now: The time.
    """
    ends = [at for at in holds if at is not None and at > now]
    return FleetState(max(ends)) if ends else FleetState()


def _delivery(camera: CameraDelivery, now: datetime, policy: FleetPolicy) -> Delivery:
    recently = timedelta(seconds=policy.recent_seconds)
    at = camera.last_buffer_restart
    if at is not None and now - at < recently and camera.delivery is not Delivery.FLOWING:
        return Delivery.ERRORING
    return camera.delivery


def _while_holding(
    state: FleetState, now: datetime, policy: FleetPolicy, *, outage: bool, calm: bool
) -> FleetState:
    assert state.hold_until is not None
    whole = timedelta(seconds=policy.hold_seconds)
    if outage and state.hold_until - now < whole / 2:
        # Only now and then: every renewal is written to every camera.
        return FleetState(now + whole)
    since = (state.calm_since or now) if calm else None
    settled = since is not None and now - since >= timedelta(seconds=policy.settle_seconds)
    # Its end is what the pods were told, and is not moved for the rest of the settle time.
    if settled or now >= state.hold_until:
        return FleetState()
    return FleetState(state.hold_until, since)


def _look_again(state: FleetState, now: datetime, policy: FleetPolicy) -> datetime | None:
    if state.hold_until is None:
        return None
    if state.calm_since is not None:
        return min(state.hold_until, state.calm_since + timedelta(seconds=policy.settle_seconds))
    renewal = state.hold_until - timedelta(seconds=policy.hold_seconds) / 2
    return renewal if renewal > now else state.hold_until
