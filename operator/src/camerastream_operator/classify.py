"""Why did a container end? Pure: how it ended in, one of seven reasons out."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from camerastream_operator.pods import Terminated


class RestartReason(StrEnum):
    """Why a container was restarted."""

    BUFFER_ERROR = "BufferError"
    FATAL_ERROR = "FatalError"
    CRASH = "Crash"
    OOM = "OOM"
    PROBE = "Probe"
    OTHER = "Other"
    UNKNOWN = "Unknown"


BY_STREAM: Mapping[str, RestartReason] = {
    "KafkaBufferError": RestartReason.BUFFER_ERROR,
    "KafkaFatalError": RestartReason.FATAL_ERROR,
    "Crash": RestartReason.CRASH,
    "Stuck": RestartReason.PROBE,
    # Asked to stop while the pod stays: the kubelet does so when a probe is not answered.
    "Stopped": RestartReason.PROBE,
    "Completed": RestartReason.OTHER,
    # The next start found traces of a SIGKILL, which may have been anybody's.
    "UncleanEnd": RestartReason.UNKNOWN,
}
"""The stream's own words for its ends (docs/health.md)."""

_BY_KUBELET = {
    "OOMKilled": RestartReason.OOM,
    "StartError": RestartReason.OTHER,
    "ContainerCannotRun": RestartReason.OTHER,
    "ContainerStatusUnknown": RestartReason.OTHER,
    "RestartingAllContainers": RestartReason.OTHER,
    "Evicted": RestartReason.OTHER,
    "DeadlineExceeded": RestartReason.OTHER,
}
_STOP_SIGNALS = (9, 15)


def classify(terminated: Terminated | None) -> RestartReason:
    """Return why a container that was restarted had ended.

    The kubelet's own words come first: a stream that was killed for its memory while it
    waited for the kubelet has left a message that says something else.
    """
    if terminated is None:
        return RestartReason.UNKNOWN
    if reason := _BY_KUBELET.get(terminated.reason):
        return reason
    if terminated.message is not None:
        by_stream = BY_STREAM.get(terminated.message.reason)
        if by_stream is not None:
            return by_stream
    if (terminated.signal or terminated.exit_code - 128) in _STOP_SIGNALS:
        return RestartReason.PROBE
    return RestartReason.OTHER if terminated.exit_code == 0 else RestartReason.CRASH
