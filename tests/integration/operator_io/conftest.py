"""A real API server for the operator's tests: a control plane, without a node."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.integration.operator_io.api import CRDS, Api
from tests.integration.operator_io.operator import AGENTS, OperatorProcess
from tests.integration.operator_io.streams import Streams
from tests.integration.operator_io.waiting import until
from tests.testbed.audit import AuditLog
from tests.testbed.cache import cache_folder
from tests.testbed.kubernetes import binaries as kubernetes
from tests.testbed.kubernetes.cluster import Cluster
from tests.testbed.lease import Lease, sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CRD_FILE = Path(__file__).parents[3] / "operator/src/camerastream_operator/crd/camerastreams.yaml"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The control plane, with the CRD installed."""
    if not (cache_folder() / kubernetes._NAME / kubernetes._built_from()).is_dir():
        pytest.skip("Kubernetes is not built yet; write: testbed cluster up --control-plane-only")
    sweep()
    with Lease.take("operator-io", unique=True) as lease:
        found = Cluster.start(lease, kubernetes.binaries(), with_node=False)
        install_crd(Api(found.layout, "default"))
        yield found


def install_crd(api: Api) -> None:
    """Install the CRD and wait until it is served."""
    crd = yaml.safe_load(CRD_FILE.read_text())
    path = f"{CRDS}/{crd['metadata']['name']}"
    api.done(
        "PATCH",
        f"{path}?fieldManager=test&force=true",
        crd,
        content_type="application/apply-patch+yaml",
    )
    until(lambda: api.call("GET", api.path("camerastreams"))[0] == 200)


@pytest.fixture
def api(cluster: Cluster) -> Iterator[Api]:
    """The API server, in a namespace of the test's own."""
    namespace = f"test-{uuid.uuid4().hex[:8]}"
    made = Api(cluster.layout, namespace)
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    made.done("POST", "/api/v1/namespaces", body)
    until(lambda: made.get("serviceaccounts", "default") is not None)
    yield made
    for camera in made.items("camerastreams"):
        made.delete("camerastreams", camera["metadata"]["name"])
    made.done("DELETE", f"/api/v1/namespaces/{namespace}")


@pytest.fixture
def streams(api: Api) -> Iterator[Streams]:
    """The streams of this test's cameras, as far as they answer at `/status`."""
    with Streams(api) as made:
        yield made


@pytest.fixture
def audit(cluster: Cluster, api: Api) -> AuditLog:
    """What the operator asks for in this test's namespace."""
    return AuditLog(cluster.layout.audit_log, agents=AGENTS, namespace=api.namespace)


@pytest.fixture
def make_operator(
    cluster: Cluster, api: Api, tmp_path: Path
) -> Iterator[Callable[..., OperatorProcess]]:
    """Makes operators that watch this test's namespace; they end with the test."""
    made: list[OperatorProcess] = []

    def make(
        name: str = "operator", *, kubeconfig: Path | None = None, **settings: str
    ) -> OperatorProcess:
        environment = {
            "OPERATOR_WATCH_NAMESPACES": api.namespace,
            "OPERATOR_POD_NAMESPACE": api.namespace,
            **{f"OPERATOR_{key.upper()}": value for key, value in settings.items()},
        }
        operator = OperatorProcess(tmp_path, kubeconfig or cluster.kubeconfig, name, environment)
        made.append(operator)
        return operator

    yield make
    for operator in made:
        operator.kill()


@pytest.fixture
def operator(make_operator: Callable[..., OperatorProcess]) -> OperatorProcess:
    """A running operator."""
    made = make_operator()
    made.start()
    return made
