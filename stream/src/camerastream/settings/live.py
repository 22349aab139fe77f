"""The live settings file: what may change without a restart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 65536
_KEYS = frozenset({"generation", "thresholdSeconds", "hold", "simulateBufferError"})


@dataclass(frozen=True, slots=True)
class LiveChange:
    """Settings that may change while running.

    Attributes:
        threshold_seconds: The monitor's threshold.
        hold: Report the crossing of the threshold but do not trip.
        generation: Number of this change, None when it carries none.
        simulate_buffer_error: Inject buffer errors.
    """

    threshold_seconds: float
    hold: bool
    generation: int | None
    simulate_buffer_error: bool


def parse_live_settings(text: str, defaults: LiveChange) -> LiveChange:
    """Read the file's JSON; what it leaves out is as at start.

    Raises:
        ValueError: It is not usable; the sentence says what to write.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ValueError(f"it is not JSON ({error})") from None
    if not isinstance(data, dict):
        raise ValueError('it is not an object; write for example {"thresholdSeconds": 60}')  # noqa: TRY004 - one kind of error for one file
    unknown = sorted(set(data) - _KEYS)
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is unknown; write {', '.join(sorted(_KEYS))}")
    threshold = data.get("thresholdSeconds", defaults.threshold_seconds)
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or threshold <= 0:
        raise ValueError("thresholdSeconds is not usable; write a number of seconds above 0")
    generation = data.get("generation", defaults.generation)
    if isinstance(generation, bool) or not isinstance(generation, (int, type(None))):
        raise ValueError("generation is not usable; write a whole number")  # noqa: TRY004 - one kind of error for one file
    for name in ("hold", "simulateBufferError"):
        if not isinstance(data.get(name, False), bool):
            raise ValueError(f"{name} is not usable; write true or false")  # noqa: TRY004 - one kind of error for one file
    return LiveChange(
        threshold_seconds=float(threshold),
        hold=data.get("hold", defaults.hold),
        generation=generation,
        simulate_buffer_error=data.get("simulateBufferError", defaults.simulate_buffer_error),
    )


@dataclass(frozen=True, slots=True)
class LiveRead:
    """What a look at the file brought.

    Attributes:
        change: The settings to apply, None when there is nothing new or usable.
        problem: Why the file is not usable.
    """

    change: LiveChange | None = None
    problem: str | None = None


class LiveSettingsFile:
    """Looks whether the file has changed. It may appear, vanish and be replaced.

    Args:
        path: The file; in a pod a downward-API file, replaced by a symbolic link.
        defaults: The settings at start, in force while there is no file.
    """

    def __init__(self, path: Path, defaults: LiveChange) -> None:
        self._path = path
        self._defaults = defaults
        self._seen: str | None = None

    def look(self) -> LiveRead:
        """Return what is new since the last look."""
        try:
            with self._path.open(encoding="utf-8") as handle:
                text = handle.read(MAX_BYTES)
        except FileNotFoundError:
            text = ""
        except (OSError, ValueError) as error:
            return LiveRead(problem=self._once(f"\0{error}", f"it cannot be read ({error})"))
        if text == self._seen or (self._seen is None and not text):
            self._seen = text
            return LiveRead()
        self._seen = text
        if not text.strip():
            return LiveRead(change=self._defaults)
        try:
            return LiveRead(change=parse_live_settings(text, self._defaults))
        except ValueError as error:
            return LiveRead(problem=str(error))

    def _once(self, mark: str, problem: str) -> str | None:
        if self._seen == mark:
            return None
        self._seen = mark
        return problem
