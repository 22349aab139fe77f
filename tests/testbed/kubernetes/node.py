"""The node: namespaces of its own, joined to the machine by one link."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed.kubernetes.failure import ClusterError
from tests.testbed.kubernetes.layout import LINK_PREFIX_LENGTH, NETWORKS, Layout
from tests.testbed.lease import MARK, leases_folder
from tests.testbed.process import marked
from tests.testbed.refusal import Refusal
from tests.testbed.traces import Cgroup, Link, Sysctl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.testbed.lease import Lease

_CHANGED_BY_THE_KUBELET = (
    "vm.overcommit_memory",
    "vm.panic_on_oom",
    "kernel.panic",
    "kernel.panic_on_oops",
    "kernel.keys.root_maxkeys",
    "kernel.keys.root_maxbytes",
)
_CGROUPS = Path("/sys/fs/cgroup")
_OPENING_SECONDS = 20


class Node:
    """Namespaces for network, mounts and processes that live as long as their first process.

    Args:
        lease: Pays for everything.
        layout: The cluster's places.
    """

    def __init__(self, lease: Lease, layout: Layout) -> None:
        self._lease = lease
        self._layout = layout

    def open(self) -> None:
        """Make the namespaces, the link and the cgroup.

        Raises:
            ClusterError: The kernel refused one of them.
        """
        layout = self._layout
        self._lease.will_leave(
            Cgroup(layout.cgroup),
            Link(layout.link),
            *(Sysctl.current(name) for name in _CHANGED_BY_THE_KUBELET),
        )
        log = layout.logs / "init.log"
        ready = layout.folder / "init.ready"
        process = self._lease.popen(
            [
                *("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc"),
                "--kill-child=SIGKILL",
                *(sys.executable, str(Path(__file__).with_name("init.py"))),
                *(str(layout.scratch), str(layout.etc / "resolv.conf"), str(ready)),
            ],
            log=log,
        )
        deadline = time.monotonic() + _OPENING_SECONDS
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise ClusterError.of("the node's namespaces cannot be made", log)
            time.sleep(0.02)
        self._connect()
        _make_cgroup(layout.cgroup)

    @property
    def init_pid(self) -> int:
        """The first process of the node, as the machine counts it.

        Raises:
            ClusterError: The node is gone.
        """
        for identity in marked(MARK, str(self._lease.folder)):
            line = Path(f"/proc/{identity.pid}/status").read_text()
            numbers = next(part for part in line.splitlines() if part.startswith("NSpid:"))
            if numbers.split()[2:] == ["1"]:
                return identity.pid
        raise ClusterError.of("the node is gone", self._layout.logs / "init.log")

    def enter(self) -> list[str]:
        """Return what to put before a command so that it runs on the node."""
        # All three: with another /proc than its own, Java does not find its libraries.
        return ["nsenter", f"--target={self.init_pid}", "--net", "--mount", "--pid", "--"]

    def sees(self, path: Path) -> bool:
        """Whether there is such a file on the node, whose file systems the host does not see."""
        return Path(f"/proc/{self.init_pid}/root{path}").exists()

    def _connect(self) -> None:
        layout, pid = self._layout, self.init_pid
        _ip("link", "add", layout.link, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        _ip("address", "add", f"{layout.host_address}/{LINK_PREFIX_LENGTH}", "dev", layout.link)
        _ip("link", "set", layout.link, "up")
        for network in (layout.pod_cidr, layout.service_cidr):
            _ip("route", "add", network, "via", layout.address, "dev", layout.link, "onlink")
        inside = self.enter()
        for arguments in (
            ("link", "set", "lo", "up"),
            ("address", "add", f"{layout.address}/{LINK_PREFIX_LENGTH}", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("route", "add", "default", "via", layout.host_address),
        ):
            _run(*inside, "ip", *arguments)
        _run(*inside, "sysctl", "--quiet", "--write", "net.ipv4.ip_forward=1")


@contextlib.contextmanager
def network_choice() -> Iterator[int]:
    """Choose a network for a node; nobody else chooses until the block ends.

    Raises:
        Refusal: All are taken, by testbeds or by others.
    """
    root = leases_folder()
    with (root / ".network-choice").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield _free_network()


def _free_network() -> int:
    in_the_way = ""
    for number in range(NETWORKS):
        layout = Layout(Path(), 0, 0, 0, number)
        networks = (layout.address, layout.pod_cidr.split("/")[0], layout.service_api_address)
        routes = [route for network in networks for route in _routes_to(network)]
        if not routes:
            return number
        in_the_way = routes[0]
    raise Refusal(
        f"All {NETWORKS} networks that a node could have are taken, the last by the machine's "
        f"route {in_the_way!r}; end what made it or run the tests on another machine."
    )


def _routes_to(address: str) -> list[str]:
    found = subprocess.run(
        ["ip", "route", "show", "match", address], check=False, capture_output=True, text=True
    ).stdout
    return [line.strip() for line in found.splitlines() if not line.startswith("default")]


def _make_cgroup(name: str) -> None:
    """Make the kubelet's root in every hierarchy; it ends when one is missing."""
    hierarchies = [path for path in _CGROUPS.iterdir() if path.is_dir()]
    if (_CGROUPS / "cgroup.controllers").exists():
        hierarchies = [_CGROUPS]
    for hierarchy in hierarchies:
        if hierarchy.is_symlink():
            continue
        folder = hierarchy / name
        folder.mkdir(exist_ok=True)
        # A new cpuset of version 1 is empty, and nothing can run in it.
        for file in ("cpuset.cpus", "cpuset.mems"):
            if (folder / file).exists() and not (folder / file).read_text().strip():
                (folder / file).write_text((hierarchy / file).read_text())


def _ip(*arguments: str) -> None:
    _run("ip", *arguments)


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise ClusterError(f"{' '.join(command)} failed: {done.stderr.strip()}")
