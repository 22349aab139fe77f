"""Why did a container end? Pure: how it ended and who did it in, a reason and a sentence out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from camerastream_operator.kills import NO_EVIDENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from camerastream_operator.kills import KillEvidence
    from camerastream_operator.pods import Terminated


class RestartReason(StrEnum):
    """Why a container was restarted."""

    BUFFER_ERROR = "BufferError"
    FATAL_ERROR = "FatalError"
    CRASH = "Crash"
    OOM = "OOM"
    PROBE = "Probe"
    KILLED = "Killed"
    OTHER = "Other"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Classified:
    """Why a container was restarted.

    Attributes:
        reason: One word.
        said: A sentence for people.
    """

    reason: RestartReason
    said: str


ASKED_TO_STOP = "Stopped"
"""The stream's word for SIGTERM, whoever sent it."""

BY_STREAM: Mapping[str, RestartReason] = {
    "KafkaBufferError": RestartReason.BUFFER_ERROR,
    "KafkaFatalError": RestartReason.FATAL_ERROR,
    "Crash": RestartReason.CRASH,
    "Stuck": RestartReason.PROBE,
    # Asked to stop while the pod stays: by the kubelet or by anybody else.
    ASKED_TO_STOP: RestartReason.UNKNOWN,
    "Completed": RestartReason.OTHER,
    # The next start found traces of a SIGKILL, which may have been anybody's.
    "UncleanEnd": RestartReason.UNKNOWN,
}
"""The stream's own words for its ends (docs/health.md), as far as they tell by themselves."""

_BY_KUBELET = {
    "OOMKilled": RestartReason.OOM,
    "StartError": RestartReason.OTHER,
    "ContainerCannotRun": RestartReason.OTHER,
    "ContainerStatusUnknown": RestartReason.OTHER,
    # containerd's word for a container that was gone when it came back, with exit code 255.
    "Unknown": RestartReason.OTHER,
    "RestartingAllContainers": RestartReason.OTHER,
    "Evicted": RestartReason.OTHER,
    "DeadlineExceeded": RestartReason.OTHER,
}
_STOP_SIGNALS = (9, 15)
_PROBES = ("liveness probe", "startup probe")


def classify(end: Terminated | None, evidence: KillEvidence = NO_EVIDENCE) -> Classified:
    """Return why a container that was restarted had ended.

    The kubelet's own words come first: a stream that was killed for its memory while it
    waited for the kubelet has left a message that says something else.

    Args:
        end: How it ended, None when that was not seen.
        evidence: What is known of who did it, where a signal did.
    """
    if end is None:
        return Classified(RestartReason.UNKNOWN, "how the container ended was not seen")
    if depends_on_who(end):
        return _by_whom(end, evidence)
    if reason := _BY_KUBELET.get(end.reason):
        return Classified(reason, _said(end))
    if end.message is not None and end.message.reason in BY_STREAM:
        return Classified(BY_STREAM[end.message.reason], _said(end))
    ended = RestartReason.OTHER if end.exit_code == 0 else RestartReason.CRASH
    return Classified(ended, _said(end))


def depends_on_who(end: Terminated) -> bool:
    """Say whether a signal ended it that the kubelet sends, but others too."""
    if end.reason in _BY_KUBELET:
        return False
    word = end.message.reason if end.message is not None else ""
    if word in BY_STREAM:
        return word == ASKED_TO_STOP
    return _signal(end) in _STOP_SIGNALS


def _by_whom(end: Terminated, evidence: KillEvidence) -> Classified:
    """Return who ended a container by a signal: never a guess, since nobody corrects it later."""
    if note := evidence.kubelet_said:
        by_probe = any(probe in note for probe in _PROBES)
        return Classified(RestartReason.PROBE if by_probe else RestartReason.OTHER, note)
    name = "SIGKILL" if _signal(end) == 9 and end.message is None else "SIGTERM"
    unready = evidence.unready_seconds
    ready_to_the_end = unready == 0 and name == "SIGKILL"
    if evidence.kubelet_denies or ready_to_the_end:
        proof = "the pod was ready until then" if ready_to_the_end else "its Events tell of no kill"
        return Classified(RestartReason.KILLED, f"{name} from outside, not by the kubelet: {proof}")
    since = f"; the pod had not been ready for {unready:.0f} s" if unready else ""
    return Classified(
        RestartReason.UNKNOWN,
        f"{name}, and nothing tells whether from outside or by the kubelet{since}",
    )


def _signal(end: Terminated) -> int:
    return end.signal or end.exit_code - 128


def _said(end: Terminated) -> str:
    if end.message is not None:
        return end.message.message or end.message.reason
    return f"{end.reason or 'ended'}, exit code {end.exit_code}"
