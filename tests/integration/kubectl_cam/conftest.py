"""A real API server without a node, and the plugin as a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.kubectl_cam.plugin import Plugin
from tests.integration.operator_io.conftest import (  # noqa: F401 - these tests' fixtures too
    api,
    cluster,
    make_operator,
    operator,
)

if TYPE_CHECKING:
    from tests.integration.operator_io.api import Api
    from tests.testbed.kubernetes.cluster import Cluster


@pytest.fixture
def plugin(cluster: Cluster, api: Api) -> Plugin:  # noqa: F811 - a fixture
    """The administrator's, in the test's namespace."""
    return Plugin(cluster.kubeconfig, api.namespace)
