"""What errors mean."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from camerastream.delivery.causes import Cause, CauseTracker
from camerastream.delivery.errors import Failure, Verdict, is_buffer_text, judge_exception
from camerastream.logs.messages import REFUSALS


@pytest.mark.parametrize(
    "text",
    [
        "Local: Queue full",
        "producer queue is full",
        "Failed to allocate MEMORY within the configured max blocking time",
        "Buffer exhausted",
    ],
)
def test_keywords_count_in_any_case(text: str) -> None:
    assert is_buffer_text(text)
    assert judge_exception(Exception(text)).verdict is Verdict.BUFFER_ERROR


def test_librdkafkas_own_full_queue_is_a_buffer_error() -> None:
    producer = Producer(
        {"bootstrap.servers": "127.0.0.1:1", "queue.buffering.max.messages": 1}, logger=None
    )
    producer.produce("t", b"1")
    with pytest.raises(BufferError) as caught:
        producer.produce("t", b"2")
    assert judge_exception(caught.value) == Failure(Verdict.BUFFER_ERROR, "Local: Queue full")
    producer.purge()


def test_an_oversized_frame_is_told_apart() -> None:
    producer = Producer(
        {"bootstrap.servers": "127.0.0.1:1", "message.max.bytes": 1000}, logger=None
    )
    with pytest.raises(KafkaException) as caught:
        producer.produce("t", b"x" * 2000)
    assert judge_exception(caught.value).verdict is Verdict.TOO_LARGE


def test_an_error_without_a_keyword_is_an_error_all_the_same() -> None:
    assert judge_exception(RuntimeError("strange")).verdict is Verdict.OTHER_ERROR


def tracker() -> CauseTracker:
    return CauseTracker(clock=lambda: 0.0)


@pytest.mark.parametrize(
    ("code", "text", "cause"),
    [
        (KafkaError._AUTHENTICATION, "Authentication failed", Cause.AUTH),
        (KafkaError._SSL, "certificate verify failed", Cause.TLS),
        (KafkaError._TRANSPORT, "Connect to x failed: Connection refused", Cause.UNREACHABLE),
        (KafkaError._TRANSPORT, "ApiVersionRequest: timed out", Cause.SILENT),
        (KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down", Cause.UNKNOWN),
    ],
)
def test_client_errors_name_causes(code: int, text: str, cause: Cause) -> None:
    causes = tracker()
    causes.client_error(code, text)
    assert causes.cause() is cause


def test_a_precise_cause_outlives_its_vague_repeats_until_an_acknowledgement() -> None:
    causes = tracker()
    causes.client_error(KafkaError._SSL, "certificate verify failed")
    causes.client_error(KafkaError._TRANSPORT, "disconnected")
    causes.client_error(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down")
    assert causes.cause() is Cause.TLS
    causes.acknowledged()
    assert causes.cause() is Cause.UNKNOWN


def test_silence_and_quota() -> None:
    now = 0.0
    causes = CauseTracker(clock=lambda: now)
    assert causes.cause() is Cause.UNKNOWN
    now = 1.5
    assert causes.cause() is Cause.SILENT
    causes.throttled()
    assert causes.cause() is Cause.QUOTA
    now = 12.0
    assert causes.cause() is Cause.SILENT
    causes.acknowledged()
    assert causes.cause() is Cause.UNKNOWN


def test_a_missing_right_is_named_by_the_failed_report() -> None:
    causes = tracker()
    causes.failed(Failure(Verdict.OTHER_ERROR, "x", KafkaError.TOPIC_AUTHORIZATION_FAILED))
    assert causes.cause() is Cause.ACL


def test_a_refusal_is_known_until_kafka_takes_a_frame() -> None:
    causes = tracker()
    assert causes.refusal() is None
    causes.client_error(KafkaError._TRANSPORT, "Connection refused")
    assert causes.refusal() is None, "that is an outage, nothing is refused"
    causes.client_error(KafkaError._AUTHENTICATION, "invalid credentials")
    assert causes.refusal() is Cause.AUTH
    causes.acknowledged()
    assert causes.refusal() is None


def test_a_fatal_error_that_names_nothing_does_not_hide_the_cause_that_is_known() -> None:
    causes = tracker()
    causes.failed(Failure(Verdict.FATAL, "Local: Fatal error"))
    assert causes.cause() is Cause.FATAL
    causes = tracker()
    causes.failed(Failure(Verdict.FATAL, "x", KafkaError.CLUSTER_AUTHORIZATION_FAILED))
    causes.failed(Failure(Verdict.FATAL, "Local: Fatal error"))
    assert causes.cause() is Cause.ACL


def test_every_sentence_about_a_refusal_belongs_to_a_cause_and_can_be_grepped() -> None:
    assert set(REFUSALS) <= {cause.value for cause in Cause}
    assert all("buffer" in sentence for sentence in REFUSALS.values())
