"""What kube-state-metrics tells of real cameras is what their status says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from camerastream_operator.restarts import STATUS_NAMES
from tests.e2e.observability.conftest import CAMERAS_NAMESPACE

if TYPE_CHECKING:
    from tests.e2e.observability.alerts import Period
    from tests.e2e.observability.installed import InstalledChart
    from tests.e2e.observability.kube_state_metrics import KubeStateMetrics
    from tests.e2e.observability.prometheus import Prometheus
    from tests.e2e.observability.trouble import Cameras

PREFIX = "kube_camerastream_"


def told(prometheus: Prometheus, metric: str, camera: str, at: float, **labels: str) -> Any:
    """Return the labels and the value of the one series that fits."""
    wanted = {"namespace": CAMERAS_NAMESPACE, "camera": camera, **labels}
    selector = ", ".join(f'{name}="{value}"' for name, value in wanted.items())
    (series,) = prometheus.query(f"{PREFIX}{metric}{{{selector}}}", at)
    return series.labels, series.values[0][1]


def test_every_metric_of_the_configuration_is_told(
    chart: InstalledChart, kube_state_metrics: KubeStateMetrics, troubled: Period
) -> None:
    config = yaml.safe_load(chart.config_map("kube-state-metrics")["data"]["config.yaml"])
    metrics = config["spec"]["resources"][0]["metrics"]
    lines = kube_state_metrics.metrics().splitlines()
    for metric in metrics:
        name = PREFIX + metric["name"]
        assert any(line.startswith(f"{name}{{") for line in lines), name
        assert f"# TYPE {name} " in "\n".join(lines)
    assert "forbidden" not in kube_state_metrics.log.read_text()


def test_values_are_those_of_the_status(
    prometheus: Prometheus, cameras: Cameras, troubled: Period
) -> None:
    at = troubled.end
    for name in ("jammed", "lobby"):
        restarts = cameras[name].status()["restarts"]
        for reason, field in STATUS_NAMES.items():
            value = told(prometheus, "status_restarts", name, at, reason=reason)[1]
            assert value == restarts.get(field, 0)
    assert told(prometheus, "status_restarts", "jammed", at, reason="BufferError")[1] == 3
    assert told(prometheus, "status_restarts", "broken", at, reason="Crash")[1] >= 4
    assert told(prometheus, "status_threshold_seconds", "jammed", at)[1] == 5
    assert told(prometheus, "status_threshold_seconds", "lobby", at)[1] == 60
    assert told(prometheus, "status_restart_budget_remaining", "jammed", at)[1] == 0
    assert told(prometheus, "status_hold", "jammed", at, hold="BudgetExhausted")[1] == 1
    assert told(prometheus, "status_hold", "jammed", at, hold="None")[1] == 0
    labels, value = told(prometheus, "status_condition", "jammed", at, type="BufferHealthy")
    assert (labels["status"], labels["reason"], value) == ("False", "Held", 0)
    labels, value = told(prometheus, "status_condition", "lobby", at, type="Ready")
    assert (labels["status"], labels["reason"], value) == ("True", "Streaming", 1)
    labels, _ = told(prometheus, "status_info", "jammed", at)
    assert labels["pod"] == "jammed-0"
    assert labels["node"]
    assert labels["last_restart_reason"] == "BufferError"
    last = told(prometheus, "status_last_restart_timestamp_seconds", "jammed", at)[1]
    assert troubled.start - 5 < last < troubled.end
