"""What the end-to-end tests keep of the Prometheus Operator and of Grafana."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.observability.grafana import choice, interpolate
from tests.e2e.observability.podmonitor import scrape_configs
from tests.unit.chart.cases import CASES, KAFKA
from tests.unit.chart.helm import only

if TYPE_CHECKING:
    from tests.unit.chart.helm import Helm

KUBECONFIG = Path("/kubeconfig")
_NAMES = st.text("abc.-+*|()$^[]{}?\\_1", min_size=1, max_size=8)


def monitor(helm: Helm, values: dict[str, Any], name: str) -> dict[str, Any]:
    return only(helm.template(values), "PodMonitor", f"camerastream-{name}")


def test_a_pod_monitor_becomes_a_scrape_configuration(helm: Helm) -> None:
    made = monitor(helm, CASES["monitored"], "streams")
    (job,) = scrape_configs(made, KUBECONFIG)
    (discovery,) = job["kubernetes_sd_configs"]
    assert discovery == {
        "role": "pod",
        "kubeconfig_file": "/kubeconfig",
        "namespaces": {"names": ["shop"]},
    }
    assert job["scrape_interval"] == made["spec"]["podMetricsEndpoints"][0]["interval"]
    labels = [item["target_label"] for item in job["relabel_configs"] if "target_label" in item]
    # The PodMonitor's own come last, so that they win.
    assert labels == ["namespace", "container", "pod", "job", "endpoint", "camera"]
    kept = [item for item in job["relabel_configs"] if item.get("action") == "keep"]
    assert {
        "source_labels": [
            "__meta_kubernetes_pod_label_app_kubernetes_io_component",
            "__meta_kubernetes_pod_labelpresent_app_kubernetes_io_component",
        ],
        "regex": "(stream);true",
        "action": "keep",
    } in kept


def test_namespaces_are_those_of_the_pod_monitor(helm: Helm) -> None:
    values = {**KAFKA, "monitoring": {"podMonitor": {"enabled": True}}}
    (everywhere,) = scrape_configs(monitor(helm, values, "streams"), KUBECONFIG)
    assert "namespaces" not in everywhere["kubernetes_sd_configs"][0]
    own = monitor(helm, values, "operator")
    (beside,) = scrape_configs(own, KUBECONFIG)
    assert beside["kubernetes_sd_configs"][0]["namespaces"]["names"] == [
        own["metadata"]["namespace"]
    ]


@pytest.mark.parametrize("where", ["spec", "endpoint", "relabeling"])
def test_what_is_not_translated_is_an_error(helm: Helm, where: str) -> None:
    made = monitor(helm, CASES["monitored"], "streams")
    endpoint = made["spec"]["podMetricsEndpoints"][0]
    {"spec": made["spec"], "endpoint": endpoint, "relabeling": endpoint["relabelings"][0]}[where][
        "somethingNew"
    ] = "value"
    with pytest.raises(ValueError, match="somethingNew"):
        scrape_configs(made, KUBECONFIG)


@given(st.lists(_NAMES, min_size=1, max_size=4), _NAMES)
def test_chosen_values_match_themselves_and_nothing_else(chosen: list[str], other: str) -> None:
    # A string in PromQL takes away one layer of backslashes.
    expression = choice(chosen).replace("\\\\", "\\")
    for value in chosen:
        assert re.fullmatch(expression, value)
    assert bool(re.fullmatch(expression, other)) == (other in chosen)


def test_variables_are_put_in_wherever_they_stand() -> None:
    text = 'x{namespace=~"$namespace", camera=~"${camera}", other=~"${camera:regex}|$namespace"}'
    assert interpolate(text, {"namespace": "shop", "camera": ".*"}) == (
        'x{namespace=~"shop", camera=~".*", other=~".*|shop"}'
    )
    with pytest.raises(KeyError, match="camera"):
        interpolate(text, {"namespace": "shop"})
