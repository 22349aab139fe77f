"""The chart on the testbed's node, with everything that is for monitoring."""

from __future__ import annotations

import contextlib
import json
import subprocess
from typing import TYPE_CHECKING, Any

import yaml

from tests.e2e.chart.test_monitoring import GROUP, definition
from tests.e2e.kubectl import Kubectl
from tests.unit.chart.helm import CHART

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.testbed.site.site import Site

RELEASE = NAMESPACE = "camerastream"
OPERATOR = f"{RELEASE}-operator"
RUNBOOKS = "https://wiki.example/runbooks"
_CRD = "camerastreams.camerastream.dev"
_KINDS = ("PodMonitor", "PrometheusRule")


class InstalledChart:
    """The chart, installed by helm.

    Args:
        site: On which.
        images: The images of stream and operator, as pods get them.
        bootstrap_servers: Where frames go by default.
    """

    def __init__(self, site: Site, images: Mapping[str, str], bootstrap_servers: str) -> None:
        self.kubectl = Kubectl(site.environment(), NAMESPACE)
        self._values: dict[str, Any] = {
            "kafka": {"bootstrapServers": bootstrap_servers},
            **{name: {"image": _image(image)} for name, image in images.items()},
            # Two of seven cameras are enough for an outage, and it ends soon after with one.
            "fleetGuard": {
                "minCameras": 2,
                "startPercent": 20,
                "endPercent": 19,
                "settleSeconds": 5,
            },
            "monitoring": {
                "podMonitor": {"enabled": True, "interval": "5s"},
                "prometheusRule": {"enabled": True, "runbookBaseUrl": RUNBOOKS},
                "dashboard": {"enabled": True},
                "kubeStateMetrics": {"enabled": True},
            },
        }

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Install it for the block; afterwards nothing of it is left."""
        definitions = [definition(kind) for kind in _KINDS]
        self.kubectl.apply(*definitions)
        names = [f"crd/{item['metadata']['name']}" for item in definitions]
        self.kubectl("wait", "--for=condition=Established", *names, "--timeout=60s")
        try:
            self._helm(
                *("upgrade", "--install", RELEASE, str(CHART), "--create-namespace"),
                *("--wait", "--timeout=3m", "--values=-"),
                stdin=yaml.safe_dump(self._values),
            )
            yield
        finally:
            self._helm("uninstall", RELEASE, "--ignore-not-found")
            self.kubectl("delete", "crd", _CRD, "--ignore-not-found", "--timeout=90s")
            self.kubectl("delete", *names, "--timeout=90s")
            self.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=90s")

    def pod_monitors(self) -> list[dict[str, Any]]:
        """Return what the Prometheus Operator would read."""
        return self._items(f"podmonitors.{GROUP}")

    def rule_groups(self) -> list[dict[str, Any]]:
        """Return the groups of the PrometheusRule."""
        (rules,) = self._items(f"prometheusrules.{GROUP}")
        groups: list[dict[str, Any]] = rules["spec"]["groups"]
        return groups

    def config_map(self, what: str) -> dict[str, Any]:
        """Return a ConfigMap of the chart, by the end of its name."""
        found = self.kubectl.get("configmap", f"{RELEASE}-{what}")
        assert found is not None
        return found

    def _items(self, kind: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = json.loads(self.kubectl("get", kind, "--output=json"))[
            "items"
        ]
        return items

    def _helm(self, *arguments: str, stdin: str = "") -> None:
        done = subprocess.run(
            ["helm", *arguments, f"--namespace={NAMESPACE}"],
            env=self.kubectl.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr


def _image(reference: str) -> dict[str, str]:
    repository, _, tag = reference.rpartition(":")
    return {"repository": repository, "tag": tag}
