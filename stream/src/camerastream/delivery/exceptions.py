"""The exception that ends the program when its buffer cannot be helped otherwise."""

from __future__ import annotations


class KafkaBufferException(Exception):  # noqa: N818 - the name that users' tools look for
    """Kafka's buffer errors lasted longer than the threshold, or the producer is dead.

    Attributes:
        duration_seconds: How long the errors lasted.
        consecutive_errors: How many there were.
        threshold_seconds: The threshold in force.
        last_error: Text of the last error.
        fatal: It was a fatal producer error, which does not wait for the threshold.
    """

    def __init__(
        self,
        *,
        duration_seconds: float,
        consecutive_errors: int,
        threshold_seconds: float,
        last_error: str | None,
        fatal: bool = False,
    ) -> None:
        self.duration_seconds = duration_seconds
        self.consecutive_errors = consecutive_errors
        self.threshold_seconds = threshold_seconds
        self.last_error = last_error
        self.fatal = fatal
        what = (
            "fatal Kafka producer error"
            if fatal
            else f"Kafka buffer errors persisted for {duration_seconds:.1f}s "
            f"(threshold {threshold_seconds:g}s)"
        )
        super().__init__(f"{what}, consecutive errors: {consecutive_errors}, last: {last_error}")
