"""A fatal producer error at will, which no mock broker can bring about."""

from __future__ import annotations

from typing import Any

from tests.simulators.librdkafka import handle_of, library


def fatal_error(producer: Any, code: int, reason: str) -> None:
    """Raise a fatal error in a producer of this process, as an idempotence violation would.

    From then on `poll()` and `flush()` raise once, every `produce()` raises `_FATAL`, and
    the error callback stays silent (measured with librdkafka 2.16.0).

    Args:
        producer: A `confluent_kafka.Producer`.
        code: The error that made it fatal, for example 47, INVALID_PRODUCER_EPOCH.
        reason: A text for it.
    """
    library().rd_kafka_test_fatal_error(handle_of(producer), code, reason.encode())
