"""A status as the operator makes it is stored as it is: nothing is pruned or refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from camerastream_operator.api.spec import RestartPolicySpec
from camerastream_operator.budget import evaluate_budget
from camerastream_operator.effective import EffectiveSettings, Hold, ThresholdSource, Wanted
from camerastream_operator.ledger import count_restarts
from camerastream_operator.observation import Observation
from camerastream_operator.pods import Pod, read_pod
from camerastream_operator.restarts import RestartRecord
from camerastream_operator.status import build_status, differs
from camerastream_operator.stream_status import StreamStatus
from tests.e2e.crd.cameras import camera_stream
from tests.unit.operator_core.crd_cases import source
from tests.unit.operator_core.resources import NOW, crd_schema, pod, terminated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.kubectl import Kubectl

MESSAGE = {
    "reason": "KafkaBufferError",
    "message": "producer queue is full for 60 s",
    "cause": "unreachable",
    "cumulative": {"KafkaBufferError": 5, "UncleanEnd": 1},
}


def looks() -> Iterator[Pod]:
    """Yield looks at two pods in turn: restarted for all reasons, and replaced."""
    yield read_pod(pod(uid="p1", version=10, container_id="containerd://first"))
    for number in range(1, 6):
        last = terminated(
            f"containerd://{number}",
            message=json.dumps({**MESSAGE, "cumulative": {"KafkaBufferError": number}}),
            at=NOW - timedelta(seconds=600 - number),
        )
        body = pod(
            uid="p1",
            version=10 + number,
            restarts=number,
            container_id=f"containerd://{number + 1}",
            last=last,
        )
        sidecar = {"name": "proxy", "restartCount": number, "containerID": "containerd://s"}
        body["status"]["containerStatuses"].append({**sidecar, "state": {"running": {}}})
        yield read_pod(body)
    for number, end in enumerate(
        [
            terminated("containerd://7", reason="OOMKilled", exit_code=137),
            terminated("containerd://8", exit_code=3),
            terminated("containerd://9", exit_code=143),
        ],
        start=1,
    ):
        body = pod(uid="p2", version=100 + number, restarts=number, last=end, ready=number == 3)
        body["status"]["containerStatuses"][0]["containerID"] = f"containerd://{7 + number}"
        body["status"]["startTime"] = "2026-03-01T07:00:00Z"
        yield read_pod(body)


def fullest() -> dict[str, Any]:
    """Return a status that has every field."""
    *earlier, last = looks()
    record = count_restarts(RestartRecord(), [*earlier, last], now=NOW, existing={"p2"}).record
    effective = EffectiveSettings(
        8,
        Wanted(90, ThresholdSource.SPEC, Hold.BUDGET_EXHAUSTED, NOW + timedelta(hours=1), True),
    )
    seen = Observation(
        now=NOW,
        pod=last,
        effective=effective,
        budget=evaluate_budget(RestartPolicySpec(), record.buffer_error_times, NOW),
        stream=StreamStatus("erroring", "unreachable", 7),
    )
    return build_status({}, seen, replace(record, pod_replacements=1), generation=1)


def paths(value: Any, path: str = "status") -> Iterator[str]:
    """Yield the path of every field of a value."""
    yield path
    if isinstance(value, dict):
        for name, item in value.items():
            yield from paths(item, f"{path}.{name}")
    if isinstance(value, list):
        for item in value:
            yield from paths(item, f"{path}[]")


def fields(schema: dict[str, Any], path: str = "status") -> Iterator[str]:
    """Yield the path of every field of a schema."""
    yield path
    for name, part in schema.get("properties", {}).items():
        yield from fields(part, f"{path}.{name}")
    if "items" in schema:
        yield from fields(schema["items"], f"{path}[]")


def write(kubectl: Kubectl, status: dict[str, Any]) -> dict[str, Any]:
    """Write a status as the operator does and return the resource."""
    kubectl(
        *("patch", "camerastream", "lobby", "--subresource=status", "--type=merge"),
        f"--patch={json.dumps({'status': status})}",
    )
    found = kubectl.get("camerastream", "lobby")
    assert found is not None
    return found


def test_every_field_comes_back_as_it_was_written(kubectl: Kubectl) -> None:
    status = fullest()
    missing = set(fields(crd_schema()["properties"]["status"])) - set(paths(status))
    assert not missing, "the status that is tried here has not every field of the CRD"
    kubectl.apply(camera_stream("lobby", source()))
    found = write(kubectl, status)
    assert found["status"] == status
    assert not differs(found["status"], status)
    assert found["metadata"]["generation"] == 1


def test_the_same_status_again_is_no_write(kubectl: Kubectl) -> None:
    kubectl.apply(camera_stream("lobby", source()))
    first = write(kubectl, fullest())
    again = write(kubectl, fullest())
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_a_user_cannot_write_the_status_by_applying_the_resource(kubectl: Kubectl) -> None:
    kubectl.apply({**camera_stream("lobby", source()), "status": {"observedGeneration": 9}})
    found = kubectl.get("camerastream", "lobby")
    assert found is not None
    assert "status" not in found


def test_a_word_that_the_schema_does_not_know_is_refused(kubectl: Kubectl) -> None:
    kubectl.apply(camera_stream("lobby", source()))
    status = fullest()
    status["effectiveSettings"]["hold"] = "Perhaps"
    done = kubectl.attempt(
        *("patch", "camerastream", "lobby", "--subresource=status", "--type=merge"),
        f"--patch={json.dumps({'status': status})}",
    )
    assert done.returncode
    assert 'supported values: "None"' in done.stderr
