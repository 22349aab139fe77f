"""A real API server that knows CameraStream; no node, no operator."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.kubectl import Kubectl
from tests.testbed.kubernetes.binaries import control_plane_binaries
from tests.testbed.kubernetes.cluster import Cluster
from tests.testbed.lease import Lease, sweep
from tests.testbed.site.site import ForeignSite
from tests.unit.operator_core.resources import CRD_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

_CRD = "crd/camerastreams.camerastream.dev"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these tests in one process: they share an API server."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("crd"))


@pytest.fixture(scope="session")
def control_plane() -> Iterator[Cluster | ForeignSite]:
    """The API server: the one of KUBECONFIG, else one of the tests' own."""
    if os.environ.get("KUBECONFIG"):
        if shutil.which("kubectl") is None:
            pytest.skip("KUBECONFIG is set and there is no kubectl; install kubectl")
        yield ForeignSite()
        return
    sweep()
    with Lease.take("crd", unique=True) as lease:
        yield Cluster.start(lease, control_plane_binaries(), with_node=False)


@pytest.fixture(scope="session")
def shared_kubectl(control_plane: Cluster | ForeignSite) -> Iterator[Kubectl]:
    """kubectl in a namespace of all tests; the API server has taken the CRD in."""
    with _namespace(control_plane) as kubectl:
        was_there = kubectl.attempt("get", _CRD).returncode == 0
        kubectl("apply", "--server-side", "--force-conflicts", f"--filename={CRD_FILE}")
        kubectl("wait", "--for=condition=Established", _CRD, "--timeout=60s")
        # Established means that it can be written; kubectl's discovery comes a moment later.
        kubectl.wait(
            "CameraStream is not discovered",
            lambda: kubectl.attempt("explain", "camerastream.spec").returncode == 0,
        )
        yield kubectl
        if not was_there:
            kubectl("delete", _CRD, "--wait=false")


@pytest.fixture
def kubectl(control_plane: Cluster | ForeignSite, shared_kubectl: Kubectl) -> Iterator[Kubectl]:
    """kubectl in a namespace of the test's own."""
    with _namespace(control_plane) as made:
        yield made


@contextlib.contextmanager
def _namespace(control_plane: Cluster | ForeignSite) -> Iterator[Kubectl]:
    kubectl = Kubectl(control_plane.environment(), f"crd-{uuid.uuid4().hex[:8]}")
    kubectl("create", "namespace", kubectl.namespace)
    try:
        yield kubectl
    finally:
        kubectl("delete", "namespace", kubectl.namespace, "--wait=false")
