"""Times and ages for people. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def age_text(seconds: float) -> str:
    """Return an age as kubectl shows it, in its largest unit that still tells something.

    Example:
        >>> [age_text(each) for each in (-3, 0.4, 119, 600, 7200, 172800)]
        ['0s', '0s', '119s', '10m', '2h', '2d']
    """
    whole = max(0, int(seconds))
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    if whole < 2 * _HOUR:
        return f"{whole // _MINUTE}m"
    return f"{whole // _HOUR}h" if whole < 2 * _DAY else f"{whole // _DAY}d"


def time_text(at: datetime) -> str:
    """Return a time in UTC.

    Example:
        >>> from datetime import UTC, datetime
        >>> time_text(datetime(2026, 3, 1, 8, 30, 5, tzinfo=UTC))
        '2026-03-01 08:30:05Z'
    """
    return f"{at:%Y-%m-%d %H:%M:%S}Z"


def rfc3339(at: datetime | None) -> str | None:
    """Return a time as JSON holds it."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def seconds_between(earlier: datetime | None, later: datetime) -> float | None:
    """Return the time between two times, not negative: clocks differ."""
    return None if earlier is None else max(0.0, (later - earlier).total_seconds())
