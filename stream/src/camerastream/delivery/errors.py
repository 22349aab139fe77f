"""What an error from the producer means. Pure: an exception or a code in, a verdict out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from confluent_kafka import KafkaError, KafkaException

BUFFER_ERROR_KEYWORDS = ("buffer", "memory", "queue full", "producer queue is full")
"""A producer's error whose text holds one of these, in any case, is a buffer error."""

_PURGED = frozenset({KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})  # noqa: SLF001


class Verdict(StrEnum):
    """What to do about a frame that was not delivered."""

    BUFFER_ERROR = "buffer-error"
    OTHER_ERROR = "other-error"
    TOO_LARGE = "too-large"
    PURGED = "purged"
    FATAL = "fatal"


@dataclass(frozen=True, slots=True)
class Failure:
    """A judged error.

    Attributes:
        verdict: What to do.
        text: The error's text as the producer gave it, for the log.
        code: librdkafka's error code, None for an exception without one.
    """

    verdict: Verdict
    text: str
    code: int | None = None


def is_buffer_text(text: str) -> bool:
    """Say whether an error's text is that of a buffer error, by its keywords."""
    lowered = text.lower()
    return any(keyword in lowered for keyword in BUFFER_ERROR_KEYWORDS)


def judge_kafka_error(error: KafkaError) -> Failure:
    """Judge an error of a delivery report, or the one inside a KafkaException."""
    code, text = int(error.code()), str(error.str())
    if error.fatal() or code == KafkaError._FATAL:  # noqa: SLF001
        verdict = Verdict.FATAL
    elif code == KafkaError.MSG_SIZE_TOO_LARGE:
        verdict = Verdict.TOO_LARGE
    elif code in _PURGED:
        verdict = Verdict.PURGED
    elif code == KafkaError._QUEUE_FULL or is_buffer_text(text):  # noqa: SLF001
        verdict = Verdict.BUFFER_ERROR
    else:
        verdict = Verdict.OTHER_ERROR
    return Failure(verdict, text, code)


def judge_exception(error: Exception) -> Failure:
    """Judge what `produce()` raised.

    librdkafka itself says `Local: Queue full` by a BufferError without a code; the
    other keywords are those of other clients and of injected errors. An error with no
    keyword is an error all the same: it must never pass for recovery.
    """
    if isinstance(error, KafkaException) and error.args and isinstance(error.args[0], KafkaError):
        return judge_kafka_error(error.args[0])
    text = str(error) or type(error).__name__
    if isinstance(error, BufferError) or is_buffer_text(text):
        return Failure(Verdict.BUFFER_ERROR, text)
    return Failure(Verdict.OTHER_ERROR, text)
