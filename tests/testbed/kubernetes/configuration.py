"""The components' configuration files. Pure: a layout in, texts out.

YAML readers take JSON too, so that no template has to get the indentation right.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from tests.testbed.kubernetes.layout import CLUSTER_DOMAIN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.kubernetes.layout import Layout
    from tests.testbed.pki import Credential

PAUSE_IMAGE = "testbed.invalid/pause:1"
"""Imported, never pulled: `.invalid` names can have no registry."""


def kubeconfig(server: str, ca: bytes, credential: Credential) -> str:
    """Return a kubeconfig for one user of one cluster."""

    def encoded(pem: bytes) -> str:
        return base64.b64encode(pem).decode()

    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "testbed",
                    "cluster": {"server": server, "certificate-authority-data": encoded(ca)},
                }
            ],
            "users": [
                {
                    "name": "testbed",
                    "user": {
                        "client-certificate-data": encoded(credential.certificate),
                        "client-key-data": encoded(credential.key),
                    },
                }
            ],
            "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": "testbed"}}],
            "current-context": "testbed",
        },
        indent=1,
    )


def audit_policy() -> str:
    """Return what the API server notes: every request once, when it is answered."""
    return json.dumps(
        {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived", "ResponseStarted"],
            "rules": [{"level": "Metadata"}],
        }
    )


def network(layout: Layout) -> str:
    """Return the CNI configuration: one bridge for all pods."""
    return json.dumps(
        {
            "cniVersion": "0.4.0",
            "name": "pods",
            "plugins": [
                {
                    "type": "bridge",
                    "bridge": "cni0",
                    "isGateway": True,
                    "ipMasq": True,
                    "hairpinMode": True,
                    "ipam": {
                        "type": "host-local",
                        "ranges": [[{"subnet": layout.pod_cidr}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                },
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        }
    )


def containerd(layout: Layout, cni_binaries: Path) -> str:
    """Return containerd's configuration (TOML, whose inline tables JSON nearly is)."""
    disk = layout.machine_disk
    return f"""\
version = 3
root = "{disk}/containerd"
state = "/run/{layout.node_name}/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.internal.v1.tracing"]

[grpc]
address = "{layout.containerd_socket}"

[plugins."io.containerd.internal.v1.opt"]
path = "{disk}/containerd-opt"

[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{PAUSE_IMAGE}"

[plugins."io.containerd.cri.v1.runtime"]
# Without CAP_SYS_RESOURCE, as in many a sandbox, the score cannot be lowered.
restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{cni_binaries}"]
conf_dir = "{layout.etc}/cni"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
"""


def kubelet(layout: Layout, longest_restart_wait_seconds: int) -> str:
    """Return the kubelet's configuration.

    Args:
        layout: The cluster's places.
        longest_restart_wait_seconds: Where the crash-loop back-off ends; 300 in the field.
    """
    configuration: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(layout.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(layout.pki / f"{layout.node_name}.crt"),
        "tlsPrivateKeyFile": str(layout.pki / f"{layout.node_name}.key"),
        "address": layout.address,
        "healthzBindAddress": "127.0.0.1",
        "failCgroupV1": False,
        "failSwapOn": False,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{layout.cgroup}",
        "enforceNodeAllocatable": ["none"],
        "containerRuntimeEndpoint": f"unix://{layout.containerd_socket}",
        "clusterDNS": [layout.address],
        "clusterDomain": CLUSTER_DOMAIN,
        "resolvConf": str(layout.etc / "resolv.conf"),
        # The disk is the developer's: it is looked at before the start, not by the kubelet.
        "evictionHard": {
            "imagefs.available": "1%",
            "nodefs.available": "1%",
            "memory.available": "100Mi",
        },
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "serializeImagePulls": False,
        "maxPods": 60,
        "podLogsDir": "/var/log/pods",
        "volumePluginDir": str(layout.machine_disk / "kubelet-plugins"),
        "crashLoopBackOff": {"maxContainerRestartPeriod": f"{longest_restart_wait_seconds}s"},
        # How late a pod's volumes follow an annotation is part of what is tested: the default.
        "syncFrequency": "1m",
    }
    return json.dumps(configuration, indent=1)


def kube_proxy(layout: Layout) -> str:
    """Return kube-proxy's configuration: nftables, so the host's iptables are never touched."""
    return json.dumps(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "bindAddress": layout.address,
            "clientConnection": {"kubeconfig": str(layout.kubeconfig)},
            "hostnameOverride": layout.node_name,
            "clusterCIDR": layout.pod_cidr,
            # These are limits of the whole machine, not of the node's namespaces.
            "conntrack": {
                "maxPerCore": 0,
                "min": 0,
                "tcpEstablishedTimeout": "0s",
                "tcpCloseWaitTimeout": "0s",
            },
            "nodePortAddresses": ["primary"],
        },
        indent=1,
    )


def corefile(layout: Layout) -> str:
    """Return CoreDNS's configuration; `host.testbed.internal` is the machine outside."""
    return f"""\
.:53 {{
    bind {layout.address}
    errors
    kubernetes {CLUSTER_DOMAIN} {{
        kubeconfig {layout.kubeconfig} testbed
    }}
    hosts {{
        {layout.host_address} host.testbed.internal
        fallthrough
    }}
    cache 5
}}
"""


def resolv_conf(layout: Layout) -> str:
    """Return the node's resolver configuration: the host's name server is out of reach."""
    return f"nameserver {layout.address}\n"
