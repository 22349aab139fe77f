"""The texts of the buffer's life, exactly as people grep for them.

Every one holds "buffer", so that `grep -E "(buffer|queue full|memory)"` finds them all.
"""

from __future__ import annotations

THRESHOLD_CROSSED = (
    "🔴 CRITICAL: Kafka buffer errors persisted beyond threshold - forcing container restart"
)
THRESHOLD_HELD = (
    "🟠 Kafka buffer errors persisted beyond threshold - on hold, the container is not restarted"
)


def detected(error: str | None) -> str:
    """Return the line of the first error."""
    return f"🟡 Kafka buffer error detected. Starting timer. Error: {error}"


def ongoing(duration_seconds: float, consecutive_errors: int) -> str:
    """Return the line of errors that continue."""
    return (
        f"🟡 Kafka buffer error ongoing for {duration_seconds:.1f}s. "
        f"Consecutive errors: {consecutive_errors}"
    )


def resolved(duration_seconds: float, consecutive_errors: int) -> str:
    """Return the line of recovery."""
    return (
        f"✅ Kafka buffer errors resolved after {duration_seconds:.1f}s. "
        f"Total consecutive errors: {consecutive_errors}"
    )


def fatal(error: str | None) -> str:
    """Return the line of an error that only a new process gets over."""
    return f"🔴 CRITICAL: Kafka buffer is lost to a fatal producer error. Error: {error}"
