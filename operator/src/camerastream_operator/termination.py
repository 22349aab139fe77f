"""The termination message: what the stream says about its end. Reading it never fails."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from camerastream_operator.jsonview import counts_at, number_at, text_at

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class TerminationMessage:
    """What the stream wrote before it ended.

    Attributes:
        reason: KafkaBufferError, KafkaFatalError, Crash, Stuck, Stopped or Completed.
        message: A sentence for people.
        cause: What was wrong with Kafka, in a word.
        settings_generation: The live settings in force.
        ends: Ends by reason since the state directory was made, this one included; empty
            when the message had no room for them.
    """

    reason: str
    message: str = ""
    cause: str = ""
    settings_generation: int | None = None
    ends: Mapping[str, int] = field(default_factory=dict)


def read_termination(text: object) -> TerminationMessage | None:
    """Read a message; None when it is none of the stream's.

    With `FallbackToLogsOnError`, or from another program, it may be any text.

    Example:
        >>> read_termination('{"reason": "Stuck", "cumulative": {"Stuck": 2}}').ends
        {'Stuck': 2}
        >>> read_termination("Traceback (most recent call last): ...") is None
        True
    """
    if not isinstance(text, str):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    reason = text_at(data, "reason")
    if not reason:
        return None
    return TerminationMessage(
        reason=reason,
        message=text_at(data, "message"),
        cause=text_at(data, "cause"),
        settings_generation=number_at(data, "settingsGeneration"),
        ends=counts_at(data, "cumulative"),
    )
