"""A control plane that can hold a thousand cameras, and who writes to it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from benchmarks.footage import ROOT
from benchmarks.operator_process import (
    FLOOR_NAMESPACE,
    KOPF_DEFAULTS,
    OPERATOR,
    process_cpu_seconds,
)
from tests.testbed.audit import AuditLog
from tests.testbed.kubernetes import components
from tests.testbed.kubernetes.binaries import control_plane_binaries
from tests.testbed.kubernetes.cluster import Cluster

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.operator_process import Subject
    from tests.testbed.lease import Lease

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
        for namespace in (OPERATOR.namespace, KOPF_DEFAULTS.namespace, FLOOR_NAMESPACE):
            self.kubectl("create", "namespace", namespace)
        self.kubectl("apply", "--server-side", f"--filename={CRD}")
        self.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
        # Afterwards: the garbage collector looks only every 30 s for kinds that are new, and
        # asks for each owner of a kind that it does not know.
        self._hurry_controllers()

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

    def kubeconfig_of(self, subject: Subject) -> Path:
        """Return a kubeconfig of a service account of the subject's own."""
        account, namespace = subject.account, f"--namespace={subject.namespace}"
        self.kubectl("create", "serviceaccount", account, namespace)
        self.kubectl(
            *("create", "clusterrolebinding", account, "--clusterrole=cluster-admin"),
            f"--serviceaccount={subject.namespace}:{account}",
        )
        token = self.kubectl("create", "token", account, namespace, "--duration=24h")
        config: dict[str, Any] = json.loads(self.cluster.kubeconfig.read_text())
        config["users"][0]["user"] = {"token": token.strip()}
        path = self.folder / f"{account}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(json.dumps(config))
        return path

    def start_node(self, start_seconds: float) -> str:
        """Start the stand-in for all pods and return its address.

        Args:
            start_seconds: From a container's start to its being ready.
        """
        log = self._lease.folder / "logs" / "node.log"
        process = self._lease.popen(
            [
                *(sys.executable, "-m", "benchmarks.operator_node", str(self.folder)),
                f"--start-seconds={start_seconds}",
            ],
            log=log,
            cwd=ROOT,
        )
        while not log.read_text():
            assert process.poll() is None, "the stand-in for pods does not start"
            time.sleep(0.05)
        return f"http://127.0.0.1:{int(log.read_text().split()[0])}"

    def _hurry_controllers(self) -> None:
        name = "kube-controller-manager"
        self.cluster.stop_component(name)
        _, *words = components.kube_controller_manager(self.cluster.layout)
        self._lease.popen(
            [self.cluster.command(name), *words, *_CONTROLLER_MANAGER],
            log=self.cluster.layout.logs / f"{name}.log",
        )
