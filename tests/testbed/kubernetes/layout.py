"""Where everything of one cluster is: folders, addresses, names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NODE_NAME = "node1"
SERVICE_CIDR = "10.96.0.0/16"
SERVICE_API_ADDRESS = "10.96.0.1"
POD_CIDR = "10.244.0.0/24"
HOST_ADDRESS = "10.99.0.1"
"""The host's end of the link to the node: what listens here, pods can reach."""
NODE_ADDRESS = "10.99.0.2"
LINK_PREFIX_LENGTH = 30
CLUSTER_DOMAIN = "cluster.local"


@dataclass(frozen=True, slots=True)
class Layout:
    """One cluster's places.

    Attributes:
        folder: Of the lease; the host sees it and so does the node.
        address: Where the API server listens.
        api_port: Its port.
        etcd_port: etcd's port for clients, on loopback.
        etcd_peer_port: etcd's other port.
        with_node: Whether there is a node that runs pods.
    """

    folder: Path
    address: str
    api_port: int
    etcd_port: int
    etcd_peer_port: int
    with_node: bool

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
        return self.scratch / "containerd.sock"

    @property
    def etcd_data(self) -> Path:
        """Where etcd keeps its data."""
        return (self.scratch if self.with_node else self.folder) / "etcd"

    @property
    def cgroup(self) -> str:
        """Name of the cgroup that holds all pods."""
        return "camerastream-testbed"

    @property
    def link(self) -> str:
        """Name of the host's end of the link; 15 characters at most."""
        return "cs-testbed"
