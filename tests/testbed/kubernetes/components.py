"""The command line of every component. Pure: a layout in, words out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.testbed.kubernetes.layout import CLUSTER_DOMAIN

if TYPE_CHECKING:
    from tests.testbed.kubernetes.layout import Layout


def etcd(layout: Layout) -> list[str]:
    """Return etcd's command line.

    It does not wait for the disk: what a test cluster loses in a power cut nobody misses.
    """
    client = f"http://127.0.0.1:{layout.etcd_port}"
    peer = f"http://127.0.0.1:{layout.etcd_peer_port}"
    return [
        "etcd",
        "--name=testbed",
        f"--data-dir={layout.etcd_data}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=testbed={peer}",
    ]


def kube_apiserver(layout: Layout) -> list[str]:
    """Return the API server's command line."""
    pki = layout.pki
    return [
        "kube-apiserver",
        f"--etcd-servers=http://127.0.0.1:{layout.etcd_port}",
        f"--bind-address={layout.address}",
        f"--advertise-address={layout.address}",
        f"--secure-port={layout.api_port}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--service-account-key-file={pki / 'service-account.pub'}",
        f"--service-account-signing-key-file={pki / 'service-account.key'}",
        f"--service-account-issuer=https://kubernetes.default.svc.{CLUSTER_DOMAIN}",
        f"--kubelet-client-certificate={pki / 'admin.crt'}",
        f"--kubelet-client-key={pki / 'admin.key'}",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--service-cluster-ip-range={layout.service_cidr}",
        "--allow-privileged=true",
        "--profiling=false",
        # Who wrote how often is counted from here: a client cannot be wrong about itself.
        f"--audit-policy-file={layout.etc / 'audit-policy.json'}",
        f"--audit-log-path={layout.audit_log}",
        # In megabytes. After 100 a new file would begin, and ten thousand cameras write more.
        "--audit-log-maxsize=4000",
        # The Service `kubernetes` must not lead to a loopback address; without pods nobody asks.
        *([] if layout.with_node else ["--endpoint-reconciler-type=none"]),
    ]


def kube_controller_manager(layout: Layout) -> list[str]:
    """Return the controller manager's command line."""
    return [
        "kube-controller-manager",
        f"--kubeconfig={layout.kubeconfig}",
        f"--service-account-private-key-file={layout.pki / 'service-account.key'}",
        f"--root-ca-file={layout.pki / 'ca.crt'}",
        "--leader-elect=false",
        "--profiling=false",
        "--bind-address=127.0.0.1",
        "--secure-port=0",
    ]


def kube_scheduler(layout: Layout) -> list[str]:
    """Return the scheduler's command line."""
    return [
        "kube-scheduler",
        f"--kubeconfig={layout.kubeconfig}",
        "--leader-elect=false",
        "--profiling=false",
        "--bind-address=127.0.0.1",
        "--secure-port=0",
    ]


def containerd(layout: Layout) -> list[str]:
    """Return containerd's command line."""
    return ["containerd", f"--config={layout.node_etc / 'containerd.toml'}"]


def kubelet(layout: Layout) -> list[str]:
    """Return the kubelet's command line."""
    return [
        "kubelet",
        f"--kubeconfig={layout.kubelet_kubeconfig}",
        f"--config={layout.node_etc / 'kubelet.json'}",
        f"--hostname-override={layout.node_name}",
        f"--node-ip={layout.address}",
        f"--root-dir={layout.machine_disk / 'kubelet'}",
        f"--cert-dir={layout.machine_disk / 'kubelet-pki'}",
    ]


def kube_proxy(layout: Layout) -> list[str]:
    """Return kube-proxy's command line."""
    return ["kube-proxy", f"--config={layout.node_etc / 'kube-proxy.json'}"]


def coredns(layout: Layout) -> list[str]:
    """Return CoreDNS's command line."""
    return ["coredns", "-conf", str(layout.etc / "Corefile")]
