"""Builds every binary of the cluster from source, once per version."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed import requirement
from tests.testbed.cache import cache_folder, cached, fingerprint
from tests.testbed.images.archive import single_binary_image
from tests.testbed.kubernetes.configuration import PAUSE_IMAGE
from tests.testbed.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = "kubernetes"
MODULE = Path(__file__).parents[1] / "go" / "kubernetes"
_COMPONENTS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
)
_ASSETS = ("etcd", "kube-apiserver", "kubectl")
"""What envtest's archives hold."""
_CONTAINERD = "github.com/containerd/containerd/v2"
_HELM = "helm.sh/helm/v4"
_COMMANDS = (
    *("./cmd/hyperkube", "./cmd/coredns", "./cmd/pause"),
    *(f"{_CONTAINERD}/cmd/{name}" for name in ("containerd", "ctr", "containerd-shim-runc-v2")),
    f"{_HELM}/cmd/helm",
)
# Storage drivers that need C libraries, and debugging data: what a test cluster can do without.
_TAGS = "no_btrfs,no_zfs,no_devmapper"
_FLAGS = ("-mod=readonly", "-buildvcs=false", "-trimpath", "-gcflags=all=-dwarf=false")
_GIBIBYTES_TO_BUILD = 8


def version() -> str:
    """Return the version of Kubernetes, as in "v1.37.2"."""
    return _required(MODULE / "go.mod")["k8s.io/kubernetes"]


def binaries() -> Path:
    """Return the folder with every binary, built now where it is not there yet.

    Raises:
        Refusal: Go is missing or the disk is full.
    """
    return cached(
        _NAME,
        _built_from(),
        _build,
        what=f"building Kubernetes {version()}, containerd, CoreDNS and helm from source",
        estimate_seconds=660,
    )


def control_plane_binaries() -> Path:
    """Return the folder with the control plane's: KUBEBUILDER_ASSETS where it is set.

    Raises:
        Refusal: They have to be built and cannot be.
    """
    return _given() or binaries()


def check_control_plane() -> None:
    """Refuse where the control plane's binaries are not given, and cannot be built.

    Raises:
        Refusal: With what to do.
    """
    if _given() is None:
        check()


def _given() -> Path | None:
    given = os.environ.get("KUBEBUILDER_ASSETS")
    if not given:
        return None
    for name in _ASSETS:
        if not (Path(given) / name).exists():
            raise Refusal(
                f"KUBEBUILDER_ASSETS={given} holds no {name}; name a folder with "
                f"{', '.join(_ASSETS)}, or unset it to have them built."
            )
    return Path(given)


def check() -> None:
    """Refuse where they would have to be built and cannot be.

    Raises:
        Refusal: With what to do.
    """
    if not (cache_folder() / _NAME / _built_from()).is_dir():
        requirement.go()
        requirement.free_disk(cache_folder(), _GIBIBYTES_TO_BUILD)


def _built_from() -> str:
    sources = [path for path in MODULE.rglob("*") if path.is_file()]
    return f"{version()}-{fingerprint(sources)}"


def _build(folder: Path) -> None:
    _go(
        *("build", *_FLAGS, "-tags", _TAGS, "-ldflags", linker_flags(_required(MODULE / "go.mod"))),
        *("-o", f"{folder}/", *_COMMANDS),
    )
    for component in _COMPONENTS:
        (folder / component).symlink_to("hyperkube")
    single_binary_image(folder / "pause", PAUSE_IMAGE, folder / "pause.tar")


def linker_flags(versions: Mapping[str, str]) -> str:
    """Return the flags that tell each binary its version: clients refuse unknown servers.

    Args:
        versions: Module path to version, as go.mod requires them.

    Example:
        >>> flags = linker_flags(
        ...     {"k8s.io/kubernetes": "v1.37.2", "helm.sh/helm/v4": "v4.3.1",
        ...      "github.com/containerd/containerd/v2": "v2.4.2"}
        ... )
        >>> "-X k8s.io/component-base/version.gitMinor=37" in flags
        True
    """
    kubernetes = versions["k8s.io/kubernetes"]
    major, minor = kubernetes.removeprefix("v").split(".")[:2]
    flags = [
        "-s -w",
        f"-X {_HELM}/internal/version.version={versions[_HELM]}",
        f"-X {_CONTAINERD}/version.Version={versions[_CONTAINERD]}",
    ]
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        for name, value in (
            ("gitVersion", kubernetes),
            ("gitMajor", major),
            ("gitMinor", minor),
            ("gitTreeState", "clean"),
            ("gitCommit", "0" * 40),
            ("buildDate", "2026-01-01T00:00:00Z"),
        ):
            flags.append(f"-X {package}.{name}={value}")
    return " ".join(flags)


def _required(go_mod: Path) -> dict[str, str]:
    pattern = re.compile(r"^\s*(?:require\s+)?(\S+) (v\S+)(?: // indirect)?$", re.MULTILINE)
    return dict(pattern.findall(go_mod.read_text()))


def _go(*arguments: str) -> None:
    done = subprocess.run(
        ["go", *arguments],
        cwd=MODULE,
        # Static binaries: they run on a node whose C library is another one, or none.
        env={**os.environ, "CGO_ENABLED": "0"},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Refusal(
            f"Building Kubernetes failed ({last}); it needs Go 1.21 or newer, 3 GiB of memory, "
            f"and the Go module proxy within reach."
        )
