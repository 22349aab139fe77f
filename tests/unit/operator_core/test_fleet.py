"""The fleet guard: begins when most have errors, ends by itself, does not flap."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerastream_operator.fleet import (
    CameraDelivery,
    Delivery,
    FleetPolicy,
    FleetState,
    fleet_from_holds,
    guard_fleet,
)

from .resources import NOW

POLICY = FleetPolicy()


def fleet(erroring: int, flowing: int = 0, unknown: int = 0) -> list[CameraDelivery]:
    return [
        *[CameraDelivery(Delivery.ERRORING)] * erroring,
        *[CameraDelivery(Delivery.FLOWING)] * flowing,
        *[CameraDelivery(Delivery.UNKNOWN)] * unknown,
    ]


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("cameras", "holding"),
    [
        (fleet(2), False),
        (fleet(3), True),
        (fleet(3, 3), False),
        (fleet(4, 3), True),
        (fleet(3, 0, 3), False),
        (fleet(3, 0, 2), True),
        (fleet(0, 10), False),
        ([], False),
    ],
)
def test_it_begins_when_more_than_half_and_at_least_three_have_errors(
    cameras: list[CameraDelivery], holding: bool
) -> None:
    assert guard_fleet(FleetState(), cameras, NOW).state.holding is holding


def test_a_camera_that_was_just_restarted_still_counts() -> None:
    restarted = CameraDelivery(Delivery.UNKNOWN, later(-100))
    long_ago = CameraDelivery(Delivery.UNKNOWN, later(-121))
    cured = CameraDelivery(Delivery.FLOWING, later(-100))
    for camera, holding in ((restarted, True), (long_ago, False), (cured, False)):
        assert guard_fleet(FleetState(), [camera] * 3, NOW).state.holding is holding


def test_it_ends_by_itself_when_deliveries_resume() -> None:
    state = guard_fleet(FleetState(), fleet(4), NOW).state
    state = guard_fleet(state, fleet(2, 2), later(10)).state
    assert state.holding, "half of them is not few"
    decision = guard_fleet(state, fleet(1, 3), later(20))
    assert decision.state.holding, "it settles first"
    assert decision.look_again_at == later(50)
    state = guard_fleet(decision.state, fleet(1, 3), later(49)).state
    assert state.holding
    assert not guard_fleet(state, fleet(1, 3), later(50)).state.holding


def test_a_relapse_begins_the_settling_anew() -> None:
    state = guard_fleet(FleetState(), fleet(4), NOW).state
    state = guard_fleet(state, fleet(1, 3), later(10)).state
    state = guard_fleet(state, fleet(3, 1), later(20)).state
    state = guard_fleet(state, fleet(1, 3), later(30)).state
    assert guard_fleet(state, fleet(1, 3), later(59)).state.holding
    assert not guard_fleet(state, fleet(1, 3), later(60)).state.holding


def test_a_hold_lapses_when_nothing_is_heard() -> None:
    state = guard_fleet(FleetState(), fleet(4), NOW).state
    assert guard_fleet(state, fleet(0, 0, 4), later(599)).state.holding
    assert not guard_fleet(state, fleet(0, 0, 4), later(600)).state.holding


def test_a_hold_is_renewed_while_it_is_called_for_but_seldom() -> None:
    state = FleetState()
    ends = set()
    for seconds in range(0, 7200, 5):
        decision = guard_fleet(state, fleet(4), later(seconds))
        state = decision.state
        assert state.holding
        assert decision.look_again_at is not None
        assert decision.look_again_at > later(seconds)
        ends.add(state.hold_until)
    assert len(ends) <= 7200 / 300 + 1


def test_few_errors_late_in_a_hold_do_not_move_its_end() -> None:
    """The pods were told that end: moved at every look, it would be a write to all of them."""
    state = guard_fleet(FleetState(), fleet(4), NOW).state
    for seconds in (100, 585, 590, 599):
        state = guard_fleet(state, fleet(2, 2), later(seconds)).state
        decision = guard_fleet(state, fleet(1, 3), later(seconds))
        assert decision.state.hold_until == later(600)
    assert decision.look_again_at == later(600)
    assert not guard_fleet(decision.state, fleet(1, 3), later(600)).state.holding


@pytest.mark.parametrize(
    ("threshold", "others", "hurry"),
    [
        (29, fleet(0, 3), True),
        (29, fleet(0, 0, 3), True),
        (30, fleet(0, 3), False),
        (10, fleet(0, 1), False),
        (10, fleet(3), False),
    ],
)
def test_it_is_in_a_hurry_where_a_short_threshold_runs_and_a_hold_may_be_called_for(
    threshold: int, others: list[CameraDelivery], hurry: bool
) -> None:
    first = CameraDelivery(Delivery.ERRORING, threshold_seconds=threshold)
    assert guard_fleet(FleetState(), [first, *others], NOW).hurry is hurry
    well = CameraDelivery(Delivery.FLOWING, threshold_seconds=threshold)
    assert not guard_fleet(FleetState(), [well, *others], NOW).hurry


def test_after_a_start_the_hold_is_known_from_the_cameras() -> None:
    assert fleet_from_holds([None, later(5), later(9)], NOW) == FleetState(later(9))
    assert fleet_from_holds([later(-5), None], NOW) == FleetState()


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 3), st.integers(1, 60)),
        max_size=60,
    )
)
def test_whatever_comes(steps: list[tuple[int, int, int, int]]) -> None:
    state, now, changes = FleetState(), NOW, 0
    began: datetime | None = None
    for erroring, flowing, unknown, seconds in steps:
        now += timedelta(seconds=seconds)
        decision = guard_fleet(state, fleet(erroring, flowing, unknown), now)
        if decision.state.holding != state.holding:
            changes += 1
            if decision.state.holding:
                assert erroring >= 3
                began = now
            else:
                assert began is not None
                assert now - began >= timedelta(seconds=POLICY.settle_seconds)
        state = decision.state
        if state.hold_until is not None:
            assert state.hold_until <= now + timedelta(seconds=POLICY.hold_seconds)
            assert decision.look_again_at is not None
