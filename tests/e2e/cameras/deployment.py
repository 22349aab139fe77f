"""The operator in the cluster, from the manifests that are shipped."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.e2e.kubectl import Kubectl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[3] / "operator"
CRD = ROOT / "src" / "camerastream_operator" / "crd" / "camerastreams.yaml"
MANIFESTS = ("rbac.yaml", "cluster-wide.yaml", "operator.yaml")
NAME = "camerastream-operator"
NAMESPACE = "camerastream-system"
"""As the manifests have it."""
DEFAULT_THRESHOLD_SECONDS = 60


class Operator:
    """The operator under test.

    Args:
        environment: In which `kubectl` knows the cluster.
        image: Of the operator.
        stream_image: Of the stream, its default for cameras.
    """

    def __init__(self, environment: Mapping[str, str], image: str, stream_image: str) -> None:
        self.kubectl = Kubectl(environment, NAMESPACE)
        self._image = image
        self._stream_image = stream_image

    def install(self) -> None:
        """Apply the CRD and the manifests; wait until the operator is at work."""
        self.kubectl("apply", "--server-side", f"--filename={CRD}")
        self.kubectl("wait", "--for=condition=Established", "--timeout=60s", f"--filename={CRD}")
        self.kubectl("create", "namespace", NAMESPACE)
        self.kubectl(
            *("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
        )
        objects = [
            item
            for name in MANIFESTS
            for item in yaml.safe_load_all((ROOT / "manifests" / name).read_text())
        ]
        for item in objects:
            if item["kind"] == "Deployment":
                item["spec"]["template"]["spec"]["containers"][0]["image"] = self._image
        self.kubectl.apply(*(item for item in objects if item["kind"] != "ConfigMap"))
        self._write_defaults(DEFAULT_THRESHOLD_SECONDS)
        self.wait()

    def uninstall(self) -> None:
        """Remove it, the CRD and with that every camera."""
        self.kubectl("delete", f"--filename={CRD}", "--timeout=90s")
        self.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
        for kind in ("clusterrole", "clusterrolebinding"):
            self.kubectl("delete", kind, NAME)

    def wait(self) -> None:
        """Wait until it is ready."""
        self.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=110s")

    def scale(self, replicas: int) -> None:
        """Run so many of it, none to have it down."""
        self.kubectl("scale", f"deployment/{NAME}", f"--replicas={replicas}")
        if replicas:
            self.wait()
        else:
            self.kubectl.wait("it stays", lambda: not self.pods(), 90)

    def pods(self) -> list[str]:
        """Return the names of its pods."""
        listed = self.kubectl("get", "pods", "--output=name")
        return [line.removeprefix("pod/") for line in listed.splitlines()]

    def metrics(self) -> str:
        """Return what Prometheus would scrape of the one at work."""
        texts = [
            self.kubectl(
                "get", "--raw", f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}:8080/proxy/metrics"
            )
            for pod in self.pods()
        ]
        return max(texts, key=len)

    @contextlib.contextmanager
    def default_threshold(self, seconds: int) -> Iterator[None]:
        """Change the threshold of every camera whose spec has none, for the block."""
        self._write_defaults(seconds)
        try:
            yield
        finally:
            self._write_defaults(DEFAULT_THRESHOLD_SECONDS)

    def _write_defaults(self, threshold_seconds: int) -> None:
        defaults: dict[str, Any] = {
            "stream": {"image": self._stream_image, "thresholdSeconds": threshold_seconds},
            "fleet": {"settleSeconds": 10},
        }
        self.kubectl.apply(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": NAME},
                "data": {"defaults.yaml": json.dumps(defaults)},
            }
        )
