"""A camera's restarts as text: the sums, then a line for each with the time between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from kubectl_cam.times import age_text, time_text
from kubectl_cam.words import KAFKA, count_text, hold_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kubectl_cam.timeline import Entry, Timeline

_INDENT = " " * 23
_STYLES = {"BufferError": "yellow", "FatalError": "red", "Crash": "red", "OOM": "red"}


def restarts_text(timeline: Timeline, now: datetime) -> Text:
    """Return all there is to say."""
    text = Text()
    text.append(_headline(timeline), "bold")
    text.append("\n")
    for line in _accounts(timeline, now):
        text.append(f"  {line}\n")
    if timeline.unlisted and timeline.entries:
        text.append(f"\n{_INDENT}{count_text(timeline.unlisted, 'older restart')}\n", "dim")
    elif timeline.entries:
        text.append("\n")
    for entry in timeline.entries:
        if entry.gap_seconds is not None:
            text.append(f"{_INDENT}{age_text(entry.gap_seconds)} without a restart\n", "dim")
        _append(text, entry)
    if timeline.since_last_seconds is not None and timeline.total is not None:
        calm = f"{age_text(timeline.since_last_seconds)} without a restart, until now\n"
        text.append(f"{_INDENT if timeline.entries else '  '}{calm}", "dim")
    text.rstrip()
    return text


def _headline(timeline: Timeline) -> str:
    name = f"{timeline.name} in namespace {timeline.namespace}"
    if timeline.total is None:
        return f"{name}: restarts are not counted yet; does the operator run?"
    since = f" since {time_text(timeline.created)}" if timeline.created else ""
    return f"{name}: {count_text(timeline.total, 'restart')}{since}"


def _accounts(timeline: Timeline, now: datetime) -> Iterator[str]:
    if timeline.by_reason:
        yield "   ".join(f"{name} {count}" for name, count in timeline.by_reason.items())
    if timeline.pod_replacements:
        times = count_text(timeline.pod_replacements, "time")
        yield f"the pod was replaced {times}, which is no restart of a container"
    if timeline.unobserved_replacements:
        yield (
            f"{count_text(timeline.unobserved_replacements, 'pod')} went away unseen: restarts in "
            "the last moments may be missing above"
        )
    if timeline.sidecar:
        yield f"{count_text(timeline.sidecar, 'restart')} of other containers, not counted above"
    if timeline.budget_remaining is not None:
        yield _budget(timeline)
    if timeline.hold:
        until = ""
        if timeline.hold_until is not None:
            ahead = age_text((timeline.hold_until - now).total_seconds())
            until = f"{time_text(timeline.hold_until)} (in {ahead})"
        yield f"{hold_words(timeline.hold, until)}: crossing the threshold restarts nothing"


def _budget(timeline: Timeline) -> str:
    allowed, window = timeline.budget_restarts, timeline.budget_window_seconds
    of = "" if allowed is None else f" of {allowed}"
    within = "" if window is None else f" within {age_text(window)}"
    return f"budget: {timeline.budget_remaining}{of} forced restarts left{within}"


def _append(text: Text, entry: Entry) -> None:
    at = time_text(entry.at) if entry.at is not None else "time unknown"
    text.append(f"{at:<20}   ")
    text.append(entry.reason or "Unknown", _STYLES.get(entry.reason, "cyan"))
    details = []
    if entry.exit_code is not None:
        details.append(f"exit code {entry.exit_code}")
    if entry.duration_seconds is not None:
        details.append(f"after {age_text(entry.duration_seconds)} of errors")
    if entry.cause:
        details.append(KAFKA.get(entry.cause, entry.cause))
    details += [f"{name} {count:,}" for name, count in entry.frames.items()]
    text.append("".join(f", {detail}" for detail in details) + "\n")
    if entry.message and entry.message != entry.reason:
        text.append(f"{_INDENT}{entry.message}\n")
