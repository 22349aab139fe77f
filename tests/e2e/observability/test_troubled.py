"""Alerts and dashboard on a real Prometheus that watches real pods in trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.observability.alerts import states
from tests.e2e.observability.conftest import CAMERAS_NAMESPACE
from tests.e2e.observability.grafana import all_chosen, choice, found_values, targets
from tests.e2e.observability.shown import shown
from tests.e2e.observability.trouble import EXPECTED, HEALTHY, TROUBLED

if TYPE_CHECKING:
    from tests.e2e.observability.alerts import Period
    from tests.e2e.observability.prometheus import Prometheus


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
