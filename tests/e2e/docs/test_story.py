"""The pages for users, followed from the first command to the last."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from tests.e2e.chart.installation import CRD
from tests.e2e.docs.pages import STORY, blocks, commands
from tests.e2e.docs.terminal import Terminal
from tests.e2e.kubectl import Kubectl
from tests.testbed.site.site import OwnSite
from tests.unit.chart.helm import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.pods.kafka import PodKafka
    from tests.testbed.site.site import Site

NAMESPACE = "camerastream"
CAMERA = "lobby"
TOPIC = "camera-stream"
ENTRANCE = """\
CAMERA_ID=entrance
RTSP_CAMERA_URL=rtsp://admin:secret@10.0.0.5/stream1
KAFKA_BOOTSTRAP_SERVERS=kafka-0.kafka:9092
STATE_DIR=/var/lib/camerastream
"""
FIRST_PICTURE = """
import os, sys, threading, time
names = {}
source = compile(sys.stdin.read(), "page", "exec")
threading.Thread(target=lambda: exec(source, names), daemon=True).start()
while names.get("picture") is None:
    time.sleep(0.05)
print(names["picture"].shape, flush=True)
os._exit(0)
"""
"""Runs a program that goes on for ever until its variable `picture` is one."""


@pytest.fixture
def at_home(site: Site, tmp_path: Path) -> Iterator[Kubectl]:
    """kubectl in a namespace of the reader's own, which is the default one of the commands.

    No Pod Security Standard is enforced there: `kubectl run` makes a pod that fits none.
    """
    environment = dict(site.environment())
    config = tmp_path / "kubeconfig"
    config.touch(mode=0o600)
    config.write_text(Path(environment["KUBECONFIG"]).read_text(encoding="utf-8"))
    environment["KUBECONFIG"] = str(config)
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    kubectl = Kubectl(environment, "reader")
    kubectl("create", "namespace", "reader")
    kubectl("config", "set-context", "--current", "--namespace=reader")
    yield kubectl
    kubectl("delete", "crd", CRD, "--ignore-not-found", "--timeout=90s")
    for namespace in ("reader", NAMESPACE):
        kubectl("delete", "namespace", namespace, "--ignore-not-found", "--timeout=90s")


@pytest.fixture
def images(site: Site, stream_image: str, operator_image: str) -> None:
    """Both images under the names that the chart has by default."""
    if not isinstance(site, OwnSite):
        pytest.skip("gives images other names on the node, which is somebody else's")
    for image, name in ((stream_image, "camerastream"), (operator_image, "camerastream-operator")):
        site.cluster.tag_image(image, f"{name}:{VERSION}")


@pytest.fixture
def kafka(shared_pod_kafka: PodKafka) -> str:
    """Its address, and the topic of the pages in it."""
    servers = shared_pod_kafka.bootstrap_servers
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 0})
    if TOPIC not in admin.list_topics(timeout=20).topics:
        admin.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result(30)
    return servers


def test_every_command_of_the_pages_works(
    at_home: Kubectl, images: None, kafka: str, tmp_path: Path
) -> None:
    terminal = Terminal(
        at_home.environment,
        {
            "kafka-0.kafka:9092": kafka,
            " kafka:9092": f" {kafka}",
            **{
                name: str(tmp_path / name)
                for name in ("sheet.jpg", "entrance.env", "entrance.yaml")
            },
        },
    )
    (tmp_path / "entrance.env").write_text(ENTRANCE, encoding="utf-8")
    done: dict[str, str] = {}
    for page in STORY:
        for command in commands(page):
            # The page for users and the README begin alike; a release is installed once.
            if command.not_run_because or (command.text in done and "helm install" in command.text):
                continue
            for start, prepare in BEFORE.items():
                if start in command.text:
                    prepare(at_home)
            done[command.text] = terminal.type(command.text)
            for start, look in AFTER.items():
                if start in command.text:
                    look(at_home)
        if page == "docs/reading-frames.md":
            assert (tmp_path / "sheet.jpg").stat().st_size > 1000
            python_reads_frames(kafka)
    assert not at_home("get", "pods", "--output=name").strip()
    assert at_home.get("crd", CRD) is None
    assert at_home.get("namespace", NAMESPACE) is None


def python_reads_frames(kafka: str) -> None:
    """The consumer of the pages, as it stands but for the address; it goes on for ever."""
    (source,) = blocks("docs/message-format.md", "python")
    done = subprocess.run(
        [sys.executable, "-c", FIRST_PICTURE],
        input=source.replace("localhost:9092", kafka),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == "(720, 1280, 3)"


def _patch(kubectl: Kubectl, monitor: dict[str, Any]) -> None:
    patch = json.dumps({"spec": {"bufferMonitor": monitor}})
    kubectl("patch", "camerastream", CAMERA, "--type=merge", f"--patch={patch}")


def _ready(kubectl: Kubectl) -> None:
    kubectl("wait", "--for=condition=Ready", f"camerastream/{CAMERA}", "--timeout=120s")


def _restarted(kubectl: Kubectl) -> None:
    """See the simulation through, and end it as the page says."""

    def counted() -> bool:
        found = kubectl.get("camerastream", CAMERA) or {}
        restarts: dict[str, int] = found.get("status", {}).get("restarts", {})
        return restarts.get("bufferError", 0) >= 1

    kubectl.wait("no restart is counted", counted, 180)
    _patch(kubectl, {"simulateBufferError": "Disabled"})
    _ready(kubectl)


BEFORE: dict[str, Callable[[Kubectl], None]] = {
    "simulateBufferError": lambda kubectl: _patch(kubectl, {"thresholdSeconds": 8}),
}
AFTER: dict[str, Callable[[Kubectl], None]] = {
    "apply -f examples/lobby.yaml": _ready,
    "get camerastream lobby --watch": _restarted,
}
