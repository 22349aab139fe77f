"""`helm upgrade`, `rollback` and `uninstall` beside running streams: nothing ends that need not."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.cameras.camera import Camera
from tests.e2e.chart.installation import CRD, PREVIOUS_CHART, PREVIOUS_VERSION
from tests.e2e.upgrade.release import MAX_ROLLING_PODS, Release
from tests.e2e.upgrade.rollout import PodWatch
from tests.integration.topic import assert_complete_and_in_order
from tests.unit.chart.helm import CHART, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.kubectl import Kubectl
    from tests.e2e.pods.kafka import PodKafka

_GARBAGE_SECONDS = 300

# Any signal that a container does not expect counts: an account that must not be lost.
TERMINATE = ["python3", "-c", "import os, signal; os.kill(1, signal.SIGTERM)"]


@dataclass(frozen=True)
class Fleet:
    """Cameras that stream, each with its spool in a claim, or in its pod as by default."""

    kubectl: Kubectl
    kept: tuple[Camera, ...]
    passing: Camera

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """All of them."""
        return (*self.kept, self.passing)

    def pods(self) -> dict[str, tuple[str, str, int]]:
        """Return UID, start and restarts of every pod's container, by its name."""
        found = json.loads(self.kubectl("get", "pods", "--output=json"))["items"]
        return {
            pod["metadata"]["name"]: (
                pod["metadata"]["uid"],
                status["state"].get("running", {}).get("startedAt", ""),
                status["restartCount"],
            )
            for pod in found
            for status in pod["status"]["containerStatuses"]
        }

    def accounts(self) -> dict[str, Any]:
        """Return what the status says of restarts."""
        return {
            camera.name: (camera.restarts(), camera.status().get("recentRestarts"))
            for camera in self.cameras
        }

    def wait_for_more(self) -> None:
        """Wait until every camera has sent some more frames, whatever happened before."""
        for camera in self.cameras:
            camera.wait_for_condition("Ready", "True")
            camera.wait_for_delivered(camera.stream()["frames"]["delivered"] + 5)

    def wait_for_image(self, image: str) -> None:
        """Wait until every pod runs this image and is ready."""

        def all_of_them() -> bool:
            pods = json.loads(self.kubectl("get", "pods", "--output=json"))["items"]
            return len(pods) == len(self.cameras) and all(
                pod["spec"]["containers"][0]["image"] == image
                and "deletionTimestamp" not in pod["metadata"]
                and pod["status"].get("containerStatuses", [{}])[0].get("ready")
                for pod in pods
            )

        self.kubectl.wait(f"not all pods run {image}", all_of_them, 300)

    def expect_every_frame(self) -> None:
        """End every camera with a claim; find all its frames on its topic, of one stream."""
        for camera in self.kept:
            stream = str(camera.stream()["stream"])
            camera.kafka.expect_all(stream, camera.suspend())


@pytest.fixture
def fleet(kubectl: Kubectl, shared_pod_kafka: PodKafka) -> Iterator[Fleet]:
    """Three cameras, not applied yet."""
    with contextlib.ExitStack() as stack:
        cameras = [
            Camera(kubectl, name, stack.enter_context(shared_pod_kafka.with_topic()))
            for name in ("gate", "yard", "lobby")
        ]
        yield Fleet(kubectl, tuple(cameras[:2]), cameras[2])


def start(fleet: Fleet) -> None:
    claim = {"volume": "PersistentVolumeClaim", "claimMegabytes": 512, "maxMegabytes": 256}
    for camera in fleet.cameras:
        kept = {"spool": claim} if camera in fleet.kept else {}
        camera.apply(
            source={"url": "test:320x240@5"},
            bufferMonitor={"thresholdSeconds": 600, "settleSeconds": 1},
            # Nothing but the brokers: the default queue.
            kafka={
                "bootstrapServers": [camera.kafka.bootstrap_servers],
                "topic": camera.kafka.topic,
            },
            **kept,
        )
    for camera in fleet.cameras:
        camera.wait_for_condition("Ready", "True", "Streaming")
    with_account = fleet.kept[0]
    fleet.kubectl("exec", with_account.pod, "--", *TERMINATE)
    # That chart grants no look at Events, which would tell who it was.
    assert with_account.wait_for_restarts(1) == {"unknown": 1}
    fleet.wait_for_more()


