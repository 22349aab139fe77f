"""Small decisions: patches, pacing, replacing pods, health."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerastream_operator.engine.assessment import Assessment
from camerastream_operator.engine.outcome import POLL_SECONDS, Outcome
from camerastream_operator.engine.pacing import (
    CONFIRMATION_SECONDS,
    FIRST_PATIENCE_SECONDS,
    PATIENCE_SECONDS,
    patience_seconds,
)
from camerastream_operator.engine.rollout import PATIENCE_SECONDS as ROLL_PATIENCE_SECONDS
from camerastream_operator.engine.rollout import RollGate
from camerastream_operator.kube.patches import merge_patch
from camerastream_operator.kube.resources import Key
from camerastream_operator.ledger import Counted
from camerastream_operator.pods import read_pod
from camerastream_operator.restarts import RestartRecord
from camerastream_operator.runtime.progress import Progress, not_live, not_ready
from camerastream_operator.stream_status import StreamStatus
from tests.unit.operator_core.resources import NOW, camera, pod

JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


def _apply(target: Any, patch: Any) -> Any:
    """The algorithm of RFC 7386, section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _apply(result.get(name), value)
    return result


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_makes_one_object_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert _apply(before, merge_patch(before, after)) == after
    assert merge_patch(after, after) == {}


def _status(reason: str, status: str = "False", **more: Any) -> dict[str, Any]:
    return {"conditions": [{"type": "Ready", "status": status, "reason": reason}], **more}


def _live(generation: int, applied: int | None = None) -> dict[str, Any]:
    return {"effectiveSettings": {"generation": generation, "appliedGeneration": applied}}


def _well(generation: int, applied: int, **more: Any) -> dict[str, Any]:
    return _status("Streaming", "True", **_live(generation, applied), **more)


@pytest.mark.parametrize(
    ("before", "after", "seconds"),
    [
        ({}, _status("PodMissing"), FIRST_PATIENCE_SECONDS),
        ({}, _status("Starting", pod={"name": "x"}), FIRST_PATIENCE_SECONDS),
        (
            {},
            _status("Starting", restarts={"total": 0, "budgetRemaining": 5}),
            FIRST_PATIENCE_SECONDS,
        ),
        ({}, _status("Starting", restarts={"total": 1}), 0),
        ({}, _status("PodMissing", restarts={"podReplacements": 1}), 0),
        ({}, _status("InvalidSpec"), 0),
        ({}, _status("Streaming", "True"), 0),
        (_status("PodMissing"), _status("Starting"), PATIENCE_SECONDS),
        (_status("Starting"), _status("Streaming", "True"), 0),
        (_status("Streaming", "True"), _status("NotReady"), 0),
        (_status("Starting"), _status("NotReady", restarts={"total": 1}), 0),
        (_status("Starting"), _status("ImagePull"), 0),
        (_status("Starting", **_live(1)), _status("NotReady", **_live(1, 1)), PATIENCE_SECONDS),
        (_status("Starting", **_live(1)), _status("NotReady", **_live(2, 1)), 0),
        (_well(1, 1), _well(2, 1), CONFIRMATION_SECONDS),
        (_well(1, 1), _well(2, 2), 0),
        (_well(2, 1), _well(2, 2), 0),
        (_well(1, 1), _well(2, 1, restarts={"total": 1}), 0),
        (_status("NotReady", **_live(1, 1)), _well(2, 1), 0),
    ],
)
def test_only_a_step_on_the_way_or_to_a_confirmation_may_wait(
    before: dict[str, Any], after: dict[str, Any], seconds: float
) -> None:
    assert patience_seconds(before, after) == seconds


def test_the_first_status_comes_soon_unless_many_wait_for_theirs() -> None:
    waits = [patience_seconds({}, _status("Starting"), waiting=count) for count in (0, 9, 30, 999)]

    assert waits == sorted(waits)
    assert waits[0] == FIRST_PATIENCE_SECONDS
    assert waits[-1] == PATIENCE_SECONDS
    assert patience_seconds(_status("PodMissing"), _status("Starting")) == PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("ready", "stream", "again"),
    [
        (True, None, False),
        (True, StreamStatus("healthy"), False),
        (False, StreamStatus("healthy"), True),
        (False, None, True),
        # Over before the pod gets unready, of which no event tells.
        (True, StreamStatus("erroring"), True),
        (True, StreamStatus("healthy", camera_up=False), True),
    ],
)
def test_trouble_is_looked_at_again_until_it_is_over(
    ready: bool, stream: StreamStatus | None, again: bool
) -> None:
    found = Assessment(RestartRecord(), Counted(RestartRecord()))
    look = read_pod(pod(ready=ready))
    outcome = Outcome(camera(), found, NOW, look, stream, "", rolling=False)
    assert list(outcome.delays(1.0)) == ([POLL_SECONDS] if again else [])


def test_so_many_pods_are_replaced_at_a_time_and_a_broken_one_does_not_block_for_ever() -> None:
    now = [0.0]
    gate = RollGate(2, lambda: now[0])
    one, two, three = (Key("cams", name) for name in ("one", "two", "three"))

    assert gate.enter(one)
    assert gate.enter(two)
    assert gate.enter(two)
    assert not gate.enter(three)
    gate.leave(one)
    assert gate.enter(three)
    assert not gate.enter(one)
    now[0] = ROLL_PATIENCE_SECONDS
    assert gate.enter(one)


def test_what_another_operator_has_begun_takes_places_too() -> None:
    gate = RollGate(1, lambda: 0.0)
    one, two, three = (Key("cams", name) for name in ("one", "two", "three"))
    gate.occupy(one)
    gate.occupy(two)
    assert not gate.enter(three)
    assert gate.enter(two)
    gate.leave(one)
    assert not gate.enter(three)
    gate.leave(two)
    assert gate.enter(three)


def _progress(**changes: Any) -> Progress:
    values: dict[str, Any] = {
        "leading": True,
        "synced": True,
        "oldest_work_seconds": 0.0,
        "heard_seconds": 0.0,
        "resync_seconds": 300.0,
        "candidate_seconds": 0.0,
    }
    return Progress(**(values | changes))


def test_health_asks_for_progress_not_for_a_process() -> None:
    assert not_live(_progress()) is None
    assert not_ready(_progress()) is None
    assert not_live(_progress(oldest_work_seconds=500.0)) is not None
    assert not_live(_progress(heard_seconds=1000.0)) is not None
    assert not_ready(_progress(synced=False)) is not None
    assert not_live(_progress(synced=False)) is None
    # One that waits for the Lease is well while it sees it.
    assert not_ready(_progress(leading=False, synced=False)) is None
    assert not_ready(_progress(leading=False, candidate_seconds=100.0)) is not None
    assert not_live(_progress(leading=False, candidate_seconds=100.0, heard_seconds=1e6)) is None
