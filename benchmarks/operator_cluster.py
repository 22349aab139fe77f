"""A control plane that can hold a thousand cameras, and who writes to it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from benchmarks.footage import ROOT
from benchmarks.operator_process import FLOOR_NAMESPACE, NAMESPACE, process_cpu_seconds
from tests.testbed.audit import AuditLog
from tests.testbed.kubernetes import components
from tests.testbed.kubernetes.binaries import control_plane_binaries
from tests.testbed.kubernetes.cluster import Cluster

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.lease import Lease

ACCOUNT = "camerastream-operator"
USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
CRD = ROOT / "operator/src/camerastream_operator/crd/camerastreams.yaml"

# Its own default of 20 requests per second would be all that is measured: a real control
# plane of this size is set like this too. Controllers that nothing here needs are left out.
_CONTROLLERS = ("statefulset", "garbage-collector", "serviceaccount", "namespace")
_CONTROLLER_MANAGER = (
    "--kube-api-qps=500",
    "--kube-api-burst=1000",
    "--concurrent-statefulset-syncs=10",
    "--controllers=" + ",".join(f"{name}-controller" for name in _CONTROLLERS),
)


class ControlPlane:
    """The API server with a StatefulSet controller in full swing.

    Args:
        lease: Pays for it.
    """

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self.cluster = Cluster.start(lease, control_plane_binaries(), with_node=False)
        self._hurry_controllers()
        for namespace in (NAMESPACE, FLOOR_NAMESPACE):
            self.kubectl("create", "namespace", namespace)
        self.kubectl("apply", "--server-side", f"--filename={CRD}")
        self.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")

    def audit(self) -> AuditLog:
        """Return the API server's audit log from now on."""
        return AuditLog(self.cluster.layout.audit_log)

    @property
    def folder(self) -> Path:
        """The cluster's."""
        return self.cluster.layout.folder

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl and return what it printed.

        Raises:
            RuntimeError: It failed.
        """
        done = subprocess.run(
            [self.cluster.command("kubectl"), *arguments],
            env=self.cluster.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def cpu_seconds(self) -> float:
        """Return the CPU time that everything of the benchmark in other processes has used."""
        return sum(process_cpu_seconds(item.pid) for item in self._lease.processes())

    def operator_kubeconfig(self) -> Path:
        """Return a kubeconfig of a service account of the operator's own.

        By its name the audit log tells its writes from all others.
        """
        self.kubectl("create", "serviceaccount", ACCOUNT, f"--namespace={NAMESPACE}")
        self.kubectl(
            *("create", "clusterrolebinding", ACCOUNT, "--clusterrole=cluster-admin"),
            f"--serviceaccount={NAMESPACE}:{ACCOUNT}",
        )
        token = self.kubectl(
            "create", "token", ACCOUNT, f"--namespace={NAMESPACE}", "--duration=24h"
        )
        config: dict[str, Any] = json.loads(self.cluster.kubeconfig.read_text())
        config["users"][0]["user"] = {"token": token.strip()}
        path = self.folder / "operator.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(json.dumps(config))
        return path

    def _hurry_controllers(self) -> None:
        name = "kube-controller-manager"
        self.cluster.stop_component(name)
        _, *words = components.kube_controller_manager(self.cluster.layout)
        self._lease.popen(
            [self.cluster.command(name), *words, *_CONTROLLER_MANAGER],
            log=self.cluster.layout.logs / f"{name}.log",
        )
