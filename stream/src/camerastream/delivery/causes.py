"""Why is Kafka not taking frames? Clues in, a cause out. The cause never decides anything.

In a fault of connection or login `produce()` goes on queueing and the delivery reports
say only "timed out"; the reason is in librdkafka's error callback alone, and it is
repeated less exactly later. So a precise clue is kept until the next acknowledgement.

`_ALL_BROKERS_DOWN` is no clue: it comes of a refused connection, after its own error, and
of a frozen broker, whose connection stands, alike (seen with Kafka 4.4).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError

from camerastream.delivery.errors import Failure, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

THROTTLE_MEMORY_SECONDS = 10.0
SILENCE_SECONDS = 1.0


class Cause(StrEnum):
    """Why frames are not taken, as logs, `/status` and conditions name it."""

    UNREACHABLE = "unreachable"
    SILENT = "silent"
    AUTH = "auth"
    TLS = "tls"
    TOPIC = "topic"
    ACL = "acl"
    QUOTA = "quota"
    TOO_LARGE = "too-large"
    FATAL = "fatal"
    UNKNOWN = "unknown"


_BY_CODE = {
    KafkaError._AUTHENTICATION: Cause.AUTH,  # noqa: SLF001
    KafkaError.SASL_AUTHENTICATION_FAILED: Cause.AUTH,
    KafkaError._SSL: Cause.TLS,  # noqa: SLF001
    KafkaError.TOPIC_AUTHORIZATION_FAILED: Cause.ACL,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: Cause.ACL,
    KafkaError._UNKNOWN_TOPIC: Cause.TOPIC,  # noqa: SLF001
    KafkaError._UNKNOWN_PARTITION: Cause.TOPIC,  # noqa: SLF001
    KafkaError.UNKNOWN_TOPIC_OR_PART: Cause.TOPIC,
    KafkaError.TOPIC_EXCEPTION: Cause.TOPIC,
    KafkaError._RESOLVE: Cause.UNREACHABLE,  # noqa: SLF001
    KafkaError._TRANSPORT: Cause.UNREACHABLE,  # noqa: SLF001
    KafkaError._TIMED_OUT: Cause.SILENT,  # noqa: SLF001
}
_EXACT = frozenset({Cause.AUTH, Cause.TLS, Cause.TOPIC, Cause.ACL, Cause.FATAL})
_SILENT_TEXTS = ("timed out", "timeout")


class CauseTracker:
    """Collects clues until the broker acknowledges again.

    Not thread-safe: it belongs to the delivery thread.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._clue: Cause | None = None
        self._throttled_at: float | None = None
        self._acknowledged_at = clock()

    def client_error(self, code: int, text: str) -> None:
        """Take note of what librdkafka's error callback said."""
        cause = _BY_CODE.get(code)
        if cause is Cause.UNREACHABLE and any(word in text.lower() for word in _SILENT_TEXTS):
            # The connection stands but requests go unanswered.
            cause = Cause.SILENT
        self._take(cause)

    def failed(self, failure: Failure) -> None:
        """Take note of a failed report or a refused frame."""
        if failure.verdict is Verdict.FATAL:
            # "Local: Fatal error" names nothing: what is known already says more.
            self._take(_BY_CODE.get(failure.code or 0) or self.refusal() or Cause.FATAL)
        elif failure.verdict is Verdict.TOO_LARGE:
            self._take(Cause.TOO_LARGE)
        elif failure.code is not None and _BY_CODE.get(failure.code) in _EXACT:
            self._take(_BY_CODE[failure.code])

    def throttled(self) -> None:
        """Take note that the broker held an answer back because of a quota."""
        self._throttled_at = self._clock()

    def acknowledged(self) -> None:
        """Forget the clues: the broker took a frame."""
        self._clue = None
        self._acknowledged_at = self._clock()

    def refusal(self) -> Cause | None:
        """Name what Kafka has refused since it last took a frame, None when nothing is known."""
        return self._clue if self._clue in _EXACT else None

    def cause(self) -> Cause:
        """Name the most likely cause; to be asked only while there are errors."""
        if self._clue is not None:
            return self._clue
        if (
            self._throttled_at is not None
            and self._clock() - self._throttled_at < THROTTLE_MEMORY_SECONDS
        ):
            return Cause.QUOTA
        silent = self._clock() - self._acknowledged_at > SILENCE_SECONDS
        return Cause.SILENT if silent else Cause.UNKNOWN

    def _take(self, cause: Cause | None) -> None:
        if cause is None or (self._clue in _EXACT and cause not in _EXACT):
            return
        if self._clue is Cause.SILENT and cause is Cause.UNREACHABLE:
            return
        self._clue = cause
