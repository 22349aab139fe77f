"""The live settings and their generation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
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
    ThresholdSource,
    Wanted,
    annotation_value,
    decide_effective,
    effective_status,
    hold_from_status,
    known_from_status,
    template_value,
    wanted_settings,
)
from camerastream_operator.pod_settings import Known, Pushed, known_from_annotation

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
    assert wanted.pushed.hold_until == until


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


def held(until: datetime | None, *, takes_hold_end: bool = True) -> Wanted:
    hold = Hold.FLEET_OUTAGE if until else Hold.REPORT_ONLY
    return Wanted(60, ThresholdSource.SPEC, hold, until, takes_hold_end=takes_hold_end)


def test_another_reason_of_a_hold_is_no_change_for_the_pod() -> None:
    budget = replace(held(LATER), hold=Hold.BUDGET_EXHAUSTED)
    assert decide_effective(held(LATER), Known(3, budget.pushed)).generation == 3
    assert decide_effective(SIXTY, Known(3, budget.pushed)).generation == 4


def test_a_renewed_hold_is_a_change_for_a_pod_that_is_told_its_end() -> None:
    later = LATER + timedelta(minutes=5)
    assert decide_effective(held(later), Known(3, held(LATER).pushed)).generation == 4
    old = Known(3, held(LATER, takes_hold_end=False).pushed)
    assert decide_effective(held(later, takes_hold_end=False), old).generation == 3
    assert decide_effective(held(LATER), old).generation == 4


def test_fractions_of_a_second_are_no_change() -> None:
    wanted = held(LATER + timedelta(microseconds=1))
    known = known_from_annotation(annotation_value(EffectiveSettings(3, wanted)))
    assert decide_effective(wanted, known).generation == 3


def test_the_stream_takes_the_annotation() -> None:
    wanted = replace(held(NOW), threshold_seconds=45, simulate_buffer_error=True)
    start = LiveChange(60, False, None, False)
    change = parse_live_settings(annotation_value(EffectiveSettings(7, wanted)), start)
    assert change == LiveChange(45, True, 7, True, NOW.timestamp())
    endless = EffectiveSettings(8, held(None))
    assert parse_live_settings(annotation_value(endless), start) == LiveChange(60, True, 8, False)


def test_a_stream_of_the_version_before_is_told_no_key_that_it_refuses() -> None:
    """The end is left out, never the hold: its threshold must not be crossed in an outage."""
    told = annotation_value(EffectiveSettings(7, held(LATER, takes_hold_end=False)))
    assert told == (
        '{"generation":7,"thresholdSeconds":60,"hold":true,"simulateBufferError":false}'
    )
    assert held(LATER, takes_hold_end=False).keeps_end_back


def test_what_an_operator_of_the_version_before_has_told_is_no_change() -> None:
    """Else its upgrade would be a write for every camera."""
    told = '{"generation":7,"thresholdSeconds":60,"hold":false,"simulateBufferError":false}'
    status = {
        "effectiveSettings": effective_status(EffectiveSettings(7, SIXTY), applied_generation=7)
    }
    for takes_hold_end in (False, True):
        wanted = replace(SIXTY, takes_hold_end=takes_hold_end)
        known = known_from_status(status, takes_hold_end=takes_hold_end)
        effective = decide_effective(wanted, known, known_from_annotation(told))
        assert annotation_value(effective) == told


@pytest.mark.parametrize("takes_hold_end", [False, True])
def test_a_new_pod_begins_without_a_hold_that_ends(takes_hold_end: bool) -> None:
    before = annotation_value(EffectiveSettings(4, SIXTY))
    wanted = held(LATER, takes_hold_end=takes_hold_end)
    assert template_value(EffectiveSettings(5, wanted), before) == before, "no write"
    changed = replace(wanted, threshold_seconds=90)
    begins = template_value(EffectiveSettings(6, changed), before)
    assert known_from_annotation(begins) == Known(0, NINETY.pushed)
    assert template_value(EffectiveSettings(7, changed), begins) == begins
    # Number 0 is no settings' own: whatever is wanted next has another one.
    assert decide_effective(NINETY, known_from_annotation(begins)).generation == 1


def test_a_new_pod_begins_with_a_hold_that_has_no_end() -> None:
    effective = EffectiveSettings(5, held(None))
    assert template_value(effective, "") == annotation_value(effective)


wanteds = st.builds(
    Wanted,
    threshold_seconds=st.integers(5, 3600),
    source=st.sampled_from(ThresholdSource),
    hold=st.sampled_from([Hold.NONE, Hold.REPORT_ONLY]),
    simulate_buffer_error=st.booleans(),
    takes_hold_end=st.booleans(),
) | st.builds(
    Wanted,
    threshold_seconds=st.integers(5, 7),
    source=st.sampled_from(ThresholdSource),
    hold=st.sampled_from([Hold.FLEET_OUTAGE, Hold.BUDGET_EXHAUSTED]),
    hold_until=st.integers(0, 5).map(lambda minutes: NOW + timedelta(minutes=minutes)),
    takes_hold_end=st.booleans(),
)


@given(wanted=wanteds, generation=st.integers(1, 10**9))
def test_what_is_written_is_read_back(wanted: Wanted, generation: int) -> None:
    effective = EffectiveSettings(generation, wanted)
    known = Known(generation, wanted.pushed)
    assert known_from_annotation(annotation_value(effective)) == known
    status = {"effectiveSettings": effective_status(effective, applied_generation=None)}
    assert known_from_status(status, takes_hold_end=wanted.takes_hold_end) == known
    assert hold_from_status(status) == (wanted.hold, wanted.hold_until)


class Places:
    """Pod, then StatefulSet, then status are written; an end may come after any of them."""

    def __init__(self) -> None:
        self.status: dict[str, Any] = {}
        self.template = self.pod = ""

    def look(self, wanted: Wanted) -> EffectiveSettings:
        return decide_effective(
            wanted,
            known_from_status(self.status, takes_hold_end=wanted.takes_hold_end),
            known_from_annotation(self.template),
            known_from_annotation(self.pod),
        )

    def newest(self) -> int:
        known = (known_from_status(self.status), known_from_annotation(self.template))
        return max((item.generation for item in known if item is not None), default=0)

    def write(self, effective: EffectiveSettings, survives: int) -> None:
        template = template_value(effective, self.template)
        self.pod = annotation_value(effective)
        if survives > 0:
            self.template = template
        if survives > 1:
            self.status = {
                "effectiveSettings": effective_status(effective, applied_generation=None)
            }


@given(st.lists(st.tuples(wanteds, st.integers(0, 2), st.booleans()), max_size=30))
def test_a_generation_never_names_two_settings(steps: list[tuple[Wanted, int, bool]]) -> None:
    places = Places()
    named: dict[int, Pushed] = {}
    for wanted, survives, replaced in steps:
        if replaced:
            places.pod = places.template
            # What only the pod knew has gone with it, and told nobody.
            newest = places.newest()
            named = {number: pushed for number, pushed in named.items() if number <= newest}
        effective = places.look(wanted)
        assert effective.generation > 0
        if places.pod == annotation_value(effective):
            assert named[effective.generation] == wanted.pushed
        elif effective.generation in named:
            # The same, and a pod that takes the end where the one before did not.
            before = named[effective.generation]
            assert replace(before, hold_until=None) == replace(wanted.pushed, hold_until=None)
        named[effective.generation] = wanted.pushed
        places.write(effective, survives)
        assert places.look(wanted) == effective, "written, it comes to rest"


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
        '{"generation":1,"thresholdSeconds":60,"hold":true,"holdUntil":"x","simulateBufferError":false}',
        '{"generation":1,"thresholdSeconds":60,"hold":true,"holdUntil":5,"simulateBufferError":false}',
    ],
)
def test_an_odd_annotation_is_written_anew(text: str | None) -> None:
    assert known_from_annotation(text) is None
