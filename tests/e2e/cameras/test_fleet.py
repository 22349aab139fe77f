"""An outage that hits most cameras: they are held instead of restarted, and go on by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.cameras.camera import Camera

if TYPE_CHECKING:
    from tests.e2e.cameras.deployment import Operator
    from tests.e2e.kubectl import Kubectl
    from tests.e2e.pods.kafka import PodKafka

CAMERAS = 10


def test_an_outage_for_ten_cameras_is_a_hold_and_no_storm_of_restarts(
    operator: Operator, kubectl: Kubectl, pod_kafka: PodKafka
) -> None:
    cameras = [Camera(kubectl, f"camera-{number}", pod_kafka) for number in range(CAMERAS)]
    kubectl.apply(
        *(
            camera.manifest(
                source={"url": "test:160x120@2"},
                # Time enough for the operator to hear of the first errors.
                bufferMonitor={"thresholdSeconds": 45, "settleSeconds": 1},
            )
            for camera in cameras
        )
    )
    for camera in cameras:
        camera.wait_for_condition("Ready", "True")
    pod_kafka.freeze()
    for camera in cameras:
        camera.wait_for_condition("BufferHealthy", "False", "Held")
        assert camera.status()["effectiveSettings"]["hold"] == "FleetOutage"
    for camera in cameras:
        kubectl.wait(f"{camera.name} is not told the hold's end", lambda it=camera: _told_end(it))
    held_for = max(camera.stream()["monitor"]["errorDurationSeconds"] for camera in cameras)
    kubectl.wait(
        "the threshold is not crossed",
        lambda: cameras[0].stream()["monitor"]["errorDurationSeconds"] > max(50, held_for),
    )
    pod_kafka.thaw()
    for camera in cameras:
        camera.wait_for_condition("BufferHealthy", "True")
    kubectl.wait(
        "the hold does not end",
        lambda: all(camera.status()["effectiveSettings"]["hold"] == "None" for camera in cameras),
        240,
    )
    assert {camera.name: camera.restarts() for camera in cameras} == {
        camera.name: {} for camera in cameras
    }


def _told_end(camera: Camera) -> bool:
    end = camera.status()["effectiveSettings"].get("holdUntil")
    return end is not None and camera.stream()["monitor"]["holdUntil"] == end


def test_an_exhausted_budget_ends_in_a_hold(
    operator: Operator, kubectl: Kubectl, pod_kafka: PodKafka
) -> None:
    camera = Camera(kubectl, "lobby", pod_kafka)
    camera.apply(restartPolicy={"budget": {"restarts": 1, "windowSeconds": 3600}})
    camera.wait_for_delivered(10)
    pod_kafka.freeze()
    assert camera.wait_for_restarts(1) == {"bufferError": 1}
    message = camera.wait_for_condition("RestartBudgetAvailable", "False", "BudgetExhausted")
    assert "check Kafka" in message
    camera.wait_for_condition("BufferHealthy", "False", "Held")
    kubectl.wait(
        "the threshold is not crossed",
        lambda: camera.stream()["monitor"]["errorDurationSeconds"] > 12,
    )
    assert camera.restarts() == {"bufferError": 1}
    pod_kafka.thaw()
    camera.wait_for_condition("BufferHealthy", "True")
