"""A real API server without a node, and both versions of helm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.chart.installation import Installation
from tests.testbed import tools
from tests.testbed.kubernetes.binaries import binaries, control_plane_binaries
from tests.testbed.kubernetes.cluster import Cluster
from tests.testbed.lease import Lease, sweep
from tests.unit.chart.helm import Helm

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what changes the one control plane in one process, in order."""
    for item in items:
        if "control_plane" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("chart"))


@pytest.fixture(scope="session")
def control_plane() -> Iterator[Cluster]:
    """The API server."""
    sweep()
    with Lease.take("chart", unique=True) as lease:
        yield Cluster.start(lease, control_plane_binaries(), with_node=False)


@pytest.fixture(params=[3, 4], ids=["helm3", "helm4"])
def any_helm(request: pytest.FixtureRequest) -> Helm:
    """Each helm in turn."""
    return helm_of(request.param)


@pytest.fixture
def helm() -> Helm:
    """Helm 3."""
    return helm_of(3)


def helm_of(major: int) -> Helm:
    """Return a helm, built now where it is not there yet."""
    return Helm(tools.path("helm") if major == 3 else binaries() / "helm", major)


@pytest.fixture(scope="session")
def control_plane_with_namespaces(control_plane: Cluster) -> Installation:
    """The cluster with its namespaces."""
    found = Installation(control_plane)
    found.make_namespaces()
    return found


@pytest.fixture
def installation(control_plane_with_namespaces: Installation) -> Iterator[Installation]:
    """A cluster with nothing of the chart in it."""
    yield control_plane_with_namespaces
    control_plane_with_namespaces.clear()
