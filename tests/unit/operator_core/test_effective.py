"""The live settings and their generation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerastream.settings.live import LiveChange, parse_live_settings
from camerastream_operator.api.spec import BufferMonitorSpec
from camerastream_operator.defaults import StreamDefaults
from camerastream_operator.effective import (
    EffectiveSettings,
    Hold,
    Known,
    Pushed,
    ThresholdSource,
    Wanted,
    annotation_value,
    decide_effective,
    effective_status,
    hold_from_status,
    known_from_annotation,
    known_from_status,
    wanted_settings,
)

from .resources import DEFAULTS, NOW

LATER = NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("spec", "budget", "fleet", "hold", "until"),
    [
        ({}, None, None, Hold.NONE, None),
        ({}, LATER, None, Hold.BUDGET_EXHAUSTED, LATER),
        ({}, LATER, NOW, Hold.FLEET_OUTAGE, NOW),
        ({"action": "Report"}, LATER, NOW, Hold.REPORT_ONLY, None),
    ],
)
def test_holds(spec: Any, budget: Any, fleet: Any, hold: Hold, until: Any) -> None:
    wanted = wanted_settings(
        BufferMonitorSpec(**spec), DEFAULTS, budget_hold_until=budget, fleet_hold_until=fleet
    )
    assert (wanted.hold, wanted.hold_until) == (hold, until)
    assert wanted.pushed.hold is (hold is not Hold.NONE)


def test_the_threshold_is_the_operators_unless_the_spec_has_one() -> None:
    defaults = StreamDefaults(image="x", threshold_seconds=120)
    for spec, expected in (
        ({}, (120, ThresholdSource.DEFAULT)),
        ({"thresholdSeconds": 30}, (30, ThresholdSource.SPEC)),
    ):
        wanted = wanted_settings(
            BufferMonitorSpec.model_validate(spec),
            defaults,
            budget_hold_until=None,
            fleet_hold_until=None,
        )
        assert (wanted.threshold_seconds, wanted.source) == expected


SIXTY = Wanted(60, ThresholdSource.SPEC)
NINETY = Wanted(90, ThresholdSource.SPEC)


@pytest.mark.parametrize(
    ("wanted", "known", "generation"),
    [
        (SIXTY, [], 1),
        (SIXTY, [None, None], 1),
        (SIXTY, [Known(4, SIXTY.pushed)], 4),
        (SIXTY, [Known(4, NINETY.pushed)], 5),
        # The pod was told, then the status was lost: the pod's is the newest.
        (SIXTY, [Known(4, NINETY.pushed), Known(5, SIXTY.pushed)], 5),
        # Told something else than what the status says by the same number.
        (SIXTY, [Known(5, NINETY.pushed), Known(5, SIXTY.pushed)], 6),
        # Back to what was before is a change too.
        (SIXTY, [Known(4, SIXTY.pushed), Known(5, NINETY.pushed)], 6),
    ],
)
def test_generation(wanted: Wanted, known: list[Known | None], generation: int) -> None:
    assert decide_effective(wanted, *known).generation == generation


def test_another_reason_of_a_hold_is_no_change_for_the_pod() -> None:
    budget = Wanted(60, ThresholdSource.SPEC, Hold.BUDGET_EXHAUSTED, LATER)
    fleet = Wanted(60, ThresholdSource.SPEC, Hold.FLEET_OUTAGE, NOW)
    assert decide_effective(fleet, Known(3, budget.pushed)).generation == 3
    assert decide_effective(SIXTY, Known(3, budget.pushed)).generation == 4


def test_the_stream_takes_the_annotation() -> None:
    held = Wanted(45, ThresholdSource.SPEC, Hold.FLEET_OUTAGE, NOW, simulate_buffer_error=True)
    change = parse_live_settings(
        annotation_value(EffectiveSettings(7, held)), LiveChange(60, False, None, False)
    )
    assert change == LiveChange(45, True, 7, True)


wanteds = st.builds(
    Wanted,
    threshold_seconds=st.integers(5, 3600),
    source=st.sampled_from(ThresholdSource),
    hold=st.sampled_from(Hold),
    simulate_buffer_error=st.booleans(),
)


@given(wanted=wanteds, generation=st.integers(1, 10**9))
def test_what_is_written_is_read_back(wanted: Wanted, generation: int) -> None:
    effective = EffectiveSettings(generation, wanted)
    known = Known(generation, wanted.pushed)
    assert known_from_annotation(annotation_value(effective)) == known
    status = {"effectiveSettings": effective_status(effective, applied_generation=None)}
    assert known_from_status(status) == known
    assert hold_from_status(status)[0] is wanted.hold


@given(st.lists(st.tuples(wanteds, st.integers(0, 2)), max_size=30))
def test_a_generation_never_names_two_settings(steps: list[tuple[Wanted, int]]) -> None:
    """Status, then StatefulSet, then pod are written; a crash may come after any of them."""
    places: list[Known | None] = [None, None, None]
    named: dict[int, Pushed] = {}
    before: tuple[int, Pushed] | None = None
    for wanted, survives in steps:
        effective = decide_effective(wanted, *places)
        assert named.setdefault(effective.generation, wanted.pushed) == wanted.pushed
        if before is not None and before[1] == wanted.pushed:
            assert effective.generation == before[0]
        for place in range(survives + 1):
            places[place] = Known(effective.generation, wanted.pushed)
        before = (effective.generation, wanted.pushed)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[",
        "[]",
        '{"generation": 1}',
        '{"generation":true,"thresholdSeconds":60,"hold":false,"simulateBufferError":false}',
        '{"generation":1,"thresholdSeconds":"60","hold":false,"simulateBufferError":false}',
        '{"generation":1,"thresholdSeconds":60,"hold":"no","simulateBufferError":false}',
    ],
)
def test_an_odd_annotation_is_written_anew(text: str | None) -> None:
    assert known_from_annotation(text) is None
