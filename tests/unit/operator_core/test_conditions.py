"""What the conditions say, and that what is wrong is said with what to do."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from camerastream.delivery.causes import Cause
from camerastream_operator.api.spec import RestartPolicySpec
from camerastream_operator.budget import evaluate_budget
from camerastream_operator.conditions import merge_conditions, verdicts
from camerastream_operator.diagnosis import kafka_advice
from camerastream_operator.effective import EffectiveSettings, Hold, ThresholdSource, Wanted
from camerastream_operator.observation import Observation, Verdict
from camerastream_operator.pods import read_pod
from camerastream_operator.stream_status import StreamStatus, read_stream_status

from .resources import NOW, pod, terminated

BUDGET = evaluate_budget(RestartPolicySpec(), [], NOW)
USED_UP = evaluate_budget(RestartPolicySpec(), [NOW] * 5, NOW)


def effective(hold: Hold = Hold.NONE) -> EffectiveSettings:
    return EffectiveSettings(1, Wanted(60, ThresholdSource.DEFAULT, hold))


def seen(body: dict[str, Any] | None = None, **more: Any) -> Observation:
    given: dict[str, Any] = {"effective": effective(), "budget": BUDGET, **more}
    return Observation(now=NOW, pod=None if body is None else read_pod(body), **given)


def waiting(reason: str, message: str = "", last: dict[str, Any] | None = None) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return pod(state=state, last=last, phase="Pending")


def unschedulable(message: str) -> dict[str, Any]:
    scheduled = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
    }
    return pod(phase="Pending", conditions=[scheduled], containerStatuses=[])


CAMERA_DOWN = StreamStatus(
    "healthy", camera_up=False, camera_cause="unauthorized", camera_detail="check CAMERA_PASSWORD"
)

NOT_AVAILABLE: list[tuple[Observation, str, str]] = [
    (seen(), "PodMissing", "kubectl describe statefulset"),
    (seen(problems=("spec.source.url is missing; write one",)), "InvalidSpec", "write one"),
    (seen(apply_error="quota"), "ApplyFailed", "quota"),
    (seen(suspended=True), "Suspended", "write Running"),
    (
        seen(unschedulable("0/3 nodes: pod has unbound immediate PersistentVolumeClaims")),
        "ClaimPending",
        "storageClassName",
    ),
    (seen(unschedulable("0/3 nodes: Insufficient memory")), "Unschedulable", "spec.template"),
    (seen(waiting("ImagePullBackOff", 'Back-off "x"')), "ImagePull", "imagePullSecrets"),
    (seen(waiting("InvalidImageName")), "ImagePull", "spec.template.image"),
    (
        seen(waiting("CreateContainerConfigError", 'secret "lobby" not found')),
        "SecretMissing",
        "Secret lobby does not exist in this namespace; create it",
    ),
    (
        seen(
            waiting("CreateContainerConfigError", "couldn't find key pass in Secret cams/lobby"),
        ),
        "SecretKeyMissing",
        "Secret lobby has no key pass; add it",
    ),
    (
        seen(waiting("CreateContainerConfigError", 'configmap "x" not found')),
        "ConfigMapMissing",
        "spec.template.env",
    ),
    (
        seen(waiting("ContainerCreating"), secrets=("kafka-ca",), claims=("spool-lobby-0",)),
        "Starting",
        "Secret kafka-ca, PersistentVolumeClaim spool-lobby-0",
    ),
    (
        seen(waiting("CrashLoopBackOff", last=terminated(exit_code=2))),
        "BadSettings",
        "kubectl logs --previous lobby-0",
    ),
    (
        seen(waiting("CrashLoopBackOff", last=terminated(exit_code=139))),
        "CrashLoop",
        "exit code 139",
    ),
    (
        seen(waiting("CrashLoopBackOff", last=terminated(reason="OOMKilled", exit_code=137))),
        "CrashLoop",
        "limits.memory",
    ),
    (
        seen(
            waiting(
                "CrashLoopBackOff",
                last=terminated(
                    message=json.dumps({"reason": "KafkaBufferError", "cause": "auth"})
                ),
            )
        ),
        "CrashLoop",
        "Kafka refuses the login",
    ),
    (seen(waiting("RunContainerError", "no such file")), "RunContainerError", "kubectl describe"),
    (seen(pod(), stream=CAMERA_DOWN), "CameraDown", "(unauthorized): check CAMERA_PASSWORD"),
    (
        seen(pod(), stream=StreamStatus("erroring", "topic")),
        "BufferErrors",
        "correct spec.kafka.topic",
    ),
    (seen(pod()), "NotReady", "kubectl logs lobby-0"),
    (seen(pod(phase="Failed", reason="Evicted", message="disk")), "Evicted", "another one follows"),
    (seen(pod(deleting_since=NOW)), "Terminating", "another one follows"),
    (seen(pod(deleting_since=NOW - timedelta(seconds=61))), "NodeLost", "out-of-service"),
    (seen(pod(reason="NodeLost", ready=True)), "NodeLost", "node-1"),
]


@pytest.mark.parametrize(("observation", "reason", "said"), NOT_AVAILABLE)
def test_not_available(observation: Observation, reason: str, said: str) -> None:
    found = verdicts(observation)
    assert (found["Available"].status, found["Available"].reason) == ("False", reason)
    assert said in found["Available"].message
    assert found["Ready"].status == "False"


def test_all_is_well() -> None:
    found = verdicts(seen(pod(ready=True)))
    assert {kind: verdict.status for kind, verdict in found.items()} == {
        "Ready": "True",
        "Available": "True",
        "BufferHealthy": "True",
        "RestartBudgetAvailable": "True",
        "Progressing": "False",
        "Suspended": "False",
    }


def test_a_bad_spec_does_not_deny_that_the_old_pod_works() -> None:
    found = verdicts(seen(pod(ready=True), problems=("it is bad; write good",), effective=None))
    assert found["Ready"].reason == "InvalidSpec"
    assert found["Available"].status == "True"
    assert found["Progressing"].reason == "InvalidSpec"


@pytest.mark.parametrize(
    ("state", "hold", "reason", "said"),
    [
        ("erroring", Hold.NONE, "BufferErrors", "grant it WRITE"),
        ("tripped", Hold.NONE, "ThresholdCrossed", "restarted"),
        ("erroring", Hold.BUDGET_EXHAUSTED, "Held", "restart budget"),
        ("erroring", Hold.FLEET_OUTAGE, "Held", "Kafka is down"),
        ("erroring", Hold.REPORT_ONLY, "Held", "Report"),
    ],
)
def test_buffer_errors(state: str, hold: Hold, reason: str, said: str) -> None:
    found = verdicts(seen(pod(), stream=StreamStatus(state, "acl"), effective=effective(hold)))
    buffer = found["BufferHealthy"]
    assert (buffer.status, buffer.reason) == ("False", reason)
    assert said in buffer.message
    assert "grant it WRITE" in buffer.message


def test_what_is_not_known_is_unknown() -> None:
    assert verdicts(seen(pod()))["BufferHealthy"].status == "Unknown"
    assert verdicts(seen(suspended=True))["BufferHealthy"].status == "Unknown"
    assert verdicts(seen(budget=None))["RestartBudgetAvailable"].status == "Unknown"


def test_a_budget_that_is_used_up_says_until_when() -> None:
    found = verdicts(seen(pod(ready=True), budget=USED_UP))
    assert found["RestartBudgetAvailable"].reason == "BudgetExhausted"
    assert "2026-03-01T08:30:00Z" in found["RestartBudgetAvailable"].message
    assert found["Ready"].status == "True", "frames flow all the same"
    ignoring = replace(USED_UP, hold=False)
    assert "Ignore" in verdicts(seen(budget=ignoring))["RestartBudgetAvailable"].message


@pytest.mark.parametrize(
    ("observation", "status", "reason"),
    [
        (seen(), "True", "CreatingPod"),
        (seen(waiting("ContainerCreating")), "True", "StartingPod"),
        (seen(pod(), rolling_out=True), "True", "RollingOut"),
        (seen(pod(deleting_since=NOW)), "True", "ReplacingPod"),
        (seen(pod(deleting_since=NOW), suspended=True), "True", "Suspending"),
        (seen(suspended=True), "False", "Suspended"),
        (seen(apply_error="no"), "False", "ApplyFailed"),
        (seen(pod()), "False", "UpToDate"),
    ],
)
def test_progress(observation: Observation, status: str, reason: str) -> None:
    progress = verdicts(observation)["Progressing"]
    assert (progress.status, progress.reason) == (status, reason)


@pytest.mark.parametrize("observation", [item[0] for item in NOT_AVAILABLE])
def test_no_message_changes_by_itself(observation: Observation) -> None:
    """Else an idle camera would be written again and again."""
    later = replace(observation, now=NOW + timedelta(seconds=1))
    assert verdicts(later) == verdicts(observation)


def test_reasons_are_words_for_programs() -> None:
    for observation, _, _ in NOT_AVAILABLE:
        for verdict in verdicts(observation).values():
            assert re.fullmatch(r"[A-Z][A-Za-z]*", verdict.reason)


def test_every_cause_of_the_stream_has_an_advice() -> None:
    for cause in Cause:
        if cause is not Cause.UNKNOWN:
            assert kafka_advice(cause.value) != kafka_advice("unknown"), cause


def test_the_time_of_a_transition_changes_only_with_the_status() -> None:
    later = NOW + timedelta(minutes=1)
    first = merge_conditions({}, {"Ready": Verdict("False", "A", "a")}, generation=1, now=NOW)
    same = merge_conditions(
        {"conditions": first}, {"Ready": Verdict("False", "B", "b")}, generation=2, now=later
    )
    assert same[0]["lastTransitionTime"] == first[0]["lastTransitionTime"]
    assert (same[0]["reason"], same[0]["observedGeneration"]) == ("B", 2)
    other = merge_conditions(
        {"conditions": same}, {"Ready": Verdict("True", "B", "b")}, generation=2, now=later
    )
    assert other[0]["lastTransitionTime"] == "2026-03-01T08:01:00Z"


def test_the_streams_status_is_read() -> None:
    read = read_stream_status(
        {
            "monitor": {"state": "erroring", "cause": "acl", "settingsGeneration": 4},
            "source": {"up": False, "cause": "refused", "detail": "nothing listens"},
        }
    )
    assert read == StreamStatus("erroring", "acl", 4, False, "refused", "nothing listens")
    assert read_stream_status({"monitor": {"state": 5}, "source": []}) == StreamStatus()
    newer = read_stream_status({"monitor": {"state": "healthy", "holdUntil": None}})
    assert newer == StreamStatus("healthy", takes_hold_end=True)
    for odd in (None, [], {}, "x", {"monitor": 1}):
        assert read_stream_status(odd) is None
