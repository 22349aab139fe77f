"""Each way a camera's container can end is told apart from the others, on a real kubelet."""

from __future__ import annotations

import secrets
import signal
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka.admin import AclOperation

from tests.e2e.cameras.camera import Camera
from tests.e2e.cameras.node import CameraNode
from tests.e2e.pods.kafka import PodKafka

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.cameras.deployment import Operator
    from tests.e2e.kubectl import Kubectl
    from tests.testbed.lease import Lease
    from tests.testbed.site.site import Site

PATIENT = {"thresholdSeconds": 3600, "settleSeconds": 1}


@pytest.fixture
def camera(operator: Operator, kubectl: Kubectl, pod_kafka: PodKafka) -> Camera:
    return Camera(kubectl, "lobby", pod_kafka)


@pytest.fixture
def secure_pod_kafka(site: Site, site_lease: Lease) -> Iterator[PodKafka]:
    """A broker with users and rights, and a topic on it."""
    with PodKafka.open(site, site_lease, secure=True) as kafka, kafka.with_topic() as found:
        yield found


def counted(operator: Operator, reason: str) -> float:
    """Return what the operator's metrics say was counted."""
    head = f'camerastream_operator_restarts_total{{reason="{reason}"}} '
    found = [line for line in operator.metrics().splitlines() if line.startswith(head)]
    return float(found[0].removeprefix(head)) if found else 0.0


def expect_restart(
    camera: Camera, operator: Operator, total: int, reason: str, *words: str
) -> dict[str, Any]:
    """Wait until a restart is counted, and find it the same in status, Event and metrics.

    Args:
        camera: Whose.
        operator: Who counts.
        total: How many restarts there are with it.
        reason: Its reason.
        words: What stands in its sentence.
    """
    camera.wait_for_restarts(total)
    status = camera.status()
    assert status["restarts"]["total"] == total, status["restarts"]
    newest: dict[str, Any] = status["recentRestarts"][0]
    assert newest["reason"] == status["restarts"]["lastReason"] == reason, newest
    for word in words:
        assert word in newest["message"], newest
    camera.kubectl.wait(
        "there is no Event", lambda: any(newest["id"] in name for name in _names(camera, reason))
    )
    assert counted(operator, reason) >= 1
    return newest


def _names(camera: Camera, reason: str) -> list[str]:
    return [event["metadata"]["name"] for event in camera.events(f"{reason}Restart")]


def test_every_kind_of_kill_is_told_apart_and_loses_no_frame_in_write_ahead_mode(
    camera: Camera, operator: Operator, pod_kafka: PodKafka, site: Site
) -> None:
    node = CameraNode.of(site, camera)
    camera.apply(spool={"mode": "WriteAhead"}, bufferMonitor=PATIENT)
    camera.wait_for_condition("Ready", "True")
    stream = str(camera.stream()["stream"])

    delivered = 0

    def again() -> None:
        nonlocal delivered
        camera.wait_for_condition("Ready", "True")
        # Counts go on over restarts.
        camera.wait_for_delivered(delivered + 10)
        delivered = camera.stream().get("frames", {}).get("delivered", delivered + 10)

    again()
    node.signal("KILL")
    killed = expect_restart(camera, operator, 1, "Killed", "SIGKILL from outside")
    assert killed["exitCode"] == 137
    again()
    # Frozen, it neither answers nor takes the kubelet's SIGTERM: it is the kubelet's SIGKILL
    # that ends it, with the same exit code.
    node.signal("STOP")
    frozen = expect_restart(camera, operator, 2, "Probe", "failed liveness probe")
    assert frozen["exitCode"] == 137
    again()
    node.signal("TERM")
    asked = expect_restart(camera, operator, 3, "Killed", "SIGTERM from outside")
    assert asked["exitCode"] == 0
    again()
    node.corrupt()
    fault = expect_restart(camera, operator, 4, "Crash")
    assert fault["exitCode"] in (128 + signal.SIGSEGV, 128 + signal.SIGILL)
    again()
    assert camera.restarts() == {"killed": 2, "probe": 1, "crash": 1}
    pod_kafka.expect_all(stream, camera.suspend())


