"""When does the program end, why, and with which exit code? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from camerastream.settings.model import OnThreshold

EXIT_ENDED_AS_ASKED = 0
EXIT_BUFFER = 1
EXIT_BAD_SETTINGS = 2
EXIT_UNEXPECTED = 3

PROBE_PATIENCE_SECONDS = 60.0
"""How long the kubelet has to react to a failing `/livez` before the program ends itself."""


class EndReason(StrEnum):
    """Why the program ends; counted in the state directory and told to the operator."""

    BUFFER = "KafkaBufferError"
    FATAL = "KafkaFatalError"
    CRASH = "Crash"
    STUCK = "Stuck"
    STOPPED = "Stopped"
    COMPLETED = "Completed"


@dataclass(frozen=True, slots=True)
class Signs:
    """What the supervisor sees.

    Attributes:
        tripped: The buffer monitor has tripped.
        fatal: It tripped by a fatal producer error.
        crashed: A thread ended with an unexpected error.
        stuck: A loop has not come round for too long.
        asked: SIGTERM or SIGINT came.
        completed: The file that was the camera has ended, and all is delivered.
        failing_seconds: Time since `/livez` began to fail.
    """

    tripped: bool = False
    fatal: bool = False
    crashed: bool = False
    stuck: bool = False
    asked: bool = False
    completed: bool = False
    failing_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Ending:
    """A reason to end, and whether to do so now or to let the kubelet do it."""

    reason: EndReason
    now: bool

    @property
    def exit_code(self) -> int:
        """The process's exit code."""
        match self.reason:
            case EndReason.BUFFER | EndReason.FATAL:
                return EXIT_BUFFER
            case EndReason.CRASH | EndReason.STUCK:
                return EXIT_UNEXPECTED
            case EndReason.STOPPED | EndReason.COMPLETED:
                return EXIT_ENDED_AS_ASKED


def decide_ending(signs: Signs, on_threshold: OnThreshold) -> Ending | None:
    """Return why and when to end, None to go on.

    A trip outranks a request to stop: the kubelet's SIGTERM after a failed probe is the
    consequence of the trip, and the exit code has to say so.
    """
    failing: EndReason | None = None
    if signs.crashed:
        return Ending(EndReason.CRASH, now=True)
    if signs.tripped:
        failing = EndReason.FATAL if signs.fatal else EndReason.BUFFER
    elif signs.stuck:
        failing = EndReason.STUCK
    if failing is not None:
        waited = signs.asked or signs.failing_seconds >= PROBE_PATIENCE_SECONDS
        return Ending(failing, now=on_threshold is OnThreshold.EXIT or waited)
    if signs.asked:
        return Ending(EndReason.STOPPED, now=True)
    if signs.completed:
        return Ending(EndReason.COMPLETED, now=True)
    return None
