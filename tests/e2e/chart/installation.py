"""The chart on a cluster: installed by helm, looked at by kubectl."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import yaml

from tests.e2e.kubectl import Kubectl
from tests.unit.chart.helm import CHART, NAMESPACE, RELEASE, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.testbed.kubernetes.cluster import Cluster
    from tests.unit.chart.helm import Helm

CRD = "camerastreams.camerastream.dev"
PREVIOUS_CHART = ROOT / "tests/e2e/chart/previous/camerastream-0.1.0.tgz"
PREVIOUS_VERSION = "0.1.0"
VERSION_ANNOTATION = "camerastream.dev/chart-version"
NAMESPACES = (NAMESPACE, "shop", "yard", "other")
_CHART_KINDS = (
    "clusterroles,clusterrolebindings,roles,rolebindings,serviceaccounts,configmaps,secrets,"
    "deployments,networkpolicies,poddisruptionbudgets"
)
_OURS = "app.kubernetes.io/part-of=camerastream"


class Installation:
    """A cluster and what is installed on it.

    Args:
        cluster: With an API server.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.environment = cluster.environment()
        self.kubectl = Kubectl(self.environment, NAMESPACE)

    def install(
        self,
        helm: Helm,
        values: Mapping[str, Any],
        *arguments: str,
        release: str = RELEASE,
        namespace: str = NAMESPACE,
        chart: Path = CHART,
    ) -> str:
        """Install or upgrade; the pods are not waited for: there is no node.

        Raises:
            HelmError: Helm refuses.
        """
        return helm.run(
            *("upgrade", "--install", release, str(chart), f"--namespace={namespace}"),
            *("--values=-", *arguments),
            stdin=yaml.safe_dump(dict(values)),
            environment=self.environment,
        )

    def rollback(self, helm: Helm, revision: int) -> None:
        """Go back to an earlier revision."""
        helm.run(
            *("rollback", RELEASE, str(revision), f"--namespace={NAMESPACE}"),
            environment=self.environment,
        )

    def crd_version(self) -> str:
        """Return the version of the chart that the CRD in the cluster says it is of."""
        found = self.kubectl.get("crd", CRD)
        assert found is not None
        return str(found["metadata"].get("annotations", {}).get(VERSION_ANNOTATION, ""))

    def uninstall(self, helm: Helm, release: str = RELEASE, namespace: str = NAMESPACE) -> str:
        """Uninstall a release."""
        return helm.run(
            "uninstall", release, f"--namespace={namespace}", environment=self.environment
        )

    def apply(self, objects: Sequence[Mapping[str, Any]], *arguments: str) -> list[str]:
        """Apply objects of any namespace; return a line for each."""
        lines: list[str] = []
        namespaces = {item["metadata"].get("namespace", NAMESPACE) for item in objects}
        for namespace in sorted(namespaces):
            here = [
                item
                for item in objects
                if item["metadata"].get("namespace", NAMESPACE) == namespace
            ]
            text = json.dumps({"apiVersion": "v1", "kind": "List", "items": here})
            kubectl = Kubectl(self.environment, namespace)
            lines += kubectl("apply", "--filename=-", *arguments, stdin=text).splitlines()
        return lines

    def state(self) -> set[tuple[str, str, str, str]]:
        """Return every object that a chart may touch, with its version."""
        found = json.loads(self.kubectl("get", _CHART_KINDS, "--all-namespaces", "--output=json"))[
            "items"
        ]
        found += json.loads(self.kubectl("get", "crds", "--output=json"))["items"]
        return {
            (
                item["kind"],
                item["metadata"].get("namespace", ""),
                item["metadata"]["name"],
                item["metadata"]["resourceVersion"],
            )
            for item in found
            if item["kind"] != "Deployment"  # its controller writes whenever it likes
        }

    def make_namespaces(self) -> None:
        """Make the namespaces, with the strictest of Kubernetes' own profiles."""
        for name in NAMESPACES:
            self.kubectl("create", "namespace", name)
            self.kubectl(
                "label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted"
            )

    def clear(self) -> None:
        """Remove what was installed."""
        self.clear_crd()
        for kinds, selector in (("secrets", "owner=helm"), (f"{_CHART_KINDS},pods", _OURS)):
            # Not by `Kubectl`, whose one namespace excludes all of them.
            subprocess.run(
                ["kubectl", "delete", kinds, "--all-namespaces", f"--selector={selector}"],
                env=self.environment,
                capture_output=True,
                check=True,
            )

    def clear_crd(self) -> None:
        """Remove the CRD, and with it all CameraStreams."""
        self.kubectl("delete", "crd", CRD, "--ignore-not-found", "--wait=false")
        self.wait_until_crd_is_gone()

    def deletion_has_begun(self) -> bool:
        """Say whether the CRD is gone or going."""
        found = self.kubectl.get("crd", CRD)
        return found is None or "deletionTimestamp" in found["metadata"]

    def wait_until_crd_is_gone(self) -> None:
        """Wait for the end of a deletion that has begun.

        An API server that is asked to delete a CRD within a second of its creation can fail with
        "storage is (re)initializing", and looks again only when the CRD changes.
        """
        for attempt in range(12):
            done = self.kubectl.attempt("wait", "--for=delete", f"crd/{CRD}", "--timeout=5s")
            if done.returncode == 0:
                return
            self.kubectl.attempt(
                "annotate", "--overwrite", "crd", CRD, f"example.com/try={attempt}"
            )
        raise AssertionError(done.stderr)

    def may(self, account: str, namespace: str, verb: str, what: str) -> bool:
        """Say whether a ServiceAccount may do something; `what` is as in pods/exec."""
        resource, _, subresource = what.partition("/")
        words = [verb, resource, *([f"--subresource={subresource}"] if subresource else [])]
        kubectl = Kubectl(self.environment, namespace)
        done = kubectl.attempt("auth", "can-i", *words, f"--as={account}")
        assert done.stdout.strip() in ("yes", "no"), done.stderr
        return done.stdout.strip() == "yes"
