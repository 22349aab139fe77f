"""The live settings as a pod is told them: the annotation's text and its meaning. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from camerastream_operator.jsonview import mapping_at, number_at
from camerastream_operator.times import read_time, write_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

UNNUMBERED = 0
"""Generation of settings that are only a beginning: whoever looks after the pod tells others."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What the pod is told; a change of it raises the generation.

    Attributes:
        threshold_seconds: Continuous buffer errors for this long force a restart.
        hold: Report the crossing only.
        simulate_buffer_error: Inject buffer errors.
        hold_until: When the hold lapses, UTC, whole seconds; None when the pod is told no end.
    """

    threshold_seconds: float
    hold: bool
    simulate_buffer_error: bool
    hold_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Live settings found somewhere, with their generation.

    Attributes:
        generation: Their number.
        pushed: What they say.
    """

    generation: int
    pushed: Pushed


def settings_text(generation: int, pushed: Pushed) -> str:
    """Return what an annotation holds.

    Example:
        >>> settings_text(3, Pushed(60, hold=False, simulate_buffer_error=False))
        '{"generation":3,"thresholdSeconds":60,"hold":false,"simulateBufferError":false}'
    """
    until = {} if pushed.hold_until is None else {"holdUntil": write_time(pushed.hold_until)}
    return json.dumps(
        {
            "generation": generation,
            "thresholdSeconds": pushed.threshold_seconds,
            "hold": pushed.hold,
            **until,
            "simulateBufferError": pushed.simulate_buffer_error,
        },
        separators=(",", ":"),
    )


def known_from_annotation(text: str | None) -> Known | None:
    """Read an annotation; None for what cannot be read, so that it is written anew."""
    try:
        data = json.loads(text or "")
    except ValueError:
        return None
    generation, pushed = number_at(data, "generation"), _pushed(mapping_at(data))
    return None if generation is None or pushed is None else Known(generation, pushed)


def _pushed(data: Mapping[str, Any]) -> Pushed | None:
    threshold, until = data.get("thresholdSeconds"), data.get("holdUntil")
    hold, simulate = data.get("hold"), data.get("simulateBufferError")
    if (
        isinstance(threshold, bool)
        or not isinstance(threshold, int | float)
        or not isinstance(hold, bool)
        or not isinstance(simulate, bool)
        or (until is not None and read_time(until) is None)
    ):
        return None
    return Pushed(threshold, hold, simulate, read_time(until))
