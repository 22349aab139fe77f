"""The whole story of a camera, on a real kubelet."""

from __future__ import annotations

import json
import re
import urllib.parse
from typing import TYPE_CHECKING

import pytest

from tests.e2e.cameras.camera import THRESHOLD_SECONDS, Camera

if TYPE_CHECKING:
    from tests.e2e.cameras.deployment import Operator
    from tests.e2e.kubectl import Kubectl
    from tests.e2e.pods.kafka import PodKafka

CRITICAL = "🔴 CRITICAL: Kafka buffer errors persisted beyond threshold - forcing container restart"


@pytest.fixture
def camera(operator: Operator, kubectl: Kubectl, pod_kafka: PodKafka) -> Camera:
    return Camera(kubectl, "lobby", pod_kafka)


def columns(table: str) -> dict[str, str]:
    """Return the one row of kubectl's table by its headings; an empty cell has no characters."""
    heading, row = table.splitlines()
    starts = [found.start() for found in re.finditer(r"\S+", heading)]
    ends = [*starts[1:], None]
    return {
        heading[start:end].strip(): row[start:end].strip()
        for start, end in zip(starts, ends, strict=True)
    }


def test_a_frozen_kafka_ends_in_one_restart_counted_once_and_no_frame_missing(
    camera: Camera, operator: Operator, kubectl: Kubectl, pod_kafka: PodKafka
) -> None:
    camera.apply()
    camera.wait_for_condition("Ready", "True", "Streaming")
    camera.wait_for_delivered(20)
    stream = str(camera.stream()["stream"])
    table = columns(kubectl("get", "cam", "lobby"))
    assert table["READY"] == "True"
    assert table["RESTARTS"] == "0"
    assert table["THRESHOLD"] == str(THRESHOLD_SECONDS)

    pod_kafka.freeze()
    assert camera.wait_for_restarts(1) == {"bufferError": 1}
    # At once: after another threshold the next restart would be due, and rightly so.
    pod_kafka.thaw()
    status = camera.status()
    assert status["restarts"]["lastReason"] == "BufferError"
    (restart,) = status["recentRestarts"]
    assert restart["exitCode"] == 1
    events = camera.events("BufferErrorRestart")
    assert len(events) == 1, events
    assert events[0]["type"] == "Warning"
    said = [
        json.loads(line)["message"]
        for line in kubectl.logs(camera.pod, "--previous").splitlines()
        if re.search(r"buffer|queue full|memory", line)
    ]
    assert any(text.startswith("🟡 Kafka buffer error detected.") for text in said)
    assert any(text.startswith("🟡 Kafka buffer error ongoing for ") for text in said)
    assert CRITICAL in said
    camera.wait_for_condition("Ready", "True", "Streaming")
    assert any(
        "✅ Kafka buffer errors resolved after " in line
        for line in kubectl.logs(camera.pod).splitlines()
    )
    assert camera.restarts() == {"bufferError": 1}, "once, whatever was seen of it"
    table = columns(kubectl("get", "cam", "lobby"))
    assert (table["RESTARTS"], table["LAST-REASON"]) == ("1", "BufferError")
    metrics = operator.metrics()
    assert 'reason="BufferError"' in metrics
    described = kubectl("describe", "cam", "lobby")
    assert "BufferError" in described
    assert "RestartBudgetAvailable" in described
    pod_kafka.expect_all(stream, camera.suspend())


def test_a_simulated_buffer_error_takes_the_same_way(camera: Camera) -> None:
    camera.apply()
    camera.wait_for_delivered(5)
    camera.patch({"bufferMonitor": {"simulateBufferError": "Enabled"}})
    assert camera.wait_for_restarts(1)["bufferError"] >= 1
    camera.patch({"bufferMonitor": {"simulateBufferError": "Disabled"}})
    camera.wait_for_condition("Ready", "True", "Streaming")


