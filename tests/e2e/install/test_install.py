"""The page for users, done as it stands: helm install, helm test, a camera, its frames."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from confluent_kafka.admin import AdminClient, NewTopic

from tests.e2e.kubectl import Kubectl
from tests.integration.topic import TopicReader, assert_complete_and_in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.pods.kafka import PodKafka
    from tests.testbed.site.site import Site

ROOT = Path(__file__).parents[3]
CHART = "charts/camerastream"
RELEASE = "camerastream"
NAMESPACE = "camerastream"
TOPIC = "camera-stream"
CRD = "camerastreams.camerastream.dev"


@pytest.fixture
def helm(site: Site) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """helm on the cluster; afterwards nothing of the chart is left."""
    environment = dict(site.environment())
    if shutil.which("helm", path=environment["PATH"]) is None:
        pytest.skip("helm is not on the PATH: install helm 3 or 4")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["helm", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    yield run
    run("uninstall", RELEASE, f"--namespace={NAMESPACE}")
    kubectl = Kubectl(environment, NAMESPACE)
    kubectl("delete", "crd", CRD, "--ignore-not-found", "--timeout=90s")
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=90s")


def values(operator_image: str, stream_image: str, bootstrap_servers: str) -> list[str]:
    """Return the values of the page, and the images of this tree."""
    arguments = ["--set", f"kafka.bootstrapServers={bootstrap_servers}"]
    for name, image in (("operator", operator_image), ("stream", stream_image)):
        repository, _, tag = image.rpartition(":")
        arguments += ["--set", f"{name}.image.repository={repository}"]
        arguments += ["--set-string", f"{name}.image.tag={tag}"]
    return arguments


def make_topic(bootstrap_servers: str) -> None:
    """Create the topic of the page unless it is there."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
    if TOPIC not in admin.list_topics(timeout=20).topics:
        admin.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result(30)


def test_the_page_for_users_gives_frames_on_the_topic(
    helm: Callable[..., subprocess.CompletedProcess[str]],
    kubectl: Kubectl,
    shared_pod_kafka: PodKafka,
    operator_image: str,
    stream_image: str,
) -> None:
    servers = shared_pod_kafka.bootstrap_servers
    make_topic(servers)
    installed = helm(
        *("install", RELEASE, CHART, "-n", NAMESPACE, "--create-namespace"),
        *values(operator_image, stream_image, servers),
    )
    assert installed.returncode == 0, installed.stderr
    assert "kubectl" in installed.stdout, "NOTES.txt says what to do next"
    tested = helm("test", RELEASE, "-n", NAMESPACE)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert tested.stdout.count("Succeeded") >= 3, tested.stdout

    kubectl("apply", f"--filename={ROOT / 'examples' / 'lobby.yaml'}")
    kubectl("wait", "--for=condition=Ready", "camerastream/lobby", "--timeout=110s")
    status = kubectl.status("lobby-0")
    assert status is not None
    reader = TopicReader(servers, TOPIC)
    try:
        arrived = reader.wait_for(str(status["stream"]), 5, 60)
    finally:
        reader.stop()
    assert_complete_and_in_order(arrived, max(arrived) + 1)

    # Uninstalled, the CRD and with it every camera stays; its stream runs on.
    removed = helm("uninstall", RELEASE, "-n", NAMESPACE)
    assert removed.returncode == 0, removed.stderr
    assert kubectl.get("camerastream", "lobby") is not None
    assert kubectl.container("lobby-0")["ready"]


def test_the_first_install_with_cameras_gives_frames_and_an_upgrade_changes_them(
    helm: Callable[..., subprocess.CompletedProcess[str]],
    site: Site,
    shared_pod_kafka: PodKafka,
    operator_image: str,
    stream_image: str,
) -> None:
    servers = shared_pod_kafka.bootstrap_servers
    make_topic(servers)
    given = [*values(operator_image, stream_image, servers), "--values=examples/helm/cameras.yaml"]
    installed = helm("install", RELEASE, CHART, "-n", NAMESPACE, "--create-namespace", *given)
    assert installed.returncode == 0, installed.stderr
    assert "makes the 2 cameras of the values" in installed.stdout
    tested = helm("test", RELEASE, "-n", NAMESPACE)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    kubectl = Kubectl(site.environment(), NAMESPACE)
    names = ("lobby", "yard")
    for name in names:
        kubectl("wait", "--for=condition=Ready", f"camerastream/{name}", "--timeout=110s")
    streams = {name: (kubectl.status(f"{name}-0") or {})["stream"] for name in names}
    reader = TopicReader(servers, TOPIC)
    try:
        arrived = {name: reader.wait_for(str(streams[name]), 5, 60) for name in names}
    finally:
        reader.stop()
    for sequences in arrived.values():
        assert_complete_and_in_order(sequences, max(sequences) + 1)

    # One taken out, one changed. The kubelet brings the list; the operator is not restarted.
    operator = kubectl("get", "pods", "--selector=app.kubernetes.io/component=operator", "-oname")
    with (ROOT / "examples/helm/cameras.yaml").open(encoding="utf-8") as file:
        (lobby, _) = yaml.safe_load(file)["cameras"]
    lobby["spec"]["bufferMonitor"] = {"thresholdSeconds": 45}
    upgraded = helm(
        *("upgrade", RELEASE, CHART, "-n", NAMESPACE),
        *values(operator_image, stream_image, servers),
        *("--set-json", f"cameras={json.dumps([lobby])}"),
    )
    assert upgraded.returncode == 0, upgraded.stderr
    tested = helm("test", RELEASE, "-n", NAMESPACE)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    kubectl("wait", "--for=delete", "camerastream/yard", "pod/yard-0", "--timeout=90s")
    camera = kubectl.get("camerastream", "lobby")
    assert camera is not None
    assert camera["spec"]["bufferMonitor"]["thresholdSeconds"] == 45
    assert (kubectl.status("lobby-0") or {})["stream"] == streams["lobby"], "the same pod"
    after = kubectl("get", "pods", "--selector=app.kubernetes.io/component=operator", "-oname")
    assert after == operator

    removed = helm("uninstall", RELEASE, "-n", NAMESPACE)
    assert removed.returncode == 0, removed.stderr
    assert kubectl.container("lobby-0")["ready"]


def test_helm_test_says_that_kafka_cannot_be_reached(
    helm: Callable[..., subprocess.CompletedProcess[str]],
    site: Site,
    operator_image: str,
    stream_image: str,
) -> None:
    installed = helm(
        *("install", RELEASE, CHART, "-n", NAMESPACE, "--create-namespace"),
        *values(operator_image, stream_image, "127.0.0.1:1"),
        *("--set", "test.timeoutSeconds=5"),
    )
    assert installed.returncode == 0, installed.stderr
    tested = helm("test", RELEASE, "-n", NAMESPACE)
    assert tested.returncode != 0
    said = Kubectl(site.environment(), NAMESPACE).logs(f"{RELEASE}-test-kafka")
    assert "127.0.0.1:1" in said
    assert "Traceback" not in said
