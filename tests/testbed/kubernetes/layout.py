"""Where everything of one cluster is: folders, addresses, names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MACHINES = 2
"""How many machines one after the other may be the node: it may be lost, and replaced."""
LINK_PREFIX_LENGTH = 30
NETWORKS = 16
"""How many clusters with a node can stand on a machine at a time."""
_LOOPBACK = "127.0.0.1"
CLUSTER_DOMAIN = "cluster.local"


@dataclass(frozen=True, slots=True)
class Layout:
    """One cluster's places.

    Attributes:
        folder: Of the lease; the host sees it and so does the node.
        api_port: The API server's port.
        etcd_port: etcd's port for clients, on loopback.
        etcd_peer_port: etcd's other port.
        network: The node's network, 0 to 15; None for a control plane alone, on loopback.
        machine: Which machine is the node, from 1 on.
    """

    folder: Path
    api_port: int
    etcd_port: int
    etcd_peer_port: int
    network: int | None
    machine: int = 1

    @property
    def with_node(self) -> bool:
        """Whether there is a node that runs pods."""
        return self.network is not None

    @property
    def address(self) -> str:
        """Where the API server listens: on the node's end of the link where there is one."""
        return _LOOPBACK if self.network is None else f"10.99.{self.network}.2"

    @property
    def host_address(self) -> str:
        """The host's end of the link to the node: what listens here, pods can reach."""
        return f"10.99.{self.network}.1"

    @property
    def pod_cidr(self) -> str:
        """The pods' addresses."""
        return f"10.244.{self.network}.0/24"

    @property
    def service_cidr(self) -> str:
        """The Services' addresses."""
        return f"10.96.{self.network or 0}.0/24"

    @property
    def service_api_address(self) -> str:
        """The address of the Service `kubernetes`: always the first of them."""
        return f"10.96.{self.network or 0}.1"

    @property
    def server(self) -> str:
        """The API server's URL."""
        return f"https://{self.address}:{self.api_port}"

    @property
    def pki(self) -> Path:
        """Keys and certificates."""
        return self.folder / "pki"

    @property
    def logs(self) -> Path:
        """A log file per component."""
        return self.folder / "logs"

    @property
    def audit_log(self) -> Path:
        """The API server's audit log, JSON lines: who wrote what."""
        return self.logs / "audit.jsonl"

    @property
    def etc(self) -> Path:
        """The components' configuration files."""
        return self.folder / "etc"

    @property
    def node_name(self) -> str:
        """The node's name."""
        return f"node{self.machine}"

    @property
    def node_etc(self) -> Path:
        """Configuration files of what makes a machine a node."""
        return self.etc / self.node_name

    @property
    def kubelet_kubeconfig(self) -> Path:
        """For the node's kubelet."""
        return self.folder / f"{self.node_name}.kubeconfig"

    @property
    def machine_disk(self) -> Path:
        """What kubelet and containerd keep: on the machine's own disk, and lost with it."""
        return self.scratch / self.node_name

    @property
    def kubeconfig(self) -> Path:
        """For the administrator."""
        return self.folder / "kubeconfig"

    @property
    def scratch(self) -> Path:
        """Of the node alone: in memory, and gone with its namespaces."""
        return self.folder / "scratch"

    @property
    def containerd_socket(self) -> Path:
        """Where the node's containerd answers; on the node's own file system."""
        return self.machine_disk / "containerd.sock"

    @property
    def etcd_data(self) -> Path:
        """Where etcd keeps its data."""
        return (self.scratch if self.with_node else self.folder) / "etcd"

    @property
    def cgroup(self) -> str:
        """Name of the cgroup that holds all pods."""
        return f"camerastream-testbed-{self.network}"

    @property
    def link(self) -> str:
        """Name of the host's end of the link; 15 characters at most."""
        return f"cs-testbed{self.network}"
