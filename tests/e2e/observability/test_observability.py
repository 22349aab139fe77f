"""Alerts and dashboard on a real Prometheus that watches real pods: first well, then in trouble."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.observability.alerts import states
from tests.e2e.observability.conftest import CAMERAS_NAMESPACE
from tests.e2e.observability.grafana import (
    all_chosen,
    choice,
    found_values,
    interpolate,
    targets,
)
from tests.e2e.observability.trouble import EXPECTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.observability.alerts import Period
    from tests.e2e.observability.grafana import Target
    from tests.e2e.observability.prometheus import Prometheus, Series

HEALTHY = ["gate", "lobby", "yard"]
TROUBLED = ["away", "broken", "heavy", "jammed"]


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


def test_every_rule_is_evaluated_without_an_error(troubled: Period, prometheus: Prometheus) -> None:
    found = prometheus.rules()
    assert {rule["name"] for rule in found} >= set(EXPECTED)
    assert [rule for rule in found if rule["health"] != "ok" or rule.get("lastError")] == []


@pytest.mark.parametrize("alert", sorted(EXPECTED))
def test_it_has_fired_for_the_cameras_that_it_is_about(
    alert: str, troubled: Period, prometheus: Prometheus
) -> None:
    fired = states(prometheus, "firing", troubled)
    assert fired[alert] >= EXPECTED[alert]
    # Those that have nothing wrong with them never appear.
    assert "gate" not in fired[alert]


def test_the_variables_of_the_dashboard_find_the_cameras(
    troubled: Period, prometheus: Prometheus, dashboard: dict[str, Any]
) -> None:
    found = found_values(dashboard, prometheus.label_values)
    assert found["namespace"] == [CAMERAS_NAMESPACE]
    assert sorted(found["camera"]) == sorted([*HEALTHY, *TROUBLED])


@pytest.mark.parametrize("chosen", ["all", "each by its name"])
def test_no_panel_of_the_dashboard_is_empty(
    chosen: str, troubled: Period, prometheus: Prometheus, dashboard: dict[str, Any]
) -> None:
    variables = all_chosen(dashboard)
    if chosen != "all":
        found = found_values(dashboard, prometheus.label_values)
        variables |= {name: choice(values) for name, values in found.items()}
    empty = [
        f"{target.panel} ({target.reference}): {target.expression}"
        for target in targets(dashboard)
        if not any(
            series.has_a_number() for series in shown(target, variables, prometheus, troubled)
        )
    ]
    assert empty == []


def test_panels_that_may_be_empty_say_what_that_means(
    healthy: Period, prometheus: Prometheus, dashboard: dict[str, Any]
) -> None:
    variables = all_chosen(dashboard)
    empty = {
        target.panel
        for target in targets(dashboard)
        if not target.may_be_empty and not shown(target, variables, prometheus, healthy)
    }
    assert empty == set()


def shown(
    target: Target, variables: Mapping[str, str], prometheus: Prometheus, period: Period
) -> list[Series]:
    """Return what a panel would show of a period."""
    expression = interpolate(target.expression, variables)
    if target.instant:
        return prometheus.query(expression, period.end)
    return prometheus.query_range(expression, period.start, period.end, 5)
