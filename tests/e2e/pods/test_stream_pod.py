"""The stream's image on a real kubelet: probes, restarts, kills, and not a frame missing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.pods.manifest import stateful_set

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.kubectl import Kubectl
    from tests.e2e.pods.kafka import PodKafka

THRESHOLD_SECONDS = 6
STORED = "buffer stored, ended"
CRITICAL = "🔴 CRITICAL: Kafka buffer errors persisted beyond threshold - forcing container restart"


class Camera:
    """A camera's pod under test."""

    POD = "lobby-0"

    def __init__(self, kubectl: Kubectl, image: str, kafka: PodKafka) -> None:
        self._kubectl = kubectl
        self._image = image
        self._kafka = kafka

    def start(self, *, claim: bool = False, memory_limit: str = "300Mi", **more: object) -> None:
        """Apply it and wait until frames arrive."""
        self.apply(claim=claim, memory_limit=memory_limit, **more)
        self.wait_for_delivered(20)

    def apply(self, *, claim: bool = False, memory_limit: str = "300Mi", **more: object) -> None:
        """Apply it."""
        settings: dict[str, object] = {
            "CAMERA_ID": "lobby",
            "RTSP_CAMERA_URL": "test:320x240@20",
            "INTERVAL_SECONDS": 0,
            "MOTION_THRESHOLD": 0,
            "LOG_FORMAT": "json",
            "ON_THRESHOLD": "probe",
            "KAFKA_BOOTSTRAP_SERVERS": self._kafka.bootstrap_servers,
            "CAMERA_STREAM_TOPIC": self._kafka.topic,
            "KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS": THRESHOLD_SECONDS,
            "KAFKA_BUFFER_SETTLE_SECONDS": 1,
            "KAFKA_CONFIG_QUEUE_BUFFERING_MAX_MESSAGES": 30,
            "KAFKA_CONFIG_SOCKET_TIMEOUT_MS": 3000,
            **more,
        }
        self._kubectl.apply(
            stateful_set("lobby", self._image, settings, claim=claim, memory_limit=memory_limit)
        )

    def frames(self) -> dict[str, Any]:
        status = self._kubectl.status(self.POD)
        return status["frames"] if status else {}

    def wait_for_delivered(self, frames: int) -> None:
        self._kubectl.wait(
            "no frames delivered", lambda: self.frames().get("delivered", 0) >= frames
        )

    def wait_for_spooled(self, frames: int) -> None:
        def spooled() -> bool:
            status = self._kubectl.status(self.POD)
            return status is not None and status["spool"]["frames"] >= frames

        self._kubectl.wait("nothing spooled", spooled)

    def wait_for_restart(self, count: int = 1) -> dict[str, Any]:
        """Wait until the kubelet has restarted the container; return how it had ended."""
        self._kubectl.wait(
            "no restart",
            lambda: self._kubectl.container(self.POD).get("restartCount", 0) >= count,
            300,
        )
        ended: dict[str, Any] = self._kubectl.container(self.POD)["lastState"]["terminated"]
        return ended

    def end(self) -> dict[str, Any]:
        """Delete the pod; return the counts it ended with."""
        return self._kubectl.counts_at_the_end(
            self.POD, lambda: self._kubectl("delete", "pod", self.POD, "--wait=false")
        )

    def rest(self) -> dict[str, Any]:
        """Let everything arrive and end it for good; return the counts it ended with."""

        def empty() -> bool:
            status = self._kubectl.status(self.POD)
            return status is not None and status["spool"]["frames"] == 0

        self._kubectl.wait("the spool is not emptied", empty)
        return self._kubectl.counts_at_the_end(
            self.POD,
            lambda: self._kubectl("scale", "statefulset", "lobby", "--replicas=0"),
        )


@pytest.fixture
def camera(kubectl: Kubectl, stream_image: str, pod_kafka: PodKafka) -> Iterator[Camera]:
    made = Camera(kubectl, stream_image, pod_kafka)
    yield made
    # A frozen broker would hold the namespace's end up for the whole grace period.
    pod_kafka.thaw()


def stream_id(kubectl: Kubectl) -> str:
    status = kubectl.status(Camera.POD)
    assert status is not None
    return str(status["stream"])


def test_a_pod_that_is_replaced_goes_on_where_it_ended(
    camera: Camera, kubectl: Kubectl, pod_kafka: PodKafka
) -> None:
    camera.start(claim=True)
    stream = stream_id(kubectl)
    before = camera.end()
    kubectl.wait(
        "the new pod sends nothing",
        lambda: camera.frames().get("delivered", 0) > before["selected"],
    )
    pod_kafka.expect_all(stream, camera.rest())


