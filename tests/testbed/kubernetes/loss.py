"""The loss of a node: everything on it ends at once, and another machine takes its place.

The namespaces stay, with the control plane and Kafka in them, and the disks of claims: in the
field these are elsewhere. What a machine has of its own is new: name and certificate, the state
of kubelet and containerd with all images, the pods' networks and logs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed.kubernetes.failure import ClusterError

if TYPE_CHECKING:
    from tests.testbed.kubernetes.cluster import Cluster

_CGROUPS = Path("/sys/fs/cgroup")
_OF_THE_NODE = ("kubelet", "containerd", "containerd-shim-runc-v2", "kube-proxy", "coredns")
_PATIENCE_SECONDS = 30
_FORGET = """
ip -all netns delete
rm -rf /var/lib/cni/networks /var/lib/cni/results /var/log/pods /var/log/containers
"""


def lose_node(cluster: Cluster) -> None:
    """End the node as a power cut does: nothing is asked to stop, and nobody is told.

    Raises:
        ClusterError: Its containers cannot be ended.
    """
    # The kubelet first: it would report what it sees of the rest.
    for component in _OF_THE_NODE:
        cluster.stop_component(component)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while pids := _pids_below(cluster.layout.cgroup):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise ClusterError(f"processes of the lost node do not end: {pids}")
        time.sleep(0.05)
    subprocess.run(cluster.on_node(["sh", "-c", _FORGET]), check=True)


def replace_node(cluster: Cluster) -> str:
    """Let another machine be the node; return its name. It has no image but that for pauses.

    Raises:
        ClusterError: A component ended, or took too long.
    """
    cluster.use_machine(cluster.layout.machine + 1)
    cluster.start_node()
    return cluster.layout.node_name


def _pids_below(cgroup: str) -> set[int]:
    roots = [_CGROUPS / cgroup, *_CGROUPS.glob(f"*/{cgroup}")]
    found: set[int] = set()
    for file in (file for root in roots for file in root.rglob("cgroup.procs")):
        # A pod's own cgroup may go while it is looked at.
        with contextlib.suppress(OSError):
            found |= {int(word) for word in file.read_text().split()}
    return found
