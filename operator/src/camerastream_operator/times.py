"""Times as the API writes them: RFC 3339, UTC, whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime


def write_time(at: datetime) -> str:
    """Return a time as the API writes it.

    Example:
        >>> write_time(datetime(2026, 3, 1, 8, 30, 5, 999, tzinfo=UTC))
        '2026-03-01T08:30:05Z'
    """
    return at.astimezone(UTC).replace(microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_time(text: object) -> datetime | None:
    """Read a time; None for what is none."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)
