"""What the pages for people say to type and to copy works as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.e2e.observability.conftest import CAMERAS_NAMESPACE
from tests.e2e.observability.installed import NAMESPACE, RELEASE
from tests.e2e.observability.kube_state_metrics import EXAMPLE
from tests.e2e.observability.prometheus import Prometheus
from tests.integration.topic import wait_until
from tests.unit.chart.helm import ROOT

if TYPE_CHECKING:
    from tests.e2e.observability.alerts import Period
    from tests.e2e.observability.installed import InstalledChart
    from tests.e2e.observability.kube_state_metrics import KubeStateMetrics
    from tests.testbed.kubernetes.cluster import Cluster
    from tests.testbed.lease import Lease

RUNBOOKS = ROOT / "docs/runbooks"
PLAIN = ROOT / "examples/monitoring/prometheus.yaml"
_KUBECTL = re.compile(r"`(kubectl [^`]+)`")
_CAMERA = "jammed"
"""Has been restarted, is held, and runs."""


def commands() -> list[str]:
    """Return every kubectl command of the runbooks, once."""
    found = {
        " ".join(command.split())
        for page in RUNBOOKS.glob("*.md")
        for command in _KUBECTL.findall(page.read_text(encoding="utf-8"))
    }
    return sorted(found)


def test_there_are_commands_in_the_runbooks() -> None:
    assert len(commands()) > 8


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_runbooks_says_something(
    command: str, troubled: Period, chart: InstalledChart
) -> None:
    namespace = NAMESPACE if "RELEASE" in command else CAMERAS_NAMESPACE
    text = command.replace("CAMERA", _CAMERA).replace("RELEASE", RELEASE)
    words = shlex.split(text.replace("NAMESPACE", namespace))[1:]
    if words[0] == "delete":
        words.append("--dry-run=server")
    # Not the test's own namespace: the command names it, or asks for all.
    said = chart.kubectl(*words)
    assert said.strip()
    assert "No resources found" not in said


def test_the_example_of_kube_state_metrics_is_taken(chart: InstalledChart) -> None:
    chart.kubectl("apply", "--dry-run=server", "--validate=strict", f"--filename={EXAMPLE}")


def test_commands_in_the_alerts_that_fire_work(
    troubled: Period, prometheus: Prometheus, chart: InstalledChart
) -> None:
    said = {
        command
        for rule in prometheus.rules()
        for alert in rule["alerts"]
        for command in re.findall(
            r"kubectl describe \S+ \S+ -n \S+|kubectl get \S+ -A",
            alert["annotations"]["description"],
        )
    }
    assert said, "nothing is wrong any more"
    for command in said:
        chart.kubectl(*shlex.split(command)[1:])


def test_every_alert_that_fires_leads_to_its_runbook(
    troubled: Period, prometheus: Prometheus
) -> None:
    urls = {
        alert["annotations"]["runbook_url"]
        for rule in prometheus.rules()
        for alert in rule["alerts"]
    }
    assert urls
    for url in urls:
        assert (RUNBOOKS / Path(url).name).is_file(), url


def test_a_prometheus_without_the_operator_gives_the_same_labels(
    troubled: Period,
    cluster: Cluster,
    lease: Lease,
    prometheus: Prometheus,
    prometheus_account: Path,
    kube_state_metrics: KubeStateMetrics,
) -> None:
    pods, kube = yaml.safe_load(PLAIN.read_text(encoding="utf-8"))["scrape_configs"]
    for job in (pods, kube):
        job["scrape_interval"] = "2s"
    # Outside of the cluster, and kube-state-metrics has no Service here.
    pods["kubernetes_sd_configs"][0]["kubeconfig_file"] = str(prometheus_account)
    kube["static_configs"][0]["targets"] = [kube_state_metrics.address]
    plain = Prometheus(cluster, lease, "plain-prometheus")
    plain.start([pods, kube])

    def labels(of: Prometheus) -> set[tuple[str, ...]]:
        names = ("namespace", "camera", "pod", "container")
        found = of.query('up{container=~"camerastream|operator"}')
        found += of.query("kube_camerastream_status_info")
        return {tuple(series.labels.get(name, "") for name in names) for series in found}

    wait_until(
        lambda: labels(plain) == labels(prometheus),
        120,
        lambda: f"{labels(plain)} are not {labels(prometheus)}",
    )
    assert len(labels(plain)) > 10
