"""A real kube-state-metrics beside the cluster, as the example runs it."""

from __future__ import annotations

import http.client
import os
from typing import TYPE_CHECKING, Any

import yaml

from tests.e2e.observability.access import kubeconfig_of
from tests.e2e.observability.web import call, start
from tests.testbed import tools
from tests.testbed.kafka.ports import ReservedPorts
from tests.unit.chart.helm import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.kubectl import Kubectl
    from tests.testbed.kubernetes.cluster import Cluster
    from tests.testbed.lease import Lease

EXAMPLE = ROOT / "examples/monitoring/kube-state-metrics.yaml"
ACCOUNT = "camerastream-kube-state-metrics"


def example() -> list[dict[str, Any]]:
    """Return the objects of the example."""
    return list(yaml.safe_load_all(EXAMPLE.read_text(encoding="utf-8")))


class KubeStateMetrics:
    """kube-state-metrics with the chart's configuration and the example's rights.

    Args:
        cluster: Whose CameraStreams it tells of.
        lease: It ends with it.
        kubectl: In the namespace where the example's account is.
    """

    def __init__(self, cluster: Cluster, lease: Lease, kubectl: Kubectl) -> None:
        self.folder = lease.folder / "kube-state-metrics"
        self.log = self.folder / "kube-state-metrics.log"
        self.address = ""
        self._cluster = cluster
        self._lease = lease
        self._kubectl = kubectl

    def start(self, config_map: Mapping[str, Any]) -> None:
        """Start it with the arguments of the example's Deployment; wait until it answers.

        Args:
            config_map: The chart's, which the Deployment mounts.
        """
        kubeconfig = kubeconfig_of(self._kubectl, ACCOUNT, self.folder / "kubeconfig")
        host = self._cluster.layout.address
        port, telemetry_port = ReservedPorts(host, 2, self._cluster.on_node([])).numbers
        self.address = f"{host}:{port}"
        start(
            self._cluster,
            self._lease,
            [
                str(tools.path("kube-state-metrics")),
                *self._mounted(config_map),
                f"--kubeconfig={kubeconfig}",
                f"--host={host}",
                f"--port={port}",
                f"--telemetry-host={host}",
                f"--telemetry-port={telemetry_port}",
            ],
            log=self.log,
            address=f"{host}:{telemetry_port}",
            path="/readyz",
        )

    def metrics(self) -> str:
        """Return what Prometheus would scrape."""
        status, said = call(self.address, "/metrics")
        assert status == http.client.OK, said
        return said

    def _mounted(self, config_map: Mapping[str, Any]) -> list[str]:
        """Return the Deployment's arguments, its files being where a mount would put them."""
        (deployment,) = (item for item in example() if item["kind"] == "Deployment")
        pod = deployment["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        (volume,) = pod["volumes"]
        (mount,) = container["volumeMounts"]
        assert volume["configMap"]["name"] == config_map["metadata"]["name"]
        for name, text in config_map["data"].items():
            (self.folder / name).write_text(text)
        arguments = [
            argument.replace(mount["mountPath"], os.fspath(self.folder))
            for argument in container["args"]
        ]
        assert arguments != container["args"], "none of them names a file of the ConfigMap"
        return arguments
