"""The whole status: fits the CRD, and is the same when nothing has changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from camerastream_operator.effective import Hold
from camerastream_operator.ledger import count_restarts
from camerastream_operator.observation import Observation
from camerastream_operator.pods import read_pod
from camerastream_operator.restarts import RestartRecord, read_record
from camerastream_operator.status import build_status, differs
from camerastream_operator.stream_status import StreamStatus

from .resources import NOW, crd_schema, pod, terminated
from .test_conditions import USED_UP, effective, seen

END = terminated(message='{"reason":"KafkaBufferError","cumulative":{"KafkaBufferError":1}}')
BODY = pod(version=11, restarts=1, container_id="containerd://b", last=END, ready=True)
BODY["status"]["startTime"] = "2026-03-01T07:00:00Z"
RECORD = count_restarts(RestartRecord(), [read_pod(BODY)], now=NOW).record
FULL = build_status({}, seen(BODY, stream=StreamStatus("healthy", "", 3)), RECORD, generation=4)


def misfits(value: Any, schema: dict[str, Any], path: str = "status") -> list[str]:
    """Return what the API server would prune or refuse."""
    kinds = {"object": dict, "array": list, "string": str, "integer": int}
    if not isinstance(value, kinds[schema["type"]]) or isinstance(value, bool):
        return [f"{path} is {value!r}"]
    if isinstance(value, dict) and "additionalProperties" in schema:
        extra = schema["additionalProperties"]
        return [m for name, item in value.items() for m in misfits(item, extra, f"{path}.{name}")]
    if isinstance(value, dict):
        missing = [
            f"{path}.{name} is missing" for name in schema.get("required", ()) if name not in value
        ]
        return missing + [
            misfit
            for name, item in value.items()
            for misfit in (
                misfits(item, schema["properties"][name], f"{path}.{name}")
                if name in schema["properties"]
                else [f"{path}.{name} is unknown"]
            )
        ]
    if isinstance(value, list):
        assert len(value) <= schema.get("maxItems", len(value))
        return [m for item in value for m in misfits(item, schema["items"], f"{path}[]")]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{path} is {value!r}"]
    return []


@pytest.mark.parametrize(
    "observation",
    [
        seen(BODY, stream=StreamStatus("healthy", "", 3)),
        seen(None, problems=("bad; write good",), effective=None, budget=None),
        seen(BODY, budget=USED_UP, effective=effective(Hold.BUDGET_EXHAUSTED)),
    ],
)
def test_it_fits_the_crd(observation: Observation) -> None:
    status = build_status({}, observation, RECORD, generation=4)
    assert misfits(status, crd_schema()["properties"]["status"]) == []


def test_what_it_says() -> None:
    assert FULL["observedGeneration"] == 4
    assert FULL["pod"] == {
        "name": "lobby-0",
        "uid": "p1",
        "node": "node-1",
        "startTime": "2026-03-01T07:00:00Z",
    }
    restarts = FULL["restarts"]
    assert (restarts["total"], restarts["bufferError"], restarts["crash"]) == (1, 1, 0)
    assert (restarts["lastReason"], restarts["lastTime"]) == ("BufferError", "2026-03-01T08:00:00Z")
    assert (restarts["inWindow"], restarts["budgetRemaining"]) == (0, 5)
    assert FULL["effectiveSettings"] == {
        "generation": 1,
        "appliedGeneration": 3,
        "thresholdSeconds": 60,
        "source": "Default",
        "hold": "None",
        "simulateBufferError": "Disabled",
    }


def test_nothing_changed_is_nothing_to_write() -> None:
    later = seen(BODY)
    later = Observation(
        now=NOW + timedelta(hours=1), pod=later.pod, effective=later.effective, budget=later.budget
    )
    again = build_status(FULL, later, read_record(FULL), generation=4)
    assert not differs(FULL, again)
    assert not differs({**FULL, "pod": {**FULL["pod"], "extra": None}}, again)


@pytest.mark.parametrize(
    "observation",
    [
        seen(None),
        seen(BODY, effective=effective(Hold.FLEET_OUTAGE)),
        seen(BODY, budget=USED_UP),
        seen(BODY, stream=StreamStatus("healthy", "", 9)),
    ],
)
def test_what_changed_is_written(observation: Observation) -> None:
    assert differs(FULL, build_status(FULL, observation, RECORD, generation=4))
    assert differs(FULL, build_status(FULL, seen(BODY), RECORD, generation=5))


def test_live_settings_in_force_stay_while_the_spec_cannot_be_used() -> None:
    bad = seen(BODY, problems=("bad; write good",), effective=None, budget=None)
    status = build_status(FULL, bad, RECORD, generation=5)
    assert status["effectiveSettings"] == FULL["effectiveSettings"]


def test_a_pod_that_is_gone_is_not_shown() -> None:
    gone = Observation(now=NOW, pod=read_pod(BODY, gone=True), effective=effective())
    assert "pod" not in build_status(FULL, gone, RECORD, generation=4)
