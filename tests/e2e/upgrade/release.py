"""The release on a real node, as a user's helm sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from tests.e2e.chart.installation import CRD, VERSION_ANNOTATION
from tests.e2e.kubectl import Kubectl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.unit.chart.helm import Helm

NAME = NAMESPACE = "camerastream"
MAX_ROLLING_PODS = 1
_OPERATOR = f"deployment/{NAME}-operator"


@dataclass(frozen=True)
class Release:
    """The release.

    Attributes:
        helm: Which helm.
        environment: In which kubectl and helm know the cluster.
        operator_image: Of this tree, also for the chart before this one: it is the chart that is
            upgraded here.
        stream_image: What streams run until they are told otherwise.
        bootstrap_servers: The Kafka that `helm test` looks at.
    """

    helm: Helm
    environment: Mapping[str, str]
    operator_image: str
    stream_image: str
    bootstrap_servers: str

    @property
    def kubectl(self) -> Kubectl:
        """kubectl in the release's namespace."""
        return Kubectl(self.environment, NAMESPACE)

    def install(self, chart: Path) -> None:
        """Install a chart and wait until its operator is at work."""
        values = {
            "kafka": {"bootstrapServers": self.bootstrap_servers},
            "operator": {
                "image": _image(self.operator_image),
                "maxRollingPods": MAX_ROLLING_PODS,
                "logLevel": "DEBUG",
            },
            "stream": {"image": _image(self.stream_image)},
        }
        self._run(
            *("install", NAME, str(chart), "--create-namespace", "--values=-"),
            stdin=yaml.safe_dump(values),
        )
        self._wait()

    def upgrade(self, chart: Path, values: Mapping[str, Any] | None = None) -> None:
        """Upgrade with the command of the page for users, and with some values changed."""
        self._run(
            *("upgrade", NAME, str(chart), "--reset-then-reuse-values", "--values=-"),
            stdin=yaml.safe_dump(dict(values or {})),
        )
        self._wait()

    def use_stream_image(self, chart: Path, image: str) -> None:
        """Upgrade to another image of the stream."""
        self.upgrade(chart, {"stream": {"image": _image(image)}})

    def rollback(self, revision: int) -> None:
        """Go back to an earlier revision."""
        self._run("rollback", NAME, str(revision))
        self._wait()

    def uninstall(self) -> None:
        """Uninstall it and wait until its operator is gone."""
        self._run("uninstall", NAME)
        self.kubectl("wait", "--for=delete", _OPERATOR, "--timeout=60s")

    def clear(self) -> None:
        """Remove all of it, the CRD and with it every camera too."""
        self.kubectl.attempt("delete", "crd", CRD, "--ignore-not-found", "--timeout=90s")
        self._run("uninstall", NAME, "--ignore-not-found")
        self.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=90s")

    def crd_version(self) -> str:
        """Return the version of the chart that the CRD says it is of."""
        found = self.kubectl.get("crd", CRD)
        assert found is not None
        return str(found["metadata"]["annotations"][VERSION_ANNOTATION])

    def _wait(self) -> None:
        self.kubectl("rollout", "status", _OPERATOR, "--timeout=110s")

    def _run(self, *arguments: str, stdin: str = "") -> str:
        return self.helm.run(
            *arguments, f"--namespace={NAMESPACE}", stdin=stdin, environment=self.environment
        )


def _image(reference: str) -> dict[str, str]:
    repository, _, tag = reference.rpartition(":")
    return {"repository": repository, "tag": tag}
