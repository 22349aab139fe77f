"""Does to a container's process what only its node can."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.testbed.site.site import OwnSite

if TYPE_CHECKING:
    from tests.e2e.cameras.camera import Camera
    from tests.testbed.kubernetes.cluster import Cluster
    from tests.testbed.site.site import Site

_CORRUPT = """
import sys
with open(f"/proc/{sys.argv[1]}/syscall") as file:
    program_counter = int(file.read().split()[-1], 16)
with open(f"/proc/{sys.argv[1]}/mem", "r+b", buffering=0) as memory:
    memory.seek(program_counter)
    memory.write(bytes(16))
"""
"""Its main thread waits in a system call; the next instruction is none on any processor."""


class CameraNode:
    """The node that a camera's pod runs on.

    Args:
        cluster: Its cluster.
        camera: The camera.
    """

    def __init__(self, cluster: Cluster, camera: Camera) -> None:
        self._cluster = cluster
        self._camera = camera

    @classmethod
    def of(cls, site: Site, camera: Camera) -> CameraNode:
        """Return the node; skips the test where it is somebody else's."""
        if not isinstance(site, OwnSite):
            pytest.skip("sends signals from the node, which is somebody else's")
        return cls(site.cluster, camera)

    def signal(self, name: str) -> None:
        """Send the container's process a signal, as KILL.

        From inside the container it would not do: in its own namespace the first process is
        safe from SIGKILL and SIGSTOP.
        """
        self._run("kill", f"-{name}", self._pid())

    def corrupt(self) -> None:
        """Break the program's code where it runs, which ends as a fault in native code does.

        A signal would not do: the first process of a container does not die of one that is
        sent, other than SIGKILL.
        """
        self._run(sys.executable, "-c", _CORRUPT, self._pid())

    def _run(self, *command: str) -> None:
        subprocess.run(self._cluster.on_node(command), check=True)

    def _pid(self) -> str:
        container = self._camera.kubectl.container(self._camera.pod)["containerID"]
        listed = subprocess.run(
            self._cluster.ctr("tasks", "list"), check=True, capture_output=True, text=True
        ).stdout
        name = str(container).removeprefix("containerd://")
        rows = [line.split() for line in listed.splitlines()]
        return next(row[1] for row in rows if row[0] == name)