def test_a_threshold_changes_without_a_restart_in_both_places(
    camera: Camera, operator: Operator, kubectl: Kubectl
) -> None:
    camera.apply(bufferMonitor={"settleSeconds": 1})
    camera.wait_for_condition("Ready", "True")
    pod = kubectl.get("pod", camera.pod)
    assert pod is not None
    settings = camera.status()["effectiveSettings"]
    assert settings["source"] == "Default"

    def told(threshold: int, source: str) -> bool:
        status = camera.status()["effectiveSettings"]
        monitor = camera.stream().get("monitor", {})
        return (
            status["thresholdSeconds"] == monitor.get("thresholdSeconds") == threshold
            and status["source"] == source
            and status.get("appliedGeneration") == status["generation"]
        )

    kubectl.wait(
        "the default is not in force", lambda: told(settings["thresholdSeconds"], "Default")
    )
    camera.patch({"bufferMonitor": {"thresholdSeconds": 33}})
    kubectl.wait("33 s are not in force", lambda: told(33, "Spec"))
    camera.patch({"bufferMonitor": {"thresholdSeconds": None}})
    with operator.default_threshold(44):
        kubectl.wait("44 s are not in force", lambda: told(44, "Default"), 180)
    after = kubectl.get("pod", camera.pod)
    assert after is not None
    assert after["metadata"]["uid"] == pod["metadata"]["uid"]
    assert after["status"]["containerStatuses"][0]["restartCount"] == 0


def test_children_are_repaired_and_deletion_takes_everything(
    camera: Camera, kubectl: Kubectl
) -> None:
    camera.apply()
    camera.wait_for_condition("Ready", "True")
    kubectl("delete", "statefulset", "lobby", "--cascade=orphan")
    kubectl.wait("it is not made again", lambda: kubectl.get("statefulset", "lobby") is not None)
    kubectl("scale", "statefulset", "lobby", "--replicas=0")

    def scaled_back() -> bool:
        found = kubectl.get("statefulset", "lobby")
        return found is not None and found["spec"]["replicas"] == 1

    kubectl.wait("it stays at 0", scaled_back)
    camera.wait_for_condition("Ready", "True")
    kubectl("delete", "cam", "lobby")
    kubectl.wait(
        "something stays",
        lambda: not kubectl("get", "statefulsets,pods,pvc", "--output=name").strip(),
    )


def test_a_claim_keeps_the_frames_over_the_loss_of_the_pod(
    camera: Camera, kubectl: Kubectl, pod_kafka: PodKafka
) -> None:
    camera.apply(
        spool={"volume": "PersistentVolumeClaim", "claimMegabytes": 1024, "maxMegabytes": 512},
        bufferMonitor={"thresholdSeconds": 3600, "settleSeconds": 1},
    )
    camera.wait_for_delivered(10)
    stream = str(camera.stream()["stream"])
    pod_kafka.freeze()
    kubectl.wait("nothing spooled", lambda: camera.stream().get("spool", {}).get("frames", 0) >= 20)
    kubectl("delete", "pod", camera.pod)
    kubectl.wait("no new pod", lambda: bool(camera.stream()))
    pod_kafka.thaw()
    camera.wait_for_condition("Ready", "True")
    assert camera.restarts() == {}, "a deleted pod is no restart of a container"
    assert camera.status()["restarts"]["podReplacements"] == 1
    pod_kafka.expect_all(stream, camera.suspend())


@pytest.mark.parametrize(
    ("spec", "reason", "words"),
    [
        (
            {"source": {"url": "rtsp://127.0.0.1:1/none"}},
            "CameraDown",
            "refused",
        ),
        (
            {"source": {"url": "test:", "credentialsSecretRef": {"name": "no-such"}}},
            "SecretMissing",
            "no-such",
        ),
    ],
    ids=["a camera that refuses", "a missing Secret"],
)
def test_trouble_says_what_to_do_in_the_conditions(
    camera: Camera, spec: dict[str, object], reason: str, words: str
) -> None:
    camera.apply(**spec)
    message = camera.wait_for_condition("Ready", "False", reason)
    assert words in message


def test_the_picture_of_every_camera_is_one_command(camera: Camera, kubectl: Kubectl) -> None:
    camera.apply()
    camera.wait_for_condition("Ready", "True")
    wide = columns(kubectl("get", "cam", "--output=wide"))
    assert {"NODE", "BUFFER-ERRORS", "BUDGET", "TOPIC"} <= wide.keys()
    assert wide["TOPIC"] == urllib.parse.unquote(camera.kafka.topic)
