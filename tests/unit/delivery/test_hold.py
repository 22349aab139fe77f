"""A hold ends at its time, with or without an operator, whatever is done to the clock."""

from __future__ import annotations

from dataclasses import dataclass

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

from .test_monitor import Clock

FULL = DeliveryCondition(1.0, BacklogTrend.GROWING, 500)
IDLE = DeliveryCondition(0.0, BacklogTrend.EMPTY, 0)
CROSSED = [NoticeKind.HOLD_LAPSED, NoticeKind.THRESHOLD_CROSSED]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def monitor(clock: Clock) -> BufferMonitor:
    return BufferMonitor(MonitorLimits(60, 5), clock=clock, wall_clock=clock.wall)


def hold(monitor: BufferMonitor, until: float | None, generation: int = 1) -> None:
    monitor.apply(threshold_seconds=60, hold=True, generation=generation, hold_until_seconds=until)


def kinds(monitor: BufferMonitor, condition: DeliveryCondition = FULL) -> list[NoticeKind]:
    ongoing = NoticeKind.ONGOING
    return [notice.kind for notice in monitor.tick(condition) if notice.kind is not ongoing]


def held(monitor: BufferMonitor) -> bool:
    return monitor.snapshot().limits.hold


def test_a_crossed_threshold_trips_at_once_when_the_hold_lapses(monitor, clock) -> None:
    monitor.error("x")
    hold(monitor, clock.day + 600)
    clock.forward(599)
    assert kinds(monitor) == [NoticeKind.THRESHOLD_HELD]
    clock.forward(1)
    assert kinds(monitor) == CROSSED
    snapshot = monitor.snapshot()
    assert snapshot.state is MonitorState.TRIPPED
    assert snapshot.error_duration_seconds == pytest.approx(600)


def test_errors_that_began_late_in_a_hold_have_the_whole_threshold(monitor, clock) -> None:
    hold(monitor, clock.day + 600)
    clock.forward(590)
    monitor.error("x")
    clock.forward(10)
    assert kinds(monitor) == [NoticeKind.HOLD_LAPSED]
    clock.forward(49)
    assert kinds(monitor) == []
    clock.forward(1)
    assert kinds(monitor) == [NoticeKind.THRESHOLD_CROSSED]


def test_a_hold_lapses_in_quiet_too_and_says_so_once(monitor, clock) -> None:
    end = clock.day + 600
    hold(monitor, end)
    clock.forward(600)
    (notice,) = monitor.tick(IDLE)
    assert (notice.kind, notice.duration_seconds, notice.error) == (
        NoticeKind.HOLD_LAPSED,
        0,
        None,
    )
    assert monitor.tick(IDLE) == []
    limits = monitor.snapshot().limits
    assert (limits.hold, limits.hold_until_seconds, limits.generation) == (False, end, 1)


def test_a_renewed_hold_goes_on(monitor, clock) -> None:
    monitor.error("x")
    hold(monitor, clock.day + 600)
    clock.forward(300)
    assert kinds(monitor) == [NoticeKind.THRESHOLD_HELD]
    hold(monitor, clock.day + 600, generation=2)
    clock.forward(599)
    assert kinds(monitor) == [], "it was said already"
    clock.forward(1)
    assert kinds(monitor) == CROSSED


def test_a_hold_found_at_a_start_after_its_time_holds_nothing(monitor, clock) -> None:
    hold(monitor, clock.day - 1)
    monitor.error("buffer backlog of 3 frames, none acknowledged")
    assert kinds(monitor) == [NoticeKind.HOLD_LAPSED]
    clock.forward(60)
    assert kinds(monitor) == [NoticeKind.THRESHOLD_CROSSED]


def test_a_hold_without_an_end_has_none(monitor, clock) -> None:
    monitor.error("x")
    hold(monitor, None)
    clock.forward(86400)
    assert kinds(monitor) == [NoticeKind.THRESHOLD_HELD]
    assert held(monitor)


def test_a_clock_that_is_set_back_makes_no_hold_longer(monitor, clock) -> None:
    hold(monitor, clock.day + 600)
    clock.set_day(-86400)
    clock.forward(599)
    assert kinds(monitor) == []
    assert held(monitor)
    clock.forward(1)
    assert kinds(monitor) == [NoticeKind.HOLD_LAPSED]


def test_a_clock_that_is_set_forward_ends_the_hold_and_back_again_does_not_begin_it(
    monitor, clock
) -> None:
    hold(monitor, clock.day + 600)
    clock.set_day(600)
    assert kinds(monitor) == [NoticeKind.HOLD_LAPSED]
    clock.set_day(-600)
    assert kinds(monitor) == []
    assert not held(monitor)


@dataclass(frozen=True)
class Step:
    kind: str
    seconds: float = 0.0
    end: float | None = None


STEPS = st.lists(
    st.one_of(
        st.builds(Step, st.just("error")),
        st.builds(Step, st.just("wait"), st.floats(0.1, 400)),
        st.builds(Step, st.just("set"), st.floats(-5000, 5000)),
        st.builds(Step, st.just("hold"), end=st.none() | st.floats(-100, 900)),
        st.builds(Step, st.just("lift")),
    ),
    max_size=50,
)


@given(STEPS)
@settings(max_examples=500)
def test_whatever_comes_a_hold_ends_in_time_and_holds_until_then(steps: list[Step]) -> None:
    """Nothing is ever acknowledged, so that only a hold keeps a crossed threshold from a trip."""
    clock = Clock()
    monitor = BufferMonitor(MonitorLimits(60, 5), clock=clock, wall_clock=clock.wall)
    holding, end, latest = False, float("inf"), float("inf")
    first_error: float | None = None
    lapses_owed = 0
    for step in steps:
        if step.kind == "error":
            monitor.error("x")
            first_error = clock.now if first_error is None else first_error
        elif step.kind == "wait":
            clock.forward(step.seconds)
        elif step.kind == "set":
            clock.set_day(step.seconds)
        elif step.kind == "hold":
            holding = True
            end = latest = float("inf")
            if step.end is not None:
                end, latest = clock.day + step.end, clock.now + max(0.0, step.end)
            hold(monitor, None if step.end is None else end)
        else:
            holding = False
            monitor.apply(threshold_seconds=60, hold=False, generation=None)
        if holding and (clock.day >= end or clock.now >= latest):
            holding, lapses_owed = False, 1

        said = kinds(monitor)

        assert held(monitor) is holding
        assert said.count(NoticeKind.HOLD_LAPSED) == lapses_owed
        lapses_owed = 0
        due = first_error is not None and clock.now - first_error >= 60
        tripped = monitor.snapshot().state is MonitorState.TRIPPED
        assert tripped is (due and not holding)
        if tripped:
            return
