"""The buffer monitor: when do buffer errors mean that only a restart is left?

A pure state machine, `healthy -> erroring -> tripped`, with injected clocks. It is
told what happened (`error`, `acknowledged`, `fatal`, `tick`) and answers with the
notices to log. It does no I/O and starts no thread.

Why recovery takes so much proof: `produce()` only copies a message into a local
queue, so its success says nothing about the broker, and with expiring messages it
succeeds again and again in the middle of an outage. A single acknowledgement proves
little either: an overloaded broker acknowledges while frames are refused. The rule
below was the only one of five that was right in every outage tried on a real broker
(docs/decisions/0003-recovery-rule.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from camerastream.delivery.condition import BacklogTrend
from camerastream.delivery.hold import HoldTerm

if TYPE_CHECKING:
    from collections.abc import Callable

    from camerastream.delivery.condition import DeliveryCondition

    Clock = Callable[[], float]

QUEUE_UTILIZATION_FOR_RECOVERY = 0.5
"""The queue must be emptier than this before errors count as resolved."""

_ONGOING_SPACING_SECONDS = 1.0
_ONGOING_REMINDER_SECONDS = 10.0


class MonitorState(StrEnum):
    """Where the monitor stands."""

    HEALTHY = "healthy"
    ERRORING = "erroring"
    TRIPPED = "tripped"


class NoticeKind(StrEnum):
    """What there is to say."""

    DETECTED = "detected"
    ONGOING = "ongoing"
    RESOLVED = "resolved"
    THRESHOLD_CROSSED = "threshold-crossed"
    THRESHOLD_HELD = "threshold-held"
    HOLD_LAPSED = "hold-lapsed"
    FATAL = "fatal"


@dataclass(frozen=True, slots=True)
class MonitorLimits:
    """What the monitor goes by; replaced while running by live settings.

    Attributes:
        threshold_seconds: Continuous errors for this long trip the monitor.
        settle_seconds: Error-free time that recovery needs.
        hold: Report the crossing but do not trip; false again when the hold has lapsed.
        generation: Number of the live settings applied, None before any.
        hold_until_seconds: When the hold lapses unless it is renewed, Unix seconds; None for
            a hold without end, or none. It stays when the hold has lapsed.
    """

    threshold_seconds: float
    settle_seconds: float
    hold: bool = False
    generation: int | None = None
    hold_until_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to log, with its numbers.

    Attributes:
        kind: What happened.
        duration_seconds: Time since the first error of this run of errors.
        consecutive_errors: Errors in this run.
        error: Text of the last error.
    """

    kind: NoticeKind
    duration_seconds: float
    consecutive_errors: int
    error: str | None


@dataclass(frozen=True, slots=True)
class MonitorSnapshot:
    """The monitor as `/status` and the metrics show it."""

    state: MonitorState
    fatal: bool
    last_error: str | None
    error_duration_seconds: float
    consecutive_errors: int
    limits: MonitorLimits