def test_frames_that_a_kill_takes_along_are_booked(
    camera: Camera, operator: Operator, pod_kafka: PodKafka, site: Site
) -> None:
    node = CameraNode.of(site, camera)
    camera.apply(bufferMonitor=PATIENT)
    camera.wait_for_condition("Ready", "True")
    camera.wait_for_delivered(20)
    stream = str(camera.stream()["stream"])
    pod_kafka.freeze()
    camera.kubectl.wait(
        "nothing is in flight", lambda: camera.stream().get("frames", {}).get("inFlight", 0) >= 10
    )
    node.signal("KILL")
    expect_restart(camera, operator, 1, "Killed")
    pod_kafka.thaw()
    camera.wait_for_condition("Ready", "True")
    assert camera.stream()["stream"] != stream, "no number names two frames"
    counts = camera.suspend()
    assert counts["dropped"]["unclean-end"] >= 10, counts
    assert counts["delivered"] + sum(counts["dropped"].values()) == counts["selected"], counts


def test_a_container_out_of_memory_is_told_from_one_that_was_killed(
    camera: Camera, operator: Operator, pod_kafka: PodKafka
) -> None:
    # A queue that does not fit into the container, which a frozen broker fills.
    kafka = camera.manifest()["spec"]["kafka"]
    kafka["producerConfig"] = {"queue.buffering.max.kbytes": "163840"}
    camera.apply(
        source={"url": "test:1920x1080@15"},
        encoding={"jpegQuality": 100},
        kafka=kafka,
        bufferMonitor=PATIENT,
        template={"resources": {"limits": {"memory": "240Mi"}}},
    )
    camera.wait_for_delivered(5)
    pod_kafka.freeze()
    expect_restart(camera, operator, 1, "OOM", "OOMKilled")
    pod_kafka.thaw()
    camera.wait_for_condition("Ready", "True")


def test_settings_that_the_stream_refuses_are_a_crash_that_says_what_to_read(
    camera: Camera, operator: Operator
) -> None:
    kafka = camera.manifest()["spec"]["kafka"]
    camera.apply(kafka={**kafka, "producerConfig": {"no.such.setting": "1"}})
    camera.wait_for_restarts(1)
    assert camera.status()["recentRestarts"][-1]["exitCode"] == 2
    assert "kubectl logs" in camera.wait_for_condition("Available", "False", "BadSettings")
    assert set(camera.restarts()) == {"crash"}


def test_a_fatal_producer_error_is_told_and_loses_no_frame(
    operator: Operator, kubectl: Kubectl, secure_pod_kafka: PodKafka
) -> None:
    cluster = secure_pod_kafka.cluster
    assert cluster is not None
    camera = Camera(kubectl, "lobby", secure_pod_kafka)
    user, password = f"stranger-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    cluster.administration.add_user(user, password)
    kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "kafka-user"},
            "stringData": {"username": user, "password": password},
        }
    )
    # Who may write nowhere at all gets no producer id, which is fatal.
    camera.apply(
        kafka={
            **camera.manifest()["spec"]["kafka"],
            "bootstrapServers": [cluster.sasl_plaintext_bootstrap_servers],
            "securityProtocol": "SASL_PLAINTEXT",
            "sasl": {"mechanism": "SCRAM-SHA-512", "secretRef": {"name": "kafka-user"}},
        },
        # It is restarted until somebody gives the right: not to be held meanwhile.
        restartPolicy={"onExhausted": "Ignore"},
    )
    camera.wait_for_restarts(1)
    restart = camera.status()["recentRestarts"][-1]
    assert (restart["reason"], restart["exitCode"], restart["cause"]) == ("FatalError", 1, "acl")
    assert camera.events("FatalErrorRestart")
    assert counted(operator, "FatalError") >= 1

    cluster.administration.allow(user, AclOperation.WRITE, secure_pod_kafka.topic)
    camera.wait_for_condition("Ready", "True")
    camera.wait_for_delivered(10)
    assert set(camera.restarts()) == {"fatalError"}, "and for no other reason"
    stream = str(camera.stream()["stream"])
    secure_pod_kafka.expect_all(stream, camera.suspend())
