"""The termination message: why the program ended, and all ends so far, for the operator."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_BYTES = 4096
"""The kubelet cuts what is longer, which would no longer be JSON."""

DEFAULT_PATH = "/dev/termination-log"


@dataclass(frozen=True, slots=True)
class Termination:
    """An end and its circumstances.

    Attributes:
        reason: KafkaBufferError, KafkaFatalError, Crash, Stuck, Stopped or Completed.
        message: A sentence for people.
        exit_code: The process's exit code.
        duration_seconds: How long the errors lasted.
        consecutive_errors: How many there were.
        last_error: Text of the last one.
        cause: Its likely cause.
        settings_generation: Number of the live settings in force.
        stream: Id of the stream.
        cumulative: Ends by reason since the state directory was made, this one included.
        frames: Counts of frames.
    """

    reason: str
    message: str
    exit_code: int
    duration_seconds: float
    consecutive_errors: int
    last_error: str | None
    cause: str | None
    settings_generation: int | None
    stream: str
    cumulative: Mapping[str, int]
    frames: Mapping[str, Any]


def termination_json(termination: Termination) -> str:
    """Return the message as JSON of less than 4096 bytes; long texts are cut."""
    for limit in (1000, 300, 80):
        text = json.dumps(
            {
                "reason": termination.reason,
                "message": termination.message[:limit],
                "exitCode": termination.exit_code,
                "durationSeconds": round(termination.duration_seconds, 1),
                "consecutiveErrors": termination.consecutive_errors,
                "lastError": termination.last_error and termination.last_error[:limit],
                "cause": termination.cause,
                "settingsGeneration": termination.settings_generation,
                "stream": termination.stream,
                "cumulative": dict(termination.cumulative),
                "frames": dict(termination.frames),
            },
            ensure_ascii=False,
        )
        if len(text.encode()) < MAX_BYTES:
            return text
    return json.dumps({"reason": termination.reason, "exitCode": termination.exit_code})


def write_termination(path: Path, termination: Termination) -> str | None:
    """Write the message; return a sentence when that fails, which must not matter more."""
    try:
        path.write_text(termination_json(termination), encoding="utf-8")
    except OSError as error:
        return f"TERMINATION_LOG={path} cannot be written: {error.strerror}"
    return None
