"""The chart, cameras and a Prometheus that watches them; first all is well, then it is not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.kubectl import Kubectl
from tests.e2e.observability.access import allow_to_read_pods, kubeconfig_of
from tests.e2e.observability.alerts import Period, hurried
from tests.e2e.observability.grafana import dashboard_of
from tests.e2e.observability.installed import InstalledChart
from tests.e2e.observability.kube_state_metrics import KubeStateMetrics, example
from tests.e2e.observability.podmonitor import scrape_configs
from tests.e2e.observability.prometheus import Prometheus
from tests.e2e.observability.trouble import Cameras, Trouble
from tests.integration.topic import wait_until
from tests.testbed.lease import Lease
from tests.testbed.site.site import OwnSite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.pods.kafka import PodKafka
    from tests.testbed.kubernetes.cluster import Cluster
    from tests.testbed.site.site import Site

CAMERAS_NAMESPACE = "shop"
_CALM_SECONDS = 45
_ACCOUNT = "prometheus"


@pytest.fixture(scope="package")
def cluster(site: Site) -> Cluster:
    """The node that Prometheus runs on, beside the pods."""
    if not isinstance(site, OwnSite):
        pytest.skip("runs Prometheus on the testbed's own node: unset KUBECONFIG")
    return site.cluster


@pytest.fixture(scope="package")
def lease(cluster: Cluster) -> Iterator[Lease]:
    """What Prometheus and kube-state-metrics end with."""
    with Lease.take("observability", unique=True) as taken:
        yield taken


@pytest.fixture(scope="package")
def kafka(cluster: Cluster, shared_pod_kafka: PodKafka) -> Iterator[PodKafka]:
    """Kafka, with a topic for all of the cameras."""
    with shared_pod_kafka.with_topic() as found:
        yield found


@pytest.fixture(scope="package")
def chart(
    cluster: Cluster, site: Site, kafka: PodKafka, operator_image: str, stream_image: str
) -> Iterator[InstalledChart]:
    """The chart with everything that is for monitoring."""
    images = {"operator": operator_image, "stream": stream_image}
    made = InstalledChart(site, images, kafka.bootstrap_servers)
    with made.installed():
        yield made


@pytest.fixture(scope="package")
def kube_state_metrics(
    cluster: Cluster, chart: InstalledChart, lease: Lease
) -> Iterator[KubeStateMetrics]:
    """kube-state-metrics, with the account of the example."""
    objects = [item for item in example() if item["kind"] not in ("Deployment", "Service")]
    chart.kubectl.apply(*objects)
    made = KubeStateMetrics(cluster, lease, chart.kubectl)
    made.start(chart.config_map("kube-state-metrics"))
    yield made
    for item in objects:
        chart.kubectl("delete", item["kind"], item["metadata"]["name"], "--ignore-not-found")


@pytest.fixture(scope="package")
def prometheus_account(chart: InstalledChart, lease: Lease) -> Iterator[Path]:
    """A kubeconfig with which pods can be found, and nothing else done."""
    allow_to_read_pods(chart.kubectl, _ACCOUNT)
    yield kubeconfig_of(chart.kubectl, _ACCOUNT, lease.folder / "prometheus.kubeconfig")
    for kind in ("clusterrole", "clusterrolebinding"):
        chart.kubectl("delete", kind, f"{_ACCOUNT}-reads-pods")


@pytest.fixture(scope="package")
def prometheus(
    cluster: Cluster,
    lease: Lease,
    chart: InstalledChart,
    kube_state_metrics: KubeStateMetrics,
    prometheus_account: Path,
) -> Prometheus:
    """Prometheus, as the Prometheus Operator would configure it from the chart's objects."""
    made = Prometheus(cluster, lease)
    jobs = [
        job
        for monitor in chart.pod_monitors()
        for job in scrape_configs(monitor, prometheus_account)
    ]
    jobs.append(
        {
            "job_name": "kube-state-metrics",
            "scrape_interval": "2s",
            "honor_labels": True,
            "static_configs": [{"targets": [kube_state_metrics.address]}],
        }
    )
    made.start(jobs)
    made.load_rules(chart.rule_groups())
    return made


@pytest.fixture(scope="package")
def cameras(chart: InstalledChart, kafka: PodKafka) -> Iterator[Cameras]:
    """Three cameras that are well, in a namespace of their own."""
    kubectl = Kubectl(chart.kubectl.environment, CAMERAS_NAMESPACE)
    kubectl("create", "namespace", CAMERAS_NAMESPACE)
    kubectl(
        "label", "namespace", CAMERAS_NAMESPACE, "pod-security.kubernetes.io/enforce=restricted"
    )
    made = Cameras(kubectl, kafka)
    made.start_healthy()
    yield made
    kubectl("delete", "namespace", CAMERAS_NAMESPACE, "--timeout=110s")


@pytest.fixture(scope="package")
def healthy(prometheus: Prometheus, cameras: Cameras) -> Period:
    """A while in which nothing was wrong, with the rules as they are shipped."""
    settled = 'sum(up{container="camerastream"}) == 3 and on () camerastream_operator_leader == 1'
    wait_until(lambda: bool(prometheus.query(settled)), 120, lambda: str(prometheus.targets()))
    start = time.time()
    # The alerts go by time: nothing is seen of them before some of it has passed.
    time.sleep(_CALM_SECONDS)
    return Period(start, time.time())


@pytest.fixture(scope="package")
def troubled(
    healthy: Period,
    prometheus: Prometheus,
    chart: InstalledChart,
    cameras: Cameras,
    kafka: PodKafka,
) -> Period:
    """A while in which everything went wrong, with rules that fire at once."""
    prometheus.load_rules(hurried(chart.rule_groups()))
    return Trouble(chart, cameras, kafka, prometheus).run()


@pytest.fixture(scope="package")
def dashboard(chart: InstalledChart) -> dict[str, Any]:
    """The dashboard, as Grafana's sidecar finds it."""
    return dashboard_of(chart.config_map("dashboard"))
