"""The live settings file: what may change without a restart."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 65536
_LONGEST_THRESHOLD_SECONDS = 86400
_KEYS = ("generation", "thresholdSeconds", "hold", "holdUntil", "simulateBufferError")


@dataclass(frozen=True, slots=True)
class LiveChange:
    """Settings that may change while running.

    Attributes:
        threshold_seconds: The monitor's threshold.
        hold: Report the crossing of the threshold but do not trip.
        generation: Number of this change, None when it carries none.
        simulate_buffer_error: Inject buffer errors.
        hold_until_seconds: When the hold lapses by itself, Unix seconds; None when it has no end.
    """

    threshold_seconds: float
    hold: bool
    generation: int | None
    simulate_buffer_error: bool
    hold_until_seconds: float | None = None


def parse_live_settings(text: str, defaults: LiveChange) -> LiveChange:
    """Read the file's JSON; what it leaves out is as at start, what is not known is left aside.

    Raises:
        ValueError: It is not usable; the sentence says what to write.
    """
    data = _object(text)
    threshold = data.get("thresholdSeconds", defaults.threshold_seconds)
    # Compared this way round, NaN is refused too.
    usable = isinstance(threshold, (int, float)) and 0 < threshold <= _LONGEST_THRESHOLD_SECONDS
    if isinstance(threshold, bool) or not usable:
        raise ValueError(
            "thresholdSeconds is not usable; write a number of seconds above 0, at most "
            f"{_LONGEST_THRESHOLD_SECONDS}"
        )
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
        hold_until_seconds=_end_of_hold(data.get("holdUntil")),
    )


def unknown_keys_note(text: str) -> str | None:
    """Return a sentence about keys that are left aside, None when all are known.

    They are no reason to refuse the rest: an operator of a newer version may send them, and
    the threshold beside them must be taken.
    """
    try:
        unknown = [key for key in _object(text) if key not in _KEYS]
    except ValueError:
        return None
    if not unknown:
        return None
    near = [difflib.get_close_matches(key, _KEYS, n=1) for key in unknown]
    advice = ", ".join(match[0] for match in near if match) or f"one of {', '.join(_KEYS)}"
    return f"{', '.join(unknown)} is not known to this version and is ignored; write {advice}"


def _object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON ({error})") from None
    if not isinstance(data, dict):
        raise ValueError('it is not an object; write for example {"thresholdSeconds": 60}')  # noqa: TRY004 - one kind of error for one file
    return data


def _end_of_hold(given: object) -> float | None:
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(given) if isinstance(given, str) else None
        # Without an offset it would be local time in one place and UTC in another.
        if at is not None and at.tzinfo is not None:
            return at.astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        pass
    raise ValueError(
        "holdUntil is not usable; write a time in UTC, for example 2026-03-01T08:30:00Z"
    )


@dataclass(frozen=True, slots=True)
class LiveRead:
    """What a look at the file brought.

    Attributes:
        change: The settings to apply, None when there is nothing new or usable.
        problem: Why the file is not usable.
        note: What was left aside in a usable file.
    """

    change: LiveChange | None = None
    problem: str | None = None
    note: str | None = None


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
            change = parse_live_settings(text, self._defaults)
        except ValueError as error:
            return LiveRead(problem=str(error))
        return LiveRead(change, note=unknown_keys_note(text))

    def _once(self, mark: str, problem: str) -> str | None:
        if self._seen == mark:
            return None
        self._seen = mark
        return problem
