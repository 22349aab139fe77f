"""Bounds how fast the operator writes, so that a change for all cameras is no flood."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class RateLimiter:
    """Lets so many through per second, after a burst.

    Args:
        per_second: Rate in the long run.
        burst: So many may go at once after a pause.
        clock: Monotonic seconds.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        per_second: float,
        burst: int,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._interval = 1 / per_second
        self._burst_seconds = burst * self._interval
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()

    async def wait(self) -> None:
        """Wait for one's turn."""
        now = self._clock()
        self._free_at = max(self._free_at, now - self._burst_seconds) + self._interval
        if (delay := self._free_at - now) > 0:
            await self._sleep(delay)
