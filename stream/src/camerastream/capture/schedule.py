"""When the next frame is to be checked."""

from __future__ import annotations

_ROUNDING_SECONDS = 1e-6


class Schedule:
    """Ticks at an interval, on whatever clock the times come from.

    A tick that comes late (key frames are not there when one likes) does not shift the
    ones after it; ticks that were missed altogether are not made up for.

    Args:
        interval_seconds: Time between ticks; 0 makes every moment one.
    """

    def __init__(self, interval_seconds: float) -> None:
        self._interval_seconds = interval_seconds
        self._next_seconds: float | None = None

    def due(self, now_seconds: float, *, spacing_seconds: float = 0.0) -> bool:
        """Return whether it is time.

        Args:
            now_seconds: Of the frame at hand.
            spacing_seconds: From one frame to the next. The frame that is nearest to the tick is
                taken, be it early: where ticks and frames coincide, waiting for one that is not
                early by a millisecond would miss every other tick.
        """
        early_seconds = max(min(spacing_seconds, self._interval_seconds) / 2, _ROUNDING_SECONDS)
        return self._next_seconds is None or now_seconds >= self._next_seconds - early_seconds

    def done(self, now_seconds: float) -> None:
        """Take note that the tick was used."""
        if self._next_seconds is None:
            self._next_seconds = now_seconds
        self._next_seconds += self._interval_seconds
        if self._next_seconds <= now_seconds:
            self._next_seconds = now_seconds + self._interval_seconds
