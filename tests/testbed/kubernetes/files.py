"""Writes the files that components read: configuration, certificates, keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed.kubernetes import configuration
from tests.testbed.kubernetes.layout import CLUSTER_DOMAIN, MACHINES
from tests.testbed.pki import CertificateAuthority, new_key

if TYPE_CHECKING:
    from tests.testbed.kubernetes.layout import Layout

CNI_BINARIES = Path("/usr/lib/cni")


def write_files(layout: Layout, longest_restart_wait_seconds: int) -> None:
    """Write everything that a cluster reads, for each machine that may become its node.

    Args:
        layout: The cluster's places.
        longest_restart_wait_seconds: Where the kubelet's crash-loop back-off ends.
    """
    for folder in (layout.pki, layout.logs, layout.etc / "cni"):
        folder.mkdir(parents=True)
    _write_certificates(layout)
    for name, text in {
        "audit-policy.json": configuration.audit_policy(),
        "cni/10-pods.conflist": configuration.network(layout),
        "Corefile": configuration.corefile(layout),
        "resolv.conf": configuration.resolv_conf(layout),
    }.items():
        (layout.etc / name).write_text(text)
    for machine in _machines(layout):
        machine.node_etc.mkdir()
        for name, text in {
            "containerd.toml": configuration.containerd(machine, CNI_BINARIES),
            "kubelet.json": configuration.kubelet(machine, longest_restart_wait_seconds),
            "kube-proxy.json": configuration.kube_proxy(machine),
        }.items():
            (machine.node_etc / name).write_text(text)


def _machines(layout: Layout) -> list[Layout]:
    return [replace(layout, machine=number + 1) for number in range(MACHINES)]


def _write_certificates(layout: Layout) -> None:
    authority = CertificateAuthority("testbed")
    (layout.pki / "ca.crt").write_bytes(authority.certificate)
    service = "kubernetes.default.svc"
    administrator = authority.issue("administrator", organization="system:masters")
    nodes = {
        machine: authority.issue(
            f"system:node:{machine.node_name}",
            organization="system:nodes",
            addresses=[layout.address],
            names=[machine.node_name],
        )
        for machine in _machines(layout)
    }
    for name, credential in {
        "apiserver": authority.issue(
            "kube-apiserver",
            addresses=["127.0.0.1", layout.address, layout.service_api_address],
            names=["localhost", "kubernetes", service, f"{service}.{CLUSTER_DOMAIN}"],
        ),
        "admin": administrator,
        **{machine.node_name: credential for machine, credential in nodes.items()},
    }.items():
        credential.write(layout.pki / f"{name}.key", layout.pki / f"{name}.crt")
    private, public = new_key()
    (layout.pki / "service-account.key").touch(mode=0o600)
    (layout.pki / "service-account.key").write_bytes(private)
    (layout.pki / "service-account.pub").write_bytes(public)
    for path, credential in (
        (layout.kubeconfig, administrator),
        *((machine.kubelet_kubeconfig, credential) for machine, credential in nodes.items()),
    ):
        path.touch(mode=0o600)
        path.write_text(configuration.kubeconfig(layout.server, authority.certificate, credential))
