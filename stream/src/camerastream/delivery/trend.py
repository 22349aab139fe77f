"""Is the spool growing or shrinking? Judged over a window, not from frame to frame.

Acknowledgements come in bursts: between two of them the spool grows by the new frames
even while it drains overall. A window as long as the settle time sees through that.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from camerastream.delivery.condition import BacklogTrend

if TYPE_CHECKING:
    from collections.abc import Callable

_SAMPLES_PER_WINDOW = 25


class DepthTrend:
    """Compares the spool's depth with what it was one window ago.

    Example:
        >>> now = 0.0
        >>> trend = DepthTrend(window_seconds=5, clock=lambda: now, depth=9)
        >>> trend.record(10).value
        'growing'
        >>> now = 1.0
        >>> trend.record(8).value
        'shrinking'
    """

    def __init__(self, *, window_seconds: float, clock: Callable[[], float], depth: int) -> None:
        self._window_seconds = window_seconds
        self._clock = clock
        self._samples: deque[tuple[float, int]] = deque([(clock(), depth)])

    def record(self, depth: int) -> BacklogTrend:
        """Take the depth in frames as it is now and return the trend."""
        now = self._clock()
        start = now - self._window_seconds
        while len(self._samples) > 1 and self._samples[1][0] <= start:
            self._samples.popleft()
        if now - self._samples[-1][0] >= self._window_seconds / _SAMPLES_PER_WINDOW:
            self._samples.append((now, depth))
        if depth == 0:
            return BacklogTrend.EMPTY
        return BacklogTrend.SHRINKING if depth < self._samples[0][1] else BacklogTrend.GROWING
