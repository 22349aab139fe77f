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
HOLD_LAPSED = (
    "🟠 Kafka buffer: the hold has ended at its time and no operator has renewed it - crossing the "
    "threshold restarts the container again"
)

REFUSALS = {
    "auth": "Kafka does not accept the user name or password and the buffer fills: check "
    "KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD",
    "tls": "Kafka's certificate is not trusted and the buffer fills: check KAFKA_SSL_CA_LOCATION, "
    "the certificate's host name and its expiry",
    "topic": "the Kafka topic does not exist and the buffer fills: create it or mend "
    "CAMERA_STREAM_TOPIC",
    "acl": "the Kafka user may not write to the topic and the buffer fills: give it WRITE on the "
    "topic",
}
"""By cause: what Kafka refuses, said once, long before the buffer of a slow camera is full."""


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
