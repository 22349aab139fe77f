"""`kubectl cam`, called by kubectl, about cameras on a real kubelet."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from kubectl_cam.problems import Exit
from tests.e2e.cameras.camera import THRESHOLD_SECONDS, Camera
from tests.testbed.site.site import OwnSite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.cameras.deployment import Operator
    from tests.e2e.kubectl import Kubectl
    from tests.e2e.pods.kafka import PodKafka
    from tests.testbed.site.site import Site

PICTURES = {"frameEndpoint": "Enabled"}


class Plugin:
    """`kubectl cam` as somebody types it: kubectl finds the plugin on the PATH.

    Args:
        environment: In which `kubectl` knows the cluster.
        namespace: Given with every call.
    """

    def __init__(self, environment: Mapping[str, str], namespace: str) -> None:
        scripts = Path(sys.executable).parent
        self._environment = {**environment, "PATH": f"{scripts}:{environment['PATH']}"}
        self._namespace = namespace

    def __call__(self, command: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run it."""
        done = subprocess.run(
            ["kubectl", "cam", command, *arguments, "--namespace", self._namespace],
            env=self._environment,
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert b"Traceback" not in done.stderr, done.stderr
        return done

    def said(self, command: str, *arguments: str) -> str:
        """Run it; return what it printed."""
        done = self(command, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def cameras(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """Return the table as JSON, by the cameras' names."""
        found = json.loads(self.said("status", "--output=json", *arguments))
        return {camera["name"]: camera for camera in found["cameras"]}


@pytest.fixture
def plugin(kubectl: Kubectl) -> Plugin:
    return Plugin(kubectl.environment, kubectl.namespace)


@pytest.fixture
def camera(operator: Operator, kubectl: Kubectl, pod_kafka: PodKafka) -> Camera:
    return Camera(kubectl, "lobby", pod_kafka)


def test_figures_picture_and_a_forced_restart_of_a_real_camera(
    camera: Camera, plugin: Plugin, pod_kafka: PodKafka, tmp_path: Path
) -> None:
    camera.apply(diagnostics=PICTURES)
    camera.wait_for_condition("Ready", "True", "Streaming")
    camera.wait_for_delivered(5)
    seen = plugin.cameras()["lobby"]
    assert (seen["ready"], seen["state"], seen["liveReason"]) == ("True", "Running", None)
    assert seen["threshold"] == {"seconds": THRESHOLD_SECONDS, "source": "Spec"}
    assert seen["live"]["monitorState"] == "healthy"
    assert seen["live"]["queueRatio"] >= 0
    assert seen["live"]["frameAgeSeconds"] >= 0
    assert "no live figures" not in plugin.said("status")

    file = tmp_path / "lobby.jpg"
    assert str(file) in plugin.said("frame", "lobby", "--output", str(file))
    streamed = plugin("frame", "lobby", "--output=-").stdout
    for jpeg in (file.read_bytes(), streamed):
        picture = Image.open(io.BytesIO(jpeg))
        picture.load()
        assert (picture.format, picture.size) == ("JPEG", (320, 240))

    pod_kafka.freeze()
    camera.kubectl.wait(
        "the table does not show the errors",
        lambda: plugin.cameras()["lobby"]["rank"] == "Trouble",
    )
    assert camera.wait_for_restarts(1) == {"bufferError": 1}
    pod_kafka.thaw()
    told = json.loads(plugin.said("restarts", "lobby", "--output=json"))
    assert told["byReason"] == {"bufferError": 1}
    (restart,) = told["restarts"]
    assert (restart["reason"], restart["exitCode"]) == ("BufferError", 1)
    assert restart["durationSeconds"] >= THRESHOLD_SECONDS
    text = plugin.said("restarts", "lobby")
    assert "lobby" in text
    assert "BufferError, exit code 1, after " in text
    assert "4 of 5 forced restarts left" in text
    camera.wait_for_condition("Ready", "True", "Streaming")
    assert plugin.cameras()["lobby"]["restarts"]["lastReason"] == "BufferError"


def test_a_sheet_of_all_and_what_those_say_that_give_no_picture(
    camera: Camera, kubectl: Kubectl, plugin: Plugin, pod_kafka: PodKafka, tmp_path: Path
) -> None:
    yard, gate = (Camera(kubectl, name, pod_kafka) for name in ("yard", "gate"))
    camera.apply(diagnostics=PICTURES)
    yard.apply()
    gate.apply(source={"url": "rtsp://127.0.0.1:1/none"}, diagnostics=PICTURES)
    camera.wait_for_delivered(5)
    yard.wait_for_delivered(5)
    gate.wait_for_condition("Ready", "False", "CameraDown")
    cameras = plugin.cameras()
    assert next(iter(cameras)) == "gate"
    assert cameras["gate"]["trouble"] == "the camera refuses the connection"

    off = plugin("frame", "yard")
    assert off.returncode == Exit.NO_PICTURE
    assert b"spec.diagnostics.frameEndpoint" in off.stderr
    none = plugin("frame", "gate")
    assert none.returncode == Exit.NO_PICTURE
    assert b"gate has sent no picture yet" in none.stderr

    sheet = tmp_path / "all.png"
    done = plugin("frame", "--all", "--output", str(sheet))
    assert done.returncode == 0, done.stderr
    assert b"yard serves no pictures" in done.stderr
    with Image.open(sheet) as picture:
        assert picture.size == (2 * 326 + 6, 2 * 212 + 6), "a place for each of the three"


def test_a_pod_that_hangs_does_not_keep_the_others_waiting(
    camera: Camera, kubectl: Kubectl, plugin: Plugin, pod_kafka: PodKafka, site: Site
) -> None:
    if not isinstance(site, OwnSite):
        pytest.skip("stops a container's process from its node, which is somebody else's")
    camera.apply()
    camera.wait_for_delivered(5)
    hung = Camera(kubectl, "hung", pod_kafka)
    hung.apply()
    hung.wait_for_delivered(5)
    stop = ["pkill", "--signal=STOP", "--newest", "--full", "camerastream run"]
    subprocess.run(site.cluster.on_node(stop), check=True)
    cameras = plugin.cameras("--timeout=3")
    assert cameras["lobby"]["live"] is not None
    assert cameras["hung"]["live"] is None
    assert "no answer" in cameras["hung"]["liveReason"]
