"""A camera's restarts in their order, with the time between them. Pure; never fails."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from kubectl_cam.look import Look
from kubectl_cam.times import seconds_between

if TYPE_CHECKING:
    from datetime import datetime

REASONS = ("bufferError", "fatalError", "crash", "oom", "probe", "killed", "other", "unknown")
"""As `status.restarts` spells them, in the order in which they are shown."""
_DURATION = re.compile(r"\bfor (\d+(?:\.\d+)?) ?s\b")


@dataclass(frozen=True, slots=True)
class Entry:
    """One restart; None or empty where nothing is known.

    Attributes:
        at: When the container ended.
        reason: Why it was restarted.
        cause: What was wrong with Kafka, in a word.
        exit_code: Its exit code.
        duration_seconds: How long the errors had lasted.
        message: A sentence about it.
        frames: Where its frames were at the end.
        pod: Its pod.
        gap_seconds: Time since the restart before.
    """

    at: datetime | None
    reason: str
    cause: str
    exit_code: int | None
    duration_seconds: float | None
    message: str
    frames: dict[str, int]
    pod: str
    gap_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """All accounts of a camera's restarts; None or empty where the status does not tell.

    Attributes:
        namespace: Of the camera.
        name: Of the camera.
        created: When the counting began.
        total: Restarts since then.
        by_reason: The same by reason, as `status.restarts` spells it.
        sidecar: Restarts of other containers, not in the total.
        pod_replacements: New pods, which are no restarts.
        unobserved_replacements: Pods whose last restarts may be missing from the total.
        budget_restarts: How many restarts buffer errors may force within the window.
        budget_window_seconds: The window.
        in_window: How many they have forced within it.
        budget_remaining: How many more they may.
        hold: Why crossing the threshold restarts nothing.
        hold_until: When that ends by itself.
        entries: The last restarts, newest last.
        since_last_seconds: Time since the last restart, or since the counting began.
    """

    namespace: str
    name: str
    created: datetime | None
    total: int | None
    by_reason: dict[str, int]
    sidecar: int
    pod_replacements: int
    unobserved_replacements: int
    budget_restarts: int | None
    budget_window_seconds: int | None
    in_window: int | None
    budget_remaining: int | None
    hold: str
    hold_until: datetime | None
    entries: tuple[Entry, ...]
    since_last_seconds: float | None

    @property
    def unlisted(self) -> int:
        """How many restarts are counted but no longer listed."""
        return max(0, (self.total or 0) - len(self.entries))


def read_timeline(resource: object, now: datetime) -> Timeline:
    """Read the accounts from a resource.

    Args:
        resource: The CameraStream.
        now: The time.
    """
    look = Look(resource)
    status, restarts = look.at("status"), look.at("status", "restarts")
    budget = look.at("spec", "restartPolicy", "budget")
    effective = status.at("effectiveSettings")
    hold = effective.text("hold")
    created = look.at("metadata").time("creationTimestamp")
    entries = _entries(status)
    last = next((entry.at for entry in reversed(entries) if entry.at is not None), created)
    return Timeline(
        namespace=look.at("metadata").text("namespace"),
        name=look.at("metadata").text("name"),
        created=created,
        total=restarts.count("total"),
        by_reason={name: count for name in REASONS if (count := restarts.count(name))},
        sidecar=restarts.count("sidecar") or 0,
        pod_replacements=restarts.count("podReplacements") or 0,
        unobserved_replacements=restarts.count("unobservedReplacements") or 0,
        budget_restarts=budget.count("restarts"),
        budget_window_seconds=budget.count("windowSeconds"),
        in_window=restarts.count("inWindow"),
        budget_remaining=restarts.count("budgetRemaining"),
        hold="" if hold == "None" else hold,
        hold_until=effective.time("holdUntil"),
        entries=entries,
        since_last_seconds=seconds_between(last, now),
    )


def _entries(status: Look) -> tuple[Entry, ...]:
    # The status has the newest first. Sorting is stable: what has no time keeps its place
    # at the old end.
    listed = [_entry(item) for item in reversed(status.each("recentRestarts"))]
    listed.sort(key=lambda entry: 0.0 if entry.at is None else entry.at.timestamp())
    first = listed[:1]
    return (*first, *(_after(before, entry) for before, entry in pairwise(listed)))


def _after(before: Entry, entry: Entry) -> Entry:
    gap = seconds_between(before.at, entry.at) if entry.at is not None else None
    return replace(entry, gap_seconds=gap)


def _entry(item: Look) -> Entry:
    message = item.text("message")
    duration = item.number("durationSeconds")
    if duration is None and (found := _DURATION.search(message)):
        duration = float(found[1])
    exit_code = item.number("exitCode")
    return Entry(
        at=item.time("time"),
        reason=item.text("reason"),
        cause=item.text("cause"),
        exit_code=None if exit_code is None else int(exit_code),
        duration_seconds=duration,
        message=message,
        frames=item.at("frames").counts(),
        pod=item.text("podName"),
    )