def replaced_gracefully(fleet: Fleet, watch: PodWatch, before: dict[str, Any]) -> None:
    """Every pod was replaced once, few at a time, and ended as asked with its frames in order."""
    rollout = watch.rollout()
    assert rollout.most_away <= MAX_ROLLING_PODS
    for uid, _, _ in before.values():
        end = rollout.ends[uid]
        message = json.loads(end["message"])
        assert (end["exitCode"], message["reason"]) == (0, "Stopped"), end
    assert not {uid for uid, _, _ in before.values()} & {uid for uid, _, _ in fleet.pods().values()}


def passing_frames_arrived(fleet: Fleet, watch: PodWatch, uid: str, stream: str) -> None:
    """The spool that goes with its pod had nothing left to lose."""
    frames = json.loads(watch.rollout().ends[uid]["message"])["frames"]
    assert frames["dropped"] == {}
    assert (frames["spooled"], frames["delivered"]) == (0, frames["selected"])
    with fleet.passing.kafka.reader() as reader:
        arrived = reader.wait_for(stream, frames["delivered"], 60)
    assert_complete_and_in_order(arrived, frames["delivered"])


def test_an_upgrade_disturbs_no_stream_and_a_new_image_comes_gracefully(
    release: Release, fleet: Fleet, next_stream_image: str, tmp_path: Path
) -> None:
    release.install(PREVIOUS_CHART)
    assert release.crd_version() == PREVIOUS_VERSION
    start(fleet)
    pods, accounts = fleet.pods(), fleet.accounts()

    release.upgrade(CHART)
    assert release.crd_version() == VERSION
    fleet.wait_for_more()
    assert fleet.pods() == pods, "the same pods and containers"
    assert fleet.accounts() == accounts

    stream = str(fleet.passing.stream()["stream"])
    with PodWatch(fleet.kubectl, tmp_path / "upgrade.json") as watch:
        release.use_stream_image(CHART, next_stream_image)
        fleet.wait_for_image(next_stream_image)
        fleet.wait_for_more()
    replaced_gracefully(fleet, watch, pods)
    passing_frames_arrived(fleet, watch, pods[fleet.passing.pod][0], stream)
    assert fleet.accounts() == accounts, "a replaced pod is no restart"

    pods = fleet.pods()
    with PodWatch(fleet.kubectl, tmp_path / "rollback.json") as watch:
        release.rollback(1)
        fleet.wait_for_image(release.stream_image)
        fleet.wait_for_more()
    replaced_gracefully(fleet, watch, pods)
    assert release.crd_version() == PREVIOUS_VERSION
    assert fleet.accounts() == accounts
    fleet.expect_every_frame()


def expect_garbage_to_be_collected(fleet: Fleet) -> None:
    """Wait until what a deleted camera owned goes.

    The garbage collector finds kinds every 30 s, and one that was gone and came back it may miss
    for minutes. A kind that goes again meanwhile leaves behind what its resources owned.
    """
    fleet.kubectl("delete", "camerastream", fleet.passing.name)
    fleet.kubectl.wait(
        "the pod stays",
        lambda: fleet.kubectl.get("pod", fleet.passing.pod) is None,
        _GARBAGE_SECONDS,
    )


def test_an_uninstall_leaves_the_streams_unless_it_is_told_to_take_them(
    release: Release, fleet: Fleet
) -> None:
    release.install(PREVIOUS_CHART)
    start(fleet)
    pods, accounts = fleet.pods(), fleet.accounts()

    release.uninstall()
    release.install(CHART)
    assert release.crd_version() == VERSION
    fleet.wait_for_more()
    assert fleet.pods() == pods
    assert fleet.accounts() == accounts

    release.upgrade(CHART, {"crds": {"keep": False}})
    assert fleet.pods() == pods
    expect_garbage_to_be_collected(fleet)
    release.uninstall()
    fleet.kubectl("wait", "--for=delete", f"crd/{CRD}", "--timeout=110s")
    fleet.kubectl.wait(
        "pods stay", lambda: not fleet.kubectl("get", "pods", "--output=name").strip()
    )
    # Claims stay, with the frames that wait in them.
    assert len(fleet.kubectl("get", "pvc", "--output=name").split()) == len(fleet.kept)
