"""Three cameras that are well: the labels, no alert, no empty panel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tests.e2e.observability.alerts import states
from tests.e2e.observability.conftest import CAMERAS_NAMESPACE
from tests.e2e.observability.grafana import all_chosen, targets
from tests.e2e.observability.shown import shown
from tests.e2e.observability.trouble import HEALTHY

if TYPE_CHECKING:
    from tests.e2e.observability.alerts import Period
    from tests.e2e.observability.prometheus import Prometheus


def test_the_labels_are_those_that_alerts_and_dashboard_go_by(
    healthy: Period, prometheus: Prometheus
) -> None:
    for name in HEALTHY:
        (up,) = prometheus.query(f'up{{camera="{name}"}}', healthy.end)
        assert up.values[0][1] == 1
        assert {
            "namespace": CAMERAS_NAMESPACE,
            "pod": f"{name}-0",
            "container": "camerastream",
            "endpoint": "http",
            "job": "camerastream/camerastream-streams",
        }.items() <= up.labels.items()
    (operator,) = prometheus.query('up{container="operator"}', healthy.end)
    assert operator.labels["job"] == "camerastream/camerastream-operator"
    assert "camera" not in operator.labels


def test_no_alert_fires_for_three_healthy_cameras(healthy: Period, prometheus: Prometheus) -> None:
    assert states(prometheus, "firing", healthy) == {}
    # Nor would one after some more minutes; but for a scrape that took too long on a busy machine.
    pending = set(states(prometheus, "pending", healthy))
    assert pending <= {"CameraStreamNotScraped", "CameraStreamOperatorDown"}
    # And they are well: frames arrive, also at one in 5 s, and the still picture sends none.
    for name, frames in (("lobby", True), ("yard", True), ("gate", False)):
        selector = f'camerastream_frames_delivered_total{{camera="{name}"}}'
        (delivered,) = prometheus.query(f"increase({selector}[40s])", healthy.end)
        assert (delivered.values[0][1] > 0) is frames, name


def test_thresholds_are_far_from_what_healthy_cameras_show(
    healthy: Period, prometheus: Prometheus
) -> None:
    seconds = math.ceil(healthy.end - healthy.start)
    for metric, alert_from in (
        ("camerastream_oldest_unacked_seconds", 120),
        ("camerastream_operator_queue_oldest_seconds", 60),
    ):
        worst = prometheus.query(f"max(max_over_time({metric}[{seconds}s]))", healthy.end)
        assert worst[0].values[0][1] < alert_from / 4


def test_a_panel_with_nothing_to_show_says_what_that_means(
    healthy: Period, prometheus: Prometheus, dashboard: dict[str, Any]
) -> None:
    variables = all_chosen(dashboard)
    # A column of a table may be empty while nothing is wrong, as that of the last restart.
    full = {
        target.panel
        for target in targets(dashboard)
        if target.may_be_empty or shown(target, variables, prometheus, healthy)
    }
    assert {target.panel for target in targets(dashboard)} - full == set()
