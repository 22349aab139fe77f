"""`skaffold` with the profile dev, on a real node: Kafka and cameras in the cluster, frames arrive.

Skaffold builds with Docker, which the testbed has not; it is given the testbed's images instead.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.chart.conftest import helm_of
from tests.e2e.chart.installation import CRD
from tests.e2e.kubectl import Kubectl
from tests.testbed import tools
from tests.testbed.images.kafka import kafka_image
from tests.testbed.site.site import OwnSite
from tests.unit.chart.helm import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.testbed.site.site import Site

NAMESPACE = "camerastream"
CAMERAS = ("lobby", "clip")
FRAMES = 5


@pytest.fixture
def kubectl(site: Site) -> Iterator[Kubectl]:
    """kubectl where skaffold deploys to; afterwards nothing is left there."""
    made = Kubectl(site.environment(), NAMESPACE)
    yield made
    made("delete", "crd", CRD, "--ignore-not-found", "--timeout=90s")
    made("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=90s")


@pytest.fixture
def images(site: Site, operator_image: str) -> dict[str, str]:
    """The images that skaffold would build, and Kafka's own under its name."""
    if not isinstance(site, OwnSite):
        pytest.skip("loads a stand-in for Kafka's image into the node, which is somebody else's")
    site.cluster.load_image(kafka_image())
    return {"camerastream": site.image("demo"), "camerastream-operator": operator_image}


@pytest.fixture
def skaffold(site: Site, images: dict[str, str], tmp_path: Path) -> Callable[..., None]:
    """Runs skaffold with the profile dev."""
    environment = dict(site.environment())
    helm = helm_of(3).path.parent
    # Skaffold looks for the kind of cluster by the name of its context.
    environment |= {
        "PATH": f"{helm}{os.pathsep}{environment['PATH']}",
        "HOME": str(tmp_path),
        "SKAFFOLD_UPDATE_CHECK": "false",
    }
    chosen = [f"--images={name}={image}" for name, image in images.items()]

    def run(command: str) -> None:
        arguments = ["--profile=dev", "--interactive=false"]
        done = subprocess.run(
            [
                str(tools.path("skaffold")),
                command,
                *arguments,
                *(chosen if command == "deploy" else []),
            ],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, f"skaffold {command}: {done.stdout}{done.stderr}"

    return run


def test_the_profile_dev_brings_frames_into_its_own_kafka(
    skaffold: Callable[..., None], kubectl: Kubectl
) -> None:
    skaffold("deploy")
    for camera in CAMERAS:
        kubectl("wait", "--for=condition=Ready", f"camerastream/{camera}", "--timeout=180s")
    for camera in CAMERAS:
        report = read_topic(kubectl, camera)
        assert report["frames"] >= FRAMES
        assert report["missing"] == 0

    skaffold("delete")
    kubectl.wait(
        "something stays",
        lambda: not kubectl("get", "pods,statefulsets,services", "--output=name").strip(),
    )
    assert kubectl.get("crd", CRD) is not None, "as after `helm uninstall`"


def read_topic(kubectl: Kubectl, camera: str) -> dict[str, Any]:
    """Read a camera's frames from within the cluster, where alone its Kafka can be reached."""
    said = kubectl(
        *("exec", "lobby-0", "--", "camerastream", "watch", f"--camera={camera}", "--json"),
        *(f"--bootstrap-servers=kafka.{NAMESPACE}:9092", f"--frames={FRAMES}", "--for=90"),
    )
    report: dict[str, Any] = json.loads(said)
    return report
