"""Feeds the fleet guard, and makes its holds known to every camera."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from camerastream_operator.effective import Hold, hold_from_status
from camerastream_operator.fleet import Delivery, FleetState, fleet_from_holds, guard_fleet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from camerastream_operator.fleet import CameraDelivery, FleetDecision, FleetPolicy
    from camerastream_operator.kube.resources import Key

_GATHER_SECONDS = 0.5
"""Many cameras report at once when it matters: one decision is made for all of them."""
_ROUND_SPACING = timedelta(seconds=60)
"""A camera with errors of its own is no reason to ask all others again and again."""


class FleetKeeper:
    """Knows how the deliveries of all cameras go.

    Args:
        policy: Returns the policy in force.
        now: The time.
        on_change: Hears that holds have begun, ended or were renewed.
        on_ask: Is told of cameras that are to be looked at soon, `asks` being true for them.
    """

    def __init__(
        self,
        policy: Callable[[], FleetPolicy],
        *,
        now: Callable[[], datetime],
        on_change: Callable[[], None],
        on_ask: Callable[[Sequence[Key]], None],
    ) -> None:
        self._policy = policy
        self._now = now
        self._on_change = on_change
        self._on_ask = on_ask
        self._to_ask: set[Key] = set()
        self._asked_at: datetime | None = None
        self._cameras: dict[Key, CameraDelivery] = {}
        self._state = FleetState()
        self._news = asyncio.Event()
        self._log = structlog.get_logger()
        self._decision: FleetDecision | None = None

    @property
    def hold_until(self) -> datetime | None:
        """When the hold lapses; None when there is none."""
        return self._state.hold_until

    @property
    def erroring(self) -> int:
        """How many cameras had buffer errors at the last decision."""
        return self._decision.erroring if self._decision else 0

    def restore(self, statuses: Iterable[Mapping[str, Any]]) -> None:
        """Take up a hold that another operator began, from the cameras' statuses."""
        held = (hold_from_status(status) for status in statuses)
        ends = [until for hold, until in held if hold is Hold.FLEET_OUTAGE]
        self._state = fleet_from_holds(ends, self._now())
        self._news.set()

    def asks(self, key: Key) -> bool:
        """Say whether a stream is to be asked though its pod is ready.

        One that has said to have errors is asked until its pod says so too, or it is well.
        """
        known = self._cameras.get(key)
        return key in self._to_ask or (known is not None and known.delivery is Delivery.ERRORING)

    def report(self, key: Key, delivery: CameraDelivery) -> None:
        """A running camera's deliveries go like this."""
        self._to_ask.discard(key)
        if self._cameras.get(key) != delivery:
            self._cameras[key] = delivery
            self._news.set()

    def forget(self, key: Key) -> None:
        """A camera does not run, or is no more."""
        self._to_ask.discard(key)
        if self._cameras.pop(key, None) is not None:
            self._news.set()

    async def run(self) -> None:
        """Decide whenever there is news or it is time, until cancelled."""
        while True:
            decision = self.decide()
            delay: float | None = None
            if decision.look_again_at is not None:
                wait = decision.look_again_at - self._now()
                delay = max(timedelta(0), wait).total_seconds() + _GATHER_SECONDS
            try:
                async with asyncio.timeout(delay):
                    await self._news.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(_GATHER_SECONDS)
            self._news.clear()

    def decide(self) -> FleetDecision:
        """Let the guard decide now."""
        before = self._state
        decision = guard_fleet(before, self._cameras.values(), self._now(), self._policy())
        self._state, self._decision = decision.state, decision
        if decision.state.hold_until != before.hold_until:
            self._tell(before, decision)
            self._on_change()
        if decision.state.holding:
            self._to_ask.clear()
        elif decision.hurry:
            self._begin_round()
        return decision

    def _begin_round(self) -> None:
        now = self._now()
        if self._asked_at is not None and abs(now - self._asked_at) < _ROUND_SPACING:
            return
        self._asked_at = now
        keys = [key for key, it in self._cameras.items() if it.delivery is not Delivery.ERRORING]
        self._to_ask = set(keys)
        self._on_ask(keys)

    def _tell(self, before: FleetState, decision: FleetDecision) -> None:
        counts = {"erroring": decision.erroring, "cameras": decision.cameras}
        if not before.holding:
            self._log.warning(
                "most cameras have Kafka buffer errors at once and all are held: no restart helps",
                **counts,
            )
        elif not decision.state.holding:
            self._log.info("the hold of all cameras has ended", **counts)