def test_a_simulated_buffer_error_takes_the_whole_way_to_a_restart(
    camera: Camera, kubectl: Kubectl
) -> None:
    # Nothing is broken here, so that it can be tried on anybody's cluster.
    camera.apply(SIMULATE_BUFFER_ERROR="true")
    end = camera.wait_for_restart()
    assert end["exitCode"] == 1
    message = json.loads(end["message"])
    assert message["reason"] == "KafkaBufferError"
    assert message["lastError"] == "producer queue is full"
    assert CRITICAL in kubectl.logs(camera.POD, "--previous")


def test_the_kubelet_restarts_a_pod_whose_kafka_is_frozen_and_no_frame_is_missing(
    camera: Camera, kubectl: Kubectl, pod_kafka: PodKafka
) -> None:
    camera.start()
    stream = stream_id(kubectl)
    pod_kafka.freeze()
    end = camera.wait_for_restart()

    assert end["exitCode"] == 1
    message = json.loads(end["message"])
    assert message["reason"] == "KafkaBufferError"
    assert message["cumulative"] == {"KafkaBufferError": 1}
    assert message["durationSeconds"] == pytest.approx(THRESHOLD_SECONDS, abs=2)
    assert message["stream"] == stream

    previous = kubectl.logs(Camera.POD, "--previous")
    found = re.findall(r"^.*(?:buffer|queue full|memory).*$", previous, re.MULTILINE)
    texts = [json.loads(line)["message"] for line in found]
    assert any(
        text.startswith("🟡 Kafka buffer error detected. Starting timer. Error: ") for text in texts
    )
    assert any(text.startswith("🟡 Kafka buffer error ongoing for ") for text in texts)
    assert CRITICAL in texts
    events = kubectl("get", "events", "--output=jsonpath={.items[*].reason}").split()
    assert {"Unhealthy", "Killing"} <= set(events)

    pod_kafka.thaw()
    counts = camera.rest()
    pod_kafka.expect_all(stream, counts)


def test_an_oom_kill_in_write_ahead_mode_loses_nothing(
    camera: Camera, kubectl: Kubectl, pod_kafka: PodKafka
) -> None:
    # A queue that does not fit into the container, whose quarter, what a replay uses, does.
    camera.start(
        memory_limit="240Mi",
        SPOOL_MODE="write-ahead",
        RTSP_CAMERA_URL="test:1920x1080@15",
        COMPRESS_IMAGE_QUALITY=100,
        KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS=3600,
        KAFKA_CONFIG_QUEUE_BUFFERING_MAX_MESSAGES=100000,
        KAFKA_CONFIG_QUEUE_BUFFERING_MAX_KBYTES=163840,
    )
    stream = stream_id(kubectl)
    pod_kafka.freeze()
    end = camera.wait_for_restart()
    assert (end["reason"], end["exitCode"]) == ("OOMKilled", 137)
    pod_kafka.thaw()
    pod_kafka.expect_all(stream, camera.rest())


def test_a_pod_deleted_in_an_outage_loses_nothing_with_its_state_on_a_persistent_volume(
    camera: Camera, kubectl: Kubectl, pod_kafka: PodKafka
) -> None:
    camera.start(claim=True, KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS=3600)
    stream = stream_id(kubectl)
    pod_kafka.freeze()
    camera.wait_for_spooled(20)
    kept = camera.end()
    assert kept["spooled"] > 0
    kubectl.wait("the new pod does not come", lambda: bool(camera.frames()))
    pod_kafka.thaw()
    counts = camera.rest()
    assert counts["selected"] > kept["selected"]
    pod_kafka.expect_all(stream, counts)


def test_a_pod_deleted_in_an_outage_with_an_emptydir_says_how_many_frames_go_with_it(
    camera: Camera, kubectl: Kubectl, pod_kafka: PodKafka, tmp_path: Path
) -> None:
    camera.start(KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS=3600)
    stream = stream_id(kubectl)
    pod_kafka.freeze()
    camera.wait_for_spooled(20)
    log = tmp_path / "log.jsonl"
    following = kubectl.follow(camera.POD, log)
    try:
        kubectl.wait("no log", lambda: log.stat().st_size > 0)
        lost = camera.end()
        following.wait(60)
    finally:
        following.kill()
        following.wait()
    assert lost["spooled"] >= 20
    assert lost["delivered"] + lost["spooled"] == lost["selected"]
    # The kubelet removes the log of a deleted pod at once: the last line may be missing.
    said = [json.loads(line) for line in log.read_text().splitlines() if STORED in line]
    assert all(line["spooled"] == lost["spooled"] for line in said)
    kubectl.wait("the new pod does not come", lambda: bool(camera.frames()))
    assert stream_id(kubectl) != stream, "a new state, so a new stream: no number names two frames"
