"""Until when a hold is honoured. Pure.

The operator writes the end as a time of day, since it has to mean the same after a restart of
the container. A clock of the day may be set; what must not come of that is a hold that nobody
ends. So two clocks count, and the one that comes first wins: the time of day, which a
correction puts right, and a clock that is never set, which bounds the hold by what was left
of it when it came.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HoldTerm:
    """The end of a hold.

    Attributes:
        until_seconds: The end as it was written, Unix seconds.
        latest_at: The same on the monotonic clock, by what was left when it was written.

    Example:
        >>> term = HoldTerm.begin(1000.0, wall_seconds=940.0, now_seconds=5.0)
        >>> term.over(wall_seconds=999.0, now_seconds=64.0)
        False
        >>> term.over(wall_seconds=1000.0, now_seconds=64.0)
        True
        >>> term.over(wall_seconds=0.0, now_seconds=65.0)
        True
    """

    until_seconds: float
    latest_at: float

    @classmethod
    def begin(cls, until_seconds: float, *, wall_seconds: float, now_seconds: float) -> HoldTerm:
        """Return the term of a hold that has just been told of.

        Args:
            until_seconds: Its end, Unix seconds; may have passed already.
            wall_seconds: The time of day, Unix seconds.
            now_seconds: The monotonic clock.
        """
        left = max(0.0, until_seconds - wall_seconds)
        return cls(until_seconds, now_seconds + left)

    def over(self, *, wall_seconds: float, now_seconds: float) -> bool:
        """Say whether the hold has ended."""
        return wall_seconds >= self.until_seconds or now_seconds >= self.latest_at
