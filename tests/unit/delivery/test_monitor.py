"""The monitor's rules, with time injected."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerastream.delivery.condition import BacklogTrend, DeliveryCondition
from camerastream.delivery.monitor import (
    BufferMonitor,
    MonitorLimits,
    MonitorState,
    NoticeKind,
)

IDLE = DeliveryCondition(0.0, BacklogTrend.EMPTY, 0)
FLOWING = DeliveryCondition(0.1, BacklogTrend.EMPTY, 5)
FULL = DeliveryCondition(1.0, BacklogTrend.GROWING, 500)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.day = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.day

    def forward(self, seconds: float) -> None:
        self.now += seconds
        self.day += seconds

    def set_day(self, seconds: float) -> None:
        """Somebody sets the clock of the day; the other one does not notice."""
        self.day += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def monitor(clock: Clock) -> BufferMonitor:
    return BufferMonitor(MonitorLimits(60, 5), clock=clock, wall_clock=clock.wall)


def kinds(notices):
    return [notice.kind for notice in notices]


def test_first_error_starts_the_timer_and_later_ones_are_counted(monitor, clock) -> None:
    assert kinds(monitor.error("Local: Queue full")) == [NoticeKind.DETECTED]
    clock.forward(0.5)
    assert monitor.error("Local: Queue full") == []
    clock.forward(0.6)
    (notice,) = monitor.error("Local: Queue full")
    assert notice.kind is NoticeKind.ONGOING
    assert notice.consecutive_errors == 3
    assert notice.duration_seconds == pytest.approx(1.1)


def test_threshold_is_judged_by_the_clock_without_another_error(monitor, clock) -> None:
    monitor.error("Local: Queue full")
    clock.forward(59.9)
    assert NoticeKind.THRESHOLD_CROSSED not in kinds(monitor.tick(FULL))
    clock.forward(0.1)
    assert kinds(monitor.tick(FULL)) == [NoticeKind.THRESHOLD_CROSSED]
    assert monitor.snapshot().state is MonitorState.TRIPPED


def test_a_tripped_monitor_stays_tripped_and_says_nothing_more(monitor, clock) -> None:
    monitor.error("x")
    clock.forward(60)
    monitor.tick(FULL)
    monitor.acknowledged()
    clock.forward(1000)
    assert monitor.tick(IDLE) == []
    assert monitor.error("x") == []
    assert monitor.fatal("x") == []
    assert monitor.snapshot().state is MonitorState.TRIPPED
    assert monitor.snapshot().error_duration_seconds == pytest.approx(60)


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        (DeliveryCondition(0.5, BacklogTrend.EMPTY, 5), "the queue is not under half"),
        (DeliveryCondition(0.1, BacklogTrend.GROWING, 5), "the spool grows"),
        (DeliveryCondition(0.1, BacklogTrend.EMPTY, 5, 2.5), "a frame hangs in the producer"),
    ],
)
def test_an_acknowledgement_alone_is_no_recovery(monitor, clock, condition, why) -> None:
    monitor.error("x")
    clock.forward(1)
    monitor.acknowledged()
    clock.forward(5)
    assert NoticeKind.RESOLVED not in kinds(monitor.tick(condition)), why


def test_recovery_needs_an_acknowledgement_after_the_last_error(monitor, clock) -> None:
    monitor.acknowledged()
    clock.forward(1)
    monitor.error("x")
    clock.forward(9)
    assert monitor.tick(FLOWING) == []
    monitor.acknowledged()
    (notice,) = monitor.tick(FLOWING)
    assert notice.kind is NoticeKind.RESOLVED
    assert notice.duration_seconds == pytest.approx(9)
    assert monitor.snapshot().consecutive_errors == 0


def test_recovery_needs_the_settle_time_without_an_error(monitor, clock) -> None:
    monitor.error("x")
    clock.forward(4)
    monitor.acknowledged()
    monitor.error("x")
    monitor.acknowledged()
    clock.forward(4.9)
    assert NoticeKind.RESOLVED not in kinds(monitor.tick(FLOWING))
    clock.forward(0.2)
    assert kinds(monitor.tick(FLOWING)) == [NoticeKind.RESOLVED]


def test_with_nothing_outstanding_the_settle_time_is_enough(monitor, clock) -> None:
    monitor.error("x")
    clock.forward(5.1)
    assert kinds(monitor.tick(IDLE)) == [NoticeKind.RESOLVED]


def test_fatal_errors_trip_at_once_even_from_healthy(monitor) -> None:
    (notice,) = monitor.fatal("Local: Fatal error")
    assert notice.kind is NoticeKind.FATAL
    snapshot = monitor.snapshot()
    assert (snapshot.state, snapshot.fatal) == (MonitorState.TRIPPED, True)


def test_hold_reports_the_crossing_once_and_does_not_trip(monitor, clock) -> None:
    monitor.apply(threshold_seconds=60, hold=True, generation=7)
    monitor.error("x")
    clock.forward(61)
    assert kinds(monitor.tick(FULL)) == [NoticeKind.THRESHOLD_HELD]
    clock.forward(1)
    assert NoticeKind.THRESHOLD_HELD not in kinds(monitor.tick(FULL))
    assert monitor.snapshot().state is MonitorState.ERRORING
    monitor.apply(threshold_seconds=60, hold=False, generation=8)
    assert kinds(monitor.tick(FULL)) == [NoticeKind.THRESHOLD_CROSSED]


def test_a_threshold_changed_while_erroring_counts_from_the_first_error(monitor, clock) -> None:
    monitor.error("x")
    clock.forward(30)
    monitor.tick(FULL)
    monitor.apply(threshold_seconds=20, hold=False, generation=2)
    assert kinds(monitor.tick(FULL)) == [NoticeKind.THRESHOLD_CROSSED]


def test_a_long_silence_is_reminded_of(monitor, clock) -> None:
    monitor.error("x")
    clock.forward(10)
    assert kinds(monitor.tick(FULL)) == [NoticeKind.ONGOING]
    assert monitor.tick(FULL) == []


events = st.lists(
    st.tuples(
        st.sampled_from(["error", "ack", "tick"]),
        st.floats(0.01, 20),
        st.builds(
            DeliveryCondition,
            st.floats(0, 1),
            st.sampled_from(BacklogTrend),
            st.integers(0, 10),
            st.floats(0, 5),
        ),
    ),
    max_size=60,
)


@given(events)
@settings(max_examples=300)
def test_it_trips_exactly_when_errors_outlast_the_threshold(history) -> None:
    clock = Clock()
    monitor = BufferMonitor(MonitorLimits(60, 5), clock=clock, wall_clock=clock.wall)
    first_error: float | None = None
    last_error = last_ack = float("-inf")
    tripped = False
    for kind, seconds, condition in history:
        clock.forward(seconds)
        if kind == "ack":
            monitor.acknowledged()
            last_ack = clock.now
        elif kind == "error":
            monitor.error("x")
            if not tripped:
                first_error = clock.now if first_error is None else first_error
                last_error = clock.now
        elif first_error is not None and not tripped:
            settled = clock.now - last_error >= 5
            proven = condition.outstanding_frames == 0 or (
                last_ack >= last_error
                and condition.queue_utilization < 0.5
                and condition.backlog is not BacklogTrend.GROWING
                and condition.oldest_in_flight_seconds < 2.5
            )
            if settled and proven:
                first_error = None
            elif clock.now - first_error >= 60:
                tripped = True
            monitor.tick(condition)
        else:
            assert monitor.tick(condition) == []
        expected = (
            MonitorState.TRIPPED
            if tripped
            else MonitorState.HEALTHY
            if first_error is None
            else MonitorState.ERRORING
        )
        assert monitor.snapshot().state is expected
