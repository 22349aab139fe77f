"""The restart budget: restarts that do not help are not repeated. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from camerastream_operator.api.spec import OnExhausted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from camerastream_operator.api.spec import RestartPolicySpec


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of the budget.

    Attributes:
        allowed: Restarts allowed within the window.
        window_seconds: Length of the window.
        used: Restarts by buffer errors within it.
        free_at: When there is room again; None while there is.
        next_change: When `used` falls next; None when nothing is used.
        hold: Whether the camera is to be held until then.
    """

    allowed: int
    window_seconds: int
    used: int
    free_at: datetime | None
    next_change: datetime | None
    hold: bool

    @property
    def remaining(self) -> int:
        """Restarts left."""
        return max(0, self.allowed - self.used)

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left."""
        return self.free_at is not None

    @property
    def hold_until(self) -> datetime | None:
        """When the hold ends; None when there is none."""
        return self.free_at if self.hold else None


def evaluate_budget(
    policy: RestartPolicySpec, restart_times: Sequence[datetime], now: datetime
) -> Budget:
    """Return what is left of the budget.

    A time in the future, from a node whose clock is ahead, counts as now: it must not
    keep the budget closed for longer than a window.

    Args:
        policy: The spec.
        restart_times: When buffer errors forced restarts; at least the newest `allowed`.
        now: The time.
    """
    allowed = policy.budget.restarts
    window = timedelta(seconds=policy.budget.window_seconds)
    inside = sorted(min(at, now) for at in restart_times if at > now - window)
    exhausted = len(inside) >= allowed
    free_at = inside[len(inside) - allowed] + window if exhausted else None
    return Budget(
        allowed=allowed,
        window_seconds=policy.budget.window_seconds,
        used=len(inside),
        free_at=free_at,
        next_change=inside[0] + window if inside else None,
        hold=exhausted and policy.on_exhausted is OnExhausted.HOLD,
    )
