"""A cluster from nothing: certificates, configuration, components in their order."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.testbed.images.archive import write_image
from tests.testbed.kubernetes import components, volumes
from tests.testbed.kubernetes.api import ApiServer
from tests.testbed.kubernetes.failure import ClusterError
from tests.testbed.kubernetes.files import write_files
from tests.testbed.kubernetes.layout import Layout
from tests.testbed.kubernetes.node import Node, network_choice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.testbed.lease import Lease

_LAYOUT_FILE = "layout.json"
_STORED = ("api_port", "etcd_port", "etcd_peer_port", "network", "machine")
_CONTROLLERS = "kube-controller-manager"
_PATIENCE_SECONDS = 90
_LOOK_SECONDS = 0.05


class Cluster:
    """A running cluster.

    Args:
        lease: Pays for everything.
        binaries: The folder of every binary.
        layout: The cluster's places.

    Attributes:
        layout: The cluster's places.
        node: The node, None for a control plane alone.
        api: The API server.
    """

    def __init__(self, lease: Lease, binaries: Path, layout: Layout) -> None:
        self._lease = lease
        self._binaries = binaries
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.layout = layout
        self.node = Node(lease, layout) if layout.with_node else None
        self.api = ApiServer(layout)

    @classmethod
    def attach(cls, lease: Lease) -> Self:
        """Return the cluster that another process started under this lease.

        Raises:
            ClusterError: There is none.
        """
        try:
            stored = json.loads((lease.folder / _LAYOUT_FILE).read_text())
        except (OSError, ValueError):
            raise ClusterError(f"{lease.folder} holds no cluster") from None
        binaries = Path(stored.pop("binaries"))
        return cls(lease, binaries, Layout(folder=lease.folder, **stored))

    @classmethod
    def start(
        cls,
        lease: Lease,
        binaries: Path,
        *,
        with_node: bool = True,
        longest_restart_wait_seconds: int = 1,
        tell: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Start a cluster and wait until it can be used.

        Args:
            lease: Pays for everything.
            binaries: The folder of every binary.
            with_node: Run pods too; needs root. Without, there is the control plane alone, on
                loopback and on free ports.
            longest_restart_wait_seconds: Where the kubelet's crash-loop back-off ends.
            tell: Hears what has come up.

        Raises:
            ClusterError: A component ended, or took too long.
        """
        if with_node:
            with network_choice() as network:
                # A node's loopback is its own: there the usual ports are always free.
                layout = Layout(lease.folder, 6443, 2379, 2380, network)
                cluster = cls(lease, binaries, layout)
                write_files(layout, longest_restart_wait_seconds)
                cluster.use_machine(layout.machine)
                assert cluster.node is not None
                cluster.node.open()
            tell("the node's namespaces are open")
        else:
            api_port, etcd_port, etcd_peer_port = _free_ports(3)
            layout = Layout(lease.folder, api_port, etcd_port, etcd_peer_port, None)
            cluster = cls(lease, binaries, layout)
            write_files(layout, longest_restart_wait_seconds)
            cluster.use_machine(layout.machine)
        cluster._start_control_plane()
        tell("the API server answers")
        if cluster.node is not None:
            cluster.start_node()
            cluster._provide_volumes()
            tell("the node is ready")
        return cluster

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.layout.kubeconfig

    def command(self, name: str) -> str:
        """Return the path of one of the cluster's binaries, as `kubectl` or `helm`."""
        return str(self._binaries / name)

    def environment(self) -> dict[str, str]:
        """Return an environment in which kubectl and helm mean this cluster."""
        return {
            **os.environ,
            "KUBECONFIG": str(self.kubeconfig),
            "PATH": f"{self._binaries}:{os.environ.get('PATH', '')}",
        }

    def on_node(self, command: Sequence[str]) -> list[str]:
        """Return the command so that it runs on the node.

        Raises:
            ClusterError: There is no node.
        """
        if self.node is None:
            raise ClusterError("this cluster is a control plane alone: it has no node")
        return [*self.node.enter(), *command]

    def ctr(self, *arguments: str) -> list[str]:
        """Return a command for containerd's own client, on the node."""
        socket_path = str(self.layout.containerd_socket)
        return self.on_node(
            [self.command("ctr"), "--address", socket_path, "--namespace", "k8s.io", *arguments]
        )

    def load_image(self, archive: Path) -> None:
        """Give the node an image, from an archive as `docker save` writes it.

        Raises:
            ClusterError: It cannot be read.
        """
        log = self.layout.logs / "import.log"
        process = self._lease.popen(self.ctr("images", "import", "--local", str(archive)), log=log)
        if process.wait() != 0:
            raise ClusterError.of(f"{archive.name} cannot be imported", log)

    def tag_image(self, name: str, other_name: str) -> None:
        """Give an image that the node has another name as well.

        Args:
            name: The image.
            other_name: As a pod may write it.

        Raises:
            ClusterError: The node has no such image.
        """
        log = self.layout.logs / "tag.log"
        # Only containerd knows what a short name is short for: it completes those of an archive.
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "name.tar"
            write_image([], {}, other_name, archive)
            self.load_image(archive)
        listed = subprocess.run(
            self.ctr("images", "list", "--quiet"), capture_output=True, text=True, check=True
        ).stdout.split()
        (whole_name,) = (one for one in listed if f"/{one}".endswith(f"/{other_name}"))
        if self._lease.popen(
            self.ctr("images", "tag", "--force", name, whole_name), log=log
        ).wait():
            raise ClusterError.of(f"{name} cannot be called {other_name}", log)

    def stop_component(self, name: str) -> None:
        """Kill one component, as `kube-apiserver`."""
        for identity in self._lease.processes():
            words = Path(f"/proc/{identity.pid}/cmdline").read_bytes().split(b"\0")
            if Path(words[0].decode()).name == name:
                os.kill(identity.pid, signal.SIGKILL)
                while identity.alive():
                    time.sleep(_LOOK_SECONDS)
        self._processes.pop(name, None)

    def start_component(self, name: str) -> None:
        """Start one of the components, as after `stop_component`."""
        make: Callable[[Layout], list[str]] = getattr(components, name.replace("-", "_"))
        words = make(self.layout)
        words[0] = self.command(words[0])
        command = self.on_node(words) if self.node is not None else words
        self._processes[name] = self._lease.popen(
            command,
            log=self.layout.logs / f"{name}.log",
            # The node's components call each other's tools: runc, iptables, the shim.
            env={"PATH": f"{self._binaries}:/usr/sbin:/usr/bin:/sbin:/bin"},
        )

    def wait_until_ready(self) -> None:
        """Wait until the API server can be used.

        Raises:
            ClusterError: It ended, or took too long.
        """
        self._wait("the API server does not get ready", self.api.ready, "kube-apiserver")

    def _start_control_plane(self) -> None:
        self.start_component("etcd")
        self.start_component("kube-apiserver")
        self.wait_until_ready()
        if not (self._binaries / _CONTROLLERS).exists():
            # KUBEBUILDER_ASSETS has none: then nothing but the API is there.
            return
        self.start_component(_CONTROLLERS)
        if self.layout.with_node:
            self.start_component("kube-scheduler")
        self._wait(
            "no default service account",
            lambda: bool(self.api.object("/api/v1/namespaces/default/serviceaccounts/default")),
            _CONTROLLERS,
        )

    def start_node(self) -> None:
        """Start what makes the machine a node and wait until it is ready.

        Raises:
            ClusterError: A component ended, or took too long.
        """
        assert self.node is not None
        node, layout = self.node, self.layout
        self.start_component("containerd")
        self._wait(
            "containerd does not answer",
            lambda: node.sees(layout.containerd_socket),
            "containerd",
        )
        self.load_image(self._binaries / "pause.tar")
        for component in ("kubelet", "kube-proxy", "coredns"):
            self.start_component(component)
        self._wait("the node does not get ready", self._node_ready, "kubelet")

    def _provide_volumes(self) -> None:
        scratch = self.layout.scratch
        paths = [str(folder) for folder in volumes.folders(scratch)]
        wanted = self.layout.etc / "volumes.json"
        wanted.write_text(json.dumps(volumes.objects(scratch)))
        for command in (
            self.on_node(["mkdir", "--parents", *paths]),
            [self.command("kubectl"), "create", f"--filename={wanted}"],
        ):
            done = subprocess.run(
                command, env=self.environment(), check=False, capture_output=True, text=True
            )
            if done.returncode:
                raise ClusterError(f"no volumes can be made: {done.stderr.strip()}")

    def _node_ready(self) -> bool:
        found = self.api.object(f"/api/v1/nodes/{self.layout.node_name}")
        conditions = found["status"].get("conditions", []) if found else []
        return {"Ready": "True"}.items() <= {
            (condition["type"], condition["status"]) for condition in conditions
        }

    def _wait(self, failure: str, done: Callable[[], bool], component: str) -> None:
        log = self.layout.logs / f"{component}.log"
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not done():
            for name, process in self._processes.items():
                if process.poll() is not None:
                    ended = self.layout.logs / f"{name}.log"
                    raise ClusterError.of(f"{name} ended with {process.returncode}", ended)
            if time.monotonic() > deadline:
                raise ClusterError.of(failure, log)
            time.sleep(_LOOK_SECONDS)

    def use_machine(self, number: int) -> None:
        """Let another machine be the node, also for whoever attaches from now on."""
        self.layout = replace(self.layout, machine=number)
        stored = {name: getattr(self.layout, name) for name in _STORED}
        stored["binaries"] = str(self._binaries)
        (self.layout.folder / _LAYOUT_FILE).write_text(json.dumps(stored))


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports: list[int] = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
