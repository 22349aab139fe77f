"""What the stream's words for causes mean, as short sentences. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

KAFKA: dict[str, str] = {
    "unreachable": "no Kafka broker answers",
    "silent": "Kafka acknowledges nothing",
    "auth": "Kafka refuses the login",
    "tls": "the TLS connection to Kafka fails",
    "topic": "the Kafka topic does not exist",
    "acl": "no right to write to the Kafka topic",
    "quota": "Kafka throttles this client",
    "too-large": "frames are larger than the topic takes",
    "fatal": "the Kafka producer cannot go on",
    "unknown": "Kafka does not take the frames",
}

CAMERA: dict[str, str] = {
    "unresolved": "the camera's host name is unknown",
    "refused": "the camera refuses the connection",
    "timeout": "the camera does not answer",
    "unauthorized": "the camera refuses the login",
    "not-found": "the camera has no such stream",
    "no-video": "the camera's address has no video",
    "stalled": "the camera is connected and sends nothing",
    "ended": "the camera's stream has ended",
    "unknown": "the camera gives no picture",
}

HOLD: dict[str, str] = {
    "ReportOnly": "its spec wants reports only",
    "BudgetExhausted": "its restart budget is used up",
    "FleetOutage": "most cameras have errors at once",
}


def kafka_words(cause: str) -> str:
    """Say what is wrong with Kafka."""
    return KAFKA.get(cause, KAFKA["unknown"])


def camera_words(cause: str) -> str:
    """Say what is wrong with the camera."""
    return CAMERA.get(cause, CAMERA["unknown"])


def hold_words(hold: str, until: str) -> str:
    """Say that a camera is held, until when, and why.

    Args:
        hold: Why, in a word.
        until: A time, empty when it has no end.

    Example:
        >>> hold_words("FleetOutage", "08:30:00Z")
        'held until 08:30:00Z, as most cameras have errors at once'
    """
    return f"held{f' until {until}' if until else ''}, as {HOLD.get(hold, hold)}"


def count_text(count: int, noun: str) -> str:
    """Return a number and its noun.

    Example:
        >>> [count_text(count, "frame") for count in (1, 1200)]
        ['1 frame', '1,200 frames']
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def names_text(names: Sequence[str], most: int = 4) -> str:
    """Return names, the first of them where there are many.

    Example:
        >>> names_text(["a", "b", "c"], most=2)
        'a, b and 1 more'
    """
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
