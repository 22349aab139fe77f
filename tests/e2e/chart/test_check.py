"""What `helm test` runs says which part does not work, against real ones."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.simulators.broker import MockBroker
from tests.testbed.pki import CertificateAuthority
from tests.unit.chart.cases import KAFKA
from tests.unit.chart.helm import CHART, NAMESPACE, RELEASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.chart.installation import Installation
    from tests.testbed.kubernetes.cluster import Cluster
    from tests.unit.chart.helm import Helm


def check(*arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(CHART / "files/check.py"), "--timeout-seconds=2", *arguments],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port where nobody listens, and nobody else will."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def tls_port(tmp_path: Path) -> Iterator[int]:
    """A port that speaks TLS only."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    CertificateAuthority("kafka").issue("kafka", addresses=["127.0.0.1"]).write(key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_a_broker_that_answers() -> None:
    with MockBroker() as broker:
        code, said = check("kafka", broker.bootstrap_servers)
    assert code == 0
    assert said.startswith("ok: kafka: ")
    assert "answers (Kafka)" in said


def test_one_broker_of_several_is_enough(closed_port: int) -> None:
    with MockBroker() as broker:
        code, said = check("kafka", f"127.0.0.1:{closed_port},{broker.bootstrap_servers}")
    assert code == 0
    assert f"127.0.0.1:{closed_port} does not (the connection is refused)" in said


def test_a_broker_with_tls(tls_port: int) -> None:
    code, said = check("kafka", f"127.0.0.1:{tls_port}")
    assert (code, said) == (0, f"ok: kafka: 127.0.0.1:{tls_port} answers (TLS)\n")


def test_nobody_listens(closed_port: int) -> None:
    code, said = check("kafka", f"127.0.0.1:{closed_port}")
    assert code == 1
    assert said.startswith(f"FAILED: kafka: 127.0.0.1:{closed_port} does not (the connection is")
    assert "correct kafka.bootstrapServers, or let this namespace reach Kafka" in said


def test_nobody_answers(silent_port: int) -> None:
    code, said = check("kafka", f"127.0.0.1:{silent_port}")
    assert code == 1
    assert "no answer within 2 s" in said


def test_a_host_that_is_not_known() -> None:
    code, said = check("kafka", "kafka.invalid:9092")
    assert code == 1
    assert "kafka.invalid:9092 does not (the host name is not known)" in said


@pytest.fixture
def pod(
    installation: Installation, control_plane: Cluster, helm: Helm, tmp_path: Path
) -> dict[str, str]:
    """The environment and the mounted account of the test's pod."""
    installation.install(helm, KAFKA)
    objects = helm.template(KAFKA)
    hooks = [item for item in objects if "helm.sh/hook" in item["metadata"].get("annotations", {})]
    installation.apply([item for item in hooks if item["kind"] != "Pod"])
    token = installation.kubectl("create", "token", "camerastream-test")
    (tmp_path / "token").write_text(token, encoding="ascii")
    (tmp_path / "ca.crt").write_bytes((control_plane.layout.pki / "ca.crt").read_bytes())
    server = urlsplit(control_plane.layout.server)
    return {
        "KUBERNETES_SERVICE_HOST": server.hostname or "",
        "KUBERNETES_SERVICE_PORT": str(server.port),
        "ACCOUNT": str(tmp_path),
    }


def ask(pod: dict[str, str], *arguments: str) -> tuple[int, str]:
    return check(f"--service-account={pod['ACCOUNT']}", *arguments, environment=pod)


def test_the_crd_is_served_or_not(installation: Installation, pod: dict[str, str]) -> None:
    assert ask(pod, "crd") == (0, "ok: crd: camerastream.dev/v1alpha1 is served\n")
    installation.clear_crd()
    installation.kubectl.wait("still served", lambda: ask(pod, "crd")[0] == 1)
    assert "the API server knows no CameraStream; install the CRD with" in ask(pod, "crd")[1]


def test_an_operator_without_pods_is_told(pod: dict[str, str]) -> None:
    # There is no node: its pods never get ready.
    code, said = ask(pod, "operator", NAMESPACE, "camerastream-operator")
    assert code == 1
    assert f"0 of 1 pods are ready; see: kubectl -n {NAMESPACE} describe pods" in said


def test_the_checks_may_see_nothing_else(pod: dict[str, str]) -> None:
    code, said = ask(pod, "operator", NAMESPACE, "another")
    assert code == 1
    assert "refuses to show" in said
    assert "403" in said


def test_an_operator_that_is_ready(installation: Installation, pod: dict[str, str]) -> None:
    pods = f"--selector=app.kubernetes.io/instance={RELEASE},app.kubernetes.io/component=operator"
    status = {
        "phase": "Running",
        "conditions": [{"type": kind, "status": "True"} for kind in ("Ready", "ContainersReady")],
    }

    def becomes_ready() -> bool:
        # As a kubelet would write it.
        for name in installation.kubectl("get", "pods", pods, "--output=name").split():
            installation.kubectl(
                *("patch", name, "--subresource=status", "--type=merge"),
                f"--patch={json.dumps({'status': status})}",
            )
        return ask(pod, "operator", NAMESPACE, "camerastream-operator") == (
            0,
            "ok: operator: 1 of 1 pods are ready\n",
        )

    installation.kubectl.wait("never ready", becomes_ready)
