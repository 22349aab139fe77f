"""Why a container ended: the kubelet's words, the stream's words, the exit code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from camerastream.delivery.state import StreamState, with_end
from camerastream.ending import EndReason
from camerastream.health.termination import Termination, termination_json
from camerastream_operator.classify import BY_STREAM, RestartReason, classify
from camerastream_operator.pods import read_pod
from camerastream_operator.termination import read_termination

from .resources import pod, terminated
from .test_resource import json_values


def message(reason: str, **more: Any) -> str:
    return json.dumps({"reason": reason, **more})


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (terminated(message=message("KafkaBufferError")), RestartReason.BUFFER_ERROR),
        (terminated(message=message("KafkaFatalError")), RestartReason.FATAL_ERROR),
        (terminated(exit_code=3, message=message("Crash")), RestartReason.CRASH),
        (terminated(exit_code=3, message=message("Stuck")), RestartReason.PROBE),
        # By whom is not known: see test_kills.py.
        (terminated(exit_code=0, message=message("Stopped")), RestartReason.UNKNOWN),
        (terminated(exit_code=0, message=message("Completed")), RestartReason.OTHER),
        # It tripped, then SIGTERM was too slow: the message is that of the trip.
        (
            terminated(exit_code=137, message=message("KafkaBufferError")),
            RestartReason.BUFFER_ERROR,
        ),
        # Killed for its memory while it waited for the kubelet.
        (
            terminated(reason="OOMKilled", exit_code=137, message=message("KafkaBufferError")),
            RestartReason.OOM,
        ),
        (terminated(reason="OOMKilled", exit_code=137), RestartReason.OOM),
        (terminated(exit_code=137), RestartReason.UNKNOWN),
        (terminated(exit_code=143), RestartReason.UNKNOWN),
        (terminated(exit_code=0) | {"signal": 15}, RestartReason.UNKNOWN),
        (terminated(exit_code=139), RestartReason.CRASH),
        (terminated(exit_code=1, message="Traceback (most recent call"), RestartReason.CRASH),
        (terminated(exit_code=2), RestartReason.CRASH),
        (terminated(exit_code=0, reason="Completed"), RestartReason.OTHER),
        (terminated(reason="StartError", exit_code=128), RestartReason.OTHER),
        (terminated(reason="ContainerStatusUnknown", exit_code=137), RestartReason.OTHER),
        (terminated(reason="Evicted", exit_code=137), RestartReason.OTHER),
        (terminated(reason="Unknown", exit_code=255), RestartReason.OTHER),
        # A word of a newer stream is judged by the exit code.
        (terminated(exit_code=1, message=message("Newer")), RestartReason.CRASH),
        ({}, RestartReason.UNKNOWN),
    ],
)
def test_classify(end: dict[str, Any], reason: RestartReason) -> None:
    container = read_pod(pod(last=end)).stream
    assert container is not None
    assert classify(container.last_terminated).reason is reason


def test_every_word_of_the_stream_is_known() -> None:
    unclean = set(with_end(StreamState("s"), "UncleanEnd").ends)
    assert set(BY_STREAM) == {reason.value for reason in EndReason} | unclean


def test_what_the_stream_writes_is_read() -> None:
    text = termination_json(
        Termination(
            reason="KafkaBufferError",
            message="Kafka buffer errors for 60.0s",
            exit_code=1,
            duration_seconds=60.0,
            consecutive_errors=12,
            last_error="Local: Queue full",
            cause="unreachable",
            settings_generation=7,
            stream="s",
            cumulative={"KafkaBufferError": 3, "UncleanEnd": 1},
            frames={"delivered": 5},
        )
    )
    read = read_termination(text)
    assert read is not None
    assert (read.reason, read.cause, read.settings_generation) == (
        "KafkaBufferError",
        "unreachable",
        7,
    )
    assert read.ends == {"KafkaBufferError": 3, "UncleanEnd": 1}


@given(value=json_values)
def test_any_message_is_read(value: Any) -> None:
    text = json.dumps(value)
    for message_text in (value, text, json.dumps({"reason": "Crash", "cumulative": value})):
        read = read_termination(message_text)
        assert read is None or all(count >= 0 for count in read.ends.values())


@given(metadata=json_values, status=json_values, container=json_values)
def test_any_pod_is_read(metadata: Any, status: Any, container: Any) -> None:
    read_pod({"metadata": metadata, "status": status})
    read_pod({"metadata": {"uid": "a"}, "status": {"containerStatuses": [container, container]}})
    read_pod({"status": {"containerStatuses": [{"name": "camerastream", "state": container}]}})