class BufferMonitor:
    """Decides from errors, acknowledgements and the clock whether to force a restart.

    Not thread-safe: it belongs to the delivery thread.

    Args:
        limits: What it goes by at first.
        clock: Monotonic seconds.
        wall_clock: Unix seconds; only the end of a hold is measured by it.

    Example:
        >>> now = 0.0
        >>> monitor = BufferMonitor(MonitorLimits(60, 5), clock=lambda: now, wall_clock=lambda: 0)
        >>> [notice.kind.value for notice in monitor.error("Local: Queue full")]
        ['detected']
        >>> now = 60.0
        >>> from camerastream.delivery.condition import DeliveryCondition
        >>> full = DeliveryCondition(1.0, BacklogTrend.GROWING, 1000)
        >>> [notice.kind.value for notice in monitor.tick(full)]
        ['threshold-crossed']
        >>> monitor.snapshot().state.value
        'tripped'
    """

    def __init__(self, limits: MonitorLimits, *, clock: Clock, wall_clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._wall_clock = wall_clock
        self._term: HoldTerm | None = None
        self._state = MonitorState.HEALTHY
        self._fatal = False
        self._first_error_at = 0.0
        self._last_error_at = 0.0
        self._last_acknowledged_at: float | None = None
        self._last_said_at = 0.0
        self._held_said = False
        self._consecutive_errors = 0
        self._last_error: str | None = None
        self._final_duration_seconds = 0.0

    def error(self, text: str) -> list[Notice]:
        """Take note of a buffer error: a refused frame, a failed report, a growing spool."""
        now = self._clock()
        if self._state is MonitorState.TRIPPED:
            return []
        self._last_error = text
        self._last_error_at = now
        if self._state is MonitorState.HEALTHY:
            self._state = MonitorState.ERRORING
            self._first_error_at = self._last_said_at = now
            self._consecutive_errors = 1
            self._held_said = False
            return [self._notice(NoticeKind.DETECTED, now)]
        self._consecutive_errors += 1
        if now - self._last_said_at < _ONGOING_SPACING_SECONDS:
            return []
        self._last_said_at = now
        return [self._notice(NoticeKind.ONGOING, now)]

    def acknowledged(self) -> None:
        """Take note that the broker has acknowledged a frame."""
        self._last_acknowledged_at = self._clock()

    def fatal(self, text: str) -> list[Notice]:
        """Trip at once: librdkafka's fatal errors never end by themselves."""
        if self._state is MonitorState.TRIPPED:
            return []
        now = self._clock()
        if self._state is MonitorState.HEALTHY:
            self._first_error_at = now
            self._consecutive_errors = 0
        self._last_error = text
        self._consecutive_errors += 1
        self._fatal = True
        return [self._trip(NoticeKind.FATAL, now)]

    def tick(self, condition: DeliveryCondition) -> list[Notice]:
        """Let the clock decide; to be called several times a second."""
        if self._state is MonitorState.TRIPPED:
            return []
        now = self._clock()
        notices = self._end_hold(now)
        if self._state is MonitorState.ERRORING:
            notices += self._judge(now, condition)
        return notices

    def apply(
        self,
        *,
        threshold_seconds: float,
        hold: bool,
        generation: int | None,
        hold_until_seconds: float | None = None,
    ) -> None:
        """Replace the live part of the limits; a run of errors under way is measured by it.

        The end of a hold is measured anew, by the clocks as they are now.
        """
        if self._limits.hold and not hold:
            self._held_said = False
        until = hold_until_seconds if hold else None
        self._term = None
        if until is not None:
            self._term = HoldTerm.begin(
                until, wall_seconds=self._wall_clock(), now_seconds=self._clock()
            )
        self._limits = replace(
            self._limits,
            threshold_seconds=threshold_seconds,
            hold=hold,
            generation=generation,
            hold_until_seconds=until,
        )

    def snapshot(self) -> MonitorSnapshot:
        """Return the state as others may see it."""
        return MonitorSnapshot(
            state=self._state,
            fatal=self._fatal,
            last_error=self._last_error,
            error_duration_seconds=self._duration(self._clock()),
            consecutive_errors=self._consecutive_errors,
            limits=self._limits,
        )

    def _judge(self, now: float, condition: DeliveryCondition) -> list[Notice]:
        if self._recovered(now, condition):
            notice = self._notice(NoticeKind.RESOLVED, now)
            self._state = MonitorState.HEALTHY
            self._consecutive_errors = 0
            return [notice]
        if now - self._first_error_at >= self._limits.threshold_seconds:
            if not self._limits.hold:
                return [self._trip(NoticeKind.THRESHOLD_CROSSED, now)]
            if not self._held_said:
                self._held_said = True
                return [self._notice(NoticeKind.THRESHOLD_HELD, now)]
        if now - self._last_said_at >= _ONGOING_REMINDER_SECONDS:
            # Without new frames there are no new errors; the silence would look like recovery.
            self._last_said_at = now
            return [self._notice(NoticeKind.ONGOING, now)]
        return []

    def _end_hold(self, now: float) -> list[Notice]:
        """Stop honouring a hold whose time has come; a run of errors under way may trip then."""
        term = self._term
        if term is None or not term.over(wall_seconds=self._wall_clock(), now_seconds=now):
            return []
        self._term = None
        self._held_said = False
        self._limits = replace(self._limits, hold=False)
        return [self._notice(NoticeKind.HOLD_LAPSED, now)]

    def _recovered(self, now: float, condition: DeliveryCondition) -> bool:
        if now - self._last_error_at < self._limits.settle_seconds:
            return False
        if condition.outstanding_frames == 0:
            # Nothing is left that a broker could acknowledge.
            return True
        acknowledged = (
            self._last_acknowledged_at is not None
            and self._last_acknowledged_at >= self._last_error_at
        )
        return (
            acknowledged
            and condition.queue_utilization < QUEUE_UTILIZATION_FOR_RECOVERY
            and condition.backlog is not BacklogTrend.GROWING
            # A frame that hangs will be an error later: with one partition of several out of
            # reach, the others acknowledge in between.
            and condition.oldest_in_flight_seconds < self._limits.settle_seconds / 2
        )

    def _trip(self, kind: NoticeKind, now: float) -> Notice:
        notice = self._notice(kind, now)
        self._final_duration_seconds = notice.duration_seconds
        self._state = MonitorState.TRIPPED
        return notice

    def _duration(self, now: float) -> float:
        if self._state is MonitorState.HEALTHY:
            return 0.0
        if self._state is MonitorState.TRIPPED:
            return self._final_duration_seconds
        return now - self._first_error_at

    def _notice(self, kind: NoticeKind, now: float) -> Notice:
        return Notice(
            kind=kind,
            duration_seconds=self._duration(now),
            consecutive_errors=self._consecutive_errors,
            # Of an earlier run, while there is none.
            error=None if kind is NoticeKind.HOLD_LAPSED else self._last_error,
        )
