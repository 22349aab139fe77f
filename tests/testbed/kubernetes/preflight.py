"""What must be true before a cluster is started; looked at before anything is."""

from __future__ import annotations

from tests.testbed import requirement
from tests.testbed.cache import cache_folder
from tests.testbed.kubernetes import binaries
from tests.testbed.lease import leases_folder

_PACKAGES = {
    "runc": "runc",
    # One of the CNI plugins; `bridge` is also the name of another tool.
    "host-local": "containernetworking-plugins",
    "iptables": "iptables",
    "nft": "nftables",
    "conntrack": "conntrack",
    "socat": "socat",
    "ip": "iproute2",
    "sysctl": "procps",
    "nsenter": "util-linux",
}


def control_plane() -> None:
    """Refuse where a control plane cannot run.

    Raises:
        Refusal: With what to do.
    """
    requirement.linux_on_a_built_for_architecture()
    requirement.available_memory(1.5)
    requirement.free_disk(cache_folder(), 1)
    requirement.free_disk(leases_folder(), 0.5)
    binaries.check_control_plane()


def node() -> None:
    """Refuse where a node cannot run; installs the packages it needs.

    Raises:
        Refusal: With what to do.
    """
    requirement.linux_on_a_built_for_architecture()
    requirement.root()
    requirement.available_memory(6)
    requirement.free_disk(cache_folder(), 4)
    requirement.free_disk(leases_folder(), 0.5)
    binaries.check()
    # Last, since it changes the machine.
    requirement.tools(_PACKAGES)
